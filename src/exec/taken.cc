#include "src/exec/taken.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "src/exec/sort.h"
#include "src/table/arrow_status.h"

namespace soteria::exec {
namespace {

/// Rows of one chunk of a result.
constexpr int64_t kChunkRows = 65'536;

template <typename Offset>
uint64_t TextBytes(const arrow::ArrayData& data, int64_t from, int64_t to) {
  const auto* offsets = data.GetValues<Offset>(1);
  return static_cast<uint64_t>(offsets[to] - offsets[from]) +
         static_cast<uint64_t>(to - from) * sizeof(Offset);
}

/// Of types whose values all take as much; 0 for others.
uint64_t FixedBytes(const arrow::DataType& type) {
  if (!arrow::is_fixed_width(type.id())) return 0;
  return (static_cast<uint64_t>(type.bit_width()) + 7) / 8 + 1;
}

/// Bytes of the values from..to, each with all that hangs on it: in time that doesn't depend on how
/// many they are. What Take needs for the places of elements is counted with them.
uint64_t RangeBytes(const arrow::ArrayData& data, const arrow::DataType& type, int64_t from,
                    int64_t to) {
  if (from == to) return 0;
  const auto count = static_cast<uint64_t>(to - from);
  const auto child = [&](size_t i, int64_t first, int64_t last) {
    return RangeBytes(*data.child_data[i], *data.child_data[i]->type, first, last);
  };
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return TextBytes<int32_t>(data, from, to);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return TextBytes<int64_t>(data, from, to);
    case arrow::Type::LIST:
    case arrow::Type::MAP: {
      const auto* offsets = data.GetValues<int32_t>(1);
      const auto elements = static_cast<uint64_t>(offsets[to] - offsets[from]);
      return (count + elements) * sizeof(int32_t) + child(0, offsets[from], offsets[to]);
    }
    case arrow::Type::LARGE_LIST: {
      const auto* offsets = data.GetValues<int64_t>(1);
      const auto elements = static_cast<uint64_t>(offsets[to] - offsets[from]);
      return (count + elements) * sizeof(int64_t) + child(0, offsets[from], offsets[to]);
    }
    case arrow::Type::FIXED_SIZE_LIST: {
      const int64_t size = static_cast<const arrow::FixedSizeListType&>(type).list_size();
      return count + child(0, (data.offset + from) * size, (data.offset + to) * size);
    }
    case arrow::Type::STRUCT: {
      uint64_t bytes = count;
      for (size_t i = 0; i < data.child_data.size(); ++i) {
        bytes += child(i, data.offset + from, data.offset + to);
      }
      return bytes;
    }
    case arrow::Type::EXTENSION: {
      const auto& own = static_cast<const arrow::ExtensionType&>(type);
      return RangeBytes(data, *own.storage_type(), from, to);
    }
    default:
      return count * std::max<uint64_t>(FixedBytes(type), 1);
  }
}

/// The most that a text or list, or those within, of the values from..to count to together.
uint64_t RangeLength(const arrow::ArrayData& data, int64_t from, int64_t to) {
  if (from == to) return 0;
  switch (data.type->id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      const auto* offsets = data.GetValues<int32_t>(1);
      return static_cast<uint64_t>(offsets[to] - offsets[from]);
    }
    case arrow::Type::LIST:
    case arrow::Type::MAP: {
      const auto* offsets = data.GetValues<int32_t>(1);
      return std::max(static_cast<uint64_t>(offsets[to] - offsets[from]),
                      RangeLength(*data.child_data[0], offsets[from], offsets[to]));
    }
    case arrow::Type::STRUCT: {
      uint64_t most = 0;
      for (const auto& child : data.child_data) {
        most = std::max(most, RangeLength(*child, data.offset + from, data.offset + to));
      }
      return most;
    }
    default:
      return 0;
  }
}

