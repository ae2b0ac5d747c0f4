// Text to values as Spark's casts read them, and dates and time stamps back to text (UTC). Each
// Parse takes the whole text (numbers may have spaces around them) or returns false. Pure
// functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace soteria::table {

/// Without Java's white space and control characters (<= 0x20) at both ends.
std::string_view Trim(std::string_view text);

/// Decimal digits with an optional sign, within int64.
bool ParseInteger(std::string_view text, int64_t* value);
/// Java's Double.valueOf without hexadecimal forms, plus Spark's "inf", "+inf", "-inf", "nan" and
/// "infinity" in any case.
bool ParseDouble(std::string_view text, double* value);
/// yyyy[-M[-d]], days since 1970-01-01.
bool ParseDate(std::string_view text, int32_t* days);
/// yyyy-M-d[( |T)h:m[:s[.f]]][Z|UTC|(+|-)hh[:mm]], microseconds since the epoch, UTC by default.
bool ParseTimestamp(std::string_view text, int64_t* micros);

/// "2020-01-02"
std::string DateText(int32_t days);
/// "2020-01-02 03:04:05.6", no trailing zeros in the fraction.
std::string TimestampText(int64_t micros);

}  // namespace soteria::table
