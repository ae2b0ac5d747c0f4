// What all minimisers here share: the function they are given and what they answer. They take the
// same steps as breeze's, which MLlib calls, because objectiveHistory, the number of iterations and
// every result that stops at maxIter depend on the path and not on the optimum.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "src/base/status.h"

namespace soteria::ml {

/// The value at x; the gradient goes into `gradient` (of x's size). It may put coordinates of x
/// that it knows in closed form at their optimum first: x is then that point. An error ends the
/// minimisation.
using Objective =
    std::function<base::StatusOr<double>(std::span<double> x, std::span<double> gradient)>;

struct MinimizeOptions {
  int64_t iterations_max = 100;
  /// Steps that the curvature is judged by.
  size_t memory = 10;
  /// Stops when values change by less than this share of the first value over a window of
  /// iterations, or the gradient's norm is below this share of the value (or below 1e-8).
  double tolerance = 1e-6;
  /// Called after each iteration with its number, from 1; an error ends the minimisation.
  std::function<base::Status(int64_t iteration)> after_iteration = {};
};

enum class MinimizeStop {
  kIterations,
  kValuesConverged,
  kGradientConverged,
  kProjectionConverged,  // no bound lets the gradient move x
  kSearchFailed
};

struct Minimum {
  std::vector<double> x;
  /// The value (with the L1 penalty, where there is one) at the start and after each iteration.
  std::vector<double> values;
  MinimizeStop stop = MinimizeStop::kIterations;
};

}  // namespace soteria::ml
