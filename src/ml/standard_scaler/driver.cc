#include "src/ml/standard_scaler/driver.h"

#include <memory>

#include "src/ml/standard_scaler/model.h"
#include "src/ml/standard_scaler/persistence.h"
#include "src/ml/summarizer/kernels.h"

namespace soteria::ml {

base::Status StandardScaler::CheckInput(const arrow::Schema& input) const {
  return CheckScalerInput(params_, input);
}

std::optional<table::FeatureColumns> StandardScaler::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("inputCol");
  columns.finite = false;  // MLlib's is the mean of whatever there is
  return columns;
}

base::StatusOr<FitResult> StandardScaler::Fit(Work& work) const {
  const SummarizerKernel kernel(SummarizerKernel::Labels::kIgnore);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(kernel));
  SOTERIA_ASSIGN_OR_RETURN(const SummarizerResult summary, SummarizerResult::Decode(partial));
  SOTERIA_RETURN_IF_ERROR(summary.moments.CheckNotEmpty());
  const VectorValue std = table::DenseVector(summary.moments.StandardDeviation());
  const VectorValue mean = table::DenseVector(summary.moments.mean());
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(StandardScalerModelInfo()));
  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(result.model, StandardScalerModel::Make(
                                             std::move(params), table::Compressed(table::View(std)),
                                             table::Compressed(table::View(mean))));
  return result;
}

Algorithm StandardScalerAlgorithm() {
  return FittingAlgorithm<StandardScaler, StandardScalerModel>(
      StandardScalerInfo(), StandardScalerModelInfo(), SaveStandardScaler, LoadStandardScaler);
}

}  // namespace soteria::ml
