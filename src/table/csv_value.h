// What one field of a CSV file may be, as Spark's CSV reader decides it (inferSchema), and the
// values that it makes of such text. Internal to table. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/table/date_pattern.h"
#include "src/table/time_zone.h"

namespace soteria::table {

enum class CsvKind : uint8_t {
  kNull,  ///< nothing but empty fields so far
  kInt,
  kLong,
  kDecimal,  ///< whole numbers beyond 64 bits, and such as "5." and "1E0"; `precision` digits
  kDouble,
  kDate,
  kTimestamp,
  kBoolean,
  kString
};

struct CsvType {
  CsvKind kind = CsvKind::kNull;
  int precision = 0;  // of a decimal; its scale is 0
};

/// What a reader's options say of values.
struct CsvWords {
  std::string nan = "NaN";
  std::string positive_inf = "Inf";
  std::string negative_inf = "-Inf";
  TimeZone zone;
  bool dates = true;  ///< there may be dates
  /// Patterns of the script's; without them Spark's defaults.
  std::optional<DatePattern> date = {};
  std::optional<DatePattern> timestamp = {};
  bool dates_are_timestamps = true;  ///< a column of both is one of time stamps, else of text
};

/// The type of a column of that type so far with one more value, which isn't empty.
CsvType InferCsvField(CsvType so_far, std::string_view text, const CsvWords& words = {});
/// The type of two parts of a column.
CsvType JoinCsvTypes(CsvType a, CsvType b, bool dates_are_timestamps = true);

/// Whether new BigDecimal(text) is a whole number that fits in a decimal, such as "1e5".
bool IsWholeDecimal(std::string_view text);

/// Java's Double.valueOf.
bool ParseJavaDouble(std::string_view text, double* value);
/// The same, and Spark's "Inf" and "-Inf".
bool ParseCsvDouble(std::string_view text, double* value);
/// Integer.parseInt and Long.parseLong: digits of any script, and no space around them.
bool ParseJavaInteger(std::string_view text, int64_t* value);

/// [+-]yyyy[-M[-d]] and nothing else, days since 1970-01-01.
bool ParseCsvDate(std::string_view text, int32_t* days);

}  // namespace soteria::table
