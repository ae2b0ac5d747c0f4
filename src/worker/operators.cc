#include "src/worker/operators.h"

#include <arrow/table.h>

#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/dataflow/feature_columns.h"
#include "src/exec/operator.h"
#include "src/ml/estimator.h"
#include "src/table/column_path.h"

namespace soteria::worker {
namespace {

constexpr char kTransformKind[] = "ml.transform";

class ExecOperator : public ChainOperator {
 public:
  explicit ExecOperator(exec::OperatorPtr op) : op_(std::move(op)) {}
  base::StatusOr<Block> Apply(std::shared_ptr<arrow::Table> table,
                              uint64_t partition) const override {
    SOTERIA_ASSIGN_OR_RETURN(auto result, op_->Apply(std::move(table), partition));
    return Block{std::move(result), nullptr};
  }

 private:
  exec::OperatorPtr op_;
};

class TransformOperator : public ChainOperator {
 public:
  explicit TransformOperator(std::shared_ptr<const ml::Transformer> transformer)
      : transformer_(std::move(transformer)) {}
  base::StatusOr<Block> Apply(std::shared_ptr<arrow::Table> table, uint64_t) const override {
    SOTERIA_ASSIGN_OR_RETURN(auto result, transformer_->Apply(std::move(table)));
    return Block{std::move(result), nullptr};
  }

 private:
  std::shared_ptr<const ml::Transformer> transformer_;
};

class FeaturesOperator : public ChainOperator {
 public:
  explicit FeaturesOperator(table::FeatureColumns columns) : columns_(std::move(columns)) {}
  base::StatusOr<Block> Apply(std::shared_ptr<arrow::Table> table, uint64_t) const override {
    SOTERIA_ASSIGN_OR_RETURN(table::FeatureBlock block, table::MakeFeatureBlock(*table, columns_));
    return Block{nullptr, std::make_shared<const table::FeatureBlock>(std::move(block))};
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

}  // namespace soteria::worker
