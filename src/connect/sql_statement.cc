#include "src/connect/sql_statement.h"

#include <algorithm>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_error.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_parser.h"
#include "src/connect/sql_relations.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;
using What = SqlStatement::Kind;

constexpr base::Condition kQualifiedView = {"INVALID_TEMP_OBJ_QUALIFIER",
                                            base::exception_class::kParse, "42602",
                                            absl::StatusCode::kInvalidArgument};
constexpr std::string_view kTimeZone = "spark.sql.session.timeZone";

/// First words of the statements that Spark has.
constexpr std::string_view kStatements[] = {
    "ADD",    "ALTER",    "ANALYZE",  "BEGIN",  "CALL",    "COMMENT", "CREATE",   "DECLARE",
    "DELETE", "DESC",     "DESCRIBE", "DFS",    "DROP",    "EXECUTE", "EXPORT",   "GRANT",
    "IMPORT", "INSERT",   "LIST",     "LOAD",   "LOCK",    "MAP",     "MERGE",    "MSCK",
    "OPEN",   "REDUCE",   "REFRESH",  "REPAIR", "REPLACE", "REVOKE",  "ROLLBACK", "SHOW",
    "SYNC",   "TRUNCATE", "UNLOCK",   "UPDATE", "USE",     "FETCH",   "CLOSE"};
/// Words between a statement's first one and the thing that it is about.
constexpr std::string_view kBetween[] = {"OR",       "REPLACE", "GLOBAL", "TEMP",  "TEMPORARY",
                                         "EXTERNAL", "IF",      "NOT",    "EXISTS"};

template <size_t n>
bool IsIn(const std::string_view (&words)[n], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::string Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

SqlStatement Of(What kind) {
  SqlStatement statement;
  statement.kind = kind;
  return statement;
}

}  // namespace

base::StatusOr<SqlStatement> SqlParser::WholeStatement() {
  if (Now().kind == Kind::kEnd) return Error();
  SOTERIA_ASSIGN_OR_RETURN(SqlStatement statement, Statement());
  while (TakeOp(";")) {
  }
  SOTERIA_RETURN_IF_ERROR(AtEnd(/*extra=*/true));
  return statement;
}

base::StatusOr<SqlStatement> SqlParser::Statement() {
  if (IsOp("(") || IsQueryStart() || IsWord("FROM")) {
    SqlStatement query = Of(What::kQuery);
    SOTERIA_RETURN_IF_ERROR(TakeQuery(&query));
    return query;
  }
  if (IsWords("CREATE", "TABLE")) return CreateTable();
  if (IsWord("CREATE")) return CreateView();
  if (IsWord("INSERT")) return Insert();
  if (IsWords("DROP", "TABLE") || IsWords("TRUNCATE", "TABLE") || IsWord("USE")) {
    return OfOneTable();
  }
  if (IsWord("REFRESH") && !IsWord("FUNCTION", 1)) return OfOneTable();
  if (IsWords("DROP", "VIEW")) return DropView();
  if (IsWord("DESCRIBE") || IsWord("DESC")) return Describe();
  if (IsWord("SHOW")) return ShowNames();
  if (IsWord("EXPLAIN")) return Explain();
  if (IsWord("SET") || IsWord("RESET")) return Set();
  if (IsWord("CACHE") || IsWord("UNCACHE") || IsWords("CLEAR", "CACHE")) return Cache();
  return RefuseStatement();
}

/// By the statement's first words: "CREATE TABLE", "INSERT", "ALTER VIEW".
base::Status SqlParser::RefuseStatement() const {
  if (Now().kind != Kind::kWord || !IsIn(kStatements, Now().upper)) return Error();
  std::string words = Now().upper;
  size_t ahead = 1;
  while (Now(ahead).kind == Kind::kWord && IsIn(kBetween, Now(ahead).upper)) ++ahead;
  if (Now(ahead).kind == Kind::kWord) words += base::Cat(" ", Now(ahead).upper);
  return base::NotSupported(base::Cat("The statement ", words));
}

base::Status SqlParser::TakeQuery(SqlStatement* out) {
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation query, Query());
  out->query = std::move(query.proto);
  return base::OkStatus();
}

