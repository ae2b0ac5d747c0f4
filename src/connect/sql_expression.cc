#include "src/connect/sql_expression.h"

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_literal.h"
#include "src/connect/sql_number.h"
#include "src/connect/sql_tokens.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;
using exec::ExprPtr;

constexpr base::Condition kEmptyStatement = {"PARSE_EMPTY_STATEMENT", base::exception_class::kParse,
                                             "42617", absl::StatusCode::kInvalidArgument};

constexpr base::Condition kEmptyIn = {"INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE",
                                      base::exception_class::kParse, "42000",
                                      absl::StatusCode::kInvalidArgument};
constexpr base::Condition kUnboundParameter = {"UNBOUND_SQL_PARAMETER",
                                               base::exception_class::kAnalysis, "42P02",
                                               absl::StatusCode::kInvalidArgument};

/// Words that can't be a column name without backticks where an operand is expected.
constexpr std::string_view kReserved[] = {
    "AND",  "OR",   "NOT", "IN", "IS",  "BETWEEN",  "LIKE", "RLIKE",  "CASE", "WHEN",
    "THEN", "ELSE", "END", "AS", "DIV", "DISTINCT", "FROM", "SELECT", "WHERE"};
constexpr std::string_view kClocks[] = {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP",
                                        "CURRENT_USER", "SESSION_USER", "USER",
                                        "LOCALTIME"};
bool IsClock(std::string_view word) {
  return std::find(std::begin(kClocks), std::end(kClocks), word) != std::end(kClocks);
}
bool IsReserved(std::string_view word) {
  return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
}

/// An expression with its height, so that no tree higher than exec takes is ever built.
struct Node {
  ExprPtr expr;
  int height = 1;
};
using NodeOr = base::StatusOr<Node>;

class Parser {
 public:
  Parser(std::string_view sql, std::vector<SqlToken> tokens, const NameResolver& resolve,
         const std::string& zone)
      : sql_(sql), tokens_(std::move(tokens)), resolve_(resolve), zone_(zone) {}

  base::StatusOr<SqlItem> Item() {
    SqlItem item;
    if (TryStar(&item)) {
      SOTERIA_RETURN_IF_ERROR(AtEnd());
      return item;
    }
    SOTERIA_ASSIGN_OR_RETURN(Node node, Or());
    item.expr = std::move(node.expr);
    const bool as = TakeWord("AS");
    if (Now().kind == Kind::kQuotedName ||
        (Now().kind == Kind::kWord && !IsReserved(Now().upper))) {
      item.alias = Now().text;
      ++at_;
    } else if (as) {
      if (Now().kind != Kind::kEnd) return Error();
      item.alias = tokens_[at_ - 1].text;  // "a as": no word of Spark's is reserved
    } else if (item.expr == named_struct_.first) {
      item.alias = named_struct_.second;
    }
    SOTERIA_RETURN_IF_ERROR(AtEnd());
    return item;
  }

  base::StatusOr<ExprPtr> Whole() {
    SOTERIA_ASSIGN_OR_RETURN(Node node, Or());
    SOTERIA_RETURN_IF_ERROR(AtEnd());
    return std::move(node.expr);
  }

 private:
  /// Counts nesting for as long as it lives.
  class Nested {
   public:
    explicit Nested(int* depth) : depth_(depth) { ++*depth_; }
    ~Nested() { --*depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    int* depth_;
  };

