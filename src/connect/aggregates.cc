#include "src/connect/aggregates.h"

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_expression.h"
#include "src/connect/windows.h"
#include "src/exec/catalogue.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/generate.h"
#include "src/exec/window_conditions.h"
#include "src/exec/window_expression.h"

namespace soteria::connect {
namespace {

using exec::Expr;
using exec::ExprPtr;

constexpr base::Condition kNestedAggregate = {"NESTED_AGGREGATE_FUNCTION",
                                              base::exception_class::kAnalysis, "42607",
                                              absl::StatusCode::kInvalidArgument};
constexpr base::Condition kMissingGroupBy = {"MISSING_GROUP_BY", base::exception_class::kAnalysis,
                                             "42803", absl::StatusCode::kInvalidArgument};

constexpr base::Condition kMissingAggregation = {"MISSING_AGGREGATION",
                                                 base::exception_class::kAnalysis, "42803",
                                                 absl::StatusCode::kInvalidArgument};
constexpr base::Condition kGroupByAggregate = {"GROUP_BY_AGGREGATE",
                                               base::exception_class::kAnalysis, "42903",
                                               absl::StatusCode::kInvalidArgument};

constexpr base::Condition kWhereCondition = {"INVALID_WHERE_CONDITION",
                                             base::exception_class::kAnalysis, "42903",
                                             absl::StatusCode::kInvalidArgument};

constexpr base::Condition kGroupingMismatch = {"GROUPING_COLUMN_MISMATCH",
                                               base::exception_class::kAnalysis, "42803",
                                               absl::StatusCode::kInvalidArgument};
constexpr base::Condition kGroupingIdMismatch = {"GROUPING_ID_COLUMN_MISMATCH",
                                                 base::exception_class::kAnalysis, "42803",
                                                 absl::StatusCode::kInvalidArgument};

constexpr std::string_view kSummarizer = "aggregate_metrics";

bool IsAggregate(const Expr& expr) {
  return expr.kind == Expr::Kind::kCall && IsAggregateFunction(expr.name);
}

bool IsGrouping(const Expr& expr) {
  return expr.kind == Expr::Kind::kCall &&
         exec::KindOfFunction(expr.name) == exec::FunctionKind::kGrouping;
}

/// aggregate_metrics(array('mean', ...), features, weight), as Summarizer sends it.
base::StatusOr<exec::AggregateCall> ToSummarizer(const Expr& expr, std::string name) {
  const auto bad = [] {
    return base::Fail(base::kAnalysis,
                      "aggregate_metrics() takes an array of metrics, vectors and a weight");
  };
  if (expr.args.size() != 3) return bad();
  const Expr& metrics = *expr.args[0];
  if (metrics.kind != Expr::Kind::kCall || metrics.name != "array") return bad();
  if (metrics.args.empty()) {
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: Should include at least one metric");
  }
  exec::AggregateCall call{expr.name, expr.args[1], std::move(name), expr.args[2]};
  for (const ExprPtr& metric : metrics.args) {
    if (metric->kind != Expr::Kind::kLiteral ||
        metric->literal->type->id() != arrow::Type::STRING || !metric->literal->is_valid) {
      return bad();
    }
    call.metrics.push_back(metric->literal->ToString());
  }
  return call;
}

base::StatusOr<exec::AggregateCall> ToCall(const Expr& expr, std::string name) {
  if (exec::HasWindow(expr)) {
    return base::Fail(base::kAnalysis,
                      "It is not allowed to use a window function inside an aggregate function. "
                      "Please use the inner window function in a sub-query.");
  }
  if (std::any_of(expr.args.begin(), expr.args.end(),
                  [](const ExprPtr& arg) { return HasAggregate(*arg); })) {
    return base::Fail(kNestedAggregate,
                      "It is not allowed to use an aggregate function in the "
                      "argument of another aggregate function.");
  }
  if (expr.name == kSummarizer && (expr.distinct || expr.filtered)) {
    return base::NotSupported("Summarizer of distinct or filtered rows");
  }
  if (expr.name == kSummarizer) return ToSummarizer(expr, std::move(name));
  exec::AggregateCall call{expr.name == "std" ? "stddev" : expr.name, nullptr, std::move(name)};
  call.rest = expr.args;
  call.distinct = expr.distinct;
  if (expr.filtered) {
    call.where = call.rest.back();
    call.rest.pop_back();
  }
  if (!call.rest.empty()) {
    call.arg = call.rest.front();
    call.rest.erase(call.rest.begin());
  } else if (expr.name == "count") {
    return base::Fail(base::kWrongNumArgs,
                      "The `count` requires > 0 parameters but the actual number is 0. Please, "
                      "refer to 'https://spark.apache.org/docs/latest/sql-ref-functions.html' for "
                      "a fix.");
  }
  return call;
}

const Expr* FindWindow(const Expr& expr) {
  if (exec::IsOver(expr)) return &expr;
  for (const ExprPtr& arg : expr.args) {
    if (const Expr* over = FindWindow(*arg); over != nullptr) return over;
  }
  return nullptr;
}

bool NamesColumn(const ExprPtr& expr) {
  return expr->kind == Expr::Kind::kColumn ||
         std::any_of(expr->args.begin(), expr->args.end(), NamesColumn);
}

struct Replacing {
  std::vector<std::string> keys;  // SameText
  std::vector<exec::AggregateCall> calls;
  const GroupingSets* sets = nullptr;
  size_t ids = 0;                  // columns between keys and calls
  std::vector<std::string> names;  // of the keys
};

/// grouping(key): is it a null of the set? grouping_id(): the bits of all keys.
base::StatusOr<ExprPtr> GroupingValue(const Expr& expr, const Replacing& replacing) {
  if (replacing.sets == nullptr) return exec::GroupingOutside();
  const size_t keys = replacing.keys.size();
  const ExprPtr id = replacing.ids == 0
                         ? exec::Literal(std::make_shared<arrow::Int64Scalar>(0))
                         : exec::Input(static_cast<int>(keys), {"spark_grouping_id"});
  std::vector<std::string> texts;
  std::vector<std::string> names;
  for (const ExprPtr& arg : expr.args) {
    texts.push_back(SameText(*arg));
    names.push_back(exec::PrettyName(*arg));
  }
  if (base::EqualIgnoringCase(expr.name, "grouping_id")) {
    if (texts.empty() || texts == replacing.keys) return id;
    return base::Fail(kGroupingIdMismatch,
                      base::Cat("Columns of grouping_id (\"", base::Joined(names),
                                "\") does not match grouping columns (\"",
                                base::Joined(replacing.names), "\")."));
  }
  if (expr.args.size() != 1) {
    return exec::WrongNumberOfArguments("grouping", 1, 1, static_cast<int>(expr.args.size()));
  }
  const auto key = std::find(replacing.keys.begin(), replacing.keys.end(), texts[0]);
  if (key == replacing.keys.end()) {
    return base::Fail(kGroupingMismatch, base::Cat("Column of grouping (\"", names[0],
                                                   "\") can't be found in grouping columns \"",
                                                   base::Joined(replacing.names), "\"."));
  }
  const auto bit = static_cast<int32_t>(replacing.keys.end() - key - 1);
  return exec::Cast(exec::Call("&", {exec::Call("shiftright", {id, exec::Literal(bit)}),
                                     exec::Literal(std::make_shared<arrow::Int64Scalar>(1))}),
                    arrow::int8());
}

/// The first call of a window function that is over no window; null: there is none.
const Expr* FindWithoutOver(const Expr& e) {
  if (exec::IsOver(e)) return nullptr;
  if (e.kind == Expr::Kind::kCall && exec::KindOfFunction(e.name) == exec::FunctionKind::kWindow) {
    return &e;
  }
  for (const ExprPtr& arg : e.args) {
    if (const Expr* found = FindWithoutOver(*arg); found != nullptr) return found;
  }
  return nullptr;
}

base::Status CheckOver(const Expr& expr) {
  const Expr* const call = FindWithoutOver(expr);
  if (call == nullptr) return base::OkStatus();
  return base::Fail(exec::kWithoutOver, base::Cat("Window function \"", exec::PrettyName(*call),
                                                  "\" requires an OVER clause."));
}

/// Replaces grouping expressions and aggregate calls within `expr` by the columns that hold them:
/// keys first, then calls.
base::StatusOr<ExprPtr> Replace(const ExprPtr& expr, Replacing& replacing) {
  const auto key = std::find(replacing.keys.begin(), replacing.keys.end(), SameText(*expr));
  if (key != replacing.keys.end()) {
    return exec::Input(static_cast<int>(key - replacing.keys.begin()), {exec::AutoName(*expr)});
  }
  if (IsGrouping(*expr)) return GroupingValue(*expr, replacing);
  if (IsAggregate(*expr)) {
    std::string name = base::Cat("_agg", replacing.calls.size());
    SOTERIA_ASSIGN_OR_RETURN(auto call, ToCall(*expr, name));
    replacing.calls.push_back(std::move(call));
    const size_t before = replacing.keys.size() + replacing.ids;
    return exec::Input(static_cast<int>(before + replacing.calls.size()) - 1, {std::move(name)});
  }
  if (exec::IsOver(*expr)) {
    auto copy = std::make_shared<Expr>(*expr);
    auto function = std::make_shared<Expr>(*expr->args[0]);
    for (ExprPtr& arg : function->args) {
      SOTERIA_ASSIGN_OR_RETURN(arg, Replace(arg, replacing));
    }
    copy->args[0] = std::move(function);
    for (size_t i = 1; i < copy->args.size(); ++i) {
      SOTERIA_ASSIGN_OR_RETURN(copy->args[i], Replace(copy->args[i], replacing));
    }
    return ExprPtr(std::move(copy));
  }
  for (ExprPtr whole = ColumnOfField(*expr); whole != nullptr; whole = ColumnOfField(*whole)) {
    const auto its = std::find(replacing.keys.begin(), replacing.keys.end(), SameText(*whole));
    if (its == replacing.keys.end()) continue;
    SOTERIA_ASSIGN_OR_RETURN(auto parts, NameParts(expr->name));
    SOTERIA_ASSIGN_OR_RETURN(const auto of_key, NameParts(whole->name));
    parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(of_key.size()) - 1);
    return exec::Input(static_cast<int>(its - replacing.keys.begin()), parts);
  }
  if (expr->kind == Expr::Kind::kColumn) {
    if (!replacing.keys.empty()) return MissingAggregation(*expr);
    return MissingGroupBy();
  }
  if (expr->args.empty()) return expr;
  auto copy = std::make_shared<Expr>(*expr);
  for (ExprPtr& arg : copy->args) {
    SOTERIA_ASSIGN_OR_RETURN(arg, Replace(arg, replacing));
  }
  return ExprPtr(std::move(copy));
}

base::Status CheckKeys(const std::vector<exec::NamedExpr>& keys) {
  for (const exec::NamedExpr& key : keys) {
    SOTERIA_RETURN_IF_ERROR(CheckNoWindow(*key.expr, "Aggregate"));
    if (!HasAggregate(*key.expr)) continue;
    return base::Fail(kGroupByAggregate,
                      base::Cat("Aggregate functions are not allowed in GROUP BY, but found ",
                                exec::PrettyName(*key.expr), "."));
  }
  return base::OkStatus();
}

}  // namespace

