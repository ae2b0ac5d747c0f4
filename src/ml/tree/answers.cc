#include "src/ml/tree/answers.h"

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/ml/classification_summary/sums.h"

namespace soteria::ml::tree {

base::StatusOr<KernelPtr> AnswersKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view encoded, r.Next());
  std::optional<Source> source;
  SOTERIA_ASSIGN_OR_RETURN(const bool has_source, r.NextBool());
  if (has_source) {
    SOTERIA_ASSIGN_OR_RETURN(source, Source::Read(r));
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<const Transformer> decoded,
                           DecodeTransformer(encoded));
  auto model = std::dynamic_pointer_cast<const TreeModel>(decoded);
  if (model == nullptr || !model->family().classifier) {
    return base::Fail(base::kProtocol, "answers of no classifier of trees");
  }
  return std::make_unique<AnswersKernel>(std::move(model), std::move(source));
}

std::string AnswersKernel::Encode() const {
  base::FieldWriter w;
  w.Add(model_->Transformer::Encode()).AddBool(source_.has_value());
  if (source_) source_->Write(w);
  return w.Take();
}

base::StatusOr<std::string> AnswersKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const Input input, InputOf(part, source_));
  const table::FeatureBlock& block = *input.block;
  const auto classes = static_cast<size_t>(model_->data().num_classes);
  std::vector<double> prediction, score, raw(classes), probability(classes);
  for (size_t i = 0; i < static_cast<size_t>(block.rows); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(prediction.emplace_back(),
                             model_->Answer(RowOf(block, i), raw, probability));
    score.push_back(probability[probability.size() > 1 ? 1 : 0]);
  }
  ClassificationSums sums;
  SOTERIA_RETURN_IF_ERROR(sums.Add(prediction, classes <= 2 ? &score : nullptr, block));
  return std::move(sums).Encode();
}

base::StatusOr<std::string> AnswersKernel::Merge(std::vector<std::string> children) const {
  return MergeClassificationSums(std::move(children));
}

}  // namespace soteria::ml::tree
