// evaluateEachIteration of boosted models: the mean loss over a table by the first tree, by the
// first two, and so on. Pure; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/kernel.h"
#include "src/ml/tree/boost.h"
#include "src/ml/tree/model.h"
#include "src/ml/tree/rows.h"

namespace soteria::ml::tree {

/// Over the rows of a table. Its partial: the weighted losses by each number of trees, then the
/// weight of the rows.
class LossesKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.tree.losses";
  LossesKernel(std::shared_ptr<const TreeModel> model, Source source, Loss loss)
      : model_(std::move(model)), source_(std::move(source)), loss_(loss) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  /// Errors: MLlib's refusals of labels; a row that is too short.
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  std::shared_ptr<const TreeModel> model_;
  Source source_;
  Loss loss_;
};

/// The question as a summary of one attribute.
class LossesSummary : public Summary {
 public:
  static constexpr std::string_view kMethod = "evaluateEachIteration";
  explicit LossesSummary(std::shared_ptr<const LossesKernel> kernel) : kernel_(std::move(kernel)) {}
  const Kernel& kernel() const override { return *kernel_; }
  bool over_rows() const override { return true; }
  bool complete() const override { return !means_.empty(); }
  bool Needs(std::string_view method) const override { return method == kMethod; }
  /// Errors: MLlib's refusal of no rows.
  base::StatusOr<std::shared_ptr<const Summary>> Complete(std::string_view partial) const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;

 private:
  std::shared_ptr<const LossesKernel> kernel_;
  std::vector<double> means_;
};

}  // namespace soteria::ml::tree
