#include "src/exec/taken.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <utility>

#include "src/exec/sort.h"
#include "src/table/arrow_status.h"

namespace soteria::exec {
namespace {

/// Rows of one chunk of a result.
constexpr int64_t kChunkRows = 65'536;

uint64_t ReferencedBytes(const arrow::Array& array) {
  const auto referenced = arrow::util::ReferencedBufferSize(array);
  return static_cast<uint64_t>(referenced.ok() ? *referenced : arrow::util::TotalBufferSize(array));
}

/// Bytes of each row of a column: of texts and lists by their own lengths, else on average.
std::vector<uint64_t> BytesOfRows(const arrow::ChunkedArray& column) {
  std::vector<uint64_t> bytes;
  bytes.reserve(static_cast<size_t>(column.length()));
  for (const auto& chunk : column.chunks()) {
    const auto rows = static_cast<uint64_t>(chunk->length());
    if (rows == 0) continue;
    const auto id = chunk->type_id();
    if (id == arrow::Type::STRING || id == arrow::Type::BINARY) {
      const auto& texts = static_cast<const arrow::BinaryArray&>(*chunk);
      for (int64_t i = 0; i < chunk->length(); ++i) {
        bytes.push_back(sizeof(int32_t) + static_cast<uint64_t>(texts.value_length(i)));
      }
      continue;
    }
    const uint64_t all = ReferencedBytes(*chunk);
    if (id == arrow::Type::LIST || id == arrow::Type::MAP) {
      const auto& lists = static_cast<const arrow::ListArray&>(*chunk);
      const auto values = static_cast<uint64_t>(
          std::max<int64_t>(1, lists.value_offset(chunk->length()) - lists.value_offset(0)));
      for (int64_t i = 0; i < chunk->length(); ++i) {
        const auto its = static_cast<uint64_t>(lists.value_length(i));
        bytes.push_back(sizeof(int32_t) + (all / values + 1) * its);
      }
      continue;
    }
    bytes.insert(bytes.end(), rows, all / rows + 1);
  }
  return bytes;
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> TakeOrNull(const arrow::ChunkedArray& column,
                                                                const std::vector<int64_t>& rows) {
  SOTERIA_ASSIGN_OR_RETURN(const auto whole, OneChunk(column));
  arrow::ArrayVector chunks;
  const auto count = static_cast<int64_t>(rows.size());
  for (int64_t from = 0; from < count || chunks.empty(); from += kChunkRows) {
    arrow::Int64Builder places;
    const int64_t to = std::min(count, from + kChunkRows);
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
  const std::vector<uint64_t> bytes = BytesOfRows(column);
  for (const int64_t row : rows) taken += row < 0 ? 1 : bytes[static_cast<size_t>(row)];
  return taken;
}

uint64_t TakenBytes(const arrow::Table& table, const std::vector<int64_t>& rows) {
  uint64_t taken = 0;
  for (const auto& column : table.columns()) taken += TakenBytes(*column, rows);
  return taken;
}

}  // namespace soteria::exec
