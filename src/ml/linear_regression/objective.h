// The function that l-bfgs minimises for a linear regression, in standardised space: features
// divided by their standard deviation and, with an intercept, centred; for the squared error the
// label too. There the intercept follows from the rest and isn't in x; Huber's loss has it after
// the coefficients, and its scale last. The penalty is on coefficients alone. One thread.
#pragma once

#include <span>
#include <vector>

#include "src/base/status.h"
#include "src/ml/linalg/standardized.h"
#include "src/ml/linear_regression/kernels.h"
#include "src/ml/work.h"

namespace soteria::ml {

struct LinearProblem {
  Standardized features;
  double label_mean = 0;
  double label_std = 1;
  bool fit_intercept = true;
  bool standardization = true;
  double l2 = 0;
  bool huber = false;
  double epsilon = 1.35;
};

class LinearObjective {
 public:
  LinearObjective(const LinearProblem& problem, Work& work) : problem_(problem), work_(work) {}

  size_t size() const;
  /// Mean loss and penalty at x, and their gradient.
  base::StatusOr<double> Evaluate(std::span<const double> x, std::span<double> gradient) const;

 private:
  LinearScore ScoreOf(std::span<const double> x) const;

  const LinearProblem& problem_;
  Work& work_;
};

}  // namespace soteria::ml
