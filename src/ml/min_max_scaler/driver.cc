#include "src/ml/min_max_scaler/driver.h"

#include <memory>

#include "src/ml/extremes/kernels.h"
#include "src/ml/min_max_scaler/model.h"

namespace soteria::ml {

base::Status MinMaxScaler::CheckInput(const arrow::Schema& input) const {
  return CheckMinMaxInput(params_, input);
}

std::optional<table::FeatureColumns> MinMaxScaler::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("inputCol");
  columns.finite = false;
  return columns;
}

base::StatusOr<FitResult> MinMaxScaler::Fit(Work& work) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(ExtremesKernel()));
  SOTERIA_ASSIGN_OR_RETURN(Extremes extremes, Extremes::Decode(partial));
  SOTERIA_RETURN_IF_ERROR(extremes.CheckNotEmpty());
  const VectorValue least = table::DenseVector(std::move(extremes.least));
  const VectorValue greatest = table::DenseVector(std::move(extremes.greatest));
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(MinMaxScalerModelInfo()));
  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(
      result.model,
      MinMaxScalerModel::Make(std::move(params), table::Compressed(table::View(least)),
                              table::Compressed(table::View(greatest))));
  return result;
}

Algorithm MinMaxScalerAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = EstimatorAndModel<MinMaxScaler, MinMaxScalerModel>(MinMaxScalerInfo(),
                                                                         MinMaxScalerModelInfo());
  algorithm.kernels = {{ExtremesKernel::kKind, ExtremesKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
