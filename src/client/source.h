// What `put` reads a data set from: a CSV file, a Parquet file or a folder of Parquet files, as a
// stream of tables of one schema. The source is the owner's own and trusted, but may be malformed:
// each error says file, and for CSV line and column. One thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::client {

class TableSource {
 public:
  virtual ~TableSource() = default;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// The next rows; nullptr at the end.
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> Next() = 0;
  /// Total rows; may read through the whole source once.
  virtual base::StatusOr<uint64_t> CountRows() = 0;
  /// Bytes of all files, and of what has been read so far.
  virtual uint64_t bytes_total() const = 0;
  virtual uint64_t bytes_done() const = 0;
};

/// `path` is absolute. A file whose first bytes are Parquet's is read as such, any other file as
/// CSV with a header. `schema_ddl` types the columns of a CSV file; it is refused for Parquet,
/// which has its own.
base::StatusOr<std::unique_ptr<TableSource>> OpenTableSource(
    base::Files& files, const std::string& path, const std::optional<std::string>& schema_ddl);

}  // namespace soteria::client
