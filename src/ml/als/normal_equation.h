// The normal equation of one user or item: the symmetric matrix and the right side, to which
// ratings are added, and its solution with or without the constraint x >= 0 (as MLlib's
// NormalEquation, CholeskySolver and NNLSSolver). Every element's sum goes in the order of the
// ratings, however many are added at once (I7). One thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "src/base/status.h"

namespace soteria::ml {

/// x of length `rank`, minimising x'Ax/2 - x'b with x >= 0, by projected conjugate gradients as
/// MLlib's NNLS takes them. `a` is row-major and symmetric.
class NonnegativeSolver {
 public:
  explicit NonnegativeSolver(size_t rank);
  std::span<const double> Solve(const std::vector<double>& a, std::span<const double> b);

 private:
  void Multiply(const std::vector<double>& a, const std::vector<double>& x,
                std::vector<double>& out) const;
  double StepLength(const std::vector<double>& a, const std::vector<double>& direction);
  void Move(double step, size_t iteration);

  const size_t rank_;
  size_t wall_ = 0;  // the last iteration that met a bound
  std::vector<double> x_, gradient_, direction_, last_, residual_, product_;
};

class NormalEquation {
 public:
  explicit NormalEquation(size_t rank);

  /// Zero, or `gram` (packed rows of the lower triangle) and no right side.
  void Reset(const std::vector<double>& gram = {});
  /// Adds confidence * v v' and target * v for the vector of `rank` floats. The last few wait until
  /// the next call of another method.
  void Add(const float* v, double confidence, double target);
  /// Adds what waits.
  void Flush();

  /// With lambda on the diagonal. Leaves the matrix spoilt. Errors: MLlib's for a matrix that is
  /// not positive definite.
  base::Status Solve(double lambda, float* x);
  void SolveNonnegative(double lambda, NonnegativeSolver& solver, float* x);

  /// Packed rows of the lower triangle.
  std::vector<double> Gram();

 private:
  static constexpr size_t kAtOnce = 64;
  double* row(size_t i) { return matrix_.data() + i * stride_; }

  const size_t rank_;
  const size_t stride_;  // above rank_, a multiple of the lanes
  // The lower triangle, and the right side as a row below it. What is above the diagonal, and
  // beside and below these, has no meaning.
  std::vector<double> matrix_;
  std::vector<double> waiting_;  // kAtOnce vectors
  std::vector<double> scaled_;   // by their confidence, then their target
  size_t waits_ = 0;
  std::vector<double> column_;
  std::vector<double> right_;
  std::vector<double> square_;  // for SolveNonnegative
};

}  // namespace soteria::ml
