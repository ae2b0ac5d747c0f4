// Spark's error classes that only tables raise. Constants.
#pragma once

#include "src/base/errors.h"
#include "src/base/status.h"

namespace soteria::table {

inline constexpr base::Condition kUnresolvedNoSuggestion = {
    "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", base::exception_class::kAnalysis, "42703",
    absl::StatusCode::kInvalidArgument};
}  // namespace soteria::table
