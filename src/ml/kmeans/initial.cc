#include "src/ml/kmeans/initial.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/ml/kmeans/kernels.h"
#include "src/ml/random/row_sample.h"
#include "src/table/spark_random.h"

namespace soteria::ml {
namespace {

constexpr int64_t kLocalIterations = 30;

base::StatusOr<DrawnRows> Draw(const Kernel& kernel, Work& work) {
  if (work.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(kernel));
  return DrawnRows::Decode(partial);
}

/// RDD.takeSample(false, wanted, seed).
base::StatusOr<DrawnRows> TakeSample(uint64_t wanted, int32_t seed, Work& work) {
  SOTERIA_ASSIGN_OR_RETURN(const DrawnRows all, Draw(SampleKernel(0, 0), work));
  if (all.total == 0) return all;
  table::JavaRandom random(seed);
  DrawnRows sample;
  if (wanted >= all.total) {
    SOTERIA_ASSIGN_OR_RETURN(sample, Draw(SampleKernel(1, 0), work));
  } else {
    const double fraction = SampleFraction(wanted, all.total);
    do {
      SOTERIA_ASSIGN_OR_RETURN(sample, Draw(SampleKernel(fraction, random.NextInt()), work));
    } while (sample.count() < wanted && sample.size > 0);
  }
  double* rows = sample.rows.data();
  const size_t size = sample.size;
  Shuffle(sample.count(), random, [&](size_t a, size_t b) {
    if (a != b) std::swap_ranges(rows + a * size, rows + (a + 1) * size, rows + b * size);
  });
  sample.rows.resize(std::min<size_t>(sample.count(), wanted) * size);
  return sample;
}

/// The distinct rows, each where it came first.
std::vector<double> Distinct(const std::vector<double>& rows, size_t size) {
  std::set<std::vector<double>> seen;
  std::vector<double> distinct;
  for (size_t at = 0; at + size <= rows.size() && size > 0; at += size) {
    std::vector<double> row(rows.begin() + static_cast<std::ptrdiff_t>(at),
                            rows.begin() + static_cast<std::ptrdiff_t>(at + size));
    if (!seen.insert(row).second) continue;
    distinct.insert(distinct.end(), row.begin(), row.end());
  }
  return distinct;
}

double SquaredDistance(const double* a, const double* b, size_t size) {
  double sum = 0;
  for (size_t j = 0; j < size; ++j) sum += (a[j] - b[j]) * (a[j] - b[j]);
  return sum;
}

/// How many of `shares` it takes to reach `mark`.
size_t Reaches(const std::vector<double>& shares, double mark) {
  double sum = 0;
  size_t i = 0;
  while (i < shares.size() && sum < mark) sum += shares[i++];
  return i;
}

/// k-means++: each next center a point, by its distance to the centers before.
std::vector<double> PlusPlus(const std::vector<double>& points, size_t size,
                             const std::vector<double>& weights, size_t k,
                             table::JavaRandom& random) {
  const size_t n = weights.size();
  std::vector<double> centers;
  const auto add = [&](size_t point) {
    centers.insert(centers.end(), points.begin() + static_cast<std::ptrdiff_t>(point * size),
                   points.begin() + static_cast<std::ptrdiff_t>((point + 1) * size));
  };
  double all = 0;
  for (const double weight : weights) all += weight;
  add(std::max<size_t>(1, Reaches(weights, random.NextDouble() * all)) - 1);
  std::vector<double> costs(n), shares(n);
  for (size_t i = 1; i <= k; ++i) {
    const double* last = centers.data() + (i - 1) * size;
    for (size_t p = 0; p < n; ++p) {
      const double cost = SquaredDistance(points.data() + p * size, last, size);
      costs[p] = i == 1 ? cost : std::min(cost, costs[p]);
      shares[p] = weights[p] * costs[p];
    }
    if (i == k) break;
    double sum = 0;
    for (const double share : shares) sum += share;
    add(std::max<size_t>(1, Reaches(shares, random.NextDouble() * sum)) - 1);
  }
  return centers;
}

base::StatusOr<DrawnRows> ChooseParallel(const InitialOptions& options, int32_t seed, Work& work) {
  SOTERIA_ASSIGN_OR_RETURN(DrawnRows chosen, TakeSample(1, seed, work));
  if (chosen.total == 0 || chosen.size == 0) return chosen;
  for (int64_t step = 0; step < options.steps; ++step) {
    const AssignKernel costs(Centers(options.measure, chosen.rows, chosen.count(), chosen.size),
                             Assigns::kCounts);
    SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(costs));
    SOTERIA_ASSIGN_OR_RETURN(const ClusterSums sums, costs.Result(partial));
    const auto mixed =
        static_cast<int32_t>(static_cast<uint32_t>(seed) ^ (static_cast<uint32_t>(step) << 16));
    const ChooseKernel choose(Centers(options.measure, chosen.rows, chosen.count(), chosen.size),
                              mixed, options.k, sums.cost);
    SOTERIA_ASSIGN_OR_RETURN(const DrawnRows more, Draw(choose, work));
    chosen.rows.insert(chosen.rows.end(), more.rows.begin(), more.rows.end());
    if (chosen.rows.size() > kDrawnEntriesMax) {
      return base::Fail(base::kMemoryLimit, "the candidates of k-means|| take too much");
    }
  }
  return chosen;
}

}  // namespace

