#include "src/plan/decorrelate.h"

#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/plan/conditions.h"
#include "src/plan/expressions.h"
#include "src/plan/scope.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::plan {
namespace {

using exec::Expr;
using exec::ExprPtr;
using Expressions = std::vector<ExprPtr>;

bool IsCall(const Expr& e, std::string_view name) {
  return e.kind == Expr::Kind::kCall && base::EqualIgnoringCase(e.name, name);
}

Expressions ColumnsOf(const Plan& plan) {
  Expressions columns;
  for (int i = 0; i < plan.schema->num_fields(); ++i) columns.push_back(ColumnAt(plan, i));
  return columns;
}

/// A column is computed of the subquery's tables at once, whatever is named in between: then what
/// is named twice is there twice, and a loop of a script could double it without end.
constexpr uint64_t kColumnNodesMax = 10'000;

struct KeyCondition {
  ExprPtr inner;
  ExprPtr outer;
  std::string op;
};

class Decorrelator {
 public:
  Decorrelator(Builder& builder, PlanPtr outer, const Expressions& values)
      : builder_(builder), outer_(std::move(outer)), values_(values) {}

  base::StatusOr<Decorrelated> Of(const PlanPtr& plan) {
    if (!RefersOut(*plan)) return Decorrelated{plan, {}, ColumnsOf(*plan), false, nullptr, {}};
    if (std::holds_alternative<FilterNode>(plan->node)) return Filter(*plan);
    if (std::holds_alternative<ProjectNode>(plan->node)) return Project(*plan);
    if (std::holds_alternative<AggregateNode>(plan->node)) return Aggregate(*plan);
    if (std::holds_alternative<JoinNode>(plan->node)) return Join(*plan);
    if (std::holds_alternative<DistinctNode>(plan->node)) return Distinct(*plan);
    // What only moves rows.
    const auto* sort = std::get_if<SortNode>(&plan->node);
    const bool moves = std::holds_alternative<AliasNode>(plan->node) || sort != nullptr ||
                       std::holds_alternative<RepartitionNode>(plan->node) ||
                       std::holds_alternative<CoalesceNode>(plan->node);
    if (moves) return Of(plan->input());
    const auto* limit = std::get_if<LimitNode>(&plan->node);
    if (limit != nullptr && limit->rows > 0) {
      SOTERIA_ASSIGN_OR_RETURN(Decorrelated input, Of(plan->input()));
      if (input.whole) return input;
    }
    if (limit != nullptr)
      return base::NotSupported("LIMIT in a correlated subquery", "an aggregate");
    if (std::holds_alternative<UnionNode>(plan->node)) {
      return base::NotSupported("A union in a correlated subquery");
    }
    return base::NotSupported("A correlated subquery with a relation of that kind");
  }

 private:
  base::StatusOr<Decorrelated> Filter(const Plan& plan) {
    SOTERIA_ASSIGN_OR_RETURN(Decorrelated rows, Of(plan.input()));
    const ExprPtr condition = WithColumns(std::get<FilterNode>(plan.node).condition, rows.columns);
    if (rows.whole) {
      rows.kept = rows.kept == nullptr ? condition : exec::Call("and", {rows.kept, condition});
      return rows;
    }
    Expressions own;
    for (const ExprPtr& one : ConjunctsOf(condition)) {
      (HasReference(*one) ? rows.conditions : own).push_back(one);
    }
    if (own.empty()) return rows;
    SOTERIA_ASSIGN_OR_RETURN(rows.plan, builder_.Filter(std::move(rows.plan), AllOf(own)));
    return rows;
  }

  base::StatusOr<Decorrelated> Project(const Plan& plan) {
    SOTERIA_ASSIGN_OR_RETURN(Decorrelated rows, Of(plan.input()));
    Expressions columns;
    for (const exec::NamedExpr& column : std::get<ProjectNode>(plan.node).columns) {
      if (NodesWith(*column.expr, rows.columns) > kColumnNodesMax) {
        return base::NotSupported(base::Cat("A column of more than ", kColumnNodesMax,
                                            " parts in a correlated subquery"));
      }
      columns.push_back(WithColumns(column.expr, rows.columns));
    }
    rows.columns = std::move(columns);
    return rows;
  }

