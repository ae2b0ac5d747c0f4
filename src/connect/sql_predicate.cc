// Of the parser: predicates, IS, IN, BETWEEN, LIKE and its kin.
#include <algorithm>
#include <optional>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/sql_error.h"
#include "src/connect/sql_parser.h"
#include "src/exec/catalogue.h"
#include "src/table/case.h"
#include "src/table/valid_text.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;

constexpr base::Condition ParseCondition(const char* name, const char* state) {
  return {name, base::exception_class::kParse, state, absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition kEmptyIn =
    ParseCondition("INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE", "42000");
constexpr base::Condition kEmptyPatterns =
    ParseCondition("INVALID_SQL_SYNTAX.EMPTY_QUANTIFIED_PATTERN", "42000");
constexpr base::Condition kEscape = ParseCondition("INVALID_ESC", "42604");
constexpr base::Condition kBang = ParseCondition("SYNTAX_DISCONTINUED.BANG_EQUALS_NOT", "42601");

/// Behind an operand, and NOT.
constexpr std::string_view kPredicates[] = {"IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP"};

SqlParser::ExprOr NegatedIf(bool negate, SqlParser::ExprOr expr) {
  if (!expr.ok() || !negate) return expr;
  return CallNode("not", *std::move(expr));
}

/// One of Java's characters.
bool IsOneUnit(std::string_view text) {
  return !text.empty() && text.size() < 4 && table::CharacterBytes(text[0]) == text.size();
}

}  // namespace

bool SqlParser::IsPredicate(size_t ahead) const {
  return std::any_of(std::begin(kPredicates), std::end(kPredicates),
                     [&](std::string_view word) { return IsWord(word, ahead); });
}

base::Status SqlParser::BangIsNot() const {
  return SqlFailureOver(
      kBang,
      "Support of the clause or keyword: ! has been discontinued in this context. The '!' keyword "
      "is only supported as an alias for the prefix operator 'NOT'.\nUse the 'NOT' keyword instead "
      "for infix clauses such as `NOT LIKE`, `NOT IN`, `NOT BETWEEN`, etc.\nTo re-enable the '!' "
      "keyword, set \"spark.sql.legacy.bangEqualsNot\" to \"true\".",
      sql_, Now().begin, Now().end);
}

SqlParser::ExprOr SqlParser::Not() {
  size_t times = 0;
  while (TakeWord("NOT") || TakeOp("!")) ++times;
  const bool exists = IsWord("EXISTS") && IsOp("(", 1) && IsQueryStart(2);
  ExprOr expr = exists ? Exists() : Predicate();
  for (; times > 0 && expr.ok(); --times) expr = CallNode("not", *std::move(expr));
  return expr;
}

/// At most one: `a IS NULL IS NULL` is none.
SqlParser::ExprOr SqlParser::Predicate() {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr left, Comparison());
  if (TakeWord("IS")) return Is(std::move(left));
  const size_t begin = at_;
  if (IsOp("!") && IsPredicate(1)) return BangIsNot();
  const bool negate = IsWord("NOT") && IsPredicate(1);
  if (negate) ++at_;
  if (TakeWord("IN")) return NegatedIf(negate, In(std::move(left)));
  if (TakeWord("BETWEEN")) return NegatedIf(negate, Between(std::move(left)));
  if (!IsPredicate(0)) return left;
  // "a ilike" is a under that name.
  if (!negate && (Now(1).kind == Kind::kEnd || IsOp(",", 1) || IsOp(")", 1))) return left;
  const std::string kind = tokens_[at_++].upper;
  const bool like = kind == "LIKE" || kind == "ILIKE";
  if (like && IsOp("(", 1) && (IsWord("ALL") || IsWord("ANY") || IsWord("SOME"))) {
    return Likes(std::move(left), kind == "ILIKE", negate, begin);
  }
  SqlExprs args;
  args.push_back(std::move(left));
  SOTERIA_ASSIGN_OR_RETURN(args.emplace_back(), Comparison());
  if (like && IsWord("ESCAPE") && Now(1).kind == Kind::kString) {
    const SqlToken& escape = Now(1);
    at_ += 2;
    if (!IsOneUnit(escape.text)) {
      return SqlFailureOver(kEscape,
                            base::Cat("Found an invalid escape string: '", escape.text,
                                      "'. The escape string must contain only one character."),
                            sql_, tokens_[begin].begin, escape.end);
    }
    args.push_back(StringNode(escape.text));
  }
  return NegatedIf(negate, CallNode(like ? base::Lower(kind) : "rlike", std::move(args)));
}

