// Statistics of tables and vectors from their moments, and of classes from their counts: what
// `describe`, `summary`, Summarizer and `groupBy(column).count()` ask. Pure functions; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/stats/statistic.h"

namespace soteria::stats {

/// Of sums only: "mean" and "stddev" of columns, "vectorMean", "vectorSum", "vectorVariance",
/// "vectorStd", "vectorNormL1" and "vectorNormL2" of the elements of vectors.
base::StatusOr<std::vector<double>> ComputeSummary(const Statistic& statistic, const Input& input);
/// "distribution": the counts, and then the share that each has of all rows.
base::StatusOr<std::vector<double>> ComputeClasses(const Statistic& statistic, const Input& input);

/// kStaysInside unless every column has `min_rows` values, every element of vectors no or
/// `min_rows` rows where it is zero, and where it isn't.
base::StatusOr<Releasable> SummaryReleasable(const Statistic& statistic, std::string_view exact,
                                             uint64_t min_rows);
/// kStaysInside unless every class has `min_rows` rows.
base::StatusOr<Releasable> ClassesReleasable(std::string_view exact, uint64_t min_rows);

}  // namespace soteria::stats
