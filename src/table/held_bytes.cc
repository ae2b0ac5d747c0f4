#include "src/table/held_bytes.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>

namespace soteria::table {
namespace {

template <class Data>
uint64_t Held(const Data& data) {
  const auto referenced = arrow::util::ReferencedBufferSize(data);
  return static_cast<uint64_t>(referenced.ok() ? *referenced : arrow::util::TotalBufferSize(data));
}

}  // namespace

uint64_t HeldBytes(const arrow::Array& array) { return Held(array); }
uint64_t HeldBytes(const arrow::ChunkedArray& column) { return Held(column); }
uint64_t HeldBytes(const arrow::Table& table) { return Held(table); }

}  // namespace soteria::table
