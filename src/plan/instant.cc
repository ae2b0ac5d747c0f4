// One instant for all that a plan asks of a clock.
#include <arrow/type.h>

#include <utility>

#include "src/exec/clock.h"
#include "src/exec/join.h"
#include "src/plan/conditions.h"
#include "src/plan/node.h"
#include "src/plan/rewrite.h"

namespace soteria::plan {
namespace {

using exec::ExprPtr;

/// Puts the instant into the expressions of one node.
class Setter {
 public:
  explicit Setter(int64_t micros) : micros_(micros) {}

  bool Set(ExprPtr* e) {
    ExprPtr at = exec::AtInstant(*e, micros_);
    if (at == *e) return false;
    *e = std::move(at);
    changed_ = true;
    return true;
  }
  void Set(std::vector<ExprPtr>* all) {
    for (ExprPtr& e : *all) Set(&e);
  }
  void Set(std::vector<exec::SortKey>* keys) {
    for (exec::SortKey& key : *keys) Set(&key.expr);
  }
  void Set(exec::AggregateCall* call) {
    for (ExprPtr* part : {&call->arg, &call->weight, &call->where}) Set(part);
    Set(&call->rest);
  }
  bool changed() const { return changed_; }

 private:
  int64_t micros_;
  bool changed_ = false;
};

/// What is printed like before is named like before, wherever it runs.
base::Status SetProject(Setter& setter, const arrow::Schema& schema, ProjectNode* node) {
  for (size_t i = 0; i < node->columns.size(); ++i) {
    exec::NamedExpr& column = node->columns[i];
    if (setter.Set(&column.expr)) column.name = schema.field(static_cast<int>(i))->name();
  }
  return base::OkStatus();
}

base::Status SetAggregate(Setter& setter, const Plan& input, AggregateNode* node) {
  std::vector<exec::GroupKey> keys = node->aggregate->keys();
  std::vector<exec::AggregateCall> calls = node->aggregate->calls();
  const arrow::Schema& named = *node->aggregate->output_schema();
  int place = 0;
  for (exec::GroupKey& key : keys) {
    if (setter.Set(&key.expr)) key.name = named.field(place)->name();
    ++place;
  }
  for (exec::AggregateCall& call : calls) {
    setter.Set(&call);
    if (setter.changed()) call.name = named.field(place)->name();
    ++place;
  }
  if (!setter.changed()) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(auto made,
                           exec::Aggregate::Make(std::move(calls), *input.schema, std::move(keys)));
  node->aggregate = std::make_shared<const exec::Aggregate>(std::move(made));
  return base::OkStatus();
}

base::Status SetJoin(Setter& setter, const Plan& left, const Plan& right, JoinNode* node) {
  const exec::JoinKind kind = node->join->kind();
  // Of whole rows there is no condition.
  if (kind == exec::JoinKind::kIntersectAll || kind == exec::JoinKind::kExceptAll) {
    return base::OkStatus();
  }
  ExprPtr condition = ConditionOf(*node->join, left.schema->num_fields());
  if (condition == nullptr || !setter.Set(&condition)) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(auto made,
                           exec::Join::Make(kind, condition, *left.schema, *right.schema));
  node->join = std::make_shared<const exec::Join>(std::move(made));
  return base::OkStatus();
}

base::Status SetNode(Setter& setter, Plan* plan) {
  auto& node = plan->node;
  if (auto* project = std::get_if<ProjectNode>(&node); project != nullptr) {
    return SetProject(setter, *plan->schema, project);
  }
  if (auto* aggregate = std::get_if<AggregateNode>(&node); aggregate != nullptr) {
    return SetAggregate(setter, *plan->input(), aggregate);
  }
  if (auto* join = std::get_if<JoinNode>(&node); join != nullptr) {
    return SetJoin(setter, *plan->inputs[0], *plan->inputs[1], join);
  }
  if (auto* filter = std::get_if<FilterNode>(&node); filter != nullptr) {
    setter.Set(&filter->condition);
  } else if (auto* sort = std::get_if<SortNode>(&node); sort != nullptr) {
    setter.Set(&sort->keys);
  } else if (auto* dealt = std::get_if<RepartitionNode>(&node); dealt != nullptr) {
    setter.Set(&dealt->by);
    setter.Set(&dealt->order);
  } else if (auto* made = std::get_if<GenerateNode>(&node); made != nullptr) {
    setter.Set(&made->generator.args);
  } else if (auto* expand = std::get_if<ExpandNode>(&node); expand != nullptr) {
    for (auto& row : expand->rows) setter.Set(&row);
  } else if (auto* window = std::get_if<WindowNode>(&node); window != nullptr) {
    setter.Set(&window->spec.partition);
    setter.Set(&window->spec.order);
    const int first = plan->input()->schema->num_fields();
    for (size_t i = 0; i < window->calls.size(); ++i) {
      exec::AggregateCall& call = window->calls[i].call;
      setter.Set(&call);
      if (setter.changed()) {
        call.name = plan->schema->field(first + static_cast<int>(i))->name();
      }
    }
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<PlanPtr> AtInstant(const PlanPtr& plan, int64_t micros, const InstantOfWall& wall) {
  const int64_t here = plan->original == nullptr ? micros : wall(*plan->original);
  auto copy = std::make_shared<Plan>(*plan);
  bool changed = false;
  for (PlanPtr& input : copy->inputs) {
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr set, AtInstant(input, here, wall));
    changed = changed || set != input;
    input = std::move(set);
  }
  Setter setter(here);
  SOTERIA_RETURN_IF_ERROR(SetNode(setter, copy.get()));
  return changed || setter.changed() ? PlanPtr(std::move(copy)) : plan;
}

}  // namespace soteria::plan
