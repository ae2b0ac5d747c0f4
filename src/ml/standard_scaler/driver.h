// StandardScaler: one pass of the summarizer over the feature blocks.
#pragma once

#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class StandardScaler : public Estimator {
 public:
  explicit StandardScaler(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  std::optional<table::FeatureColumns> Columns() const override;
  bool ReadsOnce() const override { return true; }
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  Params params_;
};

Algorithm StandardScalerAlgorithm();

}  // namespace soteria::ml
