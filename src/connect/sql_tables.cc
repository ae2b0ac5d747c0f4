// Statements about tables that are kept by name: CREATE TABLE, INSERT, DROP TABLE and their kin.
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_parser.h"
#include "src/connect/sql_relations.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;
using What = SqlStatement::Kind;

SqlStatement Of(What kind) {
  SqlStatement statement;
  statement.kind = kind;
  return statement;
}

}  // namespace

base::StatusOr<std::vector<std::string>> SqlParser::WholeName() {
  SOTERIA_ASSIGN_OR_RETURN(Name parts, Identifiers());
  SOTERIA_RETURN_IF_ERROR(AtEnd(/*extra=*/true));
  return parts;
}

base::StatusOr<std::string> SqlParser::Text() {
  if (Now().kind != Kind::kString) return Error();
  return tokens_[at_++].text;
}

/// (name TYPE [NOT NULL] [COMMENT 'text'], ...)
base::Status SqlParser::ColumnsOfTable(SqlTable* out) {
  SOTERIA_RETURN_IF_ERROR(Need("("));
  do {
    SOTERIA_ASSIGN_OR_RETURN(const std::string name, Identifier());
    SOTERIA_ASSIGN_OR_RETURN(const std::string type, Type());
    out->columns += base::Cat(out->columns.empty() ? "" : ", ", QuoteName({name}), type);
    if (TakeWords("NOT", "NULL")) out->columns += " NOT NULL";
    if (IsWord("DEFAULT") || IsWord("GENERATED")) {
      return base::NotSupported(base::Cat("A column's ", Now().upper));
    }
    if (TakeWord("COMMENT")) {
      SOTERIA_ASSIGN_OR_RETURN(out->comments[name], Text());
    }
  } while (TakeOp(","));
  return Need(")");
}

/// (key 'value', 'key' = 'value', a.b true, ...)
base::Status SqlParser::OptionsOfTable(SqlTable* out) {
  SOTERIA_RETURN_IF_ERROR(Need("("));
  do {
    std::string key;
    if (Now().kind == Kind::kString) {
      key = tokens_[at_++].text;
    } else {
      SOTERIA_ASSIGN_OR_RETURN(const Name parts, Identifiers());
      for (const std::string& part : parts) key += base::Cat(key.empty() ? "" : ".", part);
    }
    TakeOp("=");
    const bool word = IsWord("TRUE") || IsWord("FALSE");
    if (Now().kind != Kind::kString && Now().kind != Kind::kNumber && !word) return Error();
    const SqlToken& value = tokens_[at_++];
    out->options[base::Lower(key)] =
        value.kind == Kind::kString
            ? value.text
            : base::Lower(sql_.substr(value.begin, value.end - value.begin));
  } while (TakeOp(","));
  return Need(")");
}

/// What stands between the columns and AS, in any order.
base::Status SqlParser::ClausesOfTable(SqlTable* out) {
  while (true) {
    if (TakeWord("USING")) {
      SOTERIA_ASSIGN_OR_RETURN(const Name format, Identifiers());
      out->format = base::Lower(format.back());
    } else if (TakeWord("OPTIONS")) {
      SOTERIA_RETURN_IF_ERROR(OptionsOfTable(out));
    } else if (TakeWords("PARTITIONED", "BY")) {
      SOTERIA_ASSIGN_OR_RETURN(out->keys, IdentifierList());
    } else if (TakeWord("COMMENT")) {
      SOTERIA_ASSIGN_OR_RETURN(out->comment, Text());
    } else {
      break;
    }
  }
  for (const std::string_view other :
       {"LOCATION", "TBLPROPERTIES", "CLUSTERED", "CLUSTER", "STORED", "ROW", "SKEWED", "LIKE"}) {
    if (IsWord(other)) return base::NotSupported(base::Cat("CREATE TABLE ... ", other));
  }
  return base::OkStatus();
}

