// Rows of a table in another order or number, and what they take. Internal to exec; pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "src/base/status.h"

namespace soteria::exec {

/// The column's values at these rows; -1: null.
base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> TakeOrNull(const arrow::ChunkedArray& column,
                                                                const std::vector<int64_t>& rows);
/// The columns of `table` at these rows.
base::Status AppendTaken(const arrow::Table& table, const std::vector<int64_t>& rows,
                         arrow::ChunkedArrayVector& columns);
/// What these rows of the column, or table, take; -1 for none.
uint64_t TakenBytes(const arrow::ChunkedArray& column, const std::vector<int64_t>& rows);
uint64_t TakenBytes(const arrow::Table& table, const std::vector<int64_t>& rows);

}  // namespace soteria::exec