  const SqlToken& Now(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool IsWord(std::string_view upper, size_t ahead = 0) const {
    return Now(ahead).kind == Kind::kWord && Now(ahead).upper == upper;
  }
  bool IsOp(std::string_view op, size_t ahead = 0) const {
    return Now(ahead).kind == Kind::kOperator && Now(ahead).text == op;
  }
  bool TakeWord(std::string_view upper) {
    if (!IsWord(upper)) return false;
    ++at_;
    return true;
  }
  bool TakeOp(std::string_view op) {
    if (!IsOp(op)) return false;
    ++at_;
    return true;
  }
  base::Status Error() const {
    if (tokens_.size() == 1) {
      return base::Fail(kEmptyStatement, "Syntax error, unexpected empty statement.");
    }
    const SqlToken& now = Now();
    if (now.kind == Kind::kEnd) {
      return base::Fail(base::kParse, "Syntax error at or near end of input.");
    }
    return base::Fail(base::kParse, base::Cat("Syntax error at or near '",
                                              sql_.substr(now.begin, now.end - now.begin),
                                              "' (position ", now.begin, " of the expression)."));
  }
  base::Status Need(std::string_view op) { return TakeOp(op) ? base::OkStatus() : Error(); }
  base::Status NeedWord(std::string_view word) {
    return TakeWord(word) ? base::OkStatus() : Error();
  }
  base::Status AtEnd() const { return Now().kind == Kind::kEnd ? base::OkStatus() : Error(); }

  static NodeOr Make(std::string function, std::vector<Node> args) {
    int height = 0;
    std::vector<ExprPtr> exprs;
    for (Node& arg : args) {
      height = std::max(height, arg.height);
      exprs.push_back(std::move(arg.expr));
    }
    if (height + 1 > exec::kExprDepthMax) {
      return base::Fail(base::kParse, "The expression is nested too deeply.");
    }
    return Node{exec::Call(std::move(function), std::move(exprs)), height + 1};
  }
  static NodeOr Make(std::string function, Node a) {
    std::vector<Node> args;
    args.push_back(std::move(a));
    return Make(std::move(function), std::move(args));
  }
  static NodeOr Make(std::string function, Node a, Node b) {
    std::vector<Node> args;
    args.push_back(std::move(a));
    args.push_back(std::move(b));
    return Make(std::move(function), std::move(args));
  }
  static NodeOr NegatedIf(bool negate, NodeOr node) {
    if (!node.ok() || !negate) return node;
    return Make("not", *std::move(node));
  }

  bool TryStar(SqlItem* item) {
    size_t ahead = 0;
    std::vector<std::string> qualifier;
    while ((Now(ahead).kind == Kind::kWord || Now(ahead).kind == Kind::kQuotedName) &&
           IsOp(".", ahead + 1)) {
      qualifier.push_back(Now(ahead).text);
      ahead += 2;
    }
    if (!IsOp("*", ahead)) return false;
    at_ += ahead + 1;
    item->star = true;
    item->star_qualifier = std::move(qualifier);
    return true;
  }

  NodeOr Or() {
    if (depth_ >= kSqlDepthMax) {
      return base::Fail(base::kParse, "The expression is nested too deeply.");
    }
    const Nested nested(&depth_);
    SOTERIA_ASSIGN_OR_RETURN(Node left, And());
    while (TakeWord("OR")) {
      SOTERIA_ASSIGN_OR_RETURN(Node right, And());
      SOTERIA_ASSIGN_OR_RETURN(left, Make("or", std::move(left), std::move(right)));
    }
    return left;
  }

  NodeOr And() {
    SOTERIA_ASSIGN_OR_RETURN(Node left, Not());
    while (TakeWord("AND")) {
      SOTERIA_ASSIGN_OR_RETURN(Node right, Not());
      SOTERIA_ASSIGN_OR_RETURN(left, Make("and", std::move(left), std::move(right)));
    }
    return left;
  }

  NodeOr Not() {
    bool negate = false;
    while (TakeWord("NOT") || TakeOp("!")) negate = !negate;
    return NegatedIf(negate, Predicate());
  }

  /// At most one: `a IS NULL IS NULL` is none.
  NodeOr Predicate() {
    SOTERIA_ASSIGN_OR_RETURN(Node left, Comparison());
    if (TakeWord("IS")) return Is(std::move(left));
    const size_t behind_not = IsWord("NOT") ? 1 : 0;
    if (IsWord("ILIKE", behind_not) && Now(behind_not + 1).kind != Kind::kEnd) {
      return base::NotSupported("ILIKE");
    }
    const bool negate =
        IsWord("NOT") && (IsWord("IN", 1) || IsWord("BETWEEN", 1) || IsWord("LIKE", 1) ||
                          IsWord("RLIKE", 1) || IsWord("REGEXP", 1));
    if (negate) ++at_;
    if (TakeWord("IN")) return NegatedIf(negate, In(std::move(left)));
    if (TakeWord("BETWEEN")) return NegatedIf(negate, Between(std::move(left)));
    if (!IsWord("LIKE") && !IsWord("RLIKE") && !IsWord("REGEXP")) return left;
    const char* function = IsWord("LIKE") ? "like" : "rlike";
    ++at_;
    for (const std::string_view which : {"ANY", "SOME", "ALL"}) {
      if (IsWord(which) && IsOp("(", 1)) return base::NotSupported(base::Cat("LIKE ", which));
    }
    SOTERIA_ASSIGN_OR_RETURN(Node pattern, Comparison());
    if (IsWord("ESCAPE") && Now(1).kind == Kind::kString) {
      return base::NotSupported("LIKE with ESCAPE");
    }
    return NegatedIf(negate, Make(function, std::move(left), std::move(pattern)));
  }

  NodeOr Is(Node left) {
    const bool negate = TakeWord("NOT");
    if (TakeWord("NULL") || TakeWord("UNKNOWN")) {
      return Make(negate ? "isnotnull" : "isnull", std::move(left));
    }
    if (IsWord("TRUE") || IsWord("FALSE")) {
      const Node value{exec::Literal(IsWord("TRUE"))};
      ++at_;
      return NegatedIf(negate, Make("<=>", std::move(left), value));
    }
    if (TakeWord("DISTINCT")) {
      SOTERIA_RETURN_IF_ERROR(NeedWord("FROM"));
      SOTERIA_ASSIGN_OR_RETURN(Node right, Comparison());
      return NegatedIf(!negate, Make("<=>", std::move(left), std::move(right)));
    }
    return Error();
  }

  NodeOr In(Node left) {
    SOTERIA_RETURN_IF_ERROR(Need("("));
    std::vector<Node> args;
    args.push_back(std::move(left));
    SOTERIA_RETURN_IF_ERROR(Arguments(&args));
    if (args.size() < 2) {
      return base::Fail(kEmptyIn, "Invalid SQL syntax: IN predicate requires at least one value.");
    }
    return Make("in", std::move(args));
  }

  NodeOr Between(Node left) {
    SOTERIA_ASSIGN_OR_RETURN(Node low, Comparison());
    SOTERIA_RETURN_IF_ERROR(NeedWord("AND"));
    SOTERIA_ASSIGN_OR_RETURN(Node high, Comparison());
    std::vector<Node> args;
    args.push_back(std::move(left));
    args.push_back(std::move(low));
    args.push_back(std::move(high));
    return Make("between", std::move(args));
  }

  NodeOr Comparison() {
    SOTERIA_ASSIGN_OR_RETURN(Node left, Binary(0));
    while (Now().kind == Kind::kOperator) {
      std::string op = Now().text;
      if ((op == "<" || op == ">") && IsOp(op, 1) && Now().end == Now(1).begin) {
        return base::NotSupported("A shift (<<, >>, >>>)");
      }
      const bool equal = op == "=" || op == "==";
      const bool unequal = op == "<>" || op == "!=";
      if (!equal && !unequal && op != "<" && op != ">" && op != "<=" && op != ">=" && op != "<=>" &&
          op != "!<" && op != "!>") {
        break;
      }
      ++at_;
      if (op.starts_with('!') && !unequal) op = op == "!<" ? ">=" : "<=";
      SOTERIA_ASSIGN_OR_RETURN(Node right, Binary(0));
      SOTERIA_ASSIGN_OR_RETURN(left, NegatedIf(unequal, Make(equal || unequal ? "==" : op,
                                                             std::move(left), std::move(right))));
    }
    return left;
  }

  /// The binary operator at hand if it binds at that level, as exec calls it.
  std::string BinaryOperator(int level) const {
    static constexpr std::string_view kLevels[][4] = {{"|", "", "", ""},
                                                      {"^", "", "", ""},
                                                      {"&", "", "", ""},
                                                      {"+", "-", "||", ""},
                                                      {"*", "/", "%", "DIV"}};
    const SqlToken& now = Now();
    for (const std::string_view op : kLevels[level]) {
      if (op.empty()) continue;
      if (now.kind == Kind::kOperator && now.text == op) return op == "||" ? "concat" : now.text;
      if (now.kind == Kind::kWord && now.upper == op) return "div";
    }
    return "";
  }
  static constexpr int kBinaryLevels = 5;

  NodeOr Binary(int level) {
    if (level == kBinaryLevels) return Unary();
    SOTERIA_ASSIGN_OR_RETURN(Node left, Binary(level + 1));
    for (std::string op = BinaryOperator(level); !op.empty(); op = BinaryOperator(level)) {
      ++at_;
      SOTERIA_ASSIGN_OR_RETURN(Node right, Binary(level + 1));
      SOTERIA_ASSIGN_OR_RETURN(left, Make(std::move(op), std::move(left), std::move(right)));
    }
    return left;
  }

  NodeOr Unary() {
    if (depth_ >= kSqlDepthMax) {
      return base::Fail(base::kParse, "The expression is nested too deeply.");
    }
    const Nested nested(&depth_);
    if (IsOp("-") && Now(1).kind == Kind::kNumber) {
      ++at_;
      const SqlToken number = Now();
      ++at_;
      SOTERIA_ASSIGN_OR_RETURN(ExprPtr literal, SqlNumber(number.text, /*negative=*/true));
      return Postfix(Node{std::move(literal)});
    }
    for (const char* op : {"-", "~", "+"}) {
      if (!TakeOp(op)) continue;
      SOTERIA_ASSIGN_OR_RETURN(Node operand, Unary());
      return Make(op, std::move(operand));
    }
    SOTERIA_ASSIGN_OR_RETURN(Node primary, Primary());
    return Postfix(std::move(primary));
  }

  NodeOr Postfix(Node node) {
    while (true) {
      if (TakeOp("[")) {
        SOTERIA_ASSIGN_OR_RETURN(Node index, Or());
        SOTERIA_RETURN_IF_ERROR(Need("]"));
        SOTERIA_ASSIGN_OR_RETURN(node, Make("extract", std::move(node), std::move(index)));
      } else if (TakeOp("::")) {
        const size_t begin = Now().begin;
        SOTERIA_RETURN_IF_ERROR(SkipType());
        SOTERIA_ASSIGN_OR_RETURN(node, MakeCast(std::move(node), begin, false));
      } else if (IsOp(".") && node.expr->kind != exec::Expr::Kind::kColumn) {
        ++at_;
        if (Now().kind != Kind::kWord && Now().kind != Kind::kQuotedName) return Error();
        const Node name{exec::Literal(std::string_view(Now().text))};
        ++at_;
        SOTERIA_ASSIGN_OR_RETURN(node, Make("extract", std::move(node), name));
      } else {
        return node;
      }
    }
  }

  NodeOr Primary() {
    const SqlToken now = Now();
    switch (now.kind) {
      case Kind::kNumber: {
        ++at_;
        SOTERIA_ASSIGN_OR_RETURN(ExprPtr literal, SqlNumber(now.text, /*negative=*/false));
        return Node{std::move(literal)};
      }
      case Kind::kString: {
        // Neighbours are one text.
        std::string text;
        for (; Now().kind == Kind::kString; ++at_) text += Now().text;
        return Node{exec::Literal(std::string_view(text))};
      }
      case Kind::kQuotedName:
        return Name();
      case Kind::kWord:
        return Word(now);
      case Kind::kOperator:
        if (TakeOp("(")) {
          if (IsWord("SELECT")) return base::NotSupported("A subquery");
          SOTERIA_ASSIGN_OR_RETURN(Node inner, Or());
          if (IsOp(",") || IsWord("AS")) return base::NotSupported("A row (a, b)", "struct(a, b)");
          SOTERIA_RETURN_IF_ERROR(Need(")"));
          return inner;
        }
        if (IsOp(":") && Now(1).kind == Kind::kWord) {
          return base::Fail(kUnboundParameter,
                            base::Cat("Found the unbound parameter: ", Now(1).text, "."));
        }
        return Error();
      case Kind::kEnd:
        return Error();
    }
    return Error();
  }

  NodeOr Word(const SqlToken& word) {
    if (IsOp("(", 1) && (word.upper == "CAST" || word.upper == "TRY_CAST")) return CastCall();
    if (word.upper == "CASE") return Case();
    if (word.upper == "INTERVAL" && Now(1).kind != Kind::kEnd && Now(1).kind != Kind::kOperator) {
      return base::NotSupported("An interval");
    }
    if (word.upper == "EXISTS" && IsOp("(", 1)) {
      return base::NotSupported("A subquery");
    }
    if (IsOp("(", 1) && (!IsReserved(word.upper) || word.upper == "LIKE")) return Function();
    if (IsReserved(word.upper)) return Error();
    if (IsClock(word.upper) && !IsOp(".", 1)) return Clock();
    if (word.upper == "TRUE" || word.upper == "FALSE") {
      ++at_;
      return Node{exec::Literal(word.upper == "TRUE")};
    }
    if (word.upper == "NULL") {
      ++at_;
      return Node{exec::Literal(arrow::MakeNullScalar(arrow::null()))};
    }
    if (Now(1).kind == Kind::kString && IsTypedLiteral(word.upper)) {
      at_ += 2;
      SOTERIA_ASSIGN_OR_RETURN(ExprPtr literal,
                               TypedLiteral(word.upper, tokens_[at_ - 1].text, zone_));
      return Node{std::move(literal)};
    }
    return Name();
  }

  /// `current_date` and the like are calls without parentheses, unless a column has that name.
  NodeOr Clock() {
    const std::string name = base::Lower(Now().text);
    NodeOr column = Name();
    if (column.ok() || !base::Is(column.status(), base::kUnresolvedColumn)) return column;
    return Make(name, std::vector<Node>());
  }

  NodeOr Name() {
    std::vector<std::string> parts;
    while (true) {
      if (Now().kind != Kind::kWord && Now().kind != Kind::kQuotedName) return Error();
      parts.push_back(Now().text);
      ++at_;
      if (!IsOp(".") || (Now(1).kind != Kind::kWord && Now(1).kind != Kind::kQuotedName)) break;
      ++at_;
    }
    if (IsOp("->")) return base::NotSupported("A lambda function");
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr column, resolve_(std::move(parts)));
    return Node{std::move(column)};
  }

