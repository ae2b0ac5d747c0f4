// Days and dates of the proleptic Gregorian calendar, for any year that a 64-bit count of
// microseconds reaches. Pure functions.
#pragma once

#include <cstdint>

namespace soteria::table {

struct CalendarDate {
  int64_t year;  ///< 0 is 1 BC
  int month;     ///< from 1
  int day;       ///< from 1
};

/// Rounds towards minus infinity; `by` > 0.
constexpr int64_t FloorDivide(int64_t value, int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

int DaysInMonth(int64_t year, int month);
/// Days since 1970-01-01.
int64_t DaysFromDate(int64_t year, int month, int day);
CalendarDate DateFromDays(int64_t days);

}  // namespace soteria::table
