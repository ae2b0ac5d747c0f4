#include "src/connect/sql_expression.h"

#include <algorithm>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_error.h"
#include "src/connect/sql_parser.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;

/// Words that begin a clause behind a SELECT item, if what follows lets them.
constexpr std::string_view kClauses[] = {"FROM",    "WHERE",     "GROUP",      "HAVING", "ORDER",
                                         "LIMIT",   "OFFSET",    "UNION",      "EXCEPT", "MINUS",
                                         "SORT",    "INTERSECT", "LATERAL",    "WINDOW", "CLUSTER",
                                         "QUALIFY", "SETMINUS",  "DISTRIBUTE", "SELECT"};
/// Those that are only one before BY.
constexpr std::string_view kBeforeBy[] = {"GROUP", "ORDER", "SORT", "CLUSTER", "DISTRIBUTE"};

template <size_t n>
bool IsIn(const std::string_view (&words)[n], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

}  // namespace

SqlParser::ExprOr SqlParser::WholeItem() {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr item, Item());
  SOTERIA_RETURN_IF_ERROR(AtEnd(Now(1).kind == Kind::kEnd));
  return item;
}

SqlParser::ExprOr SqlParser::WholeExpression() {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr expr, Or());
  SOTERIA_RETURN_IF_ERROR(AtEnd(Now(1).kind == Kind::kEnd));
  return expr;
}

/// Is the word at hand the beginning of the next clause? No word of Spark's is reserved: what
/// follows decides.
bool SqlParser::EndsItem() const {
  if (Now().kind != Kind::kWord || !IsIn(kClauses, Now().upper)) return false;
  if (IsIn(kBeforeBy, Now().upper)) return IsWord("BY", 1);
  if (IsWord("LATERAL")) return IsWord("VIEW", 1);
  if (IsWord("WINDOW")) return IsName(1) && IsWord("AS", 2);
  return Now(1).kind != Kind::kEnd && !IsOp(",", 1) && !IsOp(")", 1);
}

bool SqlParser::AliasHere() const { return IsName() && !EndsItem(); }

SqlParser::ExprOr SqlParser::Item() {
  if (std::optional<SqlExpr> star = TryStar(); star.has_value()) return Star(*std::move(star));
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr expr, Or());
  const bool as = TakeWord("AS");
  if (IsOp("(") && IsName(1) && (as || IsOp(",", 2) || IsOp(")", 2))) {
    SOTERIA_ASSIGN_OR_RETURN(Name names, IdentifierList());
    return AliasNode(std::move(expr), std::move(names));
  }
  // "a AS from FROM t"
  const bool before_clause = as && Now(1).kind == Kind::kWord && IsIn(kClauses, Now(1).upper);
  if (AliasHere() || (before_clause && IsName())) {
    return AliasNode(std::move(expr), {tokens_[at_++].text});
  }
  if (!as) return expr;
  return AliasNode(std::move(expr), {tokens_[at_ - 1].text});  // "a as"
}

/// `*` or `t.*`
std::optional<SqlExpr> SqlParser::TryStar() {
  size_t ahead = 0;
  Name qualifier;
  while (IsName(ahead) && IsOp(".", ahead + 1)) {
    qualifier.push_back(Now(ahead).text);
    ahead += 2;
  }
  if (!IsOp("*", ahead)) return std::nullopt;
  at_ += ahead + 1;
  return StarNode(qualifier);
}

/// Behind a star: EXCEPT (a, b).
SqlParser::ExprOr SqlParser::Star(SqlExpr star) {
  if (!IsWord("EXCEPT") || !IsOp("(", 1) || IsQueryStart(1)) return star;
  at_ += 2;
  SqlExprs args;
  args.push_back(std::move(star));
  do {
    SOTERIA_ASSIGN_OR_RETURN(const Name name, Identifiers());
    args.push_back(NameNode(name));
  } while (TakeOp(","));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  return CallNode(kSqlStarExcept, std::move(args), /*internal=*/true);
}

SqlParser::ExprOr SqlParser::Or() {
  SOTERIA_RETURN_IF_ERROR(Deeper());
  const Nested nested(&depth_);
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr left, And());
  while (TakeWord("OR")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr right, And());
    SOTERIA_ASSIGN_OR_RETURN(left, CallNode("or", std::move(left), std::move(right)));
  }
  return left;
}

