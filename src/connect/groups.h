// Rows of groups, as RelationConverter remembers them for what comes above: a HAVING or ORDER BY
// over them may name aggregates, grouping expressions and columns that are none of theirs. Such a
// one is added behind the columns, and dropped again after its use. A plain value.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "src/connect/aggregates.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"
#include "src/plan/logical.h"

namespace soteria::connect {

struct Groups {
  plan::PlanPtr input;                   ///< the rows that are grouped
  std::vector<exec::NamedExpr> keys;     ///< over the input
  std::vector<exec::NamedExpr> columns;  ///< over the input: the visible ones, then others
  size_t visible = 0;
  std::vector<exec::ExprPtr> conditions = {};  ///< of HAVING, over the columns
  bool sql = false;                            ///< keys are in the output where it names them
  plan::PlanPtr plan = nullptr;                ///< the visible columns of the groups that are kept
  std::optional<GroupingSets> sets = std::nullopt;  ///< of the keys
};

}  // namespace soteria::connect
