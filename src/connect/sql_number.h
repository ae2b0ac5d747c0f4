// Number literals and names in SQL text. Pure functions over text from outside.
#pragma once

#include <string_view>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::connect {

/// Spark's literal of that text: 1 int (or long, or a decimal, when it is too large), 1L, 1S, 1Y,
/// 1e3 and 1.5D double, 1.5F float, 1.5 and 1BD decimal. kParse for what is no number or out of
/// range; a decimal has at most 38 digits.
base::StatusOr<exec::ExprPtr> SqlNumber(std::string_view text, bool negative);

}  // namespace soteria::connect
