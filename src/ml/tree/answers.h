// The pass behind a forest's summary: what the model answers for rows, beside their labels. Pure;
// any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/kernel.h"
#include "src/ml/tree/model.h"
#include "src/ml/tree/rows.h"

namespace soteria::ml::tree {

/// Over the blocks of a fit or, with a source, over the rows of a table.
class AnswersKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.tree.answers";
  AnswersKernel(std::shared_ptr<const TreeModel> model, std::optional<Source> source)
      : model_(std::move(model)), source_(std::move(source)) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;

 private:
  std::shared_ptr<const TreeModel> model_;
  std::optional<Source> source_;
};

}  // namespace soteria::ml::tree
