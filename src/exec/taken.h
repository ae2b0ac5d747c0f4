// Rows of a table in another order or number, and what they take. Internal to exec; pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "src/base/status.h"

namespace soteria::exec {

/// Bytes of the values in one chunk of a result, unless one alone has more: the offsets of texts
/// and lists are of 32 bits, and Arrow's Take of lists doesn't look whether they still are.
inline constexpr uint64_t kChunkBytesMax = uint64_t{1} << 30;

/// The column's values at these rows; -1: null.
base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> TakeOrNull(
    const arrow::ChunkedArray& column, const std::vector<int64_t>& rows,
    uint64_t chunk_bytes_max = kChunkBytesMax);
/// The columns of `table` at these rows.
base::Status AppendTaken(const arrow::Table& table, const std::vector<int64_t>& rows,
                         arrow::ChunkedArrayVector& columns);
/// What these rows of the column, or table, take; -1 for none.
uint64_t TakenBytes(const arrow::ChunkedArray& column, const std::vector<int64_t>& rows);
uint64_t TakenBytes(const arrow::Table& table, const std::vector<int64_t>& rows);
/// At least what the offsets within an array of these rows would count to, whichever of its texts'
/// or lists' they are: what is more than 32 bits may not be taken in one chunk.
uint64_t TakenLength(const arrow::Array& values, const std::vector<int64_t>& rows);

}  // namespace soteria::exec
