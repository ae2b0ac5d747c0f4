// Subqueries in expressions, and LATERAL. While expressions are converted a subquery is a call of
// no function: its arguments are what it names of the rows around it (and before these, of IN, the
// values that are looked for), its ordinal says which it is. Before the relation that has the
// expression is made, the rows of its subqueries are joined to the relation's input: nothing of
// them is known to whoever resolves a plan.
#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/expressions.h"
#include "src/connect/relations.h"
#include "src/connect/time_windows.h"
#include "src/connect/windows.h"
#include "src/plan/conditions.h"
#include "src/plan/decorrelate.h"
#include "src/plan/scope.h"
#include "src/table/conditions.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using exec::Expr;
using exec::ExprPtr;
using exec::JoinKind;
using plan::AllOf;
using plan::Moved;
using spark::connect::SubqueryExpression;
using Exprs = std::vector<ExprPtr>;

constexpr base::Condition kManyColumns = {
    "INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN",
    base::exception_class::kAnalysis, "42823", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kInLength = {"DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH",
                                       base::exception_class::kAnalysis, "42K09",
                                       absl::StatusCode::kInvalidArgument};

constexpr base::Condition kCorrelatedReference = {
    "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.CORRELATED_REFERENCE",
    base::exception_class::kAnalysis, "0A000", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kMixedAggregate = {
    "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.AGGREGATE_FUNCTION_MIXED_OUTER_LOCAL_REFERENCES",
    base::exception_class::kAnalysis, "0A000", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kUngroupedSubquery = {
    "SCALAR_SUBQUERY_IS_IN_GROUP_BY_OR_AGGREGATE_FUNCTION", base::exception_class::kAnalysis,
    "0A000", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kTestInSort = {
    "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_IN_EXISTS_SUBQUERY",
    base::exception_class::kAnalysis, "0A000", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kCorrelatedScalar = {
    "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_CORRELATED_SCALAR_SUBQUERY",
    base::exception_class::kAnalysis, "0A000", absl::StatusCode::kInvalidArgument};
constexpr char kReferenceText[] =
    "Unsupported subquery expression: Expressions referencing the outer query are not supported "
    "outside of WHERE/HAVING clauses: ";

constexpr char kScalar[] = "scalarsubquery";
constexpr char kExists[] = "exists";
constexpr char kList[] = "listquery";

/// Most subqueries of one plan.
constexpr size_t kSubqueriesMax = 1'000;

bool IsSubquery(const Expr& e) { return e.kind == Expr::Kind::kCall && e.ordinal >= 0; }
bool IsScalar(const Expr& e) { return IsSubquery(e) && e.name == kScalar; }
bool IsExists(const Expr& e) { return IsSubquery(e) && e.name == kExists; }
/// x IN (query)
bool IsIn(const Expr& e) {
  return e.kind == Expr::Kind::kCall && e.name == "in" && !e.args.empty() &&
         IsSubquery(*e.args.back());
}
bool IsTest(const Expr& e) { return IsExists(e) || IsIn(e); }
bool IsNot(const Expr& e) {
  return e.kind == Expr::Kind::kCall && e.args.size() == 1 &&
         base::EqualIgnoringCase(e.name, "not");
}

bool HasSubquery(const Expr& e) {
  return IsSubquery(e) || std::any_of(e.args.begin(), e.args.end(),
                                      [](const ExprPtr& arg) { return HasSubquery(*arg); });
}

ExprPtr IsNull(const ExprPtr& e) { return exec::Call("isnull", {e}); }

/// The conditions of an IN, by columns; those of a NOT IN hold for nulls too.
Exprs InConditions(const Exprs& values, const Exprs& columns, bool negated) {
  Exprs all;
  for (size_t i = 0; i < values.size(); ++i) {
    const ExprPtr equal = exec::Call("==", {values[i], columns[i]});
    all.push_back(negated ? exec::Call("or", {equal, IsNull(equal)}) : equal);
  }
  return all;
}

bool HasCorrelatedScalar(const Expr& e) {
  return (IsScalar(e) && !e.args.empty()) ||
         std::any_of(e.args.begin(), e.args.end(),
                     [](const ExprPtr& arg) { return HasCorrelatedScalar(*arg); });
}

bool HasTest(const Expr& e) {
  return IsTest(e) || std::any_of(e.args.begin(), e.args.end(),
                                  [](const ExprPtr& arg) { return HasTest(*arg); });
}

/// What the subquery is joined by: rows of `plan`, whose columns come behind `lefts` others.
struct Joined {
  const plan::Decorrelated& rows;
  int lefts = 0;
  const Exprs* values;

  /// An expression of the subquery's, over both sides.
  ExprPtr Both(const ExprPtr& e) const { return plan::WithValues(Moved(e, lefts), *values); }
  /// Of the join, with those of an IN of these values.
  Exprs Conditions(const Exprs& in = {}, bool negated = false) const {
    Exprs all;
    for (const ExprPtr& one : rows.conditions) all.push_back(Both(one));
    Exprs columns;
    for (const ExprPtr& column : rows.columns) columns.push_back(Both(column));
    for (ExprPtr& one : InConditions(in, columns, negated)) all.push_back(std::move(one));
    return all;
  }
};

std::vector<exec::NamedExpr> FirstColumns(const plan::Plan& plan, int count) {
  std::vector<exec::NamedExpr> columns;
  for (int i = 0; i < count; ++i) columns.push_back({std::nullopt, plan::ColumnAt(plan, i)});
  return columns;
}

/// The same value, of which the schema says that it may be null, as Spark's does.
ExprPtr Nullable(const ExprPtr& e) { return exec::Call("when", {exec::Call("isnotnull", {e}), e}); }

/// Whether an IN of these values may be null, as Spark's schema has it.
base::StatusOr<bool> MayBeNull(const Exprs& values, const plan::Plan& input,
                               const plan::Plan& rows) {
  bool nullable = false;
  for (size_t i = 0; i < values.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*values[i], *input.schema));
    nullable = nullable || field->nullable() || rows.schema->field(static_cast<int>(i))->nullable();
  }
  return nullable;
}

/// Can the plan have but one row?
bool HasOneRow(const plan::Plan& plan) {
  const plan::Plan* node = &plan;
  while (std::holds_alternative<plan::ProjectNode>(node->node) ||
         std::holds_alternative<plan::AliasNode>(node->node)) {
    node = node->input().get();
  }
  const auto* aggregate = std::get_if<plan::AggregateNode>(&node->node);
  return aggregate != nullptr && aggregate->aggregate->keys().empty() &&
         aggregate->summary == nullptr;
}

/// What Spark doesn't take in the columns of groups: columns of the query around, and subqueries
/// that have a value for each row.
base::Status CheckOfGroups(const SplitAggregate& split) {
  for (const exec::AggregateCall& call : split.calls) {
    for (const ExprPtr& arg : {call.arg, call.weight, call.where}) {
      if (arg == nullptr || !plan::HasReference(*arg)) continue;
      const bool mixed = !exec::PlacesOf(*arg).empty();
      return base::Fail(
          mixed ? kMixedAggregate : kCorrelatedReference,
          base::Cat(mixed ? "Unsupported subquery expression: Found an aggregate function in a "
                            "correlated predicate that has both outer and local references, which "
                            "is not supported: "
                          : kReferenceText,
                    call.function, "(", exec::PrettyName(*arg), ")."));
    }
  }
  for (const exec::NamedExpr& column : split.columns) {
    if (plan::HasReference(*column.expr)) {
      return base::Fail(kCorrelatedReference,
                        base::Cat(kReferenceText, "\"", exec::PrettyName(*column.expr), "\"."));
    }
    if (HasCorrelatedScalar(*column.expr)) {
      return base::Fail(
          kUngroupedSubquery,
          base::Cat("The correlated scalar subquery '\"", exec::PrettyName(*column.expr),
                    "\"' is neither present in GROUP BY, nor in an aggregate function.\nAdd it to "
                    "GROUP BY using ordinal position or wrap it in `first()` (or `first_value`) if "
                    "you don't care which value you get."));
    }
  }
  return base::OkStatus();
}

}  // namespace

ExpressionConverter RelationConverter::Over(plan::Scope& scope,
                                            ExpressionConverter::SchemaOfRows rows,
                                            ExpressionConverter::Meaning meaning) {
  if (TimeWindowOf(scope.plan()) != nullptr) {
    meaning =
        [this, &scope, inner = std::move(meaning)](
            const spark::connect::Expression& part) -> base::StatusOr<std::optional<ExprPtr>> {
      if (const auto* window = TimeWindowOf(scope.plan());
          window != nullptr && IsTimeWindow(part)) {
        return std::optional(plan::ColumnAt(scope.plan(), window->ordinal));
      }
      return inner == nullptr ? std::optional<ExprPtr>() : inner(part);
    };
  }
  ExpressionConverter converter(scope, state_.config().ForExpressions(), std::move(meaning));
  converter.UseAround(this, std::move(rows));
  return converter;
}

ExpressionConverter RelationConverter::OverWithSubqueries(plan::Scope& scope) {
  return Over(scope, [this, &scope]() -> base::StatusOr<std::shared_ptr<arrow::Schema>> {
    SOTERIA_ASSIGN_OR_RETURN(const plan::PlanPtr input, scope.Input(builder_));
    return input->schema;
  });
}

/// As in Spark only the query next around counts.
base::StatusOr<std::optional<ExprPtr>> RelationConverter::Outer(
    const spark::connect::Expression& attribute) {
  if (frames_.empty()) return std::optional<ExprPtr>();
  std::vector<Frame> frames;
  frames.swap(frames_);
  const auto column = frames.back().outer->Convert(attribute);
  frames.swap(frames_);
  if (!column.ok()) {
    const bool none = base::Is(column.status(), base::kUnresolvedColumn) ||
                      base::Is(column.status(), table::kUnresolvedNoSuggestion) ||
                      base::Is(column.status(), plan::kNoDataFrameColumn);
    if (none) return std::optional<ExprPtr>();
    return column.status();
  }
  Frame& frame = frames_.back();
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, frame.outer->rows()());
  SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(**column, *rows));
  const std::string text = SameText(**column);
  const auto same = std::find_if(frame.values.begin(), frame.values.end(),
                                 [&](const ExprPtr& value) { return SameText(*value) == text; });
  const auto number = static_cast<int>(same - frame.values.begin());
  if (same == frame.values.end()) frame.values.push_back(*column);
  return std::optional(
      plan::Reference(number, *field, base::Cat("outer(", exec::PrettyName(**column), ")")));
}

