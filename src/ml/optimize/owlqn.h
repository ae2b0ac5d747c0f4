// OWL-QN: L-BFGS for a smooth function plus an L1 penalty, as breeze's OWLQN. Steps stay in the
// orthant that they start from, so that coordinates become exactly 0.
//
// Source: Andrew and Gao, "Scalable training of L1-regularized log-linear models", ICML 2007. Pure
// but for the objective it calls; one thread.
#pragma once

#include <vector>

#include "src/base/status.h"
#include "src/ml/optimize/minimize.h"

namespace soteria::ml {

/// `l1` is the penalty of each coordinate, at least 0; as many as `start` has.
base::StatusOr<Minimum> MinimizeOwlqn(const Objective& objective, std::vector<double> l1,
                                      std::vector<double> start, const MinimizeOptions& options);

}  // namespace soteria::ml
