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

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;
using spark::connect::Expression;

constexpr base::Condition kUnboundParameter = {"UNBOUND_SQL_PARAMETER",
                                               base::exception_class::kAnalysis, "42P02",
                                               absl::StatusCode::kInvalidArgument};
constexpr base::Condition kInvalidArgument = {"INVALID_SQL_ARG", base::exception_class::kAnalysis,
                                              "42K08", absl::StatusCode::kInvalidArgument};

/// Words that are no names where an operand is expected.
constexpr std::string_view kReserved[] = {
    "AND",  "OR",   "NOT", "IN", "IS",  "BETWEEN",  "LIKE", "RLIKE",  "CASE", "WHEN",
    "THEN", "ELSE", "END", "AS", "DIV", "DISTINCT", "FROM", "SELECT", "WHERE"};

bool IsReserved(std::string_view word) {
  return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
}

struct Unit {
  std::string_view name;
  int64_t months;
  int64_t micros;
};
constexpr int64_t kSecond = 1'000'000;
constexpr Unit kUnits[] = {{"YEAR", 12, 0},
                           {"MONTH", 1, 0},
                           {"WEEK", 0, 7 * 86'400 * kSecond},
                           {"DAY", 0, 86'400 * kSecond},
                           {"HOUR", 0, 3'600 * kSecond},
                           {"MINUTE", 0, 60 * kSecond},
                           {"SECOND", 0, kSecond},
                           {"MILLISECOND", 0, 1'000},
                           {"MICROSECOND", 0, 1}};

const Unit* FindUnit(std::string_view word) {
  for (const Unit& unit : kUnits) {
    if (word == unit.name ||
        (word.ends_with('S') && word.substr(0, word.size() - 1) == unit.name)) {
      return &unit;
    }
  }
  return nullptr;
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
  if (IsOp("(", 1) && (word.upper == "CAST" || word.upper == "TRY_CAST")) return CastCall();
  if (word.upper == "CASE" && !IsOp(".", 1) && Now(1).kind != Kind::kEnd) return Case();
  if (word.upper == "INTERVAL" && (Now(1).kind == Kind::kNumber || Now(1).kind == Kind::kString ||
                                   ((IsOp("-", 1) || IsOp("+", 1)) && IsName(3)))) {
    return Interval();
  }
  if (IsOp("(", 1) && (!IsReserved(word.upper) || word.upper == "LIKE" || word.upper == "RLIKE")) {
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

/// INTERVAL [-] 3 DAYS [4 HOURS ...], INTERVAL '90' DAY
SqlParser::ExprOr SqlParser::Interval() {
  ++at_;
  const bool negative = TakeOp("-");
  if (!negative) TakeOp("+");
  int64_t months = 0;
  int64_t micros = 0;
  bool of_months = false;
  bool of_time = false;
  bool overflow = false;
  do {
    const bool minus = TakeOp("-");
    int64_t number = 0;
    const std::string& text = Now().text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return base::NotSupported(base::Cat("An interval of '", text, "'"), "INTERVAL '1' DAY");
    }
    ++at_;
    const Unit* unit = FindUnit(Now().upper);
    if (unit == nullptr) return Error();
    ++at_;
    if (IsWord("TO")) return base::NotSupported("An interval of two units (TO)");
    (unit->months > 0 ? of_months : of_time) = true;
    overflow |= minus && __builtin_sub_overflow(int64_t{0}, number, &number);
    int64_t product = 0;
    overflow |= __builtin_mul_overflow(number, unit->months, &product) ||
                __builtin_add_overflow(months, product, &months) ||
                __builtin_mul_overflow(number, unit->micros, &product) ||
                __builtin_add_overflow(micros, product, &micros);
  } while (Now().kind == Kind::kNumber || Now().kind == Kind::kString);
  if (of_months && of_time) return base::NotSupported("An interval of months and of days");
  overflow |= micros == std::numeric_limits<int64_t>::min();
  if (overflow || months > std::numeric_limits<int32_t>::max() ||
      months < -std::numeric_limits<int32_t>::max()) {
    return base::Fail(base::kParse, "The interval is out of range.");
  }
  SqlExpr literal = NullNode();
  auto* proto = literal.proto->mutable_literal();
  if (of_months) {
    proto->set_year_month_interval(static_cast<int32_t>(negative ? -months : months));
  } else {
    proto->set_day_time_interval(negative ? -micros : micros);
  }
  return literal;
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
