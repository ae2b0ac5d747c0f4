#include "src/ml/max_abs_scaler/model.h"

#include <utility>

#include "src/ml/data_table.h"
#include "src/ml/shared_params.h"
#include "src/ml/vector_map.h"

namespace soteria::ml {

const ClassInfo& MaxAbsScalerInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.MaxAbsScaler", ClassKind::kEstimator, {InputCol(), OutputCol()}};
  return *info;
}

const ClassInfo& MaxAbsScalerModelInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.MaxAbsScalerModel",
                    ClassKind::kModel,
                    {InputCol(), OutputCol()}};
  return *info;
}

base::StatusOr<std::shared_ptr<const Model>> MaxAbsScalerModel::Make(Params params,
                                                                     VectorValue max_abs) {
  SOTERIA_RETURN_IF_ERROR(table::CheckVector(table::View(max_abs)));
  return std::shared_ptr<const Model>(std::shared_ptr<MaxAbsScalerModel>(
      new MaxAbsScalerModel(std::move(params), std::move(max_abs))));
}

base::StatusOr<std::shared_ptr<const Model>> MaxAbsScalerModel::Decode(Params params,
                                                                       std::string_view data) {
  SOTERIA_ASSIGN_OR_RETURN(ParamValue value, DecodeValue(data));
  if (!std::holds_alternative<VectorValue>(value)) {
    return base::Fail(base::kProtocol, "MaxAbsScalerModel: no vector");
  }
  return Make(std::move(params), std::get<VectorValue>(std::move(value)));
}

base::StatusOr<ModelFiles> MaxAbsScalerModel::Save(const Transformer& model) {
  const auto& scaler = dynamic_cast<const MaxAbsScalerModel&>(model);
  SOTERIA_ASSIGN_OR_RETURN(auto cell, VectorCell(scaler.max_abs_));
  return DataTable(arrow::Table::Make(
      arrow::schema({table::VectorField("maxAbs", true, std::nullopt)}), {std::move(cell)}));
}

base::StatusOr<std::shared_ptr<const Model>> MaxAbsScalerModel::Load(Params params,
                                                                     SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  SOTERIA_ASSIGN_OR_RETURN(VectorValue max_abs, VectorCellOf(*rows, "maxAbs"));
  return Make(std::move(params), std::move(max_abs));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> MaxAbsScalerModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckVectorStage(params(), input));
  return arrow::schema(WithColumn(input.fields(), MadeVectorField(params().String("outputCol"),
                                                                  VectorAttributes(max_abs_.size))),
                       input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> MaxAbsScalerModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(CheckVectorStage(params(), *input->schema()));
  std::vector<double> scale = table::ToDense(table::View(max_abs_)).values;
  for (double& s : scale) s = s == 0 ? 1.0 : 1.0 / s;
  VectorMap map;
  map.null_text = "scala.MatchError: null";
  const auto too_long = [&scale](size_t n) {
    return UdfFailure(
        base::Cat("Index ", scale.size(), " out of bounds for length ", scale.size(), ": ", n));
  };
  map.dense = [&](const double* in, double* out, size_t n) {
    if (n > scale.size()) return too_long(n);
    for (size_t j = 0; j < n; ++j) out[j] = in[j] * scale[j];
    return base::OkStatus();
  };
  map.any = [&](const table::VectorView& row) -> base::StatusOr<VectorValue> {
    if (static_cast<size_t>(row.size) > scale.size()) {
      return too_long(static_cast<size_t>(row.size));
    }
    VectorValue value = table::ToValue(row);
    for (size_t k = 0; k < value.values.size(); ++k) {
      value.values[k] *= scale[value.dense ? k : static_cast<size_t>(value.indices[k])];
    }
    return value;
  };
  return MapVectors(input, params().String("inputCol"), params().String("outputCol"),
                    VectorAttributes(max_abs_.size), map);
}

base::StatusOr<Attribute> MaxAbsScalerModel::Get(std::string_view method,
                                                 const Arguments& args) const {
  if (!args.empty()) return NoAttribute(method);
  if (method == "maxAbs") return Attribute(max_abs_);
  if (method != "toString") return NoAttribute(method);
  return Attribute(base::Cat("MaxAbsScalerModel: uid=", uid(), ", numFeatures=", max_abs_.size));
}

base::Status MaxAbsScalerModel::CheckColumns(const Params& params,
                                             const arrow::Schema& input) const {
  return CheckVectorStage(params, input);
}

}  // namespace soteria::ml
