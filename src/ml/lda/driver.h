// LDA: latent Dirichlet allocation. By "online", variational inference on a mini-batch an
// iteration; by "em", expectation and maximisation over all documents.
#pragma once

#include <optional>
#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class Lda : public Estimator {
 public:
  explicit Lda(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  std::optional<table::FeatureColumns> Columns() const override;
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  Params params_;
};

Algorithm LdaAlgorithm();

}  // namespace soteria::ml
