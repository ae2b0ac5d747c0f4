// Failures in Spark's shape: gRPC status INTERNAL with a google.rpc.ErrorInfo from which PySpark
// picks the exception class, error class and SQL state. Pure functions.
#pragma once

#include <string>

#include "src/base/status.h"

namespace grpc {
class Status;
}

namespace soteria::connect {

/// Longest message put into a status: gRPC carries it in a trailer, whose size clients limit.
inline constexpr size_t kErrorMessageBytesMax = 2048;

/// Error classes that only the protocol itself knows.
inline constexpr base::Condition kOperationNotFound = {"INVALID_HANDLE.OPERATION_NOT_FOUND",
                                                       "org.apache.spark.SparkSQLException",
                                                       "HY000", absl::StatusCode::kNotFound};
inline constexpr base::Condition kOperationExists = {"INVALID_HANDLE.OPERATION_ALREADY_EXISTS",
                                                     "org.apache.spark.SparkSQLException", "HY000",
                                                     absl::StatusCode::kAlreadyExists};
inline constexpr base::Condition kHandleFormat = {"INVALID_HANDLE.FORMAT",
                                                  "org.apache.spark.SparkSQLException", "HY000",
                                                  absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kSessionChanged = {"INVALID_HANDLE.SESSION_CHANGED",
                                                    "org.apache.spark.SparkSQLException", "HY000",
                                                    absl::StatusCode::kFailedPrecondition};
inline constexpr base::Condition kCursorNotFound = {"INVALID_CURSOR.POSITION_NOT_AVAILABLE",
                                                    "org.apache.spark.SparkSQLException", "HY109",
                                                    absl::StatusCode::kNotFound};
inline constexpr base::Condition kOperationCancelled = {"OPERATION_CANCELED",
                                                        "org.apache.spark.SparkSQLException",
                                                        "HY008", absl::StatusCode::kCancelled};
inline constexpr base::Condition kConfigNotFound = {"SQL_CONF_NOT_FOUND",
                                                    "org.apache.spark.SparkNoSuchElementException",
                                                    "42K0I", absl::StatusCode::kNotFound};
inline constexpr base::Condition kStaticConfig = {"CANNOT_MODIFY_STATIC_CONFIG",
                                                  "org.apache.spark.sql.AnalysisException", "46110",
                                                  absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kCoreConfig = {"CANNOT_MODIFY_CONFIG",
                                                "org.apache.spark.sql.AnalysisException", "46110",
                                                absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kConfigType = {"INVALID_CONF_VALUE.TYPE_MISMATCH",
                                                "java.lang.IllegalArgumentException", "22022",
                                                absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kConfigOptions = {"INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS",
                                                   "java.lang.IllegalArgumentException", "22022",
                                                   absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kConfigTimeZone = {"INVALID_CONF_VALUE.TIME_ZONE",
                                                    "java.lang.IllegalArgumentException", "22022",
                                                    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kTableNotFound = {"TABLE_OR_VIEW_NOT_FOUND",
                                                   "org.apache.spark.sql.AnalysisException",
                                                   "42P01", absl::StatusCode::kNotFound};
inline constexpr base::Condition kViewExists = {"TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
                                                "org.apache.spark.sql.AnalysisException", "42P07",
                                                absl::StatusCode::kAlreadyExists};

/// What the message reads: "[CONDITION] text SQLSTATE: 12345", as Spark writes it.
std::string SparkMessage(const base::Status& status);

/// OK for OK. kUnauthenticated keeps its own gRPC code, everything else is INTERNAL with details.
grpc::Status ToGrpc(const base::Status& status);

}  // namespace soteria::connect
