#include "src/ml/standard_scaler/model.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

std::vector<ParamSpec> ScalerParams() {
  return {{"inputCol", ParamType::kString, std::nullopt, {}},
          {"outputCol", ParamType::kString, std::string(1, kUidMark) + "__output", {}},
          {"withMean", ParamType::kBool, false, {}},
          {"withStd", ParamType::kBool, true, {}}};
}

std::optional<int32_t> DenseSize(const arrow::DataType& type) {
  if (type.id() != arrow::Type::FIXED_SIZE_LIST) return std::nullopt;
  return static_cast<const arrow::FixedSizeListType&>(type).list_size();
}

std::shared_ptr<arrow::Field> OutputField(const Params& params, std::optional<int32_t> dense_size,
                                          size_t size) {
  return table::WithSparkMetadata(table::VectorField(params.String("outputCol"), true, dense_size),
                                  VectorAttributes(static_cast<int64_t>(size)));
}

}  // namespace

const ClassInfo& StandardScalerInfo() {
  static const ClassInfo* const info = new ClassInfo{"org.apache.spark.ml.feature.StandardScaler",
                                                     ClassKind::kEstimator, ScalerParams()};
  return *info;
}

const ClassInfo& StandardScalerModelInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.StandardScalerModel", ClassKind::kModel, ScalerParams()};
  return *info;
}

base::Status CheckScalerInput(const Params& params, const arrow::Schema& input) {
  const std::optional<std::string> column = params.Column("inputCol");
  if (!column) {
    return base::Fail(base::kIllegalArgument, "Failed to find a default value for inputCol");
  }
  SOTERIA_RETURN_IF_ERROR(CheckVectorColumn(input, *column));
  const std::string& output = params.String("outputCol");
  if (!input.GetAllFieldIndices(output).empty()) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Output column ", output, " already exists."));
  }
  return base::OkStatus();
}

StandardScalerModel::StandardScalerModel(Params params, VectorValue std, VectorValue mean)
    : params_(std::move(params)), std_(std::move(std)), mean_(std::move(mean)) {
  centres_ = params_.Bool("withMean");
  scales_ = params_.Bool("withStd");
  const auto size = static_cast<size_t>(mean_.size);
  shift_.assign(size, 0.0);
  scale_.assign(size, 1.0);
  if (centres_) shift_ = table::ToDense(table::View(mean_)).values;
  if (scales_) {
    scale_ = table::ToDense(table::View(std_)).values;
    for (double& s : scale_) s = s == 0 ? 0.0 : 1.0 / s;
  }
}

base::StatusOr<std::shared_ptr<const Model>> StandardScalerModel::Make(Params params,
                                                                       VectorValue std,
                                                                       VectorValue mean) {
  SOTERIA_RETURN_IF_ERROR(table::CheckVector(table::View(std)));
  SOTERIA_RETURN_IF_ERROR(table::CheckVector(table::View(mean)));
  if (std.size != mean.size) {
    return base::Fail(base::kProtocol, "StandardScalerModel: std and mean differ in size");
  }
  return std::shared_ptr<const Model>(
      new StandardScalerModel(std::move(params), std::move(std), std::move(mean)));
}

base::StatusOr<std::shared_ptr<const Model>> StandardScalerModel::Decode(Params params,
                                                                         std::string_view data) {
  base::FieldReader r(data);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view std_bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view mean_bytes, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(ParamValue std, DecodeValue(std_bytes));
  SOTERIA_ASSIGN_OR_RETURN(ParamValue mean, DecodeValue(mean_bytes));
  if (!std::holds_alternative<VectorValue>(std) || !std::holds_alternative<VectorValue>(mean)) {
    return base::Fail(base::kProtocol, "StandardScalerModel: no vector");
  }
  return Make(std::move(params), std::get<VectorValue>(std), std::get<VectorValue>(mean));
}

std::string StandardScalerModel::EncodeData() const {
  base::FieldWriter w;
  w.Add(EncodeValue(std_)).Add(EncodeValue(mean_));
  return w.Take();
}

