#include "src/ml/logistic_regression/objective.h"

#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ml {

std::vector<LinearScore> LogisticProblem::ScoresOf(std::span<const double> x) const {
  std::vector<LinearScore> scores(sets);
  for (size_t k = 0; k < sets; ++k) {
    scores[k].coefficients.resize(features.size());
    double centre = 0;
    for (size_t j = 0; j < features.size(); ++j) {
      scores[k].coefficients[j] = x[j * sets + k] * features.inverse_std[j];
      centre += x[j * sets + k] * features.scaled_mean[j];
    }
    if (fit_intercept) scores[k].intercept = x[coefficients() + k] - (centred ? centre : 0.0);
  }
  return scores;
}

base::StatusOr<SoftmaxSums> LogisticObjective::Sums(std::span<const double> x) const {
  std::vector<LinearScore> scores = problem_.ScoresOf(x);
  const size_t features = problem_.features.size();
  if (problem_.multinomial) {
    const SoftmaxGradientKernel kernel(std::move(scores));
    SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work_.Reduce(kernel));
    return SoftmaxSums::Decode(partial, problem_.sets, features);
  }
  const LogisticGradientKernel kernel(std::move(scores[0]));
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work_.Reduce(kernel));
  SOTERIA_ASSIGN_OR_RETURN(GradientSums of, GradientSums::Decode(partial, features));
  SoftmaxSums sums(1, 0);
  sums.loss = of.sums.loss;
  sums.weight = of.sums.weight;
  sums.multiplier[0] = of.sums.multiplier;
  sums.gradient = std::move(of.gradient);
  return sums;
}

base::StatusOr<double> LogisticObjective::Evaluate(std::span<const double> x,
                                                   std::span<double> gradient) const {
  SOTERIA_ASSIGN_OR_RETURN(const SoftmaxSums sums, Sums(x));
  if (!(sums.weight > 0)) {
    return base::FailQuotingData(
        base::kIllegalArgument,
        base::Cat("requirement failed: The effective number of instances should be"
                  " greater than 0.0, but was ",
                  sums.weight, "."));
  }
  const Standardized& features = problem_.features;
  const size_t sets = problem_.sets;
  for (size_t k = 0; k < sets; ++k) {
    const double multiplier = problem_.centred ? sums.multiplier[k] : 0.0;
    for (size_t j = 0; j < features.size(); ++j) {
      const double g = sums.gradient[k * features.size() + j] * features.inverse_std[j] -
                       multiplier * features.scaled_mean[j];
      gradient[j * sets + k] = g / sums.weight;
    }
    if (problem_.fit_intercept) {
      gradient[problem_.coefficients() + k] = sums.multiplier[k] / sums.weight;
    }
  }
  return sums.loss / sums.weight +
         AddL2Penalty(features, sets, problem_.l2, problem_.standardization, x, gradient);
}

}  // namespace soteria::ml
