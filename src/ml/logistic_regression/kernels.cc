#include "src/ml/logistic_regression/kernels.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/linalg/logistic.h"
#include "src/ml/linalg/rows.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

constexpr size_t kHeadDoubles = 3;  // loss, weight, multiplier

base::Status CheckColumns(const table::FeatureBlock& block, const LinearScore& score) {
  if (block.rows == 0 || static_cast<size_t>(block.cols) == score.coefficients.size()) {
    return base::OkStatus();
  }
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: Dimensions mismatch when adding new instance."
                              " Expecting ",
                              score.coefficients.size(), " but got ", block.cols, "."));
}

base::Status CheckLabels(const table::FeatureBlock& block) {
  if (block.label.size() == static_cast<size_t>(block.rows)) return base::OkStatus();
  return base::Fail(base::kInternal, "logistic regression: a block without labels");
}

double SparseDot(const table::FeatureBlock& block, size_t row, const std::vector<double>& w) {
  double dot = 0;
  const auto end = static_cast<size_t>(block.row_ptr[row + 1]);
  for (auto k = static_cast<size_t>(block.row_ptr[row]); k < end; ++k) {
    dot += block.val[k] * w[static_cast<size_t>(block.col[k])];
  }
  return dot;
}

const double* WeightsFrom(const table::FeatureBlock& block, int64_t row) {
  return block.weight.empty() ? nullptr : block.weight.data() + row;
}

void WriteScore(base::FieldWriter& w, const LinearScore& score) {
  w.Add(stats::PackDoubles(score.coefficients)).AddDouble(score.intercept);
}

base::StatusOr<LinearScore> ReadScore(base::FieldReader& r) {
  LinearScore score;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(score.coefficients, stats::UnpackDoubles(bytes));
  SOTERIA_ASSIGN_OR_RETURN(score.intercept, r.NextDouble());
  return score;
}

void WriteRule(base::FieldWriter& w, const BinaryRule& rule) {
  w.AddBool(rule.by_margin).AddDouble(rule.threshold);
}

base::StatusOr<BinaryRule> ReadRule(base::FieldReader& r) {
  BinaryRule rule;
  SOTERIA_ASSIGN_OR_RETURN(rule.by_margin, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(rule.threshold, r.NextDouble());
  return rule;
}

base::StatusOr<std::string> MergeSummaries(std::vector<std::string> children) {
  LogisticSummarySums sums;
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const LogisticSummarySums child,
                             LogisticSummarySums::Decode(std::exchange(bytes, {})));
    SOTERIA_RETURN_IF_ERROR(sums.Merge(child));
  }
  return std::move(sums).Encode();
}

base::StatusOr<std::string> MapSummary(const LinearScore& score, const BinaryRule& rule,
                                       const table::FeatureBlock& block) {
  LogisticSummarySums sums;
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> margins, MarginsOf(score, block));
  SOTERIA_RETURN_IF_ERROR(CheckLabels(block));
  SOTERIA_RETURN_IF_ERROR(sums.Add(margins, block, rule));
  return std::move(sums).Encode();
}

}  // namespace

base::StatusOr<std::vector<double>> MarginsOf(const LinearScore& score,
                                              const table::FeatureBlock& block) {
  SOTERIA_RETURN_IF_ERROR(CheckColumns(block, score));
  std::vector<double> margins(static_cast<size_t>(block.rows));
  if (!block.sparse) {
    RowDots(block.dense.data(), block.rows, block.cols, score.coefficients.data(), score.intercept,
            margins.data());
    return margins;
  }
  for (size_t i = 0; i < margins.size(); ++i) {
    margins[i] = score.intercept + SparseDot(block, i, score.coefficients);
  }
  return margins;
}

std::string GradientSums::Encode() const {
  std::vector<double> values = {loss, weight, multiplier};
  values.insert(values.end(), gradient.begin(), gradient.end());
  return stats::PackDoubles(values);
}

