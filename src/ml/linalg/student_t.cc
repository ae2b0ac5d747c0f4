#include "src/ml/linalg/student_t.h"

#include <cmath>
#include <limits>

namespace soteria::ml {
namespace {

/// The continued fraction of the incomplete beta function, by Lentz's method: Numerical Recipes,
/// 3rd ed., section 6.4.
double BetaFraction(double a, double b, double x) {
  constexpr int kTermsMax = 100'000;
  constexpr double kTiny = 1e-300;
  constexpr double kEnough = 1e-16;
  const auto kept = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1.0;
  double d = 1.0 / kept(1.0 - (a + b) * x / (a + 1.0));
  double value = d;
  for (int i = 1; i <= kTermsMax; ++i) {
    const double m = i;
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1.0 / kept(1.0 + even * d);
    c = kept(1.0 + even / c);
    value *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1.0 / kept(1.0 + odd * d);
    c = kept(1.0 + odd / c);
    value *= d * c;
    if (std::abs(d * c - 1.0) < kEnough) break;
  }
  return value;
}

/// The regularised incomplete beta function.
double Beta(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, 1 - x) / b;
}

}  // namespace

double StudentT(double freedom, double t) {
  if (!(freedom > 0) || std::isnan(t)) return std::numeric_limits<double>::quiet_NaN();
  if (t == 0) return 0.5;
  const double tail = 0.5 * Beta(freedom / (freedom + t * t), 0.5 * freedom, 0.5);
  return t < 0 ? tail : 1.0 - tail;
}

}  // namespace soteria::ml
