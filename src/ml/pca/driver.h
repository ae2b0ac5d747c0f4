// PCA: the covariance of all rows in one pass, its eigenvectors in the driver. MLlib's
// RowMatrix.computePrincipalComponentsAndExplainedVariance.
#pragma once

#include <optional>
#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class Pca : public Estimator {
 public:
  explicit Pca(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  std::optional<table::FeatureColumns> Columns() const override;
  bool ReadsOnce() const override { return true; }
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  Params params_;
};

Algorithm PcaAlgorithm();

}  // namespace soteria::ml
