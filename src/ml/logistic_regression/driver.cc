#include "src/ml/logistic_regression/driver.h"

#include <cmath>
#include <limits>
#include <memory>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/logistic_regression/kernels.h"
#include "src/ml/logistic_regression/model.h"
#include "src/ml/logistic_regression/objective.h"
#include "src/ml/logistic_regression/params.h"
#include "src/ml/logistic_regression/persistence.h"
#include "src/ml/optimize/lbfgs.h"
#include "src/ml/summarizer/kernels.h"

namespace soteria::ml {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string FamilyOf(const Params& params) { return base::Lower(params.String("family")); }

base::Status Unsupported(std::string_view what) {
  return base::Fail(base::kUnsupported,
                    base::Cat("LogisticRegression does not support ", what, " here."));
}

/// All rows of one label: no iteration, the intercept alone says it all.
LogisticData ConstantModel(size_t features, size_t classes) {
  LogisticData data;
  data.num_classes = static_cast<int32_t>(classes);
  data.coefficients = CompressedRow(std::vector<double>(features, 0.0));
  data.intercept = classes == 2 ? kInfinity : -kInfinity;
  return data;
}

LogisticProblem ProblemOf(const Params& params, const Moments& moments) {
  LogisticProblem problem;
  problem.mean = moments.mean();
  problem.std = moments.StandardDeviation();
  problem.fit_intercept = params.Bool("fitIntercept");
  problem.l2 = (1.0 - params.Double("elasticNetParam")) * params.Double("regParam");
  problem.standardization = params.Bool("standardization");
  return problem;
}

bool HasConstantNonzeroColumn(const LogisticProblem& problem) {
  for (size_t j = 0; j < problem.std.size(); ++j) {
    if (problem.std[j] == 0 && problem.mean[j] != 0) return true;
  }
  return false;
}

base::StatusOr<LbfgsResult> Minimize(const LogisticObjective& objective,
                                     const std::vector<double>& histogram, const Params& params,
                                     Work& work) {
  std::vector<double> start(objective.size(), 0.0);
  if (params.Bool("fitIntercept")) start.back() = std::log(histogram[1] / histogram[0]);
  LbfgsOptions options;
  options.iterations_max = params.Int("maxIter");
  options.tolerance = params.Double("tol");
  options.after_iteration = [&](int64_t iteration) -> base::Status {
    work.Progress(static_cast<uint64_t>(iteration), static_cast<uint64_t>(options.iterations_max));
    if (work.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
    return base::OkStatus();
  };
  return MinimizeLbfgs([&](std::span<const double> x,
                           std::span<double> gradient) { return objective.Evaluate(x, gradient); },
                       std::move(start), options);
}

/// The optimum in terms of raw features. As MLlib divides: by std, and not by its inverse's
/// product.
LogisticData DataOf(const LogisticObjective& objective, const LogisticProblem& problem,
                    const std::vector<double>& x, size_t classes) {
  std::vector<double> coefficients(problem.std.size(), 0.0);
  for (size_t j = 0; j < coefficients.size(); ++j) {
    if (problem.std[j] != 0) coefficients[j] = x[j] / problem.std[j];
  }
  LogisticData data;
  data.num_classes = static_cast<int32_t>(classes);
  data.coefficients = CompressedRow(coefficients);
  data.intercept = objective.ScoreOf(x).intercept;
  return data;
}

}  // namespace

base::Status LogisticRegression::CheckSupported() const {
  if (params_.Double("elasticNetParam") != 0 && params_.Double("regParam") != 0) {
    return Unsupported("elasticNetParam other than 0.0");
  }
  for (const char* bound : {"lowerBoundsOnCoefficients", "upperBoundsOnCoefficients",
                            "lowerBoundsOnIntercepts", "upperBoundsOnIntercepts"}) {
    if (params_.IsSet(bound)) return Unsupported(bound);
  }
  if (FamilyOf(params_) == "multinomial") return Unsupported("the multinomial family");
  return base::OkStatus();
}

base::Status LogisticRegression::CheckClasses(size_t classes) const {
  if (classes > 2 && FamilyOf(params_) == "binomial") {
    return base::FailQuotingData(  // the largest label and one
        base::kIllegalArgument,
        base::Cat("requirement failed: Binomial family only supports 1 or 2 outcome"
                  " classes but found ",
                  classes, ". Labels count from 0: make labels 1 and 2 into 0 and 1."));
  }
  if (classes > 2) {
    return Unsupported(
        "the multinomial family (the labels have more than 2 classes; labels count from 0, so that "
        "1 and 2 are three: make them 0 and 1, as with withColumn(\"label\", col(\"label\") - 1))");
  }
  if (!params_.IsSet("thresholds")) return base::OkStatus();
  const size_t length = params_.Doubles("thresholds").size();
  if (length == classes) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: LogisticRegression.train() called with"
                              " non-matching numClasses and thresholds.length. numClasses=",
                              classes, ", but thresholds has length ", length));
}

