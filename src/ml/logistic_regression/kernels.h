// Kernels of logistic regression: gradients of the logistic and of the softmax loss, and what the
// metrics of a model need. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/ml/linalg/linear.h"
#include "src/ml/logistic_regression/scorer.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

/// Logistic loss and gradient, with m = 1 / (1 + exp(-margin)) - label, weighted.
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
  LinearScore score_;
};

/// Sums over rows, with m = softmax of the row's margins less 1 at its label's class, weighted.
struct SoftmaxSums {
  double loss = 0;
  double weight = 0;
  std::vector<double> multiplier;  // of each class: sum of m
  std::vector<double> gradient;    // class after class: sum of m * features

  SoftmaxSums(size_t classes, size_t features)
      : multiplier(classes, 0.0), gradient(classes * features, 0.0) {}
  void Merge(const SoftmaxSums& other);
  std::string Encode() const;
  static base::StatusOr<SoftmaxSums> Decode(std::string_view bytes, size_t classes,
                                            size_t features);
};

class SoftmaxGradientKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.logreg.softmax";
  /// One score a class, at least one, of as many features each.
  explicit SoftmaxGradientKernel(std::vector<LinearScore> classes) : classes_(std::move(classes)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  size_t features() const { return classes_[0].coefficients.size(); }
  base::Status AddRows(const table::FeatureBlock& block, int64_t first, int64_t rows,
                       std::vector<double>& margins, SoftmaxSums& sums) const;

  std::vector<LinearScore> classes_;
};

/// Over the blocks of a fit.
class LogisticSummaryKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.logreg.summary";
  explicit LogisticSummaryKernel(LogisticScorer scorer) : scorer_(std::move(scorer)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  LogisticScorer scorer_;
};

/// The same over the rows of a table.
class LogisticEvaluationKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.logreg.evaluation";
  LogisticEvaluationKernel(LogisticScorer scorer, table::FeatureColumns columns)
      : scorer_(std::move(scorer)), columns_(std::move(columns)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);

  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  LogisticScorer scorer_;
  table::FeatureColumns columns_;
};

}  // namespace soteria::ml
