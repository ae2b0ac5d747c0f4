// A line search for the strong Wolfe conditions: Nocedal and Wright, algorithms 3.5 and 3.6, with
// cubic interpolation kept off the ends of the bracket, constants and limits as breeze has them.
// Private to optimize. One thread.
#pragma once

#include <functional>
#include <limits>
#include <optional>

#include "src/base/status.h"

namespace soteria::ml {

/// A point of the line: step, value and directional derivative there.
struct LinePoint {
  double step = 0;
  double value = 0;
  double slope = 0;
};

using Line = std::function<base::StatusOr<LinePoint>(double step)>;

struct WolfeLimits {
  int steps = 10;
  int zooms = 10;
  /// The longest step, which is accepted when it decreases enough; at least the first.
  double step_max = std::numeric_limits<double>::infinity();
};

/// The accepted step, which is the last one at which `line` was asked; nullopt when no step was
/// found or the direction doesn't descend. `start` is the point of step 0.
base::StatusOr<std::optional<double>> SearchStrongWolfe(const Line& line, const LinePoint& start,
                                                        double first_step,
                                                        const WolfeLimits& limits = {});

}  // namespace soteria::ml
