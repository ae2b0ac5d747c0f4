// The expressions of a plan's nodes. Pure functions; any thread.
#pragma once

#include <functional>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/plan/logical.h"

namespace soteria::plan {

/// `f` of every expression of the node itself, not of what is within it.
void ForExpressions(const Plan& plan, const std::function<void(const exec::ExprPtr&)>& f);

/// kInternal if an expression of the plan, or of one below it, is something that only stands for
/// another one while a query is taken apart: a reference to the query around it (decorrelate.h), or
/// a subquery. What runs would take these for a null, or for a function.
base::Status CheckComplete(const Plan& plan);

}  // namespace soteria::plan
