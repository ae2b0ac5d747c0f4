#include "src/ml/linear_regression/params.h"

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

std::vector<ParamSpec> LinearParams() {
  return {
      AggregationDepth(),
      ElasticNet(),
      DoubleParam("epsilon", 1.35, Above(1.0)),
      FeaturesCol(),
      FitIntercept(),
      LabelCol(),
      StringParam("loss", std::string("squaredError"), OneOf({"squaredError", "huber"})),
      MaxBlockSizeInMB(),
      MaxIter(100),
      PredictionCol(),
      RegParam(),
      StringParam("solver", std::string("auto"), OneOf({"auto", "normal", "l-bfgs"})),
      Standardization(),
      Tol(1e-6),
      WeightCol(),
  };
}

base::Status CheckLoss(const Params& params) {
  if (!IsHuber(params)) return base::OkStatus();
  if (params.String("solver") == "normal") {
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: LinearRegression with huber loss doesn't support normal "
                      "solver, please change solver to auto or l-bfgs.");
  }
  const double elastic_net = params.Double("elasticNetParam");
  if (elastic_net == 0) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: LinearRegression with huber loss only supports "
                              "L2 regularization, but got elasticNetParam = ",
                              table::JavaDouble(elastic_net), "."));
}

}  // namespace

const ClassInfo& LinearRegressionInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.regression.LinearRegression", ClassKind::kEstimator, LinearParams()};
  return *info;
}

const ClassInfo& LinearRegressionModelInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.regression.LinearRegressionModel", ClassKind::kModel, LinearParams()};
  return *info;
}

bool IsHuber(const Params& params) { return params.String("loss") == "huber"; }

base::Status CheckLinearInput(const Params& params, const arrow::Schema& input, bool fitting) {
  if (fitting) SOTERIA_RETURN_IF_ERROR(CheckLoss(params));
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
  if (const std::optional<std::string> column = params.Column("predictionCol")) {
    return CheckNoColumn(input, *column);
  }
  return base::OkStatus();
}

}  // namespace soteria::ml
