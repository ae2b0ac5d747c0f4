// org.apache.commons.math3.random.MersenneTwister, from which Spark draws uuid() and shuffle(). Not
// for secrets: everything here is a function of its seed (I7). One generator belongs to one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace soteria::table {

class MersenneTwister {
 public:
  explicit MersenneTwister(int64_t seed);
  /// The next `bits` (1..32).
  int32_t Next(int bits);
  /// Uniform in [0, bound), bound > 0.
  int32_t NextInt(int32_t bound);
  int64_t NextLong();

 private:
  static constexpr size_t kWords = 624;
  static constexpr size_t kShift = 397;
  void Twist();

  std::array<uint32_t, kWords> words_ = {};
  size_t at_ = kWords;
};

}  // namespace soteria::table
