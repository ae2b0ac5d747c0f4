// Relations of two tables: joins, unions and the other operations on sets of rows; and those that
// compare rows of one, or make rows of nothing.
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/expressions.h"
#include "src/connect/relations.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_nodes.h"
#include "src/connect/windows.h"
#include "src/plan/scope.h"
#include "src/table/conditions.h"

namespace soteria::connect {
namespace {

using exec::JoinKind;
using spark::connect::Join;
using spark::connect::SetOperation;

constexpr base::Condition kUsingColumn = {"UNRESOLVED_USING_COLUMN_FOR_JOIN",
                                          base::exception_class::kAnalysis, "42703",
                                          absl::StatusCode::kInvalidArgument};
constexpr base::Condition kNotAmongNames = {"UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
                                            base::exception_class::kAnalysis, "42703",
                                            absl::StatusCode::kInvalidArgument};
constexpr int kDeduplicateNamesMax = 100'000;

base::StatusOr<JoinKind> KindOf(Join::JoinType type) {
  switch (type) {
    case Join::JOIN_TYPE_UNSPECIFIED:
    case Join::JOIN_TYPE_INNER:
    case Join::JOIN_TYPE_CROSS:
      return JoinKind::kInner;
    case Join::JOIN_TYPE_FULL_OUTER:
      return JoinKind::kFullOuter;
    case Join::JOIN_TYPE_LEFT_OUTER:
      return JoinKind::kLeftOuter;
    case Join::JOIN_TYPE_RIGHT_OUTER:
      return JoinKind::kRightOuter;
    case Join::JOIN_TYPE_LEFT_ANTI:
      return JoinKind::kLeftAnti;
    case Join::JOIN_TYPE_LEFT_SEMI:
      return JoinKind::kLeftSemi;
    default:
      return base::NotSupported("A join of that kind");
  }
}

/// The only column of that name; UNRESOLVED_USING_COLUMN_FOR_JOIN.
base::StatusOr<int> UsingColumn(const plan::PlanPtr& plan, const std::string& name,
                                const char* side) {
  SOTERIA_ASSIGN_OR_RETURN(const auto found, plan::Scope(plan).Find({name}));
  if (found.has_value()) return *found;
  std::vector<std::string> names;
  for (const auto& field : plan->schema->fields()) names.push_back(QuoteName({field->name()}));
  std::sort(names.begin(), names.end());
  return base::Fail(
      kUsingColumn,
      base::Cat("USING column ", QuoteName({name}), " cannot be resolved on the ", side,
                " side of the join. The ", side, "-side columns: [", base::Joined(names), "]."));
}

/// No column twice, whatever the case.
base::Status CheckDistinctNames(const plan::Plan& plan) {
  std::vector<std::string> seen;
  for (const auto& field : plan.schema->fields()) seen.push_back(base::Lower(field->name()));
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end());
  if (twice == seen.end()) return base::OkStatus();
  return base::Fail(table::kColumnExists,
                    base::Cat("The column ", QuoteName({*twice}),
                              " already exists. Choose another name or rename the existing "
                              "column."));
}

int NamedColumn(const plan::Plan& plan, const std::string& name) {
  for (int i = 0; i < plan.schema->num_fields(); ++i) {
    if (base::EqualIgnoringCase(plan.schema->field(i)->name(), name)) return i;
  }
  return -1;
}

exec::NamedExpr MissingColumn(const std::string& name) {
  return {name, exec::Literal(arrow::MakeNullScalar(arrow::null()))};
}

base::Status NotAmong(const std::string& name, const plan::Plan& plan) {
  std::string names;
  for (const auto& field : plan.schema->fields()) {
    names += base::Cat(names.empty() ? "" : ", ", field->name());
  }
  return base::Fail(kNotAmongNames,
                    base::Cat("Cannot resolve column name \"", name, "\" among (", names, ")."));
}

}  // namespace