  /// After "(": expressions up to ")".
  base::Status Arguments(std::vector<Node>* args) {
    if (TakeOp(")")) return base::OkStatus();
    do {
      if (IsWord("SELECT")) return base::NotSupported("A subquery");
      SOTERIA_ASSIGN_OR_RETURN(Node arg, Or());
      args->push_back(std::move(arg));
    } while (TakeOp(","));
    return Need(")");
  }

  NodeOr Function() {
    const std::string name = base::Lower(Now().text);
    at_ += 2;
    std::vector<Node> args;
    if (IsWord("DISTINCT")) {
      return base::NotSupported(base::Cat("The function ", name, "() of distinct values"));
    }
    if (name == "count" && IsOp("*") && IsOp(")", 1)) {
      at_ += 2;
      args.push_back(Node{exec::Literal(int32_t{1})});
    } else if (name == "struct") {
      return Struct();
    } else {
      SOTERIA_RETURN_IF_ERROR(OwnSyntax(name));
      SOTERIA_RETURN_IF_ERROR(Arguments(&args));
    }
    for (const std::string_view clause : {"OVER", "FILTER", "WITHIN"}) {
      if (IsWord(clause) && Now(1).kind != Kind::kEnd) {
        return base::NotSupported(base::Cat("The function ", name, "() with ", clause));
      }
    }
    return Make(name, std::move(args));
  }

