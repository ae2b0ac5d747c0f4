// RDD.takeSample without replacement, as Spark draws it: how large a first sample has to be, which
// rows of a partition are in it, and the shuffle that picks the wanted number of them. Everything
// is a function of the seed. One sampler belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "src/base/status.h"
#include "src/table/spark_random.h"

namespace soteria::ml {

/// The share of `total` rows that, sampled by itself, is smaller than `wanted` once in 10,000
/// times.
double SampleFraction(uint64_t wanted, uint64_t total);

/// The seed of a partition's sampler in a sample of this seed.
int64_t PartitionSeed(int64_t sample_seed, uint64_t partition);

/// Which rows of a partition are in a sample of share `fraction`: asked once a row, in order.
class BernoulliSampler {
 public:
  BernoulliSampler(double fraction, int64_t seed);
  bool Next();

 private:
  void Skip();

  double fraction_;
  table::XorShiftRandom random_;
  bool gaps_;
  double log_rest_ = 0;
  int32_t dropping_ = 0;
};

/// Calls `swap` for the swaps that shuffle `size` things.
void Shuffle(size_t size, table::JavaRandom& random,
             const std::function<void(size_t, size_t)>& swap);

}  // namespace soteria::ml
