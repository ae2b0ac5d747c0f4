// Expressions over one table: built by whoever reads a plan, typed against a schema, evaluated over
// a partition. Semantics are Spark 4's with ANSI mode on: overflow, division by zero and invalid
// casts are errors; NaN equals NaN and is the largest; -0.0 equals 0.0; and/or/not are
// three-valued. An expression is an immutable tree of bounded depth and size; its encoding is
// canonical, so equal expressions have equal bytes (I7). All functions are thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::exec {

/// Limits on expressions from outside.
inline constexpr int kExprDepthMax = 1000;
inline constexpr size_t kExprNodesMax = 100'000;

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

struct Expr {
  enum class Kind : uint8_t {
    kColumn = 0,
    kLiteral = 1,
    kCall = 2,
    kCast = 3,
    kTryCast = 4,
    kLambda = 5,   ///< arguments: the body, and the variables
    kVariable = 6  ///< of a lambda around it
  };

  Kind kind = Kind::kLiteral;
  std::string name;  ///< kColumn: identifier text; kCall: function;
                     ///< kVariable: its own; kLiteral: how it is printed, if not by its value
  int ordinal = -1;  ///< kColumn: its place in the input; -1: by name
  std::shared_ptr<arrow::Scalar> literal;  ///< kLiteral
  std::shared_ptr<arrow::DataType> type;   ///< casts
  std::string udt;                         ///< kLiteral: "vector", "matrix" or ""
  std::vector<ExprPtr> args;
  /// Calls, casts and literals of time stamps: the session's time zone, in which texts and dates
  /// become time stamps and the other way round; "" is UTC.
  std::string zone;
  bool distinct = false;  ///< kCall of an aggregate: of distinct arguments
  bool filtered = false;  ///< kCall of an aggregate: the last argument is its FILTER
};

/// `identifier` is Spark's text: "a", "a.b" (field b of struct a), "`a.b`" (one name).
ExprPtr Column(std::string identifier);
/// The column of exactly this name, whatever characters it has.
ExprPtr ColumnNamed(std::string_view name);
/// The input's column at that place. `path` is how it is printed, its name first, then the fields
/// of it that are taken; names are looked up by whoever resolves a plan, never here.
ExprPtr Input(int ordinal, const std::vector<std::string>& path);
/// Is it an input column as such: by place, without fields?
bool IsInput(const Expr& e);
ExprPtr Literal(std::shared_ptr<arrow::Scalar> scalar, std::string udt = "");
ExprPtr Literal(double value);
ExprPtr Literal(int32_t value);
ExprPtr Literal(bool value);
ExprPtr Literal(std::string_view value);
/// A text would be a boolean.
ExprPtr Literal(const char* value) = delete;
/// The same literal, printed like that.
ExprPtr Printed(ExprPtr literal, std::string text);
/// `function` as PySpark Connect names it: "+", "==", "and", "isNull", "when", ... (functions.h
/// lists them); "extract" takes a struct's field or an array's element. Unknown names fail in
/// TypeOf.
ExprPtr Call(std::string function, std::vector<ExprPtr> args);
/// An aggregate of distinct arguments: count(DISTINCT a, b).
ExprPtr DistinctCall(std::string function, std::vector<ExprPtr> args);
/// The call of an aggregate, of the rows where the condition holds: its FILTER.
ExprPtr Filtered(const ExprPtr& call, ExprPtr condition);
/// x -> body, an argument of a higher-order function.
ExprPtr Lambda(ExprPtr body, std::vector<std::string> variables);
ExprPtr Variable(std::string name);
ExprPtr Cast(ExprPtr e, std::shared_ptr<arrow::DataType> type);
ExprPtr TryCast(ExprPtr e, std::shared_ptr<arrow::DataType> type);

/// The same expression for a session in the time zone of that id, which TimeZone::Find knows.
ExprPtr InZone(const ExprPtr& e, const std::string& zone);

/// Type, nullability and udt mark of the result (named by PrettyName). Unresolved column:
/// kUnresolvedColumn; wrong types: kDatatypeMismatch; unknown function: kAnalysis.
base::StatusOr<std::shared_ptr<arrow::Field>> TypeOf(const Expr& e, const arrow::Schema& schema);

/// Is there a call of that function within?
bool CallsWithin(const Expr& e, std::string_view function);
/// The same expression, printed as its types ask: a map's value in brackets also where the map is a
/// lambda's variable, whose type only the call says.
ExprPtr WithMapValues(const ExprPtr& e, const arrow::Schema& schema);

/// One value a row. `partition` matters to rand() only.
base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Evaluate(const Expr& e,
                                                              const arrow::Table& table,
                                                              uint64_t partition = 0);

/// Index of the column that `identifier`'s first part names, case-insensitively, or the analysis
/// error with suggestions; ambiguous names are an error too.
base::StatusOr<int> ResolveColumn(const arrow::Schema& schema, std::string_view name);

std::string EncodeExpr(const Expr& e);
base::StatusOr<ExprPtr> DecodeExpr(std::string_view bytes);

/// The expression as Spark prints it, e.g. "(a + 1)", "CAST(a AS INT)".
std::string PrettyName(const Expr& e);
/// Name of a column that has no alias: PrettyName, but a column, even cast, keeps its own name and
/// "a.b" is b.
std::string AutoName(const Expr& e);

/// The column whose values the expression hands on as they are; -1 when it makes its own.
base::StatusOr<int> ColumnOf(const Expr& e, const arrow::Schema& schema);

/// Is there a rand() inside? Such an expression depends on the order of rows.
bool IsNondeterministic(const Expr& e);

}  // namespace soteria::exec
