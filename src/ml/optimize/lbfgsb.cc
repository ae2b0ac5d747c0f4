#include "src/ml/optimize/lbfgsb.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/ml/optimize/descent.h"
#include "src/ml/optimize/wolfe.h"

namespace soteria::ml {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

constexpr double kEpsilon = 2.2e-16;
constexpr double kProjectionMax = 1e-5;
constexpr WolfeLimits kSearchLimits = {.steps = 64, .zooms = 64};

Eigen::Map<const Vector> View(const Doubles& values) {
  return {values.data(), static_cast<Eigen::Index>(values.size())};
}

Doubles Values(const Vector& v) { return {v.data(), v.data() + v.size()}; }

bool Solvable(const Eigen::PartialPivLU<Matrix>& lu) {
  const Vector pivots = lu.matrixLU().diagonal();
  return pivots.allFinite() && (pivots.array() != 0).all();
}

/// theta I - W M W', the Hessian as the last steps (in the columns of s) and changes of gradient
/// (y) have it.
struct Curvature {
  double theta = 1.0;
  Matrix w, m;
  Matrix y, s;
};

class Lbfgsb : public Descent {
 public:
  Lbfgsb(const Objective& objective, const Bounds& bounds, const MinimizeOptions& options)
      : Descent(objective, options), bounds_(bounds), n_(bounds.lower.size()) {
    Lbfgsb::Forget();
  }

 private:
  void Complete(DescentPoint& point) const override {
    point.full_value = point.value;
    point.full_gradient = point.gradient;
  }

  double Within(size_t i, double value) const {
    if (value > bounds_.upper[i]) value = bounds_.upper[i];
    if (value < bounds_.lower[i]) value = bounds_.lower[i];
    return value;
  }

  void PutWithin(Vector& x) const {
    for (size_t i = 0; i < n_; ++i) {
      double& value = x[static_cast<Eigen::Index>(i)];
      value = Within(i, value);
    }
  }

  bool ProjectionConverged(const DescentPoint& at) const override {
    double largest = 0;
    for (size_t i = 0; i < n_; ++i) {
      const double moved = at.x[i] - at.gradient[i];
      const double to = moved <= bounds_.lower[i]   ? bounds_.lower[i]
                        : bounds_.upper[i] <= moved ? bounds_.upper[i]
                                                    : moved;
      largest = std::max(largest, std::abs(to - at.x[i]));
    }
    return largest < kProjectionMax;
  }

  std::optional<Doubles> Direction(const DescentPoint& from) const override {
    std::optional<Cauchy> cauchy = CauchyPoint(from);
    if (!cauchy) return std::nullopt;
    PutWithin(cauchy->x);
    if (from.iteration == 0) return Values(cauchy->x - View(from.x));
    std::optional<Vector> least = SubspaceMinimum(from, *cauchy);
    if (!least) return std::nullopt;
    PutWithin(*least);
    return Values(*least - View(from.x));
  }

  base::StatusOr<std::optional<DescentPoint>> Step(const DescentPoint& from,
                                                   const Doubles& direction) const override {
    double bound = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < n_; ++i) {
      if (direction[i] == 0) continue;
      const double limit = direction[i] < 0 ? bounds_.lower[i] : bounds_.upper[i];
      bound = std::min(bound, (limit - from.x[i]) / direction[i]);
    }
    // Both ends of a full step are within the bounds, whatever rounding makes of it here.
    WolfeLimits limits = kSearchLimits;
    limits.step_max = std::max(bound, 1.0);
    DescentPoint last;
    const Line line = [&](double step) -> base::StatusOr<LinePoint> {
      Doubles x = from.x;
      AddScaled(step, direction, x);
      for (size_t i = 0; i < n_; ++i) x[i] = Within(i, x[i]);
      SOTERIA_ASSIGN_OR_RETURN(last, Evaluate(std::move(x)));
      return LinePoint{step, last.value, Dot(last.gradient, direction)};
    };
    const LinePoint start = {0.0, from.value, Dot(from.gradient, direction)};
    SOTERIA_ASSIGN_OR_RETURN(const std::optional<double> step,
                             SearchStrongWolfe(line, start, 1.0, limits));
    if (!step) return std::optional<DescentPoint>();
    return std::optional<DescentPoint>(std::move(last));
  }

  void Forget() override {
    curvature_ = Curvature();
    curvature_.w = Matrix::Zero(static_cast<Eigen::Index>(n_), 0);
    curvature_.m = Matrix::Zero(0, 0);
    curvature_.y = curvature_.w;
    curvature_.s = curvature_.w;
  }

  static Matrix WithColumn(const Matrix& columns, const Vector& last, size_t most) {
    const bool full = columns.cols() >= static_cast<Eigen::Index>(most);
    const Eigen::Index kept = full ? columns.cols() - 1 : columns.cols();
    Matrix made(last.size(), kept + 1);
    made.leftCols(kept) = columns.rightCols(kept);
    made.col(kept) = last;
    return made;
  }

  void Remember(const DescentPoint& from, const DescentPoint& to) override {
    const Vector step = View(to.x) - View(from.x);
    const Vector change = View(to.gradient) - View(from.gradient);
    if (!(kEpsilon * change.norm() < std::abs(step.dot(change)))) return;
    Curvature next;
    next.y = WithColumn(curvature_.y, change, memory());
    next.s = WithColumn(curvature_.s, step, memory());
    next.theta = change.dot(change) / change.dot(step);
    const Eigen::Index k = next.y.cols();
    next.w.resize(step.size(), 2 * k);
    next.w << next.y, next.s * next.theta;
    const Matrix a = next.s.transpose() * next.y;
    Matrix middle = Matrix::Zero(2 * k, 2 * k);
    middle.topLeftCorner(k, k).diagonal() = -a.diagonal();
    const Matrix lower = a.triangularView<Eigen::StrictlyLower>();
    middle.topRightCorner(k, k) = lower.transpose();
    middle.bottomLeftCorner(k, k) = lower;
    middle.bottomRightCorner(k, k) = next.s.transpose() * next.s * next.theta;
    const Eigen::PartialPivLU<Matrix> lu(middle);
    if (!Solvable(lu)) return Forget();
    next.m = lu.inverse();
    curvature_ = std::move(next);
  }

