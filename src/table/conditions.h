// Spark's error classes that only tables and expressions raise. Constants.
#pragma once

#include "src/base/errors.h"
#include "src/base/status.h"

namespace soteria::table {

/// raise_error() and MLlib's checks of features, labels and weights.
inline constexpr base::Condition kUserRaised = {"USER_RAISED_EXCEPTION",
                                                "org.apache.spark.SparkRuntimeException", "P0001",
                                                absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kUnresolvedNoSuggestion = {
    "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", base::exception_class::kAnalysis, "42703",
    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kAmbiguousReference = {"AMBIGUOUS_REFERENCE",
                                                        base::exception_class::kAnalysis, "42704",
                                                        absl::StatusCode::kInvalidArgument};

}  // namespace soteria::table