base::Status MissingGroupBy() {
  return base::Fail(kMissingGroupBy,
                    "The query does not include a GROUP BY clause. Add GROUP BY or turn it into "
                    "the window functions using OVER clauses.");
}

base::Status CheckCondition(const Expr& condition) {
  const Expr* call = FindAggregate(condition);
  if (call == nullptr) return base::OkStatus();
  if (IsGrouping(*call)) return exec::GroupingOutside();
  return base::Fail(
      kWhereCondition,
      base::Cat("The WHERE condition \"", exec::PrettyName(condition),
                "\" contains invalid expressions: ", exec::PrettyName(*call),
                ".\nRewrite the query to avoid window functions, aggregate functions, and "
                "generator functions in the WHERE clause."));
}

base::Status CheckAggregateFilter(const Expr& condition) {
  const auto refuse = [&](const base::Condition& what, std::string_view wanted) {
    return base::Fail(
        what, base::Cat("The FILTER expression \"", exec::PrettyName(condition),
                        "\" in an aggregate function is invalid. Expected a ", wanted, "."));
  };
  if (exec::IsNondeterministic(condition)) {
    return refuse(exec::AggregateFilter("INVALID_AGGREGATE_FILTER.NON_DETERMINISTIC"),
                  "deterministic FILTER expression");
  }
  if (const Expr* call = FindAggregate(condition); call != nullptr) {
    return refuse(exec::AggregateFilter("INVALID_AGGREGATE_FILTER.CONTAINS_AGGREGATE"),
                  base::Cat("FILTER expression without an aggregation, but found \"",
                            exec::PrettyName(*call), "\""));
  }
  if (const Expr* over = FindWindow(condition); over != nullptr) {
    return refuse(exec::AggregateFilter("INVALID_AGGREGATE_FILTER.CONTAINS_WINDOW_FUNCTION"),
                  base::Cat("FILTER expression without a window function, but found \"",
                            exec::PrettyName(*over), "\""));
  }
  return base::OkStatus();
}

