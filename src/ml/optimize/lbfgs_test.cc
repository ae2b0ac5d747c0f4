// L-BFGS on functions with known minima, its stopping rules, and failures of the objective. That
// its path is breeze's is tested through logistic regression's objectiveHistory.
#include "src/ml/optimize/lbfgs.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/base/errors.h"

namespace soteria::ml {
namespace {

base::StatusOr<double> Rosenbrock(std::span<const double> x, std::span<double> g) {
  double value = 0;
  std::fill(g.begin(), g.end(), 0.0);
  for (size_t i = 0; i + 1 < x.size(); i += 2) {
    const double a = 1 - x[i];
    const double b = x[i + 1] - x[i] * x[i];
    value += a * a + 100 * b * b;
    g[i] = -2 * a - 400 * b * x[i];
    g[i + 1] = 200 * b;
  }
  return value;
}

TEST(Lbfgs, FindsTheMinimum) {
  MinimizeOptions options;
  options.iterations_max = 200;
  options.tolerance = 1e-12;
  const auto result = MinimizeLbfgs(Rosenbrock, {-1.2, 1, -1.2, 1}, options);
  ASSERT_TRUE(result.ok());
  for (const double x : result->x) EXPECT_NEAR(x, 1.0, 1e-5);
  for (size_t i = 1; i < result->values.size(); ++i) {
    EXPECT_LE(result->values[i], result->values[i - 1]);
  }
  EXPECT_EQ(result->stop, MinimizeStop::kGradientConverged);
}

TEST(Lbfgs, StopsAtIterationsMax) {
  MinimizeOptions options;
  options.iterations_max = 3;
  int64_t seen = 0;
  options.after_iteration = [&seen](int64_t iteration) {
    EXPECT_EQ(iteration, ++seen);
    return base::OkStatus();
  };
  const auto result = MinimizeLbfgs(Rosenbrock, {-1.2, 1}, options);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->values.size(), 4U);
  EXPECT_EQ(result->stop, MinimizeStop::kIterations);
  EXPECT_EQ(seen, 3);
  options.iterations_max = 0;
  EXPECT_EQ(MinimizeLbfgs(Rosenbrock, {-1.2, 1}, options)->values.size(), 1U);
}

TEST(Lbfgs, AStartWithoutAFiniteLossOrGradientIsRefused) {
  for (const bool gradient : {false, true}) {
    const auto result = MinimizeLbfgs(
        [gradient](std::span<const double>, std::span<double> g) -> base::StatusOr<double> {
          g[0] = gradient ? std::nan("") : 1.0;
          return gradient ? 1.0 : std::nan("");
        },
        {1}, {});
    EXPECT_TRUE(base::Is(result.status(), base::kIllegalArgument));
    EXPECT_NE(base::Message(result.status()).find("init value should <= bound"), std::string::npos);
  }
}

TEST(Lbfgs, StartAtTheMinimumTakesNoStep) {
  const auto result = MinimizeLbfgs(Rosenbrock, {1, 1}, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->values, std::vector<double>{0.0});
  EXPECT_EQ(result->stop, MinimizeStop::kGradientConverged);
}

TEST(Lbfgs, ValuesConvergeOverAWindow) {
  // Curvatures from 1 to 1e9: gradients stay large for long after the values have settled, which
  // counts only once the window of 20 iterations is full.
  MinimizeOptions options;
  options.tolerance = 0.01;
  options.iterations_max = 1000;
  const Objective steep = [](std::span<const double> x,
                             std::span<double> g) -> base::StatusOr<double> {
    double value = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double scale = std::pow(10.0, static_cast<double>(i % 10));
      value += 0.5 * scale * x[i] * x[i];
      g[i] = scale * x[i];
    }
    return value;
  };
  std::vector<double> start(100, 1.0);
  for (size_t i = 0; i < start.size(); ++i) start[i] += 0.01 * static_cast<double>(i);
  const auto result = MinimizeLbfgs(steep, start, options);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->stop, MinimizeStop::kValuesConverged);
  EXPECT_GE(result->values.size(), 21U);
  EXPECT_LT(result->values.size(), 60U);
}

TEST(Lbfgs, WrongGradientFailsTwiceAndStops) {
  const Objective uphill = [](std::span<const double> x,
                              std::span<double> g) -> base::StatusOr<double> {
    g[0] = -2 * x[0];  // the wrong sign
    return x[0] * x[0];
  };
  const auto result = MinimizeLbfgs(uphill, {3}, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->stop, MinimizeStop::kSearchFailed);
  // The start, once more after the history was dropped, and the failure: as breeze's states.
  EXPECT_EQ(result->values, (std::vector<double>{9, 9, 9}));
  EXPECT_EQ(result->x, std::vector<double>{3});
}

TEST(Lbfgs, TooLargeAStepIsHalved) {
  const Objective bounded = [](std::span<const double> x,
                               std::span<double> g) -> base::StatusOr<double> {
    g[0] = 2 * (x[0] - 1);
    if (std::abs(x[0]) > 2) return std::numeric_limits<double>::infinity();
    return (x[0] - 1) * (x[0] - 1);
  };
  const auto result = MinimizeLbfgs(bounded, {-1.9}, {});
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->x[0], 1.0, 1e-6);
}

TEST(Lbfgs, ErrorsOfTheObjectiveEndIt) {
  int calls = 0;
  const Objective fails = [&calls](std::span<const double> x,
                                   std::span<double> g) -> base::StatusOr<double> {
    if (++calls == 4) return base::Fail(base::kWorkerLost, "gone");
    return Rosenbrock(x, g);
  };
  const auto result = MinimizeLbfgs(fails, {-1.2, 1}, {});
  EXPECT_TRUE(base::Is(result.status(), base::kWorkerLost));
  MinimizeOptions options;
  options.after_iteration = [](int64_t) { return base::Fail(base::kCancelled, "stop"); };
  EXPECT_TRUE(base::Is(MinimizeLbfgs(Rosenbrock, {-1.2, 1}, options).status(), base::kCancelled));
}

}  // namespace
}  // namespace soteria::ml
