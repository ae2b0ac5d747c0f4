// Rows of one file under the schema of the table that it belongs to, as Spark reads Parquet:
// columns by name, whatever their case and order; a column that the file lacks is null; numbers
// widen. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "src/base/status.h"

namespace soteria::table {

/// The columns of the file, by their names there, that the wanted ones are read from, each once.
/// kInput when the file has several columns for one of them.
base::StatusOr<std::vector<std::string>> ColumnsFor(const arrow::Schema& wanted,
                                                    const arrow::Schema& file);

/// `rows` has at least the columns of ColumnsFor, in types.h's vocabulary. kFileTypeMismatch names
/// the column.
base::StatusOr<std::shared_ptr<arrow::Table>> Conform(const arrow::Table& rows,
                                                      const arrow::Schema& wanted);

}  // namespace soteria::table
