#include "src/ml/logistic_regression/kernels.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/ml/classification_summary/sums.h"
#include "src/ml/linalg/logistic.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

base::StatusOr<std::string> MapSummary(const LogisticScorer& scorer,
                                       const table::FeatureBlock& block) {
  SOTERIA_RETURN_IF_ERROR(CheckLabels(block));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> raw, scorer.Raw(block));
  const size_t n = scorer.classes();
  const auto count = static_cast<size_t>(block.rows);
  std::vector<double> score(count), prediction(count), probability(n);
  for (size_t i = 0; i < count; ++i) {
    scorer.Probabilities(raw.data() + i * n, probability.data());
    score[i] = probability[n > 1 ? 1 : 0];
    prediction[i] = scorer.Predict(raw.data() + i * n, probability.data());
  }
  ClassificationSums sums;
  SOTERIA_RETURN_IF_ERROR(sums.Add(prediction, n > 2 ? nullptr : &score, block));
  return std::move(sums).Encode();
}

}  // namespace

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
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  SOTERIA_ASSIGN_OR_RETURN(const GradientSums sums, SumGradient(score_, *block, LogisticTerms));
  return sums.Encode();
}

base::StatusOr<std::string> LogisticGradientKernel::Merge(std::vector<std::string> children) const {
  return MergeGradients(children, score_.coefficients.size());
}

void SoftmaxSums::Merge(const SoftmaxSums& other) {
  loss += other.loss;
  weight += other.weight;
  for (size_t k = 0; k < multiplier.size(); ++k) multiplier[k] += other.multiplier[k];
  for (size_t j = 0; j < gradient.size(); ++j) gradient[j] += other.gradient[j];
}

std::string SoftmaxSums::Encode() const {
  std::vector<double> values = {loss, weight};
  values.insert(values.end(), multiplier.begin(), multiplier.end());
  values.insert(values.end(), gradient.begin(), gradient.end());
  return stats::PackDoubles(values);
}

base::StatusOr<SoftmaxSums> SoftmaxSums::Decode(std::string_view bytes, size_t classes,
                                                size_t features) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, stats::UnpackDoubles(bytes));
  if (values.size() != 2 + classes + classes * features) {
    return base::Fail(base::kProtocol, "softmax gradient: bad length");
  }
  SoftmaxSums sums(classes, features);
  sums.loss = values[0];
  sums.weight = values[1];
  const auto of_classes = values.begin() + 2;
  std::copy_n(of_classes, classes, sums.multiplier.begin());
  std::copy(of_classes + static_cast<std::ptrdiff_t>(classes), values.end(), sums.gradient.begin());
  return sums;
}

base::StatusOr<KernelPtr> SoftmaxGradientKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(LogisticScorer scorer, LogisticScorer::Read(r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (!scorer.multinomial) return base::Fail(base::kProtocol, "softmax gradient: no classes");
  return std::make_unique<SoftmaxGradientKernel>(std::move(scorer.sets));
}

std::string SoftmaxGradientKernel::Encode() const {
  LogisticScorer scorer;
  scorer.multinomial = true;
  scorer.sets = classes_;
  base::FieldWriter w;
  scorer.Write(w);
  return w.Take();
}

base::Status SoftmaxGradientKernel::AddRows(const table::FeatureBlock& block, int64_t first,
                                            int64_t rows, std::vector<double>& margins,
                                            SoftmaxSums& sums) const {
  const size_t n = classes_.size();
  const auto step = static_cast<size_t>(rows);
  margins.resize(n * step);  // of class after class
  for (size_t k = 0; k < n; ++k) {
    MarginsOf(classes_[k], block, first, rows, margins.data() + k * step);
  }
  const double* weights = WeightsFrom(block, first);
  std::vector<double> row(n);
  for (size_t i = 0; i < step; ++i) {
    const double weight = weights == nullptr ? 1.0 : weights[i];
    const double label = block.label[static_cast<size_t>(first) + i];
    if (!(label >= 0 && label < static_cast<double>(n))) {
      return base::Fail(base::kInternal, "softmax gradient: a label of no class");
    }
    const auto at = static_cast<size_t>(label);
    for (size_t k = 0; k < n; ++k) row[k] = weight > 0 ? margins[k * step + i] : 0.0;
    Softmax(row.data(), n, row.data());
    if (weight > 0) sums.loss -= weight * std::log(row[at]);
    sums.weight += weight;
    for (size_t k = 0; k < n; ++k) {
      const double m = weight * (row[k] - (k == at ? 1.0 : 0.0));
      margins[k * step + i] = m;
      sums.multiplier[k] += m;
    }
  }
  for (size_t k = 0; k < n; ++k) {
    AddWeightedRowsOf(block, first, rows, margins.data() + k * step,
                      sums.gradient.data() + k * features());
  }
  return base::OkStatus();
}

base::StatusOr<std::string> SoftmaxGradientKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  SOTERIA_RETURN_IF_ERROR(CheckFeatures(*block, features()));
  SOTERIA_RETURN_IF_ERROR(CheckLabels(*block));
  SoftmaxSums sums(classes_.size(), features());
  const int64_t step = RowsAtOnce(*block);
  std::vector<double> margins;
  for (int64_t first = 0; first < block->rows; first += step) {
    SOTERIA_RETURN_IF_ERROR(
        AddRows(*block, first, std::min(step, block->rows - first), margins, sums));
  }
  return sums.Encode();
}

base::StatusOr<std::string> SoftmaxGradientKernel::Merge(std::vector<std::string> children) const {
  SoftmaxSums sum(classes_.size(), features());
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(
        const SoftmaxSums child,
        SoftmaxSums::Decode(std::exchange(bytes, {}), classes_.size(), features()));
    sum.Merge(child);
  }
  return sum.Encode();
}

base::StatusOr<KernelPtr> LogisticSummaryKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(LogisticScorer scorer, LogisticScorer::Read(r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<LogisticSummaryKernel>(std::move(scorer));
}

std::string LogisticSummaryKernel::Encode() const {
  base::FieldWriter w;
  scorer_.Write(w);
  return w.Take();
}

base::StatusOr<std::string> LogisticSummaryKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  return MapSummary(scorer_, *block);
}

base::StatusOr<std::string> LogisticSummaryKernel::Merge(std::vector<std::string> children) const {
  return MergeClassificationSums(std::move(children));
}

base::StatusOr<KernelPtr> LogisticEvaluationKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(LogisticScorer scorer, LogisticScorer::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view features, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view label, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weight, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  table::FeatureColumns columns;
  columns.features = features;
  columns.label = std::string(label);
  if (!weight.empty()) columns.weight = std::string(weight);
  return std::make_unique<LogisticEvaluationKernel>(std::move(scorer), std::move(columns));
}

std::string LogisticEvaluationKernel::Encode() const {
  base::FieldWriter w;
  scorer_.Write(w);
  w.Add(columns_.features).Add(columns_.label.value_or("")).Add(columns_.weight.value_or(""));
  return w.Take();
}

base::StatusOr<std::string> LogisticEvaluationKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock block,
                           table::MakeFeatureBlock(*table, columns_));
  return MapSummary(scorer_, block);
}

base::StatusOr<std::string> LogisticEvaluationKernel::Merge(
    std::vector<std::string> children) const {
  return MergeClassificationSums(std::move(children));
}

}  // namespace soteria::ml
