#include "src/ml/random/replacement_sample.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace soteria::ml {
namespace {

constexpr double kGapFractionMax = 0.4;
constexpr double kSmallestDraw = 5e-11;

}  // namespace

ReplacementSampler::ReplacementSampler(double fraction, int64_t seed)
    : fraction_(fraction), none_(std::exp(-fraction)), gaps_(seed) {
  if (fraction > kGapFractionMax) {
    poisson_.emplace(fraction, seed);
  } else if (fraction > 0) {
    Skip();
  }
}

void ReplacementSampler::Skip() {
  const double gap = std::log(std::max(gaps_.NextDouble(), kSmallestDraw)) / -fraction_;
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
  dropping_ = gap < kMost ? static_cast<int32_t>(gap) : kMost;
}

int64_t ReplacementSampler::AtLeastOnce() {
  double product = none_ + (1.0 - none_) * gaps_.NextDouble();
  int64_t times = 1;
  product *= gaps_.NextDouble();
  while (product > none_) {
    ++times;
    product *= gaps_.NextDouble();
  }
  return times;
}

int64_t ReplacementSampler::Next() {
  if (poisson_) return poisson_->Next();
  if (!(fraction_ > 0)) return 0;
  if (dropping_ > 0) {
    --dropping_;
    return 0;
  }
  const int64_t times = AtLeastOnce();
  Skip();
  return times;
}

}  // namespace soteria::ml