RelationConverter::PlanOr RelationConverter::Join(const spark::connect::Join& join) {
  SOTERIA_ASSIGN_OR_RETURN(auto left, Resolve(join.left()));
  SOTERIA_ASSIGN_OR_RETURN(auto right, Resolve(join.right()));
  SOTERIA_ASSIGN_OR_RETURN(const JoinKind kind, KindOf(join.join_type()));
  if (join.has_join_data_type()) return base::NotSupported("Dataset.joinWith", "join");
  SOTERIA_ASSIGN_OR_RETURN(auto cross, builder_.Cross(std::move(left), std::move(right)));
  if (join.using_columns_size() > 0) {
    if (join.has_join_condition()) {
      return base::NotSupported("A join by columns and a condition", "one of them");
    }
    return JoinUsing(cross, kind, {join.using_columns().begin(), join.using_columns().end()});
  }
  if (!join.has_join_condition()) return builder_.Join(cross, kind, nullptr);
  if (IsInternal(join.join_condition(), kSqlNatural)) return JoinNatural(cross, kind);
  plan::Scope scope(cross);
  // Rows that have no match must be known before a subquery is looked at.
  const bool inner = kind == JoinKind::kInner;
  const ExpressionConverter converter = inner ? OverWithSubqueries(scope) : Over(scope);
  SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr condition, converter.Convert(join.join_condition()));
  SOTERIA_RETURN_IF_ERROR(CheckNoWindow(*condition, "Join"));
  if (HasAggregate(*condition)) return base::NotSupported("An aggregate in a join's condition");
  return inner ? JoinRows(cross, condition) : builder_.Join(cross, kind, condition);
}

/// By the columns whose names both sides have.
RelationConverter::PlanOr RelationConverter::JoinNatural(const plan::PlanPtr& cross,
                                                         JoinKind kind) {
  std::vector<std::string> names;
  for (const auto& field : cross->inputs[0]->schema->fields()) {
    const bool both = NamedColumn(*cross->inputs[1], field->name()) >= 0;
    if (both) names.push_back(field->name());
  }
  if (names.empty()) return builder_.Join(cross, kind, nullptr);
  return JoinUsing(cross, kind, names);
}

RelationConverter::PlanOr RelationConverter::JoinUsing(const plan::PlanPtr& cross, JoinKind kind,
                                                       const std::vector<std::string>& names) {
  const plan::PlanPtr& left = cross->inputs[0];
  const plan::PlanPtr& right = cross->inputs[1];
  const int lefts = left->schema->num_fields();
  std::vector<int> left_keys;
  std::vector<int> right_keys;
  exec::ExprPtr condition;
  for (const std::string& name : names) {
    SOTERIA_ASSIGN_OR_RETURN(left_keys.emplace_back(), UsingColumn(left, name, "left"));
    SOTERIA_ASSIGN_OR_RETURN(right_keys.emplace_back(), UsingColumn(right, name, "right"));
    exec::ExprPtr same = exec::Call("==", {plan::ColumnAt(*cross, left_keys.back()),
                                           plan::ColumnAt(*cross, lefts + right_keys.back())});
    same = exec::InZone(same, state_.config().Zone());
    condition = condition == nullptr ? same : exec::Call("and", {condition, same});
  }
  SOTERIA_ASSIGN_OR_RETURN(auto joined, builder_.Join(cross, kind, condition));
  std::vector<exec::NamedExpr> columns;
  for (size_t k = 0; k < names.size(); ++k) {
    const exec::ExprPtr of_left = plan::ColumnAt(*cross, left_keys[k]);
    const exec::ExprPtr of_right = plan::ColumnAt(*cross, lefts + right_keys[k]);
    if (kind == JoinKind::kFullOuter) {
      columns.push_back(
          {left->schema->field(left_keys[k])->name(), exec::Call("coalesce", {of_left, of_right})});
    } else {
      columns.push_back({std::nullopt, kind == JoinKind::kRightOuter ? of_right : of_left});
    }
  }
  const auto others = [&](const plan::Plan& side, const std::vector<int>& keys, int before) {
    for (int i = 0; i < side.schema->num_fields(); ++i) {
      if (std::find(keys.begin(), keys.end(), i) != keys.end()) continue;
      columns.push_back({std::nullopt, plan::ColumnAt(*cross, before + i)});
    }
  };
  others(*left, left_keys, 0);
  const bool both = joined->schema->num_fields() == cross->schema->num_fields();
  if (both) others(*right, right_keys, lefts);
  return builder_.Project(std::move(joined), std::move(columns));
}

