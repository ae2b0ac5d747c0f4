// The largest eigenvalues of a symmetric tridiagonal matrix and their vectors, by relatively robust
// representations: LAPACK's dstemr for the case that all values are wanted and some vectors, in
// pieces for two threads. All values come from one representation at the end of the spectrum, by
// dqds (dlarre), which takes a fraction of what bisection for some of them does; the vectors, some
// of them at a time, from that very representation (dlarrv), so that they are orthogonal across the
// pieces. A matrix for which that doesn't work out is divided and conquered. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "src/base/status.h"
#include "src/ml/linalg/crew.h"

namespace soteria::ml {

struct EigenPairs {
  std::vector<double> values;   // all of them, descending
  std::vector<double> vectors;  // the first k, size entries each
};

/// `off` has as many entries as `diagonal`, of which the last is nothing. 2 < size, 0 < k <= size.
/// Errors: kIllegalArgument when LAPACK doesn't converge.
base::StatusOr<EigenPairs> LargestOfTridiagonal(Crew& crew, std::vector<double> diagonal,
                                                std::vector<double> off, int64_t k);

}  // namespace soteria::ml