  /// What a few functions have between their parentheses instead of arguments.
  base::Status OwnSyntax(std::string_view name) const {
    const auto refuse = [&](std::string_view what, std::string_view instead) {
      return base::NotSupported(base::Cat(base::Upper(name), "(", what, ")"), instead);
    };
    int open = 1;
    for (size_t k = 0; open > 0 && Now(k).kind != Kind::kEnd; ++k) {
      if (IsOp("(", k)) ++open;
      if (IsOp(")", k)) --open;
      if (open != 1 || k == 0) continue;
      if (IsWord("FROM", k) && name == "extract") return refuse("... FROM ...", "");
      if (IsWord("FROM", k) && name == "trim") return refuse("... FROM ...", "");
      if (IsWord("FROM", k) && (name == "substring" || name == "substr")) {
        return refuse("... FROM ...", "commas");
      }
      if (IsWord("IN", k) && name == "position") return refuse("... IN ...", "");
      if (IsOp("*", k) && IsOp(",", k - 1)) return refuse("*", "the names of the columns");
    }
    if (IsOp("*") && (IsOp(")", 1) || IsOp(",", 1))) return refuse("*", "the names of the columns");
    return base::OkStatus();
  }

  /// After "struct(": fields may have names.
  NodeOr Struct() {
    SOTERIA_RETURN_IF_ERROR(OwnSyntax("struct"));
    std::vector<Node> values;
    std::vector<std::string> names;
    bool named = false;
    if (!TakeOp(")")) {
      do {
        if (IsWord("SELECT")) return base::NotSupported("A subquery");
        SOTERIA_ASSIGN_OR_RETURN(Node value, Or());
        const bool as = TakeWord("AS");
        std::string name;
        if (Now().kind == Kind::kQuotedName || Now().kind == Kind::kWord) {
          name = Now().text;
          named = true;
          ++at_;
        } else if (as) {
          return Error();
        }
        values.push_back(std::move(value));
        names.push_back(std::move(name));
      } while (TakeOp(","));
      SOTERIA_RETURN_IF_ERROR(Need(")"));
    }
    if (!named) return Make("struct", std::move(values));
    std::vector<Node> args;
    std::string text;
    for (size_t k = 0; k < values.size(); ++k) {
      const exec::Expr& value = *values[k].expr;
      text += base::Cat(k == 0 ? "struct(" : ", ", exec::PrettyName(value));
      if (!names[k].empty()) {
        text += base::Cat(" AS ", names[k]);
      } else if (value.kind == exec::Expr::Kind::kColumn) {
        names[k] = exec::AutoName(value);
      } else {
        names[k] = base::Cat("col", k + 1);
      }
      args.push_back(Node{exec::Literal(std::string_view(names[k]))});
      args.push_back(std::move(values[k]));
    }
    SOTERIA_ASSIGN_OR_RETURN(Node node, Make("named_struct", std::move(args)));
    named_struct_ = {node.expr, base::Cat(text, ")")};
    return node;
  }

