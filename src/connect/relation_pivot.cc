// Pivots: the values of a column become columns of their own, a group's row.
#include <arrow/array.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/expressions.h"
#include "src/connect/literals.h"
#include "src/connect/relations.h"
#include "src/connect/select_list.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_nodes.h"
#include "src/connect/windows.h"
#include "src/exec/aggregate.h"
#include "src/exec/catalogue.h"
#include "src/exec/constant.h"
#include "src/exec/join.h"
#include "src/plan/conditions.h"
#include "src/plan/decorrelate.h"
#include "src/plan/execute.h"
#include "src/plan/scope.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using exec::Expr;
using exec::ExprPtr;

constexpr base::Condition kValueType = {"PIVOT_VALUE_DATA_TYPE_MISMATCH",
                                        base::exception_class::kAnalysis, "42K09",
                                        absl::StatusCode::kInvalidArgument};

constexpr base::Condition kNoLiteral = {"NON_LITERAL_PIVOT_VALUES",
                                        base::exception_class::kAnalysis, "42K08",
                                        absl::StatusCode::kInvalidArgument};

/// Columns of all values and aggregates: each is an aggregate over the same groups.
constexpr size_t kColumnsMax = exec::kAggregateCallsMax;

/// A constant as text; "null" for none.
base::StatusOr<std::string> TextOf(const ExprPtr& value, const std::string& zone) {
  const ExprPtr text = exec::InZone(exec::Cast(value, arrow::utf8()), zone);
  SOTERIA_ASSIGN_OR_RETURN(const auto cell, exec::ConstantValue(*text));
  if (cell->IsNull(0)) return std::string("null");
  return static_cast<const arrow::StringArray&>(*cell).GetString(0);
}

/// Values that Spark looks up in the groups of keys and pivot column; others it picks out of the
/// rows that are grouped, which differs where there is no row: a count is null there, and 0 here.
bool IsLookedUp(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::DECIMAL128:
      return true;
    default:
      return false;
  }
}

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view one) { return base::EqualIgnoringCase(one, name); });
}

/// The aggregate over the rows where the pivot column has the value.
ExprPtr Picked(const ExprPtr& expr, const ExprPtr& holds) {
  if (expr->kind == Expr::Kind::kCall && IsAggregateFunction(expr->name)) {
    auto call = std::make_shared<Expr>(*expr);
    const bool ends =
        IsOneOf(call->name, {"first", "first_value", "any_value", "last", "last_value"});
    const bool first_only = ends || IsOneOf(call->name, {"approx_percentile", "percentile_approx"});
    const size_t args = call->args.size() - (call->filtered ? 1 : 0);
    for (size_t i = 0; i < (first_only ? std::min<size_t>(args, 1) : args); ++i) {
      call->args[i] = exec::Call("when", {holds, call->args[i]});
    }
    if (ends && args == 1) call->args.insert(call->args.begin() + 1, exec::Literal(true));
    if (ends && args == 2) call->args[1] = exec::Literal(true);
    return call;
  }
  auto copy = std::make_shared<Expr>(*expr);
  for (ExprPtr& arg : copy->args) arg = Picked(arg, holds);
  return copy;
}

}  // namespace

/// The plan's rows, which name columns: they leave, so that the Manifest has to say `rows`.
base::StatusOr<std::shared_ptr<arrow::Array>> RelationConverter::RowsForNames(
    const plan::PlanPtr& plan, const char* refusal) {
  const std::string name = plan::Canonical(*plan);
  std::shared_ptr<arrow::Array> found = state_.pivots().Find(name);
  if (found != nullptr) return found;
  std::vector<std::shared_ptr<arrow::Table>> tables;
  // An analysis waits for the operations before it: a cancel of theirs would be one of this.
  std::unique_lock<std::mutex> turn(state_.call_mutex(), std::defer_lock);
  if (whom_ == For::kAnalysis) turn.lock();
  const base::Status collected = state_.session().Collect(
      plan,
      [&](master::Permitted<std::shared_ptr<arrow::Table>> rows) -> base::Status {
        tables.push_back(rows.value());
        return base::OkStatus();
      },
      nullptr);
  if (base::Is(collected, base::kNotInManifest)) return base::WithContext(collected, refusal);
  SOTERIA_RETURN_IF_ERROR(collected);
  arrow::ArrayVector columns;
  arrow::FieldVector fields;
  for (int i = 0; i < plan->schema->num_fields(); ++i) {
    arrow::ArrayVector chunks;
    for (const auto& table : tables) {
      const auto& more = table->column(i)->chunks();
      chunks.insert(chunks.end(), more.begin(), more.end());
    }
    if (chunks.empty()) {
      SOTERIA_ARROW_ASSIGN(chunks.emplace_back(),
                           arrow::MakeEmptyArray(plan->schema->field(i)->type()));
    }
    SOTERIA_ARROW_ASSIGN(columns.emplace_back(), arrow::Concatenate(chunks));
    fields.push_back(arrow::field(base::Cat(i), columns.back()->type()));
  }
  SOTERIA_ARROW_ASSIGN(found, arrow::StructArray::Make(columns, fields));
  state_.pivots().Add(name, found);
  return found;
}

