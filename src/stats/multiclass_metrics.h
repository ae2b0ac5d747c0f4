// Metrics of a classifier from (prediction, label, weight) rows and, for the log loss, the
// probability of the label: MLlib's MulticlassMetrics.
//
// A ConfusionCounts is a sum over rows: Add rows or Merge other sums, Encode and Decode it; the
// metrics are pure functions of it. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"

namespace soteria::stats {

/// Distinct (label, prediction) pairs that a sum holds at most.
inline constexpr size_t kConfusionCellsMax = size_t{1} << 20;

class ConfusionCounts {
 public:
  /// Errors: kIllegalArgument for NaN, kMemoryLimit over kConfusionCellsMax.
  base::Status Add(double label, double prediction, double weight);
  /// Adds a row's part of the log loss: `loss` is -log of the label's probability.
  void AddLoss(double loss, double weight);
  base::Status Merge(const ConfusionCounts& other);

  std::string Encode() const;
  static base::StatusOr<ConfusionCounts> Decode(std::string_view bytes);

  /// (label, prediction) -> weight, ascending.
  const std::map<std::pair<double, double>, double>& cells() const { return cells_; }
  double loss() const { return loss_; }
  double loss_weight() const { return loss_weight_; }

 private:
  std::map<std::pair<double, double>, double> cells_;
  double loss_ = 0;
  double loss_weight_ = 0;
};

class MulticlassMetrics {
 public:
  explicit MulticlassMetrics(const ConfusionCounts& counts);

  /// Ascending, the labels that rows have.
  const std::vector<double>& labels() const { return labels_; }

  // Of one label. A label that no row has: kIllegalArgument.
  base::StatusOr<double> TruePositiveRate(double label) const;
  base::StatusOr<double> FalsePositiveRate(double label) const;
  base::StatusOr<double> Precision(double label) const;
  base::StatusOr<double> Recall(double label) const;
  base::StatusOr<double> FMeasure(double label, double beta) const;

  double Accuracy() const;
  double WeightedTruePositiveRate() const { return WeightedRecall(); }
  double WeightedFalsePositiveRate() const;
  double WeightedPrecision() const;
  double WeightedRecall() const;
  double WeightedFMeasure(double beta) const;
  double HammingLoss() const;
  double LogLoss() const;

 private:
  struct ByLabel {
    double rows = 0;  // weight of the rows of this label
    double true_positive = 0;
    double false_positive = 0;
  };
  base::StatusOr<const ByLabel*> Find(double label) const;
  double TruePositiveRateOf(const ByLabel& of) const;
  double FalsePositiveRateOf(const ByLabel& of) const;
  double PrecisionOf(const ByLabel& of) const;
  double FMeasureOf(const ByLabel& of, double beta) const;

  std::vector<double> labels_;
  std::vector<ByLabel> by_label_;
  double total_ = 0;
  double correct_ = 0;
  double loss_ = 0;
  double loss_weight_ = 0;
};

}  // namespace soteria::stats