std::vector<double> LocalKMeans(const std::vector<double>& points, size_t size,
                                const std::vector<double>& weights, size_t k, int64_t seed,
                                int64_t iterations_max) {
  table::JavaRandom random(seed);
  const size_t n = weights.size();
  std::vector<double> rows = PlusPlus(points, size, weights, k, random);
  std::vector<int32_t> before(n, -1);
  for (int64_t iteration = 0; iteration < iterations_max; ++iteration) {
    const Centers centers(DistanceMeasure::kEuclidean, rows, k, size);
    Nearest nearest;
    // Euclidean distances have no refusals.
    (void)centers.FindDense(points.data(), static_cast<int64_t>(n), nearest);
    const bool moved = nearest.center != before;
    before = nearest.center;
    std::vector<double> counts(k, 0.0);
    rows.assign(k * size, 0.0);
    for (size_t i = 0; i < n; ++i) {
      const auto center = static_cast<size_t>(nearest.center[i]);
      counts[center] += weights[i];
      for (size_t j = 0; j < size; ++j) {
        rows[center * size + j] += weights[i] * points[i * size + j];
      }
    }
    for (size_t c = 0; c < k; ++c) {
      double* row = rows.data() + c * size;
      if (counts[c] == 0) {
        const auto point = static_cast<size_t>(random.NextInt(static_cast<int32_t>(n)));
        std::copy_n(points.data() + point * size, size, row);
        continue;
      }
      for (size_t j = 0; j < size; ++j) row[j] *= 1.0 / counts[c];
    }
    if (!moved) break;
  }
  return rows;
}

base::StatusOr<Initial> FindInitialCenters(const InitialOptions& options, Work& work) {
  const int32_t seed = table::XorShiftRandom(options.seed).NextInt();
  const auto k = static_cast<size_t>(options.k);
  DrawnRows drawn;
  if (options.parallel) {
    SOTERIA_ASSIGN_OR_RETURN(drawn, ChooseParallel(options, seed, work));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(drawn, TakeSample(k, seed, work));
  }
  Initial initial;
  initial.rows = drawn.total;
  initial.size = drawn.size;
  initial.centers = Distinct(drawn.rows, drawn.size);
  initial.count = drawn.size == 0 ? 0 : initial.centers.size() / drawn.size;
  if (initial.count <= k) return initial;
  const AssignKernel counting(
      Centers(options.measure, initial.centers, initial.count, initial.size), Assigns::kCounts);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(counting));
  SOTERIA_ASSIGN_OR_RETURN(const ClusterSums counts, counting.Result(partial));
  initial.centers =
      LocalKMeans(initial.centers, initial.size, counts.weights, k, 0, kLocalIterations);
  initial.count = k;
  return initial;
}

}  // namespace soteria::ml
