#include "src/plan/expressions.h"

#include <algorithm>
#include <variant>

#include "src/base/errors.h"

namespace soteria::plan {
namespace {

using exec::Expr;
using exec::ExprPtr;

/// One function for each kind of node, so that a new kind doesn't compile until somebody has said
/// what its expressions are.
struct OfNode {
  const std::function<void(const ExprPtr&)>& f;

  void operator()(const ReadNode&) const {}
  void operator()(const LocalNode&) const {}
  void operator()(const MadeNode&) const {}
  void operator()(const CheckpointNode&) const {}
  void operator()(const RangeNode&) const {}
  void operator()(const SampleNode&) const {}
  void operator()(const AliasNode&) const {}
  void operator()(const TransformNode&) const {}
  void operator()(const LimitNode&) const {}
  void operator()(const OffsetNode&) const {}
  void operator()(const TailNode&) const {}
  void operator()(const CoalesceNode&) const {}
  void operator()(const DistinctNode&) const {}
  void operator()(const UnionNode&) const {}
  void operator()(const FilterNode& n) const { f(n.condition); }
  void operator()(const ProjectNode& n) const {
    for (const exec::NamedExpr& column : n.columns) f(column.expr);
  }
  void operator()(const SortNode& n) const { Keys(n.keys); }
  void operator()(const RepartitionNode& n) const {
    for (const ExprPtr& key : n.by) f(key);
    Keys(n.order);
  }
  void operator()(const JoinNode& n) const {
    for (const exec::JoinKey& key : n.join->keys()) {
      f(key.left);
      f(key.right);
    }
    Maybe(n.join->residual());
  }
  void operator()(const AggregateNode& n) const {
    for (const exec::GroupKey& key : n.aggregate->keys()) f(key.expr);
    for (const exec::AggregateCall& call : n.aggregate->calls()) OfCall(call);
  }
  void operator()(const GenerateNode& n) const {
    for (const ExprPtr& arg : n.generator.args) f(arg);
  }
  void operator()(const ExpandNode& n) const {
    for (const auto& row : n.rows) {
      for (const ExprPtr& value : row) f(value);
    }
  }
  void operator()(const WindowNode& n) const {
    for (const ExprPtr& key : n.spec.partition) f(key);
    Keys(n.spec.order);
    for (const exec::WindowCall& call : n.calls) {
      OfCall(call.call);
      Maybe(call.frame.lower.offset);
      Maybe(call.frame.upper.offset);
    }
  }

  void Maybe(const ExprPtr& e) const {
    if (e != nullptr) f(e);
  }
  void Keys(const std::vector<exec::SortKey>& keys) const {
    for (const exec::SortKey& key : keys) f(key.expr);
  }
  void OfCall(const exec::AggregateCall& call) const {
    for (const ExprPtr& e : {call.arg, call.weight, call.where}) Maybe(e);
    for (const ExprPtr& e : call.rest) Maybe(e);
  }
};

bool IsComplete(const Expr& e) {
  if (e.kind != Expr::Kind::kColumn && e.ordinal >= 0) return false;
  return std::all_of(e.args.begin(), e.args.end(),
                     [](const ExprPtr& arg) { return IsComplete(*arg); });
}

}  // namespace

void ForExpressions(const Plan& plan, const std::function<void(const ExprPtr&)>& f) {
  std::visit(OfNode{f}, plan.node);
}

base::Status CheckComplete(const Plan& plan) {
  bool complete = true;
  ForExpressions(plan, [&](const ExprPtr& e) { complete = complete && IsComplete(*e); });
  if (!complete) {
    return base::Fail(base::kInternal, "a plan with a reference that nothing was put in place of");
  }
  for (const PlanPtr& input : plan.inputs) SOTERIA_RETURN_IF_ERROR(CheckComplete(*input));
  return base::OkStatus();
}

}  // namespace soteria::plan
