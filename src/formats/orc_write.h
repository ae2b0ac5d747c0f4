// Rows to the bytes of one ORC file that Spark reads back with their types: what Spark writes, but
// for statistics and indexes, which are left out (docs/decisions: ORC). Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::formats {

/// Whether an ORC file can hold these columns. kTypeForSource, with the column.
base::Status CheckOrcSchema(const arrow::Schema& schema);

/// `compression` is "none", "snappy", "zlib", "zstd" or "lz4". kMemoryLimit for more than a file
/// may have (file_write.h).
base::StatusOr<std::string> WriteOrc(const arrow::Table& table, std::string_view compression);

}  // namespace soteria::formats