RelationConverter::PlanOr RelationConverter::SetOperation(
    const spark::connect::SetOperation& operation) {
  SOTERIA_ASSIGN_OR_RETURN(auto left, Resolve(operation.left_input()));
  SOTERIA_ASSIGN_OR_RETURN(auto right, Resolve(operation.right_input()));
  const bool all = operation.is_all();
  switch (operation.set_op_type()) {
    case SetOperation::SET_OP_TYPE_UNION: {
      plan::PlanPtr rows;
      if (operation.by_name()) {
        SOTERIA_ASSIGN_OR_RETURN(rows, UnionByName(std::move(left), std::move(right),
                                                   operation.allow_missing_columns()));
      } else {
        SOTERIA_ASSIGN_OR_RETURN(rows, builder_.Union({std::move(left), std::move(right)}));
      }
      if (all) return rows;
      std::vector<int> columns;
      for (int i = 0; i < rows->schema->num_fields(); ++i) columns.push_back(i);
      return builder_.Distinct(std::move(rows), std::move(columns));
    }
    case SetOperation::SET_OP_TYPE_INTERSECT:
      return builder_.Intersect(std::move(left), std::move(right), all);
    case SetOperation::SET_OP_TYPE_EXCEPT:
      return builder_.Except(std::move(left), std::move(right), all);
    default:
      return base::NotSupported("A set operation of that kind");
  }
}

RelationConverter::PlanOr RelationConverter::UnionByName(plan::PlanPtr left, plan::PlanPtr right,
                                                         bool allow_missing) {
  SOTERIA_RETURN_IF_ERROR(CheckDistinctNames(*left));
  SOTERIA_RETURN_IF_ERROR(CheckDistinctNames(*right));
  std::vector<exec::NamedExpr> lefts;
  std::vector<exec::NamedExpr> rights;
  for (int i = 0; i < left->schema->num_fields(); ++i) {
    const std::string& name = left->schema->field(i)->name();
    lefts.push_back({std::nullopt, plan::ColumnAt(*left, i)});
    const int at = NamedColumn(*right, name);
    if (at < 0 && !allow_missing) return NotAmong(name, *right);
    rights.push_back(at < 0 ? MissingColumn(name)
                            : exec::NamedExpr{std::nullopt, plan::ColumnAt(*right, at)});
  }
  for (int i = 0; allow_missing && i < right->schema->num_fields(); ++i) {
    const std::string& name = right->schema->field(i)->name();
    if (NamedColumn(*left, name) >= 0) continue;
    lefts.push_back(MissingColumn(name));
    rights.push_back({std::nullopt, plan::ColumnAt(*right, i)});
  }
  if (lefts.size() > left->columns.size()) {
    SOTERIA_ASSIGN_OR_RETURN(left, builder_.Project(std::move(left), std::move(lefts)));
  }
  SOTERIA_ASSIGN_OR_RETURN(right, builder_.Project(std::move(right), std::move(rights)));
  return builder_.Union({std::move(left), std::move(right)});
}

RelationConverter::PlanOr RelationConverter::Deduplicate(
    const spark::connect::Deduplicate& deduplicate) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(deduplicate.input()));
  if (deduplicate.within_watermark()) {
    return base::NotSupported("DataFrame.dropDuplicatesWithinWatermark (streaming)");
  }
  std::vector<int> columns;
  if (deduplicate.all_columns_as_keys()) {
    for (int i = 0; i < input->schema->num_fields(); ++i) columns.push_back(i);
    return builder_.Distinct(std::move(input), std::move(columns));
  }
  if (deduplicate.column_names_size() > kDeduplicateNamesMax) {
    return base::Fail(base::kAnalysis, "Too many column names");
  }
  for (const std::string& name : deduplicate.column_names()) {
    bool found = false;
    for (int i = 0; i < input->schema->num_fields(); ++i) {
      if (!base::EqualIgnoringCase(input->schema->field(i)->name(), name)) continue;
      columns.push_back(i);
      found = true;
    }
    if (!found) return NotAmong(name, *input);
  }
  return builder_.Distinct(std::move(input), std::move(columns));
}

RelationConverter::PlanOr RelationConverter::Range(const spark::connect::Range& range) {
  const int64_t start = range.has_start() ? range.start() : 0;
  if (range.has_num_partitions()) {
    SOTERIA_RETURN_IF_ERROR(CheckPartitions(range.num_partitions()));
  }
  return builder_.Range(start, range.end(), range.step(),
                        range.has_num_partitions() ? range.num_partitions() : 0);
}

}  // namespace soteria::connect
