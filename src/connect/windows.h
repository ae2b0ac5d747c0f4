// Windows within expressions: what may not have any, and how they are taken out, so that each is a
// column of a Window node and the expressions take that. Pure functions but for the builder.
#pragma once

#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"
#include "src/plan/logical.h"

namespace soteria::connect {

bool AnyWindow(const std::vector<exec::NamedExpr>& columns);

/// UNSUPPORTED_EXPR_FOR_OPERATOR for a window in an expression of Spark's node of that name.
base::Status CheckNoWindow(const exec::Expr& expr, std::string_view node);
/// And for an aggregate.
base::Status CheckOfOneRow(const exec::Expr& expr, std::string_view node);
/// WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE; the clause is WHERE or HAVING.
base::Status CheckNoWindowInClause(const exec::Expr& expr, std::string_view clause);

struct WithWindows {
  plan::PlanPtr plan;                    ///< the input with the windows' columns behind its own
  std::vector<exec::NamedExpr> columns;  ///< over it, without windows
};
/// Windows of equal partitions and orders share a node; one within another comes below it.
base::StatusOr<WithWindows> TakeWindows(plan::Builder& builder, plan::PlanPtr input,
                                        std::vector<exec::NamedExpr> columns);

/// The projection, be there windows in it or not.
base::StatusOr<plan::PlanPtr> ProjectWindows(plan::Builder& builder, plan::PlanPtr input,
                                             std::vector<exec::NamedExpr> columns);

}  // namespace soteria::connect
