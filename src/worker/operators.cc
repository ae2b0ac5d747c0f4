#include "src/worker/operators.h"

#include <arrow/table.h>

#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/dataflow/feature_columns.h"
#include "src/exec/operator.h"
#include "src/ml/estimator.h"
#include "src/ml/kernel.h"
#include "src/table/column_path.h"

namespace soteria::worker {
namespace {

constexpr char kTransformKind[] = "ml.transform";

base::Status NeedTable(const Block& block) {
  if (block.table != nullptr) return base::OkStatus();
  return base::Fail(base::kProtocol, "an operator over rows comes after table.features");
}

class ExecOperator : public ChainOperator {
 public:
  explicit ExecOperator(exec::OperatorPtr op) : op_(std::move(op)) {}
  base::StatusOr<Block> Apply(Block block, uint64_t partition, uint64_t,
                              const Admit& admit) const override {
    SOTERIA_RETURN_IF_ERROR(NeedTable(block));
    SOTERIA_ASSIGN_OR_RETURN(auto result,
                             op_->ApplyWithin(std::move(block.table), partition, admit));
    return Block{std::move(result), nullptr};
  }

 private:
  exec::OperatorPtr op_;
};

class TransformOperator : public ChainOperator {
 public:
  explicit TransformOperator(std::shared_ptr<const ml::Transformer> transformer)
      : transformer_(std::move(transformer)) {}
  base::StatusOr<Block> Apply(Block block, uint64_t, uint64_t, const Admit&) const override {
    SOTERIA_RETURN_IF_ERROR(NeedTable(block));
    SOTERIA_ASSIGN_OR_RETURN(auto result, transformer_->Apply(std::move(block.table)));
    return Block{std::move(result), nullptr};
  }

 private:
  std::shared_ptr<const ml::Transformer> transformer_;
};

class FeaturesOperator : public ChainOperator {
 public:
  explicit FeaturesOperator(table::FeatureColumns columns) : columns_(std::move(columns)) {}
  base::StatusOr<Block> Apply(Block block, uint64_t, uint64_t, const Admit&) const override {
    SOTERIA_RETURN_IF_ERROR(NeedTable(block));
    SOTERIA_ASSIGN_OR_RETURN(table::FeatureBlock features,
                             table::MakeFeatureBlock(*block.table, columns_));
    return Block{nullptr, std::make_shared<const table::FeatureBlock>(std::move(features))};
  }
  uint64_t CopiedBytes(const arrow::Table& table) const override {
    uint64_t bytes = 0;
    for (const auto& name : {std::optional(columns_.features), columns_.label, columns_.weight}) {
      if (!name.has_value()) continue;
      const auto path = table::PathOf(*table.schema(), *name);
      if (!path.ok()) continue;  // Apply says so
      const auto column = table::ColumnAt(table, *path);
      if (!column.ok()) continue;
      bytes += TableBytes(*arrow::Table::Make(
          arrow::schema({arrow::field(*name, (*column)->type())}), {*column}, table.num_rows()));
    }
    return bytes;
  }

 private:
  table::FeatureColumns columns_;
};

class StepOperator : public ChainOperator {
 public:
  explicit StepOperator(ml::StepPtr step) : step_(std::move(step)) {}
  base::StatusOr<Block> Apply(Block block, uint64_t partition, uint64_t partitions,
                              const Admit&) const override {
    SOTERIA_ASSIGN_OR_RETURN(
        auto next, step_->Next({block.table.get(), block.features.get(), partition, partitions}));
    return Block{std::move(next), nullptr};
  }

 private:
  ml::StepPtr step_;
};

base::StatusOr<std::shared_ptr<const ChainOperator>> Decode(const dataflow::OperatorBytes& op) {
  std::shared_ptr<const ChainOperator> decoded;
  if (op.kind.starts_with("exec.")) {
    SOTERIA_ASSIGN_OR_RETURN(exec::OperatorPtr one, exec::DecodeOperator(op.kind, op.bytes));
    decoded = std::make_shared<const ExecOperator>(std::move(one));
  } else if (op.kind == kTransformKind) {
    SOTERIA_ASSIGN_OR_RETURN(auto one, ml::DecodeTransformer(op.bytes));
    decoded = std::make_shared<const TransformOperator>(std::move(one));
  } else if (op.kind == dataflow::kFeaturesOperator) {
    SOTERIA_ASSIGN_OR_RETURN(table::FeatureColumns columns,
                             dataflow::DecodeFeatureColumns(op.bytes));
    decoded = std::make_shared<const FeaturesOperator>(std::move(columns));
  } else if (op.kind == dataflow::kStepOperator) {
    SOTERIA_ASSIGN_OR_RETURN(ml::StepPtr step, ml::DecodeStep(op.bytes));
    decoded = std::make_shared<const StepOperator>(std::move(step));
  } else {
    return base::Fail(base::kProtocol, base::Cat("unknown operator ", op.kind));
  }
  return decoded;
}

}  // namespace

base::StatusOr<std::shared_ptr<const OperatorCache::Chain>> OperatorCache::ChainOf(
    const dataflow::Recipe& recipe) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<const Chain>& known = chains_[recipe.digest];
  if (known != nullptr) return known;
  auto chain = std::make_shared<Chain>();
  for (const dataflow::OperatorBytes& op : recipe.chain) {
    SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const ChainOperator> decoded, Decode(op));
    chain->push_back(std::move(decoded));
  }
  known = chain;
  return known;
}

base::StatusOr<std::shared_ptr<const exec::Join>> OperatorCache::JoinOf(
    const dataflow::OperatorBytes& combine) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<const exec::Join>& known = joins_[combine.bytes];
  if (known != nullptr) return known;
  SOTERIA_ASSIGN_OR_RETURN(exec::Join join, exec::Join::Decode(combine.bytes));
  known = std::make_shared<const exec::Join>(std::move(join));
  return known;
}

}  // namespace soteria::worker
