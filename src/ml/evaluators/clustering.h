// ClusteringEvaluator: the silhouette, in two passes over the rows. The first sums up each cluster
// (kernel "ml.eval.clusters"), the second asks of each row how near its own cluster is and how near
// the next one (kernel "ml.eval.silhouettes"). Distances are squared Euclidean or cosine ones, of
// which the mean over a cluster follows from its sums.
//
// Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster
// analysis", 1987. Pure; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/kernel.h"
#include "src/ml/registration.h"

namespace soteria::ml {

/// The columns that it reads.
struct ClusteredColumns {
  std::string features, prediction;
  std::optional<std::string> weight;
  bool cosine = false;
};

struct ClusterMoments {
  double weight = 0;
  double squares = 0;        // weighted squared lengths
  std::vector<double> sums;  // weighted features; by the cosine measure of length 1
};

/// Cells of clusters times features at most.
inline constexpr uint64_t kClusterCellsMax = uint64_t{24} << 20;

struct Clusters {
  uint64_t features = 0;  // 0 while there is no row
  std::map<double, ClusterMoments> of;

  /// Errors: kIllegalArgument when features differ in number, kMemoryLimit.
  base::Status Merge(const Clusters& other);
  std::string Encode() const;
  static base::StatusOr<Clusters> Decode(std::string_view bytes);
};

class ClustersKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.eval.clusters";
  explicit ClustersKernel(ClusteredColumns columns) : columns_(std::move(columns)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  ClusteredColumns columns_;
};

/// Its partial over all rows is the sum that the statistic "silhouette" is asked of.
class SilhouettesKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.eval.silhouettes";
  SilhouettesKernel(ClusteredColumns columns, Clusters clusters);
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  /// Of a row whose mean distances to the clusters these are, itself among its own.
  double Silhouette(size_t own, double weight, const std::vector<double>& distances) const;

  ClusteredColumns columns_;
  Clusters clusters_;
  std::vector<double> ids_, weights_, squares_;  // one a cluster
  std::vector<double> by_column_;                // a number a cluster, column by column
};

class ClusteringEvaluator : public Evaluator {
 public:
  explicit ClusteringEvaluator(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  base::StatusOr<KernelPtr> MakeKernel() const override;
  base::StatusOr<KernelPtr> NextKernel(size_t passes, std::string_view partial) const override;
  /// Silhouettes are made from all rows, so that they can't be made of answers outside.
  base::StatusOr<KernelPtr> MakeAnswersKernel() const override;
  stats::Statistic Asks() const override;
  SummedColumns Sums() const override;
  bool larger_is_better() const override { return true; }

 private:
  ClusteredColumns Reads() const;
  Params params_;
};

Algorithm ClusteringEvaluatorAlgorithm();

}  // namespace soteria::ml