  /// An equality of the plan's columns with what the outer row has. Only of values of one type,
  /// since values that are different before they are converted ('1' and '01') may be equal to the
  /// same one, and then one outer row would have several groups.
  static base::StatusOr<std::optional<KeyCondition>> KeyOf(const ExprPtr& condition,
                                                           const arrow::Schema& columns) {
    const std::optional<KeyCondition> none;
    const bool equality = IsCall(*condition, "==") || IsCall(*condition, "<=>");
    if (!equality) return none;
    const auto is_outer = [](const Expr& e) { return exec::PlacesOf(e).empty(); };
    KeyCondition key{condition->args[0], condition->args[1], condition->name};
    if (is_outer(*key.inner)) std::swap(key.inner, key.outer);
    if (HasReference(*key.inner) || exec::PlacesOf(*key.inner).empty() || !is_outer(*key.outer)) {
      return none;
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto inner, exec::TypeOf(*key.inner, columns));
    SOTERIA_ASSIGN_OR_RETURN(const auto outer, exec::TypeOf(*key.outer, columns));
    if (!inner->type()->Equals(*outer->type())) return none;
    return std::optional(std::move(key));
  }

  /// All conditions as keys; nullopt when one is something else.
  static base::StatusOr<std::optional<std::vector<KeyCondition>>> KeysOf(const Decorrelated& rows) {
    std::vector<KeyCondition> keys;
    for (const ExprPtr& one : rows.conditions) {
      SOTERIA_ASSIGN_OR_RETURN(auto key, KeyOf(one, *rows.plan->schema));
      if (!key.has_value()) return std::optional<std::vector<KeyCondition>>();
      keys.push_back(*std::move(key));
    }
    return std::optional(std::move(keys));
  }

