// LinearRegression: MLlib's `train`, by the normal equations (one pass) or by iterations over
// distributed gradients, step by step as there.
#pragma once

#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/linear_regression/kernels.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class LinearRegression : public Estimator {
 public:
  explicit LinearRegression(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  std::optional<table::FeatureColumns> Columns() const override;
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  base::StatusOr<FitResult> FitNormal(const NormalSums& sums, Work& work) const;
  base::StatusOr<FitResult> FitByIterations(Work& work) const;

  Params params_;
};

Algorithm LinearRegressionAlgorithm();

}  // namespace soteria::ml
