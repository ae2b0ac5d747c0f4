// BinaryClassificationEvaluator: the area under the ROC or the precision-recall curve, of scores or
// raw predictions. Row kernel "ml.eval.binary".
#pragma once

#include "src/ml/evaluators/answers.h"
#include "src/ml/registration.h"
#include "src/stats/binary_metrics.h"

namespace soteria::ml {

class BinaryScoresKernel : public SumsKernel<BinaryScoresKernel, stats::BinaryCounts> {
 public:
  static constexpr std::string_view kKind = "ml.eval.binary";
  using SumsKernel::SumsKernel;
  static base::Status Add(const AnswerRows& rows, stats::BinaryCounts& sums);
};

class BinaryClassificationEvaluator : public AnswersEvaluator<BinaryScoresKernel> {
 public:
  using AnswersEvaluator::AnswersEvaluator;
  base::Status CheckInput(const arrow::Schema& input) const override;
  stats::Statistic Asks() const override;
  SummedColumns Sums() const override { return {{}, Reads().weight}; }
  bool larger_is_better() const override { return true; }

 private:
  AnswerColumns Reads() const override;
};

Algorithm BinaryEvaluatorAlgorithm();

}  // namespace soteria::ml
