// The text of DataFrame.show(), character for character Spark's: cells cut at `truncate`, right
// aligned when cut and left aligned otherwise, or one record below the other. The text quotes data,
// so only the gate lets it out. Pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <string>

#include "src/base/status.h"
#include "src/table/time_zone.h"

namespace soteria::exec {

inline constexpr int64_t kShowRowsMax = 1'000'000;

/// Prints at most `num_rows` rows of `table`; `has_more` (or more rows in the table) adds "only
/// showing top N rows". truncate <= 0: whole cells. Time stamps are shown in `zone`.
base::StatusOr<std::string> ShowString(const arrow::Table& table, int num_rows, int truncate,
                                       bool vertical, bool has_more,
                                       const table::TimeZone& zone = {});

/// One cell as Spark's cast to string in show has it: "NULL", "1.0E10", "[1.0,2.0]", "{1, NULL}".
base::StatusOr<std::string> CellText(const arrow::Field& field, const arrow::Array& array,
                                     int64_t row);

}  // namespace soteria::exec
