#include "src/ml/imputer/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/ml/string_indexer/kernels.h"
#include "src/stats/doubles.h"
#include "src/table/java_text.h"
#include "src/table/number_column.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<ParamSpec> ImputerParams() {
  return {InputCol(),
          InputCols(),
          DoubleParam("missingValue", kNan),
          OutputCol(),
          OutputCols(),
          DoubleParam("relativeError", 0.001, InRange(0, 1)),
          StringParam("strategy", std::string("mean"), OneOf({"mean", "median", "mode"}))};
}

/// Java's cast of doubles to integers: towards 0, within the type's range.
template <class Array>
std::shared_ptr<arrow::Array> Integers(const std::vector<double>& values) {
  using Value = typename Array::value_type;
  std::vector<Value> integers;
  integers.reserve(values.size());
  constexpr auto kLeast = static_cast<double>(std::numeric_limits<Value>::min());
  constexpr auto kGreatest = static_cast<double>(std::numeric_limits<Value>::max());
  for (const double value : values) {
    Value integer = 0;
    if (value >= kGreatest) {
      integer = std::numeric_limits<Value>::max();
    } else if (value <= kLeast) {
      integer = std::numeric_limits<Value>::min();
    } else if (!std::isnan(value)) {
      integer = static_cast<Value>(value);
    }
    integers.push_back(integer);
  }
  const auto rows = static_cast<int64_t>(integers.size());
  return std::make_shared<Array>(rows, arrow::Buffer::FromVector(std::move(integers)));
}

base::StatusOr<std::shared_ptr<arrow::Array>> AsType(const arrow::DataType& type,
                                                     std::vector<double> values) {
  switch (type.id()) {
    case arrow::Type::DOUBLE:
      return DoubleArray(std::move(values));
    case arrow::Type::FLOAT: {
      std::vector<float> floats;
      for (const double value : values) floats.push_back(static_cast<float>(value));
      const auto rows = static_cast<int64_t>(floats.size());
      std::shared_ptr<arrow::Array> array =
          std::make_shared<arrow::FloatArray>(rows, arrow::Buffer::FromVector(std::move(floats)));
      return array;
    }
    case arrow::Type::INT8:
      return Integers<arrow::Int8Array>(values);
    case arrow::Type::INT16:
      return Integers<arrow::Int16Array>(values);
    case arrow::Type::INT32:
      return Integers<arrow::Int32Array>(values);
    case arrow::Type::INT64:
      return Integers<arrow::Int64Array>(values);
    default:
      return base::Fail(base::kUnsupported,
                        base::Cat("Imputer of a column of ", table::TypeName(type)));
  }
}

}  // namespace

const ClassInfo& ImputerInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.Imputer", ClassKind::kEstimator, ImputerParams()};
  return *info;
}

const ClassInfo& ImputerModelInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.ImputerModel", ClassKind::kModel, ImputerParams()};
  return *info;
}

base::StatusOr<std::vector<ColumnPair>> CheckImputed(const Params& params, std::string_view text,
                                                     const arrow::Schema& input) {
  SOTERIA_RETURN_IF_ERROR(CheckOneWay(params, text));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<ColumnPair> pairs, ColumnPairs(params));
  if (params.IsSet("inputCols")) {
    const size_t inputs = params.Strings("inputCols").size();
    const size_t outputs = params.Strings("outputCols").size();
    if (inputs != outputs) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("requirement failed: inputCols(", inputs, ") and outputCols(",
                                  outputs, ") should have the same length"));
    }
  }
  std::set<std::string> different;
  std::string all;
  for (const ColumnPair& pair : pairs) {
    different.insert(pair.output);
    all += base::Cat(all.empty() ? "" : ", ", pair.output);
  }
  if (different.size() != pairs.size()) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: outputCols contains duplicates: (", all, ")"));
  }
  for (const ColumnPair& pair : pairs) {
    SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, pair.input));
  }
  return pairs;
}

base::StatusOr<std::shared_ptr<const Model>> ImputerModel::Decode(Params params,
                                                                  std::string_view data) {
  base::FieldReader r(data);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed_names, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<std::string> names, DecodeColumns(packed_names));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> surrogates, stats::UnpackDoubles(packed));
  if (names.size() != surrogates.size()) {
    return base::Fail(base::kProtocol, "ImputerModel: bad length");
  }
  return std::shared_ptr<const Model>(
      std::make_shared<ImputerModel>(std::move(params), std::move(names), std::move(surrogates)));
}

std::string ImputerModel::EncodeData() const {
  base::FieldWriter w;
  w.Add(EncodeColumns(names_)).Add(stats::PackDoubles(surrogates_));
  return w.Take();
}

