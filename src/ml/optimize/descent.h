// The loop that the minimisers share: direction, step, convergence, what a failed step leads to. A
// method says what its directions and steps are. Private to optimize. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "src/base/status.h"
#include "src/ml/optimize/minimize.h"

namespace soteria::ml {

using Doubles = std::vector<double>;

double Dot(const Doubles& a, const Doubles& b);
double Norm(const Doubles& a);
void AddScaled(double factor, const Doubles& a, Doubles& to);

/// A point, with the smooth function's value and gradient there and the same of what is minimised:
/// they differ where there is a penalty that isn't smooth.
struct DescentPoint {
  Doubles x;
  double value = 0;
  Doubles gradient;
  double full_value = 0;
  Doubles full_gradient;
  int64_t iteration = 0;
};

class Descent {
 public:
  Descent(const Objective& objective, const MinimizeOptions& options)
      : objective_(objective), options_(options) {}
  virtual ~Descent() = default;
  base::StatusOr<Minimum> Run(Doubles start);

 protected:
  /// Sets the full value and gradient.
  virtual void Complete(DescentPoint& point) const = 0;
  /// nullopt where what is remembered gives none.
  virtual std::optional<Doubles> Direction(const DescentPoint& from) const = 0;
  /// The point that a step along `direction` leads to, evaluated; nullopt where the search failed.
  virtual base::StatusOr<std::optional<DescentPoint>> Step(const DescentPoint& from,
                                                           const Doubles& direction) const = 0;
  virtual void Remember(const DescentPoint& from, const DescentPoint& to) = 0;
  virtual void Forget() = 0;
  virtual bool ProjectionConverged(const DescentPoint& /*point*/) const { return false; }

  base::StatusOr<DescentPoint> Evaluate(Doubles x) const;
  size_t memory() const { return options_.memory; }

 private:
  std::optional<MinimizeStop> Converged(const DescentPoint& at) const;
  base::StatusOr<bool> Iterate(DescentPoint& at);

  const Objective& objective_;
  const MinimizeOptions& options_;
  double first_value_ = 0;
  std::deque<double> window_;
};

/// The last steps and changes of gradient, newest first, standing for the inverse Hessian.
class InverseHessian {
 public:
  explicit InverseHessian(size_t memory) : memory_(memory) {}
  void Clear() { pairs_.clear(); }
  void Add(const DescentPoint& from, const DescentPoint& to);
  /// Minus the inverse Hessian times the gradient; nullopt when the pairs make no descent.
  std::optional<Doubles> Direction(const Doubles& gradient) const;

 private:
  struct Pair {
    Doubles step;
    Doubles change;
  };
  size_t memory_;
  std::deque<Pair> pairs_;
};

}  // namespace soteria::ml