base::StatusOr<RelationConverter::Correlated> RelationConverter::ResolveWithin(
    const spark::connect::Relation& relation, const ExpressionConverter& outer) {
  frames_.push_back({&outer, {}});
  auto resolved = Resolve(relation);
  Exprs values = std::move(frames_.back().values);
  frames_.pop_back();
  SOTERIA_RETURN_IF_ERROR(resolved);
  return Correlated{*std::move(resolved), std::move(values)};
}

base::StatusOr<ExprPtr> RelationConverter::Subquery(const SubqueryExpression& subquery,
                                                    Exprs values,
                                                    const ExpressionConverter& outer) {
  const auto found = std::find_if(references_.rbegin(), references_.rend(),
                                  [&](const auto& its) { return its.first == subquery.plan_id(); });
  if (found == references_.rend()) {
    return base::Fail(base::kAnalysis, "A subquery whose plan isn't part of the message");
  }
  if (subqueries_.size() >= kSubqueriesMax) {
    return base::Fail(base::kAnalysis, "The plan has too many subqueries");
  }
  SOTERIA_ASSIGN_OR_RETURN(Correlated inner, ResolveWithin(*found->second, outer));
  const int columns = inner.plan->schema->num_fields();
  Expr call = *exec::Call(kScalar, std::move(inner.values));
  call.ordinal = static_cast<int>(subqueries_.size());
  subqueries_.push_back(std::move(inner.plan));
  switch (subquery.subquery_type()) {
    case SubqueryExpression::SUBQUERY_TYPE_SCALAR:
      if (columns == 1) return std::make_shared<const Expr>(std::move(call));
      return base::Fail(kManyColumns, base::Cat("Invalid subquery: Scalar subquery must return "
                                                "only one column, but got ",
                                                columns, "."));
    case SubqueryExpression::SUBQUERY_TYPE_EXISTS:
      call.name = kExists;
      return std::make_shared<const Expr>(std::move(call));
    case SubqueryExpression::SUBQUERY_TYPE_IN: {
      if (static_cast<size_t>(columns) != values.size()) {
        return base::Fail(
            kInLength,
            base::Cat("Cannot resolve the IN subquery due to data type mismatch: The number of "
                      "columns in the left hand side of an IN subquery does not match the number "
                      "of columns in the output of subquery. Left hand side columns(length: ",
                      values.size(), "), right hand side columns(length: ", columns, ")."));
      }
      call.name = kList;
      values.push_back(std::make_shared<const Expr>(std::move(call)));
      return exec::Call("in", std::move(values));
    }
    default:
      return base::NotSupported("DataFrame.asTable (a table as an argument)");
  }
}

