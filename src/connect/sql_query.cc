// Of the parser: queries, as relations.
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
#include "src/connect/sql_relations.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;
using spark::connect::Relation;
using spark::connect::SetOperation;
using spark::connect::SubqueryExpression;
using SortOrder = spark::connect::Expression_SortOrder;

constexpr base::Condition kLateralPivot = {"NOT_ALLOWED_IN_FROM.LATERAL_WITH_PIVOT",
                                           base::exception_class::kParse, "42601",
                                           absl::StatusCode::kInvalidArgument};
constexpr base::Condition kLateralUnpivot = {"NOT_ALLOWED_IN_FROM.LATERAL_WITH_UNPIVOT",
                                             base::exception_class::kParse, "42601",
                                             absl::StatusCode::kInvalidArgument};

/// The values of (a, b AS c).
SqlExprs Members(SqlExpr* row) {
  SqlExprs values;
  for (auto& value : *row->proto->mutable_unresolved_function()->mutable_arguments()) {
    values.push_back(NullNode());
    values.back().proto->Swap(value.has_alias() ? value.mutable_alias()->mutable_expr() : &value);
    values.back().height = row->height;
  }
  values[0].size = row->size;
  return values;
}

/// Is there a function over a window within? Trees are no higher than the parser makes them.
bool CallsWindow(const spark::connect::Expression& expression) {
  if (expression.has_window()) return true;
  if (expression.has_alias()) return CallsWindow(expression.alias().expr());
  if (expression.has_cast()) return CallsWindow(expression.cast().expr());
  if (expression.has_unresolved_extract_value()) {
    const auto& extract = expression.unresolved_extract_value();
    return CallsWindow(extract.child()) || CallsWindow(extract.extraction());
  }
  if (expression.has_subquery_expression()) {
    const auto& values = expression.subquery_expression().in_subquery_values();
    return std::any_of(values.begin(), values.end(), CallsWindow);
  }
  const auto& arguments = expression.unresolved_function().arguments();
  return std::any_of(arguments.begin(), arguments.end(), CallsWindow);
}

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
  if (query.ok()) query = Piped(*std::move(query));
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

/// The operation on sets at hand, 0 for none.
int SqlParser::SetTypeHere() const {
  if (IsWord("INTERSECT")) return SetOperation::SET_OP_TYPE_INTERSECT;
  if (IsWord("UNION")) return SetOperation::SET_OP_TYPE_UNION;
  if (IsWord("EXCEPT") || IsWord("MINUS") || IsWord("SETMINUS")) {
    return SetOperation::SET_OP_TYPE_EXCEPT;
  }
  return SetOperation::SET_OP_TYPE_UNSPECIFIED;
}

/// INTERSECT (level 1) binds before UNION and EXCEPT (level 0).
SqlParser::RelationOr SqlParser::SetTerm(int level) {
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation left, level == 0 ? SetTerm(1) : QueryPrimary());
  while (true) {
    const int type = SetTypeHere();
    const bool intersect = type == SetOperation::SET_OP_TYPE_INTERSECT;
    if (type == SetOperation::SET_OP_TYPE_UNSPECIFIED || intersect != (level == 1)) return left;
    SOTERIA_ASSIGN_OR_RETURN(left, SetStep(std::move(left), type, level));
  }
}

/// The operation at hand and what is right of it.
SqlParser::RelationOr SqlParser::SetStep(SqlRelation left, int type, int level) {
  ++at_;
  const bool all = TakeWord("ALL");
  if (!all) TakeWord("DISTINCT");
  const bool by_name = type == SetOperation::SET_OP_TYPE_UNION && TakeWords("BY", "NAME");
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation right, level == 0 ? SetTerm(1) : QueryPrimary());
  SqlRelation both = NewRelation();
  both.height = std::max(left.height, right.height) + 1;
  auto* proto = both.proto->mutable_set_op();
  proto->set_set_op_type(static_cast<SetOperation::SetOpType>(type));
  proto->set_is_all(all);
  if (by_name) proto->set_by_name(true);
  proto->set_allocated_left_input(left.proto.release());
  proto->set_allocated_right_input(right.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(both.height));
  return both;
}

SqlParser::RelationOr SqlParser::QueryPrimary() {
  if (TakeOp("(")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlRelation query, Query());
    SOTERIA_RETURN_IF_ERROR(Need(")"));
    return query;
  }
  if (IsWord("SELECT")) return Select(std::nullopt);
  if (TakeWord("VALUES")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlRelation rows, Rows());
    return Aliased(std::move(rows));
  }
  if (IsWord("TABLE") && IsName(1)) {
    ++at_;
    SOTERIA_ASSIGN_OR_RETURN(const Name name, Identifiers());
    return NamedRelation(name);
  }
  if (TakeWord("FROM")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlRelation input, FromClause());
    if (!IsWord("SELECT")) return input;
    SOTERIA_ASSIGN_OR_RETURN(SqlRelation select, Select(std::move(input)));
    if (IsWord("SELECT")) return base::NotSupported("Several SELECT of one FROM", "UNION ALL");
    return select;
  }
  return Error();
}

