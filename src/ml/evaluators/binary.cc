#include "src/ml/evaluators/binary.h"

#include <arrow/type.h>

#include "src/ml/columns.h"

namespace soteria::ml {
namespace {

const ClassInfo& Info() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.evaluation.BinaryClassificationEvaluator",
                    ClassKind::kEvaluator,
                    {{"labelCol", ParamType::kString, std::string("label"), {}},
                     {"metricName", ParamType::kString, std::string("areaUnderROC"),
                      OneOf({"areaUnderROC", "areaUnderPR"})},
                     {"numBins", ParamType::kInt, int64_t{1000}, AtLeast(0)},
                     {"rawPredictionCol", ParamType::kString, std::string("rawPrediction"), {}},
                     {"weightCol", ParamType::kString, std::nullopt, {}}}};
  return *info;
}

}  // namespace

base::Status BinaryScoresKernel::Add(const AnswerRows& rows, stats::BinaryCounts& sums) {
  sums.Add(rows.answers.data(), rows.labels.data(), rows.weights.data(), rows.answers.size());
  return sums.CheckSize();
}

base::Status BinaryClassificationEvaluator::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDoubleOrVectorColumn(input, params().String("rawPredictionCol")));
  SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params().String("labelCol")));
  SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, params().String("rawPredictionCol")));
  const std::optional<std::string> weight = params().Column("weightCol");
  if (!weight) return base::OkStatus();
  SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *weight));
  return CheckNumberColumn(input, *weight);
}

stats::Statistic BinaryClassificationEvaluator::Asks() const {
  stats::Statistic asked;
  asked.kind = stats::StatisticKind::kBinary;
  asked.metric = params().String("metricName");
  asked.bins = params().Int("numBins");
  return asked;
}

AnswerColumns BinaryClassificationEvaluator::Reads() const {
  AnswerColumns columns;
  columns.answer = params().String("rawPredictionCol");
  columns.score = true;
  columns.label = params().String("labelCol");
  columns.weight = params().Column("weightCol");
  return columns;
}

Algorithm BinaryEvaluatorAlgorithm() {
  Algorithm algorithm =
      EvaluatorAlgorithm<BinaryClassificationEvaluator, BinaryScoresKernel>(Info());
  algorithm.kernels.push_back({AnswersKernel::kKind, AnswersKernel::Decode});
  return algorithm;
}

}  // namespace soteria::ml
