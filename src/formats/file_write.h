// Rows to the bytes of one file, as Spark's writers of "csv", "json", "text" and "orc" have them.
// Options are checked once, where a script's plan is analysed (write_options.h), and travel as
// bytes. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::formats {

/// Of one file before it is packed; more is refused.
inline constexpr uint64_t kWrittenBytesMax = uint64_t{4} << 30;

/// Whether files of that format can hold these columns. Errors: kAnalysis, kTypeForSource,
/// kUnsupported.
base::Status CheckWriteSchema(std::string_view format, const arrow::Schema& schema);

/// What the names of such files end in, ".csv.gz"; Parquet's too.
base::StatusOr<std::string> WriteSuffix(std::string_view format, std::string_view options);

/// How many bytes the file of the table may take, by its rows and their bytes.
base::StatusOr<uint64_t> WrittenBytesGuess(const arrow::Table& table, std::string_view options);

/// kMemoryLimit for more than kWrittenBytesMax.
base::StatusOr<std::string> FileBytes(const arrow::Table& table, std::string_view format,
                                      std::string_view options);

}  // namespace soteria::formats