  NodeOr Case() {
    ++at_;
    std::vector<Node> args;
    std::optional<Node> subject;
    if (!IsWord("WHEN")) {
      SOTERIA_ASSIGN_OR_RETURN(subject, Or());
    }
    while (TakeWord("WHEN")) {
      SOTERIA_ASSIGN_OR_RETURN(Node condition, Or());
      if (subject.has_value()) {
        SOTERIA_ASSIGN_OR_RETURN(condition, Make("==", *subject, std::move(condition)));
      }
      SOTERIA_RETURN_IF_ERROR(NeedWord("THEN"));
      SOTERIA_ASSIGN_OR_RETURN(Node value, Or());
      args.push_back(std::move(condition));
      args.push_back(std::move(value));
    }
    if (args.empty()) return Error();
    if (TakeWord("ELSE")) {
      SOTERIA_ASSIGN_OR_RETURN(Node otherwise, Or());
      args.push_back(std::move(otherwise));
    }
    SOTERIA_RETURN_IF_ERROR(NeedWord("END"));
    return Make("when", std::move(args));
  }

  NodeOr CastCall() {
    const bool try_cast = Now().upper == "TRY_CAST";
    at_ += 2;
    SOTERIA_ASSIGN_OR_RETURN(Node operand, Or());
    SOTERIA_RETURN_IF_ERROR(NeedWord("AS"));
    const size_t begin = Now().begin;
    SOTERIA_RETURN_IF_ERROR(SkipType());
    SOTERIA_ASSIGN_OR_RETURN(Node cast, MakeCast(std::move(operand), begin, try_cast));
    SOTERIA_RETURN_IF_ERROR(Need(")"));
    return cast;
  }

