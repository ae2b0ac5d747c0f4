#include "src/ml/evaluators/regression.h"

#include <arrow/type.h>

#include <memory>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
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

base::Status RegressionKernel::Add(const AnswerRows& rows, stats::RegressionSums& sums) {
  for (size_t i = 0; i < rows.labels.size(); ++i) {
    sums.Add(rows.answers[i], rows.labels[i], rows.weights[i]);
  }
  return base::OkStatus();
}

base::Status RegressionEvaluator::CheckInput(const arrow::Schema& input) const {
  const std::string& prediction = params().String("predictionCol");
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field, FindField(input, prediction));
  if (field->type()->id() != arrow::Type::FLOAT && field->type()->id() != arrow::Type::DOUBLE) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Column ", prediction,
                                " must be of type equal to one of the following types: "
                                "[double, float] but was actually of type ",
                                table::TypeName(*field), "."));
  }
  SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params().String("labelCol")));
  SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, prediction));
  const std::optional<std::string> weight = params().Column("weightCol");
  if (!weight) return base::OkStatus();
  SOTERIA_RETURN_IF_ERROR(CheckSelectable(input, *weight));
  return CheckNumberColumn(input, *weight);
}

stats::Statistic RegressionEvaluator::Asks() const {
  stats::Statistic asked;
  asked.kind = stats::StatisticKind::kRegression;
  asked.metric = params().String("metricName");
  asked.through_origin = params().Bool("throughOrigin");
  return asked;
}

AnswerColumns RegressionEvaluator::Reads() const {
  AnswerColumns columns;
  columns.answer = params().String("predictionCol");
  columns.label = params().String("labelCol");
  columns.weight = params().Column("weightCol");
  return columns;
}

bool RegressionEvaluator::larger_is_better() const {
  const std::string& name = params().String("metricName");
  return name == "r2" || name == "var";
}

Algorithm RegressionEvaluatorAlgorithm() {
  return EvaluatorAlgorithm<RegressionEvaluator, RegressionKernel>(Info());
}

}  // namespace soteria::ml