base::StatusOr<GradientSums> GradientSums::Decode(std::string_view bytes, size_t cols) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, stats::UnpackDoubles(bytes));
  if (values.size() != kHeadDoubles + cols) {
    return base::Fail(base::kProtocol, "gradient: bad length");
  }
  GradientSums sums;
  sums.loss = values[0];
  sums.weight = values[1];
  sums.multiplier = values[2];
  sums.gradient.assign(values.begin() + kHeadDoubles, values.end());
  return sums;
}

base::StatusOr<KernelPtr> LogisticGradientKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(LinearScore score, ReadScore(r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<LogisticGradientKernel>(std::move(score));
}

std::string LogisticGradientKernel::Encode() const {
  base::FieldWriter w;
  WriteScore(w, score_);
  return w.Take();
}

base::StatusOr<std::string> LogisticGradientKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* features, FeaturesOf(part));
  const table::FeatureBlock& block = *features;
  SOTERIA_RETURN_IF_ERROR(CheckColumns(block, score_));
  SOTERIA_RETURN_IF_ERROR(CheckLabels(block));
  GradientSums sums;
  sums.gradient.assign(score_.coefficients.size(), 0.0);
  if (block.sparse) {
    AddSparse(block, sums);
  } else {
    AddDense(block, sums);
  }
  return sums.Encode();
}

void LogisticGradientKernel::AddDense(const table::FeatureBlock& block, GradientSums& sums) const {
  const int64_t step = RowsInCache(block.cols);
  std::vector<double> margins(static_cast<size_t>(step));
  for (int64_t first = 0; first < block.rows; first += step) {
    const int64_t rows = std::min(step, block.rows - first);
    const double* x = block.dense.data() + first * block.cols;
    RowDots(x, rows, block.cols, score_.coefficients.data(), score_.intercept, margins.data());
    const LogisticSums terms =
        LogisticTerms(block.label.data() + first, WeightsFrom(block, first), rows, margins.data());
    sums.loss += terms.loss;
    sums.weight += terms.weight;
    sums.multiplier += terms.multiplier;
    AddWeightedRows(x, rows, block.cols, margins.data(), sums.gradient.data());
  }
}

void LogisticGradientKernel::AddSparse(const table::FeatureBlock& block, GradientSums& sums) const {
  constexpr int64_t kStep = 256;
  std::vector<double> margins(static_cast<size_t>(kStep));
  for (int64_t first = 0; first < block.rows; first += kStep) {
    const int64_t rows = std::min(kStep, block.rows - first);
    for (int64_t i = 0; i < rows; ++i) {
      margins[static_cast<size_t>(i)] =
          score_.intercept + SparseDot(block, static_cast<size_t>(first + i), score_.coefficients);
    }
    const LogisticSums terms =
        LogisticTerms(block.label.data() + first, WeightsFrom(block, first), rows, margins.data());
    sums.loss += terms.loss;
    sums.weight += terms.weight;
    sums.multiplier += terms.multiplier;
    for (int64_t i = 0; i < rows; ++i) {
      const double m = margins[static_cast<size_t>(i)];
      const auto row = static_cast<size_t>(first + i);
      const auto end = static_cast<size_t>(block.row_ptr[row + 1]);
      for (auto k = static_cast<size_t>(block.row_ptr[row]); k < end; ++k) {
        sums.gradient[static_cast<size_t>(block.col[k])] += m * block.val[k];
      }
    }
  }
}

base::StatusOr<std::string> LogisticGradientKernel::Merge(std::vector<std::string> children) const {
  GradientSums sums;
  sums.gradient.assign(score_.coefficients.size(), 0.0);
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const GradientSums child,
                             GradientSums::Decode(bytes, score_.coefficients.size()));
    sums.loss += child.loss;
    sums.weight += child.weight;
    sums.multiplier += child.multiplier;
    for (size_t j = 0; j < sums.gradient.size(); ++j) sums.gradient[j] += child.gradient[j];
  }
  return sums.Encode();
}

double BinaryRule::Predict(double margin) const {
  const double value = by_margin ? margin : ProbabilityOfOne(margin);
  return value > threshold ? 1.0 : 0.0;
}

