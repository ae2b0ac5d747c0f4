// ALS: ratings go to the blocks of their users and of their items, then the factors of the one side
// are solved for against those of the other, in turn, each half of an iteration one pass.
//
// The factors go through the driver: a pass sends all of the other side's with its kernel, once to
// each worker. Both sides' must fit in a message (256 MiB: 6.7 million ids of rank 10), else the
// first pass is kMemoryLimit. Nothing else of a pass grows with the data, and what workers keep,
// the grouped ratings, stays the same from the first pass to the last.
#pragma once

#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class Als : public Estimator {
 public:
  explicit Als(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  base::StatusOr<FitResult> Fit(Work& work) const override;

 private:
  Params params_;
};

Algorithm AlsAlgorithm();

}  // namespace soteria::ml
