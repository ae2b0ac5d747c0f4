// Dates and times as Spark's Java libraries keep them in ORC files: days before 1582-10-15 by the
// Julian calendar, time stamps by the clocks of wherever the writer was. Internal to formats. The
// reader's clocks are in UTC, as those of a Spark whose Java machine is. Pure functions; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "src/base/status.h"
#include "src/table/time_zone.h"

namespace soteria::formats {

/// Days since 1970-01-01 of the date that the hybrid calendar has there; one that only it has is
/// the next day.
int32_t DaysOfHybrid(int64_t days);
/// The other way; a date that the hybrid calendar lacks is 1582-10-15.
int32_t HybridOfDays(int64_t days);

/// A second and its nanoseconds as ORC's streams have them.
struct OrcTime {
  int64_t second = 0;
  int64_t nanos = 0;
};

class OrcClock {
 public:
  /// `zone` is the writer's, "" UTC; `gregorian`: no day is a Julian one. kFailedReadFile for a
  /// zone that isn't known.
  static base::StatusOr<OrcClock> Of(std::string_view zone, bool gregorian);

  /// Microseconds since 1970 in UTC, of what the clock showed; nullopt out of range.
  std::optional<int64_t> Micros(int64_t second, int64_t nanos) const;

 private:
  int64_t OffsetAt(int64_t second) const;

  table::TimeZone zone_;
  int64_t usual_ = 0;  // the zone's offset in a winter of today, in seconds
  int64_t epoch_ = 0;  // when the writer's 2015 began, in seconds
  bool gregorian_ = false;
};

/// What Spark writes for an instant, in UTC. As there, what lies within the second before 1970, and
/// has milliseconds, becomes what lies in the one behind it.
OrcTime OrcTimeOf(int64_t micros);

}  // namespace soteria::formats
