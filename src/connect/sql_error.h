// Failures of SQL text, with the place in it, as Spark's parser reports them:
//
//   Syntax error at or near 'FORM'. (line 1, pos 9)
//
//   == SQL ==
//   SELECT a FORM t
//   ---------^^^
//
// Pure functions. The text is the script's own, no data.
#pragma once

#include <cstddef>
#include <string_view>

#include "src/base/status.h"

namespace soteria::connect {

/// A failure of the parser at byte `at` of the text.
base::Status SqlFailure(const base::Condition& condition, std::string_view text,
                        std::string_view sql, size_t at);

/// PARSE_SYNTAX_ERROR at [begin, end) of the text; at its end, at "end of input". A text that has
/// nothing but blanks is PARSE_EMPTY_STATEMENT.
/// `extra`: without it the text would be well-formed.
base::Status SqlSyntaxError(std::string_view sql, size_t begin, size_t end, bool extra = false);

/// A failure of the part [begin, end), which is underlined:
///
///   == SQL (line 1, position 25) ==
///   SELECT k FROM t WHERE k IN ()
///                           ^^^^^
base::Status SqlFailureOver(const base::Condition& condition, std::string_view text,
                            std::string_view sql, size_t begin, size_t end);

/// Where the place begins in such a failure's text, which SQLSTATE goes before; npos for none.
size_t SqlPlaceIn(std::string_view text);

}  // namespace soteria::connect