/// Behind LIKE or ILIKE: ALL, ANY or SOME (patterns).
SqlParser::ExprOr SqlParser::Likes(SqlExpr left, bool any_case, bool negate, size_t begin) {
  const bool all = IsWord("ALL");
  at_ += 2;
  if (TakeOp(")")) {
    return SqlFailureOver(kEmptyPatterns,
                          "Invalid SQL syntax: Expected something between '(' and ')'.", sql_,
                          tokens_[begin].begin, tokens_[at_ - 1].end);
  }
  SqlExprs args;
  args.push_back(std::move(left));
  do {
    SOTERIA_ASSIGN_OR_RETURN(args.emplace_back(), Or());
  } while (TakeOp(","));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  const bool texts = std::all_of(args.begin() + 1, args.end(), [](const SqlExpr& arg) {
    return arg.proto->literal().has_string();
  });
  if (texts) {
    for (size_t i = 1; any_case && i < args.size(); ++i) {
      auto* literal = args[i].proto->mutable_literal();
      literal->set_string(table::LowerCase(literal->string()));
    }
    if (any_case) {
      SOTERIA_ASSIGN_OR_RETURN(args[0], CallNode("lower", std::move(args[0])));
    }
    return CallNode(all      ? negate ? exec::kNotLikeAll : exec::kLikeAll
                    : negate ? exec::kNotLikeAny
                             : exec::kLikeAny,
                    std::move(args), /*internal=*/true);
  }
  std::optional<SqlExpr> whole;
  for (size_t i = 1; i < args.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr text, Copy(args[0]));
    SOTERIA_ASSIGN_OR_RETURN(
        SqlExpr one, NegatedIf(negate, CallNode(any_case ? "ilike" : "like", std::move(text),
                                                std::move(args[i]))));
    if (!whole.has_value()) {
      whole = std::move(one);
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(whole,
                             CallNode(all ? "and" : "or", *std::move(whole), std::move(one)));
  }
  return *std::move(whole);
}

SqlParser::ExprOr SqlParser::Is(SqlExpr left) {
  if (IsOp("!")) return BangIsNot();
  const bool negate = TakeWord("NOT");
  if (TakeWord("UNKNOWN")) {
    // Spark keeps what a constant was asked, and requires a truth value of it; all else it asks for
    // null.
    const auto& literal = left.proto->literal();
    if (left.proto->has_literal() && !literal.has_null()) {
      SqlExprs args;
      args.push_back(std::move(left));
      return CallNode(negate ? exec::kIsNotUnknown : exec::kIsUnknown, std::move(args),
                      /*internal=*/true);
    }
    return CallNode(negate ? "isnotnull" : "isnull", std::move(left));
  }
  if (TakeWord("NULL")) {
    return CallNode(negate ? "isnotnull" : "isnull", std::move(left));
  }
  if (IsWord("TRUE") || IsWord("FALSE")) {
    const bool value = IsWord("TRUE");
    ++at_;
    return NegatedIf(negate, CallNode("<=>", std::move(left), BooleanNode(value)));
  }
  if (TakeWord("DISTINCT")) {
    SOTERIA_RETURN_IF_ERROR(NeedWord("FROM"));
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr right, Comparison());
    return NegatedIf(!negate, CallNode("<=>", std::move(left), std::move(right)));
  }
  return Error();
}

SqlParser::ExprOr SqlParser::In(SqlExpr left) {
  const size_t begin = tokens_[at_ - 1].begin;
  const bool of_row = IsInternal(*left.proto, kSqlTuple);
  SOTERIA_RETURN_IF_ERROR(Need("("));
  SqlExprs args;
  args.push_back(std::move(left));
  if (QueryHere() && of_row) {
    SqlExprs values;
    auto* row = args[0].proto->mutable_unresolved_function()->mutable_arguments();
    for (auto& value : *row) {
      values.push_back(NullNode());
      values.back().proto->Swap(value.has_alias() ? value.mutable_alias()->mutable_expr() : &value);
    }
    values[0].height = args[0].height;
    values[0].size = args[0].size;
    return InSubquery(std::move(values));
  }
  if (QueryHere()) return InSubquery(std::move(args));
  SOTERIA_RETURN_IF_ERROR(Arguments(&args));
  if (args.size() < 2) {
    return SqlFailureOver(kEmptyIn,
                          "Invalid SQL syntax: IN predicate requires at least one value. Empty IN "
                          "clauses like 'IN ()' are not allowed. Consider using 'WHERE FALSE' if "
                          "you need an always-false condition, or provide at least one value in "
                          "the IN list.",
                          sql_, begin, tokens_[at_ - 1].end);
  }
  return CallNode("in", std::move(args));
}

SqlParser::ExprOr SqlParser::Between(SqlExpr left) {
  SqlExprs args;
  args.push_back(std::move(left));
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr low, Comparison());
  SOTERIA_RETURN_IF_ERROR(NeedWord("AND"));
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr high, Comparison());
  args.push_back(std::move(low));
  args.push_back(std::move(high));
  return CallNode("between", std::move(args));
}

}  // namespace soteria::connect
