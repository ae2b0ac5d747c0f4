#include "src/table/text_value.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <type_traits>

#include "src/base/ascii.h"
#include "src/base/text.h"
#include "src/table/calendar.h"
#include "src/table/time_zone.h"

namespace soteria::table {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kDay = kDaySeconds * kSecond;

/// Takes `least`..`most` digits off the front.
bool TakeNumber(std::string_view* text, size_t least, size_t most, int* value) {
  size_t n = 0;
  *value = 0;
  while (n < most && n < text->size() && base::IsDigit((*text)[n]))
    *value = *value * 10 + ((*text)[n++] - '0');
  if (n < least) return false;
  text->remove_prefix(n);
  return true;
}

bool Take(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

/// Takes the `-M-d` behind a year; false when something else follows a dash.
bool TakeMonthAndDay(std::string_view* text, int* month, int* day, bool* has_day) {
  *has_day = false;
  if (!Take(text, '-')) return true;
  if (!TakeNumber(text, 1, 2, month)) return false;
  if (!Take(text, '-')) return true;
  *has_day = true;
  return TakeNumber(text, 1, 2, day);
}

/// The day of `text`'s front; `year_digits_max` differs between dates and time stamps.
bool TakeDate(std::string_view* text, size_t year_digits_max, int64_t* days, bool* has_day) {
  int year = 0;
  int month = 1;
  int day = 1;
  const bool negative = Take(text, '-');
  if (!negative) Take(text, '+');
  if (!TakeNumber(text, 4, year_digits_max, &year)) return false;
  if (!TakeMonthAndDay(text, &month, &day, has_day)) return false;
  if (negative) year = -year;
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month)) return false;
  *days = DaysFromDate(year, month, day);
  return true;
}

/// h[:m[:s[.f][zone]]], to the end of the text.
bool ParseTime(std::string_view text, int64_t* micros, std::string_view* zone) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int64_t fraction = 0;
  *zone = {};
  if (!TakeNumber(&text, 1, 2, &hour)) return false;
  if (!text.empty()) {
    if (!Take(&text, ':') || !TakeNumber(&text, 1, 2, &minute)) return false;
  }
  if (!text.empty()) {
    if (!Take(&text, ':') || !TakeNumber(&text, 1, 2, &second)) return false;
    if (!text.empty() && base::IsDigit(text.front())) return false;
    if (Take(&text, '.')) {
      for (int64_t scale = kSecond / 10; !text.empty() && base::IsDigit(text.front());
           scale /= 10) {
        fraction += (text.front() - '0') * scale;
        text.remove_prefix(1);
      }
    }
    *zone = text;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *micros = ((hour * 60 + minute) * 60 + second) * kSecond + fraction;
  return true;
}

/// No date: "T12", "12:30".
bool IsTimeOnly(std::string_view untrimmed, std::string_view text) {
  if (untrimmed.starts_with('T')) return true;
  size_t digits = 0;
  while (digits < text.size() && base::IsDigit(text[digits])) ++digits;
  return digits > 0 && digits < text.size() && text[digits] == ':';
}

/// As a clock shows it, and the zone id behind it ("" for none).
TimeText ParseClock(std::string_view untrimmed, int64_t* local, std::string_view* zone) {
  std::string_view text = TrimControls(untrimmed);
  int64_t time = 0;
  *zone = {};
  if (IsTimeOnly(untrimmed, text)) {
    Take(&text, 'T');
    if (!ParseTime(text, &time, zone)) return TimeText::kMalformed;
    return zone->empty() || TimeZone::Find(Trim(*zone)).has_value() ? TimeText::kNeedsToday
                                                                    : TimeText::kMalformed;
  }
  int64_t days = 0;
  bool has_day = false;
  if (!TakeDate(&text, 6, &days, &has_day)) return TimeText::kMalformed;
  if (!text.empty()) {
    if (!has_day || (!Take(&text, ' ') && !Take(&text, 'T'))) return TimeText::kMalformed;
    if (!ParseTime(text, &time, zone)) return TimeText::kMalformed;
  }
  if (__builtin_mul_overflow(days, kDay, local) || __builtin_add_overflow(*local, time, local)) {
    return TimeText::kMalformed;
  }
  return TimeText::kValue;
}

/// "inf", "infinity" and "nan" in any case (Spark), a NaN with a sign only as Java writes it.
template <class T>
bool ParseWord(std::string_view magnitude, bool has_sign, T* value) {
  const std::string lower = base::Lower(magnitude);
  if (lower == "inf" || lower == "infinity") {
    *value = std::numeric_limits<T>::infinity();
    return true;
  }
  if (lower != "nan" || (has_sign && magnitude != "NaN")) return false;
  *value = std::numeric_limits<T>::quiet_NaN();
  return true;
}

