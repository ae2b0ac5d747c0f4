// df.transpose: rows become columns, named by the values of one of theirs.
#include <arrow/array.h>
#include <arrow/array/array_nested.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/expressions.h"
#include "src/connect/relations.h"
#include "src/connect/types.h"
#include "src/exec/widened_field.h"
#include "src/plan/decorrelate.h"
#include "src/plan/scope.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using arrow::Type;
using FieldPtr = std::shared_ptr<arrow::Field>;

constexpr base::Condition kIndex = {"TRANSPOSE_INVALID_INDEX_COLUMN",
                                    base::exception_class::kAnalysis, "42804",
                                    absl::StatusCode::kInvalidArgument};
constexpr base::Condition kNoCommonType = {"TRANSPOSE_NO_LEAST_COMMON_TYPE",
                                           base::exception_class::kAnalysis, "42K09",
                                           absl::StatusCode::kInvalidArgument};
constexpr base::Condition kRowLimit = {"TRANSPOSE_EXCEED_ROW_LIMIT",
                                       base::exception_class::kAnalysis, "54006",
                                       absl::StatusCode::kInvalidArgument};

/// Of the result, which is part of the plan.
constexpr int64_t kCellsMax = 1'000'000;

base::Status BadIndex(const std::string& why) {
  return base::Fail(kIndex, base::Cat("Invalid index column for TRANSPOSE because: ", why));
}

/// The type of both without a text or a digit lost: nullptr where there is none. Narrower than what
/// operations on sets take: a decimal beside another or beside a double has none.
FieldPtr Tightest(const FieldPtr& a, const arrow::Field& b) {
  const Type::type x = a->type()->id();
  const Type::type y = b.type()->id();
  if (table::IsDecimal(*a->type()) || table::IsDecimal(*b.type())) {
    if (a->type()->Equals(*b.type()) || y == Type::NA) return a;
    if (x == Type::NA) return b.WithName(a->name());
    const bool first = table::IsDecimal(*a->type());
    const arrow::DataType& decimal = first ? *a->type() : *b.type();
    const auto whole = table::ShapeOfInteger(first ? *b.type() : *a->type());
    if (!whole.has_value() || whole->precision > table::ShapeOf(decimal).whole()) return nullptr;
    return first ? a : b.WithName(a->name());
  }
  if (x == Type::LIST && y == Type::LIST) {
    const FieldPtr& element = a->type()->field(0);
    const FieldPtr common = Tightest(element, *b.type()->field(0));
    if (common == nullptr) return nullptr;
    const bool nullable = element->nullable() || b.type()->field(0)->nullable();
    return a->WithType(table::ListOf(common->type(), nullable));
  }
  if (x == Type::STRUCT && y == Type::STRUCT) {
    if (a->type()->num_fields() != b.type()->num_fields()) return nullptr;
    arrow::FieldVector fields;
    for (int i = 0; i < a->type()->num_fields(); ++i) {
      const FieldPtr& one = a->type()->field(i);
      const arrow::Field& other = *b.type()->field(i);
      if (!base::EqualIgnoringCase(one->name(), other.name())) return nullptr;
      const FieldPtr common = Tightest(one, other);
      if (common == nullptr) return nullptr;
      fields.push_back(common->WithNullable(one->nullable() || other.nullable()));
    }
    return a->WithType(arrow::struct_(std::move(fields)));
  }
  return exec::WidenedField(a, b, exec::Texts::kNowhere);
}

base::StatusOr<std::shared_ptr<arrow::DataType>> CommonType(const plan::Plan& input,
                                                            const std::vector<int>& columns) {
  FieldPtr common;
  for (const int place : columns) {
    const FieldPtr& field = input.schema->field(place);
    if (!table::UdtOf(*field).empty()) return base::NotSupported("DataFrame.transpose of vectors");
    const FieldPtr before = common;
    common = before == nullptr ? field : Tightest(before, *field);
    if (common != nullptr) continue;
    return base::Fail(kNoCommonType,
                      base::Cat("Transpose requires non-index columns to share a least common "
                                "type, but ",
                                table::QuotedTypeName(*before), " and ",
                                table::QuotedTypeName(*field), " do not."));
  }
  return common == nullptr ? arrow::utf8() : common->type();
}

/// A column of one row's cells: the row-th of each of the columns.
base::StatusOr<std::shared_ptr<arrow::Array>> Turned(
    const std::vector<std::shared_ptr<arrow::Array>>& columns,
    const std::shared_ptr<arrow::DataType>& type, int64_t row) {
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(type));
  for (const auto& column : columns) {
    SOTERIA_ARROW_RETURN(builder->AppendArraySlice(arrow::ArraySpan(*column->data()), row, 1));
  }
  SOTERIA_ARROW_ASSIGN(auto cells, builder->Finish());
  return cells;
}

