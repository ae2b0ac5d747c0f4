// RDD.sample with replacement: how often each row of a partition is in a sample, as Spark draws it.
// A function of the seed. One thread.
#pragma once

#include <cstdint>
#include <optional>

#include "src/table/spark_random.h"
#include "src/table/well19937c.h"

namespace soteria::ml {

/// Asked once a row, in order. Small fractions draw the gaps between the rows that are in it.
class ReplacementSampler {
 public:
  /// `seed` is the partition's (PartitionSeed).
  ReplacementSampler(double fraction, int64_t seed);
  int64_t Next();

 private:
  void Skip();
  int64_t AtLeastOnce();

  double fraction_;
  double none_;  // the chance of a row to be drawn not once
  int32_t dropping_ = 0;
  table::XorShiftRandom gaps_;
  std::optional<table::PoissonSampler> poisson_;
};

}  // namespace soteria::ml
