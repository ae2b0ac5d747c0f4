// Spark SQL's expression strings (`df.filter("a > 1")`, `selectExpr`, `F.expr`) as Spark Connect's
// expressions: the same grammar as that of the queries of spark.sql (sql_statement.h), by the same
// parser (sql_parser.h). Names stay names: whoever resolves the message resolves them. Pure
// functions over text from outside; depth and size are bounded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace spark::connect {
class Expression;
}

namespace soteria::connect {

/// Deepest nesting of parentheses, calls, prefix operators and subqueries.
inline constexpr int kSqlDepthMax = 200;

using ExpressionPtr = std::unique_ptr<spark::connect::Expression>;

/// One expression with an optional alias (then it is an Alias), or a star. `zone` is the session's
/// time zone, in which TIMESTAMP '...' is read; "" is UTC. What the text has not right is
/// kParse or one of its kin; what Spark has and this grammar hasn't is kUnsupported.
base::StatusOr<ExpressionPtr> ParseSqlItem(std::string_view sql, const std::string& zone);

/// One expression without an alias.
base::StatusOr<ExpressionPtr> ParseSqlExpression(std::string_view sql, const std::string& zone);

/// The parts of an identifier as PySpark's column names have it: dots outside backticks separate.
base::StatusOr<std::vector<std::string>> NameParts(std::string_view identifier);

/// The parts of a table's name as SQL reads them. kParse and its kin.
base::StatusOr<std::vector<std::string>> ParseSqlName(std::string_view sql);

/// The text of a name made of parts, each quoted: "`a`.`b.c`".
std::string QuoteName(const std::vector<std::string>& parts);

}  // namespace soteria::connect
