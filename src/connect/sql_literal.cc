#include "src/connect/sql_literal.h"

#include <arrow/buffer.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/special_time.h"
#include "src/table/text_value.h"
#include "src/table/time_zone.h"

namespace soteria::connect {
namespace {

constexpr base::Condition kInvalidLiteral = {"INVALID_TYPED_LITERAL", base::exception_class::kParse,
                                             "42604", absl::StatusCode::kInvalidArgument};

base::Status Invalid(std::string_view word, std::string_view text) {
  return base::Fail(kInvalidLiteral, base::Cat("The value of the typed literal \"", word,
                                               "\" is invalid: '", text, "'."));
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::StatusOr<exec::ExprPtr> Binary(std::string_view text) {
  std::string digits(text);
  if (digits.size() % 2 == 1) digits.insert(0, "0");
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    const int high = HexValue(digits[i]);
    const int low = HexValue(digits[i + 1]);
    if (high < 0 || low < 0) return Invalid("X", text);
    bytes += static_cast<char>(high * 16 + low);
  }
  return exec::Literal(
      std::make_shared<arrow::BinaryScalar>(arrow::Buffer::FromString(std::move(bytes))));
}

base::StatusOr<exec::ExprPtr> Date(std::string_view text) {
  SOTERIA_ASSIGN_OR_RETURN(const bool epoch, exec::IsEpoch(text));
  int32_t days = 0;
  if (!epoch && !table::ParseDate(text, &days)) return Invalid("DATE", text);
  return exec::Literal(std::make_shared<arrow::Date32Scalar>(days));
}

base::StatusOr<exec::ExprPtr> Timestamp(std::string_view word, std::string_view text,
                                        const std::string& zone) {
  SOTERIA_ASSIGN_OR_RETURN(const bool epoch, exec::IsEpoch(text));
  int64_t micros = 0;
  const bool local = word == "TIMESTAMP_NTZ";
  if (local) {
    if (!epoch && !table::ParseLocalTimestamp(text, &micros)) return Invalid(word, text);
  } else if (!epoch) {
    const auto there = table::TimeZone::Find(zone).value_or(table::TimeZone());
    const table::TimeText outcome = table::ParseTimestampIn(text, there, &micros);
    if (outcome == table::TimeText::kNeedsToday) return exec::NoClock(text);
    if (outcome == table::TimeText::kMalformed) return Invalid(word, text);
  }
  auto type = local ? arrow::timestamp(arrow::TimeUnit::MICRO)
                    : arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  return exec::Literal(std::make_shared<arrow::TimestampScalar>(micros, std::move(type)));
}

}  // namespace

bool IsTypedLiteral(std::string_view word) {
  for (const std::string_view known :
       {"DATE", "TIMESTAMP", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "X", "TIME", "INTERVAL"}) {
    if (word == known) return true;
  }
  return false;
}

base::StatusOr<exec::ExprPtr> TypedLiteral(std::string_view word, std::string_view text,
                                           const std::string& zone) {
  if (word == "X") return Binary(text);
  if (word == "DATE") return Date(text);
  if (word.starts_with("TIMESTAMP")) return Timestamp(word, text, zone);
  return base::NotSupported(base::Cat("A literal of type ", word));
}

}  // namespace soteria::connect
