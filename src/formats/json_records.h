// The records of a JSON file as text. Internal to formats. One thread.
#pragma once

#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/json_read.h"
#include "src/formats/lines.h"

namespace soteria::formats {

/// Of a file that is one record.
inline constexpr uint64_t kJsonFileBytesMax = uint64_t{1} << 30;

class JsonRecords {
 public:
  JsonRecords(base::ReadableFile& file, const RecordOptions& options)
      : file_(file), whole_(options.multi_line), lines_(file, options.line_end) {}
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
