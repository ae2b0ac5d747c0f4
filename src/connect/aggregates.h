// Aggregates: finds the aggregate functions and the grouping expressions inside output columns, so
// that `avg(a)` and `round(avg(a), 2) + 1` alike become calls of exec::Aggregate and a projection
// over its rows. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/aggregate.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"

namespace spark::connect {
class Expression;
}

namespace soteria::connect {

/// Each set as the places of its keys, ascending.
using GroupingSets = std::vector<std::vector<size_t>>;

/// Aggregates, and what is said of groups (grouping); by name, in any case.
bool IsAggregateFunction(std::string_view name);

/// Does the expression contain an aggregate function?
bool HasAggregate(const exec::Expr& expr);
/// The first call of an aggregate within it; nullptr: there is none. A function over a window is
/// none, but may have some within.
const exec::Expr* FindAggregate(const exec::Expr& expr);

/// Does it call one, in the words of the protocol?
bool CallsAggregate(const spark::connect::Expression& expression);

/// Equal for expressions that are the same to Spark: the names of columns have no case.
std::string SameText(const exec::Expr& expr);

/// What a field of a struct is taken of; null for any other expression.
exec::ExprPtr ColumnOfField(const exec::Expr& expr);

/// What Spark says to an aggregate function in a filter; OK without one.
base::Status CheckCondition(const exec::Expr& condition);
/// What Spark says to an aggregate, a window or a draw in the FILTER of an aggregate.
base::Status CheckAggregateFilter(const exec::Expr& condition);
/// MISSING_GROUP_BY.
base::Status MissingGroupBy();
/// MISSING_AGGREGATION of the first column that the expression names.
base::Status MissingAggregation(const exec::Expr& expr);

/// The call of an aggregate or window function as exec has it.
base::StatusOr<exec::AggregateCall> CallOf(const exec::Expr& expr, std::string name);

struct SplitAggregate {
  std::vector<exec::GroupKey> keys;
  std::vector<exec::AggregateCall> calls;
  std::vector<exec::NamedExpr> columns;  // over the calls' result
  bool plain = false;                    // columns only pass keys and calls through, in order
  /// Of grouping sets: columns between the keys and the calls, the id of a row's set and, where
  /// there are equal ones, which one it is.
  size_t ids = 0;
};

/// One empty set only: groups of no keys, and not of the sets.
bool IsGrandTotal(const GroupingSets& sets, size_t keys);
/// Are two of them the same?
bool HasEqualSets(const GroupingSets& sets);

/// The output is `keys` and then `columns`. NESTED_AGGREGATE_FUNCTION for an aggregate within
/// another, GROUP_BY_AGGREGATE for one within a key, MISSING_GROUP_BY or MISSING_AGGREGATION for a
/// column outside of any; of grouping() and grouping_id() UNSUPPORTED_GROUPING_EXPRESSION without
/// `sets`, and GROUPING_COLUMN_MISMATCH or GROUPING_ID_COLUMN_MISMATCH for what is no key.
base::StatusOr<SplitAggregate> SplitAggregates(std::vector<exec::NamedExpr> columns,
                                               std::vector<exec::NamedExpr> keys = {},
                                               const GroupingSets* sets = nullptr);

}  // namespace soteria::connect
