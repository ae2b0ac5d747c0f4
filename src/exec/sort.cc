#include "src/exec/sort.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/codec.h"
#include "src/exec/conditions.h"
#include "src/exec/order.h"
#include "src/exec/order_words.h"
#include "src/table/arrow_status.h"
#include "src/table/held_bytes.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

base::StatusOr<std::shared_ptr<arrow::Table>> TakeAt(const std::shared_ptr<arrow::Table>& table,
                                                     const arrow::Array& rows) {
  arrow::ChunkedArrayVector columns;
  for (const auto& column : table->columns()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto whole, OneChunk(*column));
    SOTERIA_ARROW_ASSIGN(
        auto taken,
        arrow::compute::Take(*whole, rows, arrow::compute::TakeOptions::NoBoundsCheck()));
    columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(taken)));
  }
  return arrow::Table::Make(table->schema(), std::move(columns), rows.length());
}

}  // namespace

int OrderKey::Order(int64_t i, const OrderKey& other, int64_t j) const {
  const bool none = values->type_id() == arrow::Type::NA;
  const bool i_null = none || values->IsNull(i);
  const bool j_null = none || other.values->IsNull(j);
  if (i_null || j_null) {
    const int nulls = static_cast<int>(j_null) - static_cast<int>(i_null);
    return nulls_first ? nulls : -nulls;
  }
  const int order = compare(*values, i, *other.values, j);
  return ascending ? order : -order;
}

base::StatusOr<std::vector<OrderKey>> OrderKeysOf(const std::vector<SortColumn>& columns) {
  std::vector<OrderKey> keys;
  for (const SortColumn& column : columns) {
    const CompareCells compare = OrderOf(*column.values->type());
    if (compare == nullptr) return base::Fail(base::kUnsupported, "Sort: values without an order");
    SOTERIA_ASSIGN_OR_RETURN(auto whole, OneChunk(*column.values));
    keys.push_back({std::move(whole), compare, column.ascending, column.nulls_first});
  }
  return keys;
}

int OrderRows(const std::vector<OrderKey>& a, int64_t i, const std::vector<OrderKey>& b,
              int64_t j) {
  for (size_t k = 0; k < a.size(); ++k) {
    const int order = a[k].Order(i, b[k], j);
    if (order != 0) return order;
  }
  return 0;
}

base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> KeyColumn(const Expr& e,
                                                               const arrow::Table& table,
                                                               uint64_t partition) {
  SOTERIA_ASSIGN_OR_RETURN(auto values, Evaluate(e, table, partition));
  if (values->type()->id() != arrow::Type::FIXED_SIZE_LIST) return values;
  const auto field = table::WithUdt(arrow::field("", values->type()), table::kVectorUdt);
  SOTERIA_ASSIGN_OR_RETURN(
      const auto spark, table::ToSparkForm(arrow::Table::Make(arrow::schema({field}), {values})));
  return spark->column(0);
}

base::StatusOr<std::vector<SortColumn>> SortColumnsOf(const std::vector<SortKey>& keys,
                                                      const arrow::Table& table,
                                                      uint64_t partition) {
  std::vector<SortColumn> columns;
  for (const SortKey& key : keys) {
    SOTERIA_ASSIGN_OR_RETURN(auto values, KeyColumn(*key.expr, table, partition));
    columns.push_back({std::move(values), key.ascending, key.nulls_first});
  }
  return columns;
}

void WriteSortKeys(const std::vector<SortKey>& keys, base::FieldWriter& out) {
  out.AddU64(keys.size());
  for (const SortKey& key : keys) {
    out.AddBool(key.ascending).AddBool(key.nulls_first);
    WriteExpr(*key.expr, out);
  }
}

base::StatusOr<std::vector<SortKey>> ReadSortKeys(base::FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (count > kOperatorColumnsMax) return base::Fail(base::kProtocol, "Sort: too many keys");
  ExprReader exprs(in);
  std::vector<SortKey> keys;
  for (uint64_t i = 0; i < count; ++i) {
    SortKey key;
    SOTERIA_ASSIGN_OR_RETURN(key.ascending, in.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(key.nulls_first, in.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(key.expr, exprs.Read());
    keys.push_back(std::move(key));
  }
  return keys;
}

base::StatusOr<std::shared_ptr<arrow::Array>> OneChunk(const arrow::ChunkedArray& column) {
  if (column.num_chunks() == 1) return column.chunk(0);
  if (column.num_chunks() == 0) {
    SOTERIA_ARROW_ASSIGN(auto none, arrow::MakeEmptyArray(column.type()));
    return none;
  }
  SOTERIA_ARROW_ASSIGN(auto whole, arrow::Concatenate(column.chunks()));
  return whole;
}

base::Status CheckSortKey(const SortKey& key, const arrow::Schema& input) {
  SOTERIA_ASSIGN_OR_RETURN(const auto field, TypeOf(*key.expr, input));
  if (OrderOf(*field->type()) != nullptr) return base::OkStatus();
  return base::Fail(
      kInvalidOrdering,
      base::Cat("Cannot resolve \"", field->name(), key.ascending ? " ASC" : " DESC",
                key.nulls_first ? " NULLS FIRST" : " NULLS LAST",
                "\" due to data type mismatch: The `sortorder` does not support ordering on type ",
                table::QuotedTypeName(*field), "."));
}

base::Status CheckSetColumn(const arrow::Field& field) {
  if (OrderOf(*field.type()) != nullptr) return base::OkStatus();
  return base::Fail(kSetOperationOnMap,
                    base::Cat("The feature is not supported: Cannot have MAP type columns in a set "
                              "operation (INTERSECT, EXCEPT, etc.), but the type of column `",
                              field.name(), "` is ", table::QuotedTypeName(field), "."));
}

base::StatusOr<std::shared_ptr<arrow::Table>> TakeTableRows(
    const std::shared_ptr<arrow::Table>& table, const std::vector<int64_t>& rows) {
  return TakeAt(table,
                arrow::Int64Array(static_cast<int64_t>(rows.size()), arrow::Buffer::Wrap(rows)));
}

base::StatusOr<std::shared_ptr<arrow::Table>> TakeTableRows(
    const std::shared_ptr<arrow::Table>& table, const std::vector<uint32_t>& rows) {
  return TakeAt(table,
                arrow::UInt32Array(static_cast<int64_t>(rows.size()), arrow::Buffer::Wrap(rows)));
}

base::StatusOr<std::shared_ptr<arrow::Table>> SortBy(const std::shared_ptr<arrow::Table>& table,
                                                     const std::vector<SortColumn>& columns) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<OrderKey> keys, OrderKeysOf(columns));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<uint32_t> rows, OrderedRows(keys, table->num_rows()));
  return TakeTableRows(table, rows);
}

uint64_t SortBytes(const arrow::Table& table) {
  return table::HeldBytes(table) + static_cast<uint64_t>(table.num_rows()) * kOrderedRowBytes;
}

base::StatusOr<std::shared_ptr<arrow::Table>> SortByAll(
    const std::shared_ptr<arrow::Table>& table) {
  std::vector<SortColumn> columns;
  for (const auto& column : table->columns()) {
    if (OrderOf(*column->type()) != nullptr) columns.push_back({column, true, true});
  }
  return SortBy(table, columns);
}

}  // namespace soteria::exec