SqlParser::ExprOr SqlParser::And() {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr left, Not());
  while (TakeWord("AND")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr right, Not());
    SOTERIA_ASSIGN_OR_RETURN(left, CallNode("and", std::move(left), std::move(right)));
  }
  return left;
}

SqlParser::ExprOr SqlParser::Comparison() {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr left, Binary(0));
  while (Now().kind == Kind::kOperator) {
    std::string op = Now().text;
    const bool equal = op == "=" || op == "==";
    const bool unequal = op == "<>" || op == "!=";
    if (!equal && !unequal && op != "<" && op != ">" && op != "<=" && op != ">=" && op != "<=>" &&
        op != "!<" && op != "!>") {
      break;
    }
    ++at_;
    if (op.starts_with('!') && !unequal) op = op == "!<" ? ">=" : "<=";
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr right, Binary(0));
    SOTERIA_ASSIGN_OR_RETURN(
        left, CallNode(equal || unequal ? "==" : op, std::move(left), std::move(right)));
    if (!unequal) continue;
    SOTERIA_ASSIGN_OR_RETURN(left, CallNode("not", std::move(left)));
  }
  return left;
}

/// Tokens of the shift at hand (<<, >>, >>>), 0 for none: types are closed by the same signs.
size_t SqlParser::ShiftTokens() const {
  if (!IsOp("<") && !IsOp(">")) return 0;
  size_t tokens = 1;
  while (tokens < 3 && IsOp(Now().text, tokens) && Now(tokens - 1).end == Now(tokens).begin) {
    ++tokens;
  }
  if (tokens == 1) return 0;
  return IsOp("<") ? 2 : tokens;
}

/// The binary operator at hand; of level -1 for none.
SqlParser::Operator SqlParser::OperatorHere() const {
  static constexpr int kShift = 3;
  static constexpr std::string_view kLevels[][4] = {{"|", "", "", ""},    {"^", "", "", ""},
                                                    {"&", "", "", ""},    {"", "", "", ""},
                                                    {"+", "-", "||", ""}, {"*", "/", "%", "DIV"}};
  const SqlToken& now = Now();
  if (const size_t tokens = ShiftTokens(); tokens > 0) {
    return {kShift, std::string(tokens, now.text[0]), tokens};
  }
  for (int level = 0; level < static_cast<int>(std::size(kLevels)); ++level) {
    for (const std::string_view op : kLevels[level]) {
      if (op.empty()) continue;
      const bool word = now.kind == Kind::kWord && now.upper == op;
      if (!word && (now.kind != Kind::kOperator || now.text != op)) continue;
      return {level, word ? "div" : op == "||" ? "concat" : now.text, 1};
    }
  }
  return {-1, "", 0};
}

SqlParser::ExprOr SqlParser::Binary(int level) {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr left, Unary());
  for (Operator its = OperatorHere(); its.level >= level; its = OperatorHere()) {
    at_ += its.tokens;
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr right, Binary(its.level + 1));
    SOTERIA_ASSIGN_OR_RETURN(left, CallNode(its.function, std::move(left), std::move(right)));
  }
  return left;
}

SqlParser::ExprOr SqlParser::Unary() {
  SOTERIA_RETURN_IF_ERROR(Deeper());
  const Nested nested(&depth_);
  SOTERIA_RETURN_IF_ERROR(Count(1));
  if (IsOp("-") && Now(1).kind == Kind::kNumber) {
    at_ += 2;
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr literal, Number(tokens_[at_ - 1], /*negative=*/true));
    return Postfix(std::move(literal), /*name=*/false);
  }
  for (const char* op : {"-", "~", "+"}) {
    if (!TakeOp(op)) continue;
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr operand, Unary());
    return CallNode(op, std::move(operand));
  }
  bool name = false;
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr primary, Primary(&name));
  return Postfix(std::move(primary), name);
}

