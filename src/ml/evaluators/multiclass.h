// MulticlassClassificationEvaluator and all its metrics, from predictions and labels; the log loss
// from probabilities. Row kernel "ml.eval.multiclass".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class ConfusionKernel : public RowKernel {
 public:
  static constexpr std::string_view kKind = "ml.eval.multiclass";
  struct Columns {
    std::string prediction;
    std::string label;
    std::optional<std::string> weight;
    std::optional<std::string> probability;  // only for the log loss
    double eps = 1e-15;                      // its probabilities are kept in [eps, 1 - eps]
  };

  explicit ConfusionKernel(Columns columns) : columns_(std::move(columns)) {}
  static base::StatusOr<RowKernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const arrow::Table& table) const override;
  base::StatusOr<std::string> Merge(std::span<const std::string> children) const override;

 private:
  Columns columns_;
};

class MulticlassClassificationEvaluator : public Evaluator {
 public:
  explicit MulticlassClassificationEvaluator(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  base::StatusOr<RowKernelPtr> MakeKernel() const override;
  base::StatusOr<RowKernelPtr> MakeAnswersKernel() const override;
  stats::Statistic Asks() const override;
  bool larger_is_better() const override;

 private:
  Params params_;
};

Algorithm MulticlassEvaluatorAlgorithm();

}  // namespace soteria::ml