/// The values of a column, in order.
base::StatusOr<std::vector<PivotValue>> RelationConverter::DistinctValues(
    const plan::PlanPtr& input, const ExprPtr& column) {
  if (plan::RefersOut(*input)) {
    return base::NotSupported("A pivot without values in a correlated subquery", "the values");
  }
  const auto most = static_cast<int64_t>(state_.config().PivotMaxValues());
  SOTERIA_ASSIGN_OR_RETURN(auto values, builder_.Project(input, {{"value", column}}));
  SOTERIA_ASSIGN_OR_RETURN(values, builder_.Distinct(std::move(values), {0}));
  SOTERIA_ASSIGN_OR_RETURN(values, builder_.Limit(std::move(values), most + 1));
  const ExprPtr value = plan::ColumnAt(*values, 0);
  SOTERIA_ASSIGN_OR_RETURN(values, builder_.GlobalSort(std::move(values), {{value, true, true}}));
  SOTERIA_ASSIGN_OR_RETURN(
      const auto rows,
      RowsForNames(values, "columns would be named by what rows hold: give the values to pivot"));
  const auto& found = static_cast<const arrow::StructArray&>(*rows).field(0);
  if (found->length() > most) {
    return base::Fail(
        base::kAnalysis,
        base::Cat(
            "The pivot column ", exec::PrettyName(*column), " has more than ", most,
            " distinct values, this could indicate an error. If this was "
            "intended, set \"",
            "spark.sql.pivotMaxValues\" to at least the number of distinct values of the pivot "
            "column."));
  }
  std::vector<PivotValue> out;
  for (int64_t i = 0; i < found->length(); ++i) {
    SOTERIA_ARROW_ASSIGN(auto scalar, found->GetScalar(i));
    out.push_back({"", {exec::Literal(std::move(scalar))}});
  }
  return out;
}

RelationConverter::PlanOr RelationConverter::Pivot(const spark::connect::Aggregate& aggregate) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(aggregate.input()));
  SOTERIA_ASSIGN_OR_RETURN(input, WithTimeWindow(std::move(input), ListsOf(aggregate)));
  if (const auto* window = TimeWindowOf(*input); window != nullptr && window->session) {
    return base::NotSupported("A pivot by session_window()", "a groupBy before it");
  }
  plan::Scope scope(input);
  const std::string zone = state_.config().Zone();
  const ExpressionConverter converter = Over(scope);
  SOTERIA_ASSIGN_OR_RETURN(auto keys, converter.ConvertAll(aggregate.grouping_expressions()));
  SOTERIA_ASSIGN_OR_RETURN(auto columns, converter.ConvertAll(aggregate.aggregate_expressions()));
  SOTERIA_ASSIGN_OR_RETURN(const ExprPtr column, converter.Convert(aggregate.pivot().col()));
  SOTERIA_RETURN_IF_ERROR(CheckNoWindow(*column, "Pivot"));
  for (const exec::NamedExpr& one : columns) {
    SOTERIA_RETURN_IF_ERROR(CheckNoWindow(*one.expr, "Pivot"));
  }
  std::vector<PivotValue> values;
  for (const auto& literal : aggregate.pivot().values()) {
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr value, ToLiteralExpr(literal));
    values.push_back({"", {std::move(value)}});
  }
  if (values.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(values, DistinctValues(input, column));
  }
  for (PivotValue& value : values) {
    SOTERIA_ASSIGN_OR_RETURN(value.name, TextOf(value.parts[0], zone));
  }
  return PivotColumns(std::move(input), std::move(keys), std::move(columns), {column},
                      std::move(values));
}