  /// Steps over a type: a word, then balanced <...> or (...).
  base::Status SkipType() {
    if (Now().kind != Kind::kWord) return Error();
    ++at_;
    if (IsOp("(") || IsOp("<") || IsOp("<>")) {
      int open = 0;
      do {
        if (Now().kind == Kind::kEnd) return Error();
        if (IsOp("(") || IsOp("<")) ++open;
        if (IsOp(")") || IsOp(">")) --open;
        ++at_;
      } while (open > 0);
    }
    return base::OkStatus();
  }

  NodeOr MakeCast(Node operand, size_t begin, bool try_cast) {
    const std::string_view text = sql_.substr(begin, tokens_[at_ - 1].end - begin);
    SOTERIA_ASSIGN_OR_RETURN(auto type, table::TypeFromDdl(text));
    return CastNode(std::move(operand), std::move(type), try_cast);
  }

  static NodeOr CastNode(Node operand, std::shared_ptr<arrow::DataType> type, bool try_cast) {
    if (operand.height + 1 > exec::kExprDepthMax) {
      return base::Fail(base::kParse, "The expression is nested too deeply.");
    }
    const int height = operand.height + 1;
    return Node{try_cast ? exec::TryCast(std::move(operand.expr), std::move(type))
                         : exec::Cast(std::move(operand.expr), std::move(type)),
                height};
  }

