// CSV files as Spark's reader has them: the rows of a file, or of a part of it, under a schema, and
// what it says of a schema that nobody gave. What a row quotes counts as data. Pure functions of
// the file's bytes; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/csv_options.h"
#include "src/formats/file_part.h"
#include "src/formats/reader_rows.h"

namespace soteria::formats {

/// Whether the reader makes such columns, and the column of corrupt records is a string. Errors:
/// kTypeForSource, kCorruptRecordType, kUnsupported.
base::Status CheckCsvSchema(const CsvReadOptions& options, const arrow::Schema& schema);

/// The rows. A header is in the first part alone. With FAILFAST a malformed record is
/// table::kFailedReadFile.
base::StatusOr<std::shared_ptr<arrow::Table>> ReadCsv(FilePart part, const CsvReadOptions& options,
                                                      const arrow::Schema& schema,
                                                      const Room& room = nullptr);

/// The first record that any of the files or parts has (in their order), which says how many
/// columns there are and, with a header, their names.
struct CsvHead {
  bool any = false;
  std::string line;                // the record itself
  std::vector<std::string> names;  // its values, as Spark has them
  std::string Encode() const;
  static base::StatusOr<CsvHead> Decode(std::string_view bytes);
};
base::StatusOr<CsvHead> ReadCsvHead(FilePart part, const CsvReadOptions& options);

/// The types of the columns, under the head of all; merged, those of several files or parts.
base::StatusOr<std::string> CsvTypesOf(FilePart part, const CsvReadOptions& options,
                                       const CsvHead& head);
base::StatusOr<std::string> MergeCsvTypes(const CsvReadOptions& options, std::string_view a,
                                          std::string_view b);

/// As Spark names the columns of a header: an empty name is _c<i>, a repeated one gets its
/// position.
std::vector<std::string> CsvColumnNames(const std::vector<std::string>& header,
                                        const std::string& null_value);

/// The schema of the files. `types` is "" without infer_types. Errors: kUnsupported for a column
/// that Spark makes a decimal of; COLUMN_ALREADY_EXISTS.
base::StatusOr<std::shared_ptr<arrow::Schema>> CsvSchema(const CsvReadOptions& options,
                                                         const CsvHead& head,
                                                         std::string_view types);

}  // namespace soteria::formats
