// MLlib's Matrix.compressed: the form of a matrix that takes the least memory, by its reckoning.
// A pure function.
#pragma once

#include <cstdint>
#include <vector>

#include "src/table/vector.h"

namespace soteria::ml {

/// Of a dense matrix given row by row: dense and row-major, or sparse by columns or by rows.
table::MatrixValue CompressedMatrix(int32_t rows, int32_t cols, std::vector<double> row_major);
/// The entries of a matrix of any form, row by row.
std::vector<double> RowMajor(const table::MatrixValue& matrix);

}  // namespace soteria::ml
