// Parquet in the clear: plain files of the owner (what `put` reads), and the reading and writing
// that sealed data sets and tree files share. Parquet's exceptions end here. A PlainParquetReader
// belongs to one thread; functions may be called from any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/io/type_fwd.h"
#include "arrow/type_fwd.h"
#include "src/base/env.h"
#include "src/base/errors.h"
#include "src/base/status.h"

namespace soteria::storage {

/// Told, before anything is decoded, how many bytes reading will take; a failure ends the reading.
using Admit = std::function<base::Status(uint64_t bytes)>;

/// Reads a plain Parquet file of the owner's, one row group after another.
class PlainParquetReader {
 public:
  /// kInput if it is no Parquet file. `file` must outlive the reader.
  static base::StatusOr<std::unique_ptr<PlainParquetReader>> Open(base::ReadableFile& file);
  virtual ~PlainParquetReader() = default;

  /// In table/types.h's vocabulary; vector columns are marked from Spark's row metadata.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  virtual int64_t rows() const = 0;
  /// The next row group in that schema; nullptr after the last.
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> Next() = 0;
};

/// The table as plain Parquet bytes that Spark reads back with its types, VectorUDT included:
/// struct form of vectors, Spark's row metadata, no Arrow schema. For model data, part files and
/// `get`.
/// `compression` is "snappy", "gzip", "zstd" or "none".
base::StatusOr<std::string> ParquetBytes(const arrow::Table& table,
                                         std::string_view compression = "snappy");

}  // namespace soteria::storage