SqlParser::ExprOr SqlParser::Postfix(SqlExpr expr, bool name) {
  while (true) {
    if (TakeOp("[")) {
      SOTERIA_ASSIGN_OR_RETURN(SqlExpr index, Or());
      SOTERIA_RETURN_IF_ERROR(Need("]"));
      SOTERIA_ASSIGN_OR_RETURN(expr, ExtractNode(std::move(expr), std::move(index)));
    } else if (TakeOp("::")) {
      SOTERIA_ASSIGN_OR_RETURN(const std::string type, Type());
      SOTERIA_ASSIGN_OR_RETURN(expr, CastNode(std::move(expr), type, /*try_cast=*/false));
    } else if (IsOp(".") && !name) {
      ++at_;
      SOTERIA_ASSIGN_OR_RETURN(const std::string field, Identifier());
      SOTERIA_ASSIGN_OR_RETURN(expr, ExtractNode(std::move(expr), StringNode(field)));
    } else {
      return expr;
    }
    name = false;
  }
}

SqlParser::ExprOr SqlParser::Primary(bool* name) {
  switch (Now().kind) {
    case Kind::kNumber:
      ++at_;
      return Number(tokens_[at_ - 1], /*negative=*/false);
    case Kind::kString: {
      // Neighbours are one text.
      std::string text;
      for (; Now().kind == Kind::kString; ++at_) text += Now().text;
      return StringNode(text);
    }
    case Kind::kQuotedName:
      if (IsOp("(", 1)) return Function();
      *name = true;
      return ColumnName();
    case Kind::kWord:
      return Word(name);
    case Kind::kOperator:
      if (IsOp("(")) return Parenthesised();
      if ((IsOp(":") && IsName(1)) || IsOp("?")) return Parameter();
      return Error();
    case Kind::kEnd:
      return Error();
  }
  return Error();
}

SqlParser::ExprOr SqlParser::Parenthesised() {
  ++at_;
  if (LambdaHere()) {
    --at_;
    return Lambda();
  }
  if (QueryHere()) return ScalarSubquery();
  SqlExprs values;
  do {
    std::optional<SqlExpr> star = TryStar();
    SqlExpr value = NullNode();
    if (star.has_value()) {
      value = *std::move(star);
    } else {
      SOTERIA_ASSIGN_OR_RETURN(value, Or());
    }
    if (values.empty() && TakeOp(")")) return value;
    if (TakeWord("AS") || IsName()) {
      SOTERIA_ASSIGN_OR_RETURN(std::string name, Identifier());
      SOTERIA_ASSIGN_OR_RETURN(value, AliasNode(std::move(value), {std::move(name)}));
    }
    values.push_back(std::move(value));
    if (values.size() == 1 && !IsOp(",")) return Error();
  } while (TakeOp(","));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  return CallNode(kSqlTuple, std::move(values), /*internal=*/true);
}

SqlParser::ExprOr SqlParser::ColumnName() {
  if (IsOp("->", 1)) return Lambda();
  SOTERIA_ASSIGN_OR_RETURN(const Name parts, Identifiers());
  const auto is_first = [&](const std::string& its) {
    return base::EqualIgnoringCase(its, parts[0]);
  };
  if (std::none_of(lambda_names_.begin(), lambda_names_.end(), is_first)) return NameNode(parts);
  SqlExpr variable = NameNode(parts);
  variable.proto->mutable_unresolved_named_lambda_variable()->add_name_parts(parts[0]);
  for (size_t k = 1; k < parts.size(); ++k) {
    SOTERIA_ASSIGN_OR_RETURN(variable, ExtractNode(std::move(variable), StringNode(parts[k])));
  }
  return variable;
}

SqlParser::ExprOr SqlParser::Case() {
  ++at_;
  SqlExprs args;
  std::optional<SqlExpr> subject;
  if (!IsWord("WHEN")) {
    SOTERIA_ASSIGN_OR_RETURN(subject, Or());
  }
  while (TakeWord("WHEN")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr condition, Or());
    if (subject.has_value()) {
      SOTERIA_ASSIGN_OR_RETURN(SqlExpr copy, Copy(*subject));
      SOTERIA_ASSIGN_OR_RETURN(condition, CallNode("==", std::move(copy), std::move(condition)));
    }
    SOTERIA_RETURN_IF_ERROR(NeedWord("THEN"));
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr value, Or());
    args.push_back(std::move(condition));
    args.push_back(std::move(value));
  }
  if (args.empty()) return Error();
  if (TakeWord("ELSE")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr otherwise, Or());
    args.push_back(std::move(otherwise));
  }
  SOTERIA_RETURN_IF_ERROR(NeedWord("END"));
  return CallNode("when", std::move(args));
}

}  // namespace soteria::connect
