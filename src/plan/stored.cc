#include "src/plan/stored.h"

#include <algorithm>
#include <set>
#include <string>
#include <variant>

#include "arrow/type.h"
#include "src/base/text.h"

namespace soteria::plan {
namespace {

bool IsStoredSource(const Source& source) {
  const auto* tree = std::get_if<dataflow::TreeSource>(&source.where);
  return tree == nullptr || tree->origins.stored;
}

base::StatusOr<std::vector<bool>> AfterOperator(const exec::Operator& op, const Plan& input,
                                                const std::vector<bool>& before) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<int> passes, op.Passes(*input.schema));
  std::vector<bool> stored;
  for (const int from : passes) {
    stored.push_back(from >= 0 && before[static_cast<size_t>(from)]);
  }
  return stored;
}

/// Of the columns that a transformer adds, only copies are stored.
base::StatusOr<std::vector<bool>> AfterTransformer(const ml::Transformer& transformer,
                                                   const Plan& input, const Plan& plan,
                                                   std::vector<bool> before) {
  const std::vector<std::string> copies = transformer.Copies();
  bool copied = !copies.empty();
  for (const std::string& name : copies) {
    const exec::ExprPtr column = ParamColumn(name);
    if (column == nullptr) copied = false;
    if (!copied) break;
    const base::StatusOr<int> from = exec::ColumnOf(*column, *input.schema);
    copied = from.ok() && *from >= 0 && before[static_cast<size_t>(*from)];
  }
  std::vector<bool> stored;
  for (int i = 0; i < plan.schema->num_fields(); ++i) {
    const auto at = static_cast<size_t>(i);
    // A model may write over a column whose name has other cases: that one has another id.
    const bool was_there = i < input.schema->num_fields() &&
                           plan.schema->field(i)->name() == input.schema->field(i)->name() &&
                           plan.columns.at(at).id == input.columns.at(at).id;
    stored.push_back(was_there ? before[at] : copied);
  }
  return stored;
}

/// Whether the node's columns are its input's, unchanged, be there others behind them.
bool OnlyMovesRows(const Plan& plan) {
  return std::holds_alternative<AliasNode>(plan.node) ||
         std::holds_alternative<LimitNode>(plan.node) ||
         std::holds_alternative<OffsetNode>(plan.node) ||
         std::holds_alternative<TailNode>(plan.node) ||
         std::holds_alternative<DistinctNode>(plan.node) ||
         std::holds_alternative<RepartitionNode>(plan.node) ||
         std::holds_alternative<CoalesceNode>(plan.node) ||
         std::holds_alternative<WindowNode>(plan.node) ||
         (std::holds_alternative<SortNode>(plan.node) && std::get<SortNode>(plan.node).global);
}

/// Of a union what all inputs have stored, of a semi join what the left has. Another join repeats
/// rows, and makes nulls of rows that aren't there.
base::StatusOr<std::vector<bool>> OfSeveral(const Plan& plan) {
  SOTERIA_ASSIGN_OR_RETURN(std::vector<bool> stored, StoredColumns(*plan.inputs[0]));
  const auto* join = std::get_if<JoinNode>(&plan.node);
  const bool keeps = join == nullptr || join->join->KeepsLeftRows();
  if (!keeps) stored.assign(stored.size(), false);
  for (size_t k = 1; join == nullptr && k < plan.inputs.size(); ++k) {
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<bool> more, StoredColumns(*plan.inputs[k]));
    for (size_t i = 0; i < stored.size(); ++i) stored[i] = stored[i] && more[i];
  }
  stored.resize(plan.columns.size(), false);
  return stored;
}

}  // namespace

exec::ExprPtr ParamColumn(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain && !name.empty() ? exec::ColumnNamed(name) : nullptr;
}

base::StatusOr<std::vector<bool>> StoredColumns(const Plan& plan) {
  const auto columns = static_cast<size_t>(plan.schema->num_fields());
  if (const auto* read = std::get_if<ReadNode>(&plan.node)) {
    return std::vector<bool>(columns, IsStoredSource(read->source));
  }
  if (const auto* kept = std::get_if<CheckpointNode>(&plan.node)) return kept->stored;
  if (plan.inputs.empty() || std::holds_alternative<AggregateNode>(plan.node)) {
    return std::vector<bool>(columns, false);  // rows of no storage
  }
  if (std::holds_alternative<UnionNode>(plan.node) || std::holds_alternative<JoinNode>(plan.node)) {
    return OfSeveral(plan);
  }
  SOTERIA_ASSIGN_OR_RETURN(std::vector<bool> before, StoredColumns(*plan.input()));
  if (const exec::OperatorPtr op = NarrowOperator(plan); op != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(before, AfterOperator(*op, *plan.input(), before));
  } else if (const auto* transform = std::get_if<TransformNode>(&plan.node)) {
    SOTERIA_ASSIGN_OR_RETURN(
        before, AfterTransformer(*transform->transformer, *plan.input(), plan, std::move(before)));
  } else if (!OnlyMovesRows(plan)) {
    before.clear();
  }
  before.resize(columns, false);
  return before;
}

base::StatusOr<bool> IsStored(const exec::Expr& e, const Plan& plan) {
  const bool cast = e.kind == exec::Expr::Kind::kCast || e.kind == exec::Expr::Kind::kTryCast;
  if (cast && e.type->id() == arrow::Type::DOUBLE) return IsStored(*e.args[0], plan);
  SOTERIA_ASSIGN_OR_RETURN(const int column, exec::ColumnOf(e, *plan.schema));
  if (column < 0) return false;
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<bool> stored, StoredColumns(plan));
  return stored[static_cast<size_t>(column)];
}

bool ReadsFolder(const Plan& plan, const std::string& root_id, const std::string& folder) {
  const std::string prefix = base::Cat(folder, "/");
  std::vector<const Plan*> open = {&plan};
  std::set<const Plan*> seen;
  while (!open.empty()) {
    const Plan* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    for (const PlanPtr& input : node->inputs) open.push_back(input.get());
    const auto* read = std::get_if<ReadNode>(&node->node);
    if (read == nullptr) continue;
    const auto* tree = std::get_if<dataflow::TreeSource>(&read->source.where);
    if (tree == nullptr || tree->id != root_id) continue;
    if (std::any_of(tree->files.begin(), tree->files.end(),
                    [&](const std::string& file) { return file.starts_with(prefix); })) {
      return true;
    }
  }
  return false;
}

}  // namespace soteria::plan