template <class T>
bool ParseFraction(std::string_view text, T* value) {
  text = Trim(text);
  std::string_view magnitude = text;
  const bool negative = magnitude.starts_with('-');
  if (negative || magnitude.starts_with('+')) magnitude.remove_prefix(1);
  if (magnitude.empty()) return false;
  if (!base::IsDigit(magnitude.front()) && magnitude.front() != '.') {
    if (!ParseWord(magnitude, magnitude.size() != text.size(), value)) return false;
  } else {
    const bool hex = magnitude.starts_with("0x") || magnitude.starts_with("0X");
    if (hex && magnitude.find_first_of("pP") == std::string_view::npos) return false;
    const char suffix = magnitude.back();
    if (suffix == 'd' || suffix == 'D' || suffix == 'f' || suffix == 'F') {
      magnitude.remove_suffix(1);
    }
    const char* begin = magnitude.data() + (hex ? 2 : 0);
    const char* end = magnitude.data() + magnitude.size();
    const auto format = hex ? std::chars_format::hex : std::chars_format::general;
    const auto result = std::from_chars(begin, end, *value, format);
    if (begin == end || *begin == '-' || result.ptr != end ||
        result.ec == std::errc::invalid_argument) {
      return false;
    }
    if (result.ec == std::errc::result_out_of_range) {
      // Beyond the largest or below the smallest: from_chars leaves the value, Java rounds.
      const std::string copy(magnitude);
      if constexpr (std::is_same_v<T, float>) {
        *value = std::strtof(copy.c_str(), nullptr);
      } else {
        *value = std::strtod(copy.c_str(), nullptr);
      }
    }
  }
  if (negative) *value = -*value;
  return true;
}

/// ISO 8601: years beyond 9999 have a sign.
std::string DayText(int64_t days) {
  const CalendarDate date = DateFromDays(days);
  char text[40];
  std::snprintf(text, sizeof text, date.year < 0 ? "-%04lld-%02d-%02d" : "%04lld-%02d-%02d",
                static_cast<long long>(date.year < 0 ? -date.year : date.year), date.month,
                date.day);
  return date.year > 9999 ? base::Cat("+", text) : std::string(text);
}

}  // namespace

std::string_view Trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= 0x20) text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) text.remove_suffix(1);
  return text;
}

std::string_view TrimControls(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool ParseInteger(std::string_view text, int64_t* value) {
  text = TrimControls(text);
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return false;
  }
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *value);
  return result.ec == std::errc() && result.ptr == end;
}

bool ParseDouble(std::string_view text, double* value) { return ParseFraction(text, value); }
bool ParseFloat(std::string_view text, float* value) { return ParseFraction(text, value); }

bool ParseDate(std::string_view text, int32_t* days) {
  text = TrimControls(text);
  int64_t wide = 0;
  bool has_day = false;
  if (!TakeDate(&text, 7, &wide, &has_day)) return false;
  // Whatever follows a whole date after a space or a T is left out.
  if (!text.empty() && !(has_day && (text.front() == ' ' || text.front() == 'T'))) return false;
  *days = static_cast<int32_t>(wide);
  return *days == wide;
}

TimeText ParseTimestampIn(std::string_view text, const TimeZone& zone, int64_t* micros) {
  std::string_view id;
  int64_t local = 0;
  const TimeText outcome = ParseClock(text, &local, &id);
  if (outcome != TimeText::kValue) return outcome;
  TimeZone there = zone;
  if (!id.empty()) {
    const auto named = TimeZone::Find(Trim(id));
    if (!named.has_value()) return TimeText::kMalformed;
    there = *named;
  }
  const std::optional<int64_t> instant = there.ToInstant(local);
  if (!instant.has_value()) return TimeText::kMalformed;
  *micros = *instant;
  return TimeText::kValue;
}

bool ParseTimestamp(std::string_view text, int64_t* micros) {
  return ParseTimestampIn(text, TimeZone(), micros) == TimeText::kValue;
}

bool ParseLocalTimestamp(std::string_view text, int64_t* local) {
  std::string_view id;
  if (ParseClock(text, local, &id) != TimeText::kValue) return false;
  return id.empty() || TimeZone::Find(Trim(id)).has_value();
}

std::string DateText(int32_t days) { return DayText(days); }

std::string TimestampText(int64_t micros, const TimeZone& zone) {
  // In seconds the clock's reading fits at both ends of the range too.
  const int64_t second = FloorDivide(micros, kSecond);
  const int64_t fraction_part = (micros % kSecond + kSecond) % kSecond;
  const int64_t local = second + zone.OffsetAt(second);
  const int64_t days = FloorDivide(local, kDaySeconds);
  const int64_t rest = local - days * kDaySeconds;
  char text[64];
  std::snprintf(text, sizeof text, " %02d:%02d:%02d", static_cast<int>(rest / 3600),
                static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  std::string result = DayText(days) + text;
  if (fraction_part != 0) {
    std::snprintf(text, sizeof text, ".%06d", static_cast<int>(fraction_part));
    std::string fraction = text;
    while (fraction.back() == '0') fraction.pop_back();
    result += fraction;
  }
  return result;
}

}  // namespace soteria::table
