#include "src/ml/min_max_scaler/model.h"

#include <cmath>
#include <utility>

#include "src/base/fields.h"
#include "src/ml/column_pairs.h"
#include "src/ml/data_table.h"
#include "src/ml/shared_params.h"
#include "src/ml/vector_map.h"
#include "src/table/java_text.h"

namespace soteria::ml {
namespace {

std::vector<ParamSpec> ScalerParams() {
  return {InputCol(), DoubleParam("max", 1.0), DoubleParam("min", 0.0), OutputCol()};
}

}  // namespace

const ClassInfo& MinMaxScalerInfo() {
  static const ClassInfo* const info = new ClassInfo{"org.apache.spark.ml.feature.MinMaxScaler",
                                                     ClassKind::kEstimator, ScalerParams()};
  return *info;
}

const ClassInfo& MinMaxScalerModelInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.MinMaxScalerModel", ClassKind::kModel, ScalerParams()};
  return *info;
}

base::Status CheckMinMaxInput(const Params& params, const arrow::Schema& input) {
  const double low = params.Double("min");
  const double high = params.Double("max");
  if (!(low < high)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: The specified min(", table::JavaDouble(low),
                                ") is larger or equal to max(", table::JavaDouble(high), ")"));
  }
  return CheckVectorStage(params, input);
}

base::StatusOr<std::shared_ptr<const Model>> MinMaxScalerModel::Make(Params params,
                                                                     VectorValue least,
                                                                     VectorValue greatest) {
  SOTERIA_RETURN_IF_ERROR(table::CheckVector(table::View(least)));
  SOTERIA_RETURN_IF_ERROR(table::CheckVector(table::View(greatest)));
  if (least.size != greatest.size) {
    return base::Fail(base::kProtocol, "MinMaxScalerModel: its vectors differ in size");
  }
  return std::shared_ptr<const Model>(std::shared_ptr<MinMaxScalerModel>(
      new MinMaxScalerModel(std::move(params), std::move(least), std::move(greatest))));
}

base::StatusOr<std::shared_ptr<const Model>> MinMaxScalerModel::Decode(Params params,
                                                                       std::string_view data) {
  base::FieldReader r(data);
  SOTERIA_ASSIGN_OR_RETURN(VectorValue least, NextVector(r));
  SOTERIA_ASSIGN_OR_RETURN(VectorValue greatest, NextVector(r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return Make(std::move(params), std::move(least), std::move(greatest));
}

std::string MinMaxScalerModel::EncodeData() const {
  base::FieldWriter w;
  w.Add(EncodeValue(least_)).Add(EncodeValue(greatest_));
  return w.Take();
}

base::StatusOr<ModelFiles> MinMaxScalerModel::Save(const Transformer& model) {
  const auto& scaler = dynamic_cast<const MinMaxScalerModel&>(model);
  SOTERIA_ASSIGN_OR_RETURN(auto least, VectorCell(scaler.least_));
  SOTERIA_ASSIGN_OR_RETURN(auto greatest, VectorCell(scaler.greatest_));
  return DataTable(
      arrow::Table::Make(arrow::schema({table::VectorField("originalMin", true, std::nullopt),
                                        table::VectorField("originalMax", true, std::nullopt)}),
                         {std::move(least), std::move(greatest)}));
}

base::StatusOr<std::shared_ptr<const Model>> MinMaxScalerModel::Load(Params params,
                                                                     SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, saved.Data());
  SOTERIA_ASSIGN_OR_RETURN(VectorValue least, VectorCellOf(*rows, "originalMin"));
  SOTERIA_ASSIGN_OR_RETURN(VectorValue greatest, VectorCellOf(*rows, "originalMax"));
  return Make(std::move(params), std::move(least), std::move(greatest));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> MinMaxScalerModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckMinMaxInput(params(), input));
  return arrow::schema(WithColumn(input.fields(), MadeVectorField(params().String("outputCol"),
                                                                  VectorAttributes(least_.size))),
                       input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> MinMaxScalerModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(CheckMinMaxInput(params(), *input->schema()));
  const double low = params().Double("min");
  const double span = params().Double("max") - low;
  const double middle = (low + params().Double("max")) / 2;
  const std::vector<double> least = table::ToDense(table::View(least_)).values;
  std::vector<double> scale = table::ToDense(table::View(greatest_)).values;
  for (size_t j = 0; j < scale.size(); ++j) {
    const double range = scale[j] - least[j];
    scale[j] = range != 0 ? span / range : 0.0;
  }
  VectorMap map;
  map.compresses = true;
  map.null_text =
      "Cannot invoke \"org.apache.spark.ml.linalg.Vector.size()\" because \"vector\" is null";
  map.dense = [&](const double* in, double* out, size_t n) {
    if (n != scale.size()) {
      return UdfFailure(base::Cat("requirement failed: Number of features must be ", scale.size(),
                                  " but got ", n));
    }
    for (size_t j = 0; j < n; ++j) {
      const double moved = scale[j] != 0 ? (in[j] - least[j]) * scale[j] + low : middle;
      out[j] = std::isnan(in[j]) ? in[j] : moved;
    }
    return base::OkStatus();
  };
  map.any = [&map](const table::VectorView& row) -> base::StatusOr<VectorValue> {
    VectorValue value = table::ToDense(row);
    SOTERIA_RETURN_IF_ERROR(
        map.dense(value.values.data(), value.values.data(), value.values.size()));
    return value;
  };
  return MapVectors(input, params().String("inputCol"), params().String("outputCol"),
                    VectorAttributes(least_.size), map);
}

base::StatusOr<Attribute> MinMaxScalerModel::Get(std::string_view method,
                                                 const Arguments& args) const {
  if (!args.empty()) return NoAttribute(method);
  if (method == "originalMin") return Attribute(least_);
  if (method == "originalMax") return Attribute(greatest_);
  if (method != "toString") return NoAttribute(method);
  return Attribute(base::Cat("MinMaxScalerModel: uid=", uid(), ", numFeatures=", least_.size,
                             ", min=", table::JavaDouble(params().Double("min")),
                             ", max=", table::JavaDouble(params().Double("max"))));
}

base::Status MinMaxScalerModel::CheckColumns(const Params& params,
                                             const arrow::Schema& input) const {
  return CheckMinMaxInput(params, input);
}

uint64_t MinMaxScalerModel::bytes() const {
  return sizeof(*this) + 12 * (least_.values.size() + greatest_.values.size());
}

}  // namespace soteria::ml
