// Time zones as java.time has them: an offset from UTC for each instant. The rules are compiled in
// (docs/decisions: time zones), so that no file of the host decides what a time is. A TimeZone is a
// small value; everything is a pure function, any thread may call it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace soteria::table {

namespace internal {
struct ZoneRow;
}

class TimeZone {
 public:
  /// UTC.
  TimeZone() = default;

  /// Every id that Spark takes: a region ("Europe/Berlin"), an offset ("+2", "+02:00", "-0530",
  /// "+01:02:03"), "Z", "UTC", "GMT" or "UT" with an offset behind them or without, and Java's
  /// three letter ids ("PST"). nullopt: no such zone.
  static std::optional<TimeZone> Find(std::string_view id);

  /// Seconds that a clock there is ahead of UTC's, at an instant in seconds.
  int32_t OffsetAt(int64_t second) const { return OffsetAt(second, false); }

  /// What a clock there shows at the instant, as microseconds since 1970-01-01 00:00:00 by that
  /// clock; nullopt where 64 bits don't hold it.
  std::optional<int64_t> ToLocal(int64_t micros) const;
  /// The instant at which a clock there shows `local`: the earlier one of two; where the clock
  /// jumps over it, as much after the jump as `local` is after the jump's beginning.
  std::optional<int64_t> ToInstant(int64_t local) const;

  /// Is it UTC at all times?
  bool IsUtc() const { return row_ == nullptr && offset_ == 0; }

 private:
  explicit TimeZone(int32_t offset) : offset_(offset) {}
  explicit TimeZone(const internal::ZoneRow* row) : row_(row) {}
  int32_t OffsetAt(int64_t second, bool local) const;

  const internal::ZoneRow* row_ = nullptr;
  int32_t offset_ = 0;
};

}  // namespace soteria::table
