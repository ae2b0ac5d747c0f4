// The lines of a file, one after another, as Hadoop's reader cuts them: at \n, \r\n or \r, or at a
// line end of the script's; a last line without one counts. Internal to formats. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/window.h"

namespace soteria::formats {

class Lines {
 public:
  /// `line_end`: "" for any of the three. `file` outlives it.
  explicit Lines(base::ReadableFile& file, std::string line_end = {},
                 uint64_t bytes_max = kRecordBytesMax)
      : line_end_(std::move(line_end)), window_(file, bytes_max), bytes_max_(bytes_max) {}

  /// False at the end. The line is there until the next one. kMemoryLimit for one that is too long.
  base::StatusOr<bool> Next(std::string_view* line);

 private:
  base::Status TooLong() const;

  const std::string line_end_;
  Window window_;
  const uint64_t bytes_max_;
  size_t taken_ = 0;  // of the window: the line that was given out
};

/// A byte order mark at the front of a file isn't part of its first line.
std::string_view WithoutByteOrderMark(std::string_view text);

}  // namespace soteria::formats
