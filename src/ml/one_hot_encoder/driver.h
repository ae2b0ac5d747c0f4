// OneHotEncoder: one pass that finds how many categories each column has.
#pragma once

#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class OneHotEncoder : public Estimator {
 public:
  explicit OneHotEncoder(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  Params params_;
};

Algorithm OneHotEncoderAlgorithm();

}  // namespace soteria::ml
