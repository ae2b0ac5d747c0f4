// Spark's intervals of the calendar: months, days and microseconds that don't become each other, as
// texts like "1 hour 30 minutes" say them. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace soteria::table {

struct CalendarInterval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;
};

/// Any number of values with their units, each of which may have a sign, "interval" before them or
/// not. nullopt: it isn't of that form, or out of range.
std::optional<CalendarInterval> ParseCalendarInterval(std::string_view text);

}  // namespace soteria::table
