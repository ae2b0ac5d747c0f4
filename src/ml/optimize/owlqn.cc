#include "src/ml/optimize/owlqn.h"

#include <cmath>
#include <optional>
#include <utility>

#include "src/base/check.h"
#include "src/ml/optimize/descent.h"

namespace soteria::ml {
namespace {

// The backtracking line search, with breeze's constants.
constexpr int kStepsMax = 20;
constexpr double kSufficientDecrease = 1e-4;
constexpr double kCurvature = 0.9;
constexpr double kFirstShrink = 0.1;
constexpr double kShrink = 0.5;
constexpr double kGrow = 2.1;
constexpr double kStepMin = 1e-10;
constexpr double kStepMax = 1e10;

int Sign(double value) { return (value > 0 ? 1 : 0) - (value < 0 ? 1 : 0); }

class Owlqn : public Descent {
 public:
  Owlqn(const Objective& objective, std::vector<double> l1, const MinimizeOptions& options)
      : Descent(objective, options), l1_(std::move(l1)), history_(options.memory) {}

 private:
  void Complete(DescentPoint& point) const override {
    point.full_value = point.value;
    point.full_gradient = point.gradient;
    CHECK(l1_.size() == point.x.size());
    for (size_t i = 0; i < l1_.size(); ++i) {
      if (l1_[i] == 0) continue;
      double& g = point.full_gradient[i];
      point.full_value += std::abs(l1_[i] * point.x[i]);
      if (point.x[i] != 0) {
        g += Sign(point.x[i]) * l1_[i];
      } else if (g - l1_[i] > 0) {
        g -= l1_[i];
      } else if (g + l1_[i] < 0) {
        g += l1_[i];
      } else {
        g = 0;
      }
    }
  }

  std::optional<Doubles> Direction(const DescentPoint& from) const override {
    std::optional<Doubles> direction = history_.Direction(from.full_gradient);
    if (!direction) return direction;
    for (size_t i = 0; i < direction->size(); ++i) {
      if (!((*direction)[i] * from.full_gradient[i] < 0)) (*direction)[i] = 0;
    }
    return direction;
  }

  /// x + step * direction, with 0 for what would leave the orthant of x.
  Doubles StepTo(const DescentPoint& from, const Doubles& direction, double step) const {
    Doubles x = from.x;
    AddScaled(step, direction, x);
    for (size_t i = 0; i < x.size(); ++i) {
      const int orthant = from.x[i] != 0 ? Sign(from.x[i]) : -Sign(from.full_gradient[i]);
      if (Sign(x[i]) != orthant) x[i] = 0;
    }
    return x;
  }

  base::StatusOr<std::optional<DescentPoint>> Step(const DescentPoint& from,
                                                   const Doubles& direction) const override {
    const double slope0 = Dot(from.full_gradient, direction);
    const double shrink = from.iteration < 1 ? kFirstShrink : kShrink;
    double step = from.iteration < 1 ? 0.5 / Norm(from.gradient) : 1.0;
    SOTERIA_ASSIGN_OR_RETURN(DescentPoint at, Evaluate(StepTo(from, direction, step)));
    // breeze judges the first step by the value that it starts from, without the penalty.
    double value = from.value;
    for (int i = 0;; ++i) {
      const double slope = Dot(at.full_gradient, direction);
      double factor = 1.0;
      if (value > from.full_value + step * slope0 * kSufficientDecrease) {
        factor = shrink;
      } else if (slope < kCurvature * slope0) {
        factor = kGrow;
      } else if (slope > -kCurvature * slope0) {
        factor = shrink;
      }
      if (factor == 1.0) break;
      const double next = step * factor;
      if (next < kStepMin || next > kStepMax) return std::optional<DescentPoint>();
      if (i + 1 >= kStepsMax) break;  // the last one will do
      step = next;
      SOTERIA_ASSIGN_OR_RETURN(at, Evaluate(StepTo(from, direction, step)));
      value = at.full_value;
    }
    return std::optional<DescentPoint>(std::move(at));
  }
  void Remember(const DescentPoint& from, const DescentPoint& to) override {
    history_.Add(from, to);
  }
  void Forget() override { history_.Clear(); }

  std::vector<double> l1_;
  InverseHessian history_;
};

}  // namespace

base::StatusOr<Minimum> MinimizeOwlqn(const Objective& objective, std::vector<double> l1,
                                      std::vector<double> start, const MinimizeOptions& options) {
  return Owlqn(objective, std::move(l1), options).Run(std::move(start));
}

}  // namespace soteria::ml
