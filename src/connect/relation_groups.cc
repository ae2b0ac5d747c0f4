// Groups, and what a HAVING or ORDER BY over them may name beside their columns.
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/expressions.h"
#include "src/connect/relations.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_nodes.h"
#include "src/connect/windows.h"
#include "src/exec/catalogue.h"
#include "src/exec/conditions.h"
#include "src/exec/window_expression.h"
#include "src/plan/scope.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;

constexpr base::Condition kSortPosition = {"ORDER_BY_POS_OUT_OF_RANGE",
                                           base::exception_class::kAnalysis, "42805",
                                           absl::StatusCode::kInvalidArgument};

/// Most parts of a HAVING or ORDER BY that are looked at as grouping expressions.
constexpr int kKeyTrialsMax = 1000;

bool IsAggregateCall(const Expression& expression) {
  if (IsInternal(expression, kSqlFilter)) return true;
  return expression.has_unresolved_function() &&
         IsAggregateFunction(expression.unresolved_function().function_name());
}

std::vector<exec::NamedExpr> FirstColumns(const plan::Plan& plan, size_t count) {
  std::vector<exec::NamedExpr> columns;
  for (size_t i = 0; i < count; ++i) {
    columns.push_back({std::nullopt, plan::ColumnAt(plan, static_cast<int>(i))});
  }
  return columns;
}

/// A condition over the columns as one over what they are made of.
base::StatusOr<exec::ExprPtr> OverGroups(const exec::ExprPtr& condition,
                                         const std::vector<exec::NamedExpr>& columns) {
  if (exec::IsInput(*condition)) {
    const exec::ExprPtr& made = columns.at(static_cast<size_t>(condition->ordinal)).expr;
    if (!exec::HasWindow(*made)) return made;
    return base::NotSupported("A HAVING that names a column of a window function",
                              "QUALIFY, or a subquery and WHERE");
  }
  if (condition->kind == exec::Expr::Kind::kColumn) {
    return base::NotSupported("A field of a struct in a HAVING beside window functions");
  }
  if (condition->args.empty()) return condition;
  auto copy = std::make_shared<exec::Expr>(*condition);
  for (exec::ExprPtr& arg : copy->args) {
    SOTERIA_ASSIGN_OR_RETURN(arg, OverGroups(arg, columns));
  }
  return exec::ExprPtr(std::move(copy));
}

/// What parts of an expression over groups are, where they aren't columns of theirs.
class GroupParts {
 public:
  GroupParts(Groups* groups, ExpressionSettings settings)
      : groups_(*groups), settings_(std::move(settings)), out_(groups->plan), in_(groups->input) {
    for (const exec::NamedExpr& key : groups_.keys) keys_.push_back(SameText(*key.expr));
  }

  plan::Scope& out() { return out_; }

