// The generators whose numbers Spark's and MLlib's results depend on. Not for secrets: everything
// here is a function of its seed (I7). One generator belongs to one thread.
#pragma once

#include <cstdint>
#include <span>

namespace soteria::table {

/// scala.util.hashing.MurmurHash3.bytesHash.
int32_t MurmurBytesHash(std::span<const uint8_t> data, int32_t seed);

/// org.apache.spark.util.random.XORShiftRandom (its seed is mixed by hashSeed first).
class XorShiftRandom {
 public:
  explicit XorShiftRandom(int64_t seed);
  /// The next `bits` (1..32) as Java's Random.next.
  int32_t Next(int bits);
  int32_t NextInt() { return Next(32); }
  /// Uniform in [0, bound), bound > 0.
  int32_t NextInt(int32_t bound);
  int64_t NextLong();
  double NextDouble();
  double NextGaussian();
  bool NextBoolean() { return Next(1) != 0; }
  static int64_t HashSeed(int64_t seed);

 private:
  int64_t seed_;
  double next_gaussian_ = 0;
  bool have_next_gaussian_ = false;
};

/// java.util.Random (and scala.util.Random over it).
class JavaRandom {
 public:
  explicit JavaRandom(int64_t seed);
  int32_t Next(int bits);
  int32_t NextInt() { return Next(32); }
  int32_t NextInt(int32_t bound);
  int64_t NextLong();
  double NextDouble();
  double NextGaussian();
  bool NextBoolean() { return Next(1) != 0; }

 private:
  uint64_t seed_;
  double next_gaussian_ = 0;
  bool have_next_gaussian_ = false;
};

}  // namespace soteria::table
