#include "src/ml/linalg/logistic.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "src/ml/linalg/lanes.h"

namespace soteria::ml {
namespace {

using Bits = int64_t __attribute__((vector_size(32)));

Bits AsBits(Lanes v) { return std::bit_cast<Bits>(v); }
Lanes AsLanes(Bits v) { return std::bit_cast<Lanes>(v); }
Lanes Select(Bits mask, Lanes yes, Lanes no) {
  return AsLanes((mask & AsBits(yes)) | (~mask & AsBits(no)));
}

/// exp(x) for x <= 0, to about one unit in the last place; below -708 (where results get denormal)
/// 0. x = n log 2 + r with |r| <= log(2)/2, a Taylor polynomial in r, times 2^n.
Lanes ExpOfNegative(Lanes x) {
  const Lanes kLog2High = All(6.93147180369123816490e-01);  // low bits zero: n * high is exact
  const Lanes kLog2Low = All(1.90821492927058770002e-10);
  const Lanes kShift = All(6755399441055744.0);  // 1.5 * 2^52: adding it rounds to an integer
  const Bits tiny = x < All(-708.0);
  const Lanes safe = Select(tiny, All(0.0), x);
  const Lanes shifted = safe * All(1.44269504088896340736) + kShift;
  const Lanes n = shifted - kShift;
  const Lanes r = (safe - n * kLog2High) - n * kLog2Low;
  constexpr double kInverseFactorials[] = {
      1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
      1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
  Lanes p = All(kInverseFactorials[0]);
  for (int i = 1; i < 12; ++i) p = p * r + All(kInverseFactorials[i]);
  const Lanes e = (p * r * r + r) + All(1.0);
  // The integer n sits in the low bits of `shifted`.
  const Bits exponent = (AsBits(shifted) - AsBits(kShift)) << 52;
  return Select(tiny, All(0.0), AsLanes(AsBits(e) + exponent));
}

/// log(1 + e) for 0 <= e <= 1, from atanh's series: with y = 1 + f and s = f / (2 + f),
/// log y = 2 (s + s^3/3 + s^5/5 + ...). f is e, or (e - 1) / 2 with a log 2 beside it.
Lanes LogOfOnePlus(Lanes e) {
  const Bits large = e > All(0.41421356237309503);
  const Lanes f = Select(large, (e - All(1.0)) * All(0.5), e);
  const Lanes s = f / (All(2.0) + f);
  const Lanes z = s * s;
  Lanes p = All(1.0 / 23);
  for (int k = 21; k >= 3; k -= 2) p = p * z + All(1.0 / k);
  const Lanes log = All(2.0) * (p * z * s + s);
  return Select(large, log + All(0.69314718055994530942), log);
}

/// Four rows; the sums stay in lanes.
void Step(Lanes y, Lanes w, double* margin, Lanes& loss, Lanes& weight, Lanes& multiplier) {
  const Lanes m = Select(w > All(0.0), Load(margin), All(0.0));
  const Lanes zero = All(0.0);
  const Lanes e = ExpOfNegative(Select(m < zero, m, -m));
  // Loss of margin t = m for a positive row, -m for another: max(0, -t) + log(1 + exp(-|m|)).
  const Lanes against = Select(y > zero, -m, m);
  const Lanes row_loss = Select(against > zero, against, zero) + LogOfOnePlus(e);
  const Lanes sigmoid = Select(m < zero, e, All(1.0)) / (All(1.0) + e);
  const Lanes row_multiplier = w * (sigmoid - y);
  loss += w * row_loss;
  weight += w;
  multiplier += row_multiplier;
  Store(margin, row_multiplier);
}

double Sum(Lanes v) { return (v[0] + v[2]) + (v[1] + v[3]); }

}  // namespace

LossSums LogisticTerms(const double* label, const double* weight, int64_t rows, double* margin) {
  Lanes loss = {};
  Lanes weights = {};
  Lanes multiplier = {};
  int64_t i = 0;
  for (; i + kLanes <= rows; i += kLanes) {
    const Lanes y = Load(label + i);
    const Lanes w = weight != nullptr ? Load(weight + i) : All(1.0);
    Step(y, w, margin + i, loss, weights, multiplier);
  }
  if (i < rows) {  // rows of weight 0 fill the last four up
    Lanes y = {};
    Lanes w = {};
    double m[kLanes] = {};
    for (int64_t k = i; k < rows; ++k) {
      y[k - i] = label[k];
      w[k - i] = weight == nullptr ? 1.0 : weight[k];
      m[k - i] = margin[k];
    }
    Step(y, w, m, loss, weights, multiplier);
    for (int64_t k = i; k < rows; ++k) margin[k] = m[k - i];
  }
  return {Sum(loss), Sum(weights), Sum(multiplier), 0.0};
}

double Sigmoid(double margin) { return 1.0 / (1.0 + std::exp(-margin)); }

double ProbabilityOfOne(double margin) { return 1.0 - Sigmoid(-margin); }

}  // namespace soteria::ml
