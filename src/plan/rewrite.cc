#include "src/plan/rewrite.h"

#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "src/plan/node.h"
#include "src/table/column_path.h"

namespace soteria::plan {
namespace {

using exec::Expr;
using exec::ExprPtr;
using PlanOr = base::StatusOr<PlanPtr>;
using ExprOr = base::StatusOr<ExprPtr>;

/// With its columns by place; what was made inside names some.
ExprOr Placed(const ExprPtr& e, const arrow::Schema& schema) {
  if (e == nullptr) return e;
  if (e->kind == Expr::Kind::kColumn && e->ordinal < 0) {
    SOTERIA_ASSIGN_OR_RETURN(const auto parts, table::NameParts(e->name));
    SOTERIA_ASSIGN_OR_RETURN(const int place, exec::ResolveColumn(schema, parts.at(0)));
    return exec::Input(place, parts);
  }
  ExprPtr placed = e;
  for (size_t i = 0; i < e->args.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr arg, Placed(e->args[i], schema));
    if (arg == e->args[i]) continue;
    auto copy = std::make_shared<Expr>(*placed);
    copy->args[i] = std::move(arg);
    placed = std::move(copy);
  }
  return placed;
}

base::Status Place(ExprPtr* e, const arrow::Schema& schema) {
  SOTERIA_ASSIGN_OR_RETURN(*e, Placed(*e, schema));
  return base::OkStatus();
}

base::Status PlaceKeys(std::vector<exec::SortKey>* keys, const arrow::Schema& schema) {
  for (exec::SortKey& key : *keys) SOTERIA_RETURN_IF_ERROR(Place(&key.expr, schema));
  return base::OkStatus();
}

base::StatusOr<AggregateNode> PlacedAggregate(const AggregateNode& node,
                                              const arrow::Schema& schema) {
  std::vector<exec::GroupKey> keys = node.aggregate->keys();
  std::vector<exec::AggregateCall> calls = node.aggregate->calls();
  bool changed = false;
  const auto place = [&](ExprPtr* e) -> base::Status {
    const ExprPtr before = *e;
    SOTERIA_RETURN_IF_ERROR(Place(e, schema));
    changed = changed || *e != before;
    return base::OkStatus();
  };
  for (exec::GroupKey& key : keys) SOTERIA_RETURN_IF_ERROR(place(&key.expr));
  for (exec::AggregateCall& call : calls) {
    for (ExprPtr* part : {&call.arg, &call.weight, &call.where}) {
      SOTERIA_RETURN_IF_ERROR(place(part));
    }
    for (ExprPtr& part : call.rest) SOTERIA_RETURN_IF_ERROR(place(&part));
  }
  if (!changed) return node;
  SOTERIA_ASSIGN_OR_RETURN(auto made,
                           exec::Aggregate::Make(std::move(calls), schema, std::move(keys)));
  return AggregateNode{std::make_shared<const exec::Aggregate>(std::move(made)), node.summary,
                       node.targets_max};
}

/// The plan as the rules take it: walls marked, columns by place.
PlanOr Marked(const PlanPtr& plan, const IsWall& wall) {
  auto copy = std::make_shared<Plan>(*plan);
  for (PlanPtr& input : copy->inputs) {
    SOTERIA_ASSIGN_OR_RETURN(input, Marked(input, wall));
  }
  if (wall(*plan)) copy->original = plan;
  if (plan->inputs.size() != 1) return PlanPtr(std::move(copy));
  const arrow::Schema& schema = *plan->input()->schema;
  if (auto* filter = std::get_if<FilterNode>(&copy->node); filter != nullptr) {
    SOTERIA_RETURN_IF_ERROR(Place(&filter->condition, schema));
  } else if (auto* project = std::get_if<ProjectNode>(&copy->node); project != nullptr) {
    for (exec::NamedExpr& column : project->columns) {
      SOTERIA_RETURN_IF_ERROR(Place(&column.expr, schema));
    }
  } else if (auto* sort = std::get_if<SortNode>(&copy->node); sort != nullptr) {
    SOTERIA_RETURN_IF_ERROR(PlaceKeys(&sort->keys, schema));
  } else if (auto* dealt = std::get_if<RepartitionNode>(&copy->node); dealt != nullptr) {
    for (ExprPtr& key : dealt->by) SOTERIA_RETURN_IF_ERROR(Place(&key, schema));
    SOTERIA_RETURN_IF_ERROR(PlaceKeys(&dealt->order, schema));
  } else if (auto* aggregate = std::get_if<AggregateNode>(&copy->node); aggregate != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(copy->node, PlacedAggregate(*aggregate, schema));
  }
  return PlanPtr(std::move(copy));
}

}  // namespace

PlanOr Rewrite(const PlanPtr& plan, const IsWall& wall) {
  SOTERIA_ASSIGN_OR_RETURN(PlanPtr rewritten, Marked(plan, wall));
  SOTERIA_ASSIGN_OR_RETURN(rewritten, PushFilters(rewritten));
  return PruneColumns(rewritten);
}

}  // namespace soteria::plan
