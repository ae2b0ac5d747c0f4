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

/// The type with nothing in it that can't be null, as Spark reads all files; vectors and matrices,
/// which a field marks, are none of its fields' business. Types are of bounded depth.
std::shared_ptr<arrow::DataType> AllNullable(const std::shared_ptr<arrow::DataType>& type);
/// A column that may be null, and all within it.
std::shared_ptr<arrow::Field> Nullable(const std::shared_ptr<arrow::Field>& field);
/// The same rows, of columns of which each is so.
base::StatusOr<std::shared_ptr<arrow::Table>> NullableColumns(
    const std::shared_ptr<arrow::Table>& rows);

/// `rows` has at least the columns of ColumnsFor, in types.h's vocabulary. kFileTypeMismatch names
/// the column.
base::StatusOr<std::shared_ptr<arrow::Table>> Conform(const arrow::Table& rows,
                                                      const arrow::Schema& wanted);

}  // namespace soteria::table
