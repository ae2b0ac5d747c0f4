#include "src/connect/aggregates.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::connect {
namespace {

using exec::Expr;
using exec::ExprPtr;

constexpr base::Condition kNestedAggregate = {"NESTED_AGGREGATE_FUNCTION",
                                              base::exception_class::kAnalysis, "42607",
                                              absl::StatusCode::kInvalidArgument};
constexpr base::Condition kMissingGroupBy = {"MISSING_GROUP_BY", base::exception_class::kAnalysis,
                                             "42803", absl::StatusCode::kInvalidArgument};

constexpr std::string_view kAggregates[] = {
    "count",       "sum", "avg",      "mean",     "min",        "max",    "stddev",
    "stddev_samp", "std", "variance", "var_samp", "stddev_pop", "var_pop"};

bool IsAggregate(const Expr& expr) {
  return expr.kind == Expr::Kind::kCall && std::find(std::begin(kAggregates), std::end(kAggregates),
                                                     expr.name) != std::end(kAggregates);
}

base::StatusOr<exec::AggregateCall> ToCall(const Expr& expr, std::string name) {
  if (expr.args.size() != 1) {
    return base::Fail(base::kUnsupported,
                      base::Cat(expr.name, "() of several arguments is not supported"));
  }
  if (HasAggregate(*expr.args.front())) {
    return base::Fail(kNestedAggregate,
                      "It is not allowed to use an aggregate function in the "
                      "argument of another aggregate function.");
  }
  return exec::AggregateCall{expr.name == "std" ? "stddev" : expr.name, expr.args.front(),
                             std::move(name)};
}

/// Replaces the aggregate calls within `expr` by columns named "_agg<N>".
base::StatusOr<ExprPtr> Replace(const ExprPtr& expr, std::vector<exec::AggregateCall>* calls) {
  if (IsAggregate(*expr)) {
    std::string name = base::Cat("_agg", calls->size());
    SOTERIA_ASSIGN_OR_RETURN(auto call, ToCall(*expr, name));
    calls->push_back(std::move(call));
    return exec::ColumnNamed(name);
  }
  if (expr->kind == Expr::Kind::kColumn) {
    return base::Fail(kMissingGroupBy,
                      base::Cat("The column ", expr->name,
                                " must be inside an aggregate function: there are no grouping "
                                "expressions."));
  }
  if (expr->args.empty()) return expr;
  auto copy = std::make_shared<Expr>(*expr);
  for (ExprPtr& arg : copy->args) {
    SOTERIA_ASSIGN_OR_RETURN(arg, Replace(arg, calls));
  }
  return ExprPtr(std::move(copy));
}

}  // namespace

bool HasAggregate(const Expr& expr) {
  return IsAggregate(expr) || std::any_of(expr.args.begin(), expr.args.end(),
                                          [](const ExprPtr& arg) { return HasAggregate(*arg); });
}

base::StatusOr<SplitAggregate> SplitAggregates(std::vector<exec::NamedExpr> columns) {
  SplitAggregate split;
  split.plain = std::all_of(columns.begin(), columns.end(),
                            [](const exec::NamedExpr& c) { return IsAggregate(*c.expr); });
  for (exec::NamedExpr& column : columns) {
    std::string name = column.name.empty() ? exec::AutoName(*column.expr) : column.name;
    if (split.plain) {
      SOTERIA_ASSIGN_OR_RETURN(auto call, ToCall(*column.expr, std::move(name)));
      split.calls.push_back(std::move(call));
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr expr, Replace(column.expr, &split.calls));
    split.columns.push_back({std::move(name), std::move(expr), std::move(column.metadata)});
  }
  return split;
}

}  // namespace soteria::connect
