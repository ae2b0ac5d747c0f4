// L-BFGS with a strong Wolfe line search: the optimiser behind MLlib's smooth linear models, step
// for step as breeze's LBFGS.
//
// Sources: Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 7.4 (two-loop
// recursion), 3.5 and 3.6 (line search with zoom). Pure but for the objective it calls; one thread.
#pragma once

#include <vector>

#include "src/base/status.h"
#include "src/ml/optimize/minimize.h"

namespace soteria::ml {

base::StatusOr<Minimum> MinimizeLbfgs(const Objective& objective, std::vector<double> start,
                                      const MinimizeOptions& options);

}  // namespace soteria::ml
