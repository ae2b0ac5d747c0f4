// Dense row-major rows against one vector, the two halves of every linear model's gradient: margins
// (rows times coefficients) and their transpose (multipliers times rows). Written so that the
// compiler vectorises them; a row's margin has the same bits wherever in a block the row stands
// (I7). Pure functions; any thread.
#pragma once

#include <cstdint>

namespace soteria::ml {

/// out[i] = offset + dot(row i, w), for `rows` rows of `cols` doubles.
void RowDots(const double* x, int64_t rows, int64_t cols, const double* w, double offset,
             double* out);

/// sum[j] += m[0] * row 0 [j] + m[1] * row 1 [j] + ..., ascending.
void AddWeightedRows(const double* x, int64_t rows, int64_t cols, const double* m, double* sum);

/// sum[j] += w[i] * (row i [j] - center[j]), over the rows, ascending; `w` null: all 1.
void AddDeviations(const double* x, int64_t rows, int64_t cols, const double* w,
                   const double* center, double* sum);
/// The same with squared deviations.
void AddSquaredDeviations(const double* x, int64_t rows, int64_t cols, const double* w,
                          const double* center, double* sum);

/// Rows of `cols` doubles that a pass handles while they are in the first-level cache.
int64_t RowsInCache(int64_t cols);

}  // namespace soteria::ml