/// CREATE [OR REPLACE] [GLOBAL] TEMPORARY VIEW name [(columns)] AS query
base::StatusOr<SqlStatement> SqlParser::CreateView() {
  const size_t begin = at_++;
  SqlStatement view = Of(What::kCreateView);
  view.replace = TakeWords("OR", "REPLACE");
  view.global = TakeWord("GLOBAL");
  const bool temporary = TakeWord("TEMP") || TakeWord("TEMPORARY");
  if (!temporary || !TakeWord("VIEW")) {
    at_ = begin;
    return RefuseStatement();
  }
  if (IsWords("IF", "NOT")) return base::NotSupported("CREATE TEMPORARY VIEW IF NOT EXISTS");
  SOTERIA_ASSIGN_OR_RETURN(view.name, Identifiers());
  const Name qualifier(view.name.begin(), view.name.end() - 1);
  view.name = {view.name.back()};
  Name columns;
  if (IsOp("(")) {
    SOTERIA_ASSIGN_OR_RETURN(columns, IdentifierList());
  }
  if (IsWord("USING")) {
    return base::NotSupported("CREATE TEMPORARY VIEW ... USING", "SELECT * FROM parquet.`path`");
  }
  if (TakeWord("COMMENT")) {
    if (Now().kind != Kind::kString) return Error();
    ++at_;
  }
  SOTERIA_RETURN_IF_ERROR(NeedWord("AS"));
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation query, Query());
  SOTERIA_ASSIGN_OR_RETURN(query, RenamedColumns(std::move(query), std::move(columns)));
  view.query = std::move(query.proto);
  if (qualifier.size() > 1 ||
      (!qualifier.empty() && !base::EqualIgnoringCase(qualifier[0], "session"))) {
    return SqlFailureOver(kQualifiedView,
                          base::Cat("Temporary VIEW ", QuoteName(view.name),
                                    " cannot be qualified with ", QuoteName(qualifier),
                                    ". Temporary objects can only be qualified with SESSION or "
                                    "SYSTEM.SESSION."),
                          sql_, tokens_[begin].begin, tokens_[at_ - 1].end);
  }
  return view;
}

base::StatusOr<SqlStatement> SqlParser::DropView() {
  at_ += 2;
  SqlStatement drop = Of(What::kDropView);
  drop.if_exists = TakeWords("IF", "EXISTS");
  SOTERIA_ASSIGN_OR_RETURN(drop.name, Identifiers());
  return drop;
}

/// DESCRIBE [QUERY] query | DESCRIBE [TABLE] name
base::StatusOr<SqlStatement> SqlParser::Describe() {
  const size_t begin = at_++;
  SqlStatement describe = Of(What::kDescribe);
  const bool query = IsWord("QUERY") && IsQueryStart(1) && TakeWord("QUERY");
  if (query || IsQueryStart()) {
    SOTERIA_RETURN_IF_ERROR(TakeQuery(&describe));
    return describe;
  }
  for (const std::string_view other :
       {"FUNCTION", "DATABASE", "SCHEMA", "NAMESPACE", "CATALOG", "EXTENDED", "FORMATTED"}) {
    if (!IsWord(other) || !IsName(1)) continue;
    at_ = begin;
    return RefuseStatement();
  }
  if (IsName(1)) TakeWord("TABLE");
  SOTERIA_ASSIGN_OR_RETURN(const Name name, Identifiers());
  if (IsName()) return base::NotSupported("DESCRIBE of one column");
  describe.query = std::move(NamedRelation(name).proto);
  describe.name = name;
  return describe;
}

/// SHOW TABLES | VIEWS | DATABASES [FROM | IN namespace] [[LIKE] 'pattern'], SHOW COLUMNS FROM | IN
/// name
base::StatusOr<SqlStatement> SqlParser::ShowNames() {
  const size_t begin = at_++;
  const bool kind = IsWord("USER") || IsWord("SYSTEM") || IsWord("ALL");
  if (IsWord("FUNCTIONS") || (kind && IsWord("FUNCTIONS", 1))) return ShowFunctions();
  SqlStatement show = Of(What::kShowTables);
  const bool columns = TakeWord("COLUMNS");
  const bool databases =
      !columns && (TakeWord("DATABASES") || TakeWord("SCHEMAS") || TakeWord("NAMESPACES"));
  if (databases) show.kind = What::kShowDatabases;
  show.views = !columns && !databases && TakeWord("VIEWS");
  if (!columns && !databases && !show.views && !TakeWord("TABLES")) {
    at_ = begin;
    return RefuseStatement();
  }
  const bool from = TakeWord("FROM") || TakeWord("IN");
  if (columns && !from) return Error();
  if (from) {
    SOTERIA_ASSIGN_OR_RETURN(show.name, Identifiers());
  }
  if (columns) {
    show.kind = What::kShowColumns;
    if (IsWord("FROM") || IsWord("IN")) return base::NotSupported("SHOW COLUMNS of a database");
    show.query = std::move(NamedRelation(show.name).proto);
    return show;
  }
  const bool like = TakeWord("LIKE");
  if (Now().kind == Kind::kString) {
    show.pattern = tokens_[at_++].text;
  } else if (like) {
    return Error();
  }
  return show;
}

