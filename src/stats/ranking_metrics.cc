#include "src/stats/ranking_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "src/base/errors.h"
#include "src/stats/doubles.h"

namespace soteria::stats {
namespace {

/// Labels as MLlib's set has them: equal ones count once, each NaN by itself.
class Relevant {
 public:
  explicit Relevant(std::span<const double> labels) {
    for (const double label : labels) {
      if (std::isnan(label)) {
        ++size_;
      } else {
        sorted_.push_back(label);
      }
    }
    std::sort(sorted_.begin(), sorted_.end());
    sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
    size_ += sorted_.size();
  }
  size_t size() const { return size_; }
  bool Has(double label) const {
    return !std::isnan(label) && std::binary_search(sorted_.begin(), sorted_.end(), label);
  }

 private:
  std::vector<double> sorted_;
  size_t size_ = 0;
};

double AveragePrecision(std::span<const double> predicted, const Relevant& relevant, size_t k) {
  double hits = 0, sum = 0;
  for (size_t i = 0; i < std::min(k, predicted.size()); ++i) {
    if (!relevant.Has(predicted[i])) continue;
    ++hits;
    sum += hits / static_cast<double>(i + 1);
  }
  return sum / static_cast<double>(std::min(k, relevant.size()));
}

double Hits(std::span<const double> predicted, const Relevant& relevant, size_t k) {
  double hits = 0;
  for (size_t i = 0; i < std::min(k, predicted.size()); ++i) hits += relevant.Has(predicted[i]);
  return hits;
}

double Ndcg(std::span<const double> predicted, const Relevant& relevant, size_t k) {
  double gained = 0, best = 0;
  for (size_t i = 0; i < std::min(k, std::max(predicted.size(), relevant.size())); ++i) {
    const double gain = 1.0 / std::log(static_cast<double>(i + 2));
    if (i < predicted.size() && relevant.Has(predicted[i])) gained += gain;
    if (i < relevant.size()) best += gain;
  }
  return gained / best;
}

}  // namespace

base::StatusOr<RankingMetric> RankingMetricOf(std::string_view name) {
  if (name == "meanAveragePrecision") return RankingMetric::kMeanAveragePrecision;
  if (name == "meanAveragePrecisionAtK") return RankingMetric::kMeanAveragePrecisionAtK;
  if (name == "precisionAtK") return RankingMetric::kPrecisionAtK;
  if (name == "ndcgAtK") return RankingMetric::kNdcgAtK;
  if (name == "recallAtK") return RankingMetric::kRecallAtK;
  return base::Fail(base::kProtocol, "there is no ranking statistic of that name");
}

double RankingValue(RankingMetric metric, int64_t k, std::span<const double> predicted,
                    std::span<const double> labels) {
  const Relevant relevant(labels);
  if (relevant.size() == 0) return 0;
  const auto first = static_cast<size_t>(k);
  switch (metric) {
    case RankingMetric::kMeanAveragePrecision:
      return AveragePrecision(predicted, relevant, std::max(predicted.size(), relevant.size()));
    case RankingMetric::kMeanAveragePrecisionAtK:
      return AveragePrecision(predicted, relevant, first);
    case RankingMetric::kPrecisionAtK:
      return Hits(predicted, relevant, first) / static_cast<double>(k);
    case RankingMetric::kNdcgAtK:
      return Ndcg(predicted, relevant, first);
    case RankingMetric::kRecallAtK:
      return Hits(predicted, relevant, first) / static_cast<double>(relevant.size());
  }
  return 0;
}

void RankingSums::Add(double value) {
  ++rows_;
  sum_ += value;
}

void RankingSums::Merge(const RankingSums& other) {
  rows_ += other.rows_;
  sum_ += other.sum_;
}

std::string RankingSums::Encode() const { return PackDoubles(std::array<double, 2>{rows_, sum_}); }

base::StatusOr<RankingSums> RankingSums::Decode(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, UnpackDoubles(bytes));
  if (values.size() != 2) return base::Fail(base::kProtocol, "ranking sums: bad length");
  RankingSums sums;
  sums.rows_ = values[0];
  sums.sum_ = values[1];
  return sums;
}

}  // namespace soteria::stats
