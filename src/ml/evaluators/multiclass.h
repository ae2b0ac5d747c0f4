// MulticlassClassificationEvaluator and all its metrics, from predictions and labels; the log loss
// from probabilities. Row kernel "ml.eval.multiclass".
#pragma once

#include "src/ml/evaluators/answers.h"
#include "src/ml/registration.h"
#include "src/stats/multiclass_metrics.h"

namespace soteria::ml {

class ConfusionKernel : public SumsKernel<ConfusionKernel, stats::ConfusionCounts> {
 public:
  static constexpr std::string_view kKind = "ml.eval.multiclass";
  using SumsKernel::SumsKernel;
  static base::Status Add(const AnswerRows& rows, stats::ConfusionCounts& sums);
};

class MulticlassClassificationEvaluator : public AnswersEvaluator<ConfusionKernel> {
 public:
  using AnswersEvaluator::AnswersEvaluator;
  base::Status CheckInput(const arrow::Schema& input) const override;
  stats::Statistic Asks() const override;
  SummedColumns Sums() const override;
  bool larger_is_better() const override;

 private:
  AnswerColumns Reads() const override;
};

Algorithm MulticlassEvaluatorAlgorithm();

}  // namespace soteria::ml
