// What Spark says of texts of types.
#pragma once

#include "src/base/errors.h"

namespace soteria::table {

inline constexpr base::Condition kUnknownType = {"UNSUPPORTED_DATATYPE",
                                                 base::exception_class::kParse, "0A000",
                                                 absl::StatusCode::kInvalidArgument};

}  // namespace soteria::table
