// Text as rows: a line of a file or a part of it each, or a file each. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/csv_options.h"
#include "src/formats/file_part.h"
#include "src/formats/reader_rows.h"

namespace soteria::formats {

struct TextReadOptions {
  bool whole = false;    // wholetext
  std::string line_end;  // lineSep; "": any of \n, \r\n and \r

  std::string Encode() const;
  static base::StatusOr<TextReadOptions> Decode(std::string_view bytes);
};

base::StatusOr<TextReadOptions> ParseTextReadOptions(const OptionMap& options);

/// One column of strings, of whatever name.
base::StatusOr<std::shared_ptr<arrow::Table>> ReadText(FilePart part,
                                                       const TextReadOptions& options,
                                                       const arrow::Schema& schema,
                                                       const Room& room = nullptr);

}  // namespace soteria::formats