std::shared_ptr<arrow::Table> ImputerModel::Table() const {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < names_.size(); ++i) {
    fields.push_back(arrow::field(names_[i], arrow::float64(), false));
    arrays.push_back(DoubleArray({surrogates_[i]}));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays), 1);
}

base::StatusOr<ModelFiles> ImputerModel::Save(const Transformer& model) {
  return DataTable(dynamic_cast<const ImputerModel&>(model).Table());
}

base::StatusOr<std::shared_ptr<const Model>> ImputerModel::Load(Params params, SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  std::vector<std::string> names = rows->ColumnNames();
  std::vector<double> surrogates;
  for (int i = 0; i < rows->num_columns(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(
        const std::vector<double> values,
        table::ReadNumbers(*rows->column(i), names[static_cast<size_t>(i)], kNan));
    if (values.empty()) return base::Fail(base::kProtocol, "model data: no row");
    surrogates.push_back(values[0]);
  }
  return std::shared_ptr<const Model>(
      std::make_shared<ImputerModel>(std::move(params), std::move(names), std::move(surrogates)));
}

std::string ImputerModel::Text(const Params& params) const {
  return base::Cat("ImputerModel: uid=", params.uid(), ", strategy=", params.String("strategy"),
                   ", missingValue=", table::JavaDouble(params.Double("missingValue")),
                   PairCounts(params));
}

base::StatusOr<double> ImputerModel::SurrogateOf(const std::string& column) const {
  const auto at = std::find(names_.begin(), names_.end(), column);
  if (at != names_.end()) return surrogates_[static_cast<size_t>(at - names_.begin())];
  SOTERIA_ASSIGN_OR_RETURN(const auto field, FindField(*Table()->schema(), column));
  return base::Fail(base::kInternal, field->name());
}

base::StatusOr<std::shared_ptr<arrow::Schema>> ImputerModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto pairs, CheckImputed(params(), Text(params()), input));
  arrow::FieldVector fields = input.fields();
  for (const ColumnPair& pair : pairs) {
    SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, pair.input));
    fields = WithColumn(std::move(fields), arrow::field(pair.output, field->type()));
  }
  return arrow::schema(std::move(fields), input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> ImputerModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto pairs,
                           CheckImputed(params(), Text(params()), *input->schema()));
  const double missing = params().Double("missingValue");
  std::shared_ptr<arrow::Table> table = input;
  for (const ColumnPair& pair : pairs) {
    SOTERIA_ASSIGN_OR_RETURN(const double surrogate, SurrogateOf(pair.input));
    SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(*input->schema(), pair.input));
    SOTERIA_ASSIGN_OR_RETURN(Numbers numbers, ReadNumbers(*input, pair.input));
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<bool> nulls, NullRows(*input, pair.input));
    for (size_t i = 0; i < nulls.size(); ++i) {
      double& value = numbers.values[i];
      const bool is_missing = std::isnan(missing) ? std::isnan(value) : value == missing;
      if (nulls[i] || is_missing) value = surrogate;
    }
    SOTERIA_ASSIGN_OR_RETURN(auto array, AsType(*field->type(), std::move(numbers.values)));
    SOTERIA_ASSIGN_OR_RETURN(table,
                             WithColumn(table, arrow::field(pair.output, field->type()),
                                        std::make_shared<arrow::ChunkedArray>(std::move(array))));
  }
  return table;
}

base::StatusOr<Attribute> ImputerModel::Get(std::string_view method, const Arguments& args) const {
  if (method == "toString" && args.empty()) return Attribute(Text(params()));
  return NoAttribute(method);
}

base::StatusOr<std::shared_ptr<arrow::Schema>> ImputerModel::RowsSchema(
    std::string_view method, const Arguments& args) const {
  if (method != "surrogateDF" || !args.empty()) return nullptr;
  return Table()->schema();
}

base::StatusOr<std::shared_ptr<arrow::Table>> ImputerModel::Rows(std::string_view method,
                                                                 const Arguments& args) const {
  if (method == "surrogateDF" && args.empty()) return Table();
  return NoAttribute(method);
}

base::Status ImputerModel::CheckColumns(const Params& params, const arrow::Schema& input) const {
  return CheckImputed(params, Text(params), input).status();
}

uint64_t ImputerModel::bytes() const {
  uint64_t bytes = sizeof(*this) + surrogates_.size() * sizeof(double);
  for (const std::string& name : names_) bytes += sizeof(std::string) + name.size();
  return bytes;
}

}  // namespace soteria::ml
