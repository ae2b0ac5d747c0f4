// df.to(schema): the columns that bring a table to a schema as Spark does. Columns are found by
// name, those that are missing and may be null are null, types change as in an assignment to a
// table, and a column that may be null can't become one that may not. Structs whose fields differ
// are refused. Pure functions.
#pragma once

#include <functional>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"

namespace soteria::connect {

/// `column` gives the expression of `from`'s column at an index. Errors: NULLABLE_COLUMN_OR_FIELD,
/// INVALID_COLUMN_OR_FIELD_DATA_TYPE, kUnresolvedColumn.
base::StatusOr<std::vector<exec::NamedExpr>> MatchSchema(
    const arrow::Schema& from, const arrow::Schema& to,
    const std::function<exec::ExprPtr(int index)>& column);

/// May a value of `from` be stored in a column of `to` (Spark's ANSI store assignment)?
bool MayStore(const arrow::Field& from, const arrow::Field& to);

}  // namespace soteria::connect