base::Status MissingAggregation(const Expr& expr) {
  const Expr* column = &expr;
  while (column->kind != Expr::Kind::kColumn) {
    const auto named = std::find_if(column->args.begin(), column->args.end(), NamesColumn);
    if (named == column->args.end()) break;
    column = named->get();
  }
  return base::Fail(kMissingAggregation,
                    base::Cat("The non-aggregating expression \"", exec::PrettyName(*column),
                              "\" is based on columns which are not participating in the GROUP BY "
                              "clause."));
}

base::StatusOr<exec::AggregateCall> CallOf(const Expr& expr, std::string name) {
  return ToCall(expr, std::move(name));
}

bool CallsAggregate(const spark::connect::Expression& expression) {
  if (expression.has_alias()) return CallsAggregate(expression.alias().expr());
  if (expression.has_cast()) return CallsAggregate(expression.cast().expr());
  if (expression.has_unresolved_extract_value()) {
    return CallsAggregate(expression.unresolved_extract_value().child());
  }
  if (!expression.has_unresolved_function()) return false;
  const auto& call = expression.unresolved_function();
  if (IsAggregateFunction(call.function_name())) return true;
  return std::any_of(call.arguments().begin(), call.arguments().end(), CallsAggregate);
}

ExprPtr ColumnOfField(const Expr& expr) {
  if (expr.kind != Expr::Kind::kColumn || expr.ordinal < 0) return nullptr;
  auto parts = NameParts(expr.name);
  if (!parts.ok() || parts->size() < 2) return nullptr;
  parts->pop_back();
  return exec::Input(expr.ordinal, *parts);
}

