#include "src/ml/evaluators/multiclass.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <cmath>
#include <memory>
#include <vector>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/evaluators/answers.h"
#include "src/stats/multiclass_metrics.h"
#include "src/table/java_text.h"

namespace soteria::ml {
namespace {

constexpr std::string_view kLogLoss = "logLoss";

const ClassInfo& Info() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator",
      ClassKind::kEvaluator,
      {{"beta", ParamType::kDouble, 1.0, Above(0)},
       {"eps", ParamType::kDouble, 1e-15, InRange(0, 0.5, false, false)},
       {"labelCol", ParamType::kString, std::string("label"), {}},
       {"metricLabel", ParamType::kDouble, 0.0, AtLeast(0)},
       {"metricName", ParamType::kString, std::string("f1"),
        OneOf({"f1", "accuracy", "weightedPrecision", "weightedRecall", "weightedTruePositiveRate",
               "weightedFalsePositiveRate", "weightedFMeasure", "truePositiveRateByLabel",
               "falsePositiveRateByLabel", "precisionByLabel", "recallByLabel", "fMeasureByLabel",
               "logLoss", "hammingLoss"})},
       {"predictionCol", ParamType::kString, std::string("prediction"), {}},
       {"probabilityCol", ParamType::kString, std::string("probability"), {}},
       {"weightCol", ParamType::kString, std::nullopt, {}}}};
  return *info;
}

}  // namespace

base::StatusOr<RowKernelPtr> ConfusionKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  Columns columns;
  SOTERIA_ASSIGN_OR_RETURN(columns.prediction, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(columns.label, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weight, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view probability, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(columns.eps, r.NextDouble());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (!weight.empty()) columns.weight = std::string(weight);
  if (!probability.empty()) columns.probability = std::string(probability);
  return std::make_unique<ConfusionKernel>(std::move(columns));
}

std::string ConfusionKernel::Encode() const {
  base::FieldWriter w;
  w.Add(columns_.prediction).Add(columns_.label).Add(columns_.weight.value_or(""));
  w.Add(columns_.probability.value_or("")).AddDouble(columns_.eps);
  return w.Take();
}

base::StatusOr<std::string> ConfusionKernel::Map(const arrow::Table& table) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> predictions,
                           ReadDefinedNumbers(table, columns_.prediction, "Predictions"));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> labels,
                           ReadDefinedNumbers(table, columns_.label, "Labels"));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> weights, ReadWeights(table, columns_.weight));
  stats::ConfusionCounts counts;
  for (size_t i = 0; i < labels.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(counts.Add(labels[i], predictions[i], weights[i]));
  }
  if (columns_.probability) {
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> losses,
                             ReadLosses(table, *columns_.probability, columns_.eps, labels));
    for (size_t i = 0; i < losses.size(); ++i) counts.AddLoss(losses[i], weights[i]);
  }
  return counts.Encode();
}

base::StatusOr<std::string> ConfusionKernel::Merge(std::span<const std::string> children) const {
  stats::ConfusionCounts sum;
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const stats::ConfusionCounts child,
                             stats::ConfusionCounts::Decode(bytes));
    SOTERIA_RETURN_IF_ERROR(sum.Merge(child));
  }
  return sum.Encode();
}

base::Status MulticlassClassificationEvaluator::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDoubleColumn(input, params_.String("predictionCol")));
  SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params_.String("labelCol")));
  if (const std::optional<std::string> weight = params_.Column("weightCol")) {
    SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, *weight));
  }
  if (params_.String("metricName") != kLogLoss) return base::OkStatus();
  return CheckVectorColumn(input, params_.String("probabilityCol"));
}

base::StatusOr<RowKernelPtr> MulticlassClassificationEvaluator::MakeKernel() const {
  ConfusionKernel::Columns columns;
  columns.prediction = params_.String("predictionCol");
  columns.label = params_.String("labelCol");
  columns.weight = params_.Column("weightCol");
  columns.eps = params_.Double("eps");
  if (params_.String("metricName") == kLogLoss) {
    columns.probability = params_.String("probabilityCol");
  }
  return std::make_unique<ConfusionKernel>(std::move(columns));
}

stats::Statistic MulticlassClassificationEvaluator::Asks() const {
  stats::Statistic asked;
  asked.kind = stats::StatisticKind::kMulticlass;
  asked.metric = params_.String("metricName");
  asked.label = params_.Double("metricLabel");
  asked.beta = params_.Double("beta");
  return asked;
}

base::StatusOr<RowKernelPtr> MulticlassClassificationEvaluator::MakeAnswersKernel() const {
  AnswersKernel::Columns columns;
  columns.answer = params_.String("predictionCol");
  columns.label = params_.String("labelCol");
  columns.weight = params_.Column("weightCol");
  columns.eps = params_.Double("eps");
  if (params_.String("metricName") == kLogLoss) {
    columns.probability = params_.String("probabilityCol");
  }
  return std::make_unique<AnswersKernel>(std::move(columns));
}

bool MulticlassClassificationEvaluator::larger_is_better() const {
  const std::string& name = params_.String("metricName");
  return name != "weightedFalsePositiveRate" && name != "falsePositiveRateByLabel" &&
         name != kLogLoss && name != "hammingLoss";
}

Algorithm MulticlassEvaluatorAlgorithm() {
  ClassEntry entry;
  entry.info = &Info();
  entry.evaluator = [](Params params) -> std::unique_ptr<const Evaluator> {
    return std::make_unique<MulticlassClassificationEvaluator>(std::move(params));
  };
  Algorithm algorithm;
  algorithm.classes = {entry};
  algorithm.row_kernels = {{ConfusionKernel::kKind, ConfusionKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
