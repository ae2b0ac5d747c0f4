#include "src/ml/logistic_regression/objective.h"

#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ml {

LogisticObjective::LogisticObjective(LogisticProblem problem, Work& work)
    : problem_(std::move(problem)), work_(work) {
  for (size_t j = 0; j < problem_.std.size(); ++j) {
    inverse_std_.push_back(problem_.std[j] != 0 ? 1.0 / problem_.std[j] : 0.0);
    scaled_mean_.push_back(inverse_std_[j] * problem_.mean[j]);
  }
}

LinearScore LogisticObjective::ScoreOf(std::span<const double> x) const {
  LinearScore score;
  score.coefficients.resize(inverse_std_.size());
  double centre = 0;
  for (size_t j = 0; j < inverse_std_.size(); ++j) {
    score.coefficients[j] = x[j] * inverse_std_[j];
    centre += x[j] * scaled_mean_[j];
  }
  if (problem_.fit_intercept) score.intercept = x.back() - centre;
  return score;
}

base::StatusOr<double> LogisticObjective::Evaluate(std::span<const double> x,
                                                   std::span<double> gradient) const {
  const LogisticGradientKernel kernel(ScoreOf(x));
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work_.Reduce(kernel));
  SOTERIA_ASSIGN_OR_RETURN(const GradientSums sums,
                           GradientSums::Decode(partial, inverse_std_.size()));
  if (!(sums.weight > 0)) {
    return base::FailQuotingData(
        base::kIllegalArgument,
        base::Cat("requirement failed: The effective number of instances should be"
                  " greater than 0.0, but was ",
                  sums.weight, "."));
  }
  for (size_t j = 0; j < inverse_std_.size(); ++j) {
    double g = sums.gradient[j] * inverse_std_[j];
    if (problem_.fit_intercept) g -= sums.multiplier * scaled_mean_[j];
    gradient[j] = g / sums.weight;
  }
  if (problem_.fit_intercept) gradient.back() = sums.multiplier / sums.weight;
  return sums.loss / sums.weight + AddPenalty(x, gradient);
}

double LogisticObjective::AddPenalty(std::span<const double> x, std::span<double> gradient) const {
  if (problem_.l2 == 0) return 0;
  double sum = 0;
  for (size_t j = 0; j < inverse_std_.size(); ++j) {
    double coefficient = x[j];
    if (!problem_.standardization) {
      if (problem_.std[j] == 0) continue;
      coefficient = x[j] / (problem_.std[j] * problem_.std[j]);
    }
    sum += x[j] * coefficient;
    gradient[j] += problem_.l2 * coefficient;
  }
  return 0.5 * problem_.l2 * sum;
}

}  // namespace soteria::ml
