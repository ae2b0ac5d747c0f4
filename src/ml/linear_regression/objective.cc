#include "src/ml/linear_regression/objective.h"

#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ml {

size_t LinearObjective::size() const {
  const size_t intercept = problem_.fit_intercept ? 1 : 0;
  return problem_.features.size() + (problem_.huber ? intercept + 1 : 0);
}

LinearScore LinearObjective::ScoreOf(std::span<const double> x) const {
  const Standardized& features = problem_.features;
  LinearScore score;
  score.coefficients.resize(features.size());
  double centre = 0;
  for (size_t j = 0; j < features.size(); ++j) {
    score.coefficients[j] = x[j] * features.inverse_std[j];
    centre += x[j] * features.scaled_mean[j];
  }
  if (problem_.fit_intercept) {
    score.intercept =
        (problem_.huber ? x[features.size()] : problem_.label_mean / problem_.label_std) - centre;
  }
  return score;
}

base::StatusOr<double> LinearObjective::Evaluate(std::span<const double> x,
                                                 std::span<double> gradient) const {
  const Standardized& features = problem_.features;
  RegressionLoss loss;
  loss.huber = problem_.huber;
  loss.epsilon = problem_.epsilon;
  if (problem_.huber) {
    loss.sigma = x.back();
  } else {
    loss.label_scale = 1.0 / problem_.label_std;
  }
  const LinearGradientKernel kernel(ScoreOf(x), loss);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work_.Reduce(kernel));
  SOTERIA_ASSIGN_OR_RETURN(const GradientSums of, GradientSums::Decode(partial, features.size()));
  const double weight = of.sums.weight;
  if (!(weight > 0)) {
    return base::FailQuotingData(
        base::kIllegalArgument,
        base::Cat("requirement failed: The effective number of instances should be"
                  " greater than 0.0, but was ",
                  weight, "."));
  }
  const bool centred = problem_.huber && problem_.fit_intercept;
  for (size_t j = 0; j < features.size(); ++j) {
    double g = of.gradient[j] * features.inverse_std[j];
    if (centred) g -= of.sums.multiplier * features.scaled_mean[j];
    gradient[j] = g / weight;
  }
  if (centred) gradient[features.size()] = of.sums.multiplier / weight;
  if (problem_.huber) gradient.back() = of.sums.scale / weight;
  return of.sums.loss / weight +
         AddL2Penalty(features, 1, problem_.l2, problem_.standardization, x, gradient);
}

}  // namespace soteria::ml