  struct Cauchy {
    Vector x;
    Vector c;  // W' (x - where it started)
  };

  /// The first minimum along the projected gradient; nullopt when every coordinate is held.
  std::optional<Cauchy> CauchyPoint(const DescentPoint& from) const {
    const auto& [theta, w, m, y, s] = curvature_;
    const Eigen::Map<const Vector> x = View(from.x);
    const Eigen::Map<const Vector> g = View(from.gradient);
    Vector d = Vector::Zero(g.size());
    Vector until(g.size());  // the step at which a coordinate meets its bound
    for (Eigen::Index i = 0; i < g.size(); ++i) {
      const auto at = static_cast<size_t>(i);
      if (g[i] == 0) {
        until[i] = std::numeric_limits<double>::max();
        continue;
      }
      until[i] = (x[i] - (g[i] < 0 ? bounds_.upper[at] : bounds_.lower[at])) / g[i];
      d[i] = until[i] == 0 ? 0.0 : -g[i];
    }
    std::vector<Eigen::Index> order(n_);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](Eigen::Index a, Eigen::Index b) { return until[a] < until[b]; });
    size_t i = 0;
    while (i < n_ && until[order[i]] == 0) ++i;
    if (i == n_) return std::nullopt;

    Cauchy found{x, Vector::Zero(m.rows())};
    Vector p = w.transpose() * d;
    double first = g.dot(d);
    double second = -theta * first - p.dot(m * p);
    double best = -(first / second);
    double passed = 0;
    while (i < n_ && until[order[i]] - passed <= best) {
      const Eigen::Index b = order[i];
      const double delta = until[b] - passed;
      const auto at = static_cast<size_t>(b);
      found.x[b] = d[b] > 0 ? bounds_.upper[at] : bounds_.lower[at];
      const double z = found.x[b] - x[b];
      found.c += p * delta;
      const Vector row = w.row(b);
      first += delta * second + g[b] * g[b] + theta * g[b] * z - g[b] * row.dot(m * found.c);
      second +=
          -theta * g[b] * g[b] - 2.0 * (g[b] * row.dot(m * p)) - g[b] * g[b] * row.dot(m * row);
      p += row * g[b];
      d[b] = 0;
      best = -first / second;
      passed = until[b];
      ++i;
    }
    best = std::max(best, 0.0);
    passed += best;
    for (; i < n_; ++i) found.x[order[i]] = x[order[i]] + passed * d[order[i]];
    found.c += p * best;
    return found;
  }

  /// The minimum over the coordinates that are at no bound, on the way there from the Cauchy point.
  std::optional<Vector> SubspaceMinimum(const DescentPoint& from, const Cauchy& cauchy) const {
    const auto& [theta, w, m, y, s] = curvature_;
    std::vector<Eigen::Index> open;
    for (size_t i = 0; i < n_; ++i) {
      const auto at = static_cast<Eigen::Index>(i);
      const double value = cauchy.x[at];
      if (value != bounds_.upper[i] && value != bounds_.lower[i]) open.push_back(at);
    }
    const Vector all = View(from.gradient) + (cauchy.x - View(from.x)) * theta - w * (m * cauchy.c);
    const Vector r = all(open);
    const Matrix wz = w(open, Eigen::all);
    const Matrix n =
        Matrix::Identity(w.cols(), w.cols()) - m * (wz.transpose() * wz * (1.0 / theta));
    Vector v = m * (wz.transpose() * r);
    if (n.cols() > 0) {
      const Eigen::PartialPivLU<Matrix> lu(n);
      if (!Solvable(lu)) return std::nullopt;
      v = lu.solve(v);
    }
    const Vector d = -(r / theta + wz * v / (theta * theta));
    double alpha = 1.0;
    for (size_t k = 0; k < open.size(); ++k) {
      const auto at = static_cast<size_t>(open[k]);
      const double step = d[static_cast<Eigen::Index>(k)];
      if (step == 0) continue;
      const double limit = step > 0 ? bounds_.upper[at] : bounds_.lower[at];
      alpha = std::min(alpha, (limit - cauchy.x[open[k]]) / step);
    }
    Vector least = cauchy.x;
    for (size_t k = 0; k < open.size(); ++k) {
      least[open[k]] += d[static_cast<Eigen::Index>(k)] * alpha;
    }
    if (!least.allFinite()) return std::nullopt;
    return least;
  }

  const Bounds& bounds_;
  const size_t n_;
  Curvature curvature_;
};

}  // namespace

base::StatusOr<Minimum> MinimizeLbfgsb(const Objective& objective, Bounds bounds,
                                       std::vector<double> start, const MinimizeOptions& options) {
  CHECK(bounds.lower.size() == start.size() && bounds.upper.size() == start.size());
  for (size_t i = 0; i < start.size(); ++i) {
    if (bounds.lower[i] <= start[i] && start[i] <= bounds.upper[i]) continue;
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: seed is not feasible (violates lower bound or "
                      "upperBounds)");
  }
  return Lbfgsb(objective, bounds, options).Run(std::move(start));
}

}  // namespace soteria::ml