/// CREATE TABLE [IF NOT EXISTS] name [(columns)] [clauses] [[AS] query]
base::StatusOr<SqlStatement> SqlParser::CreateTable() {
  at_ += 2;
  SqlStatement create = Of(What::kCreateTable);
  if (IsWords("IF", "NOT")) {
    at_ += 2;
    SOTERIA_RETURN_IF_ERROR(NeedWord("EXISTS"));
    create.if_exists = true;
  }
  SOTERIA_ASSIGN_OR_RETURN(create.name, Identifiers());
  auto table = std::make_shared<SqlTable>();
  if (IsOp("(") && !QueryAfter()) SOTERIA_RETURN_IF_ERROR(ColumnsOfTable(table.get()));
  SOTERIA_RETURN_IF_ERROR(ClausesOfTable(table.get()));
  const bool as = TakeWord("AS");
  if (as || IsQueryStart() || IsOp("(")) {
    if (!table->columns.empty()) {
      return base::NotSupported("CREATE TABLE of columns AS a query", "the query's columns");
    }
    SOTERIA_RETURN_IF_ERROR(TakeQuery(&create));
  }
  create.table = std::move(table);
  return create;
}

/// (key [= value], ...)
base::Status SqlParser::Partition(SqlStatement* out) {
  SOTERIA_RETURN_IF_ERROR(Need("("));
  do {
    SOTERIA_ASSIGN_OR_RETURN(std::string key, Identifier());
    if (!TakeOp("=")) continue;
    bool name = false;
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr value, Primary(&name));
    if (name) return Error();
    out->fixed.emplace_back(std::move(key), std::move(value.proto));
  } while (TakeOp(","));
  return Need(")");
}

/// INSERT INTO | OVERWRITE [TABLE] name [PARTITION (...)] [(columns) | BY NAME] query
base::StatusOr<SqlStatement> SqlParser::Insert() {
  const size_t begin = at_++;
  SqlStatement insert = Of(What::kInsert);
  insert.overwrite = TakeWord("OVERWRITE");
  if (!insert.overwrite) SOTERIA_RETURN_IF_ERROR(NeedWord("INTO"));
  if (IsWord("DIRECTORY") || IsWords("LOCAL", "DIRECTORY")) {
    at_ = begin;
    return RefuseStatement();
  }
  if (IsName(1)) TakeWord("TABLE");
  SOTERIA_ASSIGN_OR_RETURN(insert.name, Identifiers());
  if (TakeWord("PARTITION")) SOTERIA_RETURN_IF_ERROR(Partition(&insert));
  if (insert.overwrite && !insert.fixed.empty()) {
    return base::NotSupported("INSERT OVERWRITE of one partition");
  }
  for (const std::string_view other : {"IF", "REPLACE", "AS"}) {
    if (IsWord(other)) return base::NotSupported(base::Cat("INSERT ... ", other));
  }
  if (TakeWords("BY", "NAME")) {
    insert.by_name = true;
  } else if (IsOp("(") && !QueryAfter()) {
    SOTERIA_ASSIGN_OR_RETURN(insert.columns, IdentifierList());
  }
  SOTERIA_RETURN_IF_ERROR(TakeQuery(&insert));
  return insert;
}

/// Whether the parenthesis here is around a query.
bool SqlParser::QueryAfter() const {
  size_t ahead = 0;
  while (IsOp("(", ahead)) ++ahead;
  return IsQueryStart(ahead);
}

/// DROP TABLE [IF EXISTS] name [PURGE], TRUNCATE TABLE name, REFRESH [TABLE] name, USE [DATABASE]
/// name
base::StatusOr<SqlStatement> SqlParser::OfOneTable() {
  SqlStatement statement = Of(IsWord("DROP")       ? What::kDropTable
                              : IsWord("TRUNCATE") ? What::kTruncate
                              : IsWord("REFRESH")  ? What::kRefresh
                                                   : What::kUse);
  ++at_;
  if (statement.kind == What::kUse) {
    if (IsName(1) && !TakeWord("DATABASE") && !TakeWord("SCHEMA")) TakeWord("NAMESPACE");
  } else if (statement.kind != What::kRefresh || IsName(1)) {
    TakeWord("TABLE");  // which a statement to drop or truncate has
  }
  if (statement.kind == What::kDropTable) statement.if_exists = TakeWords("IF", "EXISTS");
  SOTERIA_ASSIGN_OR_RETURN(statement.name, Identifiers());
  if (statement.kind == What::kDropTable) TakeWord("PURGE");
  if (statement.kind == What::kRefresh) {
    statement.query = std::move(NamedRelation(statement.name).proto);
  }
  if (statement.kind == What::kTruncate && IsWord("PARTITION")) {
    return base::NotSupported("TRUNCATE TABLE ... PARTITION");
  }
  return statement;
}

}  // namespace soteria::connect
