#include "src/ml/kmeans/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/random/row_sample.h"
#include "src/stats/doubles.h"
#include "src/table/spark_random.h"

namespace soteria::ml {
namespace {

constexpr int64_t kRowsAtOnce = 256;

base::Status SizesDiffer(uint64_t expected, uint64_t got) {
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: Dimensions mismatch when adding new instance."
                              " Expecting ",
                              expected, " but got ", got, "."));
}

base::Status TooManyDrawn() {
  return base::Fail(base::kMemoryLimit, "the rows that k-means draws as centers take too much");
}

base::StatusOr<std::string> MergeDrawn(std::vector<std::string> children) {
  DrawnRows all;
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const DrawnRows child, DrawnRows::Decode(std::exchange(bytes, {})));
    SOTERIA_RETURN_IF_ERROR(all.Merge(child));
  }
  return all.Encode();
}

base::Status CheckSize(const table::FeatureBlock& block, const Centers& centers) {
  if (block.rows == 0 || static_cast<size_t>(block.cols) == centers.size()) {
    return base::OkStatus();
  }
  return SizesDiffer(centers.size(), static_cast<uint64_t>(block.cols));
}

double LengthOf(const double* x, size_t size) {
  double sum = 0;
  for (size_t j = 0; j < size; ++j) sum += x[j] * x[j];
  return std::sqrt(sum);
}

}  // namespace

void DrawnRows::Append(const table::FeatureBlock& block, size_t row) {
  const auto cols = static_cast<size_t>(block.cols);
  rows.resize(rows.size() + cols, 0.0);
  double* to = rows.data() + rows.size() - cols;
  if (!block.sparse) {
    std::copy_n(block.dense.data() + row * cols, cols, to);
    return;
  }
  for (auto p = static_cast<size_t>(block.row_ptr[row]);
       p < static_cast<size_t>(block.row_ptr[row + 1]); ++p) {
    to[static_cast<size_t>(block.col[p])] = block.val[p];
  }
}

base::Status DrawnRows::Merge(const DrawnRows& other) {
  if (size != 0 && other.size != 0 && size != other.size) return SizesDiffer(size, other.size);
  total += other.total;
  size = std::max(size, other.size);
  if (rows.size() + other.rows.size() > kDrawnEntriesMax) return TooManyDrawn();
  rows.insert(rows.end(), other.rows.begin(), other.rows.end());
  return base::OkStatus();
}

std::string DrawnRows::Encode() const {
  base::FieldWriter w;
  w.AddU64(total).AddU64(size).Add(stats::PackDoubles(rows));
  return w.Take();
}

base::StatusOr<DrawnRows> DrawnRows::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  DrawnRows drawn;
  SOTERIA_ASSIGN_OR_RETURN(drawn.total, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(drawn.size, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view rows, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(drawn.rows, stats::UnpackDoubles(rows));
  const bool fits = drawn.size == 0 ? drawn.rows.empty() : drawn.rows.size() % drawn.size == 0;
  if (!fits || drawn.total > (uint64_t{1} << 62) || drawn.count() > drawn.total) {
    return base::Fail(base::kProtocol, "drawn rows: bad length");
  }
  return drawn;
}

std::string SampleKernel::Encode() const {
  base::FieldWriter w;
  w.AddDouble(fraction_).AddI64(seed_);
  return w.Take();
}

base::StatusOr<KernelPtr> SampleKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const double fraction, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, r.NextI64());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (!(fraction >= 0 && fraction <= 1)) {
    return base::Fail(base::kProtocol, "sample: not a fraction");
  }
  return std::make_unique<SampleKernel>(fraction, seed);
}

base::StatusOr<std::string> SampleKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  DrawnRows drawn;
  drawn.total = static_cast<uint64_t>(block->rows);
  if (block->rows > 0) drawn.size = static_cast<uint64_t>(block->cols);
  if (fraction_ > 0) {
    BernoulliSampler sampler(fraction_, PartitionSeed(seed_, part.partition));
    for (size_t i = 0; i < static_cast<size_t>(block->rows); ++i) {
      if (!sampler.Next()) continue;
      drawn.Append(*block, i);
      if (drawn.rows.size() > kDrawnEntriesMax) return TooManyDrawn();
    }
  }
  return drawn.Encode();
}

base::StatusOr<std::string> SampleKernel::Merge(std::vector<std::string> children) const {
  return MergeDrawn(std::move(children));
}

std::string ChooseKernel::Encode() const {
  base::FieldWriter w;
  centers_.Write(w);
  w.AddI64(seed_).AddI64(k_).AddDouble(all_distances_);
  return w.Take();
}

base::StatusOr<KernelPtr> ChooseKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(Centers centers, Centers::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t k, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const double all_distances, r.NextDouble());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (seed != static_cast<int32_t>(seed) || k < 1 || k > std::numeric_limits<int32_t>::max()) {
    return base::Fail(base::kProtocol, "k-means||: no such seed or k");
  }
  return std::make_unique<ChooseKernel>(std::move(centers), static_cast<int32_t>(seed), k,
                                        all_distances);
}

