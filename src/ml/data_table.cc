#include "src/ml/data_table.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/kernel.h"
#include "src/ml/text_column.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

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

template <class Array>
std::shared_ptr<arrow::Array> NumbersOf(const std::vector<typename Array::value_type>& values) {
  return std::make_shared<Array>(static_cast<int64_t>(values.size()),
                                 arrow::Buffer::FromVector(values));
}

/// One row that holds all of `values`.
base::StatusOr<std::shared_ptr<arrow::Array>> ListCell(std::shared_ptr<arrow::Array> values,
                                                       bool contains_null) {
  const std::vector<int32_t> offsets = {0, static_cast<int32_t>(values->length())};
  auto type = table::ListOf(values->type(), contains_null);
  return std::make_shared<arrow::ListArray>(std::move(type), 1, arrow::Buffer::FromVector(offsets),
                                            std::move(values));
}

/// The values of the array in the first row.
base::StatusOr<std::shared_ptr<arrow::Array>> ListOf(const arrow::Table& table,
                                                     const std::string& column,
                                                     arrow::Type::type element) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> row, FirstRow(table, column));
  if (row->type_id() != arrow::Type::LIST) return Malformed(column, "is no array");
  std::shared_ptr<arrow::Array> values = static_cast<const arrow::ListArray&>(*row).value_slice(0);
  if (values->type_id() != element) return Malformed(column, "is an array of something else");
  if (values->null_count() > 0) return Malformed(column, "holds a null");
  return values;
}

template <class Array>
base::StatusOr<std::vector<typename Array::value_type>> NumbersCellOf(const arrow::Table& table,
                                                                      const std::string& column) {
  SOTERIA_ASSIGN_OR_RETURN(const auto values, ListOf(table, column, Array::TypeClass::type_id));
  const auto& array = static_cast<const Array&>(*values);
  return std::vector<typename Array::value_type>(array.raw_values(),
                                                 array.raw_values() + array.length());
}

base::StatusOr<std::vector<std::string>> Texts(const arrow::Array& values) {
  const auto& array = static_cast<const arrow::StringArray&>(values);
  std::vector<std::string> texts;
  for (int64_t i = 0; i < array.length(); ++i) texts.push_back(array.GetString(i));
  return texts;
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
  const table::VectorView vector = reader->Get(0);
  if (!vector.dense && vector.size > kStageFeaturesMax) return Malformed(column, "is too long");
  return table::ToValue(vector);
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

std::shared_ptr<arrow::Array> LongCell(int64_t value) {
  return NumbersOf<arrow::Int64Array>({value});
}

base::StatusOr<std::shared_ptr<arrow::Array>> IntsCell(const std::vector<int32_t>& values) {
  return ListCell(NumbersOf<arrow::Int32Array>(values), false);
}

base::StatusOr<std::shared_ptr<arrow::Array>> LongsCell(const std::vector<int64_t>& values) {
  return ListCell(NumbersOf<arrow::Int64Array>(values), false);
}

base::StatusOr<std::shared_ptr<arrow::Array>> StringsCell(const std::vector<std::string>& values) {
  WordsBuilder builder;
  SOTERIA_RETURN_IF_ERROR(builder.Row());
  for (const std::string& value : values) SOTERIA_RETURN_IF_ERROR(builder.Word(value));
  return builder.Finish();
}

base::StatusOr<std::shared_ptr<arrow::Array>> StringArraysCell(const StringArrays& values) {
  WordsBuilder builder;
  for (const auto& each : values) {
    SOTERIA_RETURN_IF_ERROR(builder.Row());
    for (const std::string& value : each) SOTERIA_RETURN_IF_ERROR(builder.Word(value));
  }
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> rows, builder.Finish());
  return ListCell(std::move(rows), true);
}

base::StatusOr<int64_t> LongCellOf(const arrow::Table& table, const std::string& column) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> row, FirstRow(table, column));
  if (row->type_id() != arrow::Type::INT64) return Malformed(column, "is no long");
  return static_cast<const arrow::Int64Array&>(*row).Value(0);
}

base::StatusOr<std::vector<int32_t>> IntsCellOf(const arrow::Table& table,
                                                const std::string& column) {
  return NumbersCellOf<arrow::Int32Array>(table, column);
}

base::StatusOr<std::vector<int64_t>> LongsCellOf(const arrow::Table& table,
                                                 const std::string& column) {
  return NumbersCellOf<arrow::Int64Array>(table, column);
}

base::StatusOr<std::vector<std::string>> StringsCellOf(const arrow::Table& table,
                                                       const std::string& column) {
  SOTERIA_ASSIGN_OR_RETURN(const auto values, ListOf(table, column, arrow::Type::STRING));
  return Texts(*values);
}

base::StatusOr<StringArrays> StringArraysCellOf(const arrow::Table& table,
                                                const std::string& column) {
  SOTERIA_ASSIGN_OR_RETURN(const auto lists, ListOf(table, column, arrow::Type::LIST));
  const auto& rows = static_cast<const arrow::ListArray&>(*lists);
  StringArrays arrays;
  for (int64_t i = 0; i < rows.length(); ++i) {
    const auto values = rows.value_slice(i);
    if (values->type_id() != arrow::Type::STRING || values->null_count() > 0) {
      return Malformed(column, "is no array of arrays of strings");
    }
    SOTERIA_ASSIGN_OR_RETURN(arrays.emplace_back(), Texts(*values));
  }
  return arrays;
}

}  // namespace soteria::ml
