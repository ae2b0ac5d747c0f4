// What Arrow's data keep in memory: buffers that several slices share count with the part that each
// refers to. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>

namespace soteria::table {

uint64_t HeldBytes(const arrow::Array& array);
uint64_t HeldBytes(const arrow::ChunkedArray& column);
uint64_t HeldBytes(const arrow::Table& table);

}  // namespace soteria::table
