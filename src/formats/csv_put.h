// CSV files of the owner to Arrow, in batches, for `put`: memory is one batch plus one record, and
// there is no temporary file. The parser is that of Spark's reader (csv_records.h), and what it
// would let pass is refused. RFC 4180 quoting with "" for a quote inside quotes; fields may hold
// line breaks; \n, \r\n and a byte order mark are taken; a line of white space alone is skipped. An
// empty field is null, quoted or not. Every refusal is kInput, marked as quoting data where it
// shows a cell, and says line and column (both from 1). A reader belongs to one thread. The file
// must not change between the passes.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/base/status.h"

namespace soteria::base {
class ReadableFile;
}

namespace soteria::formats {

struct PutCsvOptions {
  char delimiter = ',';
  char quote = '"';
  bool header = true;  ///< else the columns are _c0, _c1, ... as Spark names them
  /// Fields that mean null, quoted or not, besides the empty one.
  std::vector<std::string> null_values = {};
  /// Given: the column types (by position; names must agree with the header). Not given: inferred.
  std::shared_ptr<arrow::Schema> schema;
  int64_t batch_rows = 65'536;
  uint64_t record_bytes_max = uint64_t{16} << 20;
  int32_t columns_max = 100'000;
};

/// First pass: the type of each column among int, bigint, double, date, timestamp, boolean and
/// string, as Spark's inferSchema chooses (UTC); a column of nulls only is string. Where Spark
/// makes a decimal (whole numbers beyond 64 bits), the file is refused. Also checks its shape.
base::StatusOr<std::shared_ptr<arrow::Schema>> InferPutCsvSchema(base::ReadableFile& file,
                                                                 const PutCsvOptions& options);

/// Second pass: typed batches.
class PutCsvReader {
 public:
  /// `file` outlives the reader. Infers the schema first when `options` has none.
  static base::StatusOr<std::unique_ptr<PutCsvReader>> Open(base::ReadableFile& file,
                                                            const PutCsvOptions& options);
  ~PutCsvReader();

  const std::shared_ptr<arrow::Schema>& schema() const;
  /// Up to batch_rows rows; nullptr at the end.
  base::StatusOr<std::shared_ptr<arrow::RecordBatch>> Next();

 private:
  struct Impl;
  explicit PutCsvReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The whole file as one table.
base::StatusOr<std::shared_ptr<arrow::Table>> ReadPutCsv(base::ReadableFile& file,
                                                         const PutCsvOptions& options);

}  // namespace soteria::formats
