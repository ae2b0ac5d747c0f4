// Number columns as doubles, and columns by name. Pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::table {

bool IsNumeric(const arrow::DataType& type);

/// Any number or boolean column as doubles, `null_value` for nulls. `name` is for the error text:
/// kDatatypeMismatch when it is another type.
base::StatusOr<std::vector<double>> ReadNumbers(const arrow::ChunkedArray& column,
                                                std::string_view name, double null_value);

/// kUnresolvedColumn for `name` (`quoted` is how the text shows it) with the nearest of
/// `candidates`, which are quoted, in Spark's order.
base::Status UnresolvedColumn(std::string_view quoted, std::string_view name,
                              std::vector<std::string> candidates);

/// Index of the column of this name, by Spark's rules: case doesn't matter; more than one is
/// AMBIGUOUS_REFERENCE; none is kUnresolvedColumn with the nearest names.
base::StatusOr<int> FindColumn(const arrow::Schema& schema, std::string_view name);

}  // namespace soteria::table
