// Calls that Spark takes for another function's by the types of their arguments, and so prints
// under its name. Pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <vector>

#include "src/exec/expression.h"

namespace soteria::connect {

/// to_char of a date or time stamp is date_format, of bytes base64, hex or decode; any other call,
/// and one that isn't right, is itself.
exec::ExprPtr CallByType(const std::string& function, std::vector<exec::ExprPtr> args,
                         const arrow::Schema& input);

}  // namespace soteria::connect
