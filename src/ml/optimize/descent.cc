#include "src/ml/optimize/descent.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"

namespace soteria::ml {
namespace {

constexpr size_t kValueWindow = 20;
constexpr double kGradientFloor = 1e-8;

/// No step leads back from there; the first words are breeze's, as MLlib passes them on.
base::Status CheckFinite(const DescentPoint& point) {
  const auto finite = [](double value) { return std::isfinite(value); };
  if (finite(point.value) && std::all_of(point.gradient.begin(), point.gradient.end(), finite)) {
    return base::OkStatus();
  }
  return base::Fail(base::kIllegalArgument,
                    "requirement failed: init value should <= bound (the loss at the start isn't "
                    "finite: the features have values that are too large to be squared)");
}

}  // namespace

double Dot(const Doubles& a, const Doubles& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double Norm(const Doubles& a) { return std::sqrt(Dot(a, a)); }

void AddScaled(double factor, const Doubles& a, Doubles& to) {
  for (size_t i = 0; i < a.size(); ++i) to[i] += factor * a[i];
}

base::StatusOr<Minimum> Descent::Run(Doubles start) {
  CHECK(options_.memory > 0);
  SOTERIA_ASSIGN_OR_RETURN(DescentPoint at, Evaluate(std::move(start)));
  SOTERIA_RETURN_IF_ERROR(CheckFinite(at));
  first_value_ = at.full_value;
  Minimum result;
  result.values.push_back(at.full_value);
  bool failed_before = false;
  std::optional<MinimizeStop> stop = Converged(at);
  while (!stop) {
    SOTERIA_ASSIGN_OR_RETURN(const bool moved, Iterate(at));
    // After a failed search the history is dropped and the same point tried once more; each
    // outcome is one entry of the values, as MLlib's objectiveHistory has it.
    if (!moved && failed_before) stop = MinimizeStop::kSearchFailed;
    if (!moved) Forget();
    failed_before = !moved;
    result.values.push_back(at.full_value);
    if (!stop) stop = Converged(at);
    if (moved && options_.after_iteration) {
      SOTERIA_RETURN_IF_ERROR(options_.after_iteration(at.iteration));
    }
  }
  result.x = std::move(at.x);
  result.stop = *stop;
  return result;
}

base::StatusOr<DescentPoint> Descent::Evaluate(Doubles x) const {
  DescentPoint point;
  point.gradient.resize(x.size());
  SOTERIA_ASSIGN_OR_RETURN(point.value, objective_(x, point.gradient));
  point.x = std::move(x);
  Complete(point);
  return point;
}

std::optional<MinimizeStop> Descent::Converged(const DescentPoint& at) const {
  if (ProjectionConverged(at)) return MinimizeStop::kProjectionConverged;
  if (options_.iterations_max >= 0 && at.iteration >= options_.iterations_max) {
    return MinimizeStop::kIterations;
  }
  // The window starts with an infinite value: nothing converges before it is full of real ones.
  if (window_.size() >= kValueWindow) {
    const double largest = *std::max_element(window_.begin(), window_.end());
    if (std::abs(at.full_value - largest) <= options_.tolerance * std::abs(first_value_)) {
      return MinimizeStop::kValuesConverged;
    }
  }
  if (Norm(at.full_gradient) <=
      std::max(options_.tolerance * std::abs(at.full_value), kGradientFloor)) {
    return MinimizeStop::kGradientConverged;
  }
  return std::nullopt;
}

base::StatusOr<bool> Descent::Iterate(DescentPoint& at) {
  const std::optional<Doubles> direction = Direction(at);
  if (!direction) return false;
  SOTERIA_ASSIGN_OR_RETURN(std::optional<DescentPoint> next, Step(at, *direction));
  if (!next) return false;
  next->iteration = at.iteration + 1;
  Remember(at, *next);
  at = *std::move(next);
  window_.push_back(at.full_value);
  if (window_.size() > kValueWindow) window_.pop_front();
  return true;
}

void InverseHessian::Add(const DescentPoint& from, const DescentPoint& to) {
  Pair pair{to.x, to.gradient};
  AddScaled(-1.0, from.x, pair.step);
  AddScaled(-1.0, from.gradient, pair.change);
  pairs_.push_front(std::move(pair));
  if (pairs_.size() > memory_) pairs_.pop_back();
}

std::optional<Doubles> InverseHessian::Direction(const Doubles& gradient) const {
  double diagonal = 1.0;
  if (!pairs_.empty()) {
    const double sy = Dot(pairs_.front().step, pairs_.front().change);
    const double yy = Dot(pairs_.front().change, pairs_.front().change);
    if (sy < 0 || std::isnan(sy)) return std::nullopt;
    diagonal = sy / yy;
  }
  Doubles direction = gradient;
  Doubles alpha;
  Doubles rho;
  for (const Pair& pair : pairs_) {
    rho.push_back(Dot(pair.step, pair.change));
    alpha.push_back(Dot(pair.step, direction) / rho.back());
    if (std::isnan(alpha.back())) return std::nullopt;
    AddScaled(-alpha.back(), pair.change, direction);
  }
  for (double& d : direction) d *= diagonal;
  for (size_t i = pairs_.size(); i-- > 0;) {
    const double beta = Dot(pairs_[i].change, direction) / rho[i];
    AddScaled(alpha[i] - beta, pairs_[i].step, direction);
  }
  for (double& d : direction) d = -d;
  return direction;
}

}  // namespace soteria::ml
