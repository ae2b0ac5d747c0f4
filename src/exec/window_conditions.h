// Spark's error classes that only windows raise. Constants.
#pragma once

#include "src/base/errors.h"
#include "src/base/status.h"
#include "src/exec/conditions.h"

namespace soteria::exec {

inline constexpr base::Condition kValueOutOfRange =
    internal::Mismatch("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE");
inline constexpr base::Condition kFrameBound =
    internal::Mismatch("DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_INVALID_BOUND");
inline constexpr base::Condition kFrameType =
    internal::Mismatch("DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE");
inline constexpr base::Condition kFrameTypes =
    internal::Mismatch("DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_DIFF_TYPES");
inline constexpr base::Condition kFrameComparison =
    internal::Mismatch("DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON");
inline constexpr base::Condition kRangeWithoutOrder =
    internal::Mismatch("DATATYPE_MISMATCH.RANGE_FRAME_WITHOUT_ORDER");
inline constexpr base::Condition kRangeMultiOrder =
    internal::Mismatch("DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER");
inline constexpr base::Condition kRangeType =
    internal::Mismatch("DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE");
inline constexpr base::Condition kFrameNotLiteral = {
    "INVALID_SQL_SYNTAX.INVALID_WINDOW_FRAME_BOUND", base::exception_class::kParse, "42000",
    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kWithoutOver = {"WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE",
                                                 base::exception_class::kAnalysis, "42601",
                                                 absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kNotOrdered = {"WINDOW_FUNCTION_FRAME_NOT_ORDERED",
                                                base::exception_class::kAnalysis, "42601",
                                                absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kNotAllowedInClause = {"WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE",
                                                        base::exception_class::kAnalysis, "42601",
                                                        absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kUnsupportedForWindow = {"UNSUPPORTED_EXPR_FOR_WINDOW",
                                                          base::exception_class::kAnalysis, "42P20",
                                                          absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kUnsupportedForOperator = {
    "UNSUPPORTED_EXPR_FOR_OPERATOR", base::exception_class::kAnalysis, "42K0E",
    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kDistinctWindow = {"DISTINCT_WINDOW_FUNCTION_UNSUPPORTED",
                                                    base::exception_class::kAnalysis, "0A000",
                                                    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kSpecForFunction = {"INVALID_WINDOW_SPEC_FOR_AGGREGATION_FUNC",
                                                     base::exception_class::kAnalysis, "42601",
                                                     absl::StatusCode::kInvalidArgument};

}  // namespace soteria::exec
