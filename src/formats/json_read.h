// JSON as Spark's reader has it: a record a line, or, with multiLine, a file; each an object or an
// array of them. The rows of a file, or of a part of it, under a schema, and what it says of a
// schema that nobody gave. Pure functions of the file's bytes; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/csv_options.h"
#include "src/formats/file_part.h"
#include "src/formats/json_value.h"
#include "src/formats/reader_rows.h"

namespace soteria::formats {

struct JsonReadOptions {
  RecordOptions record;
  JsonSyntax syntax;
  bool primitives_as_string = false;
  bool drop_all_null = false;  // dropFieldIfAllNull
  bool infer_timestamp = false;

  std::string Encode() const;
  static base::StatusOr<JsonReadOptions> Decode(std::string_view bytes);
};

base::StatusOr<JsonReadOptions> ParseJsonReadOptions(const OptionMap& options,
                                                     const ReaderDefaults& defaults);

/// Errors: kTypeForSource, kCorruptRecordType, kUnsupported.
base::Status CheckJsonSchema(const JsonReadOptions& options, const arrow::Schema& schema);
base::StatusOr<std::shared_ptr<arrow::Table>> ReadJson(FilePart part,
                                                       const JsonReadOptions& options,
                                                       const arrow::Schema& schema,
                                                       const Room& room = nullptr);

base::StatusOr<std::string> JsonTypesOf(FilePart part, const JsonReadOptions& options);
base::StatusOr<std::string> MergeJsonTypes(const JsonReadOptions& options, std::string_view a,
                                           std::string_view b);
base::StatusOr<std::shared_ptr<arrow::Schema>> JsonSchema(const JsonReadOptions& options,
                                                          std::string_view types);

}  // namespace soteria::formats
