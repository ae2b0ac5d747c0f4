#include "src/stats/multiclass_metrics.h"

#include <algorithm>
#include <cmath>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/stats/doubles.h"

namespace soteria::stats {
namespace {

constexpr size_t kHeadDoubles = 2;  // loss, its weight
constexpr size_t kDoublesPerCell = 3;

base::Status CheckCells(size_t cells) {
  if (cells > kConfusionCellsMax) {
    return base::Fail(base::kMemoryLimit, base::Cat("more than ", kConfusionCellsMax,
                                                    " pairs of label and prediction"));
  }
  return base::OkStatus();
}

}  // namespace

base::Status ConfusionCounts::Add(double label, double prediction, double weight) {
  if (std::isnan(label) || std::isnan(prediction)) {
    return base::Fail(base::kIllegalArgument, "Labels and predictions MUST NOT be NaN");
  }
  cells_[{label + 0.0, prediction + 0.0}] += weight;  // -0.0 becomes 0.0
  return CheckCells(cells_.size());
}

void ConfusionCounts::AddLoss(double loss, double weight) {
  loss_ += loss * weight;
  loss_weight_ += weight;
}

base::Status ConfusionCounts::Merge(const ConfusionCounts& other) {
  for (const auto& [key, weight] : other.cells_) cells_[key] += weight;
  loss_ += other.loss_;
  loss_weight_ += other.loss_weight_;
  return CheckCells(cells_.size());
}

std::string ConfusionCounts::Encode() const {
  std::vector<double> values = {loss_, loss_weight_};
  for (const auto& [key, weight] : cells_) {
    values.insert(values.end(), {key.first, key.second, weight});
  }
  return PackDoubles(values);
}

base::StatusOr<ConfusionCounts> ConfusionCounts::Decode(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, UnpackDoubles(bytes));
  if (values.size() < kHeadDoubles || (values.size() - kHeadDoubles) % kDoublesPerCell != 0 ||
      values.size() / kDoublesPerCell > kConfusionCellsMax) {
    return base::Fail(base::kProtocol, "confusion counts: bad length");
  }
  ConfusionCounts counts;
  counts.loss_ = values[0];
  counts.loss_weight_ = values[1];
  for (size_t i = kHeadDoubles; i < values.size(); i += kDoublesPerCell) {
    const std::pair<double, double> key = {values[i], values[i + 1]};
    if (std::isnan(key.first) || std::isnan(key.second) ||
        (!counts.cells_.empty() && !(counts.cells_.rbegin()->first < key))) {
      return base::Fail(base::kProtocol, "confusion counts: cells do not ascend");
    }
    counts.cells_.emplace_hint(counts.cells_.end(), key, values[i + 2]);
  }
  return counts;
}

MulticlassMetrics::MulticlassMetrics(const ConfusionCounts& counts)
    : loss_(counts.loss()), loss_weight_(counts.loss_weight()) {
  for (const auto& [key, weight] : counts.cells()) {
    if (labels_.empty() || labels_.back() != key.first) {
      labels_.push_back(key.first);
      by_label_.emplace_back();
    }
    by_label_.back().rows += weight;
    if (key.first == key.second) by_label_.back().true_positive += weight;
  }
  for (const auto& [key, weight] : counts.cells()) {
    const auto at = std::lower_bound(labels_.begin(), labels_.end(), key.second);
    if (key.first != key.second && at != labels_.end() && *at == key.second) {
      by_label_[static_cast<size_t>(at - labels_.begin())].false_positive += weight;
    }
  }
  for (const ByLabel& of : by_label_) {
    total_ += of.rows;
    correct_ += of.true_positive;
  }
}

base::StatusOr<const MulticlassMetrics::ByLabel*> MulticlassMetrics::Find(double label) const {
  const auto at = std::lower_bound(labels_.begin(), labels_.end(), label);
  if (at == labels_.end() || *at != label) {
    return base::Fail(base::kIllegalArgument, "key not found: no row has the label asked for");
  }
  return &by_label_[static_cast<size_t>(at - labels_.begin())];
}

double MulticlassMetrics::TruePositiveRateOf(const ByLabel& of) const {
  return of.true_positive / of.rows;
}

double MulticlassMetrics::FalsePositiveRateOf(const ByLabel& of) const {
  return of.false_positive / (total_ - of.rows);
}

double MulticlassMetrics::PrecisionOf(const ByLabel& of) const {
  const double predicted = of.true_positive + of.false_positive;
  return predicted == 0 ? 0 : of.true_positive / predicted;
}

double MulticlassMetrics::FMeasureOf(const ByLabel& of, double beta) const {
  const double precision = PrecisionOf(of);
  const double recall = TruePositiveRateOf(of);
  const double beta2 = beta * beta;
  if (precision + recall == 0) return 0;
  return (1 + beta2) * precision * recall / (beta2 * precision + recall);
}

base::StatusOr<double> MulticlassMetrics::TruePositiveRate(double label) const {
  SOTERIA_ASSIGN_OR_RETURN(const ByLabel* of, Find(label));
  return TruePositiveRateOf(*of);
}

base::StatusOr<double> MulticlassMetrics::FalsePositiveRate(double label) const {
  SOTERIA_ASSIGN_OR_RETURN(const ByLabel* of, Find(label));
  return FalsePositiveRateOf(*of);
}

base::StatusOr<double> MulticlassMetrics::Precision(double label) const {
  SOTERIA_ASSIGN_OR_RETURN(const ByLabel* of, Find(label));
  return PrecisionOf(*of);
}

base::StatusOr<double> MulticlassMetrics::Recall(double label) const {
  return TruePositiveRate(label);
}

base::StatusOr<double> MulticlassMetrics::FMeasure(double label, double beta) const {
  SOTERIA_ASSIGN_OR_RETURN(const ByLabel* of, Find(label));
  return FMeasureOf(*of, beta);
}

double MulticlassMetrics::Accuracy() const { return correct_ / total_; }

double MulticlassMetrics::WeightedFalsePositiveRate() const {
  double sum = 0;
  for (const ByLabel& of : by_label_) sum += FalsePositiveRateOf(of) * of.rows / total_;
  return sum;
}

double MulticlassMetrics::WeightedPrecision() const {
  double sum = 0;
  for (const ByLabel& of : by_label_) sum += PrecisionOf(of) * of.rows / total_;
  return sum;
}

double MulticlassMetrics::WeightedRecall() const {
  double sum = 0;
  for (const ByLabel& of : by_label_) sum += TruePositiveRateOf(of) * of.rows / total_;
  return sum;
}

double MulticlassMetrics::WeightedFMeasure(double beta) const {
  double sum = 0;
  for (const ByLabel& of : by_label_) sum += FMeasureOf(of, beta) * of.rows / total_;
  return sum;
}

double MulticlassMetrics::HammingLoss() const { return (total_ - correct_) / total_; }

double MulticlassMetrics::LogLoss() const { return loss_ / loss_weight_; }

}  // namespace soteria::stats
