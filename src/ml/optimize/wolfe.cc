#include "src/ml/optimize/wolfe.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace soteria::ml {
namespace {

constexpr double kSufficientDecrease = 1e-4;  // c1
constexpr double kCurvature = 0.9;            // c2
constexpr double kGrow = 1.5;
constexpr double kBracketEdge = 0.1;

/// The minimum of the cubic through both points and slopes, kept in the middle 80 % of the bracket.
double Interpolate(const LinePoint& left, const LinePoint& right) {
  const double width = right.step - left.step;
  const double d1 =
      left.slope + right.slope - 3 * (left.value - right.value) / (left.step - right.step);
  const double d2 = std::sqrt(d1 * d1 - left.slope * right.slope);
  const double step =
      right.step - width * (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2);
  const double low = left.step + kBracketEdge * width;
  const double high = left.step + (1 - kBracketEdge) * width;
  if (step < low) return low;
  if (step > high) return high;
  return step;  // NaN stays NaN: the search then fails
}

bool DecreasesEnough(const LinePoint& p, const LinePoint& start) {
  return p.value <= start.value + kSufficientDecrease * p.step * start.slope;
}

bool FlatEnough(const LinePoint& p, const LinePoint& start) {
  return std::abs(p.slope) <= kCurvature * std::abs(start.slope);
}

base::StatusOr<std::optional<double>> Zoom(const Line& line, const LinePoint& start, LinePoint low,
                                           LinePoint high, int zooms) {
  for (int i = 0; i < zooms; ++i) {
    const double step = low.step > high.step ? Interpolate(high, low) : Interpolate(low, high);
    if (std::isnan(step)) break;
    SOTERIA_ASSIGN_OR_RETURN(const LinePoint p, line(step));
    // A NaN value counts as a decrease here, as breeze's comparisons have it.
    if (p.value > start.value + kSufficientDecrease * p.step * start.slope ||
        p.value >= low.value) {
      high = p;
      continue;
    }
    if (FlatEnough(p, start)) return std::optional<double>(p.step);
    if (p.slope * (high.step - low.step) >= 0) high = low;
    low = p;
  }
  return std::optional<double>();
}

}  // namespace

base::StatusOr<std::optional<double>> SearchStrongWolfe(const Line& line, const LinePoint& start,
                                                        double first_step,
                                                        const WolfeLimits& limits) {
  if (start.slope > 0) return std::optional<double>();
  LinePoint low = start;
  double step = first_step;
  for (int i = 0; i < limits.steps; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const LinePoint p, line(step));
    if (!std::isfinite(p.value)) {
      step /= 2.0;
      continue;
    }
    if (!DecreasesEnough(p, start) || (p.value >= low.value && i > 0)) {
      return Zoom(line, start, low, p, limits.zooms);
    }
    if (FlatEnough(p, start)) return std::optional<double>(p.step);
    if (p.slope >= 0) return Zoom(line, start, p, low, limits.zooms);
    low = p;
    if (step == limits.step_max) return std::optional<double>(step);
    step = std::min(step * kGrow, limits.step_max);
  }
  return std::optional<double>();
}

}  // namespace soteria::ml
