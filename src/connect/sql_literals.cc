// Of the parser: words that are literals, numbers, intervals, parameters.
#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_literal.h"
#include "src/connect/sql_number.h"
#include "src/connect/sql_parser.h"
#include "src/connect/unsupported.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;
using spark::connect::Expression;

constexpr base::Condition kNoConstantText = {"NOT_A_CONSTANT_STRING.NOT_CONSTANT",
                                             base::exception_class::kAnalysis, "42601",
                                             absl::StatusCode::kInvalidArgument};

/// Of literals, and of what || makes of them.
std::optional<std::string> ConstantText(const Expression& expr) {
  if (expr.literal().has_string()) return expr.literal().string();
  if (!expr.has_unresolved_function()) return std::nullopt;
  const auto& call = expr.unresolved_function();
  if (call.function_name() != "||" && call.function_name() != "concat") return std::nullopt;
  std::string text;
  for (const Expression& argument : call.arguments()) {
    const std::optional<std::string> part = ConstantText(argument);
    if (!part.has_value()) return std::nullopt;
    text += *part;
  }
  return text;
}

constexpr base::Condition kMixedParameters = {"INVALID_QUERY_MIXED_QUERY_PARAMETERS",
                                              base::exception_class::kAnalysis, "42613",
                                              absl::StatusCode::kInvalidArgument};

constexpr base::Condition kUnboundParameter = {"UNBOUND_SQL_PARAMETER",
                                               base::exception_class::kAnalysis, "42P02",
                                               absl::StatusCode::kInvalidArgument};
constexpr base::Condition kInvalidArgument = {"INVALID_SQL_ARG", base::exception_class::kAnalysis,
                                              "42K08", absl::StatusCode::kInvalidArgument};

/// Words that are no names where an operand is expected.
constexpr std::string_view kReserved[] = {
    "AND",  "OR",   "NOT", "IN", "IS",  "BETWEEN",  "LIKE", "RLIKE",  "CASE", "WHEN",
    "THEN", "ELSE", "END", "AS", "DIV", "DISTINCT", "FROM", "SELECT", "WHERE"};

/// Of them those that functions are called by as well: `a = not(b)`.
constexpr std::string_view kCalled[] = {"AND",  "OR",    "NOT", "IN",  "BETWEEN",
                                        "LIKE", "RLIKE", "DIV", "WHEN"};

bool IsReserved(std::string_view word) {
  return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
}

/// Levels of calls over literals; 0 for what is neither.
int ArgumentHeight(const Expression& argument, int depth) {
  if (argument.has_literal()) return 1;
  if (!argument.has_unresolved_function() || depth > kSqlDepthMax) return 0;
  int height = 1;
  for (const Expression& arg : argument.unresolved_function().arguments()) {
    const int its = ArgumentHeight(arg, depth + 1);
    if (its == 0) return 0;
    height = std::max(height, its + 1);
  }
  return height;
}

}  // namespace

SqlParser::ExprOr SqlParser::Number(const SqlToken& token, bool negative) {
  SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr literal, SqlNumber(token.text, negative));
  return LiteralNode(*literal);
}

SqlParser::ExprOr SqlParser::Word(bool* name) {
  const SqlToken& word = Now();
  if (NameOfTextHere()) {
    SOTERIA_ASSIGN_OR_RETURN(const Name parts, NameOfText());
    if (TakeOp("(")) {
      if (!IsBuiltinName(parts)) {
        std::string name = parts.front();
        for (size_t i = 1; i < parts.size(); ++i) name += base::Cat("`.`", parts[i]);
        return NoRoutine(name);
      }
      return FunctionNamed(base::Lower(parts.back()));
    }
    *name = true;
    return NameNode(parts);
  }
  if (IsOp("(", 1) && (word.upper == "CAST" || word.upper == "TRY_CAST")) return CastCall();
  if (word.upper == "CASE" && !IsOp(".", 1) && Now(1).kind != Kind::kEnd) return Case();
  if (word.upper == "INTERVAL" && (Now(1).kind == Kind::kNumber || Now(1).kind == Kind::kString ||
                                   ((IsOp("-", 1) || IsOp("+", 1)) && IsName(3)))) {
    return Interval();
  }
  const bool called = !IsReserved(word.upper) || std::find(std::begin(kCalled), std::end(kCalled),
                                                           word.upper) != std::end(kCalled);
  if (IsOp("(", 1) && called) {
    return Function();
  }
  if (IsReserved(word.upper)) return Error();
  if (word.upper == "TRUE" || word.upper == "FALSE") {
    ++at_;
    return BooleanNode(word.upper == "TRUE");
  }
  if (word.upper == "NULL") {
    ++at_;
    return NullNode();
  }
  if (Now(1).kind == Kind::kString && IsTypedLiteral(word.upper)) {
    at_ += 2;
    SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr literal,
                             TypedLiteral(word.upper, tokens_[at_ - 1].text, context_.zone));
    return LiteralNode(*literal);
  }
  *name = true;
  return ColumnName();
}

