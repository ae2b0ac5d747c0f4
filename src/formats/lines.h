// The lines of a file or of a part of it, one after another, as Hadoop's reader cuts them: at \n,
// \r\n or \r, or at a line end of the script's; a last line without one counts, and a byte order
// mark at the front of the file isn't part of its first line. Internal to formats. One thread.
//
// Of any of the three, a line end is in the part that its last byte is in, one of the script's in
// that of its first: \r and \n in two parts are a line end to the first and another, of a line of
// its own that nobody has, to the second.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/file_part.h"
#include "src/formats/window.h"

namespace soteria::formats {

class Lines {
 public:
  /// `line_end`: "" for any of the three.
  explicit Lines(FilePart part, std::string line_end = {}, uint64_t bytes_max = kRecordBytesMax)
      : line_end_(std::move(line_end)),
        end_(part.end),
        window_(part.file, bytes_max, part.begin),
        bytes_max_(bytes_max),
        within_(part.begin > 0) {}

  /// False at the end. The line is there until the next one. kMemoryLimit for one that is too long.
  base::StatusOr<bool> Next(std::string_view* line);

 private:
  struct End {
    size_t at;
    size_t bytes;
  };
  End FindEnd(size_t* searched) const;
  base::Status SkipFirst();
  base::Status TooLong() const;

  const std::string line_end_;
  const uint64_t end_;  // of the part
  Window window_;
  const uint64_t bytes_max_;
  bool within_;  // a line whose beginning is another part's, or may be
  bool ended_ = false;
  size_t taken_ = 0;  // of the window: the line that was given out
};

/// A byte order mark at the front of a file isn't part of its first line.
std::string_view WithoutByteOrderMark(std::string_view text);

}  // namespace soteria::formats
