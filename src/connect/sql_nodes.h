// Spark Connect's messages as the SQL parser builds them: expressions and relations with their
// heights, so that no tree is ever built that is higher than the converters take, and their sizes,
// so that a text can't make more nodes of itself than it may.
//
// What SQL has and the protocol has no message for are internal functions (`is_internal`), which
// the converters know by these names:
//
//   sql_group_by(keys...)       the only grouping expression of an Aggregate: its output is the
//                               aggregate expressions alone, and keys may be ordinals (an integer
//                               literal), names of these outputs, or one star, for GROUP BY ALL
//   sql_ordinal(n)              in a sort: the n-th output column; without n, all of them
//   sql_row(values...)          the expressions of a Project without input: rows of VALUES
//   sql_lateral_view(generator, outer, table, columns...)  the only expression of a Project: the
//                               input's columns and the generator's, under those names if there are
//                               any, as columns of that table
//   sql_star_except(star, names...)  the columns of the star but those
//   sql_unbounded()             a bound of a window's frame: unbounded, on the side where no frame
//                               begins or ends
//   sql_qualify(condition, windows)  the condition of a Filter that is QUALIFY, and whether the
//   list
//                               of columns has functions over windows
//   sql_limit(count), sql_offset(count)  that of one that is LIMIT or OFFSET by an expression
//   sql_boundary()              the only expression of a Project: all columns, and what is above
//                               it finds no others
//   sql_natural()               the condition of a NATURAL JOIN
//   sql_pivot(column, values...)  the only grouping expression of a pivot that groups by what else
//                               its input has; values may have aliases
//   sql_unpivot(names...)       the only id of an Unpivot whose ids are what is no value; its
//                               values are sql_row(columns...), of as many as there are names,
//                               and may have aliases
//   sql_tuple(values...)        the struct that (a, b AS c) is
//   sql_filter(call, condition) the call of an aggregate with its FILTER (WHERE condition)
//
// and those of syntax that exec has (exec/catalogue.h): "like any" and so on.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace spark::connect {
class Expression;
class Relation;
}  // namespace spark::connect

namespace soteria::connect {

inline constexpr std::string_view kSqlGroupBy = "sql_group_by";
inline constexpr std::string_view kSqlOrdinal = "sql_ordinal";
inline constexpr std::string_view kSqlRow = "sql_row";
inline constexpr std::string_view kSqlUnbounded = "sql_unbounded";
inline constexpr std::string_view kSqlQualify = "sql_qualify";
inline constexpr std::string_view kSqlLimit = "sql_limit";
inline constexpr std::string_view kSqlOffset = "sql_offset";
inline constexpr std::string_view kSqlBoundary = "sql_boundary";
inline constexpr std::string_view kSqlNatural = "sql_natural";
inline constexpr std::string_view kSqlFilter = "sql_filter";
inline constexpr std::string_view kSqlPivot = "sql_pivot";
inline constexpr std::string_view kSqlUnpivot = "sql_unpivot";
inline constexpr std::string_view kSqlTuple = "sql_tuple";
inline constexpr std::string_view kSqlLateralView = "sql_lateral_view";
inline constexpr std::string_view kSqlStarExcept = "sql_star_except";
/// A query's item that is a cast of a cast: named by all it says, where DataFrame.select names it
/// as the inner one.
inline constexpr std::string_view kSqlCasts = "sql_casts";

/// Is it a call of that internal function?
bool IsInternal(const spark::connect::Expression& expression, std::string_view name);

/// An expression that is being built. Moves only; `size` counts its nodes.
struct SqlExpr {
  SqlExpr();
  ~SqlExpr();
  SqlExpr(SqlExpr&&) noexcept;
  SqlExpr& operator=(SqlExpr&&) noexcept;

  std::unique_ptr<spark::connect::Expression> proto;
  int height = 1;
  size_t size = 1;
};
using SqlExprs = std::vector<SqlExpr>;

/// A relation that is being built.
struct SqlRelation {
  SqlRelation();
  ~SqlRelation();
  SqlRelation(SqlRelation&&) noexcept;
  SqlRelation& operator=(SqlRelation&&) noexcept;

  std::unique_ptr<spark::connect::Relation> proto;
  int height = 1;
};

SqlExpr CopyOf(const SqlExpr& expr);
/// kParse for a call that is nested too deeply.
base::StatusOr<SqlExpr> CallNode(std::string_view function, SqlExprs args, bool internal = false);
base::StatusOr<SqlExpr> CallNode(std::string_view function, SqlExpr a);
base::StatusOr<SqlExpr> CallNode(std::string_view function, SqlExpr a, SqlExpr b);
base::StatusOr<SqlExpr> CastNode(SqlExpr operand, std::string_view type, bool try_cast);
base::StatusOr<SqlExpr> ExtractNode(SqlExpr child, SqlExpr key);
/// An alias of one name, or of several.
base::StatusOr<SqlExpr> AliasNode(SqlExpr child, std::vector<std::string> names);
SqlExpr NameNode(const std::vector<std::string>& parts);
SqlExpr StarNode(const std::vector<std::string>& qualifier);
SqlExpr StringNode(std::string_view text);
SqlExpr BooleanNode(bool value);
SqlExpr NullNode();
/// An exec literal as the protocol's. kUnsupported for one that the protocol hasn't.
base::StatusOr<SqlExpr> LiteralNode(const exec::Expr& literal);

/// kParse for a relation or expression that is nested too deeply.
base::Status CheckHeight(int height);
base::Status NestedTooDeeply();

}  // namespace soteria::connect