base::StatusOr<SqlParser::Name> SqlParser::NameOfText() {
  at_ += 2;
  SOTERIA_ASSIGN_OR_RETURN(const SqlExpr expr, Or());
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  const std::optional<std::string> text = ConstantText(*expr.proto);
  if (text.has_value()) return ParseSqlName(*text);
  return base::Fail(kNoConstantText,
                    "The expression used for the routine or clause IDENTIFIER must be a constant "
                    "STRING which is NOT NULL.");
}

SqlParser::ExprOr SqlParser::Parameter() {
  const size_t begin = Now().begin;
  const auto unbound = [&](std::string_view name) {
    return base::Fail(
        kUnboundParameter,
        base::Cat("Found the unbound parameter: ", name,
                  ". Please, fix `args` and provide a mapping of the parameter to either a SQL "
                  "literal or collection constructor functions such as `map()`, `array()`, "
                  "`struct()`."));
  };
  const auto* args = context_.args;
  if (IsOp("?")) {
    // By its place in the text: clauses aren't read in the order in which they stand.
    const auto its = std::lower_bound(positional_.begin(), positional_.end(), at_++);
    const auto index = static_cast<int>(its - positional_.begin());
    if (args == nullptr) return unbound(base::Cat("_", begin));
    if (index < args->pos_arguments_size()) {
      return Substitute(base::Cat("_", index + 1), args->pos_arguments(index));
    }
    if (index < args->pos_args_size()) {
      Expression literal;
      *literal.mutable_literal() = args->pos_args(index);
      return Substitute(base::Cat("_", index + 1), literal);
    }
    return unbound(base::Cat("_", begin));
  }
  ++at_;
  const std::string name = tokens_[at_++].text;
  if (!positional_.empty()) {
    return base::Fail(kMixedParameters,
                      "Parameterized query must either use positional, or named parameters, but "
                      "not both.");
  }
  if (args == nullptr) return unbound(name);
  if (const auto its = args->named_arguments().find(name); its != args->named_arguments().end()) {
    return Substitute(name, its->second);
  }
  if (const auto its = args->args().find(name); its != args->args().end()) {
    Expression literal;
    *literal.mutable_literal() = its->second;
    return Substitute(name, literal);
  }
  return unbound(name);
}

SqlParser::ExprOr SqlParser::Substitute(const std::string& name, const Expression& argument) {
  const int height = ArgumentHeight(argument, 0);
  if (height == 0) {
    return base::Fail(kInvalidArgument,
                      base::Cat("The argument `", name,
                                "` of `sql()` is invalid. Consider to replace it either by a SQL "
                                "literal or by collection constructor functions such as `map()`, "
                                "`array()`, `struct()`."));
  }
  const size_t bytes = argument.ByteSizeLong();
  argument_bytes_ += bytes;
  if (argument_bytes_ > kSqlArgumentBytesMax) {
    return base::Fail(base::kParse, "The arguments of the SQL text are too long.");
  }
  SqlExpr copy = NullNode();
  *copy.proto = argument;
  copy.height = height;
  copy.size = bytes / 8 + 1;
  SOTERIA_RETURN_IF_ERROR(Count(1));
  return copy;
}

}  // namespace soteria::connect
