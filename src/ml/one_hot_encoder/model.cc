#include "src/ml/one_hot_encoder/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/data_table.h"
#include "src/ml/one_hot_encoder/kernels.h"
#include "src/ml/shared_params.h"
#include "src/ml/string_indexer/kernels.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

inline constexpr base::Condition kRuntime = {"_LEGACY_ERROR_TEMP", "java.lang.RuntimeException", "",
                                             absl::StatusCode::kInvalidArgument};

std::vector<ParamSpec> EncoderParams() {
  return {BoolParam("dropLast", true),
          HandleInvalid({"keep", "error"}),
          InputCol(),
          InputCols(),
          OutputCol(),
          OutputCols()};
}

base::Status Required(std::string text) {
  return base::Fail(base::kIllegalArgument, base::Cat("requirement failed: ", text));
}

AttributeGroup GroupOfNames(const std::vector<std::string>& names) {
  AttributeGroup group;
  group.attributes.emplace();
  for (const std::string& name : names) {
    ColumnAttribute attribute;
    attribute.type = ColumnAttribute::Type::kBinary;
    attribute.name = name;
    group.attributes->push_back(std::move(attribute));
  }
  return group;
}

/// How many elements the vectors of so many categories have.
int64_t Width(int64_t categories, bool drop_last, bool keep_invalid) {
  if (drop_last && !keep_invalid) return std::max<int64_t>(categories - 1, 0);
  return categories + (!drop_last && keep_invalid ? 1 : 0);
}

/// Of elements named by their categories, numbers where `categories` is nullptr, and a last one of
/// invalid values where the width has one more.
AttributeGroup GroupOfWidth(int64_t width, int64_t count,
                            const std::vector<std::string>* categories) {
  if (width > kNamedAttributesMax) {
    AttributeGroup group;
    group.num_attributes = width;
    return group;
  }
  std::vector<std::string> names;
  for (int64_t k = 0; k < std::min(width, count); ++k) {
    names.push_back(categories == nullptr ? base::Cat(k) : (*categories)[static_cast<size_t>(k)]);
  }
  if (width > count) names.emplace_back("invalidValues");
  return GroupOfNames(names);
}

base::StatusOr<AttributeGroup> GroupFrom(const arrow::Field& field, const std::string& column,
                                         bool drop_last, bool keep_invalid) {
  const ColumnAttribute attribute = AttributeOf(field);
  if (attribute.type == ColumnAttribute::Type::kNumeric) {
    return base::Fail(kRuntime,
                      base::Cat("The input column ", column, " cannot be continuous-value."));
  }
  std::optional<int64_t> count;
  if (attribute.type != ColumnAttribute::Type::kUnresolved) count = attribute.CategoryCount();
  if (!count) return AttributeGroup();
  if (drop_last && !keep_invalid && *count <= 1) {
    return Required(
        base::Cat("The input column ", column, " should have at least two distinct values."));
  }
  const int64_t width = Width(*count, drop_last, keep_invalid);
  if (attribute.values) {
    const auto first = attribute.values->begin();
    const auto end = first + std::min(width, *count);
    if (std::find(first, end, "") != end) return Required("Cannot have an empty string for name.");
  }
  return GroupOfWidth(width, *count, attribute.values ? &*attribute.values : nullptr);
}

std::string PlainText(double value) { return table::JavaDouble(value); }

}  // namespace

const ClassInfo& OneHotEncoderInfo() {
  static const ClassInfo* const info = new ClassInfo{"org.apache.spark.ml.feature.OneHotEncoder",
                                                     ClassKind::kEstimator, EncoderParams()};
  return *info;
}

const ClassInfo& OneHotEncoderModelInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.OneHotEncoderModel", ClassKind::kModel, EncoderParams()};
  return *info;
}

