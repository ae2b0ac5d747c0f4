// StringIndexer: one pass that counts the values of its columns.
#pragma once

#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class StringIndexer : public Estimator {
 public:
  explicit StringIndexer(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  Params params_;
};

Algorithm StringIndexerAlgorithm();

}  // namespace soteria::ml