base::Status LogisticSummarySums::Add(const std::vector<double>& margins,
                                      const table::FeatureBlock& block, const BinaryRule& rule) {
  const bool weighted = !block.weight.empty();
  std::vector<double> score(margins.size()), rows(block.weight);
  for (double& row : rows) row = stats::CountedRow(row);
  if (weighted) {
    confusion.rows.emplace();
    scores->rows.emplace();
  }
  for (size_t i = 0; i < margins.size(); ++i) {
    score[i] = ProbabilityOfOne(margins[i]);
    const double label = block.label[i];
    const double prediction = rule.Predict(margins[i]);
    SOTERIA_RETURN_IF_ERROR(
        confusion.sums.Add(label, prediction, weighted ? block.weight[i] : 1.0));
    if (weighted) SOTERIA_RETURN_IF_ERROR(confusion.rows->Add(label, prediction, rows[i]));
  }
  const double* label = block.label.data();
  scores->sums.Add(score.data(), label, WeightsFrom(block, 0), margins.size());
  if (weighted) scores->rows->Add(score.data(), label, rows.data(), margins.size());
  if (!scores->sums.CheckSize().ok()) scores.reset();
  return base::OkStatus();
}

base::Status LogisticSummarySums::Merge(const LogisticSummarySums& other) {
  SOTERIA_RETURN_IF_ERROR(confusion.Merge(other.confusion));
  if (scores && (!other.scores || !scores->Merge(*other.scores).ok())) scores.reset();
  return base::OkStatus();
}

std::string LogisticSummarySums::Encode() && {
  base::FieldWriter w;
  w.Add(std::move(confusion).Encode()).AddBool(scores.has_value());
  if (scores) w.Add(std::move(*scores).Encode());
  return w.Take();
}

base::StatusOr<LogisticSummarySums> LogisticSummarySums::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  LogisticSummarySums sums;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view confusion, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(sums.confusion,
                           stats::Counted<stats::ConfusionCounts>::Decode(confusion));
  SOTERIA_ASSIGN_OR_RETURN(const bool has_scores, r.NextBool());
  sums.scores.reset();
  if (has_scores) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view scores, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(sums.scores, stats::Counted<stats::BinaryCounts>::Decode(scores));
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return sums;
}

base::StatusOr<KernelPtr> LogisticSummaryKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(LinearScore score, ReadScore(r));
  SOTERIA_ASSIGN_OR_RETURN(const BinaryRule rule, ReadRule(r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<LogisticSummaryKernel>(std::move(score), rule);
}

std::string LogisticSummaryKernel::Encode() const {
  base::FieldWriter w;
  WriteScore(w, score_);
  WriteRule(w, rule_);
  return w.Take();
}

base::StatusOr<std::string> LogisticSummaryKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  return MapSummary(score_, rule_, *block);
}

base::StatusOr<std::string> LogisticSummaryKernel::Merge(std::vector<std::string> children) const {
  return MergeSummaries(std::move(children));
}

base::StatusOr<KernelPtr> LogisticEvaluationKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(LinearScore score, ReadScore(r));
  SOTERIA_ASSIGN_OR_RETURN(const BinaryRule rule, ReadRule(r));
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view features, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view label, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weight, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  table::FeatureColumns columns;
  columns.features = features;
  columns.label = std::string(label);
  if (!weight.empty()) columns.weight = std::string(weight);
  return std::make_unique<LogisticEvaluationKernel>(std::move(score), rule, std::move(columns));
}

std::string LogisticEvaluationKernel::Encode() const {
  base::FieldWriter w;
  WriteScore(w, score_);
  WriteRule(w, rule_);
  w.Add(columns_.features).Add(columns_.label.value_or("")).Add(columns_.weight.value_or(""));
  return w.Take();
}

base::StatusOr<std::string> LogisticEvaluationKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock block,
                           table::MakeFeatureBlock(*table, columns_));
  return MapSummary(score_, rule_, block);
}

base::StatusOr<std::string> LogisticEvaluationKernel::Merge(
    std::vector<std::string> children) const {
  return MergeSummaries(std::move(children));
}

}  // namespace soteria::ml
