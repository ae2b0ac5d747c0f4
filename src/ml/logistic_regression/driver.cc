#include "src/ml/logistic_regression/driver.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/logistic_regression/kernels.h"
#include "src/ml/logistic_regression/model.h"
#include "src/ml/logistic_regression/objective.h"
#include "src/ml/logistic_regression/params.h"
#include "src/ml/logistic_regression/persistence.h"
#include "src/ml/logistic_regression/training.h"
#include "src/ml/summarizer/kernels.h"

namespace soteria::ml {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string FamilyOf(const Params& params) { return base::Lower(params.String("family")); }

/// All rows of one label: no iteration, the intercept alone says it all.
LogisticData ConstantModel(size_t features, size_t classes, bool multinomial) {
  LogisticData data;
  data.num_classes = static_cast<int32_t>(classes);
  data.multinomial = multinomial;
  const size_t sets = multinomial ? classes : 1;
  data.coefficients = CompressedRows(sets, std::vector<double>(sets * features, 0.0));
  if (multinomial) {
    const auto n = static_cast<int32_t>(classes);
    data.intercepts = table::SparseVector(n, {n - 1}, {kInfinity});
  } else {
    data.intercepts = table::DenseVector({classes == 2 ? kInfinity : -kInfinity});
  }
  return data;
}

LogisticProblem ProblemOf(const Params& params, const Moments& moments, bool multinomial,
                          size_t sets) {
  LogisticProblem problem{Standardized(moments.mean(), moments.StandardDeviation())};
  problem.multinomial = multinomial;
  problem.sets = sets;
  problem.fit_intercept = params.Bool("fitIntercept");
  problem.centred = CentresFeatures(params);
  problem.l2 = (1.0 - params.Double("elasticNetParam")) * params.Double("regParam");
  problem.standardization = params.Bool("standardization");
  return problem;
}

base::StatusOr<Minimum> Minimize(const LogisticProblem& problem,
                                 const std::vector<double>& histogram, const Params& params,
                                 Work& work) {
  MinimizeOptions options;
  options.iterations_max = params.Int("maxIter");
  options.tolerance = params.Double("tol");
  options.after_iteration = [&](int64_t iteration) -> base::Status {
    work.Progress(static_cast<uint64_t>(iteration), static_cast<uint64_t>(options.iterations_max));
    if (work.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
    return base::OkStatus();
  };
  std::optional<Bounds> bounds = BoundsOf(params, problem);
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> start, StartOf(problem, histogram, bounds));
  const LogisticObjective objective(problem, work);
  return MinimizeLogistic(
      [&](std::span<const double> x, std::span<double> gradient) {
        return objective.Evaluate(x, gradient);
      },
      problem, params, std::move(bounds), std::move(start), options);
}

/// Softmax doesn't change when all classes get the same added, so that MLlib makes the mean 0 of
/// what neither a penalty nor a bound holds.
void Centre(const LogisticProblem& problem, const Params& params, std::vector<double>& rows,
            std::vector<double>& intercepts) {
  if (!problem.multinomial || HasBounds(params)) return;
  const size_t features = problem.features.size();
  const auto sets = static_cast<double>(problem.sets);
  for (size_t j = 0; params.Double("regParam") == 0 && j < features; ++j) {
    double sum = 0;
    for (size_t k = 0; k < problem.sets; ++k) sum += rows[k * features + j];
    for (size_t k = 0; k < problem.sets; ++k) rows[k * features + j] -= sum / sets;
  }
  if (!problem.fit_intercept) return;
  double sum = 0;
  for (const double intercept : intercepts) sum += intercept;
  for (double& intercept : intercepts) intercept -= sum / sets;
}

/// The optimum in terms of raw features. As MLlib divides: by std, and not by its inverse's
/// product.
LogisticData DataOf(const LogisticProblem& problem, const Params& params,
                    const std::vector<double>& x, size_t classes) {
  const size_t features = problem.features.size();
  std::vector<double> rows(problem.coefficients(), 0.0);
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t j = i / problem.sets;
    if (problem.features.std[j] == 0) continue;
    rows[i % problem.sets * features + j] = x[i] / problem.features.std[j];
  }
  std::vector<double> intercepts;
  for (const LinearScore& score : problem.ScoresOf(x)) intercepts.push_back(score.intercept);
  Centre(problem, params, rows, intercepts);
  LogisticData data;
  data.num_classes = static_cast<int32_t>(classes);
  data.multinomial = problem.multinomial;
  data.coefficients = CompressedRows(problem.sets, rows);
  data.intercepts = table::Compressed(table::View(table::DenseVector(std::move(intercepts))));
  return data;
}

}  // namespace