/// ORDER BY, SORT BY, DISTRIBUTE BY, CLUSTER BY, LIMIT, OFFSET.
SqlParser::RelationOr SqlParser::Organised(SqlRelation query) {
  SOTERIA_ASSIGN_OR_RETURN(query, Ordered(std::move(query)));
  if (IsWord("WINDOW") && EndsItem()) at_ = windows_end_;
  return Limited(std::move(query));
}

SqlParser::RelationOr SqlParser::Ordered(SqlRelation query) {
  if (IsWords("CLUSTER", "BY") || IsWords("DISTRIBUTE", "BY")) {
    SOTERIA_ASSIGN_OR_RETURN(query, Distributed(std::move(query)));
  }
  if (IsWords("ORDER", "BY") || IsWords("SORT", "BY")) {
    SOTERIA_ASSIGN_OR_RETURN(query, Sorted(std::move(query)));
  }
  return query;
}

/// CLUSTER BY, which sorts each partition too, or DISTRIBUTE BY, behind which only SORT BY may
/// come.
SqlParser::RelationOr SqlParser::Distributed(SqlRelation query) {
  const bool cluster = IsWord("CLUSTER");
  at_ += 2;
  SqlRelation parts = NewRelation();
  auto* repartition = parts.proto->mutable_repartition_by_expression();
  SqlRelation sorted = NewRelation();
  auto* sort = sorted.proto->mutable_sort();
  do {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr key, Or());
    if (cluster) {
      SOTERIA_ASSIGN_OR_RETURN(SqlExpr copy, Copy(key));
      auto* order = sort->add_order();
      order->set_direction(SortOrder::SORT_DIRECTION_ASCENDING);
      order->set_null_ordering(SortOrder::SORT_NULLS_FIRST);
      order->set_allocated_child(copy.proto.release());
    }
    repartition->mutable_partition_exprs()->AddAllocated(key.proto.release());
  } while (TakeOp(","));
  parts.height = query.height + 1;
  repartition->set_allocated_input(query.proto.release());
  if (IsWords("ORDER", "BY") || (cluster && IsWords("SORT", "BY"))) return Error();
  SOTERIA_RETURN_IF_ERROR(CheckHeight(parts.height + 1));
  if (!cluster) return parts;
  sort->set_is_global(false);
  sorted.height = parts.height + 1;
  sort->set_allocated_input(parts.proto.release());
  return sorted;
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
  std::optional<SqlExpr> limit;
  if (TakeWord("LIMIT") && !TakeWord("ALL")) {
    SOTERIA_ASSIGN_OR_RETURN(limit, Or());
  }
  if (TakeWord("OFFSET")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr count, Or());
    SOTERIA_ASSIGN_OR_RETURN(query, Counted(std::move(query), std::move(count), /*limit=*/false));
  }
  if (!limit.has_value()) return query;
  return Counted(std::move(query), *std::move(limit), /*limit=*/true);
}

SqlParser::RelationOr SqlParser::Counted(SqlRelation query, SqlExpr count, bool limit) {
  SqlRelation counted = NewRelation();
  counted.height = query.height + 1;
  SOTERIA_RETURN_IF_ERROR(CheckHeight(counted.height));
  if (!count.proto->literal().has_integer()) {
    SqlExprs parts;
    parts.push_back(std::move(count));
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr call,
                             CallNode(limit ? kSqlLimit : kSqlOffset, std::move(parts), true));
    counted.proto->mutable_filter()->set_allocated_condition(call.proto.release());
    counted.proto->mutable_filter()->set_allocated_input(query.proto.release());
  } else if (limit) {
    counted.proto->mutable_limit()->set_limit(count.proto->literal().integer());
    counted.proto->mutable_limit()->set_allocated_input(query.proto.release());
  } else {
    counted.proto->mutable_offset()->set_offset(count.proto->literal().integer());
    counted.proto->mutable_offset()->set_allocated_input(query.proto.release());
  }
  return counted;
}

base::StatusOr<SqlExprs> SqlParser::Items() {
  SqlExprs items;
  do {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr item, Item());
    if (item.proto->has_cast() && item.proto->cast().expr().has_cast()) {
      SqlExprs casts;
      casts.push_back(std::move(item));
      SOTERIA_ASSIGN_OR_RETURN(item, CallNode(kSqlCasts, std::move(casts), /*internal=*/true));
    }
    items.push_back(std::move(item));
  } while (TakeOp(","));
  return items;
}

