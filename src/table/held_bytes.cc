#include "src/table/held_bytes.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <optional>

namespace soteria::table {
namespace {

template <class Data>
uint64_t Held(const Data& data) {
  const auto referenced = arrow::util::ReferencedBufferSize(data);
  return static_cast<uint64_t>(referenced.ok() ? *referenced : arrow::util::TotalBufferSize(data));
}

/// The bytes that the values take of a buffer.
uint64_t Part(const arrow::Buffer* buffer, const arrow::ArrayData& data, int64_t bits) {
  if (buffer == nullptr || data.length == 0) return 0;
  const int64_t first = data.offset * bits / 8;
  return static_cast<uint64_t>(((data.offset + data.length) * bits + 7) / 8 - first);
}

/// Of numbers and the like; none: it has other parts.
std::optional<uint64_t> Flat(const arrow::ArrayData& data) {
  const auto* fixed = dynamic_cast<const arrow::FixedWidthType*>(data.type.get());
  if (fixed == nullptr || data.buffers.size() != 2 || !data.child_data.empty() ||
      data.dictionary != nullptr) {
    return std::nullopt;
  }
  return Part(data.buffers[0].get(), data, 1) +
         Part(data.buffers[1].get(), data, fixed->bit_width());
}

}  // namespace

uint64_t HeldBytes(const arrow::Array& array) { return Held(array); }
uint64_t HeldBytes(const arrow::ChunkedArray& column) { return Held(column); }

uint64_t HeldBytes(const arrow::Table& table) {
  // Arrow's own answer makes arrays for every column, which is felt where a table has thousands.
  uint64_t bytes = 0;
  for (const auto& column : table.columns()) {
    for (const auto& chunk : column->chunks()) {
      const std::optional<uint64_t> flat = Flat(*chunk->data());
      if (!flat.has_value()) return Held(table);
      bytes += *flat;
    }
  }
  return bytes;
}

}  // namespace soteria::table
