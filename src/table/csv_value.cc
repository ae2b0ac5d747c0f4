#include "src/table/csv_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string>

#include "src/base/ascii.h"
#include "src/table/text_value.h"

namespace soteria::table {
namespace {

constexpr int kDecimalDigitsMax = 38;
constexpr int kIntDigits = 10;  // Spark's decimal for an int, and for a bigint
constexpr int kLongDigits = 20;
constexpr int64_t kSecond = 1'000'000;

bool Take(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

/// All digits at the front.
std::string_view TakeDigits(std::string_view* text) {
  size_t n = 0;
  while (n < text->size() && base::IsDigit((*text)[n])) ++n;
  const std::string_view digits = text->substr(0, n);
  text->remove_prefix(n);
  return digits;
}

/// One or two digits.
bool TakeSmall(std::string_view* text, int* value) {
  const std::string_view digits = TakeDigits(text);
  if (digits.empty() || digits.size() > 2) return false;
  *value = 0;
  for (const char c : digits) *value = *value * 10 + (c - '0');
  return true;
}

/// Integer.parseInt and Long.parseLong: no space around it.
bool IsInteger(std::string_view text, int64_t* value) {
  return !text.empty() && TrimControls(text).size() == text.size() && ParseInteger(text, value);
}

/// java.math.BigDecimal: the number of its digits without leading zeros, and its scale.
struct Decimal {
  int64_t precision = 0;
  int64_t scale = 0;
};

std::optional<Decimal> ParseDecimal(std::string_view text) {
  if (!Take(&text, '-')) Take(&text, '+');
  std::string digits(TakeDigits(&text));
  int64_t scale = 0;
  if (Take(&text, '.')) {
    const std::string_view fraction = TakeDigits(&text);
    digits += fraction;
    scale = static_cast<int64_t>(fraction.size());
  }
  if (digits.empty()) return std::nullopt;
  if (Take(&text, 'e') || Take(&text, 'E')) {
    const bool minus = Take(&text, '-');
    if (!minus) Take(&text, '+');
    const std::string_view exponent = TakeDigits(&text);
    int64_t value = 0;
    const auto read = std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
    if (exponent.empty() || read.ec != std::errc() || value > INT32_MAX) return std::nullopt;
    scale += minus ? value : -value;
  }
  if (!text.empty()) return std::nullopt;
  const size_t first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  return Decimal{static_cast<int64_t>(digits.size() - first), scale};
}

/// The digits of a value of which Spark makes a decimal(digits, 0): one whose scale is exactly 0.
std::optional<int> WholeDecimal(std::string_view text) {
  const std::optional<Decimal> decimal = ParseDecimal(text);
  if (!decimal || decimal->scale != 0 || decimal->precision > kDecimalDigitsMax) {
    return std::nullopt;
  }
  return static_cast<int>(decimal->precision);
}

/// "0x1.8p1" after the sign and "0x": the exponent must be there.
bool ParseHexDouble(std::string_view text, double* value) {
  if (text.find_first_of("pP") == std::string_view::npos) return false;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, *value, std::chars_format::hex);
  return read.ec == std::errc() && read.ptr == end;
}

/// yyyy-MM-dd, with a sign before the year 0 and beyond 9999; Spark tries no other form where it
/// infers dates.
bool IsDate(std::string_view text) {
  int32_t days = 0;
  const bool plus = text.starts_with('+');
  std::string_view body = plus || text.starts_with('-') ? text.substr(1) : text;
  const size_t year = TakeDigits(&body).size();
  return (plus ? year > 4 : year == 4) && body.size() == 6 && body[0] == '-' && body[3] == '-' &&
         ParseCsvDate(text, &days);
}

bool IsBoolean(std::string_view text) {
  return base::EqualIgnoringCase(text, "true") || base::EqualIgnoringCase(text, "false");
}

/// h[:m[:s[.f]]]; `colon` says that there must be minutes. What is left of the text is the zone.
bool TakeClock(std::string_view* text, bool colon, int64_t* micros) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int64_t fraction = 0;
  if (!TakeSmall(text, &hour)) return false;
  if (Take(text, ':')) {
    if (!TakeSmall(text, &minute)) return false;
    if (Take(text, ':')) {
      if (!TakeSmall(text, &second)) return false;
      if (Take(text, '.')) {
        int64_t unit = kSecond;
        for (const char c : TakeDigits(text)) fraction += (c - '0') * (unit /= 10);
      }
    }
  } else if (colon) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *micros = ((hour * 60 + minute) * 60 + second) * kSecond + fraction;
  return true;
}

/// [UTC|GMT|UT](+|-)h[h][:m[m][:ss]] or hhmm[ss], as java.time.ZoneId takes them.
bool ParseOffset(std::string_view text, int64_t* micros) {
  *micros = 0;
  for (const std::string_view prefix : {"UTC", "GMT", "UT"}) {
    if (!text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    if (text.empty()) return true;
    break;
  }
  if (text == "Z") return true;
  const bool minus = Take(&text, '-');
  if (!minus && !Take(&text, '+')) return false;
  std::array<int, 3> parts{};  // hours, minutes, seconds
  std::string_view digits = TakeDigits(&text);
  if (digits.size() == 4 || digits.size() == 6) {
    for (size_t i = 0; i * 2 < digits.size(); ++i) {
      parts[i] = (digits[2 * i] - '0') * 10 + (digits[2 * i + 1] - '0');
    }
  } else if (digits.size() == 1 || digits.size() == 2) {
    std::string_view hours = digits;
    TakeSmall(&hours, parts.data());
    if (Take(&text, ':') && !TakeSmall(&text, &parts[1])) return false;
    if (Take(&text, ':') && !TakeSmall(&text, &parts[2])) return false;
  } else {
    return false;
  }
  const int64_t seconds = (parts[0] * 60 + parts[1]) * 60 + parts[2];
  if (!text.empty() || parts[1] > 59 || parts[2] > 59 || seconds > 18 * 3600) return false;
  *micros = seconds * kSecond * (minus ? -1 : 1);
  return true;
}

/// A name that java.time.ZoneId knows, as far as the form tells.
bool IsZoneName(std::string_view text) {
  constexpr std::array kShort = {
      "ACT",      "AET",      "AGT",       "ART",       "AST",       "BET",       "BST",
      "CAT",      "CET",      "CNT",       "CST",       "CTT",       "EAT",       "ECT",
      "EET",      "EST",      "HST",       "IET",       "IST",       "JST",       "MET",
      "MIT",      "MST",      "NET",       "NST",       "NZ",        "PLT",       "PNT",
      "PRC",      "PRT",      "PST",       "ROC",       "ROK",       "SST",       "UCT",
      "VST",      "WET",      "GB",        "Cuba",      "Egypt",     "Eire",      "Iran",
      "Zulu",     "GMT0",     "Japan",     "Libya",     "Israel",    "Turkey",    "Poland",
      "EST5EDT",  "CST6CDT",  "MST7MDT",   "PST8PDT",   "Jamaica",   "Iceland",   "Navajo",
      "Hongkong", "Portugal", "Singapore", "Greenwich", "Universal", "Kwajalein", "W-SU",
      "NZ-CHAT",  "GB-Eire"};
  constexpr std::array kRegions = {"Africa/",   "America/",   "Antarctica/", "Arctic/", "Asia/",
                                   "Atlantic/", "Australia/", "Brazil/",     "Canada/", "Chile/",
                                   "Etc/",      "Europe/",    "Indian/",     "Mexico/", "Pacific/",
                                   "US/",       "SystemV/"};
  return std::find(kShort.begin(), kShort.end(), text) != kShort.end() ||
         std::any_of(kRegions.begin(), kRegions.end(), [text](std::string_view region) {
           return text.size() > region.size() && text.starts_with(region);
         });
}

CsvType Join(CsvType a, CsvType b) {
  if (a.kind == CsvKind::kNull) return b;
  if (a.kind > b.kind) std::swap(a, b);
  if (a.kind == b.kind) return {a.kind, std::max(a.precision, b.precision)};
  if (b.kind <= CsvKind::kDouble) {
    if (b.kind != CsvKind::kDecimal) return b;
    return {b.kind, std::max(b.precision, a.kind == CsvKind::kInt ? kIntDigits : kLongDigits)};
  }
  if (a.kind == CsvKind::kDate && b.kind == CsvKind::kTimestamp) return b;
  return {CsvKind::kString};
}

/// The first kind from `from` on, in Spark's order, that the text can be.
CsvType NarrowestFrom(CsvKind from, std::string_view text) {
  int64_t integer = 0;
  double number = 0;
  if (from <= CsvKind::kLong && IsInteger(text, &integer)) {
    const bool small = integer >= INT32_MIN && integer <= INT32_MAX;
    return {small && from <= CsvKind::kInt ? CsvKind::kInt : CsvKind::kLong};
  }
  if (from <= CsvKind::kDecimal) {
    if (const auto digits = WholeDecimal(text)) return {CsvKind::kDecimal, *digits};
  }
  if (from <= CsvKind::kDouble && ParseCsvDouble(text, &number)) return {CsvKind::kDouble};
  if (from <= CsvKind::kDate && IsDate(text)) return {CsvKind::kDate};
  if (from <= CsvKind::kTimestamp && ParseCsvTime(text, &integer) != CsvTime::kNone) {
    return {CsvKind::kTimestamp};
  }
  return {IsBoolean(text) ? CsvKind::kBoolean : CsvKind::kString};
}

}  // namespace

bool IsWholeDecimal(std::string_view text) {
  const std::optional<Decimal> decimal = ParseDecimal(text);
  return decimal && decimal->scale <= 0 && decimal->precision - decimal->scale <= kDecimalDigitsMax;
}

bool ParseCsvDouble(std::string_view text, double* value) {
  std::string_view body = Trim(text);
  const bool minus = Take(&body, '-');
  const bool sign = minus || Take(&body, '+');
  if (body.empty()) return false;
  if (body == "NaN") {
    *value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  const bool plain_inf =
      (body == "Inf" && text.size() == body.size() + (minus ? 1 : 0)) && (minus || !sign);
  if (body == "Infinity" || plain_inf) {
    *value = std::numeric_limits<double>::infinity() * (minus ? -1 : 1);
    return true;
  }
  if (body.starts_with("0x") || body.starts_with("0X")) {
    body.remove_prefix(2);
    if (!body.empty() && body.find_first_of("pP") != std::string_view::npos &&
        std::string_view("dDfF").find(body.back()) != std::string_view::npos) {
      body.remove_suffix(1);
    }
    if (!ParseHexDouble(body, value)) return false;
    if (minus) *value = -*value;
    return true;
  }
  return (base::IsDigit(body.front()) || body.front() == '.') && ParseDouble(text, value);
}

bool ParseCsvDate(std::string_view text, int32_t* days) {
  // ParseDate leaves out whatever follows a date, as a cast does; here nothing is left out.
  return text.find_first_not_of("+-0123456789") == std::string_view::npos && ParseDate(text, days);
}

CsvTime ParseCsvTime(std::string_view text, int64_t* micros) {
  text = TrimControls(text);
  int64_t clock = 0;
  int32_t days = 0;
  const size_t cut = text.find_first_of(" T:");
  const bool time_alone =
      cut != std::string_view::npos && (text[cut] == ':' || (text[cut] == 'T' && cut == 0));
  if (time_alone) {
    if (text[cut] == 'T') text.remove_prefix(1);
    if (!TakeClock(&text, true, &clock)) return CsvTime::kNone;
  } else {
    const std::string_view day = text.substr(0, cut);
    if (!ParseCsvDate(day, &days)) return CsvTime::kNone;
    if (cut == std::string_view::npos) {
      *micros = int64_t{days} * 86'400 * kSecond;
      return CsvTime::kInstant;
    }
    // A time follows a whole date only.
    if (std::count(day.begin() + 1, day.end(), '-') != 2) return CsvTime::kNone;
    text.remove_prefix(cut + 1);
    if (!TakeClock(&text, false, &clock)) return CsvTime::kNone;
  }
  const std::string_view zone = Trim(text);
  int64_t offset = 0;
  const bool known = zone.empty() || ParseOffset(zone, &offset);
  if (!known && !IsZoneName(zone)) return CsvTime::kNone;
  if (time_alone) return CsvTime::kTimeOfDay;
  if (!known) return CsvTime::kNamedZone;
  *micros = int64_t{days} * 86'400 * kSecond + clock - offset;
  return CsvTime::kInstant;
}

CsvType InferCsvField(CsvType so_far, std::string_view text) {
  if (so_far.kind == CsvKind::kString) return so_far;
  return Join(so_far, NarrowestFrom(so_far.kind, text));
}

}  // namespace soteria::table
