// Cells of a saved model's data table: arrays of one row, and back. Private to ml.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/param.h"

namespace soteria::ml {

base::StatusOr<std::shared_ptr<arrow::Array>> VectorCell(const VectorValue& value);
base::StatusOr<std::shared_ptr<arrow::Array>> MatrixCell(const MatrixValue& value);
std::shared_ptr<arrow::Array> IntCell(int32_t value);
std::shared_ptr<arrow::Array> BoolCell(bool value);
std::shared_ptr<arrow::Array> DoubleCell(double value);

// The value of a column's first row. Errors: kProtocol naming the column when it is missing, of
// another type, null or malformed.
base::StatusOr<VectorValue> VectorCellOf(const arrow::Table& table, const std::string& column);
base::StatusOr<MatrixValue> MatrixCellOf(const arrow::Table& table, const std::string& column);
base::StatusOr<int32_t> IntCellOf(const arrow::Table& table, const std::string& column);
base::StatusOr<bool> BoolCellOf(const arrow::Table& table, const std::string& column);
base::StatusOr<double> DoubleCellOf(const arrow::Table& table, const std::string& column);

}  // namespace soteria::ml
