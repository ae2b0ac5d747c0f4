// KMeans: MLlib's Lloyd iterations, one pass over the data each. Its solvers (row, block) differ
// only in how they compute the same sums, and in the length of first centers by the cosine measure.
#pragma once

#include <optional>
#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class KMeans : public Estimator {
 public:
  explicit KMeans(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  std::optional<table::FeatureColumns> Columns() const override;
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  Params params_;
};

Algorithm KMeansAlgorithm();

}  // namespace soteria::ml
