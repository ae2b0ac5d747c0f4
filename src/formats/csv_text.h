// Texts that are one CSV record each, as Spark's functions read them: a column of structs, and the
// type that a record makes. What would end a line is part of the record. One thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/formats/cell_column.h"
#include "src/formats/csv_options.h"
#include "src/formats/csv_tokens.h"
#include "src/formats/reader_rows.h"

namespace arrow {
class StringBuilder;
}

namespace soteria::formats {

/// What the values of a column of CSV texts may take while they are made.
inline constexpr uint64_t kCsvTextsBytesMax = uint64_t{2} << 30;

class CsvTexts {
 public:
  /// Of a struct; `options` outlive it. Errors: UNSUPPORTED_DATATYPE, kCorruptRecordType.
  static base::StatusOr<std::unique_ptr<CsvTexts>> Make(
      const std::shared_ptr<arrow::DataType>& type, const CsvReadOptions& options);
  ~CsvTexts();

  /// Errors: MALFORMED_RECORD_IN_PARSING under FAILFAST.
  base::Status Append(std::string_view text);
  base::Status AppendNull();
  base::StatusOr<std::shared_ptr<arrow::Array>> Finish();

 private:
  CsvTexts(std::shared_ptr<arrow::DataType> type, const CsvReadOptions& options);
  base::Status Start();

  const std::shared_ptr<arrow::DataType> type_;
  const CsvReadOptions& options_;
  const Room tell_;
  RowRoom room_;
  CellRules rules_;
  CsvTokens tokens_;
  std::vector<std::unique_ptr<CellColumn>> all_;  // in the struct's order
  std::vector<CellColumn*> columns_;              // those of the record
  CellColumn* corrupt_ = nullptr;
  std::vector<bool> valid_;
};

/// Of one text: a struct of _c0, _c1 ... Errors: kUnsupported, kMalformedCsv.
base::StatusOr<std::shared_ptr<arrow::DataType>> CsvTypeOfText(std::string_view text,
                                                               const CsvReadOptions& options);

}  // namespace soteria::formats
