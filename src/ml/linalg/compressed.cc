#include "src/ml/linalg/compressed.h"

#include <algorithm>
#include <utility>

namespace soteria::ml {

table::MatrixValue CompressedMatrix(int32_t rows, int32_t cols, std::vector<double> row_major) {
  table::MatrixValue m;
  m.num_rows = rows;
  m.num_cols = cols;
  m.transposed = true;
  // Array headers of 12 bytes, pointers and indices of 4.
  const auto cells = static_cast<int64_t>(row_major.size());
  const int64_t nonzeros = cells - std::count(row_major.begin(), row_major.end(), 0.0);
  const int64_t dense_bytes = 8 * cells + 13;
  const int64_t by_columns = 12 * nonzeros + 4 * (int64_t{cols} + 1) + 37;
  const int64_t by_rows = 12 * nonzeros + 4 * (int64_t{rows} + 1) + 37;
  if (dense_bytes <= std::min(by_columns, by_rows)) {
    m.values = std::move(row_major);
    return m;
  }
  m.dense = false;
  m.transposed = by_rows < by_columns;
  const int32_t outer = m.transposed ? rows : cols;
  const int32_t inner = m.transposed ? cols : rows;
  m.col_ptrs.push_back(0);
  for (int32_t o = 0; o < outer; ++o) {
    for (int32_t i = 0; i < inner; ++i) {
      const int64_t at = m.transposed ? int64_t{o} * cols + i : int64_t{i} * cols + o;
      const double value = row_major[static_cast<size_t>(at)];
      if (value == 0) continue;
      m.row_indices.push_back(i);
      m.values.push_back(value);
    }
    m.col_ptrs.push_back(static_cast<int32_t>(m.values.size()));
  }
  return m;
}

std::vector<double> RowMajor(const table::MatrixValue& m) {
  const auto rows = static_cast<size_t>(m.num_rows);
  const auto cols = static_cast<size_t>(m.num_cols);
  if (m.dense && m.transposed) return m.values;
  std::vector<double> out(rows * cols, 0.0);
  if (m.dense) {
    for (size_t j = 0; j < cols; ++j) {
      for (size_t i = 0; i < rows; ++i) out[i * cols + j] = m.values[j * rows + i];
    }
    return out;
  }
  const size_t outer = m.transposed ? rows : cols;
  for (size_t o = 0; o < outer; ++o) {
    for (auto k = static_cast<size_t>(m.col_ptrs[o]); k < static_cast<size_t>(m.col_ptrs[o + 1]);
         ++k) {
      const auto i = static_cast<size_t>(m.row_indices[k]);
      out[m.transposed ? o * cols + i : i * cols + o] = m.values[k];
    }
  }
  return out;
}

}  // namespace soteria::ml