/// The rows of a subquery that has one for every outer row, joined to the input: what its columns
/// and its condition are there.
base::StatusOr<RelationConverter::OfRow> RelationConverter::JoinWhole(
    plan::PlanPtr* input, const plan::Decorrelated& rows, const Exprs& values) {
  const int lefts = (*input)->schema->num_fields();
  SOTERIA_ASSIGN_OR_RETURN(const ExprPtr matched, JoinSingle(input, rows, values));
  const int columns = rows.plan->schema->num_fields();
  Exprs both;
  for (int i = 0; i < lefts; ++i) both.push_back(plan::ColumnAt(**input, i));
  for (int i = 0; i < columns; ++i) {
    const ExprPtr column = plan::ColumnAt(**input, lefts + i);
    const ExprPtr& none = rows.defaults[static_cast<size_t>(i)];
    // A count is never null.
    both.push_back(rows.plan->schema->field(i)->nullable()
                       ? exec::Call("when", {matched, column, none})
                       : exec::Call("coalesce", {column, none}));
  }
  const auto there = [&](const ExprPtr& e) {
    return plan::WithValues(plan::WithColumns(Moved(e, lefts), both), values);
  };
  OfRow row;
  for (const ExprPtr& column : rows.columns) row.columns.push_back(there(column));
  if (rows.kept != nullptr) row.kept = there(rows.kept);
  return row;
}

