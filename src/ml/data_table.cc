#include "src/ml/data_table.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ml {
namespace {

base::Status Malformed(const std::string& column, const char* why) {
  return base::Fail(base::kProtocol, base::Cat("model data: column ", column, " ", why));
}

/// The chunk that holds the first row.
base::StatusOr<std::shared_ptr<arrow::Array>> FirstRow(const arrow::Table& table,
                                                       const std::string& column) {
  const std::shared_ptr<arrow::ChunkedArray> values = table.GetColumnByName(column);
  if (values == nullptr) return Malformed(column, "is missing");
  for (const std::shared_ptr<arrow::Array>& chunk : values->chunks()) {
    if (chunk->length() == 0) continue;
    if (chunk->IsNull(0)) return Malformed(column, "is null");
    return chunk;
  }
  return Malformed(column, "has no row");
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Array>> VectorCell(const VectorValue& value) {
  table::VectorBuilder builder;
  SOTERIA_RETURN_IF_ERROR(builder.Append(value));
  return builder.Finish();
}

base::StatusOr<std::shared_ptr<arrow::Array>> MatrixCell(const MatrixValue& value) {
  return table::MatrixColumn({&value, 1});
}

std::shared_ptr<arrow::Array> IntCell(int32_t value) {
  return std::make_shared<arrow::Int32Array>(
      1, arrow::Buffer::FromVector(std::vector<int32_t>{value}));
}

std::shared_ptr<arrow::Array> BoolCell(bool value) {
  return std::make_shared<arrow::BooleanArray>(
      1, arrow::Buffer::FromVector(std::vector<uint8_t>{static_cast<uint8_t>(value ? 1 : 0)}));
}

std::shared_ptr<arrow::Array> DoubleCell(double value) {
  return std::make_shared<arrow::DoubleArray>(
      1, arrow::Buffer::FromVector(std::vector<double>{value}));
}

base::StatusOr<VectorValue> VectorCellOf(const arrow::Table& table, const std::string& column) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> row, FirstRow(table, column));
  const base::StatusOr<table::VectorReader> reader = table::VectorReader::Make(row);
  if (!reader.ok()) return Malformed(column, "is no vector");
  return table::ToValue(reader->Get(0));
}

base::StatusOr<MatrixValue> MatrixCellOf(const arrow::Table& table, const std::string& column) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> row, FirstRow(table, column));
  base::StatusOr<MatrixValue> matrix = table::ReadMatrix(*row, 0);
  if (!matrix.ok()) return Malformed(column, "is no matrix");
  return matrix;
}

base::StatusOr<int32_t> IntCellOf(const arrow::Table& table, const std::string& column) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> row, FirstRow(table, column));
  if (row->type_id() != arrow::Type::INT32) return Malformed(column, "is no int");
  return static_cast<const arrow::Int32Array&>(*row).Value(0);
}

base::StatusOr<bool> BoolCellOf(const arrow::Table& table, const std::string& column) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> row, FirstRow(table, column));
  if (row->type_id() != arrow::Type::BOOL) return Malformed(column, "is no boolean");
  return static_cast<const arrow::BooleanArray&>(*row).Value(0);
}

base::StatusOr<double> DoubleCellOf(const arrow::Table& table, const std::string& column) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> row, FirstRow(table, column));
  if (row->type_id() != arrow::Type::DOUBLE) return Malformed(column, "is no double");
  return static_cast<const arrow::DoubleArray&>(*row).Value(0);
}

}  // namespace soteria::ml
