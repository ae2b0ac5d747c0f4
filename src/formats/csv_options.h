// Spark's options of a CSV read, as far as they are done here: whatever else a script names is
// refused by its name. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/formats/csv_tokens.h"

namespace soteria::formats {

/// Options as the script gave them, names in lower case.
using OptionMap = std::map<std::string, std::string>;

enum class ParseMode : uint8_t { kPermissive, kDropMalformed, kFailFast };

/// What every reader of text has.
struct RecordOptions {
  ParseMode mode = ParseMode::kPermissive;
  std::string corrupt_column = "_corrupt_record";
  std::string zone;              ///< "" is UTC
  std::string date_format;       ///< "": Spark's default
  std::string timestamp_format;  ///< ""
  std::string line_end;          ///< "": any of \n, \r\n and \r
  bool multi_line = false;

  void Write(base::FieldWriter& out) const;
  base::Status Read(base::FieldReader& in);
};

struct CsvReadOptions {
  RecordOptions record;
  CsvDialect dialect;
  bool header = false;
  bool infer_types = false;
  bool prefer_date = true;
  bool enforce_schema = true;
  std::string null_value;
  std::string empty_value;
  std::string nan_value = "NaN";
  std::string positive_inf = "Inf";
  std::string negative_inf = "-Inf";
  uint64_t columns_max = 20'480;

  std::string Encode() const;
  static base::StatusOr<CsvReadOptions> Decode(std::string_view bytes);
};

/// What the session gives a reader.
struct ReaderDefaults {
  std::string zone;                                ///< "" is UTC
  std::string corrupt_column = "_corrupt_record";  ///< spark.sql.columnNameOfCorruptRecord
};

/// kIllegalArgument for a value that the option can't have, kUnsupported for
/// an option that isn't done.
base::StatusOr<CsvReadOptions> ParseCsvReadOptions(const OptionMap& options,
                                                   const ReaderDefaults& defaults);

}  // namespace soteria::formats
