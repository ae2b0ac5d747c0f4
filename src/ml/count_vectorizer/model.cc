#include "src/ml/count_vectorizer/model.h"

#include <map>
#include <utility>

#include "src/ml/column_pairs.h"
#include "src/ml/data_table.h"
#include "src/ml/shared_params.h"
#include "src/ml/text_column.h"
#include "src/ml/vector_map.h"

namespace soteria::ml {
namespace {

constexpr double kLongMax = 9223372036854775807.0;

std::vector<ParamSpec> VectorizerParams() {
  return {BoolParam("binary", false),
          InputCol(),
          DoubleParam("maxDF", kLongMax, AtLeast(0)),
          DoubleParam("minDF", 1.0, AtLeast(0)),
          DoubleParam("minTF", 1.0, AtLeast(0)),
          OutputCol(),
          IntParam("vocabSize", int64_t{1} << 18, Above(0))};
}

}  // namespace

const ClassInfo& CountVectorizerInfo() {
  static const ClassInfo* const info = new ClassInfo{"org.apache.spark.ml.feature.CountVectorizer",
                                                     ClassKind::kEstimator, VectorizerParams()};
  return *info;
}

const ClassInfo& CountVectorizerModelInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.CountVectorizerModel", ClassKind::kModel, VectorizerParams()};
  return *info;
}

base::Status CheckWordsInput(const Params& params, const arrow::Schema& input) {
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params, "inputCol"));
  const std::string& column = params.String("inputCol");
  SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, column));
  if (!IsTextArray(*field)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Column ", column,
                                " must be of type equal to one of the following types:"
                                " [array<string>, array<string>] but was actually of type ",
                                table::TypeName(*field), "."));
  }
  return CheckNoColumn(input, params.String("outputCol"));
}

CountVectorizerModel::CountVectorizerModel(Params params, std::vector<std::string> vocabulary)
    : ColumnModel(std::move(params)) {
  auto data = std::make_shared<Data>();
  data->words = std::move(vocabulary);
  data->index.reserve(data->words.size());
  for (size_t i = 0; i < data->words.size(); ++i) {
    data->index[data->words[i]] = static_cast<int32_t>(i);
  }
  data_ = std::move(data);
}

base::StatusOr<std::shared_ptr<const Model>> CountVectorizerModel::Decode(Params params,
                                                                          std::string_view data) {
  SOTERIA_ASSIGN_OR_RETURN(ParamValue words, DecodeValue(data));
  if (!std::holds_alternative<std::vector<std::string>>(words)) {
    return base::Fail(base::kProtocol, "CountVectorizerModel: no vocabulary");
  }
  return std::shared_ptr<const Model>(std::make_shared<CountVectorizerModel>(
      std::move(params), std::get<std::vector<std::string>>(std::move(words))));
}

std::string CountVectorizerModel::EncodeData() const { return EncodeValue(data_->words); }

base::StatusOr<ModelFiles> CountVectorizerModel::Save(const Transformer& model) {
  const auto& vectorizer = dynamic_cast<const CountVectorizerModel&>(model);
  SOTERIA_ASSIGN_OR_RETURN(auto cell, StringsCell(vectorizer.data_->words));
  return DataTable(arrow::Table::Make(arrow::schema({arrow::field("vocabulary", TextArrayType())}),
                                      {std::move(cell)}));
}

base::StatusOr<std::shared_ptr<const Model>> CountVectorizerModel::Load(Params params,
                                                                        SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<std::string> words, StringsCellOf(*rows, "vocabulary"));
  return std::shared_ptr<const Model>(
      std::make_shared<CountVectorizerModel>(std::move(params), std::move(words)));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> CountVectorizerModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckWordsInput(params(), input));
  const std::string metadata =
      base::Cat("{\"ml_attr\":{\"attrs\":{},\"num_attrs\":", data_->words.size(), "}}");
  return arrow::schema(
      WithColumn(input.fields(), MadeVectorField(params().String("outputCol"), metadata)),
      input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> CountVectorizerModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto schema, OutputSchema(*input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(*input, params().String("inputCol")));
  const double least = params().Double("minTF");
  const bool binary = params().Bool("binary");
  const auto size = static_cast<int32_t>(data_->words.size());
  table::VectorBuilder builder;
  std::map<int32_t, double> counts;
  SOTERIA_RETURN_IF_ERROR(ForEachWords(*column, [&](std::optional<Words> words) -> base::Status {
    if (!words) {
      return UdfFailure(
          "Cannot invoke \"scala.collection.immutable.Seq.foreach(scala.Function1)\" because"
          " \"document\" is null");
    }
    counts.clear();
    for (const auto& word : *words) {
      if (!word) continue;
      const auto at = data_->index.find(*word);
      if (at != data_->index.end()) counts[at->second] += 1;
    }
    const double enough = least >= 1 ? least : static_cast<double>(words->size()) * least;
    table::VectorValue row = table::SparseVector(size, {}, {});
    for (const auto& [index, count] : counts) {
      if (count < enough) continue;
      row.indices.push_back(index);
      row.values.push_back(binary ? 1.0 : count);
    }
    return builder.Append(row);
  }));
  SOTERIA_ASSIGN_OR_RETURN(auto array, builder.Finish());
  return WithColumn(input, schema->GetFieldByName(params().String("outputCol")),
                    std::make_shared<arrow::ChunkedArray>(std::move(array)));
}

base::StatusOr<Attribute> CountVectorizerModel::Get(std::string_view method,
                                                    const Arguments& args) const {
  if (!args.empty()) return NoAttribute(method);
  if (method == "vocabulary") return Attribute(data_->words);
  if (method != "toString") return NoAttribute(method);
  return Attribute(
      base::Cat("CountVectorizerModel: uid=", uid(), ", vocabularySize=", data_->words.size()));
}

base::Status CountVectorizerModel::CheckColumns(const Params& params,
                                                const arrow::Schema& input) const {
  return CheckWordsInput(params, input);
}

uint64_t CountVectorizerModel::bytes() const {
  uint64_t bytes = sizeof(*this);
  for (const std::string& word : data_->words) bytes += 3 * sizeof(std::string) + word.size();
  return bytes;
}

}  // namespace soteria::ml
