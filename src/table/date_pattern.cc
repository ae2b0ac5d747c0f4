#include "src/table/date_pattern.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/table/calendar.h"

namespace soteria::table {
namespace {

constexpr int64_t kMicrosOfSecond = 1'000'000;
constexpr int64_t kMicrosOfDay = 86'400 * kMicrosOfSecond;

constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string Padded(int64_t number, int width) {
  std::string digits = std::to_string(number);
  if (digits.size() < static_cast<size_t>(width)) {
    digits.insert(0, static_cast<size_t>(width) - digits.size(), '0');
  }
  return digits;
}

/// How many letters of a kind are taken; 0: none.
int MostLetters(char letter) {
  switch (letter) {
    case 'y':
    case 'u':
      return 6;
    case 'M':
    case 'L':
    case 'E':
      return 4;
    case 'd':
    case 'H':
    case 'h':
    case 'K':
    case 'k':
    case 'm':
    case 's':
      return 2;
    case 'D':
      return 3;
    case 'S':
      return 9;
    case 'a':
    case 'Q':
    case 'q':
      return 1;
    case 'X':
    case 'x':
      return 3;
    case 'Z':
      return 3;
    default:
      return 0;
  }
}

/// +HH:MM, +HHMM or, with one letter, +HH with minutes where there are some.
std::string OffsetText(int32_t seconds, char letter, int count) {
  if (letter == 'X' && seconds == 0) return "Z";
  const char sign = seconds < 0 ? '-' : '+';
  const int32_t minutes = std::abs(seconds) / 60;
  std::string text(1, sign);
  text += Padded(minutes / 60, 2);
  if (count == 1 && letter != 'Z' && minutes % 60 == 0) return text;
  if (count == 3 && letter != 'Z') text += ':';
  return text + Padded(minutes % 60, 2);
}

/// What a text said so far.
struct Fields {
  std::optional<int64_t> year, month, day, day_of_year, hour, half_hour, minute, second;
  std::optional<bool> afternoon;
  std::optional<int> day_of_week;
  int64_t micros = 0;
  std::optional<int32_t> offset;
};

/// Takes between `least` and `most` digits.
std::optional<int64_t> TakeNumber(std::string_view& text, size_t least, size_t most) {
  size_t size = 0;
  int64_t number = 0;
  while (size < most && size < text.size() && IsDigit(text[size]) && size < 18) {
    number = number * 10 + (text[size++] - '0');
  }
  if (size < least || size == 0) return std::nullopt;
  text.remove_prefix(size);
  return number;
}

template <size_t kSize>
std::optional<int> TakeName(std::string_view& text, const std::array<std::string_view, kSize>& all,
                            bool whole) {
  for (size_t k = 0; k < kSize; ++k) {
    const std::string_view name = whole ? all[k] : all[k].substr(0, 3);
    if (!base::EqualIgnoringCase(text.substr(0, name.size()), name)) continue;
    text.remove_prefix(name.size());
    return static_cast<int>(k);
  }
  return std::nullopt;
}

std::optional<int32_t> TakeOffset(std::string_view& text, char letter, int count) {
  if (letter == 'X' && !text.empty() && (text[0] == 'Z' || text[0] == 'z')) {
    text.remove_prefix(1);
    return 0;
  }
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = TakeNumber(text, 2, 2);
  if (!hours || *hours > 18) return std::nullopt;
  std::optional<int64_t> minutes;
  if (count == 3 && letter != 'Z') {
    if (text.empty() || text[0] != ':') return std::nullopt;
    text.remove_prefix(1);
    minutes = TakeNumber(text, 2, 2);
  } else if (count == 1 && letter != 'Z') {
    minutes = text.size() >= 2 && IsDigit(text[0]) ? TakeNumber(text, 2, 2) : 0;
  } else {
    minutes = TakeNumber(text, 2, 2);
  }
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * static_cast<int32_t>(*hours * 3600 + *minutes * 60);
}

/// The same field twice must be the same.
template <class T>
bool Set(std::optional<T>& field, std::optional<T> value) {
  if (!value || (field && *field != *value)) return false;
  field = value;
  return true;
}

std::optional<int64_t> Resolve(const Fields& fields, const TimeZone& zone) {
  const int64_t year = fields.year.value_or(1970);
  int64_t days = 0;
  if (fields.day_of_year && !fields.month && !fields.day) {
    const int64_t length = DaysFromDate(year + 1, 1, 1) - DaysFromDate(year, 1, 1);
    if (*fields.day_of_year < 1 || *fields.day_of_year > length) return std::nullopt;
    days = DaysFromDate(year, 1, 1) + *fields.day_of_year - 1;
  } else {
    const int64_t month = fields.month.value_or(1);
    const int64_t day = fields.day.value_or(1);
    if (year < 1 || month < 1 || month > 12 || day < 1) return std::nullopt;
    if (day > DaysInMonth(year, static_cast<int>(month))) return std::nullopt;
    days = DaysFromDate(year, static_cast<int>(month), static_cast<int>(day));
  }
  if (fields.day_of_week) {
    const int64_t found = ((days + 3) % 7 + 7) % 7;
    if (found != *fields.day_of_week) return std::nullopt;
  }
  int64_t hour = fields.hour.value_or(0);
  if (fields.half_hour) {
    if (*fields.half_hour < 0 || *fields.half_hour > 11) return std::nullopt;
    hour = *fields.half_hour + (fields.afternoon.value_or(false) ? 12 : 0);
  }
  const int64_t minute = fields.minute.value_or(0);
  const int64_t second = fields.second.value_or(0);
  if (hour < 0 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const int64_t local =
      days * kMicrosOfDay + (hour * 3600 + minute * 60 + second) * kMicrosOfSecond + fields.micros;
  if (fields.offset) return local - int64_t{*fields.offset} * kMicrosOfSecond;
  return zone.ToInstant(local);
}

}  // namespace

std::string_view ShortDayName(int day) { return kDays[static_cast<size_t>(day)].substr(0, 3); }
std::string_view ShortMonthName(int month) {
  return kMonths[static_cast<size_t>(month - 1)].substr(0, 3);
}

base::StatusOr<DatePattern> DatePattern::Compile(std::string_view pattern, std::string_view who) {
  const auto refuse = [&](std::string_view what) {
    return base::NotSupported(base::Cat("The function ", who, "() with ", what, " in its format"));
  };
  if (pattern.size() > kDatePatternBytesMax) return refuse("so many letters");
  DatePattern compiled;
  const auto literal = [&](char c) {
    if (compiled.parts_.empty() || compiled.parts_.back().letter != 0) {
      compiled.parts_.push_back({});
    }
    compiled.parts_.back().text += c;
  };
  for (size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '\'') {
      size_t end = at + 1;
      if (end < pattern.size() && pattern[end] == '\'') {
        literal('\'');
        at += 2;
        continue;
      }
      for (;; ++end) {
        if (end >= pattern.size()) return refuse("an open quote");
        if (pattern[end] != '\'') {
          literal(pattern[end]);
        } else if (end + 1 < pattern.size() && pattern[end + 1] == '\'') {
          literal('\'');
          ++end;
        } else {
          break;
        }
      }
      at = end + 1;
      continue;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter) {
      if (std::string_view("[]{}#").find(c) != std::string_view::npos) {
        return refuse(std::string_view(&c, 1));
      }
      literal(c);
      ++at;
      continue;
    }
    size_t end = at;
    while (end < pattern.size() && pattern[end] == c) ++end;
    const auto count = static_cast<int>(end - at);
    if (count > MostLetters(c) || ((c == 'X' || c == 'x') && count == 2 && false)) {
      return refuse(pattern.substr(at, end - at));
    }
    compiled.parts_.push_back({c, count, {}});
    at = end;
  }
  return compiled;
}

base::StatusOr<std::string> DatePattern::Format(int64_t micros, const TimeZone& zone) const {
  const std::optional<int64_t> local = zone.ToLocal(micros);
  if (!local) return base::NotSupported("A time so far away in a format");
  const int64_t days = FloorDivide(*local, kMicrosOfDay);
  const int64_t of_day = *local - days * kMicrosOfDay;
  const CalendarDate date = DateFromDays(days);
  if (date.year < 1) return base::NotSupported("A year before 1 in a format");
  const int64_t second = of_day / kMicrosOfSecond;
  const int64_t hour = second / 3600;
  std::string out;
  for (const Part& part : parts_) {
    switch (part.letter) {
      case 0:
        out += part.text;
        break;
      case 'y':
      case 'u':
        if (part.count == 2) {
          out += Padded(date.year % 100, 2);
        } else {
          if (part.count >= 4 && date.year > 9999 && part.count < 6) out += '+';
          out += Padded(date.year, part.count);
        }
        break;
      case 'M':
      case 'L':
        if (part.count >= 3) {
          const std::string_view name = kMonths[static_cast<size_t>(date.month - 1)];
          out += part.count == 3 ? name.substr(0, 3) : name;
        } else {
          out += Padded(date.month, part.count);
        }
        break;
      case 'E': {
        const std::string_view name = kDays[static_cast<size_t>(((days + 3) % 7 + 7) % 7)];
        out += part.count < 4 ? name.substr(0, 3) : name;
        break;
      }
      case 'd':
        out += Padded(date.day, part.count);
        break;
      case 'D':
        out += Padded(days - DaysFromDate(date.year, 1, 1) + 1, part.count);
        break;
      case 'Q':
      case 'q':
        out += Padded((date.month - 1) / 3 + 1, part.count);
        break;
      case 'H':
        out += Padded(hour, part.count);
        break;
      case 'k':
        out += Padded(hour == 0 ? 24 : hour, part.count);
        break;
      case 'K':
        out += Padded(hour % 12, part.count);
        break;
      case 'h':
        out += Padded(hour % 12 == 0 ? 12 : hour % 12, part.count);
        break;
      case 'm':
        out += Padded(second / 60 % 60, part.count);
        break;
      case 's':
        out += Padded(second % 60, part.count);
        break;
      case 'S':
        out += (Padded(of_day % kMicrosOfSecond, 6) + "000")
                   .substr(0, static_cast<size_t>(part.count));
        break;
      case 'a':
        out += hour < 12 ? "AM" : "PM";
        break;
      default:
        out += OffsetText(zone.OffsetAt(FloorDivide(micros, kMicrosOfSecond)), part.letter,
                          part.count);
    }
  }
  return out;
}

std::optional<int64_t> DatePattern::Parse(std::string_view text, const TimeZone& zone) const {
  Fields fields;
  for (size_t p = 0; p < parts_.size(); ++p) {
    const Part& part = parts_[p];
    const auto width = static_cast<size_t>(part.count);
    // Digits that the fields of a fixed width right behind take.
    size_t behind = 0;
    for (size_t k = p + 1; k < parts_.size(); ++k) {
      const char next = parts_[k].letter;
      const bool number = std::string_view("dHhKkmsD").find(next) != std::string_view::npos ||
                          ((next == 'M' || next == 'L') && parts_[k].count == 2);
      if (next == 0 || !number || parts_[k].count < 2) break;
      behind += static_cast<size_t>(parts_[k].count);
    }
    const auto number = [&](size_t most) {
      if (part.count > 1) return TakeNumber(text, width, width);
      size_t digits = 0;
      while (digits < text.size() && IsDigit(text[digits])) ++digits;
      return TakeNumber(text, 1, std::min(most, digits > behind ? digits - behind : 1));
    };
    bool good = false;
    switch (part.letter) {
      case 0:
        good = base::EqualIgnoringCase(text.substr(0, part.text.size()), part.text);
        if (good) text.remove_prefix(part.text.size());
        break;
      case 'y':
      case 'u':
        if (part.count == 2) {
          auto two = TakeNumber(text, 2, 2);
          if (two) *two += 2000;
          good = Set(fields.year, two);
        } else {
          const bool plus = part.count >= 4 && text.starts_with('+');
          if (plus) text.remove_prefix(1);
          size_t digits = 0;
          while (digits < text.size() && IsDigit(text[digits])) ++digits;
          const size_t most = digits > behind ? digits - behind : 0;
          if (part.count >= 4 && (plus ? most <= width : most > width) && behind == 0) return {};
          good = Set(fields.year, TakeNumber(text, width,
                                             part.count >= 4 && !plus ? std::min(most, width)
                                                                      : std::min<size_t>(most, 9)));
        }
        break;
      case 'M':
      case 'L':
        if (part.count >= 3) {
          const auto name = TakeName(text, kMonths, part.count == 4);
          good = name && Set(fields.month, std::optional<int64_t>(*name + 1));
        } else {
          good = Set(fields.month, number(9));
        }
        break;
      case 'E': {
        const auto name = TakeName(text, kDays, part.count == 4);
        good = name && Set(fields.day_of_week, name);
        break;
      }
      case 'd':
        good = Set(fields.day, number(9));
        break;
      case 'D':
        good = Set(fields.day_of_year, number(9));
        break;
      case 'H':
        good = Set(fields.hour, number(9));
        break;
      case 'k': {
        auto hour = number(9);
        if (hour && (*hour < 1 || *hour > 24)) return {};
        good = hour && Set(fields.hour, std::optional<int64_t>(*hour % 24));
        break;
      }
      case 'K':
        good = Set(fields.half_hour, number(9));
        break;
      case 'h': {
        auto hour = number(9);
        if (hour && (*hour < 1 || *hour > 12)) return {};
        good = hour && Set(fields.half_hour, std::optional<int64_t>(*hour % 12));
        break;
      }
      case 'm':
        good = Set(fields.minute, number(9));
        break;
      case 's':
        good = Set(fields.second, number(9));
        break;
      case 'S': {
        // A fraction may be shorter than the pattern.
        const size_t before = text.size();
        auto fraction = TakeNumber(text, 1, width);
        if (!fraction) return {};
        for (size_t k = before - text.size(); k < 6; ++k) *fraction *= 10;
        for (size_t k = before - text.size(); k > 6; --k) *fraction /= 10;
        fields.micros = *fraction;
        good = true;
        break;
      }
      case 'a': {
        const bool am = base::EqualIgnoringCase(text.substr(0, 2), "AM");
        good = am || base::EqualIgnoringCase(text.substr(0, 2), "PM");
        if (!good) return {};
        fields.afternoon = !am;
        text.remove_prefix(2);
        break;
      }
      case 'Q':
      case 'q':
        good = TakeNumber(text, 1, 1).has_value();
        break;
      default:
        good = Set(fields.offset, TakeOffset(text, part.letter, part.count));
    }
    if (!good) return {};
  }
  if (!text.empty()) return {};
  return Resolve(fields, zone);
}

}  // namespace soteria::table
