#include "src/stats/regression_metrics.h"

#include <array>
#include <cmath>
#include <vector>

#include "src/base/errors.h"
#include "src/stats/doubles.h"

namespace soteria::stats {

void RegressionSums::Add(double prediction, double label, double weight) {
  if (weight == 0) return;
  const double error = label - prediction;
  absolute_error_ += weight * std::abs(error);
  squared_error_ += weight * error * error;
  label_squares_ += weight * label * label;
  weight_ += weight;
  weight_squares_ += weight * weight;
  const double from_label = label - label_mean_;
  label_mean_ += from_label * weight / weight_;
  label_spread_ += weight * from_label * (label - label_mean_);
  const double from_prediction = prediction - prediction_mean_;
  prediction_mean_ += from_prediction * weight / weight_;
  prediction_spread_ += weight * from_prediction * (prediction - prediction_mean_);
}

void RegressionSums::Merge(const RegressionSums& other) {
  if (other.weight_ == 0) return;
  if (weight_ == 0) {
    *this = other;
    return;
  }
  const double weight = weight_ + other.weight_;
  const double share = other.weight_ / weight;
  const double labels = other.label_mean_ - label_mean_;
  const double predictions = other.prediction_mean_ - prediction_mean_;
  label_spread_ += other.label_spread_ + labels * labels * weight_ * share;
  prediction_spread_ += other.prediction_spread_ + predictions * predictions * weight_ * share;
  label_mean_ += labels * share;
  prediction_mean_ += predictions * share;
  absolute_error_ += other.absolute_error_;
  squared_error_ += other.squared_error_;
  label_squares_ += other.label_squares_;
  weight_squares_ += other.weight_squares_;
  weight_ = weight;
}

std::string RegressionSums::Encode() const {
  const std::array<double, 9> values = {weight_,        weight_squares_,  absolute_error_,
                                        squared_error_, label_squares_,   label_mean_,
                                        label_spread_,  prediction_mean_, prediction_spread_};
  return PackDoubles(values);
}

base::StatusOr<RegressionSums> RegressionSums::Decode(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, UnpackDoubles(bytes));
  if (values.size() != 9) return base::Fail(base::kProtocol, "regression sums: bad length");
  RegressionSums sums;
  sums.weight_ = values[0];
  sums.weight_squares_ = values[1];
  sums.absolute_error_ = values[2];
  sums.squared_error_ = values[3];
  sums.label_squares_ = values[4];
  sums.label_mean_ = values[5];
  sums.label_spread_ = values[6];
  sums.prediction_mean_ = values[7];
  sums.prediction_spread_ = values[8];
  return sums;
}

base::Status RegressionSums::CheckNotEmpty() const {
  if (weight_ > 0) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    "requirement failed: Nothing has been added to this summarizer.");
}

double RegressionSums::ExplainedVariance() const {
  const double apart = prediction_mean_ - label_mean_;
  return (prediction_spread_ + weight_ * apart * apart) / weight_;
}

double RegressionSums::MeanAbsoluteError() const { return absolute_error_ / weight_; }

double RegressionSums::MeanSquaredError() const { return squared_error_ / weight_; }

double RegressionSums::RootMeanSquaredError() const { return std::sqrt(MeanSquaredError()); }

double RegressionSums::R2(bool through_origin) const {
  if (through_origin) return 1 - squared_error_ / label_squares_;
  // MLlib's total: the unbiased weighted variance times (weight - 1).
  const double divisor = weight_ - weight_squares_ / weight_;
  const double variance = divisor > 0 ? label_spread_ / divisor : 0;
  return 1 - squared_error_ / (variance * (weight_ - 1));
}

}  // namespace soteria::stats
