// Every condition that Soteria reports. `kXxx` of our own are org.apache.spark.SparkException in
// PySpark; the others are Spark's own error classes with Spark's exception class and SQL state.
//
// Invariant: a name is part of the interface (scripts match on it): never renamed, never reused.
#pragma once

#include "src/base/status.h"

namespace soteria::base {

namespace exception_class {
inline constexpr char kSpark[] = "org.apache.spark.SparkException";
inline constexpr char kAnalysis[] = "org.apache.spark.sql.AnalysisException";
inline constexpr char kParse[] = "org.apache.spark.sql.catalyst.parser.ParseException";
inline constexpr char kArithmetic[] = "java.lang.ArithmeticException";
inline constexpr char kNumberFormat[] = "java.lang.NumberFormatException";
inline constexpr char kIllegalArgument[] = "java.lang.IllegalArgumentException";
inline constexpr char kUnsupported[] = "java.lang.UnsupportedOperationException";
inline constexpr char kSparkRuntime[] = "org.apache.spark.SparkRuntimeException";
inline constexpr char kArrayIndex[] = "java.lang.ArrayIndexOutOfBoundsException";
}  // namespace exception_class

// ---- ours -------------------------------------------------------------------------------------

/// Something does not authenticate, or is not what it must be: fatal (I4, I5, I8, I9).
inline constexpr Condition kIntegrity = {"SOTERIA.INTEGRITY", exception_class::kSpark, "",
                                         absl::StatusCode::kDataLoss};
/// An older version of a data set or tree than the owner has seen (I9).
inline constexpr Condition kRolledBack = {"SOTERIA.ROLLED_BACK", exception_class::kSpark, "",
                                          absl::StatusCode::kDataLoss};
/// Evidence that does not verify or that the policy does not admit (I2).
inline constexpr Condition kEvidence = {"SOTERIA.EVIDENCE_REFUSED", exception_class::kSpark, "",
                                        absl::StatusCode::kPermissionDenied};
/// A path, class or output that the Manifest does not list (I3).
inline constexpr Condition kNotInManifest = {"SOTERIA.NOT_IN_MANIFEST", exception_class::kSpark, "",
                                             absl::StatusCode::kPermissionDenied};
inline constexpr Condition kManifest = {"SOTERIA.MANIFEST_INVALID", exception_class::kSpark, "",
                                        absl::StatusCode::kInvalidArgument};
/// Bytes from a peer that are not what the protocol says.
inline constexpr Condition kProtocol = {"SOTERIA.PROTOCOL", exception_class::kSpark, "",
                                        absl::StatusCode::kInvalidArgument};
/// A wrong token or resume proof.
inline constexpr Condition kUnauthenticated = {"SOTERIA.UNAUTHENTICATED", exception_class::kSpark,
                                               "", absl::StatusCode::kUnauthenticated};
inline constexpr Condition kAttempts = {"SOTERIA.ATTEMPTS_EXHAUSTED", exception_class::kSpark, "",
                                        absl::StatusCode::kAborted};
inline constexpr Condition kWorkerLost = {"SOTERIA.WORKER_LOST", exception_class::kSpark, "",
                                          absl::StatusCode::kAborted};
inline constexpr Condition kMasterLost = {"SOTERIA.MASTER_LOST", exception_class::kSpark, "",
                                          absl::StatusCode::kAborted};
inline constexpr Condition kMemoryLimit = {"SOTERIA.MEMORY_LIMIT", exception_class::kSpark, "",
                                           absl::StatusCode::kResourceExhausted};
inline constexpr Condition kCollectLimit = {"SOTERIA.COLLECT_LIMIT", exception_class::kSpark, "",
                                            absl::StatusCode::kResourceExhausted};
inline constexpr Condition kCancelled = {"SOTERIA.CANCELLED", exception_class::kSpark, "",
                                         absl::StatusCode::kCancelled};
inline constexpr Condition kStageFailed = {"SOTERIA.STAGE_FAILED", exception_class::kSpark, "",
                                           absl::StatusCode::kAborted};
/// A key that is missing, of the wrong size or kind, or a wrong passphrase.
inline constexpr Condition kKey = {"SOTERIA.KEY", exception_class::kSpark, "",
                                   absl::StatusCode::kFailedPrecondition};
/// Input data of the owner that can't be used (malformed CSV and the like).
inline constexpr Condition kInput = {"SOTERIA.INPUT", exception_class::kSpark, "",
                                     absl::StatusCode::kInvalidArgument};
/// Disk or network failed.
inline constexpr Condition kIo = {"SOTERIA.IO", exception_class::kSpark, "",
                                  absl::StatusCode::kUnavailable};
inline constexpr Condition kInternal = {"INTERNAL_ERROR", exception_class::kSpark, "XX000",
                                        absl::StatusCode::kInternal};
/// A key has sealed as many messages or bytes as it may.
inline constexpr Condition kCipherLimit = {"SOTERIA.CIPHER_LIMIT", exception_class::kSpark, "",
                                           absl::StatusCode::kResourceExhausted};
/// Somebody else holds or changed it meanwhile.
inline constexpr Condition kConflict = {"SOTERIA.CONFLICT", exception_class::kSpark, "",
                                        absl::StatusCode::kAborted};

// ---- Spark's ----------------------------------------------------------------------------------

inline constexpr Condition kUnresolvedColumn = {"UNRESOLVED_COLUMN.WITH_SUGGESTION",
                                                exception_class::kAnalysis, "42703",
                                                absl::StatusCode::kInvalidArgument};
inline constexpr Condition kDatatypeMismatch = {"DATATYPE_MISMATCH", exception_class::kAnalysis,
                                                "42K09", absl::StatusCode::kInvalidArgument};
inline constexpr Condition kAnalysis = {"_LEGACY_ERROR_TEMP", exception_class::kAnalysis, "",
                                        absl::StatusCode::kInvalidArgument};
/// The text must contain "Path does not exist": scripts match on it.
inline constexpr Condition kPathNotFound = {"PATH_NOT_FOUND", exception_class::kAnalysis, "42K03",
                                            absl::StatusCode::kNotFound};
inline constexpr Condition kPathExists = {"PATH_ALREADY_EXISTS", exception_class::kAnalysis,
                                          "42K04", absl::StatusCode::kAlreadyExists};
inline constexpr Condition kDivideByZero = {"DIVIDE_BY_ZERO", exception_class::kArithmetic, "22012",
                                            absl::StatusCode::kInvalidArgument};
inline constexpr Condition kOverflow = {"ARITHMETIC_OVERFLOW", exception_class::kArithmetic,
                                        "22003", absl::StatusCode::kOutOfRange};
inline constexpr Condition kCastInvalid = {"CAST_INVALID_INPUT", exception_class::kNumberFormat,
                                           "22018", absl::StatusCode::kInvalidArgument};
inline constexpr Condition kCastOverflow = {"CAST_OVERFLOW", exception_class::kArithmetic, "22003",
                                            absl::StatusCode::kOutOfRange};
inline constexpr Condition kIllegalArgument = {"INVALID_PARAMETER_VALUE",
                                               exception_class::kIllegalArgument, "22023",
                                               absl::StatusCode::kInvalidArgument};
inline constexpr Condition kUnsupported = {"UNSUPPORTED_FEATURE", exception_class::kUnsupported,
                                           "0A000", absl::StatusCode::kUnimplemented};
inline constexpr Condition kParse = {"PARSE_SYNTAX_ERROR", exception_class::kParse, "42601",
                                     absl::StatusCode::kInvalidArgument};
inline constexpr Condition kMlAttribute = {"CONNECT_ML.ATTRIBUTE_NOT_ALLOWED",
                                           exception_class::kSpark, "XX000",
                                           absl::StatusCode::kInvalidArgument};
inline constexpr Condition kMlCache = {"CONNECT_ML.CACHE_INVALID", exception_class::kSpark, "XX000",
                                       absl::StatusCode::kNotFound};
inline constexpr Condition kMlUnsupported = {"CONNECT_ML.UNSUPPORTED_EXCEPTION",
                                             exception_class::kSpark, "XX000",
                                             absl::StatusCode::kUnimplemented};
/// raise_error, assert_true and MLlib's own checks of its input (NaN, null, negative weights).
inline constexpr Condition kUserRaised = {"USER_RAISED_EXCEPTION", exception_class::kSparkRuntime,
                                          "P0001", absl::StatusCode::kInvalidArgument};
inline constexpr Condition kUnresolvedRoutine = {"UNRESOLVED_ROUTINE", exception_class::kAnalysis,
                                                 "42883", absl::StatusCode::kInvalidArgument};
inline constexpr Condition kAmbiguousReference = {"AMBIGUOUS_REFERENCE", exception_class::kAnalysis,
                                                  "42704", absl::StatusCode::kInvalidArgument};
inline constexpr Condition kWrongNumArgs = {"WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
                                            exception_class::kAnalysis, "42605",
                                            absl::StatusCode::kInvalidArgument};
inline constexpr Condition kFieldNotFound = {"FIELD_NOT_FOUND", exception_class::kAnalysis, "42704",
                                             absl::StatusCode::kInvalidArgument};
inline constexpr Condition kArrayIndex = {"INVALID_ARRAY_INDEX", exception_class::kArrayIndex,
                                          "22003", absl::StatusCode::kOutOfRange};

}  // namespace soteria::base