/// Behind FROM: the tables, with their PIVOT and UNPIVOT, or LATERAL VIEW.
SqlParser::RelationOr SqlParser::FromClause() {
  const size_t begin = at_ - 1;
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation input, From());
  while (IsWords("LATERAL", "VIEW")) {
    SOTERIA_ASSIGN_OR_RETURN(input, LateralView(std::move(input)));
  }
  if (!PivotHere()) return input;
  const bool pivot = IsWord("PIVOT");
  return SqlFailureOver(
      pivot ? kLateralPivot : kLateralUnpivot,
      base::Cat("Not allowed in the FROM clause: LATERAL together with ", Now().upper, "."), sql_,
      tokens_[begin].begin, Now().end);
}

/// The hints of one comment: names, most with parameters. Those that give rows other partitions are
/// kept; of others, known or not, nothing follows.
base::Status SqlParser::Hints(std::vector<SqlHint>* hints) {
  while (!TakeOp("*/")) {
    if (!IsName()) return Error();
    SqlHint hint;
    hint.name = Now().text;
    ++at_;
    if (TakeOp("(")) {
      do {
        SOTERIA_ASSIGN_OR_RETURN(SqlExpr parameter, Unary());
        hint.parameters.push_back(std::move(parameter));
      } while (TakeOp(","));
      SOTERIA_RETURN_IF_ERROR(Need(")"));
    }
    const std::string name = base::Lower(hint.name);
    if (name == "coalesce" || name == "repartition" || name == "repartition_by_range") {
      hints->push_back(std::move(hint));
    }
    TakeOp(",");
  }
  return base::OkStatus();
}

/// The first one is the last to be followed.
SqlRelation SqlParser::Hinted(SqlRelation select, std::vector<SqlHint> hints) {
  for (; !hints.empty(); hints.pop_back()) {
    SqlRelation hinted = NewRelation();
    hinted.height = select.height + 1;
    auto* hint = hinted.proto->mutable_hint();
    hint->set_name(hints.back().name);
    SetItems(std::move(hints.back().parameters), hint->mutable_parameters());
    hint->set_allocated_input(select.proto.release());
    select = std::move(hinted);
  }
  return select;
}

/// SELECT [DISTINCT | ALL], with what is written before it.
base::Status SqlParser::SelectWords(bool* distinct, std::vector<SqlHint>* hints) {
  ++at_;
  windows_->clear();
  SOTERIA_RETURN_IF_ERROR(ReadNamedWindows());
  while (TakeOp("/*+")) SOTERIA_RETURN_IF_ERROR(Hints(hints));
  *distinct = false;
  if ((IsWord("DISTINCT") || IsWord("ALL")) && Now(1).kind != Kind::kEnd && !IsOp(",", 1) &&
      !IsOp(".", 1)) {
    *distinct = IsWord("DISTINCT");
    ++at_;
  }
  return base::OkStatus();
}

/// `from`: what a FROM before it gave.
SqlParser::RelationOr SqlParser::Select(std::optional<SqlRelation> from) {
  bool distinct = false;
  std::vector<SqlHint> hints;
  SOTERIA_RETURN_IF_ERROR(SelectWords(&distinct, &hints));
  SOTERIA_ASSIGN_OR_RETURN(SqlExprs items, Items());
  const bool windows = std::any_of(items.begin(), items.end(),
                                   [](const SqlExpr& item) { return CallsWindow(*item.proto); });
  bool one_row = !from.has_value();
  SqlRelation input = NewRelation();
  if (!one_row) {
    input = *std::move(from);
  } else {
    input.proto->mutable_project();  // without anything: one row
    if (TakeWord("FROM")) {
      SOTERIA_ASSIGN_OR_RETURN(input, FromClause());
      one_row = false;
    }
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
    SOTERIA_ASSIGN_OR_RETURN(select, Qualified(std::move(select), windows));
  }
  if (distinct) select = Distinct(std::move(select));
  select = Hinted(std::move(select), std::move(hints));
  SOTERIA_RETURN_IF_ERROR(CheckHeight(select.height));
  return select;
}

SqlRelation SqlParser::Distinct(SqlRelation select) {
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

/// `windows`: has the list of columns any?
SqlParser::RelationOr SqlParser::Qualified(SqlRelation select, bool windows) {
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation filtered, Filtered(std::move(select)));
  auto* condition = filtered.proto->mutable_filter()->mutable_condition();
  SqlExprs parts;
  parts.push_back(NullNode());
  *parts.back().proto = std::move(*condition);
  parts.push_back(BooleanNode(windows));
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
    if (values.size() == 1 && IsInternal(*values[0].proto, kSqlTuple)) values = Members(&values[0]);
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
