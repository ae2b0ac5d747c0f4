// df.na: rows with missing values dropped or filled, as filters and projections.
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <string>
#include <utility>
#include <vector>

#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/connect/literals.h"
#include "src/connect/relations.h"
#include "src/connect/sql_expression.h"
#include "src/plan/scope.h"

namespace soteria::connect {
namespace {

using exec::ExprPtr;

bool IsFloating(const arrow::DataType& type) {
  return type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
}

bool IsNumeric(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || IsFloating(type) || arrow::is_decimal(type.id());
}

/// Null, or NaN where there is one.
base::StatusOr<ExprPtr> IsMissing(const ExprPtr& column, const plan::Plan& input) {
  SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*column, *input.schema));
  ExprPtr missing = exec::Call("isnull", {column});
  if (!IsFloating(*field->type())) return missing;
  return exec::Call("or", {std::move(missing), exec::Call("isnan", {column})});
}

/// The columns of those names, or all.
base::StatusOr<std::vector<ExprPtr>> Columns(
    const plan::PlanPtr& input, const google::protobuf::RepeatedPtrField<std::string>& names) {
  plan::Scope scope(input);
  if (names.empty()) return scope.Star({}, std::nullopt);
  std::vector<ExprPtr> columns;
  for (const std::string& name : names) {
    SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(name));
    SOTERIA_ASSIGN_OR_RETURN(columns.emplace_back(), scope.Resolve(parts));
  }
  return columns;
}

/// Whether Spark fills a column of that type with a value of that kind.
bool Fills(const spark::connect::Expression::Literal& value, const arrow::DataType& type) {
  if (value.has_string()) return type.id() == arrow::Type::STRING;
  if (value.has_boolean()) return type.id() == arrow::Type::BOOL;
  return IsNumeric(type);
}

base::StatusOr<exec::NamedExpr> Filled(const spark::connect::Expression::Literal& value,
                                       const arrow::Field& field, ExprPtr column) {
  SOTERIA_ASSIGN_OR_RETURN(ExprPtr fill, ToLiteralExpr(value));
  if (!fill->literal->type->Equals(*field.type())) fill = exec::Cast(fill, field.type());
  if (IsFloating(*field.type())) {
    column = exec::Call("nanvl",
                        {std::move(column), exec::Literal(arrow::MakeNullScalar(field.type()))});
  }
  ExprPtr expr = exec::Call("coalesce", {std::move(column), std::move(fill)});
  return exec::NamedExpr{field.name(), std::move(expr)};
}

}  // namespace

RelationConverter::PlanOr RelationConverter::DropMissing(const spark::connect::NADrop& drop) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(drop.input()));
  SOTERIA_ASSIGN_OR_RETURN(const auto columns, Columns(input, drop.cols()));
  if (columns.empty()) return input;
  const auto count = static_cast<int32_t>(columns.size());
  const int32_t wanted = drop.has_min_non_nulls() ? drop.min_non_nulls() : count;
  // Counted pairwise, so that many columns don't make a deep expression.
  std::vector<ExprPtr> terms;
  for (const auto& column : columns) {
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr missing, IsMissing(column, *input));
    terms.push_back(exec::Call(
        "when", {std::move(missing), exec::Literal(int32_t{0}), exec::Literal(int32_t{1})}));
  }
  while (terms.size() > 1) {
    std::vector<ExprPtr> sums;
    for (size_t i = 0; i < terms.size(); i += 2) {
      sums.push_back(i + 1 < terms.size() ? exec::Call("+", {terms[i], terms[i + 1]}) : terms[i]);
    }
    terms = std::move(sums);
  }
  return builder_.Filter(std::move(input),
                         exec::Call(">=", {terms.front(), exec::Literal(wanted)}));
}

RelationConverter::PlanOr RelationConverter::FillMissing(const spark::connect::NAFill& fill) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(fill.input()));
  const bool one_value = fill.values_size() == 1;
  if (!one_value && fill.values_size() != fill.cols_size()) {
    return base::Fail(base::kAnalysis, "fillna needs a value for each column");
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto wanted, Columns(input, fill.cols()));
  std::vector<exec::NamedExpr> columns;
  for (int i = 0; i < input->schema->num_fields(); ++i) {
    columns.push_back({"", plan::ColumnAt(*input, i)});
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!exec::IsInput(*wanted[i])) continue;  // a field of a struct: Spark leaves it, too
    const auto& value = fill.values(one_value ? 0 : static_cast<int>(i));
    const arrow::Field& field = *input->schema->field(wanted[i]->ordinal);
    if (!Fills(value, *field.type())) continue;
    auto& column = columns[static_cast<size_t>(wanted[i]->ordinal)];
    SOTERIA_ASSIGN_OR_RETURN(column, Filled(value, field, wanted[i]));
  }
  return builder_.Project(std::move(input), std::move(columns));
}

}  // namespace soteria::connect
