// Spark's options of a write, as far as they are done here: whatever else a script names is refused
// by its name, but for what Spark's writers don't look at either (a reader's options). Pure
// functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/formats/csv_options.h"

namespace soteria::formats {

/// What the session gives a writer.
struct WriterDefaults {
  std::string zone;                ///< "" is UTC
  bool ignore_null_fields = true;  ///< spark.sql.jsonGenerator.ignoreNullFields
  std::string orc_codec = "zstd";  ///< spark.sql.orc.compression.codec
};

struct WriteOptions {
  // Of CSV. Spark's writer quotes a first value that begins with a # unless `comment` is another.
  CsvDialect dialect = {.comment = '#', .trim_leading = true, .trim_trailing = true};
  bool header = false;
  bool quote_all = false;
  bool escape_quotes = true;
  std::string null_value;
  std::string empty_value = "\"\"";
  // Of JSON.
  bool ignore_null_fields = true;
  bool pretty = false;
  // Of all text.
  std::string line_end = "\n";
  std::string zone;              ///< "" is UTC
  std::string date_format;       ///< "": Spark's default
  std::string timestamp_format;  ///< ""
  // Of all files: "none" or "gzip"; of Parquet "snappy" and "zstd" too; of ORC as WriteOrc has it.
  std::string compression = "none";

  std::string Encode() const;
  static base::StatusOr<WriteOptions> Decode(std::string_view bytes);
};

/// `format` is "csv", "json", "text", "parquet" or "orc". Errors: kIllegalArgument for a value that
/// the option can't have, kUnsupported for a format or an option that isn't done.
base::StatusOr<WriteOptions> ParseWriteOptions(std::string_view format, const OptionMap& options,
                                               const WriterDefaults& defaults);

}  // namespace soteria::formats
