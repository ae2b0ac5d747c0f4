#include "src/ml/stop_words_remover/transformer.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "src/base/ascii.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/ml/column_model.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/ml/stop_words_remover/stop_words.h"
#include "src/ml/text_column.h"
#include "src/table/case.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

/// "en", "en_US": what Java's names of locales look like.
bool IsLocale(const ParamValue& value) {
  const auto& text = std::get<std::string>(value);
  const size_t mark = text.find('_');
  const std::string language = text.substr(0, mark);
  const bool is_language =
      (language.size() == 2 || language.size() == 3) &&
      std::all_of(language.begin(), language.end(), [](char c) { return base::IsLowerLetter(c); });
  if (mark == std::string::npos || !is_language) return is_language;
  const std::string country = text.substr(mark + 1);
  return country.size() == 2 && std::all_of(country.begin(), country.end(), [](char c) {
           return base::IsLetter(c) && !base::IsLowerLetter(c);
         });
}

/// Languages whose lower case isn't everybody's.
bool HasOwnCase(std::string_view locale) {
  const std::string_view language = locale.substr(0, locale.find('_'));
  return language == "tr" || language == "az" || language == "lt";
}

std::vector<std::string> English() {
  auto words = DefaultStopWords("english");
  CHECK(words.ok()) << "the English list is generated";
  return *std::move(words);
}

const ClassInfo& StopWordsRemoverInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.StopWordsRemover",
                    ClassKind::kTransformer,
                    {BoolParam("caseSensitive", false),
                     InputCol(),
                     InputCols(),
                     StringParam("locale", std::string(kDefaultLocale), IsLocale),
                     OutputCol(),
                     OutputCols(),
                     {"stopWords", ParamType::kStringArray, English(), {}}}};
  return *info;
}

}  // namespace

std::string StopWordsRemover::Text() const {
  return base::Cat(
      "StopWordsRemover: uid=", uid(), ", numStopWords=", params_.Strings("stopWords").size(),
      ", locale=", params_.String("locale"), ", caseSensitive=", params_.Bool("caseSensitive"));
}

base::StatusOr<std::vector<ColumnPair>> StopWordsRemover::Check(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckOneWay(params_, Text()));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<ColumnPair> pairs, ColumnPairs(params_));
  if (params_.IsSet("inputCols")) {
    const size_t inputs = params_.Strings("inputCols").size();
    const size_t outputs = params_.Strings("outputCols").size();
    if (inputs != outputs) {
      return base::Fail(
          base::kIllegalArgument,
          base::Cat("requirement failed: StopWordsRemover ", Text(),
                    " has mismatched Params for multi-column transform. Params (", uid(),
                    "__inputCols, ", uid(),
                    "__outputCols) should have equal lengths, but they have different lengths: (",
                    inputs, ", ", outputs, ")."));
    }
  }
  for (const ColumnPair& pair : pairs) {
    if (!input.GetAllFieldIndices(pair.output).empty()) {
      return base::Fail(base::kIllegalArgument, base::Cat("requirement failed: Output Column ",
                                                          pair.output, " already exists."));
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, pair.input));
    if (!IsTextArray(*field)) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("requirement failed: Input type must be array<string> but got ",
                                  table::TypeName(*field), "."));
    }
  }
  if (!params_.Bool("caseSensitive") && HasOwnCase(params_.String("locale"))) {
    return base::NotSupported(
        base::Cat("StopWordsRemover with the locale ", params_.String("locale")));
  }
  return pairs;
}

base::StatusOr<std::shared_ptr<arrow::Schema>> StopWordsRemover::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto pairs, Check(input));
  arrow::FieldVector fields = input.fields();
  for (const ColumnPair& pair : pairs) {
    fields = WithColumn(std::move(fields), arrow::field(pair.output, TextArrayType()));
  }
  return arrow::schema(std::move(fields), input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> StopWordsRemover::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto pairs, Check(*input->schema()));
  const bool lowers = !params_.Bool("caseSensitive");
  std::unordered_set<std::string> stop;
  for (const std::string& word : params_.Strings("stopWords")) {
    stop.insert(lowers ? table::LowerCase(word) : word);
  }
  std::shared_ptr<arrow::Table> table = input;
  for (const ColumnPair& pair : pairs) {
    SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(*input, pair.input));
    WordsBuilder kept;
    SOTERIA_RETURN_IF_ERROR(ForEachWords(*column, [&](std::optional<Words> words) -> base::Status {
      if (!words) {
        return UdfFailure(
            "Cannot invoke \"scala.collection.immutable.Seq.filter(scala.Function1)\" because"
            " \"terms\" is null");
      }
      SOTERIA_RETURN_IF_ERROR(kept.Row());
      for (const auto& word : *words) {
        if (!word) {
          SOTERIA_RETURN_IF_ERROR(kept.NullWord());
          continue;
        }
        if (stop.contains(lowers ? table::LowerCase(*word) : std::string(*word))) continue;
        SOTERIA_RETURN_IF_ERROR(kept.Word(*word));
      }
      return base::OkStatus();
    }));
    SOTERIA_ASSIGN_OR_RETURN(auto array, kept.Finish());
    SOTERIA_ASSIGN_OR_RETURN(table,
                             WithColumn(table, arrow::field(pair.output, TextArrayType()),
                                        std::make_shared<arrow::ChunkedArray>(std::move(array))));
  }
  return table;
}

Algorithm StopWordsRemoverAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = {TransformerEntry<StopWordsRemover>(StopWordsRemoverInfo())};
  return algorithm;
}

}  // namespace soteria::ml
