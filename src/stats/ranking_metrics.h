// Metrics of rankings, as MLlib's RankingMetrics: of a row, what was predicted, the best first,
// against the labels that are relevant; of a table, the mean over its rows.
//
// A RankingSums is a sum over rows: Add or Merge, Encode and Decode. One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::stats {

enum class RankingMetric : uint8_t {
  kMeanAveragePrecision = 1,
  kMeanAveragePrecisionAtK = 2,
  kPrecisionAtK = 3,
  kNdcgAtK = 4,
  kRecallAtK = 5
};

/// By MLlib's name ("ndcgAtK"). Errors: kProtocol.
base::StatusOr<RankingMetric> RankingMetricOf(std::string_view name);

/// Of one row; 0 without labels. No NaN is equal to another. `k` is positive.
double RankingValue(RankingMetric metric, int64_t k, std::span<const double> predicted,
                    std::span<const double> labels);

class RankingSums {
 public:
  void Add(double value);
  void Merge(const RankingSums& other);
  /// 0 of no rows, as MLlib has it.
  double Mean() const { return rows_ == 0 ? 0 : sum_ / rows_; }

  std::string Encode() const;
  static base::StatusOr<RankingSums> Decode(std::string_view bytes);

 private:
  double rows_ = 0;
  double sum_ = 0;
};

}  // namespace soteria::stats
