// What the metrics of a classifier over rows need: weights of each label and prediction, and for
// two classes the scores. A summary's kernels make them, whatever the model. One thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/stats/binary_metrics.h"
#include "src/stats/exact_sums.h"
#include "src/stats/multiclass_metrics.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

/// Scores are of models of two classes; without them there were too many distinct ones for a curve;
/// the other metrics are still there.
struct ClassificationSums {
  stats::Counted<stats::ConfusionCounts> confusion;
  std::optional<stats::Counted<stats::BinaryCounts>> scores = stats::Counted<stats::BinaryCounts>();

  /// Rows of a block with what the model answered for them. `score`: the probability of class 1, or
  /// nothing where there are more than two classes.
  base::Status Add(const std::vector<double>& prediction, const std::vector<double>* score,
                   const table::FeatureBlock& block);
  base::Status Merge(const ClassificationSums& other);
  std::string Encode() &&;
  static base::StatusOr<ClassificationSums> Decode(std::string_view bytes);
};

/// Folds encoded sums.
base::StatusOr<std::string> MergeClassificationSums(std::vector<std::string> children);

}  // namespace soteria::ml
