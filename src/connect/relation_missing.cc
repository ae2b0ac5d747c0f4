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
#include "src/exec/operator.h"

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
ExprPtr IsMissing(const arrow::Field& field) {
  const ExprPtr column = exec::ColumnNamed(field.name());
  ExprPtr missing = exec::Call("isnull", {column});
  if (!IsFloating(*field.type())) return missing;
  return exec::Call("or", {std::move(missing), exec::Call("isnan", {column})});
}

/// The columns of those names, or all.
base::StatusOr<std::vector<std::shared_ptr<arrow::Field>>> Columns(
    const arrow::Schema& schema, const google::protobuf::RepeatedPtrField<std::string>& names) {
  if (names.empty()) return schema.fields();
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const std::string& name : names) {
    SOTERIA_ASSIGN_OR_RETURN(const int index, exec::ResolveColumn(schema, name));
    fields.push_back(schema.field(index));
  }
  return fields;
}

/// Whether Spark fills a column of that type with a value of that kind.
bool Fills(const spark::connect::Expression::Literal& value, const arrow::DataType& type) {
  if (value.has_string()) return type.id() == arrow::Type::STRING;
  if (value.has_boolean()) return type.id() == arrow::Type::BOOL;
  return IsNumeric(type);
}

base::StatusOr<exec::NamedExpr> Filled(const spark::connect::Expression::Literal& value,
                                       const arrow::Field& field) {
  SOTERIA_ASSIGN_OR_RETURN(ExprPtr fill, ToLiteralExpr(value));
  if (!fill->literal->type->Equals(*field.type())) fill = exec::Cast(fill, field.type());
  ExprPtr column = exec::ColumnNamed(field.name());
  if (IsFloating(*field.type())) {
    column = exec::Call("nanvl",
                        {std::move(column), exec::Literal(arrow::MakeNullScalar(field.type()))});
  }
  ExprPtr expr = exec::Call("coalesce", {std::move(column), std::move(fill)});
  return exec::NamedExpr{field.name(), std::move(expr)};
}

}  // namespace

RelationConverter::ResolvedOr RelationConverter::DropMissing(const spark::connect::NADrop& drop) {
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(drop.input()));
  SOTERIA_ASSIGN_OR_RETURN(const auto fields, Columns(*input.plan->schema, drop.cols()));
  if (fields.empty()) return input;
  const auto count = static_cast<int32_t>(fields.size());
  const int32_t wanted = drop.has_min_non_nulls() ? drop.min_non_nulls() : count;
  // Counted pairwise, so that many columns don't make a deep expression.
  std::vector<ExprPtr> terms;
  for (const auto& field : fields) {
    terms.push_back(exec::Call(
        "when", {IsMissing(*field), exec::Literal(int32_t{0}), exec::Literal(int32_t{1})}));
  }
  while (terms.size() > 1) {
    std::vector<ExprPtr> sums;
    for (size_t i = 0; i < terms.size(); i += 2) {
      sums.push_back(i + 1 < terms.size() ? exec::Call("+", {terms[i], terms[i + 1]}) : terms[i]);
    }
    terms = std::move(sums);
  }
  return Apply(std::move(input),
               exec::Filter(exec::Call(">=", {terms.front(), exec::Literal(wanted)})));
}

RelationConverter::ResolvedOr RelationConverter::FillMissing(const spark::connect::NAFill& fill) {
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(fill.input()));
  const bool one_value = fill.values_size() == 1;
  if (!one_value && fill.values_size() != fill.cols_size()) {
    return base::Fail(base::kAnalysis, "fillna needs a value for each column");
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto fields, Columns(*input.plan->schema, fill.cols()));
  std::vector<exec::NamedExpr> columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto& value = fill.values(one_value ? 0 : static_cast<int>(i));
    if (!Fills(value, *fields[i]->type())) continue;
    SOTERIA_ASSIGN_OR_RETURN(auto column, Filled(value, *fields[i]));
    columns.push_back(std::move(column));
  }
  if (columns.empty()) return input;
  return Apply(std::move(input), exec::WithColumns(std::move(columns)));
}

}  // namespace soteria::connect
