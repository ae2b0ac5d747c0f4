// Of the parser: queries, as relations.
#include <algorithm>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_parser.h"
#include "src/connect/sql_relations.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;
using spark::connect::Relation;
using spark::connect::SetOperation;
using spark::connect::SubqueryExpression;

}  // namespace

SqlParser::RelationOr SqlParser::Query() {
  SOTERIA_RETURN_IF_ERROR(Deeper());
  const Nested nested(&depth_);
  std::vector<SqlRelation> ctes;
  if (TakeWord("WITH")) SOTERIA_RETURN_IF_ERROR(Ctes(&ctes));
  std::vector<SqlRelation> references;
  std::map<std::string, SqlExpr> windows;
  auto* const outer_references = std::exchange(references_, &references);
  auto* const outer_windows = std::exchange(windows_, &windows);
  RelationOr query = SetTerm(0);
  if (query.ok()) query = Organised(*std::move(query));
  references_ = outer_references;
  windows_ = outer_windows;
  if (!query.ok()) return query;
  query = WithReferences(*std::move(query), std::move(references));
  if (!query.ok()) return query;
  return WithReferences(*std::move(query), std::move(ctes));
}

/// A query and the relations that it names: common table expressions, or its subqueries.
SqlParser::RelationOr SqlParser::WithReferences(SqlRelation root,
                                                std::vector<SqlRelation> references) {
  if (references.empty()) return root;
  SqlRelation with = NewRelation();
  auto* proto = with.proto->mutable_with_relations();
  with.height = root.height + 1;
  proto->set_allocated_root(root.proto.release());
  for (SqlRelation& reference : references) {
    with.height = std::max(with.height, reference.height + 1);
    proto->mutable_references()->AddAllocated(reference.proto.release());
  }
  SOTERIA_RETURN_IF_ERROR(CheckHeight(with.height));
  return with;
}

/// name [(columns)] AS (query), ...
base::Status SqlParser::Ctes(std::vector<SqlRelation>* ctes) {
  if (IsWord("RECURSIVE") && IsName(1)) return base::NotSupported("WITH RECURSIVE");
  do {
    SOTERIA_ASSIGN_OR_RETURN(const std::string name, Identifier());
    Name columns;
    if (IsOp("(")) {
      SOTERIA_ASSIGN_OR_RETURN(columns, IdentifierList());
    }
    TakeWord("AS");
    SOTERIA_RETURN_IF_ERROR(Need("("));
    SOTERIA_ASSIGN_OR_RETURN(SqlRelation query, Query());
    SOTERIA_RETURN_IF_ERROR(Need(")"));
    SOTERIA_ASSIGN_OR_RETURN(query, RenamedColumns(std::move(query), std::move(columns)));
    SOTERIA_ASSIGN_OR_RETURN(query, AliasedRelation(std::move(query), name));
    ctes->push_back(std::move(query));
  } while (TakeOp(","));
  return base::OkStatus();
}

/// INTERSECT (level 1) binds before UNION and EXCEPT (level 0).
SqlParser::RelationOr SqlParser::SetTerm(int level) {
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation left, level == 0 ? SetTerm(1) : QueryPrimary());
  while (true) {
    SetOperation::SetOpType type = SetOperation::SET_OP_TYPE_UNSPECIFIED;
    if (level == 1 && IsWord("INTERSECT")) type = SetOperation::SET_OP_TYPE_INTERSECT;
    if (level == 0 && IsWord("UNION")) type = SetOperation::SET_OP_TYPE_UNION;
    if (level == 0 && (IsWord("EXCEPT") || IsWord("MINUS") || IsWord("SETMINUS"))) {
      type = SetOperation::SET_OP_TYPE_EXCEPT;
    }
    if (type == SetOperation::SET_OP_TYPE_UNSPECIFIED) return left;
    ++at_;
    const bool all = TakeWord("ALL");
    if (!all) TakeWord("DISTINCT");
    const bool by_name = type == SetOperation::SET_OP_TYPE_UNION && TakeWords("BY", "NAME");
    SOTERIA_ASSIGN_OR_RETURN(SqlRelation right, level == 0 ? SetTerm(1) : QueryPrimary());
    SqlRelation both = NewRelation();
    both.height = std::max(left.height, right.height) + 1;
    auto* proto = both.proto->mutable_set_op();
    proto->set_set_op_type(type);
    proto->set_is_all(all);
    if (by_name) proto->set_by_name(true);
    proto->set_allocated_left_input(left.proto.release());
    proto->set_allocated_right_input(right.proto.release());
    SOTERIA_RETURN_IF_ERROR(CheckHeight(both.height));
    left = std::move(both);
  }
}