/// The only row of the subquery's that belongs to each of the input's; whether there is one.
base::StatusOr<ExprPtr> RelationConverter::JoinSingle(plan::PlanPtr* input,
                                                      const plan::Decorrelated& rows,
                                                      const Exprs& values) {
  const int lefts = (*input)->schema->num_fields();
  const int columns = rows.plan->schema->num_fields();
  auto named = FirstColumns(*rows.plan, columns);
  named.push_back({"_matched", exec::Literal(true)});
  SOTERIA_ASSIGN_OR_RETURN(auto flagged, builder_.Project(rows.plan, std::move(named)));
  SOTERIA_ASSIGN_OR_RETURN(auto cross, builder_.Cross(*input, std::move(flagged)));
  const Joined joined{rows, lefts, &values};
  SOTERIA_ASSIGN_OR_RETURN(*input,
                           builder_.Join(cross, JoinKind::kLeftSingle, AllOf(joined.Conditions())));
  return exec::Call("isnotnull", {plan::ColumnAt(**input, lefts + columns)});
}

/// A value for each row of the input: of the only row, or of the one that belongs to it.
base::StatusOr<ExprPtr> RelationConverter::ScalarValue(plan::PlanPtr* input, const Expr& subquery) {
  const plan::PlanPtr& rows = subqueries_.at(static_cast<size_t>(subquery.ordinal));
  const int lefts = (*input)->schema->num_fields();
  if (subquery.args.empty()) {
    plan::PlanPtr value = rows;
    if (!HasOneRow(*rows)) {
      SOTERIA_ASSIGN_OR_RETURN(auto first, builder_.Limit(rows, 2));
      SOTERIA_ASSIGN_OR_RETURN(auto one, OneRow());
      SOTERIA_ASSIGN_OR_RETURN(auto cross, builder_.Cross(std::move(one), std::move(first)));
      SOTERIA_ASSIGN_OR_RETURN(value, builder_.Join(cross, JoinKind::kLeftSingle, nullptr));
    }
    SOTERIA_ASSIGN_OR_RETURN(auto cross, builder_.Cross(*input, plan::Small(value)));
    SOTERIA_ASSIGN_OR_RETURN(*input, builder_.Join(cross, JoinKind::kInner, nullptr));
    return Nullable(plan::ColumnAt(**input, lefts));
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto taken,
                           plan::Decorrelate(builder_, rows, *input, subquery.args));
  if (taken.whole) {
    SOTERIA_ASSIGN_OR_RETURN(const OfRow row, JoinWhole(input, taken, subquery.args));
    return row.kept == nullptr ? Nullable(row.columns[0])
                               : exec::Call("when", {row.kept, row.columns[0]});
  }
  SOTERIA_ASSIGN_OR_RETURN(const ExprPtr matched, JoinSingle(input, taken, subquery.args));
  const Joined joined{taken, lefts, &subquery.args};
  return exec::Call("when", {matched, joined.Both(taken.columns[0])});
}

