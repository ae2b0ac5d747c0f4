// Of the parser: PIVOT and UNPIVOT of FROM.
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/sql_parser.h"
#include "src/connect/sql_relations.h"

namespace soteria::connect {

bool SqlParser::PivotHere() const {
  if (IsWord("PIVOT")) return IsOp("(", 1);
  if (!IsWord("UNPIVOT")) return false;
  const bool nulls = (IsWord("INCLUDE", 1) || IsWord("EXCLUDE", 1)) && IsWord("NULLS", 2);
  return IsOp("(", nulls ? 3 : 1);
}

SqlParser::RelationOr SqlParser::Pivoted(SqlRelation input) {
  const bool pivot = IsWord("PIVOT");
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation made,
                           pivot ? Pivot(std::move(input)) : Unpivot(std::move(input)));
  const bool as = TakeWord("AS");
  if (!as && (PivotHere() || !TableAliasHere())) return made;
  SOTERIA_ASSIGN_OR_RETURN(const std::string name, Identifier());
  return AliasedRelation(std::move(made), name);
}

/// [[AS] name], where FOR may follow.
base::Status SqlParser::PivotAlias(SqlExpr* expr) {
  const bool name_behind = IsWord("IN", 2) || IsOp("(", 1);
  if (!TakeWord("AS") && (!IsName() || (IsWord("FOR") && name_behind))) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(std::string name, Identifier());
  SOTERIA_ASSIGN_OR_RETURN(*expr, AliasNode(std::move(*expr), {std::move(name)}));
  return base::OkStatus();
}

/// PIVOT (aggregate [AS name], ... FOR column | (columns) IN (value [AS name], ...))
SqlParser::RelationOr SqlParser::Pivot(SqlRelation input) {
  at_ += 2;
  SqlRelation pivoted = NewRelation();
  auto* aggregate = pivoted.proto->mutable_aggregate();
  aggregate->set_group_type(spark::connect::Aggregate::GROUP_TYPE_PIVOT);
  do {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr one, Or());
    SOTERIA_RETURN_IF_ERROR(PivotAlias(&one));
    aggregate->mutable_aggregate_expressions()->AddAllocated(one.proto.release());
  } while (TakeOp(","));
  SOTERIA_RETURN_IF_ERROR(NeedWord("FOR"));
  SqlExprs parts;
  SOTERIA_ASSIGN_OR_RETURN(const Name names, IdentifierOrList());
  SqlExprs columns;
  for (const std::string& name : names) columns.push_back(NameNode({name}));
  if (columns.size() == 1) {
    parts.push_back(std::move(columns[0]));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(parts.emplace_back(),
                             CallNode(kSqlTuple, std::move(columns), /*internal=*/true));
  }
  SOTERIA_RETURN_IF_ERROR(NeedWord("IN"));
  SOTERIA_RETURN_IF_ERROR(Need("("));
  do {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr value, Or());
    SOTERIA_RETURN_IF_ERROR(PivotAlias(&value));
    parts.push_back(std::move(value));
  } while (TakeOp(","));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr pivot, CallNode(kSqlPivot, std::move(parts), true));
  aggregate->mutable_grouping_expressions()->AddAllocated(pivot.proto.release());
  pivoted.height = input.height + 1;
  aggregate->set_allocated_input(input.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(pivoted.height));
  return pivoted;
}

/// UNPIVOT [INCLUDE | EXCLUDE NULLS] (value FOR name IN (column [AS name], ...)), or several values
/// of as many columns: ((a, b) FOR name IN ((c, d) [AS name], ...))
SqlParser::RelationOr SqlParser::Unpivot(SqlRelation input) {
  ++at_;
  const bool nulls = TakeWords("INCLUDE", "NULLS");
  if (!nulls) TakeWords("EXCLUDE", "NULLS");
  SOTERIA_RETURN_IF_ERROR(Need("("));
  SqlRelation unpivoted = NewRelation();
  auto* unpivot = unpivoted.proto->mutable_unpivot();
  const bool several = IsOp("(");
  SOTERIA_ASSIGN_OR_RETURN(const Name names, IdentifierOrList());
  SOTERIA_RETURN_IF_ERROR(NeedWord("FOR"));
  SOTERIA_ASSIGN_OR_RETURN(const std::string variable, Identifier());
  unpivot->set_variable_column_name(variable);
  unpivot->set_value_column_name(names[0]);
  SOTERIA_RETURN_IF_ERROR(NeedWord("IN"));
  SOTERIA_RETURN_IF_ERROR(Need("("));
  do {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr set, UnpivotSet(several));
    SOTERIA_RETURN_IF_ERROR(PivotAlias(&set));
    unpivot->mutable_values()->mutable_values()->AddAllocated(set.proto.release());
  } while (TakeOp(","));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  SqlExprs texts;
  for (const std::string& name : names) texts.push_back(StringNode(name));
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr ids, CallNode(kSqlUnpivot, std::move(texts), true));
  unpivot->mutable_ids()->AddAllocated(ids.proto.release());
  unpivoted.height = input.height + 1;
  unpivot->set_allocated_input(input.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(unpivoted.height));
  if (nulls) return unpivoted;
  return WithSomeValue(std::move(unpivoted), names);
}

SqlParser::ExprOr SqlParser::UnpivotSet(bool several) {
  if (several) SOTERIA_RETURN_IF_ERROR(Need("("));
  SqlExprs columns;
  do {
    SOTERIA_ASSIGN_OR_RETURN(const Name name, Identifiers());
    columns.push_back(NameNode(name));
    SOTERIA_RETURN_IF_ERROR(Count(1));
  } while (several && TakeOp(","));
  if (several) SOTERIA_RETURN_IF_ERROR(Need(")"));
  return CallNode(kSqlRow, std::move(columns), /*internal=*/true);
}

/// The rows in which not all of the columns are null.
SqlParser::RelationOr SqlParser::WithSomeValue(SqlRelation rows, const Name& names) {
  SqlExprs columns;
  for (const std::string& name : names) columns.push_back(NameNode({name}));
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr any, CallNode("coalesce", std::move(columns)));
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr condition, CallNode("isnotnull", std::move(any)));
  SqlRelation kept = NewRelation();
  kept.height = rows.height + 1;
  kept.proto->mutable_filter()->set_allocated_input(rows.proto.release());
  kept.proto->mutable_filter()->set_allocated_condition(condition.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(kept.height));
  return kept;
}

}  // namespace soteria::connect
