// NaiveBayes: one pass over the data, logarithms of its sums. All four types of MLlib's.
#pragma once

#include <optional>
#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class NaiveBayes : public Estimator {
 public:
  explicit NaiveBayes(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  std::optional<table::FeatureColumns> Columns() const override;
  bool ReadsOnce() const override { return true; }
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  Params params_;
};

Algorithm NaiveBayesAlgorithm();

}  // namespace soteria::ml
