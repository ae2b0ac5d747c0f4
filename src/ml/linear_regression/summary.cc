#include "src/ml/linear_regression/summary.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/linalg/student_t.h"

namespace soteria::ml {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// An attribute, of a complete summary.
struct Metric {
  std::string_view method;
  base::StatusOr<Attribute> (*get)(const LinearSummary& summary);
};

base::StatusOr<Attribute> Number(double value) { return Attribute(value); }

base::StatusOr<Attribute> Count(double value) { return Attribute(static_cast<int64_t>(value)); }

base::StatusOr<Attribute> List(base::StatusOr<std::vector<double>> values) {
  SOTERIA_RETURN_IF_ERROR(values.status());
  return Attribute(*std::move(values));
}

base::StatusOr<Attribute> AdjustedR2(const LinearSummary& summary) {
  const double with_intercept = summary.sums().rows() - (summary.fit_intercept() ? 1 : 0);
  return Number(1 - (1 - summary.R2()) * with_intercept / summary.freedom());
}

base::StatusOr<Attribute> PValues(const LinearSummary& summary) {
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> values, summary.TValues("p-value"));
  for (double& value : values) {
    value = 2.0 * (1.0 - StudentT(summary.freedom(), std::abs(value)));
  }
  return Attribute(std::move(values));
}

constexpr Metric kMetrics[] = {
    {"explainedVariance",
     [](const LinearSummary& s) { return Number(s.sums().moments.sums.ExplainedVariance()); }},
    {"meanAbsoluteError",
     [](const LinearSummary& s) { return Number(s.sums().moments.sums.MeanAbsoluteError()); }},
    {"meanSquaredError",
     [](const LinearSummary& s) { return Number(s.sums().moments.sums.MeanSquaredError()); }},
    {"rootMeanSquaredError",
     [](const LinearSummary& s) { return Number(s.sums().moments.sums.RootMeanSquaredError()); }},
    {"r2", [](const LinearSummary& s) { return Number(s.R2()); }},
    {"r2adj", AdjustedR2},
    {"numInstances", [](const LinearSummary& s) { return Count(s.sums().rows()); }},
    {"degreesOfFreedom", [](const LinearSummary& s) { return Count(s.freedom()); }},
    {"devianceResiduals",
     [](const LinearSummary& s) -> base::StatusOr<Attribute> {
       return Attribute(
           std::vector<double>{s.sums().least.value_or(kNan), s.sums().largest.value_or(kNan)});
     }},
    {"coefficientStandardErrors",
     [](const LinearSummary& s) { return List(s.StandardErrors("Std. Error of coefficients")); }},
    {"tValues", [](const LinearSummary& s) { return List(s.TValues("t-statistic")); }},
    {"pValues", PValues},
};

const Metric* FindMetric(std::string_view method) {
  const auto* at = std::find_if(std::begin(kMetrics), std::end(kMetrics),
                                [&](const Metric& m) { return m.method == method; });
  return at == std::end(kMetrics) ? nullptr : at;
}

}  // namespace

LinearSummary::LinearSummary(const Params& params, Facts facts)
    : columns_({{"featuresCol", params.String("featuresCol")},
                {"labelCol", params.String("labelCol")},
                {"predictionCol", params.String("predictionCol")}}),
      fit_intercept_(params.Bool("fitIntercept")),
      facts_(std::move(facts)) {}

std::shared_ptr<const Summary> LinearSummary::Make(
    const Params& params, Facts facts, std::shared_ptr<const LinearSummaryKernel> kernel) {
  std::shared_ptr<LinearSummary> summary(new LinearSummary(params, std::move(facts)));
  summary->kernel_ = std::move(kernel);
  return summary;
}

bool LinearSummary::Needs(std::string_view method) const { return FindMetric(method) != nullptr; }

base::StatusOr<std::shared_ptr<const Summary>> LinearSummary::Complete(
    std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(LinearSummarySums sums, LinearSummarySums::Decode(partial));
  std::shared_ptr<LinearSummary> complete(new LinearSummary(*this));
  complete->sums_ = std::make_shared<const LinearSummarySums>(std::move(sums));
  return std::shared_ptr<const Summary>(std::move(complete));
}

std::optional<PredictionsColumn> LinearSummary::OfPredictions(std::string_view method) const {
  if (method != "residuals") return std::nullopt;
  return PredictionsColumn{columns_.find("labelCol")->second,
                           columns_.find("predictionCol")->second};
}

double LinearSummary::R2() const { return sums_->moments.sums.R2(!fit_intercept_); }

double LinearSummary::freedom() const {
  const double features = static_cast<double>(facts_.estimates.coefficients.size());
  return sums_->rows() - features - (fit_intercept_ ? 1 : 0);
}

base::StatusOr<std::vector<double>> LinearSummary::StandardErrors(std::string_view what) const {
  const std::vector<double>& diagonal = facts_.inverse_diagonal;
  if (diagonal.size() == 1 && diagonal[0] == 0) {
    return base::Fail(base::kUnsupported,
                      base::Cat("No ", what, " available for this LinearRegressionModel"));
  }
  const stats::RegressionSums& moments = sums_->moments.sums;
  const double variance = moments.MeanSquaredError() * moments.weight() / freedom();
  std::vector<double> errors;
  for (const double of : diagonal) errors.push_back(std::sqrt(of * variance));
  return errors;
}

base::StatusOr<std::vector<double>> LinearSummary::TValues(std::string_view what) const {
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> values, StandardErrors(what));
  std::vector<double> estimates = facts_.estimates.coefficients;
  if (fit_intercept_) estimates.push_back(facts_.estimates.intercept);
  values.resize(std::min(values.size(), estimates.size()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = estimates[i] / values[i];
  return values;
}

base::StatusOr<Attribute> LinearSummary::Get(std::string_view method, const Arguments& args) const {
  if (const auto at = columns_.find(method); at != columns_.end() && args.empty()) {
    return Attribute(at->second);
  }
  const std::string_view training = facts_.objective_history ? "Training" : "";
  if (facts_.objective_history && args.empty()) {
    if (method == "objectiveHistory") return Attribute(*facts_.objective_history);
    if (method == "totalIterations") {
      return Attribute(static_cast<int64_t>(facts_.objective_history->size()) - 1);
    }
  }
  const Metric* metric = FindMetric(method);
  if (metric == nullptr) {
    return base::Fail(base::kMlAttribute,
                      base::Cat(method, " in org.apache.spark.ml.regression.LinearRegression",
                                training, "Summary is not allowed to be accessed."));
  }
  if (!args.empty()) return base::Fail(base::kIllegalArgument, "expecting no argument");
  if (sums_ == nullptr) {
    return base::Fail(base::kInternal, base::Cat("summary: ", method, " before its data"));
  }
  SOTERIA_RETURN_IF_ERROR(sums_->moments.sums.CheckNotEmpty());
  return metric->get(*this);
}

}  // namespace soteria::ml
