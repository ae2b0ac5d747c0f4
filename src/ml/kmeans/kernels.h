// Kernels of k-means: rows drawn at random or far from the centers so far, and the sums of the
// points nearest to each center. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/ml/kmeans/centers.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

/// Entries of rows that a driver draws at most.
inline constexpr uint64_t kDrawnEntriesMax = uint64_t{24} << 20;

/// Clusters that a script may ask for: a summary counts the rows of each, whether or not the rows
/// were enough for as many.
inline constexpr int64_t kClustersMax = int64_t{1} << 20;

/// Rows of all partitions, in order, and how many there were to draw from.
struct DrawnRows {
  uint64_t total = 0;
  uint64_t size = 0;         // of a row; 0 while there is none
  std::vector<double> rows;  // row-major

  size_t count() const { return size == 0 ? 0 : rows.size() / size; }
  void Append(const table::FeatureBlock& block, size_t row);
  /// Errors: kIllegalArgument when sizes differ, kMemoryLimit.
  base::Status Merge(const DrawnRows& other);
  std::string Encode() const;
  static base::StatusOr<DrawnRows> Decode(std::string_view bytes);
};

/// RDD.sample without replacement: rows with a chance of `fraction`; 0: only counts.
class SampleKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.kmeans.sample";
  SampleKernel(double fraction, int64_t seed) : fraction_(fraction), seed_(seed) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  double fraction_;
  int64_t seed_;
};

/// One step of k-means||: each row with a chance of 2 * k * distance / all distances.
class ChooseKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.kmeans.choose";
  /// `seed` is mixed with the partition's number.
  ChooseKernel(Centers centers, int32_t seed, int64_t k, double all_distances)
      : centers_(std::move(centers)), seed_(seed), k_(k), all_distances_(all_distances) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  Centers centers_;
  int32_t seed_;
  int64_t k_;
  double all_distances_;
};

/// Of the rows nearest to each center.
struct ClusterSums {
  double cost = 0;              // sum of distances
  std::vector<double> weights;  // one a center
  std::vector<double> sums;     // a row a center, or none

  std::string Encode() const;
  /// Errors: kProtocol for other sizes.
  static base::StatusOr<ClusterSums> Decode(std::string_view bytes, size_t centers, size_t sums);
};

enum class Assigns { kPoints, kCounts };

/// kPoints: weighted sums of the rows, of length 1 by the cosine measure. kCounts: each row counts
/// 1, and there are no sums.
class AssignKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.kmeans.assign";
  AssignKernel(Centers centers, Assigns assigns)
      : centers_(std::move(centers)), assigns_(assigns) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

  base::StatusOr<ClusterSums> Result(std::string_view partial) const;

 private:
  size_t sums_size() const;
  base::Status Add(const table::FeatureBlock& block, ClusterSums& sums) const;

  Centers centers_;
  Assigns assigns_;
};

}  // namespace soteria::ml