  base::StatusOr<std::optional<exec::ExprPtr>> Mean(const Expression& part) {
    if (IsAggregateCall(part)) {
      SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr call, Below(part));
      return ColumnOf(call);
    }
    if (part.has_unresolved_attribute()) return Attribute(part);
    if (part.has_literal() || part.has_alias() || part.has_window() ||
        part.has_subquery_expression())
      return std::optional<exec::ExprPtr>();
    return Key(part);
  }

 private:
  base::StatusOr<exec::ExprPtr> Below(const Expression& part) {
    return ExpressionConverter(in_, settings_).Convert(part);
  }

  /// A column of the rows that are grouped, where the groups have none of that name.
  base::StatusOr<std::optional<exec::ExprPtr>> Attribute(const Expression& part) {
    const auto& attribute = part.unresolved_attribute();
    SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(attribute.unparsed_identifier()));
    std::optional<int64_t> tag;
    if (attribute.has_plan_id()) tag = attribute.plan_id();
    if (out_.Resolve(parts, tag).ok()) return std::optional<exec::ExprPtr>();
    const auto below = Below(part);
    // One that is no key is none of the groups'.
    if (!below.ok() || !IsKey(**below)) return std::optional<exec::ExprPtr>();
    return ColumnOf(*below);
  }

  /// Whether it names a column of the groups, whose meaning goes before that of one below.
  bool NamesOutput(const Expression& part) {
    if (part.has_alias()) return NamesOutput(part.alias().expr());
    if (part.has_cast()) return NamesOutput(part.cast().expr());
    if (part.has_unresolved_extract_value()) {
      return NamesOutput(part.unresolved_extract_value().child());
    }
    if (part.has_unresolved_function()) {
      const auto& arguments = part.unresolved_function().arguments();
      return std::any_of(arguments.begin(), arguments.end(),
                         [this](const Expression& one) { return NamesOutput(one); });
    }
    if (!part.has_unresolved_attribute()) return false;
    const auto parts = NameParts(part.unresolved_attribute().unparsed_identifier());
    return parts.ok() && out_.Find(*parts).ok() && out_.Find(*parts)->has_value();
  }

  /// A whole grouping expression.
  base::StatusOr<std::optional<exec::ExprPtr>> Key(const Expression& part) {
    const bool all_columns =
        std::all_of(groups_.keys.begin(), groups_.keys.end(),
                    [](const exec::NamedExpr& key) { return exec::IsInput(*key.expr); });
    if (all_columns || CallsAggregate(part) || ++trials_ > kKeyTrialsMax || NamesOutput(part)) {
      return std::optional<exec::ExprPtr>();
    }
    const auto below = Below(part);
    if (!below.ok() || !IsKey(**below)) return std::optional<exec::ExprPtr>();
    return ColumnOf(*below);
  }

  bool IsKey(const exec::Expr& expr) const {
    const exec::ExprPtr whole = ColumnOfField(expr);
    if (whole != nullptr && IsKey(*whole)) return true;
    return std::find(keys_.begin(), keys_.end(), SameText(expr)) != keys_.end();
  }

  /// The column that has it, a hidden one if none has.
  std::optional<exec::ExprPtr> ColumnOf(const exec::ExprPtr& expr) {
    const std::string text = SameText(*expr);
    const auto same =
        std::find_if(groups_.columns.begin(), groups_.columns.end(),
                     [&](const exec::NamedExpr& column) { return SameText(*column.expr) == text; });
    const auto place = static_cast<int>(same - groups_.columns.begin());
    if (same == groups_.columns.end()) groups_.columns.push_back({std::nullopt, expr});
    return exec::Input(place, {exec::AutoName(*expr)});
  }

  Groups& groups_;
  const ExpressionSettings settings_;
  plan::Scope out_;
  plan::Scope in_;
  std::vector<std::string> keys_;
  int trials_ = 0;
};

}  // namespace

const Groups* RelationConverter::GroupsOf(const plan::PlanPtr& plan) const {
  const auto found = groups_.find(plan.get());
  return found == groups_.end() ? nullptr : &found->second;
}

/// The groups that the conditions keep, with the hidden columns behind the others.
RelationConverter::PlanOr RelationConverter::WideGroups(const Groups& groups) {
  const GroupingSets* sets = groups.sets.has_value() ? &*groups.sets : nullptr;
  SOTERIA_ASSIGN_OR_RETURN(SplitAggregate split,
                           SplitAggregates(groups.columns, groups.keys, sets));
  const size_t keys = groups.keys.size();
  if (split.plain) {
    for (size_t i = 0; i < groups.columns.size(); ++i) {
      split.columns.push_back(
          {std::nullopt, exec::Input(static_cast<int>(keys + i), {*split.calls[i].name})});
    }
  } else {
    split.columns.erase(split.columns.begin(),
                        split.columns.begin() + static_cast<std::ptrdiff_t>(keys));
  }
  if (split.calls.empty()) {
    split.calls.push_back({"count", exec::Literal(int32_t{1}), "_rows"});
  }
  const bool windows = AnyWindow(split.columns);
  const std::vector<exec::NamedExpr> columns = split.columns;
  split.plain = windows;
  SOTERIA_ASSIGN_OR_RETURN(plan::PlanPtr plan,
                           AggregateRows(groups.input, std::move(split), groups.sets));
  if (windows) {
    // HAVING chooses groups, and windows are over those that it leaves.
    for (const exec::ExprPtr& condition : groups.conditions) {
      SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr below, OverGroups(condition, columns));
      SOTERIA_ASSIGN_OR_RETURN(plan, FilterRows(std::move(plan), below));
    }
    SOTERIA_ASSIGN_OR_RETURN(plan, ProjectRows(std::move(plan), columns));
  }
  if (groups.plan != nullptr) {
    // What was visible before is the same columns, and the same DataFrame.
    auto same = std::make_shared<plan::Plan>(*plan);
    std::copy(groups.plan->columns.begin(), groups.plan->columns.end(), same->columns.begin());
    same->tags = groups.plan->tags;
    plan = std::move(same);
  }
  for (size_t i = 0; i < groups.conditions.size() && !windows; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(plan, FilterRows(std::move(plan), groups.conditions[i]));
  }
  return plan;
}

