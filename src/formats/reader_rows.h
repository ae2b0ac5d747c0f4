// What the readers of rows have alike: how long a chunk of rows may be, what memory the rows take,
// and what ends a read under FAILFAST. Internal to formats.
#pragma once

#include <arrow/type_fwd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "src/base/status.h"

namespace soteria::formats {

inline constexpr uint64_t kChunkBytes = uint64_t{512} << 20;  // strings of a chunk have 31 bits
inline constexpr int64_t kChunkRows = int64_t{1} << 20;
/// Of a record, in an error.
inline constexpr size_t kShownBytesMax = 200;

/// Told how many bytes a read takes in all, before it takes them; a failure ends the read.
using Room = std::function<base::Status(uint64_t bytes)>;

/// What a row takes that has no text in it: offsets, nulls and numbers of all its columns, however
/// short its record is.
uint64_t RowBytes(const arrow::Schema& schema);
/// The same of one value.
uint64_t ValueBytes(const arrow::DataType& type);

/// Counts the memory of rows as they are read. A wide schema takes more than the file has: a line
/// of two characters is a row of all columns.
class RowRoom {
 public:
  /// `room`, which may be empty, has been told `told` bytes.
  RowRoom(const Room& room, uint64_t row_bytes, uint64_t told)
      : room_(room), row_bytes_(row_bytes), told_(told) {}

  /// Before a row of so much text is kept.
  base::Status Add(uint64_t text_bytes) { return AddBytes(std::max(row_bytes_, text_bytes)); }
  /// Of values within a row. A failure stays.
  base::Status AddBytes(uint64_t bytes) {
    used_ += kCopies * bytes;
    return used_ <= told_ || room_ == nullptr ? base::OkStatus() : Tell();
  }

 private:
  static constexpr uint64_t kCopies = 2;  // numbers beside text, and one chunk more of them
  base::Status Tell();

  const Room& room_;
  const uint64_t row_bytes_;
  uint64_t told_;
  uint64_t used_ = 0;
  base::Status failed_;
};

/// What a reader of text tells at once: the text in its columns, and one chunk more of them.
uint64_t TextRoom(uint64_t file_bytes);

/// The record doesn't parse, and the mode is FAILFAST.
base::Status FailFast(std::string_view record);

}  // namespace soteria::formats
