// Spark's error classes that only readers and writers of files raise. Constants.
#pragma once

#include "src/base/errors.h"
#include "src/base/status.h"

namespace soteria::formats {

inline constexpr base::Condition kCorruptRecordType = {"INVALID_CORRUPT_RECORD_TYPE",
                                                       base::exception_class::kAnalysis, "42804",
                                                       absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kJsonMapKey = {"INVALID_JSON_SCHEMA_MAP_TYPE",
                                                base::exception_class::kAnalysis, "22032",
                                                absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kTypeForSource = {"UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                                                   base::exception_class::kAnalysis, "0A000",
                                                   absl::StatusCode::kInvalidArgument};

inline constexpr base::Condition kNoCodec = {"CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
                                             base::exception_class::kIllegalArgument, "56038",
                                             absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kMalformedCsv = {"MALFORMED_CSV_RECORD",
                                                  base::exception_class::kSparkRuntime, "KD000",
                                                  absl::StatusCode::kInvalidArgument};
/// Of functions that read a text, under FAILFAST.
inline constexpr base::Condition kMalformedRecord = {
    "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", base::exception_class::kSpark, "22023",
    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kUnsupportedDatatype = {
    "UNSUPPORTED_DATATYPE", base::exception_class::kUnsupported, "0A000",
    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kArraysAsStructs = {
    "MALFORMED_RECORD_IN_PARSING.CANNOT_PARSE_JSON_ARRAYS_AS_STRUCTS",
    base::exception_class::kSparkRuntime, "22023", absl::StatusCode::kInvalidArgument};
/// What Jackson throws; Spark gives it no class.
inline constexpr base::Condition kMalformedJson = {"_LEGACY_ERROR_TEMP",
                                                   "com.fasterxml.jackson.core.JsonParseException",
                                                   "", absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kOneCharacter = {"OPTION_VALUE_EXCEEDS_ONE_CHARACTER",
                                                  base::exception_class::kSparkRuntime, "22023",
                                                  absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kLineEndTooLong = {"INVALID_LINE_SEPARATOR.TOO_LONG",
                                                    base::exception_class::kIllegalArgument,
                                                    "22023", absl::StatusCode::kInvalidArgument};

}  // namespace soteria::formats
