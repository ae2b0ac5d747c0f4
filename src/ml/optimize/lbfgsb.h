// L-BFGS-B: L-BFGS within a lower and an upper bound for each coordinate, as breeze's LBFGSB.
//
// Source: Byrd, Lu, Nocedal, Zhu, "A limited memory algorithm for bound constrained optimization",
// SIAM J. Sci. Comput. 16 (1995): algorithm CP for the Cauchy point and the direct primal method
// within the subspace of the coordinates that are at no bound. Pure but for the objective it calls;
// one thread.
#pragma once

#include <vector>

#include "src/base/status.h"
#include "src/ml/optimize/minimize.h"

namespace soteria::ml {

/// Infinite bounds are none. `start` is within the bounds, which are as many as it has coordinates.
struct Bounds {
  std::vector<double> lower, upper;
};

base::StatusOr<Minimum> MinimizeLbfgsb(const Objective& objective, Bounds bounds,
                                       std::vector<double> start, const MinimizeOptions& options);

}  // namespace soteria::ml