/// A value of SQL's pivot, of `count` columns.
base::StatusOr<PivotValue> RelationConverter::PivotValueOf(
    const spark::connect::Expression& expression, size_t count,
    const ExpressionConverter& converter) {
  if (expression.has_alias() && expression.alias().name_size() != 1) {
    return base::NotSupported("A pivot's value under several names");
  }
  SOTERIA_ASSIGN_OR_RETURN(const ExprPtr value, converter.Convert(expression));
  if (!IsFoldable(*value)) {
    return base::Fail(kNoLiteral,
                      base::Cat("Literal expressions required for pivot values, found \"",
                                exec::PrettyName(*value), "\"."));
  }
  PivotValue out{"", {value}};
  if (count > 1) {
    const bool row = value->kind == Expr::Kind::kCall &&
                     (value->name == "named_struct" || value->name == exec::kStructOf);
    if (!row || value->args.size() != 2 * count) {
      return base::Fail(kValueType,
                        base::Cat("Invalid pivot value '", exec::PrettyName(*value),
                                  "': value data type does not match pivot column data type."));
    }
    out.parts.clear();
    for (size_t i = 1; i < value->args.size(); i += 2) out.parts.push_back(value->args[i]);
  }
  if (expression.has_alias()) {
    out.name = expression.alias().name(0);
    return out;
  }
  std::vector<std::string> texts;
  for (const ExprPtr& part : out.parts) {
    SOTERIA_ASSIGN_OR_RETURN(texts.emplace_back(), TextOf(part, state_.config().Zone()));
  }
  out.name = count > 1 ? base::Cat("{", base::Joined(texts), "}") : texts[0];
  return out;
}

/// A pivot of SQL: groups are by the columns that nothing else in it names.
RelationConverter::PlanOr RelationConverter::SqlPivot(const spark::connect::Aggregate& aggregate) {
  const auto& parts = aggregate.grouping_expressions(0).unresolved_function().arguments();
  if (parts.empty()) return base::Fail(base::kAnalysis, "A pivot without a column");
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(aggregate.input()));
  plan::Scope scope(input);
  const ExpressionConverter converter(scope, state_.config().ForExpressions());
  SOTERIA_ASSIGN_OR_RETURN(auto columns, converter.ConvertAll(aggregate.aggregate_expressions()));
  std::vector<ExprPtr> pivots;
  if (IsInternal(parts[0], kSqlTuple)) {
    for (const auto& part : parts[0].unresolved_function().arguments()) {
      SOTERIA_ASSIGN_OR_RETURN(pivots.emplace_back(), converter.Convert(part));
    }
  } else {
    SOTERIA_ASSIGN_OR_RETURN(pivots.emplace_back(), converter.Convert(parts[0]));
  }
  std::vector<bool> named(static_cast<size_t>(input->schema->num_fields()), false);
  const auto mark = [&named](const Expr& expr) {
    for (const int place : exec::PlacesOf(expr)) named[static_cast<size_t>(place)] = true;
  };
  for (const ExprPtr& pivot : pivots) mark(*pivot);
  for (const exec::NamedExpr& one : columns) {
    SOTERIA_RETURN_IF_ERROR(CheckNoWindow(*one.expr, "Pivot"));
    mark(*one.expr);
  }
  std::vector<PivotValue> values;
  for (int i = 1; i < parts.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(values.emplace_back(),
                             PivotValueOf(parts[i], pivots.size(), converter));
  }
  std::vector<exec::NamedExpr> keys;
  for (size_t i = 0; i < named.size(); ++i) {
    if (!named[i]) keys.push_back({std::nullopt, plan::ColumnAt(*input, static_cast<int>(i))});
  }
  return PivotColumns(std::move(input), std::move(keys), std::move(columns), pivots,
                      std::move(values));
}

/// The values as the pivot columns' types have them.
base::Status RelationConverter::CastValues(const plan::Plan& input,
                                           const std::vector<ExprPtr>& pivots,
                                           std::vector<PivotValue>* values) {
  for (size_t p = 0; p < pivots.size(); ++p) {
    SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*pivots[p], *input.schema));
    for (PivotValue& value : *values) {
      ExprPtr& part = value.parts[p];
      SOTERIA_ASSIGN_OR_RETURN(const auto its, exec::TypeOf(*part, *input.schema));
      if (its->type()->Equals(*field->type())) continue;
      const ExprPtr cast = exec::InZone(exec::Cast(part, field->type()), state_.config().Zone());
      if (!exec::TypeOf(*cast, *input.schema).ok()) {
        return base::Fail(
            kValueType, base::Cat("Invalid pivot value '", value.name, "': value data type ",
                                  table::TypeName(*its), " does not match pivot column data type ",
                                  table::TypeName(*field), "."));
      }
      part = cast;
    }
  }
  return base::OkStatus();
}

