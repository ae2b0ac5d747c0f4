// Sealed data sets: Parquet files under Parquet Modular Encryption (uniform, AES_GCM_V1, encrypted
// footer, one random key a file) and the sealed index that says which files make which version.
// One file is one partition, in index order. docs/formats/dataset.md is the byte-level description
// and has a client with which pyarrow opens the files.
//
// The reader takes nothing from a file before its size and its footer's hash are those of the index
// (I9), always supplies the AAD prefix, and reads no verified byte twice from the file. Parquet's
// exceptions end here. A DatasetWriter belongs to one thread; the free functions may be called from
// any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"
#include "src/storage/format.h"
#include "src/storage/parquet.h"

namespace soteria::storage {

class ParquetFile;

enum class Compression { kNone, kSnappy, kZstd };

struct DatasetOptions {
  std::vector<std::string> tee_kinds = {};        // which kinds may ever get the key
  uint64_t file_bytes_max = uint64_t{64} << 20;   // a file is cut at the row group that reaches it
  uint64_t row_group_bytes = uint64_t{32} << 20;  // of decoded data
  std::optional<uint64_t> rows_per_file = {};     // instead of file_bytes_max: exactly so many rows
  Compression compression = Compression::kSnappy;
};

/// The owner's `put`: one Parquet file after another under random names, the index last. Until
/// Publish succeeds there is no data set, only garbage that a destroyed writer removes.
class DatasetWriter {
 public:
  /// `id` is 16 bytes, `schema` may carry vector columns (table/types.h).
  static base::StatusOr<std::unique_ptr<DatasetWriter>> Create(
      base::Files& files, base::Random& random, std::string root, std::string id,
      const crypto::Secret& key, std::shared_ptr<arrow::Schema> schema, DatasetOptions options);
  virtual ~DatasetWriter() = default;

  /// Appends rows; the schema must be the writer's.
  virtual base::Status Write(const arrow::Table& table) = 0;
  virtual base::Status Write(const arrow::RecordBatch& batch) = 0;

  /// Ends the last file and publishes; `replaced` as in PublishIndex. A data set has one file at
  /// least, perhaps of no rows. Once only.
  virtual base::StatusOr<OpenedIndex> Publish(const OpenedIndex* replaced) = 0;
};

/// The Arrow schema that the index records, with the marks of vector columns.
base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaOf(const Index& index);

/// A file of a data set, verified, for reading several times. One thread at a time; what it was
/// opened with must outlive it.
class DatasetFile {
 public:
  static base::StatusOr<DatasetFile> Open(base::Files& files, const std::string& root,
                                          const Index& index, size_t file,
                                          const crypto::Secret& key);
  DatasetFile(DatasetFile&&) noexcept;
  DatasetFile& operator=(DatasetFile&&) noexcept;
  ~DatasetFile();

  /// As ReadDatasetFile.
  base::StatusOr<std::shared_ptr<arrow::Table>> Read(
      const std::optional<std::vector<std::string>>& columns, const Admit& admit = nullptr);

 private:
  explicit DatasetFile(std::unique_ptr<ParquetFile> file, std::string name);

  std::unique_ptr<ParquetFile> file_;
  std::string name_;  // for errors
};

/// Reads file number `file` of the index: all columns in file order, or `columns` in the order
/// asked for (none: a table of rows without columns). A column that isn't there: kUnresolvedColumn.
/// Anything wrong with the file: kIntegrity.
base::StatusOr<std::shared_ptr<arrow::Table>> ReadDatasetFile(
    base::Files& files, const std::string& root, const Index& index, size_t file,
    const crypto::Secret& key, const std::optional<std::vector<std::string>>& columns,
    const Admit& admit = nullptr);

}  // namespace soteria::storage