/// Whether the subquery has a row, and of IN one with these values.
base::StatusOr<ExprPtr> RelationConverter::Existence(plan::PlanPtr* input, const Expr& test,
                                                     bool negated) {
  const Expr& subquery = IsIn(test) ? *test.args.back() : test;
  Exprs values;
  if (IsIn(test)) values.assign(test.args.begin(), test.args.end() - 1);
  const plan::PlanPtr& rows = subqueries_.at(static_cast<size_t>(subquery.ordinal));
  SOTERIA_ASSIGN_OR_RETURN(const bool nullable, MayBeNull(values, **input, *rows));
  SOTERIA_ASSIGN_OR_RETURN(const auto taken,
                           plan::Decorrelate(builder_, rows, *input, subquery.args));
  ExprPtr exists;
  if (taken.whole) {
    SOTERIA_ASSIGN_OR_RETURN(const OfRow row, JoinWhole(input, taken, subquery.args));
    Exprs conditions = InConditions(values, row.columns, negated);
    if (row.kept != nullptr) conditions.insert(conditions.begin(), row.kept);
    exists = conditions.empty() ? exec::Literal(true)
                                : exec::Call("coalesce", {AllOf(conditions), exec::Literal(false)});
  } else {
    const int lefts = (*input)->schema->num_fields();
    const Joined joined{taken, lefts, &subquery.args};
    SOTERIA_ASSIGN_OR_RETURN(auto cross, builder_.Cross(*input, taken.plan));
    SOTERIA_ASSIGN_OR_RETURN(*input, builder_.Join(cross, JoinKind::kExistence,
                                                   AllOf(joined.Conditions(values, negated))));
    exists = plan::ColumnAt(**input, lefts);
  }
  if (negated) exists = exec::Call("not", {exists});
  return nullable ? Nullable(exists) : exists;
}

base::Status RelationConverter::ApplySubqueries(plan::PlanPtr* input, ExprPtr* expr) {
  if (!HasSubquery(**expr)) return base::OkStatus();
  const bool negated = IsNot(**expr) && IsTest(*(*expr)->args[0]);
  Expr test = negated ? *(*expr)->args[0] : **expr;
  // The values that an IN looks for may have subqueries of their own.
  const size_t own = test.args.size() - (IsIn(test) ? 1 : 0);
  for (size_t i = 0; i < own; ++i) {
    SOTERIA_RETURN_IF_ERROR(ApplySubqueries(input, &test.args[i]));
  }
  if (IsScalar(test)) {
    SOTERIA_ASSIGN_OR_RETURN(*expr, ScalarValue(input, test));
  } else if (IsTest(test)) {
    SOTERIA_ASSIGN_OR_RETURN(*expr, Existence(input, test, negated));
  } else {
    *expr = std::make_shared<const Expr>(std::move(test));
  }
  return base::OkStatus();
}

base::Status RelationConverter::CheckSortKey(const Expr& expr) {
  if (HasTest(expr)) {
    return base::Fail(kTestInSort,
                      "Unsupported subquery expression: IN/EXISTS predicate subqueries can only be "
                      "used in filters, joins, aggregations, window functions, projections, and "
                      "UPDATE/MERGE/DELETE commands.");
  }
  if (!HasCorrelatedScalar(expr)) return base::OkStatus();
  return base::Fail(kCorrelatedScalar,
                    "Unsupported subquery expression: Correlated scalar subqueries can only be "
                    "used in filters, aggregations, projections, and UPDATE/MERGE/DELETE "
                    "commands.");
}

