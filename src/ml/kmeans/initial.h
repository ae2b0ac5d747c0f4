// Where k-means starts: rows drawn at random, or by k-means||, as MLlib's draws them for the same
// seed and partitions. One thread.
//
// Bahmani et al., "Scalable K-Means++", 2012.
#pragma once

#include <cstdint>
#include <vector>

#include "src/base/status.h"
#include "src/ml/kmeans/centers.h"
#include "src/ml/work.h"

namespace soteria::ml {

struct InitialOptions {
  bool parallel = true;  // k-means||
  int64_t k = 2;
  int64_t steps = 2;
  int64_t seed = 0;
  DistanceMeasure measure = DistanceMeasure::kEuclidean;
};

struct Initial {
  std::vector<double> centers;  // row-major; distinct, so maybe fewer than k
  size_t count = 0, size = 0;
  uint64_t rows = 0;  // of the input
};

/// Errors: kIllegalArgument when there are no rows, kCancelled.
base::StatusOr<Initial> FindInitialCenters(const InitialOptions& options, Work& work);

/// k-means++ and up to `iterations_max` rounds of Lloyd's algorithm on weighted points, in memory.
/// MLlib's LocalKMeans, always by Euclidean distance.
std::vector<double> LocalKMeans(const std::vector<double>& points, size_t size,
                                const std::vector<double>& weights, size_t k, int64_t seed,
                                int64_t iterations_max);

}  // namespace soteria::ml