/// The bytes of single rows of a column.
class RowBytes {
 public:
  explicit RowBytes(const arrow::ChunkedArray& column)
      : column_(column), fixed_(FixedBytes(*column.type())) {}
  uint64_t fixed() const { return fixed_; }
  uint64_t operator()(int64_t row) {
    while (row < from_) from_ -= column_.chunk(--chunk_)->length();
    while (row - from_ >= column_.chunk(chunk_)->length()) {
      from_ += column_.chunk(chunk_++)->length();
    }
    const arrow::ArrayData& data = *column_.chunk(chunk_)->data();
    return RangeBytes(data, *data.type, row - from_, row - from_ + 1);
  }

 private:
  const arrow::ChunkedArray& column_;
  const uint64_t fixed_;  // each; 0 where they differ
  int chunk_ = 0;
  int64_t from_ = 0;  // the chunk's first row
};

/// Where a chunk of the values at `rows` ends that begins at `from`.
int64_t ChunkEnd(RowBytes& bytes, const std::vector<int64_t>& rows, int64_t from,
                 uint64_t bytes_max) {
  const auto most = std::min(static_cast<int64_t>(rows.size()), from + kChunkRows);
  if (bytes.fixed() > 0) return most;
  uint64_t taken = 0;
  for (int64_t i = from; i < most; ++i) {
    const int64_t row = rows[static_cast<size_t>(i)];
    if (row >= 0) taken += bytes(row);
    if (taken > bytes_max && i > from) return i;
  }
  return most;
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> TakeOrNull(const arrow::ChunkedArray& column,
                                                                const std::vector<int64_t>& rows,
                                                                uint64_t chunk_bytes_max) {
  SOTERIA_ASSIGN_OR_RETURN(const auto whole, OneChunk(column));
  arrow::ArrayVector chunks;
  const arrow::ChunkedArray one(whole);
  RowBytes bytes(one);
  const auto count = static_cast<int64_t>(rows.size());
  int64_t to = 0;
  for (int64_t from = 0; from < count || chunks.empty(); from = to) {
    arrow::Int64Builder places;
    to = ChunkEnd(bytes, rows, from, chunk_bytes_max);
    SOTERIA_ARROW_RETURN(places.Reserve(to - from));
    for (int64_t i = from; i < to; ++i) {
      const int64_t row = rows[static_cast<size_t>(i)];
      if (row < 0) {
        places.UnsafeAppendNull();
      } else {
        places.UnsafeAppend(row);
      }
    }
    std::shared_ptr<arrow::Array> indices;
    SOTERIA_ARROW_RETURN(places.Finish(&indices));
    SOTERIA_ARROW_ASSIGN(
        auto taken,
        arrow::compute::Take(*whole, *indices, arrow::compute::TakeOptions::NoBoundsCheck()));
    chunks.push_back(std::move(taken));
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), column.type());
}

base::Status AppendTaken(const arrow::Table& table, const std::vector<int64_t>& rows,
                         arrow::ChunkedArrayVector& columns) {
  for (const auto& column : table.columns()) {
    SOTERIA_ASSIGN_OR_RETURN(auto taken, TakeOrNull(*column, rows));
    columns.push_back(std::move(taken));
  }
  return base::OkStatus();
}

uint64_t TakenBytes(const arrow::ChunkedArray& column, const std::vector<int64_t>& rows) {
  uint64_t taken = 0;
  RowBytes bytes(column);
  if (bytes.fixed() > 0) return rows.size() * bytes.fixed();
  for (const int64_t row : rows) taken += row < 0 ? 1 : bytes(row);
  return taken;
}

uint64_t TakenLength(const arrow::Array& values, const std::vector<int64_t>& rows) {
  if (FixedBytes(*values.type()) > 0) return 0;
  uint64_t length = 0;
  for (const int64_t row : rows) length += row < 0 ? 0 : RangeLength(*values.data(), row, row + 1);
  return length;
}

uint64_t TakenBytes(const arrow::Table& table, const std::vector<int64_t>& rows) {
  uint64_t taken = 0;
  for (const auto& column : table.columns()) taken += TakenBytes(*column, rows);
  return taken;
}

}  // namespace soteria::exec
