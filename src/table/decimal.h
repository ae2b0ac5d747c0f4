// Spark's DecimalType(p, s): numbers of at most p digits, s of them behind the point. A column is
// Arrow's decimal128 with 0 <= s <= p <= 38; a value is the whole number that it is times 10^s.
// Texts, rounding and limits are those of Spark's Decimal and of java.math.BigDecimal. Pure
// functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace arrow {
class Decimal128;
}  // namespace arrow

namespace soteria::table {

inline constexpr int kDecimalDigitsMax = 38;

/// A value without its point.
using Unscaled = __int128;
/// As Spark's, decimal(10,0) where nothing is said.
struct DecimalShape {
  int precision = 10;
  int scale = 0;

  int whole() const { return precision - scale; }
  bool operator==(const DecimalShape&) const = default;
};

bool IsDecimal(const arrow::DataType& type);
/// Of a decimal type.
DecimalShape ShapeOf(const arrow::DataType& type);
/// Of a shape within the limits.
std::shared_ptr<arrow::DataType> DecimalType(DecimalShape shape);
/// Of numbers from outside: DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION,
/// DECIMAL_SCALE_EXCEEDS_PRECISION; kUnsupported for a negative scale.
base::StatusOr<std::shared_ptr<arrow::DataType>> CheckedDecimalType(int64_t precision,
                                                                    int64_t scale);
/// DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION
base::Status TooPrecise(int64_t precision);
/// What Spark makes of a decimal beside an integer of that type: 3, 5, 10 or 20 digits; nullopt
/// for other types.
std::optional<DecimalShape> ShapeOfInteger(const arrow::DataType& type);
/// At most 38 digits each.
DecimalShape Bounded(int precision, int scale);
/// What both shapes' values fit in; beyond 38 digits those behind the point go.
DecimalShape WiderShape(DecimalShape a, DecimalShape b);

/// 10^n, 0 <= n <= 38.
Unscaled PowerOfTen(int n);
/// The digits of the value; of 0 one.
int DigitsOf(Unscaled value);
/// Has it at most that many digits?
bool FitsDigits(Unscaled value, int digits);
/// The cell, which isn't null, of a decimal column.
Unscaled DecimalAt(const arrow::Array& array, int64_t row);
/// As builders and scalars take it, and back.
arrow::Decimal128 ToArrow(Unscaled value);
Unscaled FromArrow(const arrow::Decimal128& value);

enum class Rounding : uint8_t { kHalfUp, kHalfEven, kFloor, kCeiling, kDown };
/// value / by, by > 0, as a whole number.
Unscaled DivideRounded(Unscaled value, Unscaled by, Rounding rounding);
/// A value of scale `from` as one of the shape; nullopt when it has too many digits.
std::optional<Unscaled> Rescale(Unscaled value, int from, DecimalShape to,
                                Rounding rounding = Rounding::kHalfUp);
/// a < b: -1, equal: 0, a > b: 1; of any scales.
int CompareDecimals(Unscaled a, int scale_a, Unscaled b, int scale_b);

/// "12.50": BigDecimal.toPlainString, how casts and show write a decimal.
std::string DecimalText(Unscaled value, int scale);
/// "1E-7" where it has more than six zeros behind the point: BigDecimal.toString, how Spark writes
/// a literal.
std::string JavaDecimal(Unscaled value, int scale);
/// The nearest.
double DecimalToDouble(Unscaled value, int scale);
float DecimalToFloat(Unscaled value, int scale);
/// What the bytes of BigInteger.toByteArray are, which Spark hashes.
std::string BigIntegerBytes(Unscaled value);

/// A java.math.BigDecimal that may have more digits than a decimal: what a text says.
struct BigDecimal {
  bool negative = false;
  std::string digits = "0";  ///< without leading zeros
  int64_t scale = 0;         ///< of them behind the point; may be negative

  int64_t whole_digits() const { return static_cast<int64_t>(digits.size()) - scale; }
  bool is_zero() const { return digits == "0"; }
};
/// new BigDecimal(text); nullopt for what is no number.
std::optional<BigDecimal> ParseBigDecimal(std::string_view text);
/// The double's own digits as Java prints them; nullopt for NaN and infinities.
std::optional<BigDecimal> BigDecimalOf(double value);
/// As Spark's CSV and JSON readers take a decimal: new BigDecimal(text) without its commas, rounded
/// half up; nullopt for what is no number, or has too many digits.
std::optional<Unscaled> ParseFormattedDecimal(std::string_view text, DecimalShape to);
/// Rounded half up; nullopt when it has too many digits.
std::optional<Unscaled> ToDecimal(const BigDecimal& value, DecimalShape to);
/// BigDecimal.toPlainString; of a value of at most 38 whole digits.
std::string PlainText(const BigDecimal& value);

}  // namespace soteria::table
