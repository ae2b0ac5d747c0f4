#include "src/connect/sql_parser.h"

#include <algorithm>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/sql_error.h"
#include "src/connect/sql_expression.h"
#include "src/table/interval.h"
#include "src/table/type_conditions.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;

constexpr base::Condition kMissingSize = {"DATATYPE_MISSING_SIZE", base::exception_class::kParse,
                                          "42K01", absl::StatusCode::kInvalidArgument};

/// Ids of the relations of subqueries: far from those that a client counts from 0.
constexpr int64_t kFirstReference = int64_t{1} << 40;

std::vector<size_t> PlacesOf(std::string_view op, const std::vector<SqlToken>& tokens) {
  std::vector<size_t> places;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind == Kind::kOperator && tokens[i].text == op) places.push_back(i);
  }
  return places;
}

}  // namespace

SqlParser::SqlParser(std::string_view sql, std::vector<SqlToken> tokens, const SqlContext& context)
    : sql_(sql),
      tokens_(std::move(tokens)),
      positional_(PlacesOf("?", tokens_)),
      context_(context),
      next_reference_(kFirstReference) {}

SqlParser::~SqlParser() = default;

const SqlToken& SqlParser::Now(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool SqlParser::IsWord(std::string_view upper, size_t ahead) const {
  return Now(ahead).kind == Kind::kWord && Now(ahead).upper == upper;
}

bool SqlParser::IsWords(std::string_view first, std::string_view second, size_t ahead) const {
  return IsWord(first, ahead) && IsWord(second, ahead + 1);
}

bool SqlParser::IsOp(std::string_view op, size_t ahead) const {
  return Now(ahead).kind == Kind::kOperator && Now(ahead).text == op;
}

bool SqlParser::IsName(size_t ahead) const {
  return Now(ahead).kind == Kind::kWord || Now(ahead).kind == Kind::kQuotedName;
}

bool SqlParser::IsQueryStart(size_t ahead) const {
  if (IsWord("VALUES", ahead)) return !IsOp(",", ahead + 1) && !IsOp(")", ahead + 1);
  if (IsWord("SELECT", ahead)) return true;
  if (IsWord("FROM", ahead)) return IsName(ahead + 1) || IsOp("(", ahead + 1);
  return (IsWord("WITH", ahead) || IsWord("TABLE", ahead)) && IsName(ahead + 1);
}

/// After "(": is it a query that the parentheses hold, be it one that begins with others?
bool SqlParser::QueryHere() const {
  if (IsQueryStart()) return true;
  size_t first = 0;
  while (IsOp("(", first)) ++first;
  if (first == 0 || !IsQueryStart(first)) return false;
  // What is behind the first of the inner ones' end?
  size_t end = 0;
  int open = 0;
  do {
    if (Now(end).kind == Kind::kEnd) return false;
    if (IsOp("(", end)) ++open;
    if (IsOp(")", end)) --open;
    ++end;
  } while (open > 0);
  for (const std::string_view word :
       {"UNION", "INTERSECT", "EXCEPT", "MINUS", "SETMINUS", "ORDER", "SORT", "LIMIT", "OFFSET"}) {
    if (IsWord(word, end)) return true;
  }
  return false;
}

bool SqlParser::TakeWord(std::string_view upper) {
  if (!IsWord(upper)) return false;
  ++at_;
  return true;
}

bool SqlParser::TakeWords(std::string_view first, std::string_view second) {
  if (!IsWords(first, second)) return false;
  at_ += 2;
  return true;
}

bool SqlParser::TakeOp(std::string_view op) {
  if (!IsOp(op)) return false;
  ++at_;
  return true;
}

base::Status SqlParser::ErrorAt(size_t token) const {
  const SqlToken& at = tokens_[std::min(token, tokens_.size() - 1)];
  return SqlSyntaxError(sql_, at.begin, at.end);
}

base::Status SqlParser::Error() const { return ErrorAt(at_); }

base::Status SqlParser::Need(std::string_view op) {
  return TakeOp(op) ? base::OkStatus() : Error();
}

base::Status SqlParser::NeedWord(std::string_view word) {
  return TakeWord(word) ? base::OkStatus() : Error();
}

base::Status SqlParser::AtEnd(bool extra) const {
  if (Now().kind == Kind::kEnd) return base::OkStatus();
  return SqlSyntaxError(sql_, Now().begin, Now().end, extra);
}

base::Status SqlParser::Deeper() const {
  return depth_ >= kSqlDepthMax ? NestedTooDeeply() : base::OkStatus();
}

base::Status SqlParser::Count(size_t nodes) {
  nodes_ += nodes;
  if (nodes_ <= kSqlNodesMax) return base::OkStatus();
  return base::Fail(base::kParse, "The SQL text makes too many expressions.");
}

base::StatusOr<SqlExpr> SqlParser::Copy(const SqlExpr& expr) {
  SOTERIA_RETURN_IF_ERROR(Count(expr.size));
  return CopyOf(expr);
}

base::StatusOr<std::string> SqlParser::Identifier() {
  if (!IsName()) return Error();
  return tokens_[at_++].text;
}

base::StatusOr<SqlParser::Name> SqlParser::Identifiers() {
  if (NameOfTextHere()) return NameOfText();
  Name parts;
  do {
    SOTERIA_ASSIGN_OR_RETURN(std::string part, Identifier());
    parts.push_back(std::move(part));
  } while (IsOp(".") && IsName(1) && TakeOp("."));
  return parts;
}

/// "a" or "(a, b)"
base::StatusOr<SqlParser::Name> SqlParser::IdentifierOrList() {
  if (IsOp("(")) return IdentifierList();
  SOTERIA_ASSIGN_OR_RETURN(std::string name, Identifier());
  return Name{std::move(name)};
}

/// "(a, b)"
base::StatusOr<SqlParser::Name> SqlParser::IdentifierList() {
  SOTERIA_RETURN_IF_ERROR(Need("("));
  Name names;
  do {
    SOTERIA_ASSIGN_OR_RETURN(std::string name, Identifier());
    names.push_back(std::move(name));
  } while (TakeOp(","));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  return names;
}

/// The text of a type: a word, then balanced <...> or (...). To casts char(3) and varchar(3) are
/// string.
base::StatusOr<std::string> SqlParser::Type() {
  if (Now().kind != Kind::kWord) return Error();
  if (IsText() && !IsOp("(", 1)) {
    const SqlToken& type = Now();
    return SqlFailureOver(kMissingSize,
                          base::Cat("DataType \"", type.upper,
                                    "\" requires a length parameter, for "
                                    "example \"",
                                    type.upper, "\"(10). Please specify the length."),
                          sql_, type.begin, type.end);
  }
  std::string text;
  const size_t first = at_;
  const bool interval = IsWord("INTERVAL");
  const bool nested = IsWord("ARRAY") || IsWord("MAP") || IsWord("STRUCT");
  AddOfType(&text);
  if (interval && IsName() && table::IntervalNamed(base::Lower(Now().text)) != nullptr) {
    AddOfType(&text);
    if (IsWord("TO") && IsName(1)) {
      AddOfType(&text);
      AddOfType(&text);
    }
  }
  // Behind any other type these compare: `a::date < b`.
  if (IsOp("(") || (nested && (IsOp("<") || IsOp("<>")))) {
    int open = 0;
    do {
      if (Now().kind == Kind::kEnd) return Error();
      if (IsOp("(") || IsOp("<")) ++open;
      if (IsOp(")") || IsOp(">")) --open;
      AddOfType(&text);
    } while (open > 0);
  }
  const base::Status known = table::TypeFromDdl(text).status();
  if (base::Is(known, table::kUnknownType)) {
    return SqlFailureOver(table::kUnknownType, base::Message(known), sql_, tokens_[first].begin,
                          tokens_[at_ - 1].end);
  }
  SOTERIA_RETURN_IF_ERROR(known);
  return text;
}

void SqlParser::AddOfType(std::string* text) {
  const bool sized = IsText() && IsOp("(", 1) && Now(2).kind == Kind::kNumber && IsOp(")", 3);
  *text += sized ? " string" : base::Cat(" ", sql_.substr(Now().begin, Now().end - Now().begin));
  at_ += sized ? 4 : 1;
}

/// A type of texts of a length.
bool SqlParser::IsText() const {
  return IsWord("CHAR") || IsWord("CHARACTER") || IsWord("VARCHAR");
}

/// Tokens of the dotted name that begins here.
size_t SqlParser::PartsAhead() const {
  size_t ahead = 1;
  while (IsOp(".", ahead) && IsName(ahead + 1)) ahead += 2;
  return ahead;
}

base::StatusOr<SqlStatement> ParseSql(std::string_view sql, const SqlContext& context) {
  SOTERIA_ASSIGN_OR_RETURN(auto tokens, CutSql(sql));
  return SqlParser(sql, std::move(tokens), context).WholeStatement();
}

base::StatusOr<ExpressionPtr> ParseSqlItem(std::string_view sql, const std::string& zone) {
  SOTERIA_ASSIGN_OR_RETURN(auto tokens, CutSql(sql));
  const SqlContext context{zone};
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr item, SqlParser(sql, std::move(tokens), context).WholeItem());
  return std::move(item.proto);
}

base::StatusOr<std::vector<std::string>> ParseSqlName(std::string_view sql) {
  SOTERIA_ASSIGN_OR_RETURN(auto tokens, CutSql(sql));
  return SqlParser(sql, std::move(tokens), {}).WholeName();
}

base::StatusOr<ExpressionPtr> ParseSqlExpression(std::string_view sql, const std::string& zone) {
  SOTERIA_ASSIGN_OR_RETURN(auto tokens, CutSql(sql));
  const SqlContext context{zone};
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr expr,
                           SqlParser(sql, std::move(tokens), context).WholeExpression());
  return std::move(expr.proto);
}

}  // namespace soteria::connect
