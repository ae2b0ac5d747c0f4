// df.describe() and df.summary(): which aggregates they need over a table's columns of numbers and
// texts, and the table of texts that their results make: one row a statistic. Immutable;
// thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/exec/aggregate.h"

namespace soteria::exec {

inline constexpr size_t kSummaryStatisticsMax = 1'000;

class Summary {
 public:
  /// "count", "count_distinct", "approx_count_distinct", "mean", "stddev", "min", "max" in any case
  /// and percentiles ("25%"); none: Spark's own choice. Errors: Spark's of unknown or repeated
  /// statistics, of percentiles that are none, of columns of one name.
  static base::StatusOr<Summary> Make(std::vector<std::string> statistics,
                                      const arrow::Schema& input);

  /// None when the table has no such column.
  std::vector<AggregateCall> Calls() const;
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  const std::vector<std::string>& statistics() const { return statistics_; }
  /// From the one row of an exec::Aggregate of Calls().
  base::StatusOr<std::shared_ptr<arrow::Table>> Table(const arrow::Table& row) const;

 private:
  Summary() = default;
  base::Status ReadStatistics(std::vector<std::string> statistics);
  size_t CallsOfColumn() const;

  std::vector<std::string> statistics_;
  std::vector<std::string> functions_;  // of each statistic; "" for a percentile
  std::vector<double> percentiles_;     // in the order of the statistics
  std::vector<std::shared_ptr<arrow::Field>> columns_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace soteria::exec
