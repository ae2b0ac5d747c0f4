// A dense symmetric matrix as Q T Q', T tridiagonal, and vectors of T as those of the matrix:
// LAPACK's dsytrd and dormtr with their layout, in pieces for two threads. Half of the work is the
// product of the matrix and one vector after another, which reads half of it each time and is
// written here; everything else is products of matrices. The pieces are functions of the size. Pure
// functions.
#pragma once

#include <cstdint>
#include <vector>

#include "src/base/status.h"
#include "src/ml/linalg/crew.h"

namespace soteria::ml {

struct Tridiagonal {
  std::vector<double> diagonal;  // size
  std::vector<double> off;       // size; the last is nothing
  std::vector<double> tau;       // of the reflectors that Q is made of
};

/// `a`: size x size, column-major, of which the entries (i, j), i >= j, count; becomes the
/// reflectors below the diagonal.
base::StatusOr<Tridiagonal> Reduce(Crew& crew, double* a, int size);

/// Columns z of `count` times `size` doubles become Q z. `a` and `tau` as Reduce made them.
base::Status ApplyReflectors(Crew& crew, const double* a, const std::vector<double>& tau, int size,
                             int count, double* z);

}  // namespace soteria::ml
