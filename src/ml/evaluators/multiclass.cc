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

base::StatusOr<double> LossOf(const table::VectorView& probability, double label, double eps) {
  if (!(label >= 0) || std::trunc(label) != label) {
    return base::FailQuotingData(
        base::kIllegalArgument,
        base::Cat("requirement failed: Invalid label ", table::JavaDouble(label)));
  }
  if (label >= static_cast<double>(probability.size)) {
    return base::FailQuotingData(base::kIllegalArgument,
                                 base::Cat("Index ", table::JavaDouble(label),
                                           " out of bounds for length ", probability.size));
  }
  const double p = table::At(probability, static_cast<int32_t>(label));
  if (p < eps) return -std::log(eps);
  if (p > 1 - eps) return -std::log1p(-eps);
  return -std::log(p);
}

base::Status AddLosses(const arrow::Table& table, const std::string& column, double eps,
                       const std::vector<double>& labels, const std::vector<double>& weights,
                       stats::ConfusionCounts& counts) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(table, column));
  size_t row = 0;
  for (const table::VectorReader& rows : chunks) {
    if (rows.null_count() > 0) {
      return base::Fail(base::kIllegalArgument,
                        "requirement failed: probability of each class can not be null");
    }
    for (int64_t i = 0; i < rows.rows(); ++i, ++row) {
      SOTERIA_ASSIGN_OR_RETURN(const double loss, LossOf(rows.Get(i), labels[row], eps));
      counts.AddLoss(loss, weights[row]);
    }
  }
  return base::OkStatus();
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
    SOTERIA_RETURN_IF_ERROR(
        AddLosses(table, *columns_.probability, columns_.eps, labels, weights, counts));
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

base::StatusOr<double> MulticlassClassificationEvaluator::Finish(std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(const stats::ConfusionCounts counts,
                           stats::ConfusionCounts::Decode(partial));
  const stats::MulticlassMetrics metrics(counts);
  const std::string& name = params_.String("metricName");
  const double label = params_.Double("metricLabel");
  const double beta = params_.Double("beta");
  if (name == "f1") return metrics.WeightedFMeasure(1.0);
  if (name == "accuracy") return metrics.Accuracy();
  if (name == "weightedPrecision") return metrics.WeightedPrecision();
  if (name == "weightedRecall") return metrics.WeightedRecall();
  if (name == "weightedTruePositiveRate") return metrics.WeightedTruePositiveRate();
  if (name == "weightedFalsePositiveRate") return metrics.WeightedFalsePositiveRate();
  if (name == "weightedFMeasure") return metrics.WeightedFMeasure(beta);
  if (name == "truePositiveRateByLabel") return metrics.TruePositiveRate(label);
  if (name == "falsePositiveRateByLabel") return metrics.FalsePositiveRate(label);
  if (name == "precisionByLabel") return metrics.Precision(label);
  if (name == "recallByLabel") return metrics.Recall(label);
  if (name == "fMeasureByLabel") return metrics.FMeasure(label, beta);
  if (name == "hammingLoss") return metrics.HammingLoss();
  CHECK(name == kLogLoss) << "the validator lets no other metric in";
  return metrics.LogLoss();
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
