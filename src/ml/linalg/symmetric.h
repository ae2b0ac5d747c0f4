// Dense symmetric matrices: sums of outer products of rows, in blocks, and the leading eigenvectors
// of what is positive semidefinite. By BLAS and LAPACK, each call on one thread; large matrices by
// two, in pieces that their size fixes, so that the same input gives the same bits. Pure functions;
// any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "src/base/status.h"
#include "src/ml/linalg/tridiagonal_vectors.h"

namespace soteria::ml {

/// Entries of a packed upper triangle, column by column: (i, j), i <= j, at j * (j + 1) / 2 + i.
constexpr uint64_t PackedSize(uint64_t size) { return size * (size + 1) / 2; }

/// upper += X' X of `rows` row-major rows; `upper` is size x size, of which the entries (i, j),
/// i <= j, count, at j * size + i.
void AddOuterProducts(const double* x, int64_t rows, int64_t size, double* upper);

/// The same in pieces, for two threads; other bits than on one.
void AddOuterProducts(Crew& crew, const double* x, int64_t rows, int64_t size, double* upper);

/// Columns up to which vectors have the signs that LAPACK's dgesdd gives, as MLlib's do. Beyond,
/// where that would cost more than twice as much, the entry of largest magnitude is positive.
inline constexpr int64_t kSvdSizeMax = 1024;

/// Of a full symmetric positive semidefinite matrix, size x size; 0 < k <= size.
/// Errors: kIllegalArgument when an entry is no number or LAPACK doesn't converge.
base::StatusOr<EigenPairs> LeadingEigenvectors(std::vector<double> matrix, int64_t size, int64_t k);

}  // namespace soteria::ml
