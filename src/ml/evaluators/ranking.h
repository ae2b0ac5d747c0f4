// RankingEvaluator: metrics of predicted rankings against relevant labels, both arrays. Row kernel
// "ml.eval.ranking". Its mean stays inside: the Manifest has no kind of statistic for it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"
#include "src/stats/ranking_metrics.h"

namespace soteria::ml {

class RankingKernel : public Kernel {
 public:
  RankingKernel(std::string prediction, std::string label, stats::RankingMetric metric, int64_t k)
      : prediction_(std::move(prediction)), label_(std::move(label)), metric_(metric), k_(k) {}
  static constexpr std::string_view kKind = "ml.eval.ranking";
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  const std::string prediction_, label_;
  const stats::RankingMetric metric_;
  const int64_t k_;
};

class RankingEvaluator : public Evaluator {
 public:
  explicit RankingEvaluator(Params params) : params_(std::move(params)) {}
  const Params& params() const override { return params_; }
  base::Status CheckInput(const arrow::Schema& input) const override;
  base::StatusOr<KernelPtr> MakeKernel() const override;
  base::StatusOr<KernelPtr> MakeAnswersKernel() const override;
  stats::Statistic Asks() const override;
  SummedColumns Sums() const override { return {}; }
  bool larger_is_better() const override { return true; }

 private:
  Params params_;
};

Algorithm RankingEvaluatorAlgorithm();

}  // namespace soteria::ml
