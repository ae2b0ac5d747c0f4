#include "src/table/mersenne_twister.h"

namespace soteria::table {

MersenneTwister::MersenneTwister(int64_t seed) {
  const std::array<uint32_t, 2> key = {static_cast<uint32_t>(static_cast<uint64_t>(seed) >> 32),
                                       static_cast<uint32_t>(seed)};
  constexpr uint32_t kFirstSeed = 19'650'218;
  words_[0] = kFirstSeed;
  for (size_t i = 1; i < kWords; ++i) {
    words_[i] = 1'812'433'253U * (words_[i - 1] ^ words_[i - 1] >> 30) + static_cast<uint32_t>(i);
  }
  size_t i = 1;
  size_t j = 0;
  const auto step = [this, &i] {
    if (++i < kWords) return;
    words_[0] = words_[kWords - 1];
    i = 1;
  };
  for (size_t k = 0; k < kWords; ++k) {
    const uint32_t mixed = (words_[i - 1] ^ words_[i - 1] >> 30) * 1'664'525U;
    words_[i] = (words_[i] ^ mixed) + key[j] + static_cast<uint32_t>(j);
    step();
    j = (j + 1) % key.size();
  }
  for (size_t k = 0; k + 1 < kWords; ++k) {
    const uint32_t mixed = (words_[i - 1] ^ words_[i - 1] >> 30) * 1'566'083'941U;
    words_[i] = (words_[i] ^ mixed) - static_cast<uint32_t>(i);
    step();
  }
  words_[0] = 0x80000000U;
}

void MersenneTwister::Twist() {
  for (size_t i = 0; i < kWords; ++i) {
    const uint32_t y = (words_[i] & 0x80000000U) | (words_[(i + 1) % kWords] & 0x7FFFFFFFU);
    const uint32_t odd = (y & 1U) != 0 ? 0x9908B0DFU : 0;
    words_[i] = words_[(i + kShift) % kWords] ^ y >> 1 ^ odd;
  }
  at_ = 0;
}

int32_t MersenneTwister::Next(int bits) {
  if (at_ == kWords) Twist();
  uint32_t y = words_[at_++];
  y ^= y >> 11;
  y ^= y << 7 & 0x9D2C5680U;
  y ^= y << 15 & 0xEFC60000U;
  y ^= y >> 18;
  return static_cast<int32_t>(y >> (32 - bits));
}

int32_t MersenneTwister::NextInt(int32_t bound) {
  if ((bound & -bound) == bound) {
    return static_cast<int32_t>(static_cast<int64_t>(bound) * Next(31) >> 31);
  }
  for (;;) {
    const int32_t bits = Next(31);
    const int32_t value = bits % bound;
    // What is left over of the largest multiple of the bound is drawn again.
    if (static_cast<int64_t>(bits) - value + (bound - 1) <= INT32_MAX) return value;
  }
}

int64_t MersenneTwister::NextLong() {
  const auto high = static_cast<uint64_t>(static_cast<uint32_t>(Next(32)));
  const auto low = static_cast<uint64_t>(static_cast<uint32_t>(Next(32)));
  return static_cast<int64_t>(high << 32 | low);
}

}  // namespace soteria::table
