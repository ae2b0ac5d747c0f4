// Metrics of a regression from (prediction, label, weight) rows, as MLlib's RegressionMetrics:
// explained variance, mean absolute and squared error, their root, and r2.
//
// A RegressionSums is a sum over rows: Add rows or Merge other sums, Encode and Decode it. One
// thread at a time.
#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::stats {

class RegressionSums {
 public:
  void Add(double prediction, double label, double weight);
  void Merge(const RegressionSums& other);

  std::string Encode() const;
  static base::StatusOr<RegressionSums> Decode(std::string_view bytes);

  /// Errors: kIllegalArgument when no row has weight.
  base::Status CheckNotEmpty() const;
  /// Of all rows.
  double weight() const { return weight_; }
  double ExplainedVariance() const;
  double MeanAbsoluteError() const;
  double MeanSquaredError() const;
  double RootMeanSquaredError() const;
  /// `through_origin`: the total is of squares and not of squared distances from the mean.
  double R2(bool through_origin) const;

 private:
  double weight_ = 0;
  double weight_squares_ = 0;
  double absolute_error_ = 0;
  double squared_error_ = 0;
  double label_squares_ = 0;
  double label_mean_ = 0;
  double label_spread_ = 0;  // sum of weighted squared distances from the mean
  double prediction_mean_ = 0;
  double prediction_spread_ = 0;
};

}  // namespace soteria::stats
