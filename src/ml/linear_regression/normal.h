// The normal equations' answer, on the master: MLlib's WeightedLeastSquares, with Cholesky's
// factors, and with a quasi-Newton method over the same sums where there is an L1 penalty or the
// factors say that the equations are singular. Pure; one thread.
#pragma once

#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/ml/linear_regression/kernels.h"
#include "src/ml/optimize/minimize.h"

namespace soteria::ml {

struct NormalProblem {
  bool fit_intercept = true;
  double reg_param = 0;
  double elastic_net = 0;
  bool standardization = true;
  MinimizeOptions options;
};

struct NormalSolution {
  std::vector<double> coefficients;
  double intercept = 0;
  std::vector<double> inverse_diagonal = {0.0};  // of X'WX, with the intercept's last; {0}: unknown
  std::vector<double> objective_history = {0.0};
  std::vector<std::string> warnings;
};

/// Errors: kIllegalArgument with MLlib's texts.
base::StatusOr<NormalSolution> SolveNormal(const NormalSums& sums, const NormalProblem& problem);

/// MLlib's words where all labels are one value.
std::string ConstantLabelWarning(double label);

}  // namespace soteria::ml