bool LogisticRegression::Multinomial(size_t classes) const {
  const std::string family = FamilyOf(params_);
  return family == "multinomial" || (family == "auto" && classes > 2);
}

base::Status LogisticRegression::CheckClasses(size_t classes, size_t features) const {
  if (classes > 2 && FamilyOf(params_) == "binomial") {
    return base::FailQuotingData(  // the largest label and one
        base::kIllegalArgument,
        base::Cat("requirement failed: Binomial family only supports 1 or 2 outcome"
                  " classes but found ",
                  classes, ". Labels count from 0: make labels 1 and 2 into 0 and 1."));
  }
  const size_t sets = Multinomial(classes) ? classes : 1;
  if (sets > kLogisticCoefficientsMax / std::max<size_t>(features + 1, 1)) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("LogisticRegression: more than ", kLogisticCoefficientsMax,
                                " coefficients (classes times features)"));
  }
  if (HasBounds(params_)) SOTERIA_RETURN_IF_ERROR(CheckBounds(params_, sets, features));
  if (!params_.IsSet("thresholds")) return base::OkStatus();
  const size_t length = params_.Doubles("thresholds").size();
  if (length == classes) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: LogisticRegression.train() called with"
                              " non-matching numClasses and thresholds.length. numClasses=",
                              classes, ", but thresholds has length ", length));
}

base::Status LogisticRegression::CheckInput(const arrow::Schema& input) const {
  return CheckLogisticInput(params_, input, /*fitting=*/true);
}

std::optional<table::FeatureColumns> LogisticRegression::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("featuresCol");
  columns.label = params_.String("labelCol");
  columns.weight = params_.Column("weightCol");
  return columns;
}

base::StatusOr<FitResult> LogisticRegression::Fit(Work& work) const {
  const SummarizerKernel summarizer(SummarizerKernel::Labels::kClasses);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(summarizer));
  SOTERIA_ASSIGN_OR_RETURN(const SummarizerResult summary, SummarizerResult::Decode(partial));
  SOTERIA_RETURN_IF_ERROR(summary.moments.CheckNotEmpty());
  const std::vector<double> histogram = summary.Histogram();
  const size_t classes = histogram.size();
  SOTERIA_RETURN_IF_ERROR(CheckClasses(classes, summary.moments.cols()));
  const bool multinomial = Multinomial(classes);

  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(LogisticRegressionModelInfo()));
  const auto finish = [&](LogisticData data, std::vector<double> history) -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(const auto model,
                             LogisticRegressionModel::Make(std::move(params), std::move(data)));
    result.model = model->WithTraining(std::move(history));
    return base::OkStatus();
  };
  const bool fit_intercept = params_.Bool("fitIntercept");
  const bool constant = summary.labels.size() == 1;
  if (constant && fit_intercept && !HasBounds(params_)) {
    result.warnings.push_back(
        "All labels are the same value and fitIntercept=true, so the coefficients will be zeros."
        " Training is not needed.");
    SOTERIA_RETURN_IF_ERROR(
        finish(ConstantModel(summary.moments.cols(), classes, multinomial), {0.0}));
    return result;
  }
  const LogisticProblem problem =
      ProblemOf(params_, summary.moments, multinomial, multinomial ? classes : 1);
  if (constant && !fit_intercept) {
    result.warnings.push_back(
        "All labels belong to a single class and fitIntercept=false. It's a dangerous ground, so"
        " the algorithm may not converge.");
  }
  if (!fit_intercept && problem.features.HasConstantNonzeroColumn()) {
    result.warnings.push_back(
        "Fitting LogisticRegressionModel without intercept on dataset with constant nonzero"
        " column, Spark MLlib outputs zero coefficients for constant nonzero columns. This"
        " behavior is the same as R glmnet but different from LIBSVM.");
  }
  SOTERIA_ASSIGN_OR_RETURN(Minimum optimum, Minimize(problem, histogram, params_, work));
  SOTERIA_RETURN_IF_ERROR(
      finish(DataOf(problem, params_, optimum.x, classes), std::move(optimum.values)));
  return result;
}

Algorithm LogisticRegressionAlgorithm() {
  Algorithm algorithm = FittingAlgorithm<LogisticRegression, LogisticRegressionModel>(
      LogisticRegressionInfo(), LogisticRegressionModelInfo(), SaveLogisticRegression,
      LoadLogisticRegression);
  algorithm.kernels = {{LogisticGradientKernel::kKind, LogisticGradientKernel::Decode},
                       {SoftmaxGradientKernel::kKind, SoftmaxGradientKernel::Decode},
                       {LogisticSummaryKernel::kKind, LogisticSummaryKernel::Decode},
                       {LogisticEvaluationKernel::kKind, LogisticEvaluationKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
