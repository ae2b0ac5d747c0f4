// L-BFGS with a strong Wolfe line search: the optimiser behind MLlib's smooth linear models. It
// takes the same steps as breeze's LBFGS, which MLlib calls, because objectiveHistory, the number
// of iterations and every result that stops at maxIter depend on the path and not on the optimum.
//
// Sources: Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 7.4 (two-loop
// recursion), 3.5 and 3.6 (line search with zoom). Pure but for the objective it calls; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "src/base/status.h"

namespace soteria::ml {

/// The value at x; the gradient goes into `gradient` (of x's size). An error ends the minimisation.
using Objective =
    std::function<base::StatusOr<double>(std::span<const double> x, std::span<double> gradient)>;

struct LbfgsOptions {
  int64_t iterations_max = 100;
  size_t memory = 10;
  /// Stops when values change by less than this share of the first value over a window of
  /// iterations, or the gradient's norm is below this share of the value (or below 1e-8).
  double tolerance = 1e-6;
  /// Called after each iteration with its number, from 1; an error ends the minimisation.
  std::function<base::Status(int64_t iteration)> after_iteration;
};

enum class LbfgsStop { kIterations, kValuesConverged, kGradientConverged, kSearchFailed };

struct LbfgsResult {
  std::vector<double> x;
  /// The value at the start and after each iteration.
  std::vector<double> values;
  LbfgsStop stop = LbfgsStop::kIterations;
};

base::StatusOr<LbfgsResult> MinimizeLbfgs(const Objective& objective, std::vector<double> start,
                                          const LbfgsOptions& options);

}  // namespace soteria::ml