std::string SameText(const Expr& expr) {
  if (expr.args.empty()) {
    Expr leaf = expr;
    if (leaf.kind == Expr::Kind::kColumn) leaf.name = base::Lower(leaf.name);
    // What has a number without being a column is a subquery or a reference out of one.
    const bool numbered = leaf.kind != Expr::Kind::kColumn && leaf.ordinal >= 0;
    return base::Cat(exec::EncodeExpr(leaf), numbered ? base::Cat("#", leaf.ordinal) : "");
  }
  std::string text = base::Cat(static_cast<int>(expr.kind), "(", expr.name.size(), expr.name,
                               expr.ordinal >= 0 ? base::Cat("#", expr.ordinal) : "",
                               expr.type == nullptr ? "" : expr.type->ToString(), expr.zone,
                               expr.distinct ? " distinct" : "", expr.filtered ? " filter" : "");
  for (const ExprPtr& arg : expr.args) text += SameText(*arg);
  return text + ")";
}

bool IsAggregateFunction(std::string_view name) {
  const auto kind = exec::KindOfFunction(name);
  return kind == exec::FunctionKind::kAggregate || kind == exec::FunctionKind::kGrouping;
}

bool IsGrandTotal(const GroupingSets& sets, size_t keys) { return keys == 0 && sets.size() == 1; }

