// Columns that are made of text, value by value, as Spark's readers convert it. Internal to
// formats. One thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/formats/csv_options.h"
#include "src/formats/reader_rows.h"
#include "src/table/csv_value.h"

namespace soteria::formats {

enum class CellOutcome : uint8_t {
  kValue,
  kMalformed,
  kNeedsToday,  ///< a time without a day, which Spark takes for today's
};

/// What all columns of a reader share.
struct CellRules {
  table::CsvWords words;
  bool number_words = true;     ///< JSON: "NaN" and the like as strings
  bool copied_strings = false;  ///< JSON: what becomes a string is written anew (json_copy.h)
  RowRoom* room = nullptr;      ///< for the elements of arrays; outlives the columns
};

class CellColumn {
 public:
  virtual ~CellColumn() = default;
  /// Appends the value; nothing when the text isn't one.
  virtual CellOutcome Append(std::string_view text) = 0;
  virtual base::Status AppendNull() = 0;
  virtual base::StatusOr<std::shared_ptr<arrow::Array>> Finish() = 0;
  virtual int64_t length() const = 0;
};

/// What inference makes of a column; columns of nulls alone are read as text.
std::shared_ptr<arrow::DataType> ArrowTypeOf(const table::CsvType& type);
/// Whether there are such columns: numbers, booleans, strings, binary, dates and time stamps.
bool IsCellType(const arrow::Field& field);
/// `rules` outlive the column.
base::StatusOr<std::unique_ptr<CellColumn>> MakeCellColumn(const arrow::Field& field,
                                                           const CellRules& rules);

}  // namespace soteria::formats
