// One Parquet file over any source or sink, inside this folder (.cc files only: Parquet's own
// headers).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/io/interfaces.h"
#include "arrow/type_fwd.h"
#include "parquet/arrow/reader.h"
#include "parquet/encryption/encryption.h"
#include "parquet/properties.h"
#include "src/base/errors.h"
#include "src/base/status.h"

namespace soteria::storage {

inline constexpr size_t kFooterBytesMax = size_t{256} << 20;
inline constexpr int64_t kRowGroupRowsMax = int64_t{1} << 24;

/// How stored bytes come: all that is wanted in few large reads before anything is decoded, for
/// sources where a read is dear; or a little at a time, one column after another, which takes less
/// memory.
enum class Fetch { kAhead, kStreamed };
Fetch FetchFor(const std::string& root);

/// An open file; single-threaded decoding. `failure` is what a file that doesn't read is:
/// kIntegrity for ours, kInput for the owner's.
class ParquetFile {
 public:
  static base::StatusOr<ParquetFile> Open(
      std::shared_ptr<arrow::io::RandomAccessFile> source,
      std::shared_ptr<parquet::FileDecryptionProperties> decryption, Fetch fetch,
      const base::Condition& failure);

  int64_t rows() const;
  int row_groups() const;
  /// As the file stores it.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// From Spark's row metadata; nullptr if there is none or it doesn't agree with the columns.
  const std::shared_ptr<arrow::Schema>& marks() const { return marks_; }

  /// What Read of all row groups holds at its peak, as the footer says: the columns as decoded,
  /// and what decoding takes beside them. kUnresolvedColumn as Read.
  base::StatusOr<uint64_t> ReadBytes(const std::optional<std::vector<std::string>>& columns) const;
  /// Columns in the order asked for, or all. One row group, or all of them. Validated in full
  /// (table/validate.h).
  base::StatusOr<std::shared_ptr<arrow::Table>> Read(
      const std::optional<std::vector<std::string>>& columns, std::optional<int> row_group);
  /// Like Read, brought to table/types.h's vocabulary.
  base::StatusOr<std::shared_ptr<arrow::Table>> ReadNormal(
      const std::optional<std::vector<std::string>>& columns, std::optional<int> row_group);

 private:
  ParquetFile() = default;
  base::StatusOr<std::shared_ptr<arrow::Table>> WithInstants(
      std::shared_ptr<arrow::Table> table) const;
  /// The top-level fields that are asked for, in that order.
  base::StatusOr<std::vector<int>> Fields(
      const std::optional<std::vector<std::string>>& columns) const;
  std::vector<int> Leaves(int field) const;
  arrow::Status ReadStreamed(const std::vector<int>& groups, const std::vector<int>& fields,
                             std::shared_ptr<arrow::Table>* out);
  arrow::Status ReadAhead(const std::vector<int>& groups, const std::vector<int>& fields,
                          std::shared_ptr<arrow::Table>* out);

  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::Schema> marks_;
  const base::Condition* failure_ = nullptr;
  Fetch fetch_ = Fetch::kStreamed;
};

/// Properties every file of ours is written with: doubles plain, strings by dictionary, no
/// statistics (nothing here skips by them), pages of 1 MiB.
std::shared_ptr<parquet::WriterProperties> WriterPropertiesFor(
    const arrow::Schema& schema, arrow::Compression::type compression,
    std::shared_ptr<parquet::FileEncryptionProperties> encryption);

/// Key and value of Spark's own schema in a file's metadata, and of the version it checks dates by.
inline constexpr char kSparkRowMetadata[] = "org.apache.spark.sql.parquet.row.metadata";
inline constexpr char kSparkVersionKey[] = "org.apache.spark.version";
inline constexpr char kSparkVersion[] = "4.3.0";

}  // namespace soteria::storage
