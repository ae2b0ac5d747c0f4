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

namespace soteria::connect {
namespace {

base::Status Bad(std::string_view text) {
  return base::Fail(base::kParse, base::Cat("'", text, "' is not a number, or is out of range."));
}

template <class T, class ScalarType>
base::StatusOr<exec::ExprPtr> Whole(const std::string& digits, std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return Bad(text);
  return exec::Literal(std::make_shared<ScalarType>(value));
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
  if (suffix == "D" || (suffix.empty() && (exponent || fraction))) {
    return Whole<double, arrow::DoubleScalar>(digits, text);
  }
  if (suffix == "F") return Whole<float, arrow::FloatScalar>(digits, text);
  if (suffix == "BD") {
    return base::Fail(base::kUnsupported, "Decimals are not supported in an enclave");
  }
  if (suffix == "L") return Whole<int64_t, arrow::Int64Scalar>(digits, text);
  if (suffix == "S") return Whole<int16_t, arrow::Int16Scalar>(digits, text);
  if (suffix == "Y") return Whole<int8_t, arrow::Int8Scalar>(digits, text);
  if (!suffix.empty()) return Bad(text);
  if (auto small = Whole<int32_t, arrow::Int32Scalar>(digits, text); small.ok()) return small;
  return Whole<int64_t, arrow::Int64Scalar>(digits, text);
}

}  // namespace soteria::connect
