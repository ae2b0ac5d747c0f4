// What a cast fails with, in Spark's words. Internal to exec; .cc files only.
#pragma once

#include <arrow/type.h>

#include <string>
#include <string_view>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/conditions.h"
#include "src/table/types.h"

namespace soteria::exec {

inline std::string QuotedType(const arrow::DataType& type) {
  return base::Cat("\"", table::SqlTypeName(type), "\"");
}

/// `value` is written as Spark writes it as a literal.
inline base::Status CastOverflow(std::string_view value, const arrow::DataType& from,
                                 const arrow::DataType& to) {
  return base::FailQuotingData(
      base::kCastOverflow,
      base::Cat("The value ", value, " of the type ", QuotedType(from), " cannot be cast to ",
                QuotedType(to),
                " due to an overflow. Use `try_cast` to tolerate overflow and return "
                "NULL instead."));
}

/// What java.lang.Math throws; Spark gives it no condition.
inline constexpr base::Condition kLongOverflow = {
    "_LEGACY_ERROR_TEMP", base::exception_class::kArithmetic, "", absl::StatusCode::kOutOfRange};

/// Of times beyond the microseconds that there are.
inline base::Status LongOverflow() { return base::FailQuotingData(kLongOverflow, "long overflow"); }

inline base::Status CastInvalid(std::string_view value, const arrow::DataType& from,
                                const arrow::DataType& to) {
  const arrow::Type::type id = to.id();
  const base::Condition& condition = id == arrow::Type::BOOL ? kCastInvalidBoolean
                                     : id == arrow::Type::DATE32 || id == arrow::Type::TIMESTAMP
                                         ? kCastInvalidDate
                                         : base::kCastInvalid;
  return base::FailQuotingData(
      condition,
      base::Cat("The value ", value, " of the type ", QuotedType(from), " cannot be cast to ",
                QuotedType(to),
                " because it is malformed. Correct the value as per the syntax, or change its "
                "target type. Use `try_cast` to tolerate malformed input and return NULL "
                "instead."));
}

}  // namespace soteria::exec