/// The visible columns of groups, remembered for what comes above.
RelationConverter::PlanOr RelationConverter::Remember(Groups groups) {
  SOTERIA_ASSIGN_OR_RETURN(plan::PlanPtr plan, WideGroups(groups));
  if (groups.columns.size() > groups.visible) {
    auto columns = FirstColumns(*plan, groups.visible);
    SOTERIA_ASSIGN_OR_RETURN(plan, builder_.Project(std::move(plan), std::move(columns)));
  }
  groups.plan = plan;
  groups_.emplace(plan.get(), std::move(groups));
  return plan;
}

RelationConverter::PlanOr RelationConverter::FilterGroups(const Expression& condition,
                                                          Groups groups) {
  GroupParts parts(&groups, state_.config().ForExpressions());
  const auto rows = [&]() -> base::StatusOr<std::shared_ptr<arrow::Schema>> {
    SOTERIA_ASSIGN_OR_RETURN(const plan::PlanPtr wide, WideGroups(groups));
    return wide->schema;
  };
  const ExpressionConverter converter =
      Over(parts.out(), rows, [&](const Expression& part) { return parts.Mean(part); });
  SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr converted, converter.Convert(condition));
  SOTERIA_RETURN_IF_ERROR(CheckNoWindowInClause(*converted, groups.sql ? "HAVING" : "WHERE"));
  groups.conditions.push_back(std::move(converted));
  return Remember(std::move(groups));
}

base::StatusOr<RelationConverter::Sorting> RelationConverter::SortingOf(
    const spark::connect::Sort& sort, const plan::PlanPtr& input) {
  using Order = Expression::SortOrder;
  const std::string zone = state_.config().Zone();
  const Groups* found = GroupsOf(input);
  const bool calls = std::any_of(sort.order().begin(), sort.order().end(),
                                 [](const Order& order) { return CallsAggregate(order.child()); });
  std::optional<Groups> groups;
  if (found != nullptr && (found->sql || calls)) groups = *found;
  std::optional<GroupParts> parts;
  if (groups.has_value()) parts.emplace(&*groups, state_.config().ForExpressions());
  plan::Scope plain(input, plan::Scope::Missing::kAdd);
  ExpressionConverter::Meaning meaning = nullptr;
  if (parts.has_value()) meaning = [&](const Expression& part) { return parts->Mean(part); };
  const ExpressionConverter converter = Over(
      parts.has_value() ? parts->out() : plain,
      [&input]() -> base::StatusOr<std::shared_ptr<arrow::Schema>> { return input->schema; },
      meaning);
  Sorting sorting;
  const auto add = [&](const Order& order, exec::ExprPtr expr) {
    sorting.keys.push_back(SortKeyOf(order, std::move(expr)));
  };
  const int columns = input->schema->num_fields();
  for (const Order& order : sort.order()) {
    if (!IsInternal(order.child(), kSqlOrdinal)) {
      SOTERIA_ASSIGN_OR_RETURN(auto expr, converter.Convert(order.child()));
      SOTERIA_RETURN_IF_ERROR(CheckNoWindow(*expr, "Sort"));
      SOTERIA_RETURN_IF_ERROR(CheckSortKey(*expr));
      add(order, std::move(expr));
      continue;
    }
    const auto& arguments = order.child().unresolved_function().arguments();
    const int ordinal = arguments.empty() ? 0 : arguments[0].literal().integer();
    if (!arguments.empty() && (ordinal < 1 || ordinal > columns)) {
      return base::Fail(kSortPosition,
                        base::Cat("ORDER BY position ", ordinal,
                                  " is not in select list (valid range is [1, ", columns, "])."));
    }
    const int first = arguments.empty() ? 0 : ordinal - 1;
    const int last = arguments.empty() ? columns : ordinal;
    for (int i = first; i < last; ++i) add(order, plan::ColumnAt(*input, i));
  }
  if (!groups.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(sorting.input, plain.Input(builder_));
  } else if (groups->columns.size() > groups->visible) {
    SOTERIA_ASSIGN_OR_RETURN(sorting.input, WideGroups(*groups));
  } else {
    sorting.input = input;
  }
  for (exec::SortKey& key : sorting.keys) {
    SOTERIA_RETURN_IF_ERROR(ApplySubqueries(&sorting.input, &key.expr));
  }
  return sorting;
}

}  // namespace soteria::connect