/// A column "key" of names, and one for each of the rows, whose first cell names it.
base::StatusOr<std::shared_ptr<arrow::Table>> TurnedTable(
    const arrow::StructArray& rows, const std::vector<std::string>& names,
    const std::shared_ptr<arrow::DataType>& type) {
  arrow::StringBuilder keys;
  SOTERIA_ARROW_RETURN(keys.AppendValues(names));
  arrow::FieldVector fields = {arrow::field("key", arrow::utf8(), false)};
  arrow::ArrayVector columns;
  SOTERIA_ARROW_ASSIGN(columns.emplace_back(), keys.Finish());
  std::vector<std::shared_ptr<arrow::Array>> cells;
  for (int i = 1; i < rows.num_fields(); ++i) cells.push_back(rows.field(i));
  const auto index = rows.field(0);
  for (int64_t row = 0; row < rows.length(); ++row) {
    fields.push_back(
        arrow::field(static_cast<const arrow::StringArray&>(*index).GetString(row), type));
    SOTERIA_ASSIGN_OR_RETURN(columns.emplace_back(), Turned(cells, type, row));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns),
                            static_cast<int64_t>(names.size()));
}

/// Where the column is that names the rows.
base::StatusOr<int> IndexOf(const spark::connect::Transpose& transpose, const plan::PlanPtr& input,
                            const std::string& zone) {
  int index = 0;
  if (transpose.index_columns_size() > 1) {
    return base::Fail(base::kAnalysis, "The number of index columns should be either 0 or 1.");
  }
  if (transpose.index_columns_size() == 1) {
    plan::Scope scope(input);
    SOTERIA_ASSIGN_OR_RETURN(
        const exec::ExprPtr expr,
        ExpressionConverter(scope, {zone}).Convert(transpose.index_columns(0)));
    if (!exec::IsInput(*expr) || transpose.index_columns(0).has_alias()) {
      return BadIndex("Index column must be an atomic attribute");
    }
    index = expr->ordinal;
  }
  const arrow::Field& field = *input->schema->field(index);
  if (field.type()->num_fields() > 0 || field.type()->id() == Type::NA) {
    return BadIndex(
        base::Cat("Index column must be of atomic type, but found: ", ScalaTypeText(field)));
  }
  return index;
}

}  // namespace

/// The result is a table of the script's own, as Spark's is: what it holds has left by the gate.
RelationConverter::PlanOr RelationConverter::Transpose(const spark::connect::Transpose& transpose) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(transpose.input()));
  if (input->columns.empty()) {
    return builder_.Local(arrow::Table::Make(arrow::schema({}), arrow::ArrayVector(), 0));
  }
  if (plan::RefersOut(*input)) return base::NotSupported("transpose in a correlated subquery");
  const std::string zone = state_.config().Zone();
  SOTERIA_ASSIGN_OR_RETURN(const int index, IndexOf(transpose, input, zone));
  std::vector<int> others;
  std::vector<std::string> names;
  for (size_t i = 0; i < input->columns.size(); ++i) {
    if (input->columns[i].id == input->columns[static_cast<size_t>(index)].id) continue;
    others.push_back(static_cast<int>(i));
    names.push_back(input->schema->field(others.back())->name());
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto type, CommonType(*input, others));
  const exec::ExprPtr by = plan::ColumnAt(*input, index);
  std::vector<exec::NamedExpr> columns = {
      {"key", exec::InZone(exec::Cast(by, arrow::utf8()), zone)}};
  for (const int place : others) {
    exec::ExprPtr value = plan::ColumnAt(*input, place);
    if (!input->schema->field(place)->type()->Equals(*type)) {
      value = exec::InZone(exec::Cast(std::move(value), type), zone);
    }
    columns.push_back({"value", std::move(value), "{}"});
  }
  const int64_t most = state_.config().TransposeMaxValues();
  SOTERIA_ASSIGN_OR_RETURN(auto rows,
                           builder_.Filter(std::move(input), exec::Call("isnotnull", {by})));
  SOTERIA_ASSIGN_OR_RETURN(rows, builder_.GlobalSort(std::move(rows), {{by, true, true}}));
  SOTERIA_ASSIGN_OR_RETURN(rows, builder_.Limit(std::move(rows), most + 1));
  SOTERIA_ASSIGN_OR_RETURN(rows, builder_.Project(std::move(rows), std::move(columns)));
  SOTERIA_ASSIGN_OR_RETURN(const auto found,
                           RowsForNames(rows, "transpose names columns by what rows hold"));
  if (found->length() > std::max<int64_t>(most, 0)) {
    return base::Fail(kRowLimit,
                      base::Cat("Number of rows exceeds the allowed limit of ", most,
                                " for TRANSPOSE. If this was intended, set "
                                "spark.sql.transposeMaxValues to at least the current row count."));
  }
  if (found->length() * static_cast<int64_t>(names.size()) > kCellsMax) {
    return base::NotSupported(base::Cat("A transpose of more than ", kCellsMax, " values"));
  }
  SOTERIA_ASSIGN_OR_RETURN(
      auto turned, TurnedTable(static_cast<const arrow::StructArray&>(*found), names, type));
  return builder_.Local(std::move(turned));
}

}  // namespace soteria::connect
