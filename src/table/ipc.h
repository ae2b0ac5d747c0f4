// Tables as Arrow IPC streams (sealed results, broadcasts, local relations), lossless with field
// and schema metadata. FromIpcStream takes bytes from outside: everything is validated in full
// before the table is returned, and nothing is allocated beyond the limits.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::table {

struct IpcLimits {
  uint64_t bytes_max = uint64_t{1} << 30;
  int64_t rows_max = int64_t{1} << 31;
  int64_t batches_max = 1 << 20;
};

base::StatusOr<std::string> ToIpcStream(const arrow::Table& table);
base::StatusOr<std::string> ToIpcStream(const arrow::RecordBatch& batch);

/// kInput when the bytes aren't a whole, valid stream; kMemoryLimit beyond the limits.
base::StatusOr<std::shared_ptr<arrow::Table>> FromIpcStream(std::string_view bytes,
                                                            const IpcLimits& limits = {});
/// The same of bytes that the table may share.
base::StatusOr<std::shared_ptr<arrow::Table>> FromIpcStream(std::shared_ptr<arrow::Buffer> bytes,
                                                            const IpcLimits& limits = {});

}  // namespace soteria::table
