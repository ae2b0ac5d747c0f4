#include "src/ml/evaluators/regression.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <memory>
#include <vector>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/evaluators/answers.h"
#include "src/stats/regression_metrics.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

const ClassInfo& Info() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.evaluation.RegressionEvaluator",
                    ClassKind::kEvaluator,
                    {{"labelCol", ParamType::kString, std::string("label"), {}},
                     {"metricName", ParamType::kString, std::string("rmse"),
                      OneOf({"mse", "rmse", "r2", "mae", "var"})},
                     {"predictionCol", ParamType::kString, std::string("prediction"), {}},
                     {"throughOrigin", ParamType::kBool, false, {}},
                     {"weightCol", ParamType::kString, std::nullopt, {}}}};
  return *info;
}

}  // namespace

base::StatusOr<RowKernelPtr> RegressionKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  Columns columns;
  SOTERIA_ASSIGN_OR_RETURN(columns.prediction, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(columns.label, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weight, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (!weight.empty()) columns.weight = std::string(weight);
  return std::make_unique<RegressionKernel>(std::move(columns));
}

std::string RegressionKernel::Encode() const {
  base::FieldWriter w;
  w.Add(columns_.prediction).Add(columns_.label).Add(columns_.weight.value_or(""));
  return w.Take();
}

base::StatusOr<std::string> RegressionKernel::Map(const arrow::Table& table) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> predictions,
                           ReadDefinedNumbers(table, columns_.prediction, "Predictions"));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> labels,
                           ReadDefinedNumbers(table, columns_.label, "Labels"));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> weights, ReadWeights(table, columns_.weight));
  stats::RegressionSums sums;
  for (size_t i = 0; i < labels.size(); ++i) sums.Add(predictions[i], labels[i], weights[i]);
  return sums.Encode();
}

base::StatusOr<std::string> RegressionKernel::Merge(std::span<const std::string> children) const {
  stats::RegressionSums sum;
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const stats::RegressionSums child,
                             stats::RegressionSums::Decode(bytes));
    sum.Merge(child);
  }
  return sum.Encode();
}

base::Status RegressionEvaluator::CheckInput(const arrow::Schema& input) const {
  const std::string& prediction = params_.String("predictionCol");
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field, FindField(input, prediction));
  if (field->type()->id() != arrow::Type::FLOAT && field->type()->id() != arrow::Type::DOUBLE) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Column ", prediction,
                                " must be of type equal to one of the following types: "
                                "[double, float] but was actually of type ",
                                table::TypeName(*field), "."));
  }
  SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params_.String("labelCol")));
  const std::optional<std::string> weight = params_.Column("weightCol");
  return weight ? CheckNumberColumn(input, *weight) : base::OkStatus();
}

base::StatusOr<RowKernelPtr> RegressionEvaluator::MakeKernel() const {
  return std::make_unique<RegressionKernel>(RegressionKernel::Columns{
      params_.String("predictionCol"), params_.String("labelCol"), params_.Column("weightCol")});
}

stats::Statistic RegressionEvaluator::Asks() const {
  stats::Statistic asked;
  asked.kind = stats::StatisticKind::kRegression;
  asked.metric = params_.String("metricName");
  asked.through_origin = params_.Bool("throughOrigin");
  return asked;
}

base::StatusOr<RowKernelPtr> RegressionEvaluator::MakeAnswersKernel() const {
  AnswersKernel::Columns columns;
  columns.answer = params_.String("predictionCol");
  columns.label = params_.String("labelCol");
  columns.weight = params_.Column("weightCol");
  return std::make_unique<AnswersKernel>(std::move(columns));
}

bool RegressionEvaluator::larger_is_better() const {
  const std::string& name = params_.String("metricName");
  return name == "r2" || name == "var";
}

Algorithm RegressionEvaluatorAlgorithm() {
  ClassEntry entry;
  entry.info = &Info();
  entry.evaluator = [](Params params) -> std::unique_ptr<const Evaluator> {
    return std::make_unique<RegressionEvaluator>(std::move(params));
  };
  Algorithm algorithm;
  algorithm.classes = {entry};
  algorithm.row_kernels = {{RegressionKernel::kKind, RegressionKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
