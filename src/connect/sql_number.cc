#include "src/connect/sql_number.h"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/decimal.h"

namespace soteria::connect {
namespace {

constexpr base::Condition kOutOfRange = {"INVALID_NUMERIC_LITERAL_RANGE",
                                         base::exception_class::kParse, "22003",
                                         absl::StatusCode::kInvalidArgument};

base::Status Bad(std::string_view text) {
  return base::Fail(base::kParse, base::Cat("'", text, "' is not a number."));
}

template <class T, class ScalarType>
base::StatusOr<exec::ExprPtr> Whole(const std::string& digits, std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) {
    return base::Fail(kOutOfRange, base::Cat("Numeric literal ", text, " is out of range."));
  }
  if (error != std::errc() || end != digits.data() + digits.size()) return Bad(text);
  return exec::Literal(std::make_shared<ScalarType>(value));
}

/// With the digits that it is written with; those before the point without leading zeros.
base::StatusOr<exec::ExprPtr> Decimal(const std::string& digits, std::string_view text) {
  const auto value = table::ParseBigDecimal(digits);
  if (!value.has_value()) return Bad(text);
  const int64_t scale = std::max<int64_t>(0, value->scale);
  const int64_t precision = std::max(scale, value->whole_digits() + scale);
  SOTERIA_ASSIGN_OR_RETURN(auto type, table::CheckedDecimalType(precision, scale));
  const auto unscaled = table::ToDecimal(*value, table::ShapeOf(*type));
  if (!unscaled.has_value()) return Bad(text);
  return exec::Literal(
      std::make_shared<arrow::Decimal128Scalar>(table::ToArrow(*unscaled), std::move(type)));
}

}  // namespace

base::StatusOr<exec::ExprPtr> SqlNumber(std::string_view text, bool negative) {
  size_t number_end = text.find_first_not_of("0123456789.");
  if (number_end != std::string_view::npos &&
      (text[number_end] == 'e' || text[number_end] == 'E')) {
    const size_t after = text.find_first_not_of("0123456789+-", number_end + 1);
    const bool has_digits =
        number_end + 1 < text.size() && (after == std::string_view::npos || after > number_end + 1);
    if (has_digits) number_end = after;
  }
  const std::string_view number = text.substr(0, number_end);
  std::string suffix;
  if (number_end != std::string_view::npos) suffix = base::Upper(text.substr(number_end));
  const std::string digits = base::Cat(negative ? "-" : "", number);
  const bool exponent = number.find_first_of("eE") != std::string_view::npos;
  const bool fraction = number.find('.') != std::string_view::npos;
  if (suffix == "BD" || (suffix.empty() && fraction && !exponent)) return Decimal(digits, text);
  if (suffix == "D" || (suffix.empty() && exponent)) {
    return Whole<double, arrow::DoubleScalar>(digits, text);
  }
  if (suffix == "F") return Whole<float, arrow::FloatScalar>(digits, text);
  if (suffix == "L") return Whole<int64_t, arrow::Int64Scalar>(digits, text);
  if (suffix == "S") return Whole<int16_t, arrow::Int16Scalar>(digits, text);
  if (suffix == "Y") return Whole<int8_t, arrow::Int8Scalar>(digits, text);
  if (!suffix.empty()) return Bad(text);
  if (auto small = Whole<int32_t, arrow::Int32Scalar>(digits, text); small.ok()) return small;
  auto large = Whole<int64_t, arrow::Int64Scalar>(digits, text);
  if (!large.ok() && base::Is(large.status(), kOutOfRange)) return Decimal(digits, text);
  return large;
}

}  // namespace soteria::connect
