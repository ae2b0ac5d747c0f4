// Texts that are JSON each, as Spark's functions read them: a column of values under a type, and
// the type that a text makes. Limits on depth and numbers are the reader's. One thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string_view>

#include "src/base/status.h"
#include "src/formats/json_read.h"

namespace soteria::formats {

/// What the values of a column of JSON texts may take while they are made.
inline constexpr uint64_t kJsonTextsBytesMax = uint64_t{2} << 30;

/// MALFORMED_RECORD_IN_PARSING: a text doesn't fit, and the mode is FAILFAST.
base::Status MalformedText();

/// Structs, arrays or maps of texts; the rows that don't fit are as the options' mode says.
class JsonTexts {
 public:
  virtual ~JsonTexts() = default;
  /// `options` outlive it. Errors: kUnsupported for a type that isn't made of JSON,
  /// kCorruptRecordType.
  static base::StatusOr<std::unique_ptr<JsonTexts>> Make(
      const std::shared_ptr<arrow::DataType>& type, const JsonReadOptions& options);

  virtual base::Status Append(std::string_view text) = 0;
  virtual base::Status AppendNull() = 0;
  virtual base::StatusOr<std::shared_ptr<arrow::Array>> Finish() = 0;
};

/// Of one text; a struct without fields for objects without any. Errors: kUnsupported for one
/// nested too deeply, kMalformedJson.
base::StatusOr<std::shared_ptr<arrow::DataType>> JsonTypeOfText(std::string_view text,
                                                                const JsonReadOptions& options);

}  // namespace soteria::formats
