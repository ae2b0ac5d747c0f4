#include "src/table/spark_random.h"

#include <bit>
#include <cmath>

namespace soteria::table {
namespace {

constexpr double kDoubleUnit = 0x1.0p-53;

uint32_t Mix(uint32_t h, uint32_t k) {
  k *= 0xcc9e2d51u;
  k = std::rotl(k, 15);
  k *= 0x1b873593u;
  return h ^ k;
}

/// java.util.Random's derived draws over any `next(bits)`.
template <class R>
int32_t Bounded(R& random, int32_t bound) {
  int32_t r = random.Next(31);
  const int32_t m = bound - 1;
  if ((bound & m) == 0) {
    return static_cast<int32_t>((static_cast<int64_t>(bound) * static_cast<int64_t>(r)) >> 31);
  }
  for (int32_t u = r;; u = random.Next(31)) {
    r = u % bound;
    // Java's u - r + m overflows exactly when u lies in the last, incomplete run.
    if (static_cast<int64_t>(u) - r + m <= INT32_MAX) return r;
  }
}

template <class R>
int64_t Long(R& random) {
  const auto high = static_cast<uint64_t>(static_cast<int64_t>(random.Next(32))) << 32;
  return static_cast<int64_t>(high + static_cast<uint64_t>(static_cast<int64_t>(random.Next(32))));
}

template <class R>
double Double(R& random) {
  const auto high = static_cast<int64_t>(random.Next(26)) << 27;
  return static_cast<double>(high + random.Next(27)) * kDoubleUnit;
}

/// Marsaglia's polar method, two values a round.
template <class R>
double Gaussian(R& random, double* next) {
  for (;;) {
    const double v1 = 2 * random.NextDouble() - 1;
    const double v2 = 2 * random.NextDouble() - 1;
    const double s = v1 * v1 + v2 * v2;
    if (s >= 1 || s == 0) continue;
    const double multiplier = std::sqrt(-2 * std::log(s) / s);
    *next = v2 * multiplier;
    return v1 * multiplier;
  }
}

}  // namespace

int32_t MurmurBytesHash(std::span<const uint8_t> data, int32_t seed) {
  auto h = static_cast<uint32_t>(seed);
  size_t i = 0;
  for (; i + 4 <= data.size(); i += 4) {
    const uint32_t k = static_cast<uint32_t>(data[i]) | static_cast<uint32_t>(data[i + 1]) << 8 |
                       static_cast<uint32_t>(data[i + 2]) << 16 |
                       static_cast<uint32_t>(data[i + 3]) << 24;
    h = std::rotl(Mix(h, k), 13) * 5 + 0xe6546b64u;
  }
  uint32_t k = 0;
  for (size_t rest = data.size() - i; rest > 0; --rest) {
    k |= static_cast<uint32_t>(data[i + rest - 1]) << (8 * (rest - 1));
  }
  if (i < data.size()) h = Mix(h, k);
  h ^= static_cast<uint32_t>(data.size());
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return static_cast<int32_t>(h ^ (h >> 16));
}

int64_t XorShiftRandom::HashSeed(int64_t seed) {
  uint8_t bytes[8];  // big-endian, as java.nio.ByteBuffer writes it
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<uint8_t>(static_cast<uint64_t>(seed) >> (56 - 8 * i));
  }
  constexpr int32_t kArraySeed = 0x3c074a61;
  const int32_t low = MurmurBytesHash(bytes, kArraySeed);
  const int32_t high = MurmurBytesHash(bytes, low);
  return static_cast<int64_t>((static_cast<uint64_t>(static_cast<uint32_t>(high)) << 32) |
                              static_cast<uint32_t>(low));
}

XorShiftRandom::XorShiftRandom(int64_t seed) : seed_(HashSeed(seed)) {}

int32_t XorShiftRandom::Next(int bits) {
  auto s = static_cast<uint64_t>(seed_);
  s ^= s << 21;
  s ^= s >> 35;
  s ^= s << 4;
  seed_ = static_cast<int64_t>(s);
  return static_cast<int32_t>(static_cast<uint32_t>(s & ((uint64_t{1} << bits) - 1)));
}

int32_t XorShiftRandom::NextInt(int32_t bound) { return Bounded(*this, bound); }
int64_t XorShiftRandom::NextLong() { return Long(*this); }
double XorShiftRandom::NextDouble() { return Double(*this); }
double XorShiftRandom::NextGaussian() {
  if (have_next_gaussian_) {
    have_next_gaussian_ = false;
    return next_gaussian_;
  }
  have_next_gaussian_ = true;
  return Gaussian(*this, &next_gaussian_);
}

JavaRandom::JavaRandom(int64_t seed)
    : seed_((static_cast<uint64_t>(seed) ^ 0x5DEECE66DULL) & ((uint64_t{1} << 48) - 1)) {}

int32_t JavaRandom::Next(int bits) {
  seed_ = (seed_ * 0x5DEECE66DULL + 0xBULL) & ((uint64_t{1} << 48) - 1);
  return static_cast<int32_t>(static_cast<uint32_t>(seed_ >> (48 - bits)));
}

int32_t JavaRandom::NextInt(int32_t bound) { return Bounded(*this, bound); }
int64_t JavaRandom::NextLong() { return Long(*this); }
double JavaRandom::NextDouble() { return Double(*this); }
double JavaRandom::NextGaussian() {
  if (have_next_gaussian_) {
    have_next_gaussian_ = false;
    return next_gaussian_;
  }
  have_next_gaussian_ = true;
  return Gaussian(*this, &next_gaussian_);
}

}  // namespace soteria::table