bool HasEqualSets(const GroupingSets& sets) {
  std::set<std::vector<size_t>> each(sets.begin(), sets.end());
  return each.size() < sets.size();
}

const Expr* FindAggregate(const Expr& expr) {
  if (IsAggregate(expr)) return &expr;
  if (exec::IsOver(expr)) {
    for (size_t i = 0; i < expr.args.size(); ++i) {
      const auto& parts = i == 0 ? expr.args[0]->args : std::vector<ExprPtr>{expr.args[i]};
      for (const ExprPtr& part : parts) {
        if (const Expr* call = FindAggregate(*part); call != nullptr) return call;
      }
    }
    return nullptr;
  }
  for (const ExprPtr& arg : expr.args) {
    if (const Expr* call = FindAggregate(*arg); call != nullptr) return call;
  }
  return nullptr;
}

bool HasAggregate(const Expr& expr) { return FindAggregate(expr) != nullptr; }

base::StatusOr<SplitAggregate> SplitAggregates(std::vector<exec::NamedExpr> columns,
                                               std::vector<exec::NamedExpr> keys,
                                               const GroupingSets* sets) {
  SOTERIA_RETURN_IF_ERROR(CheckKeys(keys));
  SplitAggregate split;
  const auto calls_only = [](const exec::NamedExpr& column) {
    return IsAggregate(*column.expr) && !IsGrouping(*column.expr);
  };
  split.plain = sets == nullptr && std::all_of(columns.begin(), columns.end(), calls_only) &&
                std::all_of(keys.begin(), keys.end(),
                            [](const exec::NamedExpr& k) { return k.metadata.empty(); });
  if (split.plain) {
    for (exec::NamedExpr& key : keys) split.keys.push_back({key.expr, key.name});
    for (exec::NamedExpr& column : columns) {
      SOTERIA_ASSIGN_OR_RETURN(auto call, ToCall(*column.expr, NameOf(column)));
      split.calls.push_back(std::move(call));
    }
    return split;
  }
  Replacing replacing;
  replacing.sets = sets;
  if (sets != nullptr && !IsGrandTotal(*sets, keys.size())) {
    split.ids = HasEqualSets(*sets) ? 2 : 1;
  }
  replacing.ids = split.ids;
  for (size_t k = 0; k < keys.size(); ++k) {
    replacing.keys.push_back(SameText(*keys[k].expr));
    replacing.names.push_back(exec::PrettyName(*keys[k].expr));
    split.keys.push_back({keys[k].expr, keys[k].name});
    const std::string name = NameOf(keys[k]);
    split.columns.push_back({keys[k].metadata.empty() ? std::nullopt : std::optional(name),
                             exec::Input(static_cast<int>(k), {name}), keys[k].metadata});
  }
  for (exec::NamedExpr& column : columns) {
    SOTERIA_RETURN_IF_ERROR(CheckOver(*column.expr));
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr expr, Replace(column.expr, replacing));
    // A grouping column that is named again stays the column it is.
    const bool same = !column.name.has_value() && exec::IsInput(*column.expr);
    split.columns.push_back({same ? std::nullopt : std::optional(NameOf(column)), std::move(expr),
                             std::move(column.metadata)});
  }
  split.calls = std::move(replacing.calls);
  return split;
}

}  // namespace soteria::connect
