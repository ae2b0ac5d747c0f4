// Conditions of filters and joins, taken apart and put together over other columns. Pure functions;
// any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "src/exec/expression.h"
#include "src/exec/join.h"

namespace soteria::plan {

/// What `and` connects.
std::vector<exec::ExprPtr> ConjunctsOf(const exec::ExprPtr& condition);
/// Connected by `and`, in this order; null for none.
exec::ExprPtr AllOf(const std::vector<exec::ExprPtr>& conditions);
/// Nodes of the expression, each as often as it is named.
uint64_t NodesOf(const exec::Expr& e);
/// Nodes of WithColumns(e, columns).
uint64_t NodesWith(const exec::Expr& e, const std::vector<exec::ExprPtr>& columns);
/// The expression with `columns` in place of its input's.
exec::ExprPtr WithColumns(const exec::ExprPtr& e, const std::vector<exec::ExprPtr>& columns);
/// The expression with its columns so many places on.
exec::ExprPtr Moved(const exec::ExprPtr& e, int by);
/// The join's condition over the columns of both inputs, of which the left has `lefts`; null for
/// none.
exec::ExprPtr ConditionOf(const exec::Join& join, int lefts);
/// What holds in every branch of an `or` beside what is left of it; the condition itself if that is
/// nothing.
std::vector<exec::ExprPtr> WithoutCommon(const exec::ExprPtr& condition);

}  // namespace soteria::plan
