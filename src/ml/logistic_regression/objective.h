// The function that logistic regression minimises, in the space it is minimised in: features
// divided by their standard deviation and, with an intercept that nothing bounds, centred.
//
// x has the coefficients feature after feature, of each feature one for each set (one set for the
// binomial family, one a class for the multinomial), and with an intercept those of the sets last.
// The penalty leaves intercepts out. One thread.
#pragma once

#include <span>
#include <vector>

#include "src/base/status.h"
#include "src/ml/linalg/standardized.h"
#include "src/ml/logistic_regression/kernels.h"
#include "src/ml/work.h"

namespace soteria::ml {

struct LogisticProblem {
  Standardized features;
  bool multinomial = false;
  size_t sets = 1;
  bool fit_intercept = true;
  bool centred = true;
  double l2 = 0;
  /// Whether the penalty is on the coefficients of standardised features (MLlib's default) or on
  /// those of the raw ones.
  bool standardization = true;

  size_t coefficients() const { return features.size() * sets; }
  size_t size() const { return coefficients() + (fit_intercept ? sets : 0); }
  /// The linear scores over raw features that x stands for.
  std::vector<LinearScore> ScoresOf(std::span<const double> x) const;
};

class LogisticObjective {
 public:
  LogisticObjective(const LogisticProblem& problem, Work& work) : problem_(problem), work_(work) {}

  /// Mean loss and penalty at x, and their gradient.
  base::StatusOr<double> Evaluate(std::span<const double> x, std::span<double> gradient) const;

 private:
  base::StatusOr<SoftmaxSums> Sums(std::span<const double> x) const;

  const LogisticProblem& problem_;
  Work& work_;
};

}  // namespace soteria::ml
