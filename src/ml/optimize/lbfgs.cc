#include "src/ml/optimize/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <optional>
#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/ml/optimize/wolfe.h"

namespace soteria::ml {
namespace {

constexpr size_t kValueWindow = 20;
constexpr double kGradientFloor = 1e-8;
constexpr double kStepFloor = 1e-10;

using Doubles = std::vector<double>;

double Dot(const Doubles& a, const Doubles& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double Norm(const Doubles& a) { return std::sqrt(Dot(a, a)); }

void AddScaled(double factor, const Doubles& a, Doubles& to) {
  for (size_t i = 0; i < a.size(); ++i) to[i] += factor * a[i];
}

/// The last steps and changes of gradient, newest first, standing for the inverse Hessian.
class History {
 public:
  explicit History(size_t memory) : memory_(memory) {}

  void Clear() { pairs_.clear(); }

  void Add(Doubles step, Doubles gradient_change) {
    pairs_.push_front({std::move(step), std::move(gradient_change)});
    if (pairs_.size() > memory_) pairs_.pop_back();
  }

  /// Minus the inverse Hessian times the gradient; nullopt when the pairs make no descent.
  std::optional<Doubles> Direction(const Doubles& gradient) const {
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

 private:
  struct Pair {
    Doubles step;
    Doubles change;
  };
  size_t memory_;
  std::deque<Pair> pairs_;
};

struct State {
  Doubles x;
  Doubles gradient;
  double value = 0;
  int64_t iteration = 0;
};

class Minimizer {
 public:
  Minimizer(const Objective& objective, const LbfgsOptions& options)
      : objective_(objective), options_(options), history_(options.memory) {}

  base::StatusOr<LbfgsResult> Run(Doubles start) {
    SOTERIA_ASSIGN_OR_RETURN(state_, Evaluate(std::move(start)));
    SOTERIA_RETURN_IF_ERROR(CheckFinite());
    first_value_ = state_.value;
    LbfgsResult result;
    result.values.push_back(state_.value);
    bool failed_before = false;
    std::optional<LbfgsStop> stop = Converged();
    while (!stop) {
      SOTERIA_ASSIGN_OR_RETURN(const bool moved, Iterate());
      // After a failed search the history is dropped and the same point tried once more; each
      // outcome is one entry of the values, as MLlib's objectiveHistory has it.
      if (!moved && failed_before) stop = LbfgsStop::kSearchFailed;
      if (!moved) history_.Clear();
      failed_before = !moved;
      result.values.push_back(state_.value);
      if (!stop) stop = Converged();
      if (moved && options_.after_iteration) {
        SOTERIA_RETURN_IF_ERROR(options_.after_iteration(state_.iteration));
      }
    }
    result.x = std::move(state_.x);
    result.stop = *stop;
    return result;
  }

 private:
  base::StatusOr<State> Evaluate(Doubles x) const {
    State state;
    state.gradient.resize(x.size());
    SOTERIA_ASSIGN_OR_RETURN(state.value, objective_(x, state.gradient));
    state.x = std::move(x);
    return state;
  }

  /// No step leads back from there; the first words are breeze's, as MLlib passes them on.
  base::Status CheckFinite() const {
    const auto finite = [](double value) { return std::isfinite(value); };
    if (finite(state_.value) &&
        std::all_of(state_.gradient.begin(), state_.gradient.end(), finite)) {
      return base::OkStatus();
    }
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: init value should <= bound (the loss at the start isn't "
                      "finite: the features have values that are too large to be squared)");
  }

  std::optional<LbfgsStop> Converged() const {
    if (options_.iterations_max >= 0 && state_.iteration >= options_.iterations_max) {
      return LbfgsStop::kIterations;
    }
    // The window starts with an infinite value: nothing converges before it is full of real ones.
    if (window_.size() >= kValueWindow) {
      const double largest = *std::max_element(window_.begin(), window_.end());
      if (std::abs(state_.value - largest) <= options_.tolerance * std::abs(first_value_)) {
        return LbfgsStop::kValuesConverged;
      }
    }
    if (Norm(state_.gradient) <=
        std::max(options_.tolerance * std::abs(state_.value), kGradientFloor)) {
      return LbfgsStop::kGradientConverged;
    }
    return std::nullopt;
  }

  /// One step; false when no step could be made.
  base::StatusOr<bool> Iterate() {
    const std::optional<Doubles> direction = history_.Direction(state_.gradient);
    if (!direction) return false;
    State last;
    const Line line = [&](double step) -> base::StatusOr<LinePoint> {
      Doubles x = state_.x;
      AddScaled(step, *direction, x);
      SOTERIA_ASSIGN_OR_RETURN(last, Evaluate(std::move(x)));
      return LinePoint{step, last.value, Dot(last.gradient, *direction)};
    };
    const LinePoint start = {0.0, state_.value, Dot(state_.gradient, *direction)};
    const double first_step = state_.iteration == 0 ? 1.0 / Norm(*direction) : 1.0;
    SOTERIA_ASSIGN_OR_RETURN(const std::optional<double> step,
                             SearchStrongWolfe(line, start, first_step));
    if (!step || *step * Norm(state_.gradient) < kStepFloor) return false;
    last.iteration = state_.iteration + 1;
    Doubles moved = last.x;
    AddScaled(-1.0, state_.x, moved);
    Doubles change = last.gradient;
    AddScaled(-1.0, state_.gradient, change);
    history_.Add(std::move(moved), std::move(change));
    state_ = std::move(last);
    window_.push_back(state_.value);
    if (window_.size() > kValueWindow) window_.pop_front();
    return true;
  }

  const Objective& objective_;
  const LbfgsOptions& options_;
  History history_;
  State state_;
  double first_value_ = 0;
  std::deque<double> window_;
};

}  // namespace

base::StatusOr<LbfgsResult> MinimizeLbfgs(const Objective& objective, std::vector<double> start,
                                          const LbfgsOptions& options) {
  CHECK(options.memory > 0);
  return Minimizer(objective, options).Run(std::move(start));
}

}  // namespace soteria::ml
