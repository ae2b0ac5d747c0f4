#include "src/ml/evaluators/binary.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <memory>
#include <vector>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/ml/columns.h"
#include "src/ml/evaluators/answers.h"
#include "src/stats/binary_metrics.h"
#include "src/table/types.h"

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

base::StatusOr<RowKernelPtr> BinaryScoresKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view score, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view label, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weight, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  Columns columns{std::string(score), std::string(label), std::nullopt};
  if (!weight.empty()) columns.weight = std::string(weight);
  return std::make_unique<BinaryScoresKernel>(std::move(columns));
}

std::string BinaryScoresKernel::Encode() const {
  base::FieldWriter w;
  w.Add(columns_.score).Add(columns_.label).Add(columns_.weight.value_or(""));
  return w.Take();
}

base::StatusOr<std::string> BinaryScoresKernel::Map(const arrow::Table& table) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> scores, ReadScores(table, columns_.score));
  SOTERIA_ASSIGN_OR_RETURN(const Numbers labels, ReadNumbers(table, columns_.label));
  if (labels.null_count > 0) return base::Fail(base::kIllegalArgument, "a label is null");
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> weights, ReadWeights(table, columns_.weight));
  stats::BinaryCounts counts;
  counts.Add(scores.data(), labels.values.data(), weights.data(), scores.size());
  SOTERIA_RETURN_IF_ERROR(counts.CheckSize());
  return counts.Encode();
}

base::StatusOr<std::string> BinaryScoresKernel::Merge(std::span<const std::string> children) const {
  stats::BinaryCounts sum;
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const stats::BinaryCounts child, stats::BinaryCounts::Decode(bytes));
    SOTERIA_RETURN_IF_ERROR(sum.Merge(child));
  }
  return sum.Encode();
}

base::Status BinaryClassificationEvaluator::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDoubleOrVectorColumn(input, params_.String("rawPredictionCol")));
  SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params_.String("labelCol")));
  const std::optional<std::string> weight = params_.Column("weightCol");
  return weight ? CheckNumberColumn(input, *weight) : base::OkStatus();
}

base::StatusOr<RowKernelPtr> BinaryClassificationEvaluator::MakeKernel() const {
  return std::make_unique<BinaryScoresKernel>(BinaryScoresKernel::Columns{
      params_.String("rawPredictionCol"), params_.String("labelCol"), params_.Column("weightCol")});
}

stats::Statistic BinaryClassificationEvaluator::Asks() const {
  stats::Statistic asked;
  asked.kind = stats::StatisticKind::kBinary;
  asked.metric = params_.String("metricName");
  asked.bins = params_.Int("numBins");
  return asked;
}

base::StatusOr<RowKernelPtr> BinaryClassificationEvaluator::MakeAnswersKernel() const {
  AnswersKernel::Columns columns;
  columns.answer = params_.String("rawPredictionCol");
  columns.score = true;
  columns.label = params_.String("labelCol");
  columns.weight = params_.Column("weightCol");
  return std::make_unique<AnswersKernel>(std::move(columns));
}

Algorithm BinaryEvaluatorAlgorithm() {
  ClassEntry entry;
  entry.info = &Info();
  entry.evaluator = [](Params params) -> std::unique_ptr<const Evaluator> {
    return std::make_unique<BinaryClassificationEvaluator>(std::move(params));
  };
  Algorithm algorithm;
  algorithm.classes = {entry};
  algorithm.row_kernels = {{BinaryScoresKernel::kKind, BinaryScoresKernel::Decode},
                           {AnswersKernel::kKind, AnswersKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
