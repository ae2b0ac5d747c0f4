// Spark SQL's expression strings (`df.filter("a > 1")`, `selectExpr`, `F.expr`): a precedence
// parser of Spark's expression grammar. Parses: names with backticks and dots, literals,
// arithmetic, bitwise and comparison operators, AND OR NOT, IS [NOT] NULL / TRUE / FALSE / DISTINCT
// FROM, [NOT] IN, BETWEEN, LIKE and RLIKE, CASE, CAST and TRY_CAST, `::`, indexing, function calls,
// aliases and stars. Refuses subqueries, lambdas, windows and intervals with kParse or
// kUnsupported. A pure function over text from outside; depth and size are bounded.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::connect {

/// Deepest nesting of parentheses, calls and prefix operators.
inline constexpr int kSqlDepthMax = 200;

/// Turns the parts of a name ("a.`b.c`" -> a, b.c) into a column expression.
using NameResolver = std::function<base::StatusOr<exec::ExprPtr>(std::vector<std::string> parts)>;

struct SqlItem {
  exec::ExprPtr expr;                       // null for a star
  std::string alias;                        // empty for none
  bool star = false;                        // `*` or `t.*`
  std::vector<std::string> star_qualifier;  // of `t.*`
};

/// One expression with an optional alias, or a star. `zone` is the session's time zone, in which
/// TIMESTAMP '...' is read; "" is UTC.
base::StatusOr<SqlItem> ParseSqlItem(std::string_view sql, const NameResolver& resolve,
                                     const std::string& zone);

/// One expression without an alias.
base::StatusOr<exec::ExprPtr> ParseSqlExpression(std::string_view sql, const NameResolver& resolve,
                                                 const std::string& zone);

/// The parts of an identifier as PySpark's column names have it: dots outside backticks separate.
base::StatusOr<std::vector<std::string>> NameParts(std::string_view identifier);

/// The text of a name made of parts, each quoted: "`a`.`b.c`".
std::string QuoteName(const std::vector<std::string>& parts);

}  // namespace soteria::connect
