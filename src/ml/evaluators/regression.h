// RegressionEvaluator: rmse, mse, r2, mae and var. Row kernel "ml.eval.regression".
#pragma once

#include "src/ml/evaluators/answers.h"
#include "src/ml/registration.h"
#include "src/stats/regression_metrics.h"

namespace soteria::ml {

class RegressionKernel : public SumsKernel<RegressionKernel, stats::RegressionSums> {
 public:
  static constexpr std::string_view kKind = "ml.eval.regression";
  using SumsKernel::SumsKernel;
  static base::Status Add(const AnswerRows& rows, stats::RegressionSums& sums);
};

class RegressionEvaluator : public AnswersEvaluator<RegressionKernel> {
 public:
  using AnswersEvaluator::AnswersEvaluator;
  base::Status CheckInput(const arrow::Schema& input) const override;
  stats::Statistic Asks() const override;
  SummedColumns Sums() const override {
    const AnswerColumns columns = Reads();
    return {{columns.answer, columns.label}, columns.weight};
  }
  bool larger_is_better() const override;

 private:
  AnswerColumns Reads() const override;
};

Algorithm RegressionEvaluatorAlgorithm();

}  // namespace soteria::ml
