#include "src/table/decimal.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/table/java_text.h"

namespace soteria::table {
namespace {

using Magnitude = unsigned __int128;

constexpr base::Condition kScaleBeyond = {"DECIMAL_SCALE_EXCEEDS_PRECISION",
                                          base::exception_class::kParse, "22003",
                                          absl::StatusCode::kInvalidArgument};

constexpr auto kPowers = [] {
  std::array<Unscaled, kDecimalDigitsMax + 1> powers{};
  Unscaled power = 1;
  for (Unscaled& p : powers) {
    p = power;
    if (&p != &powers.back()) power *= 10;
  }
  return powers;
}();

Magnitude Absolute(Unscaled value) {
  return value < 0 ? -static_cast<Magnitude>(value) : static_cast<Magnitude>(value);
}

std::string Digits(Magnitude value) {
  char text[40];
  char* at = std::end(text);
  do {
    *--at = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  return std::string(at, std::end(text));
}

/// The digits with a point, and zeros as they are needed.
std::string Pointed(bool negative, std::string digits, int64_t scale) {
  if (scale > 0) {
    const auto behind = static_cast<size_t>(scale);
    if (digits.size() <= behind) digits.insert(0, behind + 1 - digits.size(), '0');
    digits.insert(digits.size() - behind, ".");
  } else if (scale < 0 && digits != "0") {
    digits.append(static_cast<size_t>(-scale), '0');
  }
  return base::Cat(negative ? "-" : "", digits);
}

/// Each double is exact up to 2^53, and each of these powers is: one rounding, of the division.
constexpr Unscaled kExactMax = Unscaled{1} << 53;
constexpr int kExactPowerMax = 22;

template <class T>
T Nearest(Unscaled value, int scale) {
  const std::string text =
      base::Cat(value < 0 ? "-" : "", Digits(Absolute(value)), "e", -int64_t{scale});
  T number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::string_view TakeDigits(std::string_view& text) {
  size_t size = 0;
  while (size < text.size() && base::IsDigit(text[size])) ++size;
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

}  // namespace

bool IsDecimal(const arrow::DataType& type) { return type.id() == arrow::Type::DECIMAL128; }

DecimalShape ShapeOf(const arrow::DataType& type) {
  const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
  return {decimal.precision(), decimal.scale()};
}

std::shared_ptr<arrow::DataType> DecimalType(DecimalShape shape) {
  return arrow::decimal128(shape.precision, shape.scale);
}

base::StatusOr<std::shared_ptr<arrow::DataType>> CheckedDecimalType(int64_t precision,
                                                                    int64_t scale) {
  if (scale < 0) return base::NotSupported("A decimal with a negative scale");
  if (scale > precision) {
    return base::Fail(kScaleBeyond,
                      base::Cat("Decimal scale (", scale, ") cannot be greater than precision (",
                                precision, ")."));
  }
  if (precision > kDecimalDigitsMax) {
    return TooPrecise(precision);
  }
  // Spark lets decimal(0, 0) be, for which Arrow has no type.
  if (precision == 0) return base::NotSupported("A decimal without a digit, decimal(0,0),");
  return DecimalType({static_cast<int>(precision), static_cast<int>(scale)});
}

base::Status TooPrecise(int64_t precision) {
  constexpr base::Condition kTooPrecise = {"DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                                           base::exception_class::kArithmetic, "22003",
                                           absl::StatusCode::kInvalidArgument};
  return base::Fail(kTooPrecise, base::Cat("Decimal precision ", precision,
                                           " exceeds max precision ", kDecimalDigitsMax, "."));
}

std::optional<DecimalShape> ShapeOfInteger(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8:
      return DecimalShape{3, 0};
    case arrow::Type::INT16:
      return DecimalShape{5, 0};
    case arrow::Type::INT32:
      return DecimalShape{10, 0};
    case arrow::Type::INT64:
      return DecimalShape{20, 0};
    default:
      return std::nullopt;
  }
}

DecimalShape Bounded(int precision, int scale) {
  return {std::min(precision, kDecimalDigitsMax), std::min(scale, kDecimalDigitsMax)};
}

DecimalShape WiderShape(DecimalShape a, DecimalShape b) {
  const int scale = std::max(a.scale, b.scale);
  const int precision = std::max(a.whole(), b.whole()) + scale;
  if (precision <= kDecimalDigitsMax) return {precision, scale};
  return {kDecimalDigitsMax, std::max(0, scale - (precision - kDecimalDigitsMax))};
}

Unscaled PowerOfTen(int n) { return kPowers[static_cast<size_t>(n)]; }

int DigitsOf(Unscaled value) {
  const Magnitude magnitude = Absolute(value);
  int digits = 1;
  while (digits <= kDecimalDigitsMax && magnitude >= static_cast<Magnitude>(PowerOfTen(digits))) {
    ++digits;
  }
  return digits;
}

bool FitsDigits(Unscaled value, int digits) {
  return Absolute(value) < static_cast<Magnitude>(PowerOfTen(digits));
}

Unscaled DecimalAt(const arrow::Array& array, int64_t row) {
  Unscaled value = 0;
  std::memcpy(&value, static_cast<const arrow::Decimal128Array&>(array).GetValue(row),
              sizeof value);
  return value;
}

arrow::Decimal128 ToArrow(Unscaled value) {
  const auto bits = static_cast<Magnitude>(value);
  return {static_cast<int64_t>(bits >> 64), static_cast<uint64_t>(bits)};
}

Unscaled FromArrow(const arrow::Decimal128& value) {
  return static_cast<Unscaled>(
      (static_cast<Magnitude>(static_cast<uint64_t>(value.high_bits())) << 64) | value.low_bits());
}

Unscaled DivideRounded(Unscaled value, Unscaled by, Rounding rounding) {
  const Unscaled quotient = value / by;
  const Unscaled rest = value % by;
  if (rest == 0) return quotient;
  const Magnitude dropped = Absolute(rest);
  const Magnitude kept = static_cast<Magnitude>(by) - dropped;
  bool away = false;
  switch (rounding) {
    case Rounding::kHalfUp:
      away = dropped >= kept;
      break;
    case Rounding::kHalfEven:
      away = dropped > kept || (dropped == kept && quotient % 2 != 0);
      break;
    case Rounding::kFloor:
      away = value < 0;
      break;
    case Rounding::kCeiling:
      away = value > 0;
      break;
    case Rounding::kDown:
      break;
  }
  return quotient + (away ? (value < 0 ? -1 : 1) : 0);
}

std::optional<Unscaled> Rescale(Unscaled value, int from, DecimalShape to, Rounding rounding) {
  const int more = to.scale - from;
  if (more > 0) {
    if (value == 0) return value;
    if (more > kDecimalDigitsMax || __builtin_mul_overflow(value, PowerOfTen(more), &value)) {
      return std::nullopt;
    }
  } else if (more < -kDecimalDigitsMax) {
    // A tenth at most of the last place.
    const bool away = (rounding == Rounding::kFloor && value < 0) ||
                      (rounding == Rounding::kCeiling && value > 0);
    value = away ? (value < 0 ? -1 : 1) : 0;
  } else if (more < 0) {
    value = DivideRounded(value, PowerOfTen(-more), rounding);
  }
  if (!FitsDigits(value, to.precision)) return std::nullopt;
  return value;
}

int CompareDecimals(Unscaled a, int scale_a, Unscaled b, int scale_b) {
  const int scale = std::max(scale_a, scale_b);
  Unscaled x = 0;
  Unscaled y = 0;
  // What doesn't fit is farther from zero than the other, which has that scale already.
  if (__builtin_mul_overflow(a, PowerOfTen(scale - scale_a), &x)) return a < 0 ? -1 : 1;
  if (__builtin_mul_overflow(b, PowerOfTen(scale - scale_b), &y)) return b < 0 ? 1 : -1;
  return x < y ? -1 : x > y ? 1 : 0;
}

std::string DecimalText(Unscaled value, int scale) {
  return Pointed(value < 0, Digits(Absolute(value)), scale);
}

std::string JavaDecimal(Unscaled value, int scale) {
  std::string digits = Digits(Absolute(value));
  const int64_t exponent = static_cast<int64_t>(digits.size()) - 1 - scale;
  if (scale == 0 || exponent >= -6) return Pointed(value < 0, std::move(digits), scale);
  if (digits.size() > 1) digits.insert(1, ".");
  return base::Cat(value < 0 ? "-" : "", digits, "E", exponent);
}

double DecimalToDouble(Unscaled value, int scale) {
  if (value > -kExactMax && value < kExactMax && scale <= kExactPowerMax) {
    return static_cast<double>(static_cast<int64_t>(value)) /
           static_cast<double>(PowerOfTen(scale));
  }
  return Nearest<double>(value, scale);
}

float DecimalToFloat(Unscaled value, int scale) { return Nearest<float>(value, scale); }

std::string BigIntegerBytes(Unscaled value) {
  std::string bytes;
  for (int shift = 120; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(static_cast<uint8_t>(static_cast<Magnitude>(value) >> shift));
  }
  // The fewest that still have the sign.
  size_t skipped = 0;
  const char filler = value < 0 ? '\xff' : '\0';
  while (skipped + 1 < bytes.size() && bytes[skipped] == filler &&
         (static_cast<int8_t>(bytes[skipped + 1]) < 0) == (value < 0)) {
    ++skipped;
  }
  return bytes.substr(skipped);
}

std::optional<BigDecimal> ParseBigDecimal(std::string_view text) {
  BigDecimal value;
  value.negative = Take(text, '-');
  if (!value.negative) Take(text, '+');
  std::string digits(TakeDigits(text));
  if (Take(text, '.')) {
    const std::string_view fraction = TakeDigits(text);
    digits += fraction;
    value.scale = static_cast<int64_t>(fraction.size());
  }
  if (digits.empty()) return std::nullopt;
  if (Take(text, 'e') || Take(text, 'E')) {
    const bool minus = Take(text, '-');
    if (!minus) Take(text, '+');
    const std::string_view exponent = TakeDigits(text);
    int64_t shift = 0;
    const auto read = std::from_chars(exponent.data(), exponent.data() + exponent.size(), shift);
    if (exponent.empty() || read.ec != std::errc() || shift > INT32_MAX) return std::nullopt;
    value.scale += minus ? shift : -shift;
    if (value.scale > INT32_MAX || value.scale < INT32_MIN) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  value.digits = std::move(digits);
  if (value.is_zero()) value.negative = false;
  return value;
}

std::optional<BigDecimal> BigDecimalOf(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return ParseBigDecimal(JavaDouble(value));
}

std::optional<Unscaled> ParseFormattedDecimal(std::string_view text, DecimalShape to) {
  std::string plain;
  if (text.find(',') != std::string_view::npos) {
    std::copy_if(text.begin(), text.end(), std::back_inserter(plain),
                 [](char c) { return c != ','; });
    text = plain;
  }
  const auto value = ParseBigDecimal(text);
  return value.has_value() ? ToDecimal(*value, to) : std::nullopt;
}

std::optional<Unscaled> ToDecimal(const BigDecimal& value, DecimalShape to) {
  if (value.is_zero()) return Unscaled{0};
  // Digits before the last place that is kept, and zeros that are missing behind them.
  const int64_t kept = value.whole_digits() + to.scale;
  if (kept < 0) return Unscaled{0};
  if (kept > to.precision) return std::nullopt;
  const auto size = static_cast<int64_t>(value.digits.size());
  Unscaled number = 0;
  for (int64_t i = 0; i < kept; ++i) {
    number = number * 10 + (i < size ? value.digits[static_cast<size_t>(i)] - '0' : 0);
  }
  if (kept < size && value.digits[static_cast<size_t>(kept)] >= '5') ++number;
  if (!FitsDigits(number, to.precision)) return std::nullopt;
  return value.negative ? -number : number;
}

std::string PlainText(const BigDecimal& value) {
  return Pointed(value.negative, value.digits, value.scale);
}

}  // namespace soteria::table
