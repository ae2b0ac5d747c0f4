// BinaryClassificationEvaluator: the area under the ROC or the precision-recall curve, of scores or
// raw predictions. Row kernel "ml.eval.binary".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class BinaryScoresKernel : public RowKernel {
 public:
  static constexpr std::string_view kKind = "ml.eval.binary";
  struct Columns {
    std::string score;  // a double, or a vector whose second element is the score
    std::string label;
    std::optional<std::string> weight;
  };

  explicit BinaryScoresKernel(Columns columns) : columns_(std::move(columns)) {}
  static base::StatusOr<RowKernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const arrow::Table& table) const override;
  base::StatusOr<std::string> Merge(std::span<const std::string> children) const override;

 private:
  Columns columns_;
};

class BinaryClassificationEvaluator : public Evaluator {
 public:
  explicit BinaryClassificationEvaluator(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  base::StatusOr<RowKernelPtr> MakeKernel() const override;
  base::StatusOr<RowKernelPtr> MakeAnswersKernel() const override;
  stats::Statistic Asks() const override;
  bool larger_is_better() const override { return true; }

 private:
  Params params_;
};

Algorithm BinaryEvaluatorAlgorithm();

}  // namespace soteria::ml
