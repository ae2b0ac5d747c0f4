// OWL-QN and L-BFGS-B on functions with known minima, and failures of the objective. That their
// paths are breeze's is tested through the objectiveHistory of linear and logistic regression.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "src/base/errors.h"
#include "src/ml/optimize/lbfgsb.h"
#include "src/ml/optimize/owlqn.h"

namespace soteria::ml {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Sum of i (x_i - a_i)^2 / 2, i from 1.
Objective Bowl(std::vector<double> a) {
  return [a](std::span<const double> x, std::span<double> g) -> base::StatusOr<double> {
    double value = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double weight = static_cast<double>(i + 1);
      g[i] = weight * (x[i] - a[i]);
      value += 0.5 * weight * (x[i] - a[i]) * (x[i] - a[i]);
    }
    return value;
  };
}

TEST(Owlqn, ShrinksTowardsZeroAndStopsThere) {
  MinimizeOptions options;
  options.tolerance = 1e-12;
  const auto result = MinimizeOwlqn(Bowl({3, -0.4, 0.1, -2}), {1, 1, 1, 0}, {0, 0, 0, 0}, options);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->x[0], 2.0, 1e-7);
  EXPECT_EQ(result->x[1], 0.0);  // |gradient| at 0 is 0.8 < 1
  EXPECT_EQ(result->x[2], 0.0);
  EXPECT_NEAR(result->x[3], -2.0, 1e-7);
  for (size_t i = 1; i < result->values.size(); ++i) {
    EXPECT_LE(result->values[i], result->values[i - 1] + 1e-12);
  }
}

TEST(Owlqn, PassesErrorsOn) {
  const Objective broken = [](std::span<const double>,
                              std::span<double>) -> base::StatusOr<double> {
    return base::Fail(base::kCancelled, "stop");
  };
  EXPECT_TRUE(base::Is(MinimizeOwlqn(broken, {1}, {0}, {}).status(), base::kCancelled));
  MinimizeOptions options;
  options.after_iteration = [](int64_t) { return base::Fail(base::kCancelled, "stop"); };
  EXPECT_FALSE(MinimizeOwlqn(Bowl({3}), {1}, {0}, options).ok());
  EXPECT_FALSE(MinimizeLbfgsb(Bowl({3}), {{0}, {1}}, {0}, options).ok());
}

TEST(Lbfgsb, StopsAtItsBounds) {
  MinimizeOptions options;
  options.tolerance = 1e-12;
  const Bounds bounds = {{-1, 0, -kInfinity, 0.5}, {1, kInfinity, kInfinity, 0.5}};
  const auto result = MinimizeLbfgsb(Bowl({3, -0.4, 0.1, -2}), bounds, {0, 0, 0, 0.5}, options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->x[0], 1.0);
  EXPECT_EQ(result->x[1], 0.0);
  EXPECT_NEAR(result->x[2], 0.1, 1e-5);
  EXPECT_EQ(result->x[3], 0.5);
  EXPECT_EQ(result->stop, MinimizeStop::kProjectionConverged);
}

TEST(Lbfgsb, FindsAMinimumThatNoBoundHolds) {
  const Objective rosenbrock = [](std::span<const double> x,
                                  std::span<double> g) -> base::StatusOr<double> {
    const double a = 1 - x[0];
    const double b = x[1] - x[0] * x[0];
    g[0] = -2 * a - 400 * b * x[0];
    g[1] = 200 * b;
    return a * a + 100 * b * b;
  };
  MinimizeOptions options;
  options.iterations_max = 200;
  options.tolerance = 1e-14;
  const auto result = MinimizeLbfgsb(rosenbrock, {{-2, -2}, {2, 2}}, {-1.2, 1}, options);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->x[0], 1.0, 1e-4);
  EXPECT_NEAR(result->x[1], 1.0, 1e-4);
}

TEST(Lbfgsb, RefusesAStartOutsideOfItsBounds) {
  EXPECT_FALSE(MinimizeLbfgsb(Bowl({3}), {{0}, {1}}, {2}, {}).ok());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(MinimizeLbfgsb(Bowl({3}), {{nan}, {1}}, {0}, {}).ok());
}

}  // namespace
}  // namespace soteria::ml
