#include "src/ml/classification_summary/sums.h"

#include <utility>

#include "src/base/fields.h"

namespace soteria::ml {

base::Status ClassificationSums::Add(const std::vector<double>& prediction,
                                     const std::vector<double>* score,
                                     const table::FeatureBlock& block) {
  const bool weighted = !block.weight.empty();
  std::vector<double> rows(block.weight);
  for (double& row : rows) row = stats::CountedRow(row);
  if (score == nullptr) scores.reset();
  if (weighted) {
    confusion.rows.emplace();
    if (scores) scores->rows.emplace();
  }
  for (size_t i = 0; i < prediction.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(
        confusion.sums.Add(block.label[i], prediction[i], weighted ? block.weight[i] : 1.0));
    if (!weighted) continue;
    SOTERIA_RETURN_IF_ERROR(confusion.rows->Add(block.label[i], prediction[i], rows[i]));
  }
  if (!scores) return base::OkStatus();
  const double* const label = block.label.data();
  const double* const weight = weighted ? block.weight.data() : nullptr;
  scores->sums.Add(score->data(), label, weight, score->size());
  if (weighted) scores->rows->Add(score->data(), label, rows.data(), score->size());
  if (!scores->sums.CheckSize().ok()) scores.reset();
  return base::OkStatus();
}

base::Status ClassificationSums::Merge(const ClassificationSums& other) {
  SOTERIA_RETURN_IF_ERROR(confusion.Merge(other.confusion));
  if (scores && (!other.scores || !scores->Merge(*other.scores).ok())) scores.reset();
  return base::OkStatus();
}

std::string ClassificationSums::Encode() && {
  base::FieldWriter w;
  w.Add(std::move(confusion).Encode()).AddBool(scores.has_value());
  if (scores) w.Add(std::move(*scores).Encode());
  return w.Take();
}

base::StatusOr<ClassificationSums> ClassificationSums::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  ClassificationSums sums;
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

base::StatusOr<std::string> MergeClassificationSums(std::vector<std::string> children) {
  ClassificationSums sums;
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const ClassificationSums child,
                             ClassificationSums::Decode(std::exchange(bytes, {})));
    SOTERIA_RETURN_IF_ERROR(sums.Merge(child));
  }
  return std::move(sums).Encode();
}

}  // namespace soteria::ml
