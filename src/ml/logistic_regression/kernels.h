// Kernels of binary logistic regression. Coefficients are those of the raw features: the driver
// turns them from and to the standardised space that it optimises in, so that blocks need no copy.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/stats/binary_metrics.h"
#include "src/stats/exact_sums.h"
#include "src/stats/multiclass_metrics.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

/// A linear score: intercept + coefficients . features.
struct LinearScore {
  std::vector<double> coefficients;
  double intercept = 0;
};

/// Margins of all rows of a block. Errors: kIllegalArgument when the columns don't match.
base::StatusOr<std::vector<double>> MarginsOf(const LinearScore& score,
                                              const table::FeatureBlock& block);

/// Sums over rows, with m = 1 / (1 + exp(-margin)) - label, weighted.
struct GradientSums {
  double loss = 0;
  double weight = 0;
  double multiplier = 0;         // sum of m
  std::vector<double> gradient;  // sum of m * features

  std::string Encode() const;
  static base::StatusOr<GradientSums> Decode(std::string_view bytes, size_t cols);
};

/// Logistic loss and gradient: margins and their transpose in one pass over the block.
class LogisticGradientKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.logreg.gradient";
  explicit LogisticGradientKernel(LinearScore score) : score_(std::move(score)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  void AddDense(const table::FeatureBlock& block, GradientSums& sums) const;
  void AddSparse(const table::FeatureBlock& block, GradientSums& sums) const;

  LinearScore score_;
};

/// How a model turns a margin into score and prediction.
struct BinaryRule {
  bool by_margin = true;  // else by probability
  double threshold = 0;   // of that
  double Predict(double margin) const;
};

/// What the metrics of a model over rows need. Without `scores` there were too many distinct ones
/// for a curve; the other metrics are still there.
struct LogisticSummarySums {
  stats::Counted<stats::ConfusionCounts> confusion;
  std::optional<stats::Counted<stats::BinaryCounts>> scores = stats::Counted<stats::BinaryCounts>();

  base::Status Add(const std::vector<double>& margins, const table::FeatureBlock& block,
                   const BinaryRule& rule);
  base::Status Merge(const LogisticSummarySums& other);
  std::string Encode() &&;
  static base::StatusOr<LogisticSummarySums> Decode(std::string_view bytes);
};

/// Over the blocks of a fit.
class LogisticSummaryKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.logreg.summary";
  LogisticSummaryKernel(LinearScore score, BinaryRule rule)
      : score_(std::move(score)), rule_(rule) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  LinearScore score_;
  BinaryRule rule_;
};

/// The same over the rows of a table.
class LogisticEvaluationKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.logreg.evaluation";
  LogisticEvaluationKernel(LinearScore score, BinaryRule rule, table::FeatureColumns columns)
      : score_(std::move(score)), rule_(rule), columns_(std::move(columns)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  LinearScore score_;
  BinaryRule rule_;
  table::FeatureColumns columns_;
};

}  // namespace soteria::ml
