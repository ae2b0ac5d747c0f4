// Number literals and names in SQL text. Pure functions over text from outside.
#pragma once

#include <string_view>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::connect {

/// Spark's literal of that text: 1 int (or long, when it is too large), 1L, 1S, 1Y, 1e3 and 1.5D
/// double, 1.5F float. There are no decimals here: 1.5, a decimal in Spark, is a double. kParse for
/// what is no number or out of range, kUnsupported for 1BD.
base::StatusOr<exec::ExprPtr> SqlNumber(std::string_view text, bool negative);

}  // namespace soteria::connect
