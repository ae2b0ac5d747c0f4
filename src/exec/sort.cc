#include "src/exec/sort.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/order.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

base::StatusOr<std::shared_ptr<arrow::Array>> OneChunk(const arrow::ChunkedArray& column) {
  if (column.num_chunks() == 1) return column.chunk(0);
  if (column.num_chunks() == 0) {
    SOTERIA_ARROW_ASSIGN(auto none, arrow::MakeEmptyArray(column.type()));
    return none;
  }
  SOTERIA_ARROW_ASSIGN(auto whole, arrow::Concatenate(column.chunks()));
  return whole;
}

struct Key {
  std::shared_ptr<arrow::Array> values;
  CompareCells compare;
  bool ascending;
  bool nulls_first;

  int Order(int64_t i, int64_t j) const {
    const bool i_null = values->IsNull(i);
    const bool j_null = values->IsNull(j);
    if (i_null || j_null) {
      const int nulls = static_cast<int>(j_null) - static_cast<int>(i_null);
      return nulls_first ? nulls : -nulls;
    }
    const int order = compare(*values, i, *values, j);
    return ascending ? order : -order;
  }
};

}  // namespace

base::Status CheckOrderable(const arrow::Field& field) {
  if (OrderOf(*field.type()) != nullptr) return base::OkStatus();
  return base::Fail(base::kUnsupported,
                    base::Cat("Values of type ", table::TypeName(field), " can't be sorted"));
}

base::StatusOr<std::shared_ptr<arrow::Table>> TakeTableRows(
    const std::shared_ptr<arrow::Table>& table, const std::vector<int64_t>& rows) {
  const auto count = static_cast<int64_t>(rows.size());
  const arrow::Int64Array indices(count, arrow::Buffer::Wrap(rows));
  arrow::ChunkedArrayVector columns;
  for (const auto& column : table->columns()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto whole, OneChunk(*column));
    SOTERIA_ARROW_ASSIGN(
        auto taken,
        arrow::compute::Take(*whole, indices, arrow::compute::TakeOptions::NoBoundsCheck()));
    columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(taken)));
  }
  return arrow::Table::Make(table->schema(), std::move(columns), count);
}

base::StatusOr<std::shared_ptr<arrow::Table>> SortBy(const std::shared_ptr<arrow::Table>& table,
                                                     const std::vector<SortColumn>& columns) {
  std::vector<Key> keys;
  for (const SortColumn& column : columns) {
    const CompareCells compare = OrderOf(*column.values->type());
    if (compare == nullptr) return base::Fail(base::kUnsupported, "Sort: values without an order");
    SOTERIA_ASSIGN_OR_RETURN(auto whole, OneChunk(*column.values));
    keys.push_back({std::move(whole), compare, column.ascending, column.nulls_first});
  }
  std::vector<int64_t> rows(static_cast<size_t>(table->num_rows()));
  std::iota(rows.begin(), rows.end(), 0);
  std::stable_sort(rows.begin(), rows.end(), [&keys](int64_t i, int64_t j) {
    for (const Key& key : keys) {
      const int order = key.Order(i, j);
      if (order != 0) return order < 0;
    }
    return false;
  });
  return TakeTableRows(table, rows);
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
