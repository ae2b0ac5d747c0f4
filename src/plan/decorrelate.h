// Subqueries that name columns of the query around them, as rows that a join can put to it. While a
// subquery is resolved such a column is a reference: an expression that stands for a value it
// doesn't know. Decorrelate takes the conditions that refer out of the plan, so that they become
// those of a join of the outer rows with what is left:
//
//   outer rows o, (SELECT max(v) FROM t WHERE t.k = o.a)
//     -> plan: max(v) and k of t by k;  conditions: k = reference 0;  columns: max(v)
//
// An aggregate without keys has a row for every outer row, one over no rows at all where none of
// its own belong to it: `whole` then says what that one holds. Pure functions but for ids of
// columns.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/plan/logical.h"

namespace soteria::plan {

/// Number `number` of the values of the query around, printed like that.
exec::ExprPtr Reference(int number, const arrow::Field& field, std::string text);
bool IsReference(const exec::Expr& e);
bool HasReference(const exec::Expr& e);
/// Does any expression of the plan refer out of it?
bool RefersOut(const Plan& plan);
/// The expression with `values` in place of its references.
exec::ExprPtr WithValues(const exec::ExprPtr& e, const std::vector<exec::ExprPtr>& values);
struct Decorrelated {
  PlanPtr plan;                           ///< without references
  std::vector<exec::ExprPtr> conditions;  ///< over its columns, and references
  std::vector<exec::ExprPtr> columns;     ///< the subquery's, over the same
  bool whole = false;                     ///< every outer row has one row, if it is kept
  exec::ExprPtr kept;                     ///< whole: the condition for it; null: always
  std::vector<exec::ExprPtr> defaults;    ///< whole: the plan's columns where no row belongs to it
};

/// `outer` are the rows around, `values` what the references mean over these; kUnsupported for a
/// subquery that Spark could take apart and this function can't.
base::StatusOr<Decorrelated> Decorrelate(Builder& builder, const PlanPtr& subquery,
                                         const PlanPtr& outer,
                                         const std::vector<exec::ExprPtr>& values);

}  // namespace soteria::plan
