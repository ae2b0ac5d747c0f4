// What Spark's analysis makes of + - * / next to dates, time stamps and intervals: other calls,
// which are printed as such. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <vector>

#include "src/exec/expression.h"

namespace soteria::connect {

/// The call of an operator over rows of the schema; itself where no time is among its operands, or
/// where their types aren't known yet.
exec::ExprPtr OperatorCall(const std::string& op, std::vector<exec::ExprPtr> args,
                           const arrow::Schema& schema);

}  // namespace soteria::connect
