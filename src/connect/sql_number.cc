#include "src/connect/sql_number.h"

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <charconv>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"

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

/// Spark's text of a number with a fraction, which is a decimal there: "1.50", "0.5" of ".5", "5"
/// of "5.", "0.0" of "-0.0".
std::string DecimalText(std::string_view number, bool negative) {
  const size_t point = number.find('.');
  std::string_view whole = number.substr(0, point);
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  const std::string_view fraction = number.substr(point + 1);
  const bool zero = number.find_first_of("123456789") == std::string_view::npos;
  return base::Cat(negative && !zero ? "-" : "", whole.empty() ? "0" : whole,
                   fraction.empty() ? "" : ".", fraction);
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
  if (suffix.empty() && fraction && !exponent) {
    SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr value,
                             (Whole<double, arrow::DoubleScalar>(digits, text)));
    return exec::Printed(std::move(value), DecimalText(number, negative));
  }
  if (suffix == "D" || (suffix.empty() && exponent)) {
    return Whole<double, arrow::DoubleScalar>(digits, text);
  }
  if (suffix == "F") return Whole<float, arrow::FloatScalar>(digits, text);
  if (suffix == "BD") {
    return base::NotSupported(base::Cat("A decimal, ", text, ","), "a double");
  }
  if (suffix == "L") return Whole<int64_t, arrow::Int64Scalar>(digits, text);
  if (suffix == "S") return Whole<int16_t, arrow::Int16Scalar>(digits, text);
  if (suffix == "Y") return Whole<int8_t, arrow::Int8Scalar>(digits, text);
  if (!suffix.empty()) return Bad(text);
  if (auto small = Whole<int32_t, arrow::Int32Scalar>(digits, text); small.ok()) return small;
  auto large = Whole<int64_t, arrow::Int64Scalar>(digits, text);
  if (!large.ok() && base::Is(large.status(), kOutOfRange)) {
    return base::NotSupported(base::Cat("A decimal, ", digits, ","), base::Cat(number, "D"));
  }
  return large;
}

}  // namespace soteria::connect
