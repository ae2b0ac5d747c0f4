#include "src/ml/linear_regression/driver.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/linear_regression/model.h"
#include "src/ml/linear_regression/normal.h"
#include "src/ml/linear_regression/objective.h"
#include "src/ml/linear_regression/params.h"
#include "src/ml/linear_regression/persistence.h"
#include "src/ml/optimize/lbfgs.h"
#include "src/ml/optimize/lbfgsb.h"
#include "src/ml/optimize/owlqn.h"
#include "src/ml/summarizer/kernels.h"

namespace soteria::ml {
namespace {

base::Status Refused(std::string text) {
  return base::Fail(base::kIllegalArgument, std::move(text));
}

MinimizeOptions OptionsOf(const Params& params, Work& work) {
  MinimizeOptions options;
  options.iterations_max = params.Int("maxIter");
  options.tolerance = params.Double("tol");
  options.after_iteration = [&work, most = options.iterations_max](int64_t iteration) {
    work.Progress(static_cast<uint64_t>(iteration), static_cast<uint64_t>(most));
    if (work.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
    return base::OkStatus();
  };
  return options;
}

LinearProblem ProblemOf(const Params& params, const SummarizerResult& summary, double label_std) {
  LinearProblem problem{Standardized(summary.moments.mean(), summary.moments.StandardDeviation())};
  problem.label_mean = summary.label_moments.mean()[0];
  problem.label_std = label_std;
  problem.fit_intercept = params.Bool("fitIntercept");
  problem.standardization = params.Bool("standardization");
  problem.huber = IsHuber(params);
  problem.epsilon = params.Double("epsilon");
  const double reg_param =
      problem.huber ? params.Double("regParam") : params.Double("regParam") / label_std;
  problem.l2 = (1.0 - params.Double("elasticNetParam")) * reg_param;
  return problem;
}

base::StatusOr<Minimum> Minimize(const LinearProblem& problem, const Params& params, Work& work) {
  const LinearObjective over(problem, work);
  const Objective objective = [&over](std::span<const double> x, std::span<double> gradient) {
    return over.Evaluate(x, gradient);
  };
  const MinimizeOptions options = OptionsOf(params, work);
  const size_t features = problem.features.size();
  if (problem.huber) {
    std::vector<double> start(over.size(), 1.0);
    if (problem.fit_intercept) {
      for (const double mean : problem.features.scaled_mean) start[features] += mean;
    }
    Bounds bounds;
    bounds.lower.assign(over.size(), std::numeric_limits<double>::lowest());
    bounds.lower.back() = std::numeric_limits<double>::denorm_min();
    bounds.upper.assign(over.size(), std::numeric_limits<double>::max());
    return MinimizeLbfgsb(objective, std::move(bounds), std::move(start), options);
  }
  std::vector<double> start(over.size(), 0.0);
  const double l1 =
      params.Double("elasticNetParam") * (params.Double("regParam") / problem.label_std);
  if (l1 == 0) return MinimizeLbfgs(objective, std::move(start), options);
  std::vector<double> penalties;
  for (size_t j = 0; j < features; ++j) {
    penalties.push_back(L1PenaltyOf(problem.features, j, l1, problem.standardization));
  }
  return MinimizeOwlqn(objective, std::move(penalties), std::move(start), options);
}

/// The optimum in terms of raw features and labels.
LinearData DataOf(const LinearProblem& problem, const std::vector<double>& x) {
  const Standardized& features = problem.features;
  const double multiplier = problem.huber ? 1.0 : problem.label_std;
  LinearData data;
  std::vector<double> coefficients(features.size(), 0.0);
  double at_mean = 0;
  double centre = 0;
  for (size_t j = 0; j < features.size(); ++j) {
    if (features.std[j] != 0) coefficients[j] = x[j] * multiplier / features.std[j];
    at_mean += coefficients[j] * features.mean[j];
    centre += x[j] * features.scaled_mean[j];
  }
  if (problem.fit_intercept) {
    data.intercept = problem.huber ? x[features.size()] - centre : problem.label_mean - at_mean;
  }
  if (problem.huber) data.scale = x.back();
  data.coefficients = table::Compressed(table::View(table::DenseVector(std::move(coefficients))));
  return data;
}

base::StatusOr<FitResult> Finish(const Params& params, LinearData data,
                                 std::vector<double> objective_history,
                                 std::vector<double> inverse_diagonal,
                                 std::vector<std::string> warnings) {
  SOTERIA_ASSIGN_OR_RETURN(Params of_model, params.CopyTo(LinearRegressionModelInfo()));
  SOTERIA_ASSIGN_OR_RETURN(const auto model,
                           LinearRegressionModel::Make(std::move(of_model), std::move(data)));
  FitResult result;
  result.model = model->WithTraining(std::move(objective_history), std::move(inverse_diagonal));
  result.warnings = std::move(warnings);
  return result;
}

}  // namespace

base::Status LinearRegression::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckLinearInput(params_, input, /*fitting=*/true));
  if (params_.String("solver") == "normal" && params_.Int("maxIter") == 0) {
    return Refused("requirement failed: maxIter must be a positive integer: 0");
  }
  return base::OkStatus();
}

