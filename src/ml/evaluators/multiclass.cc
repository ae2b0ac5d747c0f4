#include "src/ml/evaluators/multiclass.h"

#include <arrow/type.h>

#include "src/base/errors.h"
#include "src/ml/columns.h"

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

base::Status ConfusionKernel::Add(const AnswerRows& rows, stats::ConfusionCounts& sums) {
  for (size_t i = 0; i < rows.labels.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(sums.Add(rows.labels[i], rows.answers[i], rows.weights[i]));
  }
  for (size_t i = 0; i < rows.losses.size(); ++i) sums.AddLoss(rows.losses[i], rows.weights[i]);
  return base::OkStatus();
}

base::Status MulticlassClassificationEvaluator::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDoubleColumn(input, params().String("predictionCol")));
  SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params().String("labelCol")));
  if (const std::optional<std::string> weight = params().Column("weightCol")) {
    SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *weight));
    SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, *weight));
  }
  if (params().String("metricName") != kLogLoss) return base::OkStatus();
  const std::string& probability = params().String("probabilityCol");
  if (!FindField(input, probability).ok()) {
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: probabilityCol is needed to compute logloss");
  }
  return CheckVectorColumn(input, probability);
}

stats::Statistic MulticlassClassificationEvaluator::Asks() const {
  stats::Statistic asked;
  asked.kind = stats::StatisticKind::kMulticlass;
  asked.metric = params().String("metricName");
  asked.label = params().Double("metricLabel");
  asked.beta = params().Double("beta");
  return asked;
}

AnswerColumns MulticlassClassificationEvaluator::Reads() const {
  AnswerColumns columns;
  columns.answer = params().String("predictionCol");
  columns.label = params().String("labelCol");
  columns.weight = params().Column("weightCol");
  columns.eps = params().Double("eps");
  if (params().String("metricName") == kLogLoss) {
    columns.probability = params().String("probabilityCol");
  }
  return columns;
}

SummedColumns MulticlassClassificationEvaluator::Sums() const {
  const AnswerColumns columns = Reads();
  if (!columns.probability) return {{}, columns.weight};  // counts of labels and predictions
  return {{*columns.probability, columns.label}, columns.weight};
}

bool MulticlassClassificationEvaluator::larger_is_better() const {
  const std::string& name = params().String("metricName");
  return name != "weightedFalsePositiveRate" && name != "falsePositiveRateByLabel" &&
         name != kLogLoss && name != "hammingLoss";
}

Algorithm MulticlassEvaluatorAlgorithm() {
  return EvaluatorAlgorithm<MulticlassClassificationEvaluator, ConfusionKernel>(Info());
}

}  // namespace soteria::ml
