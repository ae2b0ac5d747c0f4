// Kernels of linear regression: the normal equations' sums, the gradient of a loss, and what the
// metrics of a model need. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/ml/linalg/linear.h"
#include "src/stats/exact_sums.h"
#include "src/stats/regression_metrics.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

/// Features that the normal equations take at most, as in MLlib.
inline constexpr size_t kNormalFeaturesMax = 4096;

/// X'WX and its company. Of more than kNormalFeaturesMax features only `features` is known.
struct NormalSums {
  uint64_t features = 0;  // 0 of no rows
  double weight = 0;
  double label = 0;  // weighted, as all that follow
  double label_squares = 0;
  std::vector<double> x;   // sum of features
  std::vector<double> xy;  // sum of features times label
  std::vector<double> xx;  // upper triangle by column: (0,0), (0,1), (1,1), (0,2), ...

  bool wide() const { return features > kNormalFeaturesMax; }
  /// Errors: kIllegalArgument for another number of features.
  base::Status Merge(const NormalSums& other);
  std::string Encode() const;
  static base::StatusOr<NormalSums> Decode(std::string_view bytes);
};

class NormalKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.linreg.normal";
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override { return {}; }
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
};

/// Half the squared error of (margin - label * label_scale), or Huber's loss of (label - margin).
struct RegressionLoss {
  bool huber = false;
  double label_scale = 1.0;
  double epsilon = 1.35;
  double sigma = 1.0;  // Huber's scale: GradientSums has its derivative

  LossSums Terms(const double* label, const double* weight, int64_t rows, double* margin) const;
};

class LinearGradientKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.linreg.gradient";
  LinearGradientKernel(LinearScore score, RegressionLoss loss)
      : score_(std::move(score)), loss_(loss) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  LinearScore score_;
  RegressionLoss loss_;
};

/// What the metrics of a model over rows need.
struct LinearSummarySums {
  stats::Counted<stats::RegressionSums> moments;
  // The least and the largest (label - prediction) * sqrt(weight); NaN is larger than all.
  std::optional<double> least, largest;

  void Add(const std::vector<double>& predictions, const table::FeatureBlock& block);
  base::Status Merge(const LinearSummarySums& other);
  std::string Encode() const;
  static base::StatusOr<LinearSummarySums> Decode(std::string_view bytes);
  /// Rows of weight above 0.
  double rows() const { return moments.rows ? moments.rows->weight() : moments.sums.weight(); }

 private:
  void AddResidual(double residual);
};

/// Over the blocks of a fit, or with `columns` over the rows of a table.
class LinearSummaryKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.linreg.summary";
  LinearSummaryKernel(LinearScore score, std::optional<table::FeatureColumns> columns)
      : score_(std::move(score)), columns_(std::move(columns)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  LinearScore score_;
  std::optional<table::FeatureColumns> columns_;
};

}  // namespace soteria::ml