std::optional<table::FeatureColumns> LinearRegression::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("featuresCol");
  columns.label = params_.String("labelCol");
  columns.weight = params_.Column("weightCol");
  return columns;
}

base::StatusOr<FitResult> LinearRegression::Fit(Work& work) const {
  const std::string& solver = params_.String("solver");
  if (IsHuber(params_) || solver == "l-bfgs") return FitByIterations(work);
  // One pass tells how many features there are and, of not too many, all that is needed.
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(NormalKernel()));
  SOTERIA_ASSIGN_OR_RETURN(const NormalSums sums, NormalSums::Decode(partial));
  if (!sums.wide()) return FitNormal(sums, work);
  if (solver == "auto") return FitByIterations(work);
  return Refused(base::Cat(
      "requirement failed: In order to take the normal equation approach efficiently, we set the "
      "max number of features to ",
      kNormalFeaturesMax, " but got ", sums.features, "."));
}

base::StatusOr<FitResult> LinearRegression::FitNormal(const NormalSums& sums, Work& work) const {
  if (sums.features == 0) return Refused("head of empty array");
  if (params_.Int("maxIter") == 0) {
    return Refused("requirement failed: maxIter must be a positive integer: 0");
  }
  if (!(sums.weight > 0)) return Refused("assertion failed: Sum of weights cannot be zero.");
  NormalProblem problem;
  problem.fit_intercept = params_.Bool("fitIntercept");
  problem.reg_param = params_.Double("regParam");
  problem.elastic_net = params_.Double("elasticNetParam");
  problem.standardization = params_.Bool("standardization");
  problem.options = OptionsOf(params_, work);
  SOTERIA_ASSIGN_OR_RETURN(NormalSolution solution, SolveNormal(sums, problem));
  LinearData data;
  data.coefficients =
      table::Compressed(table::View(table::DenseVector(std::move(solution.coefficients))));
  data.intercept = solution.intercept;
  return Finish(params_, std::move(data), std::move(solution.objective_history),
                std::move(solution.inverse_diagonal), std::move(solution.warnings));
}

base::StatusOr<FitResult> LinearRegression::FitByIterations(Work& work) const {
  const SummarizerKernel summarizer(SummarizerKernel::Labels::kNumbers);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(summarizer));
  SOTERIA_ASSIGN_OR_RETURN(const SummarizerResult summary, SummarizerResult::Decode(partial));
  SOTERIA_RETURN_IF_ERROR(summary.moments.CheckNotEmpty());
  const double mean = summary.label_moments.mean()[0];
  const double deviation = summary.label_moments.StandardDeviation()[0];
  const bool fit_intercept = params_.Bool("fitIntercept");
  std::vector<std::string> warnings;
  if (deviation == 0) {
    if (fit_intercept || mean == 0) {
      LinearData data;
      data.coefficients = table::SparseVector(static_cast<int32_t>(summary.moments.cols()), {}, {});
      data.intercept = mean;
      return Finish(params_, std::move(data), {0.0}, {0.0}, {ConstantLabelWarning(mean)});
    }
    if (params_.Double("regParam") != 0) {
      return Refused(
          "requirement failed: The standard deviation of the label is zero. Model cannot be "
          "regularized.");
    }
    warnings.emplace_back(
        "The standard deviation of the label is zero. Consider setting fitIntercept=true.");
  }
  const LinearProblem problem =
      ProblemOf(params_, summary, deviation > 0 ? deviation : std::abs(mean));
  if (!fit_intercept && problem.features.HasConstantNonzeroColumn()) {
    warnings.emplace_back(
        "Fitting LinearRegressionModel without intercept on dataset with constant nonzero column,"
        " Spark MLlib outputs zero coefficients for constant nonzero columns. This behavior is the"
        " same as R glmnet but different from LIBSVM.");
  }
  SOTERIA_ASSIGN_OR_RETURN(Minimum least, Minimize(problem, params_, work));
  return Finish(params_, DataOf(problem, least.x), std::move(least.values), {0.0},
                std::move(warnings));
}

Algorithm LinearRegressionAlgorithm() {
  Algorithm algorithm = FittingAlgorithm<LinearRegression, LinearRegressionModel>(
      LinearRegressionInfo(), LinearRegressionModelInfo(), SaveLinearRegression,
      LoadLinearRegression);
  algorithm.kernels = {{NormalKernel::kKind, NormalKernel::Decode},
                       {LinearGradientKernel::kKind, LinearGradientKernel::Decode},
                       {LinearSummaryKernel::kKind, LinearSummaryKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
