#include "src/ml/string_indexer/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <set>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/attributes.h"
#include "src/ml/columns.h"
#include "src/ml/data_table.h"
#include "src/ml/shared_params.h"
#include "src/ml/text_column.h"
#include "src/table/number_column.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

/// The index of a text that isn't among the labels, before a row is dropped or refused.
constexpr double kUnseen = -1;

std::vector<ParamSpec> IndexerParams() {
  return {HandleInvalid({"skip", "error", "keep"}),
          InputCol(),
          InputCols(),
          OutputCol(),
          OutputCols(),
          StringParam("stringOrderType", std::string("frequencyDesc"),
                      OneOf({"frequencyDesc", "frequencyAsc", "alphabetDesc", "alphabetAsc"}))};
}

base::Status Required(std::string text) {
  return base::Fail(base::kIllegalArgument, base::Cat("requirement failed: ", text));
}

inline constexpr base::Condition kSparkPlain = {"_LEGACY_ERROR_TEMP", base::exception_class::kSpark,
                                                "", absl::StatusCode::kInvalidArgument};

bool Has(const arrow::Schema& schema, const std::string& name) {
  return !schema.GetAllFieldIndices(name).empty();
}

}  // namespace

const ClassInfo& StringIndexerInfo() {
  static const ClassInfo* const info = new ClassInfo{"org.apache.spark.ml.feature.StringIndexer",
                                                     ClassKind::kEstimator, IndexerParams()};
  return *info;
}

const ClassInfo& StringIndexerModelInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.StringIndexerModel", ClassKind::kModel, IndexerParams()};
  return *info;
}

base::StatusOr<std::vector<ColumnPair>> CheckIndexed(const Params& params, std::string_view text,
                                                     const arrow::Schema& input, bool is_model) {
  SOTERIA_RETURN_IF_ERROR(CheckOneWay(params, text));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<ColumnPair> pairs, ColumnPairs(params));
  if (params.IsSet("inputCols") && (params.Strings("inputCols").size() != pairs.size() ||
                                    params.Strings("outputCols").size() != pairs.size())) {
    return Required("The number of input columns does not match output columns");
  }
  std::set<std::string> outputs;
  for (const ColumnPair& pair : pairs) outputs.insert(pair.output);
  if (outputs.size() != pairs.size()) return Required("Output columns should not be duplicate.");
  for (const ColumnPair& pair : pairs) {
    if (!Has(input, pair.input)) {
      if (is_model) continue;
      return base::Fail(kSparkPlain, base::Cat("Input column ", pair.input, " does not exist."));
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto field, FindField(input, pair.input));
    if (!IsText(*field) && !table::IsNumeric(*field->type())) {
      return Required(base::Cat("The input column ", pair.input,
                                " must be either string type or numeric type, but got ",
                                ScalaTypeName(*field), "."));
    }
    if (Has(input, pair.output)) {
      return Required(base::Cat("Output column ", pair.output, " already exists."));
    }
  }
  return pairs;
}

StringIndexerModel::StringIndexerModel(Params params, StringArrays labels)
    : ColumnModel(std::move(params)) {
  auto data = std::make_shared<Data>();
  data->labels = std::move(labels);
  for (const std::vector<std::string>& each : data->labels) {
    Index& index = data->index.emplace_back();
    index.reserve(each.size());
    for (size_t i = 0; i < each.size(); ++i) index[each[i]] = static_cast<double>(i);
  }
  data_ = std::move(data);
}

base::StatusOr<std::shared_ptr<const Model>> StringIndexerModel::Decode(Params params,
                                                                        std::string_view data) {
  SOTERIA_ASSIGN_OR_RETURN(ParamValue labels, DecodeValue(data));
  if (!std::holds_alternative<StringArrays>(labels)) {
    return base::Fail(base::kProtocol, "StringIndexerModel: no labels");
  }
  return std::shared_ptr<const Model>(std::make_shared<StringIndexerModel>(
      std::move(params), std::get<StringArrays>(std::move(labels))));
}

std::string StringIndexerModel::EncodeData() const { return EncodeValue(data_->labels); }

base::StatusOr<ModelFiles> StringIndexerModel::Save(const Transformer& model) {
  const auto& indexer = dynamic_cast<const StringIndexerModel&>(model);
  SOTERIA_ASSIGN_OR_RETURN(auto cell, StringArraysCell(indexer.data_->labels));
  return DataTable(arrow::Table::Make(
      arrow::schema({arrow::field("labelsArray", table::ListOf(TextArrayType()))}),
      {std::move(cell)}));
}

base::StatusOr<std::shared_ptr<const Model>> StringIndexerModel::Load(Params params,
                                                                      SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  SOTERIA_ASSIGN_OR_RETURN(StringArrays labels, StringArraysCellOf(*rows, "labelsArray"));
  return std::shared_ptr<const Model>(
      std::make_shared<StringIndexerModel>(std::move(params), std::move(labels)));
}

