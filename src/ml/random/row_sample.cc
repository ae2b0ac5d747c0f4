#include "src/ml/random/row_sample.h"

#include <algorithm>
#include <cmath>

namespace soteria::ml {
namespace {

constexpr double kGapFractionMax = 0.4;  // below it, gaps between rows are drawn, not rows
constexpr double kSmallestDraw = 5e-11;

}  // namespace

double SampleFraction(uint64_t wanted, uint64_t total) {
  constexpr double kDelta = 1e-4;
  constexpr double kFractionMin = 1e-10;
  const double fraction = static_cast<double>(wanted) / static_cast<double>(total);
  const double gamma = -std::log(kDelta) / static_cast<double>(total);
  return std::min(1.0, std::max(kFractionMin, fraction + gamma +
                                                  std::sqrt(gamma * gamma + 2 * gamma * fraction)));
}

int64_t PartitionSeed(int64_t sample_seed, uint64_t partition) {
  table::JavaRandom random(sample_seed);
  int64_t seed = random.NextLong();
  for (uint64_t i = 0; i < partition; ++i) seed = random.NextLong();
  return seed;
}

BernoulliSampler::BernoulliSampler(double fraction, int64_t seed)
    : fraction_(fraction), random_(seed), gaps_(fraction > 0 && fraction <= kGapFractionMax) {
  if (!gaps_) return;
  log_rest_ = std::log1p(-fraction);
  Skip();
}

void BernoulliSampler::Skip() {
  const double draw = std::max(random_.NextDouble(), kSmallestDraw);
  dropping_ = static_cast<int32_t>(std::min(std::log(draw) / log_rest_, 2147483647.0));
}

bool BernoulliSampler::Next() {
  if (fraction_ <= 0) return false;
  if (fraction_ >= 1) return true;
  if (!gaps_) return random_.NextDouble() <= fraction_;
  if (dropping_ > 0) {
    --dropping_;
    return false;
  }
  Skip();
  return true;
}

void Shuffle(size_t size, table::JavaRandom& random,
             const std::function<void(size_t, size_t)>& swap) {
  for (size_t i = size; i-- > 1;) {
    swap(static_cast<size_t>(random.NextInt(static_cast<int32_t>(i + 1))), i);
  }
}

}  // namespace soteria::ml