RelationConverter::PlanOr RelationConverter::PivotColumns(plan::PlanPtr input,
                                                          std::vector<exec::NamedExpr> keys,
                                                          std::vector<exec::NamedExpr> columns,
                                                          const std::vector<ExprPtr>& pivots,
                                                          std::vector<PivotValue> values) {
  if (values.size() * columns.size() > kColumnsMax) {
    return base::NotSupported(base::Cat("A pivot of more than ", kColumnsMax, " columns"));
  }
  SOTERIA_RETURN_IF_ERROR(CastValues(*input, pivots, &values));
  const auto name = [&](const PivotValue& value, const exec::NamedExpr& one) {
    if (columns.size() == 1) return value.name;
    return base::Cat(value.name, "_",
                     one.name.has_value() ? *one.name : exec::PrettyName(*one.expr));
  };
  const auto holds = [](const std::vector<ExprPtr>& of, const PivotValue& value) {
    std::vector<ExprPtr> all;
    for (size_t p = 0; p < of.size(); ++p)
      all.push_back(exec::Call("<=>", {of[p], value.parts[p]}));
    return plan::AllOf(all);
  };
  std::vector<exec::NamedExpr> finer = keys;
  for (const ExprPtr& pivot : pivots) finer.push_back({"__pivot_col", pivot});
  SOTERIA_ASSIGN_OR_RETURN(const auto grouped, AggregateColumns(input, columns, finer));
  const auto of_pivot = static_cast<int>(keys.size());
  const auto of_columns = static_cast<int>(finer.size());
  bool looked_up = true;
  for (size_t j = 0; j < columns.size(); ++j) {
    const int place = of_columns + static_cast<int>(j);
    looked_up = looked_up && IsLookedUp(*grouped->schema->field(place)->type());
  }
  if (!looked_up) {
    std::vector<exec::NamedExpr> picked;
    for (const PivotValue& value : values) {
      for (const exec::NamedExpr& one : columns) {
        picked.push_back({name(value, one), Picked(one.expr, holds(pivots, value))});
      }
    }
    return AggregateColumns(std::move(input), std::move(picked), std::move(keys));
  }
  std::vector<ExprPtr> there;
  for (int p = of_pivot; p < of_columns; ++p) there.push_back(plan::ColumnAt(*grouped, p));
  std::vector<exec::GroupKey> groups;
  for (int k = 0; k < of_pivot; ++k) groups.push_back({plan::ColumnAt(*grouped, k)});
  std::vector<exec::AggregateCall> calls;
  for (const PivotValue& value : values) {
    for (size_t j = 0; j < columns.size(); ++j) {
      exec::AggregateCall call{"first", plan::ColumnAt(*grouped, of_columns + static_cast<int>(j)),
                               name(value, columns[j])};
      call.where = holds(there, value);
      calls.push_back(std::move(call));
    }
  }
  return builder_.Aggregate(grouped, std::move(calls), std::move(groups));
}

/// Counts of pairs: the second column's values, as texts, are columns.
RelationConverter::PlanOr RelationConverter::Crosstab(
    const spark::connect::StatCrosstab& crosstab) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(crosstab.input()));
  plan::Scope scope(input);
  std::vector<ExprPtr> texts;
  for (const std::string& name : {crosstab.col1(), crosstab.col2()}) {
    SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(name));
    SOTERIA_ASSIGN_OR_RETURN(const ExprPtr column, scope.Resolve(parts));
    const ExprPtr text = exec::InZone(exec::Cast(column, arrow::utf8()), state_.config().Zone());
    texts.push_back(exec::Call(
        "if", {exec::Call("isnull", {text}), exec::Literal(std::string_view("null")), text}));
  }
  texts[1] = exec::Call("replace", {texts[1], exec::Literal(std::string_view("`")),
                                    exec::Literal(std::string_view())});
  SOTERIA_ASSIGN_OR_RETURN(std::vector<PivotValue> values, DistinctValues(input, texts[1]));
  for (PivotValue& value : values) {
    SOTERIA_ASSIGN_OR_RETURN(value.name, TextOf(value.parts[0], ""));
  }
  const std::string name = base::Cat(crosstab.col1(), "_", crosstab.col2());
  SOTERIA_ASSIGN_OR_RETURN(
      auto counts, PivotColumns(std::move(input), {{name, texts[0]}},
                                {{"count", exec::Call("count", {exec::Literal(int32_t{1})})}},
                                {texts[1]}, std::move(values)));
  std::vector<exec::NamedExpr> columns = {{std::nullopt, plan::ColumnAt(*counts, 0)}};
  const ExprPtr none = exec::Literal(std::make_shared<arrow::Int64Scalar>(0));
  for (int i = 1; i < counts->schema->num_fields(); ++i) {
    columns.push_back({counts->schema->field(i)->name(),
                       exec::Call("coalesce", {plan::ColumnAt(*counts, i), none})});
  }
  return builder_.Project(std::move(counts), std::move(columns));
}

}  // namespace soteria::connect