std::string StringIndexerModel::Text(const Params& params) const {
  return base::Cat("StringIndexerModel: uid=", params.uid(),
                   ", handleInvalid=", params.String("handleInvalid"), PairCounts(params));
}

base::StatusOr<std::vector<std::pair<size_t, ColumnPair>>> StringIndexerModel::Present(
    const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<ColumnPair> pairs,
                           CheckIndexed(params(), Text(params()), input, true));
  std::vector<std::pair<size_t, ColumnPair>> present;
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (!Has(input, pairs[i].input)) continue;
    if (i >= data_->labels.size()) {
      return base::Fail(base::kIllegalArgument,
                        "StringIndexerModel has more input columns than it was fitted to");
    }
    present.emplace_back(i, pairs[i]);
  }
  return present;
}

std::shared_ptr<arrow::Field> StringIndexerModel::OutputField(size_t i,
                                                              const std::string& name) const {
  const bool keep = params().String("handleInvalid") == "keep";
  const std::lock_guard<std::mutex> lock(data_->mutex);
  std::shared_ptr<arrow::Field>& field = data_->fields[{i, name, keep}];
  if (field != nullptr) return field;
  ColumnAttribute attribute;
  attribute.type = ColumnAttribute::Type::kNominal;
  attribute.name = name;
  attribute.values = data_->labels[i];
  if (keep) attribute.values->push_back("__unknown");
  field = table::WithSparkMetadata(arrow::field(name, arrow::float64(), false),
                                   AttributeMetadata(attribute));
  return field;
}

base::StatusOr<std::shared_ptr<arrow::Schema>> StringIndexerModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto present, Present(input));
  arrow::FieldVector fields = input.fields();
  for (const auto& [i, pair] : present) {
    fields = WithColumn(std::move(fields), OutputField(i, pair.output));
  }
  return arrow::schema(std::move(fields), input.metadata());
}

base::StatusOr<std::vector<double>> StringIndexerModel::IndexColumn(
    const arrow::Table& table, size_t i, const std::string& column) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto values, ReadColumn(table, column));
  const Index& index = data_->index[i];
  const std::string& invalid = params().String("handleInvalid");
  const double other = invalid == "keep" ? static_cast<double>(data_->labels[i].size()) : kUnseen;
  const bool fails = invalid == "error";
  std::vector<double> indices;
  indices.reserve(static_cast<size_t>(table.num_rows()));
  SOTERIA_RETURN_IF_ERROR(ForEachText(*values, [&](const TextCell& cell) {
    if (cell.null) {
      if (fails) {
        return UdfFailure(
            "StringIndexer encountered NULL value. To handle or skip NULLS, try setting"
            " StringIndexer.handleInvalid.");
      }
      indices.push_back(other);
      return base::OkStatus();
    }
    const auto at = index.find(cell.text);
    if (at == index.end() && fails) {
      return UdfFailure(base::Cat("Unseen label: ", cell.text,
                                  ". To handle unseen labels, set Param handleInvalid to keep."));
    }
    indices.push_back(at == index.end() ? other : at->second);
    return base::OkStatus();
  }));
  return indices;
}

base::StatusOr<std::shared_ptr<arrow::Table>> StringIndexerModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto present, Present(*input->schema()));
  std::vector<bool> dropped(static_cast<size_t>(input->num_rows()), false);
  std::shared_ptr<arrow::Table> table = input;
  for (const auto& [i, pair] : present) {
    SOTERIA_ASSIGN_OR_RETURN(std::vector<double> indices, IndexColumn(*input, i, pair.input));
    for (size_t row = 0; row < indices.size(); ++row) {
      if (indices[row] == kUnseen) dropped[row] = true;
    }
    SOTERIA_ASSIGN_OR_RETURN(
        table, WithColumn(table, OutputField(i, pair.output),
                          std::make_shared<arrow::ChunkedArray>(DoubleArray(std::move(indices)))));
  }
  if (std::find(dropped.begin(), dropped.end(), true) == dropped.end()) return table;
  return DropRows(table, dropped);
}

base::StatusOr<Attribute> StringIndexerModel::Get(std::string_view method,
                                                  const Arguments& args) const {
  if (!args.empty()) return NoAttribute(method);
  if (method == "labelsArray") return Attribute(data_->labels);
  if (method == "toString") return Attribute(Text(params()));
  if (method != "labels") return NoAttribute(method);
  if (data_->labels.size() == 1) return Attribute(data_->labels[0]);
  return Required(
      "This StringIndexerModel is fit on multiple columns. Call `labelsArray` instead.");
}

base::Status StringIndexerModel::CheckColumns(const Params& params,
                                              const arrow::Schema& input) const {
  return CheckIndexed(params, Text(params), input, true).status();
}

uint64_t StringIndexerModel::bytes() const {
  uint64_t bytes = sizeof(*this);
  for (const auto& labels : data_->labels) {
    for (const std::string& label : labels) bytes += 3 * sizeof(std::string) + label.size();
  }
  return bytes;
}

}  // namespace soteria::ml