base::StatusOr<std::string> ChooseKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  SOTERIA_RETURN_IF_ERROR(CheckSize(*block, centers_));
  DrawnRows drawn;
  drawn.total = static_cast<uint64_t>(block->rows);
  if (block->rows > 0) drawn.size = static_cast<uint64_t>(block->cols);
  table::XorShiftRandom random(seed_ ^ static_cast<int32_t>(part.partition));
  const auto k = static_cast<double>(k_);
  Nearest nearest;
  for (int64_t first = 0; first < block->rows; first += kRowsAtOnce) {
    const int64_t rows = std::min(kRowsAtOnce, block->rows - first);
    SOTERIA_RETURN_IF_ERROR(centers_.Find(*block, first, rows, nearest));
    for (size_t i = 0; i < static_cast<size_t>(rows); ++i) {
      // The order of these operations decides.
      if (!(random.NextDouble() < 2.0 * nearest.distance[i] * k / all_distances_)) continue;
      drawn.Append(*block, static_cast<size_t>(first) + i);
      if (drawn.rows.size() > kDrawnEntriesMax) return TooManyDrawn();
    }
  }
  return drawn.Encode();
}

base::StatusOr<std::string> ChooseKernel::Merge(std::vector<std::string> children) const {
  return MergeDrawn(std::move(children));
}

std::string ClusterSums::Encode() const {
  base::FieldWriter w;
  w.AddDouble(cost).Add(stats::PackDoubles(weights)).Add(stats::PackDoubles(sums));
  return w.Take();
}

base::StatusOr<ClusterSums> ClusterSums::Decode(std::string_view bytes, size_t centers,
                                                size_t entries) {
  base::FieldReader r(bytes);
  ClusterSums read;
  SOTERIA_ASSIGN_OR_RETURN(read.cost, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weights, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view sums, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(read.weights, stats::UnpackDoubles(weights));
  SOTERIA_ASSIGN_OR_RETURN(read.sums, stats::UnpackDoubles(sums));
  if (read.weights.size() != centers || read.sums.size() != entries) {
    return base::Fail(base::kProtocol, "cluster sums: bad length");
  }
  return read;
}

size_t AssignKernel::sums_size() const {
  return assigns_ == Assigns::kPoints ? centers_.rows().size() : 0;
}

std::string AssignKernel::Encode() const {
  base::FieldWriter w;
  centers_.Write(w);
  w.AddBool(assigns_ == Assigns::kCounts);
  return w.Take();
}

base::StatusOr<KernelPtr> AssignKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(Centers centers, Centers::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(const bool counts, r.NextBool());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<AssignKernel>(std::move(centers),
                                        counts ? Assigns::kCounts : Assigns::kPoints);
}

base::Status AssignKernel::Add(const table::FeatureBlock& block, ClusterSums& sums) const {
  const size_t size = centers_.size();
  const bool points = assigns_ == Assigns::kPoints;
  const bool cosine = centers_.measure() == DistanceMeasure::kCosine;
  Nearest nearest;
  for (int64_t first = 0; first < block.rows; first += kRowsAtOnce) {
    const int64_t rows = std::min(kRowsAtOnce, block.rows - first);
    SOTERIA_RETURN_IF_ERROR(centers_.Find(block, first, rows, nearest));
    for (size_t i = 0; i < static_cast<size_t>(rows); ++i) {
      const size_t row = static_cast<size_t>(first) + i;
      const auto center = static_cast<size_t>(nearest.center[i]);
      const double weight = points && !block.weight.empty() ? block.weight[row] : 1.0;
      sums.cost += nearest.distance[i] * weight;
      sums.weights[center] += weight;
      if (!points) continue;
      double* sum = sums.sums.data() + center * size;
      if (!block.sparse) {
        const double* x = block.dense.data() + row * size;
        const double factor = cosine ? weight / LengthOf(x, size) : weight;
        for (size_t j = 0; j < size; ++j) sum[j] += factor * x[j];
        continue;
      }
      const auto from = static_cast<size_t>(block.row_ptr[row]);
      const auto to = static_cast<size_t>(block.row_ptr[row + 1]);
      const double factor = cosine ? weight / LengthOf(block.val.data() + from, to - from) : weight;
      for (size_t p = from; p < to; ++p) {
        sum[static_cast<size_t>(block.col[p])] += factor * block.val[p];
      }
    }
  }
  return base::OkStatus();
}

base::StatusOr<std::string> AssignKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  SOTERIA_RETURN_IF_ERROR(CheckSize(*block, centers_));
  ClusterSums sums;
  sums.weights.assign(centers_.count(), 0.0);
  sums.sums.assign(sums_size(), 0.0);
  SOTERIA_RETURN_IF_ERROR(Add(*block, sums));
  return sums.Encode();
}

base::StatusOr<std::string> AssignKernel::Merge(std::vector<std::string> children) const {
  ClusterSums all;
  all.weights.assign(centers_.count(), 0.0);
  all.sums.assign(sums_size(), 0.0);
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const ClusterSums child, Result(bytes));
    all.cost += child.cost;
    for (size_t i = 0; i < all.weights.size(); ++i) all.weights[i] += child.weights[i];
    for (size_t i = 0; i < all.sums.size(); ++i) all.sums[i] += child.sums[i];
  }
  return all.Encode();
}

base::StatusOr<ClusterSums> AssignKernel::Result(std::string_view partial) const {
  return ClusterSums::Decode(partial, centers_.count(), sums_size());
}

}  // namespace soteria::ml
