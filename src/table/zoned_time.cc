#include "src/table/zoned_time.h"

#include <algorithm>
#include <limits>

#include "src/table/calendar.h"

namespace soteria::table {
namespace {

/// No year beyond is reached by 64 bits of microseconds, or 32 of days.
constexpr int64_t kYearMax = 6'000'000;

/// `instant` with another time on its clock.
std::optional<int64_t> Moved(const TimeZone& zone, int64_t instant, int64_t from, int64_t to) {
  int64_t kept = 0;
  if (__builtin_sub_overflow(to, from - instant, &kept)) return std::nullopt;
  if (zone.ToLocal(kept) == to) return kept;
  return zone.ToInstant(to);
}

std::optional<int64_t> DaysAfter(int64_t days, int64_t months) {
  const CalendarDate date = DateFromDays(days);
  int64_t all = 0;
  if (__builtin_add_overflow(date.year * 12 + date.month - 1, months, &all)) return std::nullopt;
  const int64_t year = FloorDivide(all, 12);
  if (year > kYearMax || year < -kYearMax) return std::nullopt;
  const auto month = static_cast<int>(all - year * 12) + 1;
  return DaysFromDate(year, month, std::min(date.day, DaysInMonth(year, month)));
}

}  // namespace

std::optional<int64_t> PlusDays(const TimeZone& zone, int64_t micros, int64_t days) {
  const std::optional<int64_t> local = zone.ToLocal(micros);
  int64_t by = 0;
  int64_t moved = 0;
  if (!local || __builtin_mul_overflow(days, kMicrosPerDay, &by) ||
      __builtin_add_overflow(*local, by, &moved)) {
    return std::nullopt;
  }
  return Moved(zone, micros, *local, moved);
}

std::optional<int64_t> PlusMonths(const TimeZone& zone, int64_t micros, int64_t months) {
  const std::optional<int64_t> local = zone.ToLocal(micros);
  if (!local) return std::nullopt;
  const int64_t day = FloorDivide(*local, kMicrosPerDay);
  const std::optional<int64_t> days = DaysAfter(day, months);
  int64_t moved = 0;
  if (!days || __builtin_mul_overflow(*days, kMicrosPerDay, &moved) ||
      __builtin_add_overflow(moved, *local - day * kMicrosPerDay, &moved)) {
    return std::nullopt;
  }
  return Moved(zone, micros, *local, moved);
}

std::optional<int64_t> PlusDayTime(const TimeZone& zone, int64_t micros, int64_t by) {
  const std::optional<int64_t> day = PlusDays(zone, micros, by / kMicrosPerDay);
  int64_t sum = 0;
  if (!day || __builtin_add_overflow(*day, by % kMicrosPerDay, &sum)) return std::nullopt;
  return sum;
}

std::optional<int32_t> PlusMonths(int32_t days, int64_t months) {
  const std::optional<int64_t> after = DaysAfter(days, months);
  if (!after || *after > std::numeric_limits<int32_t>::max() ||
      *after < std::numeric_limits<int32_t>::min()) {
    return std::nullopt;
  }
  return static_cast<int32_t>(*after);
}

}  // namespace soteria::table
