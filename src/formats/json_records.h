// The records of a JSON file, or of a part of it, as text. Internal to formats. One thread.
#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/formats/file_part.h"
#include "src/formats/json_read.h"
#include "src/formats/lines.h"

namespace soteria::formats {

/// Of a file that is one record.
inline constexpr uint64_t kJsonFileBytesMax = uint64_t{1} << 30;

class JsonRecords {
 public:
  /// With multi_line all of a file.
  JsonRecords(FilePart part, const RecordOptions& options)
      : file_(part.file), whole_(options.multi_line), lines_(part, options.line_end) {}
  /// False at the end. Until the next one.
  base::StatusOr<bool> Next(std::string_view* record);

 private:
  base::ReadableFile& file_;
  const bool whole_;
  Lines lines_;
  bool done_ = false;
  std::string text_;
};

}  // namespace soteria::formats
