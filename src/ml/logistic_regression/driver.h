// LogisticRegression of both families, with elastic net or bounds: MLlib's `train`, step by step,
// over distributed kernels.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class LogisticRegression : public Estimator {
 public:
  explicit LogisticRegression(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  std::optional<table::FeatureColumns> Columns() const override;
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  bool Multinomial(size_t classes) const;
  base::Status CheckClasses(size_t classes, size_t features) const;

  Params params_;
};

Algorithm LogisticRegressionAlgorithm();

}  // namespace soteria::ml
