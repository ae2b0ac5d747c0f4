// The generators of Apache Commons Math 3 by which Spark samples with replacement: Well19937c and
// the Poisson distribution over it. Not for secrets: everything is a function of the seed. One
// thread.
//
// Panneton, L'Ecuyer, Matsumoto, "Improved long-period generators based on linear recurrences
// modulo 2", 2006.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace soteria::table {

class Well19937c {
 public:
  /// As setSeed(long).
  explicit Well19937c(int64_t seed);
  /// The next `bits` (1..32), as the lowest of the result.
  uint32_t Next(int bits);
  int32_t NextInt() { return static_cast<int32_t>(Next(32)); }
  /// Uniform in [0, 1), of 52 bits.
  double NextDouble();

 private:
  static constexpr size_t kWords = 624;
  std::array<uint32_t, kWords> state_{};
  size_t index_ = 0;
};

class PoissonSampler {
 public:
  /// Commons Math samples means of 40 and more another way, which MLlib doesn't reach.
  PoissonSampler(double mean, int64_t seed);
  int64_t Next();

 private:
  double mean_;
  double limit_;  // exp(-mean)
  Well19937c random_;
};

}  // namespace soteria::table
