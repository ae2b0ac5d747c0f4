#include "src/ml/random/mersenne_twister.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace soteria::ml {
namespace {

constexpr size_t kShift = 397;

uint32_t Mixed(uint32_t last, uint32_t factor) { return (last ^ (last >> 30)) * factor; }

}  // namespace

MersenneTwister::MersenneTwister(int64_t seed) {
  state_[0] = 19650218U;
  for (size_t i = 1; i < kWords; ++i) {
    state_[i] = Mixed(state_[i - 1], 1812433253U) + static_cast<uint32_t>(i);
  }
  const auto bits = static_cast<uint64_t>(seed);
  const uint32_t key[] = {static_cast<uint32_t>(bits >> 32), static_cast<uint32_t>(bits)};
  size_t i = 1;
  const auto step = [&] {
    if (++i < kWords) return;
    state_[0] = state_[kWords - 1];
    i = 1;
  };
  for (size_t k = 0; k < kWords; ++k) {
    state_[i] =
        (state_[i] ^ Mixed(state_[i - 1], 1664525U)) + key[k % 2] + static_cast<uint32_t>(k % 2);
    step();
  }
  for (size_t k = 1; k < kWords; ++k) {
    state_[i] = (state_[i] ^ Mixed(state_[i - 1], 1566083941U)) - static_cast<uint32_t>(i);
    step();
  }
  state_[0] = 0x80000000U;
}

void MersenneTwister::Refill() {
  for (size_t i = 0; i < kWords; ++i) {
    const uint32_t y = (state_[i] & 0x80000000U) | (state_[(i + 1) % kWords] & 0x7fffffffU);
    state_[i] = state_[(i + kShift) % kWords] ^ (y >> 1) ^ ((y & 1U) != 0 ? 0x9908b0dfU : 0U);
  }
  index_ = 0;
}

uint32_t MersenneTwister::Next(int bits) {
  if (index_ == kWords) Refill();
  uint32_t y = state_[index_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680U;
  y ^= (y << 15) & 0xefc60000U;
  y ^= y >> 18;
  return y >> (32 - bits);
}

double MersenneTwister::NextDouble() {
  const uint64_t high = static_cast<uint64_t>(Next(26)) << 26;
  return static_cast<double>(high | Next(26)) * 0x1.0p-52;
}

double MersenneTwister::NextGaussian() {
  if (next_gaussian_) return *std::exchange(next_gaussian_, std::nullopt);
  const double alpha = 2 * std::numbers::pi * NextDouble();
  const double r = std::sqrt(-2 * std::log(NextDouble()));
  next_gaussian_ = r * std::sin(alpha);
  return r * std::cos(alpha);
}

GammaSampler::GammaSampler(double shape, double scale, int64_t seed)
    : scale_(scale), d_(shape - 1.0 / 3.0), c_(1.0 / std::sqrt(9.0 * d_)), random_(seed) {}

double GammaSampler::Next() {
  while (true) {
    double x = 0, v = 0;
    do {
      x = random_.NextGaussian();
      v = 1.0 + c_ * x;
    } while (v <= 0);
    v = v * v * v;
    const double x2 = x * x;
    const double u = random_.NextDouble();
    if (u < 1.0 - 0.0331 * (x2 * x2) || std::log(u) < 0.5 * x2 + d_ * (1.0 - v + std::log(v))) {
      return scale_ * d_ * v;
    }
  }
}

}  // namespace soteria::ml
