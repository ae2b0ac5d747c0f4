// Aggregates without keys: finds the aggregate functions inside output columns, so that
// `avg(a)` and `round(avg(a), 2) + 1` alike become calls of exec::Aggregate and a projection over
// its one row. Pure functions.
#pragma once

#include <vector>

#include "src/base/status.h"
#include "src/exec/aggregate.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"

namespace soteria::connect {

/// Does the expression contain an aggregate function?
bool HasAggregate(const exec::Expr& expr);

struct SplitAggregate {
  std::vector<exec::AggregateCall> calls;
  std::vector<exec::NamedExpr> columns;  // over the calls' result
  bool plain = false;                    // columns only pass the calls through, in order
};

/// NESTED_AGGREGATE_FUNCTION for an aggregate within another, MISSING_GROUP_BY for a column outside
/// of any.
base::StatusOr<SplitAggregate> SplitAggregates(std::vector<exec::NamedExpr> columns);

}  // namespace soteria::connect
