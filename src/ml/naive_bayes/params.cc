#include "src/ml/naive_bayes/params.h"

#include <arrow/type.h>

#include <optional>
#include <string>
#include <vector>

#include "src/ml/columns.h"
#include "src/ml/shared_params.h"

namespace soteria::ml {
namespace {

std::vector<ParamSpec> BayesParams() {
  return {FeaturesCol(),
          LabelCol(),
          StringParam("modelType", std::string("multinomial"),
                      OneOf({"multinomial", "complement", "bernoulli", "gaussian"})),
          PredictionCol(),
          ProbabilityCol(),
          RawPredictionCol(),
          DoubleParam("smoothing", 1.0, AtLeast(0)),
          ThresholdsParam(),
          WeightCol()};
}

}  // namespace

const ClassInfo& NaiveBayesInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.classification.NaiveBayes", ClassKind::kEstimator, BayesParams()};
  return *info;
}

const ClassInfo& NaiveBayesModelInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.classification.NaiveBayesModel", ClassKind::kModel, BayesParams()};
  return *info;
}

BayesType BayesTypeOf(const Params& params) {
  const std::string& type = params.String("modelType");
  if (type == "complement") return BayesType::kComplement;
  if (type == "bernoulli") return BayesType::kBernoulli;
  if (type == "gaussian") return BayesType::kGaussian;
  return BayesType::kMultinomial;
}

base::Status CheckBayesInput(const Params& params, const arrow::Schema& input, bool fitting) {
  SOTERIA_RETURN_IF_ERROR(CheckVectorColumn(input, params.String("featuresCol")));
  if (fitting) {
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
