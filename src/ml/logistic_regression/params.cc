#include "src/ml/logistic_regression/params.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/table/java_text.h"

namespace soteria::ml {
namespace {

std::vector<ParamSpec> LogisticParams() {
  using enum ParamType;
  return {
      AggregationDepth(),
      ElasticNet(),
      {"family", kString, std::string("auto"),
       OneOfIgnoringCase({"auto", "binomial", "multinomial"})},
      FeaturesCol(),
      FitIntercept(),
      LabelCol(),
      {"lowerBoundsOnCoefficients", kMatrix, std::nullopt, {}},
      {"lowerBoundsOnIntercepts", kVector, std::nullopt, {}},
      MaxBlockSizeInMB(),
      MaxIter(100),
      PredictionCol(),
      ProbabilityCol(),
      RawPredictionCol(),
      RegParam(),
      Standardization(),
      {"threshold", kDouble, 0.5, InRange(0, 1)},
      ThresholdsParam(),
      Tol(1e-6),
      {"upperBoundsOnCoefficients", kMatrix, std::nullopt, {}},
      {"upperBoundsOnIntercepts", kVector, std::nullopt, {}},
      WeightCol(),
  };
}

double Equivalent(const std::vector<double>& thresholds) {
  return 1.0 / (1.0 + thresholds[0] / thresholds[1]);
}

base::Status Required(std::string text) {
  return base::Fail(base::kIllegalArgument, base::Cat("requirement failed: ", text));
}

}  // namespace

const ClassInfo& LogisticRegressionInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.classification.LogisticRegression", ClassKind::kEstimator,
                    LogisticParams()};
  return *info;
}

const ClassInfo& LogisticRegressionModelInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.classification.LogisticRegressionModel", ClassKind::kModel,
                    LogisticParams()};
  return *info;
}

base::Status CheckThresholds(const Params& params) {
  if (!params.IsSet("threshold") || !params.IsSet("thresholds")) return base::OkStatus();
  const double threshold = params.Double("threshold");
  const std::vector<double>& thresholds = params.Doubles("thresholds");
  if (thresholds.size() != 2) {
    return Required(base::Cat(
        "Logistic Regression found inconsistent values for threshold and thresholds.  Param "
        "threshold is set (",
        table::JavaDouble(threshold),
        "), indicating binary classification, but Param thresholds is set with length ",
        thresholds.size(), ". Clear one Param value to fix this problem."));
  }
  const double equivalent = Equivalent(thresholds);
  if (!(std::abs(threshold - equivalent) < 1e-5)) {
    return Required(
        base::Cat("Logistic Regression getThreshold found inconsistent values for threshold (",
                  table::JavaDouble(threshold), ") and thresholds (equivalent to ",
                  table::JavaDouble(equivalent), ")"));
  }
  return base::OkStatus();
}

base::StatusOr<BinaryThreshold> ThresholdOf(const Params& params) {
  SOTERIA_RETURN_IF_ERROR(CheckThresholds(params));
  BinaryThreshold threshold;
  if (params.IsSet("thresholds")) {
    const std::vector<double>& thresholds = params.Doubles("thresholds");
    if (thresholds.size() != 2) {
      return Required(
          base::Cat("Logistic Regression getThreshold only applies to binary"
                    " classification, but thresholds has length != 2.  thresholds: ",
                    ToText(thresholds, ParamType::kDoubleArray)));
    }
    threshold.probability = Equivalent(thresholds);
  } else {
    threshold.probability = params.Double("threshold");
  }
  const double p = threshold.probability;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  threshold.margin = p == 0.0 ? -kInfinity : p == 1.0 ? kInfinity : std::log(p / (1.0 - p));
  return threshold;
}

bool HasBounds(const Params& params) {
  return params.IsSet("lowerBoundsOnCoefficients") || params.IsSet("upperBoundsOnCoefficients") ||
         params.IsSet("lowerBoundsOnIntercepts") || params.IsSet("upperBoundsOnIntercepts");
}

base::Status CheckLogisticInput(const Params& params, const arrow::Schema& input, bool fitting) {
  SOTERIA_RETURN_IF_ERROR(CheckThresholds(params));
  if (HasBounds(params) && params.Double("elasticNetParam") != 0) {
    return Required(
        base::Cat("Fitting under bound constrained optimization only supports L2 regularization, "
                  "but got elasticNetParam = ",
                  table::JavaDouble(params.Double("elasticNetParam")), "."));
  }
  if (!params.Bool("fitIntercept") &&
      (params.IsSet("lowerBoundsOnIntercepts") || params.IsSet("upperBoundsOnIntercepts"))) {
    return Required("Please don't set bounds on intercepts if fitting without intercept.");
  }
  SOTERIA_RETURN_IF_ERROR(CheckVectorColumn(input, params.String("featuresCol")));
  if (fitting) {
    // The type is that of what the name means, but the column has to be of exactly that name.
    SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params.String("labelCol")));
    SOTERIA_RETURN_IF_ERROR(FindField(input, params.String("labelCol")).status());
    if (const std::optional<std::string> weight = params.Column("weightCol")) {
      SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, *weight));
      SOTERIA_RETURN_IF_ERROR(FindField(input, *weight).status());
    }
  }
  for (const char* name : {"predictionCol", "rawPredictionCol", "probabilityCol"}) {
    if (const std::optional<std::string> column = params.Column(name)) {
      SOTERIA_RETURN_IF_ERROR(CheckNoColumn(input, *column));
    }
  }
  return base::OkStatus();
}

}  // namespace soteria::ml
