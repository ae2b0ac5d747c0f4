#include "src/ml/tokenizers/transformers.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/column_model.h"
#include "src/ml/column_pairs.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/table/case.h"
#include "src/table/java_pattern.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

const ClassInfo& TokenizerInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.Tokenizer", ClassKind::kTransformer, {InputCol(), OutputCol()}};
  return *info;
}

const ClassInfo& RegexTokenizerInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.RegexTokenizer",
      ClassKind::kTransformer,
      {BoolParam("gaps", true), InputCol(), IntParam("minTokenLength", int64_t{1}, AtLeast(0)),
       OutputCol(), StringParam("pattern", std::string("\\s+")), BoolParam("toLowercase", true)}};
  return *info;
}

const ClassInfo& NGramInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.NGram",
                    ClassKind::kTransformer,
                    {InputCol(), IntParam("n", int64_t{2}, AtLeast(1)), OutputCol()}};
  return *info;
}

base::Status CheckText(const arrow::Field& field) {
  if (IsText(field)) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: Input type must be string type but got ",
                              table::TypeName(field), "."));
}

base::Status NullText(std::string_view what) {
  return UdfFailure(
      base::Cat("Cannot invoke \"String.toLowerCase()\" because \"", what, "\" is null"));
}

/// The words of each text.
template <class Split>
base::Status SplitColumn(const arrow::ChunkedArray& column, bool lower, size_t least_length,
                         std::string_view null_name, Split split, WordsBuilder& out) {
  std::vector<std::string_view> words;
  return ForEachText(column, [&](const TextCell& cell) -> base::Status {
    if (cell.null) return NullText(null_name);
    const std::string lowered = lower ? table::LowerCase(cell.text) : std::string();
    words.clear();
    split(lower ? std::string_view(lowered) : cell.text, words);
    SOTERIA_RETURN_IF_ERROR(out.Row());
    for (const std::string_view word : words) {
      if (least_length > 0 && table::JavaLength(word) < least_length) continue;
      SOTERIA_RETURN_IF_ERROR(out.Word(word));
    }
    return base::OkStatus();
  });
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Schema>> WordsTransformer::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params_, "inputCol"));
  SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, params_.String("inputCol")));
  SOTERIA_RETURN_IF_ERROR(CheckType(*field));
  const std::string& output = params_.String("outputCol");
  if (!input.GetAllFieldIndices(output).empty()) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("Output column ", output, " already exists."));
  }
  return arrow::schema(WithColumn(input.fields(), arrow::field(output, TextArrayType())),
                       input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> WordsTransformer::Added(
    std::shared_ptr<arrow::Table> input, WordsBuilder& words) const {
  SOTERIA_ASSIGN_OR_RETURN(auto array, words.Finish());
  return WithColumn(input, arrow::field(params_.String("outputCol"), TextArrayType()),
                    std::make_shared<arrow::ChunkedArray>(std::move(array)));
}

base::Status Tokenizer::CheckType(const arrow::Field& field) const { return CheckText(field); }

base::StatusOr<std::shared_ptr<arrow::Table>> Tokenizer::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(*input, params().String("inputCol")));
  // Java's split at each white space: no empty word at the end, none of an empty text but itself.
  const auto split = [](std::string_view text, std::vector<std::string_view>& words) {
    size_t done = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != ' ' && !(text[i] >= '\t' && text[i] <= '\r')) continue;
      words.push_back(text.substr(done, i - done));
      done = i + 1;
    }
    const bool found = !words.empty();
    words.push_back(text.substr(done));
    while (found && !words.empty() && words.back().empty()) words.pop_back();
  };
  WordsBuilder words;
  SOTERIA_RETURN_IF_ERROR(SplitColumn(*column, true, 0, "x$1", split, words));
  return Added(std::move(input), words);
}

base::Status RegexTokenizer::CheckType(const arrow::Field& field) const { return CheckText(field); }

base::StatusOr<std::shared_ptr<arrow::Schema>> RegexTokenizer::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(table::JavaPattern::Compile(params().String("pattern")));
  return WordsTransformer::OutputSchema(input);
}

base::StatusOr<std::shared_ptr<arrow::Table>> RegexTokenizer::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(WordsTransformer::OutputSchema(*input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const auto pattern,
                           table::JavaPattern::Compile(params().String("pattern")));
  SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(*input, params().String("inputCol")));
  const bool gaps = params().Bool("gaps");
  const auto split = [&](std::string_view text, std::vector<std::string_view>& words) {
    if (gaps) {
      pattern->Split(text, words);
    } else {
      pattern->FindAll(text, words);
    }
  };
  WordsBuilder words;
  SOTERIA_RETURN_IF_ERROR(SplitColumn(*column, params().Bool("toLowercase"),
                                      static_cast<size_t>(params().Int("minTokenLength")),
                                      "originStr", split, words));
  return Added(std::move(input), words);
}

base::Status NGram::CheckType(const arrow::Field& field) const {
  if (IsTextArray(field)) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: Input type must be array<string> but got ",
                              table::TypeName(field)));
}

base::StatusOr<std::shared_ptr<arrow::Table>> NGram::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(*input, params().String("inputCol")));
  const auto n = static_cast<size_t>(params().Int("n"));
  WordsBuilder out;
  SOTERIA_RETURN_IF_ERROR(ForEachWords(*column, [&](std::optional<Words> words) -> base::Status {
    if (!words) {
      return UdfFailure(
          "Cannot invoke \"scala.collection.immutable.Seq.iterator()\" because \"x$1\" is"
          " null");
    }
    SOTERIA_RETURN_IF_ERROR(out.Row());
    for (size_t i = 0; i + n <= words->size(); ++i) {
      std::string run;
      for (size_t k = i; k < i + n; ++k) {
        if (k > i) run += ' ';
        run += (*words)[k].value_or("null");
      }
      SOTERIA_RETURN_IF_ERROR(out.Word(run));
    }
    return base::OkStatus();
  }));
  return Added(std::move(input), out);
}

Algorithm TokenizersAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = {TransformerEntry<Tokenizer>(TokenizerInfo()),
                       TransformerEntry<RegexTokenizer>(RegexTokenizerInfo()),
                       TransformerEntry<NGram>(NGramInfo())};
  return algorithm;
}

}  // namespace soteria::ml
