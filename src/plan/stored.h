// Which columns of a plan are columns of storage as the owner put them, renamed at most: what a
// statistic adds up of these is about the rows it counts. A column that the plan makes may hold a
// row's value in one row and nothing in the others, so that a sum over it is about that row alone
// (docs/decisions/0022-rows-of-the-plan.md). Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/plan/logical.h"

namespace soteria::plan {

/// The column that a param of an ML class names; nullptr for a name that is more than letters,
/// digits and '_', which one reader may take for a field of a struct and another for a column.
exec::ExprPtr ParamColumn(const std::string& name);

/// For each column of the plan's schema. A vector counts as stored when all its elements are.
base::StatusOr<std::vector<bool>> StoredColumns(const Plan& plan);

/// Whether the values of `e` over the plan's rows are a stored column's; a number or text of it
/// read as a double still is.
base::StatusOr<bool> IsStored(const exec::Expr& e, const Plan& plan);

/// Whether rows of the plan come from files below `folder` of the root of this id.
bool ReadsFolder(const Plan& plan, const std::string& root_id, const std::string& folder);

}  // namespace soteria::plan