  std::string_view sql_;
  std::vector<SqlToken> tokens_;
  const NameResolver& resolve_;
  const std::string& zone_;
  /// The struct with names of fields that was read last, and how Spark prints it.
  std::pair<ExprPtr, std::string> named_struct_;
  size_t at_ = 0;
  int depth_ = 0;
};

/// What `parse` makes of the names by `resolve`. A text that isn't of the grammar is that first,
/// whatever is wrong with its names.
template <class Parse>
auto WithGrammarFirst(const NameResolver& resolve, Parse parse) -> decltype(parse(resolve)) {
  auto result = parse(resolve);
  if (result.ok() || base::Is(result.status(), base::kParse)) return result;
  const NameResolver any = [](std::vector<std::string> parts) -> base::StatusOr<ExprPtr> {
    return exec::Column(QuoteName(parts));
  };
  auto grammar = parse(any);
  return !grammar.ok() && base::Is(grammar.status(), base::kParse) ? grammar : result;
}

}  // namespace

base::StatusOr<SqlItem> ParseSqlItem(std::string_view sql, const NameResolver& resolve,
                                     const std::string& zone) {
  SOTERIA_ASSIGN_OR_RETURN(const auto tokens, CutSql(sql));
  return WithGrammarFirst(
      resolve, [&](const NameResolver& names) { return Parser(sql, tokens, names, zone).Item(); });
}

base::StatusOr<ExprPtr> ParseSqlExpression(std::string_view sql, const NameResolver& resolve,
                                           const std::string& zone) {
  SOTERIA_ASSIGN_OR_RETURN(const auto tokens, CutSql(sql));
  return WithGrammarFirst(
      resolve, [&](const NameResolver& names) { return Parser(sql, tokens, names, zone).Whole(); });
}

}  // namespace soteria::connect
