// MatrixUDT columns.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::table {
namespace {

/// The sparse row within [from, to) of ascending `rows`, or -1.
int64_t FindStored(const std::vector<int32_t>& rows, int32_t from, int32_t to, int32_t row) {
  const auto begin = rows.begin() + from;
  const auto end = rows.begin() + to;
  const auto at = std::lower_bound(begin, end, row);
  return at == end || *at != row ? -1 : at - rows.begin();
}

template <class ListBuilder, class T>
arrow::Status AppendList(ListBuilder& list, const std::vector<T>& values, bool present) {
  if (!present) return list.AppendNull();
  ARROW_RETURN_NOT_OK(list.Append());
  auto* items = static_cast<typename arrow::CTypeTraits<T>::BuilderType*>(list.value_builder());
  return items->AppendValues(values);
}

arrow::Status AppendMatrix(arrow::StructBuilder& builder, const MatrixValue& m) {
  ARROW_RETURN_NOT_OK(builder.Append());
  auto child = [&](int i) { return builder.field_builder(i); };
  ARROW_RETURN_NOT_OK(static_cast<arrow::Int8Builder*>(child(0))->Append(m.dense ? 1 : 0));
  ARROW_RETURN_NOT_OK(static_cast<arrow::Int32Builder*>(child(1))->Append(m.num_rows));
  ARROW_RETURN_NOT_OK(static_cast<arrow::Int32Builder*>(child(2))->Append(m.num_cols));
  auto& col_ptrs = *static_cast<arrow::ListBuilder*>(child(3));
  auto& row_indices = *static_cast<arrow::ListBuilder*>(child(4));
  ARROW_RETURN_NOT_OK(AppendList(col_ptrs, m.col_ptrs, !m.dense));
  ARROW_RETURN_NOT_OK(AppendList(row_indices, m.row_indices, !m.dense));
  ARROW_RETURN_NOT_OK(AppendList(*static_cast<arrow::ListBuilder*>(child(5)), m.values, true));
  return static_cast<arrow::BooleanBuilder*>(child(6))->Append(m.transposed);
}

template <class ArrayType, class T>
std::vector<T> ListAt(const arrow::Array& array, int64_t row) {
  const auto& list = static_cast<const arrow::ListArray&>(array);
  if (list.IsNull(row)) return {};
  const auto& items = static_cast<const ArrayType&>(*list.values());
  const T* first = items.raw_values() + list.value_offset(row);
  return std::vector<T>(first, first + list.value_length(row));
}

}  // namespace

double At(const MatrixValue& m, int32_t row, int32_t col) {
  if (m.dense) {
    const int64_t at =
        m.transposed ? int64_t{row} * m.num_cols + col : int64_t{col} * m.num_rows + row;
    return m.values[static_cast<size_t>(at)];
  }
  const int32_t outer = m.transposed ? row : col;
  const int32_t inner = m.transposed ? col : row;
  const int64_t at = FindStored(m.row_indices, m.col_ptrs[static_cast<size_t>(outer)],
                                m.col_ptrs[static_cast<size_t>(outer) + 1], inner);
  return at < 0 ? 0 : m.values[static_cast<size_t>(at)];
}

base::Status CheckMatrix(const MatrixValue& m) {
  if (m.num_rows < 0 || m.num_cols < 0) return base::Fail(base::kInput, "Matrix: negative shape");
  if (m.dense) {
    if (!m.col_ptrs.empty() || !m.row_indices.empty() ||
        static_cast<int64_t>(m.values.size()) != int64_t{m.num_rows} * m.num_cols) {
      return base::Fail(base::kInput, "Matrix: values don't fill the shape");
    }
    return base::OkStatus();
  }
  const int32_t outer = m.transposed ? m.num_rows : m.num_cols;
  const int32_t inner = m.transposed ? m.num_cols : m.num_rows;
  if (m.col_ptrs.size() != static_cast<size_t>(outer) + 1 || m.col_ptrs.front() != 0 ||
      m.row_indices.size() != m.values.size() ||
      static_cast<size_t>(m.col_ptrs.back()) != m.values.size()) {
    return base::Fail(base::kInput, "Matrix: index arrays don't agree with the shape");
  }
  for (size_t c = 0; c + 1 < m.col_ptrs.size(); ++c) {
    if (m.col_ptrs[c] > m.col_ptrs[c + 1] ||
        static_cast<size_t>(m.col_ptrs[c + 1]) > m.values.size()) {
      return base::Fail(base::kInput, "Matrix: column pointers must not decrease");
    }
    int32_t last = -1;
    for (int32_t k = m.col_ptrs[c]; k < m.col_ptrs[c + 1]; ++k) {
      const int32_t row = m.row_indices[static_cast<size_t>(k)];
      if (row <= last || row >= inner) {
        return base::Fail(base::kInput, "Matrix: indices must ascend and stay within the shape");
      }
      last = row;
    }
  }
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<arrow::Array>> MatrixColumn(std::span<const MatrixValue> rows) {
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(MatrixStructType()));
  for (const MatrixValue& m : rows) {
    SOTERIA_RETURN_IF_ERROR(CheckMatrix(m));
    SOTERIA_ARROW_RETURN(AppendMatrix(static_cast<arrow::StructBuilder&>(*builder), m));
  }
  SOTERIA_ARROW_ASSIGN(auto array, builder->Finish());
  return array;
}

base::StatusOr<MatrixValue> ReadMatrix(const arrow::Array& array, int64_t row) {
  if (!array.type()->Equals(*MatrixStructType())) {
    return base::Fail(base::kDatatypeMismatch,
                      base::Cat("Not a matrix column: ", TypeName(*array.type())));
  }
  if (row < 0 || row >= array.length() || array.IsNull(row)) {
    return base::Fail(base::kInput, "Matrix: null or missing row");
  }
  const auto& column = static_cast<const arrow::StructArray&>(array);
  for (const int i : {3, 4, 5}) {
    if (static_cast<const arrow::ListArray&>(*column.field(i)).values()->null_count() != 0) {
      return base::Fail(base::kInput, "Matrix: null inside");
    }
  }
  MatrixValue m;
  m.dense = static_cast<const arrow::Int8Array&>(*column.field(0)).Value(row) == 1;
  m.num_rows = static_cast<const arrow::Int32Array&>(*column.field(1)).Value(row);
  m.num_cols = static_cast<const arrow::Int32Array&>(*column.field(2)).Value(row);
  m.col_ptrs = ListAt<arrow::Int32Array, int32_t>(*column.field(3), row);
  m.row_indices = ListAt<arrow::Int32Array, int32_t>(*column.field(4), row);
  m.values = ListAt<arrow::DoubleArray, double>(*column.field(5), row);
  m.transposed = static_cast<const arrow::BooleanArray&>(*column.field(6)).Value(row);
  SOTERIA_RETURN_IF_ERROR(CheckMatrix(m));
  return m;
}

}  // namespace soteria::table
