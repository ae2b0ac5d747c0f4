#include "src/ml/max_abs_scaler/driver.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "src/ml/columns.h"
#include "src/ml/extremes/kernels.h"
#include "src/ml/max_abs_scaler/model.h"

namespace soteria::ml {

base::Status MaxAbsScaler::CheckInput(const arrow::Schema& input) const {
  return CheckVectorStage(params_, input);
}

std::optional<table::FeatureColumns> MaxAbsScaler::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("inputCol");
  columns.finite = false;
  return columns;
}

base::StatusOr<FitResult> MaxAbsScaler::Fit(Work& work) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(ExtremesKernel()));
  SOTERIA_ASSIGN_OR_RETURN(const Extremes extremes, Extremes::Decode(partial));
  SOTERIA_RETURN_IF_ERROR(extremes.CheckNotEmpty());
  std::vector<double> greatest(extremes.least.size());
  for (size_t j = 0; j < greatest.size(); ++j) {
    greatest[j] = std::max(std::abs(extremes.least[j]), std::abs(extremes.greatest[j]));
  }
  const VectorValue max_abs = table::DenseVector(std::move(greatest));
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(MaxAbsScalerModelInfo()));
  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(
      result.model,
      MaxAbsScalerModel::Make(std::move(params), table::Compressed(table::View(max_abs))));
  return result;
}

Algorithm MaxAbsScalerAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = EstimatorAndModel<MaxAbsScaler, MaxAbsScalerModel>(MaxAbsScalerInfo(),
                                                                         MaxAbsScalerModelInfo());
  return algorithm;
}

}  // namespace soteria::ml
