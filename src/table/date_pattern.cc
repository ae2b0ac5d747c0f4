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

/// What a clock shows at an instant.
class Clock {
 public:
  Clock(int64_t micros, int64_t local, const TimeZone& zone)
      : micros_(micros),
        zone_(zone),
        days_(FloorDivide(local, kMicrosOfDay)),
        of_day_(local - days_ * kMicrosOfDay),
        date_(DateFromDays(days_)) {}

  int64_t year() const { return date_.year; }
  /// By so many letters of a pattern.
  std::string Show(char letter, int count) const;

 private:
  std::string Year(int count) const;
  std::string Month(int count) const;
  std::string DayName(int count) const;

  const int64_t micros_;
  const TimeZone& zone_;
  const int64_t days_;
  const int64_t of_day_;
  const CalendarDate date_;
};

std::string Clock::Show(char letter, int count) const {
  const int64_t second = of_day_ / kMicrosOfSecond;
  const int64_t hour = second / 3600;
  switch (letter) {
    case 'y':
    case 'u':
      return Year(count);
    case 'M':
    case 'L':
      return Month(count);
    case 'E':
      return DayName(count);
    case 'd':
      return Padded(date_.day, count);
    case 'D':
      return Padded(days_ - DaysFromDate(date_.year, 1, 1) + 1, count);
    case 'Q':
    case 'q':
      return Padded((date_.month - 1) / 3 + 1, count);
    case 'H':
      return Padded(hour, count);
    case 'k':
      return Padded(hour == 0 ? 24 : hour, count);
    case 'K':
      return Padded(hour % 12, count);
    case 'h':
      return Padded(hour % 12 == 0 ? 12 : hour % 12, count);
    case 'm':
      return Padded(second / 60 % 60, count);
    case 's':
      return Padded(second % 60, count);
    case 'S':
      return (Padded(of_day_ % kMicrosOfSecond, 6) + "000").substr(0, static_cast<size_t>(count));
    case 'a':
      return hour < 12 ? "AM" : "PM";
    default:
      return OffsetText(zone_.OffsetAt(FloorDivide(micros_, kMicrosOfSecond)), letter, count);
  }
}

std::string Clock::Year(int count) const {
  if (count == 2) return Padded(date_.year % 100, 2);
  const bool plus = count >= 4 && date_.year > 9999 && count < 6;
  return (plus ? "+" : "") + Padded(date_.year, count);
}

std::string Clock::Month(int count) const {
  if (count < 3) return Padded(date_.month, count);
  const std::string_view name = kMonths[static_cast<size_t>(date_.month - 1)];
  return std::string(count == 3 ? name.substr(0, 3) : name);
}

std::string Clock::DayName(int count) const {
  const std::string_view name = kDays[static_cast<size_t>(((days_ + 3) % 7 + 7) % 7)];
  return std::string(count < 4 ? name.substr(0, 3) : name);
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

/// Does a field take as many digits as the pattern has letters, so that a number before it leaves
/// them alone?
bool HasFixedWidth(char letter, int count) {
  if (letter == 'M' || letter == 'L') return count == 2;
  return letter != 0 && count >= 2 &&
         std::string_view("dHhKkmsD").find(letter) != std::string_view::npos;
}

size_t LeadingDigits(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) ++digits;
  return digits;
}

/// The field that a letter's number is as it stands; nullptr for other letters.
std::optional<int64_t> Fields::*FieldOf(char letter) {
  switch (letter) {
    case 'M':
    case 'L':
      return &Fields::month;
    case 'd':
      return &Fields::day;
    case 'D':
      return &Fields::day_of_year;
    case 'H':
      return &Fields::hour;
    case 'K':
      return &Fields::half_hour;
    case 'm':
      return &Fields::minute;
    case 's':
      return &Fields::second;
    default:
      return nullptr;
  }
}

/// Takes a text apart, a part of the pattern at a time. False where the text isn't of the pattern.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool TakeText(std::string_view text);
  /// `behind`: the digits that the fields of a fixed width right behind take.
  bool Take(char letter, int count, size_t behind);
  bool AtEnd() const { return text_.empty(); }
  const Fields& fields() const { return fields_; }

 private:
  std::optional<int64_t> Number(int count, size_t behind);
  bool Year(int count, size_t behind);
  bool MonthName(int count);
  bool DayName(int count);
  bool Fraction(int count);
  bool HalfOfDay();

  std::string_view text_;  // what is left
  Fields fields_;
};

bool Reader::TakeText(std::string_view text) {
  if (!base::EqualIgnoringCase(text_.substr(0, text.size()), text)) return false;
  text_.remove_prefix(text.size());
  return true;
}

