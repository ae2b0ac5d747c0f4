// Commons Math 3's MersenneTwister and Breeze's gamma distribution over it, by which MLlib's LDA
// draws its first topics. Not for secrets: everything is a function of the seed. One thread.
//
// Matsumoto, Nishimura, "Mersenne Twister", 1998. Marsaglia, Tsang, "A simple method for generating
// gamma variables", 2000.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace soteria::ml {

class MersenneTwister {
 public:
  /// As setSeed(long).
  explicit MersenneTwister(int64_t seed);
  /// The next `bits` (1..32), as the lowest of the result.
  uint32_t Next(int bits);
  /// Uniform in [0, 1), of 52 bits.
  double NextDouble();
  double NextGaussian();

 private:
  static constexpr size_t kWords = 624;
  void Refill();

  std::array<uint32_t, kWords> state_{};
  size_t index_ = kWords;
  std::optional<double> next_gaussian_;
};

class GammaSampler {
 public:
  /// Shapes of 1 and less are drawn another way, which LDA doesn't ask for.
  GammaSampler(double shape, double scale, int64_t seed);
  double Next();

 private:
  double scale_, d_, c_;
  MersenneTwister random_;
};

}  // namespace soteria::ml