SqlParser::RelationOr SqlParser::QueryPrimary() {
  if (TakeOp("(")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlRelation query, Query());
    SOTERIA_RETURN_IF_ERROR(Need(")"));
    return query;
  }
  if (IsWord("SELECT")) return Select();
  if (TakeWord("VALUES")) return Rows();
  if (IsWord("TABLE") && IsName(1)) {
    ++at_;
    SOTERIA_ASSIGN_OR_RETURN(const Name name, Identifiers());
    return NamedRelation(name);
  }
  if (IsWord("FROM")) return base::NotSupported("A query that begins with FROM", "SELECT ... FROM");
  return Error();
}

/// ORDER BY, SORT BY, DISTRIBUTE BY, CLUSTER BY, LIMIT, OFFSET.
SqlParser::RelationOr SqlParser::Organised(SqlRelation query) {
  if (IsWords("ORDER", "BY") || IsWords("SORT", "BY")) {
    SOTERIA_ASSIGN_OR_RETURN(query, Sorted(std::move(query)));
  }
  if (IsWords("CLUSTER", "BY") || IsWords("DISTRIBUTE", "BY")) {
    return base::NotSupported(base::Cat(Now().upper, " BY"));
  }
  if (IsWord("WINDOW") && EndsItem()) at_ = windows_end_;
  return Limited(std::move(query));
}

SqlParser::RelationOr SqlParser::Sorted(SqlRelation query) {
  SqlRelation sorted = NewRelation();
  auto* sort = sorted.proto->mutable_sort();
  sort->set_is_global(IsWord("ORDER"));
  at_ += 2;
  do {
    SqlExpr whole = NullNode();
    const bool all = IsWord("ALL") && !IsOp("(", 1) && !IsOp(".", 1);
    auto* item = sort->add_order();
    SOTERIA_RETURN_IF_ERROR(SortItem(item, &whole));
    const bool ordinal = item->child().literal().has_integer();
    if (!ordinal && !all) continue;
    SqlExprs number;
    if (ordinal) {
      number.push_back(NullNode());
      number.back().proto.reset(item->release_child());
    }
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr call, CallNode(kSqlOrdinal, std::move(number), true));
    item->set_allocated_child(call.proto.release());
  } while (TakeOp(","));
  sorted.height = query.height + 1;
  sort->set_allocated_input(query.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(sorted.height));
  return sorted;
}

SqlParser::RelationOr SqlParser::Limited(SqlRelation query) {
  std::optional<int32_t> limit;
  if (TakeWord("LIMIT") && !TakeWord("ALL")) {
    SOTERIA_ASSIGN_OR_RETURN(limit, RowCount("LIMIT"));
  }
  if (TakeWord("OFFSET")) {
    SOTERIA_ASSIGN_OR_RETURN(const int32_t rows, RowCount("OFFSET"));
    SqlRelation offset = NewRelation();
    offset.height = query.height + 1;
    offset.proto->mutable_offset()->set_offset(rows);
    offset.proto->mutable_offset()->set_allocated_input(query.proto.release());
    query = std::move(offset);
  }
  if (limit.has_value()) {
    SqlRelation limited = NewRelation();
    limited.height = query.height + 1;
    limited.proto->mutable_limit()->set_limit(*limit);
    limited.proto->mutable_limit()->set_allocated_input(query.proto.release());
    query = std::move(limited);
  }
  SOTERIA_RETURN_IF_ERROR(CheckHeight(query.height));
  return query;
}

base::StatusOr<int32_t> SqlParser::RowCount(std::string_view clause) {
  SOTERIA_ASSIGN_OR_RETURN(const SqlExpr count, Or());
  if (!count.proto->literal().has_integer()) {
    return base::NotSupported(base::Cat(clause, " by an expression"), "a whole number");
  }
  return count.proto->literal().integer();
}

base::StatusOr<SqlExprs> SqlParser::Items() {
  SqlExprs items;
  do {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr item, Item());
    items.push_back(std::move(item));
  } while (TakeOp(","));
  return items;
}

