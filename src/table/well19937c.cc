#include "src/table/well19937c.h"

#include <cmath>

namespace soteria::table {

Well19937c::Well19937c(int64_t seed) {
  const auto bits = static_cast<uint64_t>(seed);
  state_[0] = static_cast<uint32_t>(bits >> 32);
  state_[1] = static_cast<uint32_t>(bits);
  for (size_t i = 2; i < kWords; ++i) {
    // Of the word as a signed number, as in Java.
    const int64_t l = static_cast<int32_t>(state_[i - 2]);
    constexpr uint64_t kMultiplier = 1812433253;
    state_[i] = static_cast<uint32_t>(kMultiplier * static_cast<uint64_t>(l ^ (l >> 30)) + i);
  }
}

uint32_t Well19937c::Next(int bits) {
  constexpr size_t kM1 = 70, kM2 = 179, kM3 = 449;
  const size_t before = (index_ + kWords - 1) % kWords;
  const size_t before2 = (index_ + kWords - 2) % kWords;
  const uint32_t v0 = state_[index_];
  const uint32_t m1 = state_[(index_ + kM1) % kWords];
  const uint32_t m2 = state_[(index_ + kM2) % kWords];
  const uint32_t m3 = state_[(index_ + kM3) % kWords];
  const uint32_t z0 = (0x80000000U & state_[before]) ^ (0x7FFFFFFFU & state_[before2]);
  const uint32_t z1 = (v0 ^ (v0 << 25)) ^ (m1 ^ (m1 >> 27));
  const uint32_t z2 = (m2 >> 9) ^ (m3 ^ (m3 >> 1));
  const uint32_t z3 = z1 ^ z2;
  uint32_t z4 = z0 ^ (z1 ^ (z1 << 9)) ^ (z2 ^ (z2 << 21)) ^ (z3 ^ (z3 >> 21));
  state_[index_] = z3;
  state_[before] = z4;
  state_[before2] &= 0x80000000U;
  index_ = before;
  z4 ^= (z4 << 7) & 0xe46e1700U;
  z4 ^= (z4 << 15) & 0x9b868000U;
  return z4 >> (32 - bits);
}

double Well19937c::NextDouble() {
  const uint64_t high = static_cast<uint64_t>(Next(26)) << 26;
  return static_cast<double>(high | Next(26)) * 0x1.0p-52;
}

PoissonSampler::PoissonSampler(double mean, int64_t seed)
    : mean_(mean), limit_(std::exp(-mean)), random_(seed) {}

int64_t PoissonSampler::Next() {
  int64_t n = 0;
  double r = 1;
  while (static_cast<double>(n) < 1000 * mean_) {
    r *= random_.NextDouble();
    if (r < limit_) break;
    ++n;
  }
  return n;
}

}  // namespace soteria::table
