// Cells as text: as cast to string gives it, and as show() prints it (nulls upper-case, bytes in
// hexadecimal). Pure functions. Internal to exec.
#pragma once

#include <arrow/type_fwd.h>

#include <string>

#include "src/table/time_zone.h"

namespace soteria::exec {

/// Spark's cast of a value to string; the cell is not null. Nested nulls are "null". Time stamps
/// are as a clock in `zone` shows them.
std::string CastText(const arrow::Field& field, const arrow::Array& array, int64_t row,
                     const table::TimeZone& zone = {});
/// As to_csv writes arrays, maps and structs: nulls within them are nothing.
std::string WriterText(const arrow::Field& field, const arrow::Array& array, int64_t row,
                       const table::TimeZone& zone = {});
/// Spark's ToPrettyString: "NULL" for nulls at any depth, binary as [61 62].
std::string ShowText(const arrow::Field& field, const arrow::Array& array, int64_t row,
                     const table::TimeZone& zone = {});

}  // namespace soteria::exec