SqlParser::RelationOr SqlParser::Select() {
  ++at_;
  windows_->clear();
  SOTERIA_RETURN_IF_ERROR(ReadNamedWindows());
  while (TakeOp("/*+")) {
    // Hints are about how Spark goes about its work.
    while (Now().kind != Kind::kEnd && !IsOp("*/")) ++at_;
    SOTERIA_RETURN_IF_ERROR(Need("*/"));
  }
  bool distinct = false;
  if ((IsWord("DISTINCT") || IsWord("ALL")) && Now(1).kind != Kind::kEnd && !IsOp(",", 1) &&
      !IsOp(".", 1)) {
    distinct = IsWord("DISTINCT");
    ++at_;
  }
  SOTERIA_ASSIGN_OR_RETURN(SqlExprs items, Items());
  SqlRelation input = NewRelation();
  input.proto->mutable_project();  // without anything: one row
  bool one_row = true;
  if (TakeWord("FROM")) {
    SOTERIA_ASSIGN_OR_RETURN(input, From());
    one_row = false;
  }
  while (IsWords("LATERAL", "VIEW")) {
    SOTERIA_ASSIGN_OR_RETURN(input, LateralView(std::move(input)));
    one_row = false;
  }
  if (IsWord("WHERE")) {
    SOTERIA_ASSIGN_OR_RETURN(input, Filtered(std::move(input)));
    one_row = false;
  }
  SqlRelation select = NewRelation();
  if (IsWords("GROUP", "BY") || IsWord("HAVING")) {
    SOTERIA_ASSIGN_OR_RETURN(select, Grouped(std::move(input), std::move(items)));
  } else {
    auto* project = select.proto->mutable_project();
    SetItems(std::move(items), project->mutable_expressions());
    if (!one_row) {
      select.height = input.height + 1;
      project->set_allocated_input(input.proto.release());
    }
  }
  if (IsWord("HAVING")) {
    SOTERIA_ASSIGN_OR_RETURN(select, Filtered(std::move(select)));
  }
  if (IsWord("WINDOW") && EndsItem()) at_ = windows_end_;
  if (IsWord("QUALIFY") && Now(1).kind != Kind::kEnd) {
    SOTERIA_ASSIGN_OR_RETURN(select, Qualified(std::move(select)));
  }
  SOTERIA_RETURN_IF_ERROR(CheckHeight(select.height));
  if (!distinct) return select;
  SqlRelation only = NewRelation();
  only.height = select.height + 1;
  only.proto->mutable_deduplicate()->set_all_columns_as_keys(true);
  only.proto->mutable_deduplicate()->set_allocated_input(select.proto.release());
  return only;
}

/// WHERE or HAVING
SqlParser::RelationOr SqlParser::Filtered(SqlRelation input) {
  ++at_;
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr condition, Or());
  SqlRelation filtered = NewRelation();
  filtered.height = input.height + 1;
  auto* filter = filtered.proto->mutable_filter();
  filter->set_allocated_input(input.proto.release());
  filter->set_allocated_condition(condition.proto.release());
  return filtered;
}

SqlParser::RelationOr SqlParser::Qualified(SqlRelation select) {
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation filtered, Filtered(std::move(select)));
  auto* condition = filtered.proto->mutable_filter()->mutable_condition();
  SqlExprs parts;
  parts.push_back(NullNode());
  *parts.back().proto = std::move(*condition);
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr qualify, CallNode(kSqlQualify, std::move(parts), true));
  *condition = std::move(*qualify.proto);
  return filtered;
}

/// After VALUES: rows in parentheses, or single values.
SqlParser::RelationOr SqlParser::Rows() {
  SqlRelation rows = NewRelation();
  auto* project = rows.proto->mutable_project();
  do {
    SqlExprs values;
    if (TakeOp("(")) {
      SOTERIA_RETURN_IF_ERROR(Arguments(&values));
    } else {
      SOTERIA_ASSIGN_OR_RETURN(SqlExpr value, Or());
      values.push_back(std::move(value));
    }
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr row, CallNode(kSqlRow, std::move(values), true));
    project->mutable_expressions()->AddAllocated(row.proto.release());
  } while (IsOp(",") && (IsOp("(", 1) || Now(1).kind != Kind::kEnd) && TakeOp(","));
  return rows;
}

/// After "(": a query, which becomes one that the query at hand refers to.
base::StatusOr<int64_t> SqlParser::Reference() {
  if (references_ == nullptr) return base::NotSupported("A subquery");
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation query, Query());
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  const int64_t id = next_reference_++;
  query.proto->mutable_common()->set_plan_id(id);
  references_->push_back(std::move(query));
  return id;
}

SqlParser::ExprOr SqlParser::ScalarSubquery() {
  SOTERIA_ASSIGN_OR_RETURN(const int64_t id, Reference());
  SqlExpr expr = NullNode();
  auto* proto = expr.proto->mutable_subquery_expression();
  proto->set_plan_id(id);
  proto->set_subquery_type(SubqueryExpression::SUBQUERY_TYPE_SCALAR);
  return expr;
}

/// EXISTS (query)
SqlParser::ExprOr SqlParser::Exists() {
  at_ += 2;
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr expr, ScalarSubquery());
  expr.proto->mutable_subquery_expression()->set_subquery_type(
      SubqueryExpression::SUBQUERY_TYPE_EXISTS);
  return expr;
}

SqlParser::ExprOr SqlParser::InSubquery(SqlExprs values) {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr expr, ScalarSubquery());
  auto* proto = expr.proto->mutable_subquery_expression();
  proto->set_subquery_type(SubqueryExpression::SUBQUERY_TYPE_IN);
  for (SqlExpr& value : values) {
    expr.height = std::max(expr.height, value.height + 1);
    expr.size += value.size;
    proto->mutable_in_subquery_values()->AddAllocated(value.proto.release());
  }
  SOTERIA_RETURN_IF_ERROR(CheckHeight(expr.height));
  return expr;
}

}  // namespace soteria::connect
