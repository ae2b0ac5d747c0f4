#include "src/ml/optimize/lbfgs.h"

#include <optional>
#include <utility>

#include "src/ml/optimize/descent.h"
#include "src/ml/optimize/wolfe.h"

namespace soteria::ml {
namespace {

constexpr double kStepFloor = 1e-10;

class Lbfgs : public Descent {
 public:
  Lbfgs(const Objective& objective, const MinimizeOptions& options)
      : Descent(objective, options), history_(options.memory) {}

 private:
  void Complete(DescentPoint& point) const override {
    point.full_value = point.value;
    point.full_gradient = point.gradient;
  }
  std::optional<Doubles> Direction(const DescentPoint& from) const override {
    return history_.Direction(from.gradient);
  }
  base::StatusOr<std::optional<DescentPoint>> Step(const DescentPoint& from,
                                                   const Doubles& direction) const override {
    DescentPoint last;
    const Line line = [&](double step) -> base::StatusOr<LinePoint> {
      Doubles x = from.x;
      AddScaled(step, direction, x);
      SOTERIA_ASSIGN_OR_RETURN(last, Evaluate(std::move(x)));
      return LinePoint{step, last.value, Dot(last.gradient, direction)};
    };
    const LinePoint start = {0.0, from.value, Dot(from.gradient, direction)};
    const double first_step = from.iteration == 0 ? 1.0 / Norm(direction) : 1.0;
    SOTERIA_ASSIGN_OR_RETURN(const std::optional<double> step,
                             SearchStrongWolfe(line, start, first_step));
    if (!step || *step * Norm(from.gradient) < kStepFloor) return std::optional<DescentPoint>();
    return std::optional<DescentPoint>(std::move(last));
  }
  void Remember(const DescentPoint& from, const DescentPoint& to) override {
    history_.Add(from, to);
  }
  void Forget() override { history_.Clear(); }

  InverseHessian history_;
};

}  // namespace

base::StatusOr<Minimum> MinimizeLbfgs(const Objective& objective, std::vector<double> start,
                                      const MinimizeOptions& options) {
  return Lbfgs(objective, options).Run(std::move(start));
}

}  // namespace soteria::ml
