// Aggregates, and the tables that describe another: describe, summary, quantiles.
#include <arrow/type.h>
#include <arrow/type_traits.h>

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
#include "src/connect/types.h"
#include "src/connect/windows.h"
#include "src/exec/coercion.h"
#include "src/exec/window_expression.h"
#include "src/plan/scope.h"
#include "src/table/java_text.h"

namespace soteria::connect {
namespace {

constexpr int kQuantileColumnsMax = 10'000;

base::Status CheckQuantiles(const spark::connect::StatApproxQuantile& quantile) {
  if (!(quantile.relative_error() >= 0)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Relative Error must be non-negative but got ",
                                table::JavaDouble(quantile.relative_error())));
  }
  for (const double probability : quantile.probabilities()) {
    if (probability >= 0 && probability <= 1) continue;
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: percentile should be in the range [0.0, 1.0]");
  }
  if (quantile.cols_size() > kQuantileColumnsMax) {
    return base::Fail(base::kUnsupported, "approxQuantile of too many columns");
  }
  return base::OkStatus();
}

}  // namespace

RelationConverter::PlanOr RelationConverter::Aggregate(const spark::connect::Aggregate& aggregate) {
  if (aggregate.grouping_expressions_size() == 1 &&
      IsInternal(aggregate.grouping_expressions(0), kSqlGroupBy)) {
    return SqlAggregate(aggregate);
  }
  if (aggregate.grouping_expressions_size() == 1 &&
      IsInternal(aggregate.grouping_expressions(0), kSqlPivot)) {
    return SqlPivot(aggregate);
  }
  if (aggregate.group_type() == spark::connect::Aggregate::GROUP_TYPE_PIVOT) {
    return Pivot(aggregate);
  }
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(aggregate.input()));
  SOTERIA_ASSIGN_OR_RETURN(input, WithTimeWindow(std::move(input), ListsOf(aggregate)));
  plan::Scope scope(input);
  SOTERIA_RETURN_IF_ERROR(CheckNoRegex(aggregate.grouping_expressions()));
  const ExpressionConverter converter = OverWithSubqueries(scope);
  SOTERIA_ASSIGN_OR_RETURN(auto keys, converter.ConvertAll(aggregate.grouping_expressions()));
  SOTERIA_ASSIGN_OR_RETURN(SelectList list, Select(aggregate.aggregate_expressions(), scope));
  if (aggregate.group_type() != spark::connect::Aggregate::GROUP_TYPE_GROUPBY) {
    if (HasGenerator(list)) return base::NotSupported("A generator over grouping sets");
    return AggregateSets(aggregate, std::move(input), std::move(keys), std::move(list.columns));
  }
  SOTERIA_RETURN_IF_ERROR(JoinSessions(&input, &keys, &list));
  if (HasGenerator(list)) {
    return Generated(std::move(input), std::move(list), std::move(keys), true);
  }
  return AggregateColumns(std::move(input), std::move(list.columns), std::move(keys));
}

RelationConverter::PlanOr RelationConverter::AggregateColumns(plan::PlanPtr input,
                                                              std::vector<exec::NamedExpr> columns,
                                                              std::vector<exec::NamedExpr> keys) {
  for (const exec::NamedExpr& key : keys) {
    if (exec::HasWindow(*key.expr)) return MissingAggregation(*key.expr);
  }
  Groups groups{input, keys, keys};
  groups.columns.insert(groups.columns.end(), columns.begin(), columns.end());
  groups.visible = groups.columns.size();
  SOTERIA_ASSIGN_OR_RETURN(SplitAggregate split,
                           SplitAggregates(std::move(columns), std::move(keys)));
  SOTERIA_ASSIGN_OR_RETURN(groups.plan,
                           AggregateRows(std::move(input), std::move(split), std::nullopt));
  plan::PlanPtr plan = groups.plan;
  groups_.emplace(plan.get(), std::move(groups));
  return plan;
}

RelationConverter::PlanOr RelationConverter::Describe(
    const spark::connect::StatDescribe& describe) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(describe.input()));
  if (describe.cols_size() > 0) {
    Expressions names;
    for (const std::string& name : describe.cols()) {
      if (name == "*") {
        names.Add()->mutable_unresolved_star();
      } else {
        names.Add()->mutable_unresolved_attribute()->set_unparsed_identifier(name);
      }
    }
    plan::Scope scope(input);
    SOTERIA_ASSIGN_OR_RETURN(
        auto columns,
        ExpressionConverter(scope, state_.config().ForExpressions()).ConvertAll(names));
    SOTERIA_ASSIGN_OR_RETURN(input, builder_.Project(std::move(input), std::move(columns)));
  }
  return builder_.Summary(std::move(input), {"count", "mean", "stddev", "min", "max"});
}

RelationConverter::PlanOr RelationConverter::Summary(const spark::connect::StatSummary& summary) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(summary.input()));
  return builder_.Summary(std::move(input),
                          {summary.statistics().begin(), summary.statistics().end()});
}

/// One row of one array: of each column, an array of its quantiles.
RelationConverter::PlanOr RelationConverter::ApproxQuantile(
    const spark::connect::StatApproxQuantile& quantile) {
  SOTERIA_RETURN_IF_ERROR(CheckQuantiles(quantile));
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(quantile.input()));
  plan::Scope scope(input);
  std::vector<exec::AggregateCall> calls;
  std::vector<exec::ExprPtr> results;
  for (const std::string& name : quantile.cols()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(name));
    SOTERIA_ASSIGN_OR_RETURN(auto column, scope.Resolve(parts));
    exec::AggregateCall call{"approx_quantile", std::move(column), base::Cat("_", calls.size())};
    SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*call.arg, *input->schema));
    if (!exec::IsNumeric(*field)) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("requirement failed: Quantile calculation for column ", name,
                                  " with data type ", ScalaTypeText(*field), " is not supported."));
    }
    call.probabilities.assign(quantile.probabilities().begin(), quantile.probabilities().end());
    call.relative_error = quantile.relative_error();
    results.push_back(exec::Input(static_cast<int>(calls.size()), {*call.name}));
    calls.push_back(std::move(call));
  }
  SOTERIA_ASSIGN_OR_RETURN(auto row, builder_.Aggregate(std::move(input), std::move(calls)));
  return builder_.Project(std::move(row),
                          {{"approx_quantile", exec::Call("array", std::move(results))}});
}

}  // namespace soteria::connect
