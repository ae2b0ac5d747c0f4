#include "src/ml/tree/losses.h"

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/tree/survey.h"
#include "src/stats/doubles.h"

namespace soteria::ml::tree {

base::StatusOr<KernelPtr> LossesKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view encoded, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(Source source, Source::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(const Loss loss, ReadLoss(r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<const Transformer> decoded,
                           DecodeTransformer(encoded));
  auto model = std::dynamic_pointer_cast<const TreeModel>(decoded);
  if (model == nullptr || model->family().ensemble != Ensemble::kBoosted) {
    return base::Fail(base::kProtocol, "losses of no boosted trees");
  }
  return std::make_unique<LossesKernel>(std::move(model), std::move(source), loss);
}

std::string LossesKernel::Encode() const {
  base::FieldWriter w;
  w.Add(model_->Transformer::Encode());
  source_.Write(w);
  w.AddU64(static_cast<uint64_t>(loss_));
  return w.Take();
}

base::StatusOr<std::string> LossesKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const Input input, InputOf(part, source_));
  const table::FeatureBlock& block = *input.block;
  const TreeData& data = model_->data();
  LabelRule labels;
  if (model_->family().classifier) labels.kind = LabelRule::Kind::kBinary;
  std::vector<double> sums(data.trees.size() + 1, 0.0);
  for (size_t i = 0; i < block.label.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(CheckLabel(block.label[i], labels));
    const double label = model_->family().classifier ? block.label[i] * 2 - 1 : block.label[i];
    const table::VectorView features = RowOf(block, i);
    SOTERIA_RETURN_IF_ERROR(model_->CheckSize(features));
    double prediction = 0;
    for (size_t t = 0; t < data.trees.size(); ++t) {
      prediction += data.trees[t].Leaf(features).prediction * data.weights[t];
      sums[t] += LossOf(loss_, prediction, label) * input.weight(i);
    }
    sums.back() += input.weight(i);
  }
  return stats::PackDoubles(sums);
}

base::StatusOr<std::string> LossesKernel::Merge(std::vector<std::string> children) const {
  std::vector<double> sums(model_->data().trees.size() + 1, 0.0);
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> child, stats::UnpackDoubles(bytes));
    if (child.size() != sums.size()) {
      return base::Fail(base::kProtocol, "losses of another number of trees");
    }
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += child[i];
  }
  return stats::PackDoubles(sums);
}

base::StatusOr<std::shared_ptr<const Summary>> LossesSummary::Complete(
    std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> sums, stats::UnpackDoubles(partial));
  if (sums.size() < 2) return base::Fail(base::kProtocol, "losses of no trees");
  const double weight = sums.back();
  sums.pop_back();
  if (weight == 0) return base::Fail(base::kUnsupported, "empty collection");
  for (double& sum : sums) sum /= weight;
  auto complete = std::make_shared<LossesSummary>(*this);
  complete->means_ = std::move(sums);
  return std::shared_ptr<const Summary>(std::move(complete));
}

base::StatusOr<Attribute> LossesSummary::Get(std::string_view method, const Arguments&) const {
  if (method == kMethod && complete()) return Attribute(means_);
  return base::Fail(base::kMlAttribute, base::Cat(method, " is not allowed to be accessed."));
}

}  // namespace soteria::ml::tree
