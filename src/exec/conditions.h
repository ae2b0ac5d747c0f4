// Spark's error classes that only expressions raise. Constants.
#pragma once

#include "src/base/errors.h"
#include "src/base/status.h"

namespace soteria::exec {

namespace internal {
constexpr base::Condition Mismatch(const char* name) {
  return {name, base::exception_class::kAnalysis, "42K09", absl::StatusCode::kInvalidArgument};
}
}  // namespace internal

inline constexpr base::Condition kNoHigherOrder = {
    "INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION", base::exception_class::kAnalysis,
    "42K0D", absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kBinaryOpDiffTypes =
    internal::Mismatch("DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES");
inline constexpr base::Condition kBinaryOpWrongType =
    internal::Mismatch("DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE");
inline constexpr base::Condition kUnexpectedInputType =
    internal::Mismatch("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE");
inline constexpr base::Condition kCannotDropAllFields =
    internal::Mismatch("DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS");
inline constexpr base::Condition kDataDiffTypes =
    internal::Mismatch("DATATYPE_MISMATCH.DATA_DIFF_TYPES");
inline constexpr base::Condition kFilterNotBoolean =
    internal::Mismatch("DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN");
/// INVALID_AGGREGATE_FILTER and its kinds.
constexpr base::Condition AggregateFilter(const char* name) {
  return {name, base::exception_class::kAnalysis, "42903", absl::StatusCode::kInvalidArgument};
}
inline constexpr base::Condition kCastWithoutSuggestion =
    internal::Mismatch("DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION");
inline constexpr base::Condition kCastWithConf =
    internal::Mismatch("DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION");
inline constexpr base::Condition kCastWithFunction =
    internal::Mismatch("DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION");
inline constexpr base::Condition kArrayFunctionDiffTypes =
    internal::Mismatch("DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES");
inline constexpr base::Condition kInvalidOrdering =
    internal::Mismatch("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE");
inline constexpr base::Condition kMapFunctionDiffTypes =
    internal::Mismatch("DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES");
inline constexpr base::Condition kNullMapKey = {"NULL_MAP_KEY",
                                                base::exception_class::kSparkRuntime, "2200E",
                                                absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kDuplicatedMapKey = {"DUPLICATED_MAP_KEY",
                                                      base::exception_class::kSparkRuntime, "23505",
                                                      absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kSetOperationOnMap = {
    "UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", base::exception_class::kAnalysis, "0A000",
    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kNotOrderable = {"EXPRESSION_TYPE_IS_NOT_ORDERABLE",
                                                  base::exception_class::kAnalysis, "42822",
                                                  absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kEscapeAtTheEnd = {"INVALID_FORMAT.ESC_AT_THE_END",
                                                    base::exception_class::kAnalysis, "42601",
                                                    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kEscapeInTheMiddle = {"INVALID_FORMAT.ESC_IN_THE_MIDDLE",
                                                       base::exception_class::kAnalysis, "42601",
                                                       absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kInvalidEscape = {"INVALID_ESCAPE_CHAR",
                                                   base::exception_class::kAnalysis, "42604",
                                                   absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kElementAtIndex = {"INVALID_ARRAY_INDEX_IN_ELEMENT_AT",
                                                    base::exception_class::kArrayIndex, "22003",
                                                    absl::StatusCode::kOutOfRange};
inline constexpr base::Condition kIndexOfZero = {"INVALID_INDEX_OF_ZERO",
                                                 base::exception_class::kSparkRuntime, "22003",
                                                 absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kNullType = internal::Mismatch("DATATYPE_MISMATCH.NULL_TYPE");
inline constexpr base::Condition kNonFoldableInput =
    internal::Mismatch("DATATYPE_MISMATCH.NON_FOLDABLE_INPUT");
inline constexpr base::Condition kNonStringType =
    internal::Mismatch("DATATYPE_MISMATCH.NON_STRING_TYPE");
inline constexpr base::Condition kParseModeUnsupported = {"PARSE_MODE_UNSUPPORTED",
                                                          base::exception_class::kAnalysis, "42601",
                                                          absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kExtractBase = {"INVALID_EXTRACT_BASE_FIELD_TYPE",
                                                 base::exception_class::kAnalysis, "42000",
                                                 absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kArityMismatch = {"ASSIGNMENT_ARITY_MISMATCH",
                                                   base::exception_class::kAnalysis, "42802",
                                                   absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kNegativeLimit = {"INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
                                                   base::exception_class::kAnalysis, "42K0E",
                                                   absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kJoinConditionNotBoolean = {
    "JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE", base::exception_class::kAnalysis, "42K0E",
    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kScalarSubqueryRows = {
    "SCALAR_SUBQUERY_TOO_MANY_ROWS", base::exception_class::kSparkRuntime, "21000",
    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kRemainderByZero = {"REMAINDER_BY_ZERO",
                                                     base::exception_class::kArithmetic, "22012",
                                                     absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kBinaryOverflow = {"BINARY_ARITHMETIC_OVERFLOW",
                                                    base::exception_class::kArithmetic, "22003",
                                                    absl::StatusCode::kOutOfRange};
inline constexpr base::Condition kDatetimeOverflow = {"DATETIME_OVERFLOW",
                                                      base::exception_class::kArithmetic, "22008",
                                                      absl::StatusCode::kOutOfRange};
inline constexpr base::Condition kNumericOutOfRange = {"NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
                                                       base::exception_class::kArithmetic, "22003",
                                                       absl::StatusCode::kOutOfRange};
inline constexpr base::Condition kNumericBeyondSupport = {"NUMERIC_OUT_OF_SUPPORTED_RANGE",
                                                          base::exception_class::kArithmetic,
                                                          "22003", absl::StatusCode::kOutOfRange};
/// What java.math.BigDecimal throws; Spark gives it no class.
inline constexpr base::Condition kDivisionImpossible = {
    "_LEGACY_ERROR_TEMP", base::exception_class::kArithmetic, "", absl::StatusCode::kOutOfRange};
/// The same error class as kCastInvalid under the exception that Spark has for other targets.
inline constexpr base::Condition kCastInvalidBoolean = {
    "CAST_INVALID_INPUT", "org.apache.spark.SparkRuntimeException", "22018",
    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kCastInvalidDate = {"CAST_INVALID_INPUT",
                                                     "java.time.DateTimeException", "22018",
                                                     absl::StatusCode::kInvalidArgument};

inline constexpr base::Condition kStoredOverflow = {"CAST_OVERFLOW_IN_TABLE_INSERT",
                                                    base::exception_class::kArithmetic, "22003",
                                                    absl::StatusCode::kInvalidArgument};

}  // namespace soteria::exec
