// Java's patterns of dates and times ("yyyy-MM-dd HH:mm:ss"), as Spark takes them: numbers, names
// of months and days in English, fractions of seconds and zones as offsets. What isn't known here
// is refused by name when the pattern is compiled. Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/table/time_zone.h"

namespace soteria::table {

inline constexpr size_t kDatePatternBytesMax = 256;

class DatePattern {
 public:
  /// `who` has it, for errors: "The function to_date()". Errors: kUnsupported naming the letters.
  static base::StatusOr<DatePattern> Compile(std::string_view pattern, std::string_view who);

  /// The instant as a clock in `zone` shows it; kUnsupported for years before 1.
  base::StatusOr<std::string> Format(int64_t micros, const TimeZone& zone) const;
  /// The instant that the text is, in `zone` where it names none; nullopt for a text that isn't of
  /// the pattern. What the pattern leaves out is the first of the year, or midnight.
  std::optional<int64_t> Parse(std::string_view text, const TimeZone& zone) const;

 private:
  struct Part {
    char letter = 0;  // 0: a text
    int count = 0;
    std::string text = {};
  };
  std::vector<Part> parts_;
};

/// "Mon", "Jan": short English names; day 0 is Monday, month 1 January.
std::string_view ShortDayName(int day);
std::string_view ShortMonthName(int month);

}  // namespace soteria::table
