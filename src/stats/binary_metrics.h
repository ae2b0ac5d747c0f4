// Metrics of a binary classifier from (score, label, weight) rows: ROC and precision-recall curves
// and the areas under them, as MLlib's BinaryClassificationMetrics defines them.
//
// A BinaryCounts is a sum over rows: Add rows or Merge other sums, Encode and Decode it, Finish
// into curves. Adding is exact in the counts of unweighted rows, so partitioning doesn't matter
// there. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"

namespace soteria::stats {

/// Distinct scores that a sum holds at most (24 bytes each).
inline constexpr size_t kDistinctScoresMax = size_t{8} << 20;

/// Weights of the positive and negative rows of one score.
struct ScoreWeights {
  double score = 0;
  double positive = 0;
  double negative = 0;
};

class BinaryCounts {
 public:
  /// Adds rows; `weight` may be null (all 1). Positive is a label above 0.5. Scores may be any
  /// double; NaN sorts above all, -0.0 equals 0.0.
  void Add(const double* score, const double* label, const double* weight, size_t rows);
  /// Adds `other`'s rows after this one's. Errors: kMemoryLimit over kDistinctScoresMax.
  base::Status Merge(const BinaryCounts& other);

  std::string Encode() const;
  static base::StatusOr<BinaryCounts> Decode(std::string_view bytes);

  /// Errors: kMemoryLimit over kDistinctScoresMax.
  base::Status CheckSize() const;
  /// Distinct scores, descending.
  const std::vector<ScoreWeights>& scores() const { return scores_; }

 private:
  void MergeSorted(const std::vector<ScoreWeights>& other);

  std::vector<ScoreWeights> scores_;
};

struct CurvePoint {
  double x = 0;
  double y = 0;
};

/// MLlib's curves: `bins` > 0 groups neighbouring scores when there are at least twice as many
/// distinct ones as bins.
class BinaryMetrics {
 public:
  BinaryMetrics(const BinaryCounts& counts, int64_t bins);

  /// (false positive rate, true positive rate), from (0,0) to (1,1).
  std::vector<CurvePoint> Roc() const;
  /// (recall, precision), from (0, precision of the highest score).
  std::vector<CurvePoint> PrecisionRecall() const;
  double AreaUnderRoc() const;
  double AreaUnderPr() const;
  /// (threshold, value), descending thresholds.
  std::vector<CurvePoint> PrecisionByThreshold() const;
  std::vector<CurvePoint> RecallByThreshold() const;
  std::vector<CurvePoint> FMeasureByThreshold(double beta) const;

 private:
  // Sums over all scores down to and including each threshold.
  std::vector<ScoreWeights> cumulative_;
  double positives_ = 0;
  double negatives_ = 0;
};

}  // namespace soteria::stats