  /// The rows with each combination of values that the references have, once: what the conditions
  /// say of these is then said of columns.
  base::StatusOr<Decorrelated> WithDomain(Decorrelated rows) {
    std::vector<exec::NamedExpr> named;
    std::vector<int> all;
    for (size_t i = 0; i < values_.size(); ++i) {
      named.push_back({base::Cat("_outer", i), values_[i]});
      all.push_back(static_cast<int>(i));
    }
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr domain, builder_.Project(outer_, std::move(named)));
    SOTERIA_ASSIGN_OR_RETURN(domain, builder_.Distinct(std::move(domain), std::move(all)));
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr cross, builder_.Cross(rows.plan, domain));
    const int first = rows.plan->schema->num_fields();
    Expressions columns;
    for (size_t i = 0; i < values_.size(); ++i) {
      columns.push_back(ColumnAt(*cross, first + static_cast<int>(i)));
    }
    Expressions conditions;
    for (const ExprPtr& one : rows.conditions) conditions.push_back(WithValues(one, columns));
    SOTERIA_ASSIGN_OR_RETURN(rows.plan,
                             builder_.Join(cross, exec::JoinKind::kInner, AllOf(conditions)));
    for (ExprPtr& column : rows.columns) column = WithValues(column, columns);
    rows.conditions.clear();
    for (size_t i = 0; i < values_.size(); ++i) {
      const ExprPtr column = ColumnAt(*rows.plan, first + static_cast<int>(i));
      const auto field = rows.plan->schema->field(first + static_cast<int>(i));
      rows.conditions.push_back(
          exec::Call("<=>", {column, Reference(static_cast<int>(i), *field, field->name())}));
    }
    return rows;
  }

  /// The rows with only keys for conditions, which these are. `refers`: is there anything beside
  /// the conditions that is an outer row's?
  base::StatusOr<std::vector<KeyCondition>> Keyed(Decorrelated* rows, bool refers) {
    if (rows->whole) return base::NotSupported("An aggregate of a correlated aggregate");
    if (!refers) {
      SOTERIA_ASSIGN_OR_RETURN(auto keys, KeysOf(*rows));
      if (keys.has_value()) return *std::move(keys);
    }
    SOTERIA_ASSIGN_OR_RETURN(*rows, WithDomain(std::move(*rows)));
    SOTERIA_ASSIGN_OR_RETURN(auto keys, KeysOf(*rows));
    if (keys.has_value()) return *std::move(keys);
    return base::Fail(base::kInternal, "an outer row's values aren't of their own types");
  }

  base::StatusOr<Decorrelated> Aggregate(const Plan& plan) {
    const auto& node = std::get<AggregateNode>(plan.node);
    if (node.summary != nullptr) return base::NotSupported("A summary as a correlated subquery");
    SOTERIA_ASSIGN_OR_RETURN(Decorrelated rows, Of(plan.input()));
    bool refers = false;
    ForExpressions(plan, [&](const ExprPtr& e) {
      refers = refers || HasReference(*WithColumns(e, rows.columns));
    });
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<KeyCondition> conditions, Keyed(&rows, refers));
    const auto over = [&](const ExprPtr& e) {
      return e == nullptr ? e : WithColumns(e, rows.columns);
    };
    std::vector<exec::GroupKey> keys;
    for (size_t k = 0; k < node.aggregate->keys().size(); ++k) {
      keys.push_back(
          {over(node.aggregate->keys()[k].expr), plan.schema->field(static_cast<int>(k))->name()});
    }
    const size_t own_keys = keys.size();
    for (const KeyCondition& one : conditions) {
      keys.push_back({one.inner, base::Cat("_key", keys.size())});
    }
    std::vector<exec::AggregateCall> calls = node.aggregate->calls();
    for (exec::AggregateCall& call : calls) {
      call.arg = over(call.arg);
      call.weight = over(call.weight);
      call.where = over(call.where);
      for (ExprPtr& e : call.rest) e = over(e);
    }
    const size_t count = calls.size();
    Decorrelated groups;
    SOTERIA_ASSIGN_OR_RETURN(groups.plan,
                             builder_.Aggregate(rows.plan, std::move(calls), std::move(keys)));
    const auto column = [&](size_t at) { return ColumnAt(*groups.plan, static_cast<int>(at)); };
    for (size_t i = 0; i < own_keys; ++i) groups.columns.push_back(column(i));
    for (size_t i = 0; i < count; ++i) {
      groups.columns.push_back(column(own_keys + conditions.size() + i));
    }
    for (size_t i = 0; i < conditions.size(); ++i) {
      groups.conditions.push_back(
          exec::Call(conditions[i].op, {column(own_keys + i), conditions[i].outer}));
    }
    if (own_keys > 0) return groups;
    groups.whole = true;
    SOTERIA_ASSIGN_OR_RETURN(groups.defaults, OverNothing(groups, rows));
    return groups;
  }

  /// What the plan's columns are in a group without rows.
  static base::StatusOr<Expressions> OverNothing(const Decorrelated& groups,
                                                 const Decorrelated& rows) {
    const auto& aggregate = *std::get<AggregateNode>(groups.plan->node).aggregate;
    SOTERIA_ASSIGN_OR_RETURN(const auto alone,
                             exec::Aggregate::Make(aggregate.calls(), *rows.plan->schema));
    SOTERIA_ARROW_ASSIGN(const auto nothing, arrow::Table::MakeEmpty(rows.plan->schema));
    SOTERIA_ASSIGN_OR_RETURN(const std::string partial, alone.Map(*nothing));
    SOTERIA_ASSIGN_OR_RETURN(const auto row, alone.Finish(partial));
    Expressions values;
    const int keys = groups.plan->schema->num_fields() - row->num_columns();
    for (int i = 0; i < groups.plan->schema->num_fields(); ++i) {
      const auto& field = groups.plan->schema->field(i);
      auto scalar = arrow::MakeNullScalar(field->type());
      if (i >= keys) {
        SOTERIA_ARROW_ASSIGN(scalar, row->column(i - keys)->GetScalar(0));
      }
      values.push_back(exec::Literal(std::move(scalar), table::UdtOf(*field)));
    }
    return values;
  }

  base::StatusOr<Decorrelated> Distinct(const Plan& plan) {
    SOTERIA_ASSIGN_OR_RETURN(Decorrelated rows, Of(plan.input()));
    if (rows.whole) return rows;
    const bool refers = std::any_of(rows.columns.begin(), rows.columns.end(),
                                    [](const ExprPtr& e) { return HasReference(*e); });
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<KeyCondition> conditions, Keyed(&rows, refers));
    const auto& distinct = std::get<DistinctNode>(plan.node).columns;
    std::vector<exec::NamedExpr> named;
    for (size_t i = 0; i < rows.columns.size(); ++i) {
      named.push_back({plan.schema->field(static_cast<int>(i))->name(), rows.columns[i]});
    }
    std::vector<int> by = distinct;
    for (const KeyCondition& one : conditions) {
      by.push_back(static_cast<int>(named.size()));
      named.push_back({base::Cat("_key", named.size()), one.inner});
    }
    Decorrelated result;
    SOTERIA_ASSIGN_OR_RETURN(result.plan, builder_.Project(rows.plan, std::move(named)));
    SOTERIA_ASSIGN_OR_RETURN(result.plan, builder_.Distinct(result.plan, std::move(by)));
    result.columns = ColumnsOf(*result.plan);
    for (size_t i = 0; i < conditions.size(); ++i) {
      const ExprPtr& column = result.columns[rows.columns.size() + i];
      result.conditions.push_back(exec::Call(conditions[i].op, {column, conditions[i].outer}));
    }
    result.columns.resize(rows.columns.size());
    return result;
  }

  base::StatusOr<Decorrelated> Join(const Plan& plan) {
    const exec::Join& join = *std::get<JoinNode>(plan.node).join;
    const bool inner = join.kind() == exec::JoinKind::kInner;
    const bool only_left = !RefersOut(*plan.inputs[1]);
    const bool left_outer = join.RightMayBeWhole() && only_left;
    if (!inner && !left_outer) {
      return base::NotSupported("An outer join whose optional side is correlated");
    }
    if (join.kind() == exec::JoinKind::kIntersectAll || join.kind() == exec::JoinKind::kExceptAll) {
      return base::NotSupported("INTERSECT ALL and EXCEPT ALL in a correlated subquery");
    }
    SOTERIA_ASSIGN_OR_RETURN(Decorrelated left, Of(plan.inputs[0]));
    SOTERIA_ASSIGN_OR_RETURN(Decorrelated right, Of(plan.inputs[1]));
    if (left.whole || right.whole) {
      return base::NotSupported("A join with a correlated aggregate in a subquery");
    }
    SOTERIA_ASSIGN_OR_RETURN(const PlanPtr cross, builder_.Cross(left.plan, right.plan));
    const int lefts = left.plan->schema->num_fields();
    Expressions both = left.columns;
    for (const ExprPtr& column : right.columns) both.push_back(Moved(column, lefts));
    Decorrelated rows;
    rows.conditions = left.conditions;
    for (const ExprPtr& one : right.conditions) rows.conditions.push_back(Moved(one, lefts));
    Expressions own;
    const ExprPtr condition = ConditionOf(join, plan.inputs[0]->schema->num_fields());
    for (const ExprPtr& one :
         condition == nullptr ? Expressions() : ConjunctsOf(WithColumns(condition, both))) {
      if (HasReference(*one) && !inner) {
        return base::NotSupported("A correlated condition of an outer join");
      }
      (HasReference(*one) ? rows.conditions : own).push_back(one);
    }
    SOTERIA_ASSIGN_OR_RETURN(rows.plan, builder_.Join(cross, join.kind(), AllOf(own)));
    if (join.kind() == exec::JoinKind::kExistence) {
      both.resize(left.columns.size());
      both.push_back(ColumnAt(*rows.plan, lefts));
    } else if (join.KeepsLeftRows()) {
      both.resize(left.columns.size());
    }
    rows.columns = std::move(both);
    return rows;
  }

  Builder& builder_;
  const PlanPtr outer_;
  const Expressions& values_;
};

}  // namespace

