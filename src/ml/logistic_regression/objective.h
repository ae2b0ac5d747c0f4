// The function that logistic regression minimises, in the space it is minimised in: features
// divided by their standard deviation and, with an intercept, centred. Distributed kernels see raw
// features; this turns coefficients and gradients from one space to the other.
//
// With an intercept the last entry of x is it. The penalty leaves it out. One thread.
#pragma once

#include <span>
#include <vector>

#include "src/base/status.h"
#include "src/ml/logistic_regression/kernels.h"
#include "src/ml/work.h"

namespace soteria::ml {

struct LogisticProblem {
  std::vector<double> mean;
  std::vector<double> std;
  bool fit_intercept = true;
  double l2 = 0;
  /// Whether the penalty is on the coefficients of standardised features (MLlib's default) or on
  /// those of the raw ones.
  bool standardization = true;
};

class LogisticObjective {
 public:
  LogisticObjective(LogisticProblem problem, Work& work);

  size_t size() const { return inverse_std_.size() + (problem_.fit_intercept ? 1 : 0); }
  /// Mean loss and penalty at x, and their gradient.
  base::StatusOr<double> Evaluate(std::span<const double> x, std::span<double> gradient) const;
  /// The linear score over raw features that x stands for.
  LinearScore ScoreOf(std::span<const double> x) const;

 private:
  double AddPenalty(std::span<const double> x, std::span<double> gradient) const;

  LogisticProblem problem_;
  Work& work_;
  std::vector<double> inverse_std_;  // 0 for columns without spread
  std::vector<double> scaled_mean_;
};

}  // namespace soteria::ml
