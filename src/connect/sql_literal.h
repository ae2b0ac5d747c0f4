// The typed literals of Spark's SQL: DATE '2020-01-02', TIMESTAMP '2020-01-02 03:04:05', X'1F'.
// Pure functions over text from outside.
#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::connect {

/// Does the word (in upper case) before a string make a literal of it?
bool IsTypedLiteral(std::string_view word);

/// INVALID_TYPED_LITERAL for a text that has no such value; kUnsupported for what depends on a
/// clock and for types that aren't here. `zone`: the session's time zone, "" is UTC.
base::StatusOr<exec::ExprPtr> TypedLiteral(std::string_view word, std::string_view text,
                                           const std::string& zone);

}  // namespace soteria::connect
