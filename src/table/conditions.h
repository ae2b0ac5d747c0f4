// Spark's error classes that only tables raise. Constants.
#pragma once

#include "src/base/errors.h"
#include "src/base/status.h"

namespace soteria::table {

inline constexpr base::Condition kUnresolvedNoSuggestion = {
    "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", base::exception_class::kAnalysis, "42703",
    absl::StatusCode::kInvalidArgument};

/// A file whose column isn't of the type that its table says, and can't be read as it.
inline constexpr base::Condition kFileTypeMismatch = {
    "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH", base::exception_class::kSpark, "KD001",
    absl::StatusCode::kInvalidArgument};
/// A file of a table that is no Parquet: found while its rows are read, or for its columns.
inline constexpr base::Condition kFailedReadFile = {"FAILED_READ_FILE.NO_HINT",
                                                    base::exception_class::kSpark, "KD001",
                                                    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kCannotReadFooter = {"FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER",
                                                      base::exception_class::kSpark, "KD001",
                                                      absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kColumnExists = {"COLUMN_ALREADY_EXISTS",
                                                  base::exception_class::kAnalysis, "42711",
                                                  absl::StatusCode::kInvalidArgument};

}  // namespace soteria::table
