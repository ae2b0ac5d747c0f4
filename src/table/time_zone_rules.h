// The compiled-in table of time zones, made at build time by tools/make_time_zones.py. Constants;
// only time_zone.cc reads them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace soteria::table::internal {

/// The `week`-th `weekday` (0 is Sunday, week 5 the last) of `month`, and the second of that day by
/// the clock before the change; may be negative or beyond the day.
struct YearlyChange {
  int month;
  int week;
  int weekday;
  int32_t second;
};

/// What holds after the last change that is listed.
struct YearlyRule {
  int32_t standard;  ///< offset from UTC in seconds
  int32_t summer;
  YearlyChange to_summer;
  YearlyChange to_standard;
};

struct ZoneRow {
  const char* id;
  uint32_t first;        ///< into kChangeSeconds and kChangeOffsets
  uint32_t count;        ///< changes
  int32_t first_offset;  ///< before the first change
  int rule;              ///< into kYearlyRules, -1: none
};

extern const int64_t kChangeSeconds[];  ///< since 1970-01-01 UTC, ascending within a zone
extern const int32_t kChangeOffsets[];  ///< from then on
extern const YearlyRule kYearlyRules[];
extern const ZoneRow kZoneRows[];  ///< by id
extern const size_t kZoneCount;

}  // namespace soteria::table::internal
