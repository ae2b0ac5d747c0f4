// The values of one CSV record on their way into columns, as Spark's converters take them. Internal
// to formats. One thread.
#pragma once

#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/formats/cell_column.h"
#include "src/formats/csv_options.h"
#include "src/formats/csv_tokens.h"

namespace soteria::formats {

/// The words of the options.
base::StatusOr<CellRules> CsvRulesOf(const CsvReadOptions& options);

/// The value as the parser gives it to the converters.
std::string_view TokenOf(const CsvCell& cell, const CsvReadOptions& options);

/// One value to each column, null where there is none or none that fits; whether all did. Errors:
/// kUnsupported for a time stamp without a day.
base::StatusOr<bool> AppendCells(const std::vector<CsvCell>& cells, const CsvReadOptions& options,
                                 const std::vector<CellColumn*>& columns);

}  // namespace soteria::formats
