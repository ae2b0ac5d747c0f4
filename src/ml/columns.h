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
#include "src/table/vector.h"

namespace soteria::ml {

/// Errors: FIELD_NOT_FOUND, naming the columns that are there.
base::StatusOr<std::shared_ptr<arrow::Field>> FindField(const arrow::Schema& schema,
                                                        const std::string& name);

// MLlib's SchemaUtils checks. Errors: kIllegalArgument with its texts, FIELD_NOT_FOUND.
base::Status CheckVectorColumn(const arrow::Schema& schema, const std::string& name);
base::Status CheckNumberColumn(const arrow::Schema& schema, const std::string& name);
base::Status CheckDoubleColumn(const arrow::Schema& schema, const std::string& name);
base::Status CheckDoubleOrVectorColumn(const arrow::Schema& schema, const std::string& name);
/// "Column x already exists."
base::Status CheckNoColumn(const arrow::Schema& schema, const std::string& name);

/// What the checks of rows raise: MLlib's texts, marked as quoting data.
base::Status RowFailure(std::string text);

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
/// A weight column with MLlib's checks, or all 1 when there is none.
base::StatusOr<std::vector<double>> ReadWeights(const arrow::Table& table,
                                                const std::optional<std::string>& name);

/// The chunks of a vector column.
base::StatusOr<std::vector<table::VectorReader>> ReadVectorColumn(const arrow::Table& table,
                                                                  const std::string& name);

std::shared_ptr<arrow::Array> DoubleArray(std::vector<double> values);
/// A vector column in the dense form.
base::StatusOr<std::shared_ptr<arrow::Array>> DenseArray(std::vector<double> row_major,
                                                         int64_t rows, int32_t size);

/// Spark's ml_attr of a vector column of known size, and of a class prediction.
std::string VectorAttributes(int64_t size);
std::string NominalAttributes(int64_t values);

}  // namespace soteria::ml
