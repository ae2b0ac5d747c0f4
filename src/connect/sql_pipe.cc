// Of the parser: the pipe, `query |> WHERE a > 1 |> SELECT b`.
#include <algorithm>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/sql_error.h"
#include "src/connect/sql_parser.h"
#include "src/connect/sql_relations.h"

namespace soteria::connect {
namespace {

using spark::connect::Aggregate;

constexpr base::Condition Refused(const char* name) {
  return {name, base::exception_class::kAnalysis, "0A000", absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition kAggregateInPipe = Refused("PIPE_OPERATOR_CONTAINS_AGGREGATE_FUNCTION");
constexpr base::Condition kNoAggregate =
    Refused("PIPE_OPERATOR_AGGREGATE_EXPRESSION_CONTAINS_NO_AGGREGATE_FUNCTION");
constexpr base::Condition kGroupingInPipe = {
    "UNSUPPORTED_FEATURE.PIPE_OPERATOR_AGGREGATE_UNSUPPORTED_CASE", base::exception_class::kParse,
    "0A000", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kManyClauses = {"MULTIPLE_QUERY_RESULT_CLAUSES_WITH_PIPE_OPERATORS",
                                          base::exception_class::kParse, "42000",
                                          absl::StatusCode::kInvalidArgument};

base::StatusOr<SqlRelation> Projected(SqlRelation input, SqlExprs items) {
  SqlRelation made = NewRelation();
  made.height = input.height + 1;
  SetItems(std::move(items), made.proto->mutable_project()->mutable_expressions());
  made.proto->mutable_project()->set_allocated_input(input.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(made.height));
  return made;
}

/// Its columns and no others: what follows is no clause of the same SELECT.
base::StatusOr<SqlRelation> Bounded(SqlRelation input) {
  if (input.proto->has_read() || input.proto->has_subquery_alias()) return input;
  SqlExprs all;
  SOTERIA_ASSIGN_OR_RETURN(all.emplace_back(),
                           CallNode(kSqlBoundary, SqlExprs(), /*internal=*/true));
  return Projected(std::move(input), std::move(all));
}

}  // namespace

/// Behind a query: |> and a step, as often as there is one.
SqlParser::RelationOr SqlParser::Piped(SqlRelation query) {
  while (TakeOp("|>")) {
    SOTERIA_ASSIGN_OR_RETURN(query, Bounded(std::move(query)));
    SOTERIA_ASSIGN_OR_RETURN(query, PipeStep(std::move(query)));
  }
  return query;
}

SqlParser::RelationOr SqlParser::PipeStep(SqlRelation input) {
  if (IsWord("SELECT")) return PipeSelect(std::move(input));
  if (IsWord("WHERE")) return Filtered(std::move(input));
  if (TakeWord("EXTEND")) return PipeExtend(std::move(input));
  if (TakeWord("DROP")) return PipeDrop(std::move(input));
  if (IsWord("AGGREGATE")) return PipeAggregate(std::move(input));
  if (IsWord("SET")) return base::NotSupported("The pipe |> SET", "|> EXTEND and |> DROP");
  if (TakeWord("AS")) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string name, Identifier());
    return AliasedRelation(std::move(input), name);
  }
  if (PivotHere()) return Pivoted(std::move(input));
  if (IsWord("TABLESAMPLE") && IsOp("(", 1)) return Sampled(std::move(input));
  for (const std::string_view word : {"UNION", "INTERSECT", "EXCEPT", "MINUS", "SETMINUS"}) {
    if (IsWord(word)) return SetStep(std::move(input), SetTypeHere(), /*level=*/1);
  }
  for (const std::string_view word : {"ORDER", "SORT", "CLUSTER", "DISTRIBUTE"}) {
    if (!IsWords(word, "BY")) continue;
    const size_t begin = at_;
    SOTERIA_ASSIGN_OR_RETURN(input, Ordered(std::move(input)));
    if (!IsWord("LIMIT") && !IsWord("OFFSET")) return input;
    return SqlFailureOver(kManyClauses,
                          base::Cat(word, " BY and ", Now().upper,
                                    " cannot coexist in the same SQL pipe operator using '|>'. "
                                    "Please separate the multiple result clauses into separate "
                                    "pipe operators and then retry the query again."),
                          sql_, tokens_[begin].begin, tokens_[at_].begin);
  }
  if (IsWord("LIMIT") || IsWord("OFFSET")) return Limited(std::move(input));
  bool joined = false;
  SOTERIA_ASSIGN_OR_RETURN(input, JoinStep(std::move(input), &joined));
  if (!joined) return Error();
  return input;
}

SqlParser::RelationOr SqlParser::PipeSelect(SqlRelation input) {
  bool distinct = false;
  std::vector<SqlHint> hints;
  SOTERIA_RETURN_IF_ERROR(SelectWords(&distinct, &hints));
  SOTERIA_ASSIGN_OR_RETURN(SqlExprs items, Items());
  if (IsWord("WINDOW") && EndsItem()) at_ = windows_end_;
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation select, Projected(std::move(input), std::move(items)));
  if (distinct) select = Distinct(std::move(select));
  return Hinted(std::move(select), std::move(hints));
}

/// EXTEND a + 1 AS b, ...: columns behind those that are there.
SqlParser::RelationOr SqlParser::PipeExtend(SqlRelation input) {
  SqlExprs items;
  items.push_back(StarNode({}));
  SOTERIA_ASSIGN_OR_RETURN(SqlExprs more, Items());
  for (SqlExpr& item : more) {
    if (CallsAggregate(*item.proto)) {
      return base::Fail(kAggregateInPipe,
                        "An aggregate function is not allowed when using the pipe operator |> "
                        "EXTEND clause; please use the pipe operator |> AGGREGATE clause instead.");
    }
    items.push_back(std::move(item));
  }
  return Projected(std::move(input), std::move(items));
}

/// DROP a, b
SqlParser::RelationOr SqlParser::PipeDrop(SqlRelation input) {
  SqlExprs parts;
  parts.push_back(StarNode({}));
  do {
    SOTERIA_ASSIGN_OR_RETURN(const Name name, Identifiers());
    parts.push_back(NameNode(name));
  } while (TakeOp(","));
  SqlExprs items;
  SOTERIA_ASSIGN_OR_RETURN(items.emplace_back(),
                           CallNode(kSqlStarExcept, std::move(parts), /*internal=*/true));
  return Projected(std::move(input), std::move(items));
}

/// AGGREGATE [aggregate [AS name], ...] [GROUP BY key [AS name], ...]: the keys, then the others.
SqlParser::RelationOr SqlParser::PipeAggregate(SqlRelation input) {
  const size_t begin = at_++;
  SqlRelation grouped = NewRelation();
  auto* aggregate = grouped.proto->mutable_aggregate();
  aggregate->set_group_type(Aggregate::GROUP_TYPE_GROUPBY);
  SqlExprs items;
  if (!IsWords("GROUP", "BY")) {
    SOTERIA_ASSIGN_OR_RETURN(items, Items());
  }
  for (const SqlExpr& item : items) {
    if (CallsAggregate(*item.proto)) continue;
    return base::Fail(kNoAggregate,
                      "Non-grouping expression is provided as an argument to the |> AGGREGATE pipe "
                      "operator but does not contain any aggregate function; please update it to "
                      "include an aggregate function and then retry the query again.");
  }
  SqlExprs keys;
  const bool grouping = TakeWords("GROUP", "BY");
  if (!grouping && items.empty()) return Error();
  do {
    if (!grouping) break;
    for (const std::string_view word : {"ROLLUP", "CUBE", "GROUPING", "ALL"}) {
      const bool all = word == "ALL" && !IsOp("(", 1) && !IsOp(".", 1);
      if (!IsWord(word) || !(all || IsOp("(", 1) || IsWord("SETS", 1))) continue;
      return SqlFailureOver(kGroupingInPipe,
                            base::Cat("The feature is not supported: The SQL pipe operator syntax "
                                      "with aggregation (using |> AGGREGATE) does not support "
                                      "GROUP BY ",
                                      word, "."),
                            sql_, tokens_[begin].begin, Now().end);
    }
    SOTERIA_ASSIGN_OR_RETURN(keys.emplace_back(), Item());
    if (!keys.back().proto->literal().has_integer()) continue;
    return base::NotSupported("A position in the GROUP BY of |> AGGREGATE", "the column");
  } while (TakeOp(","));
  SetItems(std::move(keys), aggregate->mutable_grouping_expressions());
  SetItems(std::move(items), aggregate->mutable_aggregate_expressions());
  grouped.height = input.height + 1;
  aggregate->set_allocated_input(input.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(grouped.height));
  return grouped;
}

}  // namespace soteria::connect
