// Instants moved by the calendar of a time zone, as java.time's ZonedDateTime moves them: what the
// clock shows changes by days or months, and where the clock shows that twice the offset stays, if
// it can. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "src/table/time_zone.h"

namespace soteria::table {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

/// nullopt where 64 bits don't hold the result.
std::optional<int64_t> PlusDays(const TimeZone& zone, int64_t micros, int64_t days);
/// The last day of the month where it has no such day.
std::optional<int64_t> PlusMonths(const TimeZone& zone, int64_t micros, int64_t months);
/// By whole days of the calendar, then what is left by time that passes.
std::optional<int64_t> PlusDayTime(const TimeZone& zone, int64_t micros, int64_t by);
/// Days since 1970-01-01, months later; nullopt where 32 bits don't hold them.
std::optional<int32_t> PlusMonths(int32_t days, int64_t months);

}  // namespace soteria::table
