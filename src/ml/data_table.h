// Cells of a saved model's data table: arrays of one row, and back. Private to ml.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/param.h"

namespace soteria::ml {

base::StatusOr<std::shared_ptr<arrow::Array>> VectorCell(const VectorValue& value);
base::StatusOr<std::shared_ptr<arrow::Array>> MatrixCell(const MatrixValue& value);
std::shared_ptr<arrow::Array> IntCell(int32_t value);
std::shared_ptr<arrow::Array> BoolCell(bool value);
std::shared_ptr<arrow::Array> DoubleCell(double value);
std::shared_ptr<arrow::Array> LongCell(int64_t value);
/// Arrays of values that aren't null, as Spark has those of numbers (array<int>, array<bigint>).
base::StatusOr<std::shared_ptr<arrow::Array>> IntsCell(const std::vector<int32_t>& values);
base::StatusOr<std::shared_ptr<arrow::Array>> LongsCell(const std::vector<int64_t>& values);
base::StatusOr<std::shared_ptr<arrow::Array>> StringsCell(const std::vector<std::string>& values);
base::StatusOr<std::shared_ptr<arrow::Array>> StringArraysCell(const StringArrays& values);

// The value of a column's first row. Errors: kProtocol naming the column when it is missing, of
// another type, null or malformed.
base::StatusOr<VectorValue> VectorCellOf(const arrow::Table& table, const std::string& column);
base::StatusOr<MatrixValue> MatrixCellOf(const arrow::Table& table, const std::string& column);
base::StatusOr<int32_t> IntCellOf(const arrow::Table& table, const std::string& column);
base::StatusOr<bool> BoolCellOf(const arrow::Table& table, const std::string& column);
base::StatusOr<double> DoubleCellOf(const arrow::Table& table, const std::string& column);
base::StatusOr<int64_t> LongCellOf(const arrow::Table& table, const std::string& column);
base::StatusOr<std::vector<int32_t>> IntsCellOf(const arrow::Table& table,
                                                const std::string& column);
base::StatusOr<std::vector<int64_t>> LongsCellOf(const arrow::Table& table,
                                                 const std::string& column);
base::StatusOr<std::vector<std::string>> StringsCellOf(const arrow::Table& table,
                                                       const std::string& column);
base::StatusOr<StringArrays> StringArraysCellOf(const arrow::Table& table,
                                                const std::string& column);

}  // namespace soteria::ml
