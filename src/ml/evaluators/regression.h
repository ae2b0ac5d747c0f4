// RegressionEvaluator: rmse, mse, r2, mae and var. Row kernel "ml.eval.regression".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"

namespace soteria::ml {

class RegressionKernel : public RowKernel {
 public:
  static constexpr std::string_view kKind = "ml.eval.regression";
  struct Columns {
    std::string prediction;
    std::string label;
    std::optional<std::string> weight;
  };

  explicit RegressionKernel(Columns columns) : columns_(std::move(columns)) {}
  static base::StatusOr<RowKernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const arrow::Table& table) const override;
  base::StatusOr<std::string> Merge(std::span<const std::string> children) const override;

 private:
  Columns columns_;
};

class RegressionEvaluator : public Evaluator {
 public:
  explicit RegressionEvaluator(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  base::StatusOr<RowKernelPtr> MakeKernel() const override;
  base::StatusOr<RowKernelPtr> MakeAnswersKernel() const override;
  stats::Statistic Asks() const override;
  bool larger_is_better() const override;

 private:
  Params params_;
};

Algorithm RegressionEvaluatorAlgorithm();

}  // namespace soteria::ml