base::StatusOr<std::vector<EncodedColumn>> CheckEncoded(const Params& params, std::string_view text,
                                                        const arrow::Schema& input, bool drop_last,
                                                        bool keep_invalid) {
  SOTERIA_RETURN_IF_ERROR(CheckOneWay(params, text));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<ColumnPair> pairs, ColumnPairs(params));
  if (!params.IsSet("inputCol") && (params.Strings("inputCols").size() != pairs.size() ||
                                    params.Strings("outputCols").size() != pairs.size())) {
    return Required(base::Cat("The number of input columns ", params.Strings("inputCols").size(),
                              " must be the same as the number of output columns ",
                              params.Strings("outputCols").size(), "."));
  }
  std::vector<EncodedColumn> columns;
  arrow::FieldVector fields = input.fields();
  for (const ColumnPair& pair : pairs) {
    SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, pair.input));
    SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, pair.input));
    SOTERIA_ASSIGN_OR_RETURN(AttributeGroup group,
                             GroupFrom(*field, pair.input, drop_last, keep_invalid));
    columns.push_back({pair, std::move(group)});
  }
  for (const ColumnPair& pair : pairs) {
    SOTERIA_RETURN_IF_ERROR(CheckNoColumn(*arrow::schema(fields), pair.output));
    fields.push_back(arrow::field(pair.output, arrow::float64()));
  }
  return columns;
}

base::StatusOr<std::shared_ptr<const Model>> OneHotEncoderModel::Decode(Params params,
                                                                        std::string_view data) {
  std::vector<int32_t> sizes;
  base::FieldReader r(data);
  while (!r.AtEnd()) {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t size, r.NextI64());
    if (size < 0 || size > kColumnCategoriesMax || sizes.size() >= kStageColumnsMax) {
      return base::Fail(base::kProtocol, "OneHotEncoderModel: a size out of range");
    }
    sizes.push_back(static_cast<int32_t>(size));
  }
  return std::shared_ptr<const Model>(
      std::make_shared<OneHotEncoderModel>(std::move(params), std::move(sizes)));
}

std::string OneHotEncoderModel::EncodeData() const {
  base::FieldWriter w;
  for (const int32_t size : sizes_) w.AddI64(size);
  return w.Take();
}

base::StatusOr<ModelFiles> OneHotEncoderModel::Save(const Transformer& model) {
  const auto& encoder = dynamic_cast<const OneHotEncoderModel&>(model);
  SOTERIA_ASSIGN_OR_RETURN(auto cell, IntsCell(encoder.sizes_));
  return DataTable(arrow::Table::Make(
      arrow::schema({arrow::field("categorySizes", table::ListOf(arrow::int32(), false))}),
      {std::move(cell)}));
}

base::StatusOr<std::shared_ptr<const Model>> OneHotEncoderModel::Load(Params params,
                                                                      SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<int32_t> sizes, IntsCellOf(*rows, "categorySizes"));
  for (const int32_t size : sizes) {
    if (size < 0 || size > kColumnCategoriesMax) {
      return base::Fail(base::kProtocol, "model data: categorySizes is out of range");
    }
  }
  return std::shared_ptr<const Model>(
      std::make_shared<OneHotEncoderModel>(std::move(params), std::move(sizes)));
}

std::string OneHotEncoderModel::Text(const Params& params) const {
  return base::Cat("OneHotEncoderModel: uid=", params.uid(), ", dropLast=", params.Bool("dropLast"),
                   ", handleInvalid=", params.String("handleInvalid"), PairCounts(params));
}

int64_t OneHotEncoderModel::WidthOf(size_t i) const { return Width(sizes_[i], drops(), keeps()); }

