// Text to values as Spark's casts read them, and dates and time stamps back to text. Each Parse
// takes the whole text (white space around it is left out) or returns false. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "src/table/time_zone.h"

namespace soteria::table {

/// Without Java's white space and control characters (<= 0x20) at both ends.
std::string_view Trim(std::string_view text);
/// The same, and without DEL: what Spark leaves out around everything but fractions.
std::string_view TrimControls(std::string_view text);

/// Decimal digits with an optional sign, within int64.
bool ParseInteger(std::string_view text, int64_t* value);
/// Java's Double.valueOf, plus Spark's "inf", "+inf", "-inf", "nan" and "infinity" in any case.
bool ParseDouble(std::string_view text, double* value);
/// The same, rounded once.
bool ParseFloat(std::string_view text, float* value);
/// [+-]yyyy[-M[-d[( |T)anything]]], days since 1970-01-01.
bool ParseDate(std::string_view text, int32_t* days);

enum class TimeText : uint8_t {
  kValue,
  kMalformed,
  kNeedsToday,  ///< a time of day: Spark takes the date of the clock on the wall
};
/// [+-]yyyy[-M[-d[( |T)h[:m[:s[.f][ ][zone]]]]]], microseconds since the epoch; `zone` holds where
/// the text names none.
TimeText ParseTimestampIn(std::string_view text, const TimeZone& zone, int64_t* micros);
/// The same in UTC.
bool ParseTimestamp(std::string_view text, int64_t* micros);
/// The same without a zone: one that the text names is left out.
bool ParseLocalTimestamp(std::string_view text, int64_t* local);

/// "2020-01-02"; "+12020-01-02" beyond 9999, "-0001-01-02" before the year 0.
std::string DateText(int32_t days);
/// "2020-01-02 03:04:05.6" as a clock there shows it, no trailing zeros in the fraction.
std::string TimestampText(int64_t micros, const TimeZone& zone = TimeZone());

}  // namespace soteria::table
