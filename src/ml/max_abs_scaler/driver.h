// MaxAbsScaler: one pass of the extremes over the feature blocks.
#pragma once

#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class MaxAbsScaler : public Estimator {
 public:
  explicit MaxAbsScaler(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  std::optional<table::FeatureColumns> Columns() const override;
  bool ReadsOnce() const override { return true; }
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  Params params_;
};

Algorithm MaxAbsScalerAlgorithm();

}  // namespace soteria::ml