ExprPtr Reference(int number, const arrow::Field& field, std::string text) {
  Expr e = *exec::Printed(exec::Literal(arrow::MakeNullScalar(field.type()), table::UdtOf(field)),
                          std::move(text));
  e.ordinal = number;
  return std::make_shared<const Expr>(std::move(e));
}

bool IsReference(const Expr& e) { return e.kind == Expr::Kind::kLiteral && e.ordinal >= 0; }

bool HasReference(const Expr& e) {
  return IsReference(e) || std::any_of(e.args.begin(), e.args.end(),
                                       [](const ExprPtr& arg) { return HasReference(*arg); });
}

bool RefersOut(const Plan& plan) {
  bool refers = false;
  ForExpressions(plan, [&](const ExprPtr& e) { refers = refers || HasReference(*e); });
  return refers || std::any_of(plan.inputs.begin(), plan.inputs.end(),
                               [](const PlanPtr& input) { return RefersOut(*input); });
}

ExprPtr WithValues(const ExprPtr& e, const Expressions& values) {
  if (IsReference(*e)) return values.at(static_cast<size_t>(e->ordinal));
  if (!HasReference(*e)) return e;
  Expr copy = *e;
  for (ExprPtr& arg : copy.args) arg = WithValues(arg, values);
  return std::make_shared<const Expr>(std::move(copy));
}

base::StatusOr<Decorrelated> Decorrelate(Builder& builder, const PlanPtr& subquery,
                                         const PlanPtr& outer, const Expressions& values) {
  return Decorrelator(builder, outer, values).Of(subquery);
}

}  // namespace soteria::plan
