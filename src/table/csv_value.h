// What one field of a CSV file may be, as Spark's CSV reader decides it (inferSchema), and the
// values that it makes of such text. Internal to table. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string_view>

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

/// The type of a column of that type so far with one more value, which isn't empty.
CsvType InferCsvField(CsvType so_far, std::string_view text);

/// Whether new BigDecimal(text) is a whole number that fits in a decimal, such as "1e5".
bool IsWholeDecimal(std::string_view text);

/// Java's Double.valueOf, and Spark's "Inf" and "-Inf".
bool ParseCsvDouble(std::string_view text, double* value);

/// [+-]yyyy[-M[-d]] and nothing else, days since 1970-01-01.
bool ParseCsvDate(std::string_view text, int32_t* days);

enum class CsvTime {
  kNone,       ///< not a time stamp
  kInstant,    ///< `micros` since the epoch, in UTC unless the text has an offset
  kTimeOfDay,  ///< Spark reads it as one of the day of reading
  kNamedZone   ///< in a zone of the time zone database, which isn't here
};
CsvTime ParseCsvTime(std::string_view text, int64_t* micros);

}  // namespace soteria::table