base::Status LogisticRegression::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckLogisticInput(params_, input, /*fitting=*/true));
  return CheckSupported();
}

std::optional<table::FeatureColumns> LogisticRegression::Columns() const {
  table::FeatureColumns columns;
  columns.features = params_.String("featuresCol");
  columns.label = params_.String("labelCol");
  columns.weight = params_.Column("weightCol");
  return columns;
}

base::StatusOr<FitResult> LogisticRegression::Fit(Work& work) const {
  SOTERIA_RETURN_IF_ERROR(CheckSupported());
  const SummarizerKernel summarizer(SummarizerKernel::Labels::kClasses);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(summarizer));
  SOTERIA_ASSIGN_OR_RETURN(const SummarizerResult summary, SummarizerResult::Decode(partial));
  SOTERIA_RETURN_IF_ERROR(summary.moments.CheckNotEmpty());
  const std::vector<double> histogram = summary.Histogram();
  const size_t classes = histogram.size();
  SOTERIA_RETURN_IF_ERROR(CheckClasses(classes));

  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(LogisticRegressionModelInfo()));
  const bool fit_intercept = params_.Bool("fitIntercept");
  const bool constant = summary.labels.size() == 1;
  if (constant && fit_intercept) {
    result.warnings.push_back(
        "All labels are the same value and fitIntercept=true, so the coefficients will be zeros."
        " Training is not needed.");
    SOTERIA_ASSIGN_OR_RETURN(
        const std::shared_ptr<const LogisticRegressionModel> model,
        LogisticRegressionModel::Make(std::move(params),
                                      ConstantModel(summary.moments.cols(), classes)));
    result.model = model->WithTraining({0.0});
    return result;
  }
  const LogisticProblem problem = ProblemOf(params_, summary.moments);
  if (constant) {
    result.warnings.push_back(
        "All labels belong to a single class and fitIntercept=false. It's a dangerous ground, so"
        " the algorithm may not converge.");
  }
  if (!fit_intercept && HasConstantNonzeroColumn(problem)) {
    result.warnings.push_back(
        "Fitting LogisticRegressionModel without intercept on dataset with constant nonzero"
        " column, Spark MLlib outputs zero coefficients for constant nonzero columns. This"
        " behavior is the same as R glmnet but different from LIBSVM.");
  }
  const LogisticObjective objective(problem, work);
  SOTERIA_ASSIGN_OR_RETURN(LbfgsResult optimum, Minimize(objective, histogram, params_, work));
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<const LogisticRegressionModel> model,
                           LogisticRegressionModel::Make(
                               std::move(params), DataOf(objective, problem, optimum.x, classes)));
  result.model = model->WithTraining(std::move(optimum.values));
  return result;
}

Algorithm LogisticRegressionAlgorithm() {
  ClassEntry estimator;
  estimator.info = &LogisticRegressionInfo();
  estimator.estimator = [](Params params) -> std::unique_ptr<const Estimator> {
    return std::make_unique<LogisticRegression>(std::move(params));
  };
  ClassEntry model;
  model.info = &LogisticRegressionModelInfo();
  model.decode = LogisticRegressionModel::Decode;
  model.save = SaveLogisticRegression;
  model.load = LoadLogisticRegression;
  Algorithm algorithm;
  algorithm.classes = {estimator, model};
  algorithm.kernels = {{LogisticGradientKernel::kKind, LogisticGradientKernel::Decode},
                       {LogisticSummaryKernel::kKind, LogisticSummaryKernel::Decode},
                       {LogisticEvaluationKernel::kKind, LogisticEvaluationKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