/// [USER | SYSTEM | ALL] FUNCTIONS [FROM database] [[LIKE] pattern or name]
base::StatusOr<SqlStatement> SqlParser::ShowFunctions() {
  SqlStatement show = Of(What::kShowFunctions);
  show.key = IsWord("FUNCTIONS") ? "ALL" : tokens_[at_++].upper;
  ++at_;
  if (TakeWord("FROM") || TakeWord("IN")) {
    SOTERIA_ASSIGN_OR_RETURN(show.name, Identifiers());
  }
  const bool like = TakeWord("LIKE");
  if (Now().kind == Kind::kString) {
    show.pattern = tokens_[at_++].text;
  } else if (IsName()) {
    SOTERIA_ASSIGN_OR_RETURN(const Name name, Identifiers());
    show.pattern = name.back();
  } else if (like) {
    return Error();
  }
  return show;
}

base::StatusOr<SqlStatement> SqlParser::Explain() {
  ++at_;
  for (const std::string_view how : {"LOGICAL", "FORMATTED", "EXTENDED", "CODEGEN", "COST"}) {
    if (IsWord(how)) return base::NotSupported(base::Cat("EXPLAIN ", how), "EXPLAIN");
  }
  SqlStatement explain = Of(What::kExplain);
  if (!IsOp("(") && !IsQueryStart()) return base::NotSupported("EXPLAIN of a command");
  SOTERIA_RETURN_IF_ERROR(TakeQuery(&explain));
  return explain;
}

/// SET, SET key, SET key=value, SET TIME ZONE 'zone' | LOCAL, RESET [key]
base::StatusOr<SqlStatement> SqlParser::Set() {
  SqlStatement set = Of(IsWord("RESET") ? What::kReset : What::kSet);
  ++at_;
  if (set.kind == What::kSet && TakeWords("TIME", "ZONE")) {
    set.key = kTimeZone;
    if (Now().kind == Kind::kString) {
      set.value = tokens_[at_++].text;
      return set;
    }
    return base::NotSupported("SET TIME ZONE by an interval or LOCAL", "SET TIME ZONE 'zone'");
  }
  for (const std::string_view other : {"ROLE", "VARIABLE", "VAR", "CATALOG"}) {
    if (IsWord(other) && IsName(1)) return base::NotSupported(base::Cat("SET ", other));
  }
  // The rest is text as it is.
  const size_t begin = Now().begin;
  while (Now().kind != Kind::kEnd && !IsOp(";")) ++at_;
  const std::string_view rest = sql_.substr(begin, tokens_[at_].begin - begin);
  const size_t equal = set.kind == What::kSet ? rest.find('=') : std::string_view::npos;
  std::string key = Trimmed(rest.substr(0, equal));
  if (key.size() > 2 && key.starts_with('`') && key.ends_with('`')) {
    key = key.substr(1, key.size() - 2);
  }
  if (!key.empty()) set.key = std::move(key);
  if (equal != std::string_view::npos) {
    if (!set.key.has_value()) return Error();
    set.value = Trimmed(rest.substr(equal + 1));
  }
  return set;
}

/// CACHE [LAZY] TABLE name [AS query], UNCACHE TABLE [IF EXISTS] name, CLEAR CACHE
base::StatusOr<SqlStatement> SqlParser::Cache() {
  if (TakeWords("CLEAR", "CACHE")) return Of(What::kClearCache);
  SqlStatement cache = Of(IsWord("CACHE") ? What::kCache : What::kUncache);
  ++at_;
  if (cache.kind == What::kCache) TakeWord("LAZY");
  SOTERIA_RETURN_IF_ERROR(NeedWord("TABLE"));
  if (cache.kind == What::kUncache) cache.if_exists = TakeWords("IF", "EXISTS");
  SOTERIA_ASSIGN_OR_RETURN(cache.name, Identifiers());
  if (IsWord("OPTIONS")) return base::NotSupported("CACHE TABLE ... OPTIONS");
  const bool as = TakeWord("AS");
  if (cache.kind == What::kCache && (as || IsQueryStart())) {
    SOTERIA_RETURN_IF_ERROR(TakeQuery(&cache));
  }
  return cache;
}

}  // namespace soteria::connect
