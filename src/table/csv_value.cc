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

/// The zeros of the scripts whose digits Java takes for digits; nine more follow each. None is
/// beyond 16 bits: Java looks at its characters one by one.
constexpr std::array<uint16_t, 36> kZeros = {
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

/// The text with digits of any script as 0 to 9: itself where it has no others, else in `made`.
std::string_view WithPlainDigits(std::string_view text, std::string* made) {
  const auto beyond = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  if (std::none_of(text.begin(), text.end(), beyond)) return text;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t size = lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xC2 && lead < 0xE0 ? 2 : 0;
    if (size == 0 || i + size > text.size()) {
      *made += text[i++];
      continue;
    }
    int code = lead & (size == 2 ? 0x1F : 0x0F);
    for (size_t k = 1; k < size; ++k) {
      code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    }
    const auto after = std::upper_bound(kZeros.begin(), kZeros.end(), code);
    const int digit = after == kZeros.begin() ? -1 : code - after[-1];
    if (digit >= 0 && digit <= 9) {
      *made += static_cast<char>('0' + digit);
    } else {
      *made += text.substr(i, size);
    }
    i += size;
  }
  return *made;
}

/// java.math.BigDecimal: the number of its digits without leading zeros, and its scale.
struct Decimal {
  int64_t precision = 0;
  int64_t scale = 0;
};

std::optional<Decimal> ParseDecimal(std::string_view text) {
  std::string plain;
  text = WithPlainDigits(text, &plain);
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

bool IsDateBy(std::string_view text, const CsvWords& words) {
  return words.date ? words.date->Parse(text, TimeZone()).has_value() : IsDate(text);
}

bool IsTimestampBy(std::string_view text, const CsvWords& words) {
  if (words.timestamp) return words.timestamp->Parse(text, words.zone).has_value();
  int64_t micros = 0;
  return ParseTimestampIn(text, words.zone, &micros) != TimeText::kMalformed;
}

bool IsBoolean(std::string_view text) {
  return base::EqualIgnoringCase(text, "true") || base::EqualIgnoringCase(text, "false");
}

CsvType Join(CsvType a, CsvType b, bool dates_are_timestamps) {
  if (a.kind > b.kind) std::swap(a, b);
  if (a.kind == CsvKind::kNull) return b;
  if (a.kind == b.kind) return {a.kind, std::max(a.precision, b.precision)};
  if (b.kind <= CsvKind::kDouble) {
    if (b.kind != CsvKind::kDecimal) return b;
    return {b.kind, std::max(b.precision, a.kind == CsvKind::kInt ? kIntDigits : kLongDigits)};
  }
  if (a.kind == CsvKind::kDate && b.kind == CsvKind::kTimestamp && dates_are_timestamps) return b;
  return {CsvKind::kString};
}

/// The first kind from `from` on, in Spark's order, that the text can be.
CsvType NarrowestFrom(CsvKind from, std::string_view text, const CsvWords& words) {
  int64_t integer = 0;
  double number = 0;
  if (from <= CsvKind::kLong && ParseJavaInteger(text, &integer)) {
    const bool small = integer >= INT32_MIN && integer <= INT32_MAX;
    return {small && from <= CsvKind::kInt ? CsvKind::kInt : CsvKind::kLong};
  }
  if (from <= CsvKind::kDecimal) {
    if (const auto digits = WholeDecimal(text)) return {CsvKind::kDecimal, *digits};
  }
  if (from <= CsvKind::kDouble && (ParseJavaDouble(text, &number) || text == words.nan ||
                                   text == words.positive_inf || text == words.negative_inf)) {
    return {CsvKind::kDouble};
  }
  if (from <= CsvKind::kDate && words.dates && IsDateBy(text, words)) return {CsvKind::kDate};
  if (from <= CsvKind::kTimestamp && IsTimestampBy(text, words)) return {CsvKind::kTimestamp};
  return {IsBoolean(text) ? CsvKind::kBoolean : CsvKind::kString};
}

}  // namespace

CsvType JoinCsvTypes(CsvType a, CsvType b, bool dates_are_timestamps) {
  return Join(a, b, dates_are_timestamps);
}

bool ParseJavaInteger(std::string_view text, int64_t* value) {
  std::string plain;
  text = WithPlainDigits(text, &plain);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, *value);
  return read.ec == std::errc() && read.ptr == end;
}

bool IsWholeDecimal(std::string_view text) {
  const std::optional<Decimal> decimal = ParseDecimal(text);
  return decimal && decimal->scale <= 0 && decimal->precision - decimal->scale <= kDecimalDigitsMax;
}

bool ParseCsvDouble(std::string_view text, double* value) {
  if (text == "Inf" || text == "-Inf") {
    *value = std::numeric_limits<double>::infinity() * (text == "Inf" ? 1 : -1);
    return true;
  }
  return ParseJavaDouble(text, value);
}

bool ParseJavaDouble(std::string_view text, double* value) {
  std::string_view body = Trim(text);
  const bool minus = Take(&body, '-');
  if (!minus) Take(&body, '+');
  if (body.empty()) return false;
  if (body == "NaN") {
    *value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if (body == "Infinity") {
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

CsvType InferCsvField(CsvType so_far, std::string_view text, const CsvWords& words) {
  if (so_far.kind == CsvKind::kString) return so_far;
  return Join(so_far, NarrowestFrom(so_far.kind, text, words), words.dates_are_timestamps);
}

}  // namespace soteria::table