RelationConverter::PlanOr RelationConverter::ChosenBy(const plan::PlanPtr& input,
                                                      const Expr& condition) {
  const bool negated = IsNot(condition);
  const Expr& test = negated ? *condition.args[0] : condition;
  if (!IsTest(test)) return plan::PlanPtr();
  const Expr& subquery = IsIn(test) ? *test.args.back() : test;
  plan::PlanPtr rows = input;
  Exprs values;
  for (size_t i = 0; IsIn(test) && i + 1 < test.args.size(); ++i) {
    values.push_back(test.args[i]);
    SOTERIA_RETURN_IF_ERROR(ApplySubqueries(&rows, &values.back()));
  }
  SOTERIA_ASSIGN_OR_RETURN(
      const auto taken,
      plan::Decorrelate(builder_, subqueries_.at(static_cast<size_t>(subquery.ordinal)), rows,
                        subquery.args));
  if (taken.whole) return plan::PlanPtr();
  const Joined joined{taken, rows->schema->num_fields(), &subquery.args};
  SOTERIA_ASSIGN_OR_RETURN(auto cross, builder_.Cross(rows, taken.plan));
  SOTERIA_ASSIGN_OR_RETURN(rows,
                           builder_.Join(cross, negated ? JoinKind::kLeftAnti : JoinKind::kLeftSemi,
                                         AllOf(joined.Conditions(values, negated))));
  const int own = input->schema->num_fields();
  if (rows->schema->num_fields() == own) return rows;
  auto first = FirstColumns(*rows, own);
  return builder_.Project(std::move(rows), std::move(first));
}

RelationConverter::PlanOr RelationConverter::FilterRows(plan::PlanPtr input,
                                                        const ExprPtr& condition) {
  if (!HasSubquery(*condition)) return builder_.Filter(std::move(input), condition);
  Exprs plain;
  Exprs others;
  for (const ExprPtr& one : plan::ConjunctsOf(condition)) {
    (HasSubquery(*one) ? others : plain).push_back(one);
  }
  if (!plain.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(input, builder_.Filter(std::move(input), AllOf(plain)));
  }
  const int own = input->schema->num_fields();
  for (ExprPtr one : others) {
    SOTERIA_ASSIGN_OR_RETURN(plan::PlanPtr chosen, ChosenBy(input, *one));
    if (chosen != nullptr) {
      input = std::move(chosen);
      continue;
    }
    SOTERIA_RETURN_IF_ERROR(ApplySubqueries(&input, &one));
    SOTERIA_ASSIGN_OR_RETURN(input, builder_.Filter(std::move(input), std::move(one)));
    auto first = FirstColumns(*input, own);
    SOTERIA_ASSIGN_OR_RETURN(input, builder_.Project(std::move(input), std::move(first)));
  }
  return input;
}

RelationConverter::PlanOr RelationConverter::JoinRows(const plan::PlanPtr& cross,
                                                      const ExprPtr& condition) {
  Exprs plain;
  Exprs others;
  for (const ExprPtr& one : plan::ConjunctsOf(condition)) {
    (HasSubquery(*one) ? others : plain).push_back(one);
  }
  if (others.empty()) return builder_.Join(cross, JoinKind::kInner, condition);
  SOTERIA_ASSIGN_OR_RETURN(
      auto joined, builder_.Join(cross, JoinKind::kInner, plain.empty() ? nullptr : AllOf(plain)));
  return FilterRows(std::move(joined), AllOf(others));
}

RelationConverter::PlanOr RelationConverter::ProjectRows(plan::PlanPtr input,
                                                         std::vector<exec::NamedExpr> columns) {
  for (exec::NamedExpr& column : columns) {
    if (!HasSubquery(*column.expr)) continue;
    if (!column.name.has_value()) column.name = exec::AutoName(*column.expr);
    SOTERIA_RETURN_IF_ERROR(ApplySubqueries(&input, &column.expr));
  }
  return ProjectWindows(builder_, std::move(input), std::move(columns));
}

RelationConverter::PlanOr RelationConverter::AggregateRows(
    plan::PlanPtr input, SplitAggregate split, const std::optional<GroupingSets>& sets) {
  SOTERIA_RETURN_IF_ERROR(CheckOfGroups(split));
  for (exec::GroupKey& key : split.keys) {
    if (!HasSubquery(*key.expr)) continue;
    if (!key.name.has_value()) key.name = exec::AutoName(*key.expr);
    SOTERIA_RETURN_IF_ERROR(ApplySubqueries(&input, &key.expr));
  }
  for (exec::AggregateCall& call : split.calls) {
    for (ExprPtr* part : {&call.arg, &call.weight, &call.where}) {
      if (*part != nullptr) SOTERIA_RETURN_IF_ERROR(ApplySubqueries(&input, part));
    }
    for (ExprPtr& part : call.rest) SOTERIA_RETURN_IF_ERROR(ApplySubqueries(&input, &part));
  }
  SOTERIA_ASSIGN_OR_RETURN(plan::PlanPtr groups,
                           GroupsOfSets(std::move(input), std::move(split.keys),
                                        std::move(split.calls), split.ids, sets));
  if (split.plain) return groups;
  return ProjectRows(std::move(groups), std::move(split.columns));
}

