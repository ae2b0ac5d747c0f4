// CountVectorizer: one pass that counts words.
#pragma once

#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class CountVectorizer : public Estimator {
 public:
  explicit CountVectorizer(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  Params params_;
};

Algorithm CountVectorizerAlgorithm();

}  // namespace soteria::ml
