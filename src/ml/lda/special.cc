#include "src/ml/lda/special.h"

#include <math.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace soteria::ml {
namespace {

constexpr double kSmall = 1e-5;
constexpr double kLarge = 49;      // from here on Commons Math's series
constexpr double kLowest = -1000;  // far below it, its recursion runs out of stack

/// Its sign of the fourth power is what the ninth digit is about.
double ShortSeries(double x) {
  const double inv = 1 / (x * x);
  return std::log(x) - 0.5 / x - inv * (1.0 / 12 + inv * (1.0 / 120 - inv / 252));
}

/// By steps of 1, as Commons Math does it.
double DigammaByUnits(double x) {
  double less = 0;
  for (; x < kLarge; x += 1) less += 1 / x;
  return ShortSeries(x) - less;
}

}  // namespace

double Digamma(double x) {
  if (x >= kLarge) return std::isinf(x) ? x : ShortSeries(x);
  if (x > 0 && x <= kSmall) return -std::numbers::egamma - 1 / x;
  if (!(x > 0)) {
    return x > kLowest ? DigammaByUnits(x) : std::numeric_limits<double>::quiet_NaN();
  }
  // The function itself, by a series from 10 on, and what the short one is off by where the steps
  // of 1 would have led. The sum of 1 / (x + i) is one fraction.
  const double steps = std::ceil(kLarge - x);
  double up = 0, down = 1, y = x;
  for (; y < 10; y += 1) {
    up = up * y + down;
    down *= y;
  }
  const double inv = 1 / (y * y);
  const double series =
      inv *
      (1.0 / 12 -
       inv * (1.0 / 120 -
              inv * (1.0 / 252 - inv * (1.0 / 240 - inv * (1.0 / 132 - inv * 691.0 / 32760)))));
  const double end = x + steps;
  const double end_inv = 1 / (end * end);
  const double off = end_inv * end_inv * (1.0 / 60 - end_inv * (1.0 / 126));
  return std::log(y) - 0.5 / y - series - off - up / down;
}

double Trigamma(double x) {
  if (std::isnan(x) || std::isinf(x) || x <= kLowest) return x;
  double more = 0;
  for (; x < kLarge; x += 1) {
    more += 1 / (x * x);
    if (x > 0 && x <= kSmall) return more;
  }
  const double inv = 1 / (x * x);
  return 1 / x + inv / 2 + inv / x * (1.0 / 6 - inv * (1.0 / 30 + inv / 42)) + more;
}

double LogGamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);
}

void ExpectedLogs(const double* parameters, size_t size, double* logs) {
  double sum = 0;
  for (size_t i = 0; i < size; ++i) sum += parameters[i];
  const double of_sum = Digamma(sum);
  for (size_t i = 0; i < size; ++i) logs[i] = Digamma(parameters[i]) - of_sum;
}

}  // namespace soteria::ml