/// Each row of the left with the rows that the right makes of it.
RelationConverter::PlanOr RelationConverter::LateralJoin(const spark::connect::LateralJoin& join) {
  using spark::connect::Join;
  SOTERIA_ASSIGN_OR_RETURN(const plan::PlanPtr left, Resolve(join.left()));
  const bool outer = join.join_type() == Join::JOIN_TYPE_LEFT_OUTER;
  if (!outer && join.join_type() != Join::JOIN_TYPE_INNER &&
      join.join_type() != Join::JOIN_TYPE_CROSS) {
    return base::NotSupported("A lateral join of that kind");
  }
  plan::Scope scope(left);
  const ExpressionConverter converter = OverWithSubqueries(scope);
  SOTERIA_ASSIGN_OR_RETURN(const Correlated right, ResolveWithin(join.right(), converter));
  SOTERIA_ASSIGN_OR_RETURN(const auto taken,
                           plan::Decorrelate(builder_, right.plan, left, right.values));
  const int lefts = left->schema->num_fields();
  const Joined joined{taken, lefts, &right.values};
  plan::PlanPtr both = left;
  OfRow row;
  if (taken.whole) {
    if (outer && (taken.kept != nullptr || join.has_join_condition())) {
      return base::NotSupported("LEFT JOIN LATERAL over an aggregate, with a condition");
    }
    SOTERIA_ASSIGN_OR_RETURN(row, JoinWhole(&both, taken, right.values));
  } else {
    const bool plain = std::all_of(taken.columns.begin(), taken.columns.end(),
                                   [](const ExprPtr& e) { return exec::IsInput(*e); });
    if (outer && !plain) return base::NotSupported("LEFT JOIN LATERAL that computes columns");
    SOTERIA_ASSIGN_OR_RETURN(both, builder_.Cross(left, taken.plan));
    for (const ExprPtr& column : taken.columns) row.columns.push_back(joined.Both(column));
  }
  std::vector<exec::NamedExpr> columns = FirstColumns(*both, lefts);
  for (size_t i = 0; i < row.columns.size(); ++i) {
    columns.push_back({right.plan->schema->field(static_cast<int>(i))->name(), row.columns[i]});
  }
  const auto named = [&](plan::PlanPtr rows) -> PlanOr {
    SOTERIA_ASSIGN_OR_RETURN(auto made, builder_.Project(std::move(rows), columns));
    auto same = std::make_shared<plan::Plan>(*made);
    for (size_t i = 0; i < right.plan->columns.size(); ++i) {
      same->columns[static_cast<size_t>(lefts) + i].qualifier = right.plan->columns[i].qualifier;
    }
    return plan::PlanPtr(std::move(same));
  };
  ExprPtr condition = row.kept;
  if (join.has_join_condition()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto visible, named(both));
    plan::Scope of_both(visible);
    SOTERIA_ASSIGN_OR_RETURN(auto own, Over(of_both).Convert(join.join_condition()));
    Exprs there;
    for (const auto& column : columns) there.push_back(column.expr);
    own = plan::WithColumns(own, there);
    condition = condition == nullptr ? own : exec::Call("and", {condition, own});
  }
  if (taken.whole) {
    if (condition == nullptr) return named(std::move(both));
    SOTERIA_ASSIGN_OR_RETURN(both, builder_.Filter(std::move(both), std::move(condition)));
    return named(std::move(both));
  }
  Exprs conditions = joined.Conditions();
  if (condition != nullptr) conditions.push_back(std::move(condition));
  SOTERIA_ASSIGN_OR_RETURN(
      auto rows,
      builder_.Join(both, outer ? JoinKind::kLeftOuter : JoinKind::kInner, AllOf(conditions)));
  return named(std::move(rows));
}

}  // namespace soteria::connect