base::StatusOr<std::vector<EncodedColumn>> OneHotEncoderModel::Check(
    const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<ColumnPair> pairs, ColumnPairs(params()));
  if (pairs.size() != sizes_.size()) {
    return Required(base::Cat("The number of input columns ", pairs.size(),
                              " must be the same as the number of features ", sizes_.size(),
                              " during fitting."));
  }
  SOTERIA_ASSIGN_OR_RETURN(std::vector<EncodedColumn> columns,
                           CheckEncoded(params(), Text(params()), input, drops(), keeps()));
  for (size_t i = 0; i < columns.size(); ++i) {
    const int64_t told = columns[i].group.size();
    if (told <= 0 || told == WidthOf(i)) continue;
    return Required(base::Cat("OneHotEncoderModel expected ", WidthOf(i),
                              " categorical values for input column ", columns[i].pair.input,
                              ", but the input column had metadata specifying ", told, " values."));
  }
  return columns;
}

std::shared_ptr<arrow::Field> OneHotEncoderModel::OutputField(size_t i,
                                                              const EncodedColumn& column) const {
  AttributeGroup group = column.group;
  if (group.size() < 0) group = GroupOfWidth(WidthOf(i), sizes_[i], nullptr);
  return table::WithSparkMetadata(table::VectorField(column.pair.output, true, std::nullopt),
                                  GroupMetadata(group));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> OneHotEncoderModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto columns, Check(input));
  arrow::FieldVector fields = input.fields();
  for (size_t i = 0; i < columns.size(); ++i) {
    fields = WithColumn(std::move(fields), OutputField(i, columns[i]));
  }
  return arrow::schema(std::move(fields), input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Array>> OneHotEncoderModel::EncodeColumn(
    const arrow::Table& table, size_t i, const std::string& column) const {
  SOTERIA_ASSIGN_OR_RETURN(const Numbers numbers, ReadNumbers(table, column));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<bool> nulls, NullRows(table, column));
  const double categories = sizes_[i];
  const auto width = static_cast<int32_t>(WidthOf(i));  // as categories are limited
  table::VectorValue one = table::SparseVector(width, {0}, {1.0});
  const table::VectorValue none = table::SparseVector(width, {}, {});
  table::VectorBuilder builder;
  for (size_t row = 0; row < numbers.values.size(); ++row) {
    const double value = numbers.values[row];
    if (nulls[row]) {
      SOTERIA_RETURN_IF_ERROR(builder.AppendNull());
      continue;
    }
    double place = value;
    if (!(value >= 0 && value < categories)) {
      if (!keeps() && value < 0) {
        return UdfFailure(base::Cat("Negative value: ", PlainText(value),
                                    ". Input can't be negative. To handle invalid values, set"
                                    " Param handleInvalid to keep"));
      }
      if (!keeps()) {
        return UdfFailure(base::Cat("Unseen value: ", PlainText(value),
                                    ". To handle unseen values, set Param handleInvalid to"
                                    " keep."));
      }
      place = categories;
    }
    one.indices[0] = static_cast<int32_t>(place);
    SOTERIA_RETURN_IF_ERROR(builder.Append(one.indices[0] < one.size ? one : none));
  }
  return builder.Finish();
}

base::StatusOr<std::shared_ptr<arrow::Table>> OneHotEncoderModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto columns, Check(*input->schema()));
  std::shared_ptr<arrow::Table> table = input;
  for (size_t i = 0; i < columns.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(auto array, EncodeColumn(*input, i, columns[i].pair.input));
    SOTERIA_ASSIGN_OR_RETURN(table,
                             WithColumn(table, OutputField(i, columns[i]),
                                        std::make_shared<arrow::ChunkedArray>(std::move(array))));
  }
  return table;
}

base::StatusOr<Attribute> OneHotEncoderModel::Get(std::string_view method,
                                                  const Arguments& args) const {
  if (!args.empty()) return NoAttribute(method);
  if (method == "categorySizes") return Attribute(IntArray(sizes_.begin(), sizes_.end()));
  if (method != "toString") return NoAttribute(method);
  return Attribute(Text(params()));
}

base::Status OneHotEncoderModel::CheckColumns(const Params& params,
                                              const arrow::Schema& input) const {
  return CheckEncoded(params, Text(params), input, params.Bool("dropLast"),
                      params.String("handleInvalid") == "keep")
      .status();
}

}  // namespace soteria::ml
