// Stable sorting of one partition by our own comparator (order.h). Internal to exec.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "src/base/status.h"

namespace soteria::exec {

struct SortColumn {
  std::shared_ptr<arrow::ChunkedArray> values;
  bool ascending = true;
  bool nulls_first = true;
};

base::StatusOr<std::shared_ptr<arrow::Table>> SortBy(const std::shared_ptr<arrow::Table>& table,
                                                     const std::vector<SortColumn>& columns);
/// By every column that has an order, ascending, nulls first.
base::StatusOr<std::shared_ptr<arrow::Table>> SortByAll(const std::shared_ptr<arrow::Table>& table);
base::Status CheckOrderable(const arrow::Field& field);
/// Rows of a table by number, in the order given; one chunk.
base::StatusOr<std::shared_ptr<arrow::Table>> TakeTableRows(
    const std::shared_ptr<arrow::Table>& table, const std::vector<int64_t>& rows);

}  // namespace soteria::exec