bool Reader::Take(char letter, int count, size_t behind) {
  // From 1 on, where the last hour is the first of the clock.
  const auto hour = [&](std::optional<int64_t>& field, int64_t hours) {
    const auto number = Number(count, behind);
    if (!number || *number < 1 || *number > hours) return false;
    return Set(field, std::optional<int64_t>(*number % hours));
  };
  switch (letter) {
    case 'y':
    case 'u':
      return Year(count, behind);
    case 'M':
    case 'L':
      if (count >= 3) return MonthName(count);
      break;
    case 'E':
      return DayName(count);
    case 'k':
      return hour(fields_.hour, 24);
    case 'h':
      return hour(fields_.half_hour, 12);
    case 'S':
      return Fraction(count);
    case 'a':
      return HalfOfDay();
    case 'Q':
    case 'q':
      return TakeNumber(text_, 1, 1).has_value();
    default:
      break;
  }
  if (const auto field = FieldOf(letter)) return Set(fields_.*field, Number(count, behind));
  return Set(fields_.offset, TakeOffset(text_, letter, count));
}

std::optional<int64_t> Reader::Number(int count, size_t behind) {
  const auto width = static_cast<size_t>(count);
  if (count > 1) return TakeNumber(text_, width, width);
  const size_t digits = LeadingDigits(text_);
  return TakeNumber(text_, 1, std::min<size_t>(9, digits > behind ? digits - behind : 1));
}

bool Reader::Year(int count, size_t behind) {
  const auto width = static_cast<size_t>(count);
  if (count == 2) {
    auto two = TakeNumber(text_, 2, 2);
    if (two) *two += 2000;
    return Set(fields_.year, two);
  }
  const bool plus = count >= 4 && text_.starts_with('+');
  if (plus) text_.remove_prefix(1);
  const size_t digits = LeadingDigits(text_);
  const size_t most = digits > behind ? digits - behind : 0;
  // More digits than letters have a plus, and no others have.
  if (count >= 4 && (plus ? most <= width : most > width) && behind == 0) return false;
  const size_t taken = count >= 4 && !plus ? width : 9;
  return Set(fields_.year, TakeNumber(text_, width, std::min(most, taken)));
}

bool Reader::MonthName(int count) {
  const auto name = TakeName(text_, kMonths, count == 4);
  return name && Set(fields_.month, std::optional<int64_t>(*name + 1));
}

bool Reader::DayName(int count) {
  const auto name = TakeName(text_, kDays, count == 4);
  return name && Set(fields_.day_of_week, name);
}

/// A fraction may be shorter than the pattern.
bool Reader::Fraction(int count) {
  const size_t before = text_.size();
  auto fraction = TakeNumber(text_, 1, static_cast<size_t>(count));
  if (!fraction) return false;
  for (size_t k = before - text_.size(); k < 6; ++k) *fraction *= 10;
  for (size_t k = before - text_.size(); k > 6; --k) *fraction /= 10;
  fields_.micros = *fraction;
  return true;
}

bool Reader::HalfOfDay() {
  const bool am = base::EqualIgnoringCase(text_.substr(0, 2), "AM");
  if (!am && !base::EqualIgnoringCase(text_.substr(0, 2), "PM")) return false;
  fields_.afternoon = !am;
  text_.remove_prefix(2);
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
    return base::NotSupported(base::Cat(who, " with ", what, " in its format"));
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
    if (count > MostLetters(c)) {
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
  const Clock clock(micros, *local, zone);
  if (clock.year() < 1) return base::NotSupported("A year before 1 in a format");
  std::string out;
  for (const Part& part : parts_) {
    out += part.letter == 0 ? part.text : clock.Show(part.letter, part.count);
  }
  return out;
}

std::optional<int64_t> DatePattern::Parse(std::string_view text, const TimeZone& zone) const {
  Reader reader(text);
  for (size_t p = 0; p < parts_.size(); ++p) {
    const Part& part = parts_[p];
    size_t behind = 0;
    for (size_t k = p + 1; k < parts_.size(); ++k) {
      if (!HasFixedWidth(parts_[k].letter, parts_[k].count)) break;
      behind += static_cast<size_t>(parts_[k].count);
    }
    const bool good = part.letter == 0 ? reader.TakeText(part.text)
                                       : reader.Take(part.letter, part.count, behind);
    if (!good) return {};
  }
  if (!reader.AtEnd()) return {};
  return Resolve(reader.fields(), zone);
}

}  // namespace soteria::table