base::StatusOr<std::shared_ptr<arrow::Schema>> StandardScalerModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckScalerInput(params_, input));
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field,
                           ResolveField(input, params_.String("inputCol")));
  return arrow::schema(WithColumn(input.fields(), OutputField(params_, DenseSize(*field->type()),
                                                              static_cast<size_t>(mean_.size))),
                       input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> StandardScalerModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(CheckScalerInput(params_, *input->schema()));
  const std::string& column = params_.String("inputCol");
  SOTERIA_ASSIGN_OR_RETURN(const auto vectors, ResolveField(*input->schema(), column));
  const std::optional<int32_t> dense_size = DenseSize(*vectors->type());
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(*input, column));
  const std::shared_ptr<arrow::Field> field =
      OutputField(params_, dense_size, static_cast<size_t>(mean_.size));
  arrow::ArrayVector arrays;
  for (const table::VectorReader& rows : chunks) {
    if (rows.null_count() > 0) {
      return base::Fail(base::kIllegalArgument, "StandardScalerModel: a vector is null");
    }
    SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array,
                             dense_size ? ScaleDense(rows) : ScaleAny(rows));
    arrays.push_back(std::move(array));
  }
  return WithColumn(input, field,
                    std::make_shared<arrow::ChunkedArray>(std::move(arrays), field->type()));
}

base::StatusOr<std::shared_ptr<arrow::Array>> StandardScalerModel::ScaleDense(
    const table::VectorReader& rows) const {
  const size_t size = shift_.size();
  const auto count = static_cast<size_t>(rows.rows());
  std::vector<double> out(count * size);
  for (size_t i = 0; i < count; ++i) {
    const table::VectorView row = rows.Get(static_cast<int64_t>(i));
    if (row.values.size() != size) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("StandardScalerModel: expecting ", size, " features but got ",
                                  row.values.size(), "."));
    }
    double* to = out.data() + i * size;
    for (size_t j = 0; j < size; ++j) to[j] = (row.values[j] - shift_[j]) * scale_[j];
  }
  return DenseArray(std::move(out), rows.rows(), static_cast<int32_t>(size));
}

base::StatusOr<VectorValue> StandardScalerModel::Scale(const table::VectorView& row) const {
  if (static_cast<size_t>(row.size) != shift_.size()) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("StandardScalerModel: expecting ", shift_.size(),
                                " features but got ", row.size, "."));
  }
  VectorValue out = row.dense || centres_ ? table::ToDense(row) : table::ToValue(row);
  for (size_t k = 0; k < out.values.size(); ++k) {
    const size_t j = out.dense ? k : static_cast<size_t>(out.indices[k]);
    out.values[k] = (out.values[k] - shift_[j]) * scale_[j];
  }
  return out;
}

base::StatusOr<std::shared_ptr<arrow::Array>> StandardScalerModel::ScaleAny(
    const table::VectorReader& rows) const {
  table::VectorBuilder builder;
  for (int64_t i = 0; i < rows.rows(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const VectorValue scaled, Scale(rows.Get(i)));
    SOTERIA_RETURN_IF_ERROR(builder.Append(scaled));
  }
  return builder.Finish();
}

base::StatusOr<Attribute> StandardScalerModel::Get(std::string_view method,
                                                   const Arguments& args) const {
  if (method == "mean" && args.empty()) return Attribute(mean_);
  if (method == "std" && args.empty()) return Attribute(std_);
  if (method == "toString" && args.empty()) {
    return Attribute(base::Cat("StandardScalerModel: uid=", uid(), ", numFeatures=", mean_.size,
                               ", withMean=", centres_, ", withStd=", scales_));
  }
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", class_name(), " is not allowed to be accessed."));
}

base::StatusOr<std::shared_ptr<const Model>> StandardScalerModel::WithParams(
    const ParamMap& set) const {
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.With(set));
  return Make(std::move(params), std_, mean_);
}

base::Status StandardScalerModel::CheckColumns(const Params& params,
                                               const arrow::Schema& input) const {
  return CheckScalerInput(params, input);
}

uint64_t StandardScalerModel::bytes() const {
  return sizeof(*this) + 4 * shift_.size() * sizeof(double);
}

}  // namespace soteria::ml
