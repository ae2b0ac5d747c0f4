#include "src/table/text_value.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "src/base/ascii.h"

namespace soteria::table {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;

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

bool TakeDate(std::string_view* text, int32_t* days) {
  int year = 0;
  int month = 1;
  int day = 1;
  const bool negative = Take(text, '-');
  if (!TakeNumber(text, 4, 7, &year)) return false;
  if (negative) year = -year;
  if (Take(text, '-')) {
    if (!TakeNumber(text, 1, 2, &month)) return false;
    if (Take(text, '-') && !TakeNumber(text, 1, 2, &day)) return false;
  }
  constexpr int kYearMax = 32'000;  // of std::chrono::year
  if (year > kYearMax || year < -kYearMax) return false;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  *days = static_cast<int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
  return true;
}

bool TakeTime(std::string_view* text, int64_t* micros) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int64_t fraction = 0;
  if (!TakeNumber(text, 1, 2, &hour) || !Take(text, ':') || !TakeNumber(text, 1, 2, &minute)) {
    return false;
  }
  if (Take(text, ':')) {
    if (!TakeNumber(text, 1, 2, &second)) return false;
    if (Take(text, '.')) {
      int64_t scale = kSecond / 10;
      while (!text->empty() && base::IsDigit(text->front())) {
        fraction += (text->front() - '0') * scale;
        scale /= 10;
        text->remove_prefix(1);
      }
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *micros = ((hour * 60 + minute) * 60 + second) * kSecond + fraction;
  return true;
}

bool TakeZone(std::string_view text, int64_t* offset) {
  *offset = 0;
  const std::string lower = base::Lower(Trim(text));
  if (lower.empty() || lower == "z" || lower == "utc" || lower == "gmt") return true;
  std::string_view rest = lower;
  const bool minus = Take(&rest, '-');
  if (!minus && !Take(&rest, '+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!TakeNumber(&rest, 1, 2, &hours)) return false;
  if (Take(&rest, ':') && !TakeNumber(&rest, 1, 2, &minutes)) return false;
  if (!rest.empty() || hours > 18 || minutes > 59) return false;
  *offset = (hours * 60 + minutes) * 60 * kSecond * (minus ? -1 : 1);
  return true;
}

}  // namespace

std::string_view Trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= 0x20) text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) text.remove_suffix(1);
  return text;
}

bool ParseInteger(std::string_view text, int64_t* value) {
  text = Trim(text);
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return false;
  }
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *value);
  return result.ec == std::errc() && result.ptr == end;
}

bool ParseDouble(std::string_view text, double* value) {
  text = Trim(text);
  if (text.empty()) return false;
  bool negative = false;
  std::string_view magnitude = text;
  if (magnitude.front() == '+' || magnitude.front() == '-') {
    negative = magnitude.front() == '-';
    magnitude.remove_prefix(1);
  }
  if (magnitude.empty()) return false;
  if (!base::IsDigit(magnitude.front()) && magnitude.front() != '.') {
    const std::string lower = base::Lower(magnitude);
    if (lower == "inf" || lower == "infinity") {
      *value = negative ? -std::numeric_limits<double>::infinity()
                        : std::numeric_limits<double>::infinity();
      return true;
    }
    if (lower != "nan" || magnitude.size() != text.size()) return false;
    *value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  const char suffix = magnitude.back();
  if (suffix == 'd' || suffix == 'D' || suffix == 'f' || suffix == 'F') magnitude.remove_suffix(1);
  const auto end = magnitude.data() + magnitude.size();
  const auto result = std::from_chars(magnitude.data(), end, *value);
  if (result.ptr != end || result.ec == std::errc::invalid_argument) return false;
  if (result.ec == std::errc::result_out_of_range) {
    // Beyond the largest or below the smallest: from_chars leaves the value, Java rounds.
    *value = std::strtod(std::string(magnitude).c_str(), nullptr);
  }
  if (negative) *value = -*value;
  return true;
}

bool ParseDate(std::string_view text, int32_t* days) {
  return TakeDate(&text, days) && text.empty();
}

bool ParseTimestamp(std::string_view text, int64_t* micros) {
  int32_t days = 0;
  if (!TakeDate(&text, &days)) return false;
  int64_t time = 0;
  int64_t offset = 0;
  if (Take(&text, ' ') || Take(&text, 'T')) {
    if (!TakeTime(&text, &time) || !TakeZone(text, &offset)) return false;
  } else if (!text.empty()) {
    return false;
  }
  *micros = days * kDay + time - offset;
  return true;
}

std::string DateText(int32_t days) {
  // std::chrono::year ends at 32767; beyond it dates are printed by their day number.
  constexpr int32_t kDaysMax = 11'000'000;
  if (days > kDaysMax || days < -kDaysMax) return std::to_string(days);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::string TimestampText(int64_t micros) {
  int64_t days = micros / kDay;
  int64_t rest = micros % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  char text[64];
  std::snprintf(text, sizeof text, " %02d:%02d:%02d", static_cast<int>(rest / (3600 * kSecond)),
                static_cast<int>(rest / (60 * kSecond) % 60),
                static_cast<int>(rest / kSecond % 60));
  std::string result = DateText(static_cast<int32_t>(days)) + text;
  if (rest % kSecond != 0) {
    std::snprintf(text, sizeof text, ".%06d", static_cast<int>(rest % kSecond));
    std::string fraction = text;
    while (fraction.back() == '0') fraction.pop_back();
    result += fraction;
  }
  return result;
}

}  // namespace soteria::table
