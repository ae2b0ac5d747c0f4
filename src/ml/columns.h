// Columns by name, as MLlib's algorithms look at them: the schema checks with MLlib's texts, number
// columns as doubles, vector columns row by row, and new columns put beside the old ones. Private
// to ml. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/param.h"
#include "src/table/vector.h"

namespace soteria::ml {

// MLlib looks columns up in three ways, and which one differs by class and param.
/// The column of exactly that name. Errors: FIELD_NOT_FOUND, naming the columns that are there.
base::StatusOr<std::shared_ptr<arrow::Field>> FindField(const arrow::Schema& schema,
                                                        const std::string& name);
/// The column or field that the name's parts mean (table::FindPath). Errors: the same, and
/// AMBIGUOUS_COLUMN_OR_FIELD.
base::StatusOr<std::shared_ptr<arrow::Field>> ResolveField(const arrow::Schema& schema,
                                                           const std::string& name);
/// As a select of the name would: UNRESOLVED_COLUMN where there is none.
base::Status CheckSelectable(const arrow::Schema& schema, const std::string& name);

// MLlib's SchemaUtils checks of what ResolveField finds; CheckDoubleOrVectorColumn's name is exact.
// Errors: kIllegalArgument with its texts, FIELD_NOT_FOUND.
base::Status CheckVectorColumn(const arrow::Schema& schema, const std::string& name);
base::Status CheckNumberColumn(const arrow::Schema& schema, const std::string& name);
base::Status CheckDoubleColumn(const arrow::Schema& schema, const std::string& name);
base::Status CheckDoubleOrVectorColumn(const arrow::Schema& schema, const std::string& name);
/// Of a stage that makes a vector of a vector: its input is one, its output isn't there.
base::Status CheckVectorStage(const Params& params, const arrow::Schema& input);
/// "Column x already exists."
base::Status CheckNoColumn(const arrow::Schema& schema, const std::string& name);

/// What the checks of rows raise: MLlib's texts, marked as quoting data.
base::Status RowFailure(std::string text);

/// What MLlib's functions of a row raise inside Spark, marked as quoting data.
base::Status UdfFailure(std::string text);

/// The values of what ResolveField finds.
base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> ReadColumn(const arrow::Table& table,
                                                                const std::string& name);

/// A number or boolean column as doubles, NaN where it is null.
struct Numbers {
  std::vector<double> values;
  int64_t null_count = 0;
};
base::StatusOr<Numbers> ReadNumbers(const arrow::Table& table, const std::string& name);
/// As ReadNumbers, with MLlib's check that no row is null or NaN; `what` is "Labels" or the like.
base::StatusOr<std::vector<double>> ReadDefinedNumbers(const arrow::Table& table,
                                                       const std::string& name,
                                                       std::string_view what);
/// Which rows of a column are null.
base::StatusOr<std::vector<bool>> NullRows(const arrow::Table& table, const std::string& name);
/// A weight column with MLlib's checks, or all 1 when there is none.
base::StatusOr<std::vector<double>> ReadWeights(const arrow::Table& table,
                                                const std::optional<std::string>& name);

/// The chunks of a vector column.
base::StatusOr<std::vector<table::VectorReader>> ReadVectorColumn(const arrow::Table& table,
                                                                  const std::string& name);

/// Dataset.withColumn: the columns of that name in any case are replaced, else it is appended.
arrow::FieldVector WithColumn(arrow::FieldVector fields,
                              const std::shared_ptr<arrow::Field>& field);
base::StatusOr<std::shared_ptr<arrow::Table>> WithColumn(
    const std::shared_ptr<arrow::Table>& table, const std::shared_ptr<arrow::Field>& field,
    const std::shared_ptr<arrow::ChunkedArray>& values);

/// The rows that are not marked.
base::StatusOr<std::shared_ptr<arrow::Table>> DropRows(const std::shared_ptr<arrow::Table>& table,
                                                       const std::vector<bool>& marked);

std::shared_ptr<arrow::Array> DoubleArray(std::vector<double> values);
/// A vector column in the dense form.
base::StatusOr<std::shared_ptr<arrow::Array>> DenseArray(std::vector<double> row_major,
                                                         int64_t rows, int32_t size);

/// Spark's ml_attr of a vector column of known size, of a class prediction, and of a number that is
/// predicted.
std::string VectorAttributes(int64_t size);
std::string NominalAttributes(int64_t values);
std::string NumericAttributes();

}  // namespace soteria::ml
