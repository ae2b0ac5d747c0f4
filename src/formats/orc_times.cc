#include "src/formats/orc_times.h"

#include <algorithm>

#include "src/base/text.h"
#include "src/formats/orc_stream.h"
#include "src/table/calendar.h"

namespace soteria::formats {
namespace {

constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kDayMicros = 86'400 * kMicros;
constexpr int64_t kGregorianStart = -141'427;    // 1582-10-15
constexpr int64_t kJulianEnd = -141'437;         // 1582-10-05, which only java.time has
constexpr int64_t kEpoch = 1'420'070'400;        // 2015-01-01 00:00:00
constexpr int64_t kRulesBegin = -2'208'988'800;  // 1900-01-01 00:00:00
constexpr int64_t kJanuary = 1'704'067'200;      // 2024-01-01 00:00:00
constexpr int64_t kJuly = 1'719'792'000;         // 2024-07-01 00:00:00
constexpr int64_t kJulianEpoch = 719'470;        // 1970-01-01 from the Julian 0000-03-01
constexpr int64_t kJulianCycle = 1461;           // days of four years

}  // namespace

int32_t DaysOfHybrid(int64_t days) {
  // What isn't 32 bits is no date of any file that is whole; what it becomes is one of 32 bits.
  days = static_cast<int32_t>(days);
  if (days >= kGregorianStart) return static_cast<int32_t>(days);
  const int64_t since = days + kJulianEpoch;
  const int64_t cycle = table::FloorDivide(since, kJulianCycle);
  const int64_t in_cycle = since - cycle * kJulianCycle;
  const int64_t year_of_cycle = (in_cycle - in_cycle / 1460) / 365;
  const int64_t day_of_year = in_cycle - 365 * year_of_cycle;
  const int64_t shifted = (5 * day_of_year + 2) / 153;  // months since March
  const int64_t day = day_of_year - (153 * shifted + 2) / 5;
  const auto month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  const int64_t year = cycle * 4 + year_of_cycle + (month <= 2 ? 1 : 0);
  return static_cast<int32_t>(table::DaysFromDate(year, month, 1) + day);
}

int32_t HybridOfDays(int64_t days) {
  if (days >= kGregorianStart) return static_cast<int32_t>(days);
  if (days >= kJulianEnd) return kGregorianStart;
  const table::CalendarDate date = table::DateFromDays(days);
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t cycle = table::FloorDivide(year, 4);
  const int64_t shifted = date.month + (date.month > 2 ? -3 : 9);
  const int64_t day_of_year = (153 * shifted + 2) / 5 + date.day - 1;
  return static_cast<int32_t>(cycle * kJulianCycle + (year - cycle * 4) * 365 + day_of_year -
                              kJulianEpoch);
}

base::StatusOr<OrcClock> OrcClock::Of(std::string_view zone, bool gregorian) {
  OrcClock clock;
  clock.gregorian_ = gregorian;
  clock.epoch_ = kEpoch;
  if (zone.empty()) return clock;
  const auto found = table::TimeZone::Find(zone);
  if (!found.has_value()) return BadOrc(base::Cat("its writer's time zone, ", zone, ", isn't one"));
  clock.zone_ = *found;
  clock.usual_ = std::min(clock.zone_.OffsetAt(kJanuary), clock.zone_.OffsetAt(kJuly));
  const auto begins = clock.zone_.ToInstant(kEpoch * kMicros);
  if (begins.has_value()) clock.epoch_ = *begins / kMicros;
  return clock;
}

/// As java.util.TimeZone has it, which knows no rules of years before 1900.
int64_t OrcClock::OffsetAt(int64_t second) const {
  if (zone_.IsUtc()) return 0;
  return second < kRulesBegin ? usual_ : zone_.OffsetAt(second);
}

std::optional<int64_t> OrcClock::Micros(int64_t second, int64_t nanos) const {
  constexpr uint64_t kNanosMax = 999'999'999;
  constexpr int64_t kSecondsMax = INT64_MAX / kMicros;
  // The lowest three bits say how many zeros behind were left out, less one.
  const int zeros = static_cast<int>(nanos & 7);
  uint64_t nano = static_cast<uint64_t>(nanos) >> 3;
  for (int i = 0; zeros > 0 && i <= zeros && nano <= kNanosMax; ++i) nano *= 10;
  int64_t at = 0;
  if (nano > kNanosMax || __builtin_add_overflow(second, epoch_, &at)) return std::nullopt;
  if (at < -kSecondsMax || at > kSecondsMax) return std::nullopt;
  // Java cuts seconds before 1970 off where it should round them down.
  if (at < 0 && nano >= kMicros) --at;
  at += OffsetAt(at);
  int64_t micros = 0;
  if (__builtin_mul_overflow(at, kMicros, &micros)) return std::nullopt;
  if (__builtin_add_overflow(micros, static_cast<int64_t>(nano / 1000), &micros)) {
    return std::nullopt;
  }
  const int64_t day = table::FloorDivide(micros, kDayMicros);
  if (gregorian_ || day >= kGregorianStart) return micros;
  const int64_t in_day = micros - day * kDayMicros;
  if (__builtin_mul_overflow(int64_t{DaysOfHybrid(day)}, kDayMicros, &micros) ||
      __builtin_add_overflow(micros, in_day, &micros)) {
    return std::nullopt;
  }
  return micros;
}

OrcTime OrcTimeOf(int64_t micros) {
  int64_t day = table::FloorDivide(micros, kDayMicros);
  const int64_t in_day = micros - day * kDayMicros;
  if (day < kGregorianStart) day = HybridOfDays(day);
  const int64_t second = day * 86'400 + in_day / kMicros;
  const int64_t nano = in_day % kMicros * 1000;
  OrcTime out{second - kEpoch, nano << 3};
  if (second < 0 && nano >= kMicros) ++out.second;
  int zeros = 0;
  int64_t left = nano;
  while (left != 0 && left % 10 == 0) {
    left /= 10;
    ++zeros;
  }
  if (zeros >= 2) out.nanos = left << 3 | (zeros - 1);
  return out;
}

}  // namespace soteria::formats
