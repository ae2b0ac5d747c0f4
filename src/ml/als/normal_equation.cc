#include "src/ml/als/normal_equation.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/linalg/lanes.h"

namespace soteria::ml {
namespace {

using FourFloats = float __attribute__((vector_size(kLanes * sizeof(float))));

size_t Padded(size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

/// to[0..n) += f * v[0..n); n is a multiple of the lanes.
void AddScaled(const double* v, double f, size_t n, double* to) {
  for (size_t j = 0; j < n; j += kLanes) Store(to + j, Load(to + j) + All(f) * Load(v + j));
}

/// Four rows of the matrix by T tiles of lanes: += scaled[r][row] * v[r][column], r ascending.
template <size_t T>
void AddTiles(const double* scaled, const double* v, size_t count, size_t stride, double* matrix) {
  Lanes sum[kLanes][T];
#pragma GCC unroll 4
  for (size_t k = 0; k < kLanes; ++k) {
#pragma GCC unroll 2
    for (size_t t = 0; t < T; ++t) sum[k][t] = Load(matrix + k * stride + t * kLanes);
  }
  for (size_t r = 0; r < count; ++r, scaled += stride, v += stride) {
    Lanes x[T];
#pragma GCC unroll 2
    for (size_t t = 0; t < T; ++t) x[t] = Load(v + t * kLanes);
#pragma GCC unroll 4
    for (size_t k = 0; k < kLanes; ++k) {
      const Lanes factor = All(scaled[k]);
#pragma GCC unroll 2
      for (size_t t = 0; t < T; ++t) sum[k][t] += factor * x[t];
    }
  }
#pragma GCC unroll 4
  for (size_t k = 0; k < kLanes; ++k) {
#pragma GCC unroll 2
    for (size_t t = 0; t < T; ++t) Store(matrix + k * stride + t * kLanes, sum[k][t]);
  }
}

double Dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

NonnegativeSolver::NonnegativeSolver(size_t rank)
    : rank_(rank),
      x_(rank),
      gradient_(rank),
      direction_(rank),
      last_(rank),
      residual_(rank),
      product_(rank) {}

void NonnegativeSolver::Multiply(const std::vector<double>& a, const std::vector<double>& x,
                                 std::vector<double>& out) const {
  std::fill(out.begin(), out.end(), 0.0);
  for (size_t i = 0; i < rank_; ++i) {  // its columns are its rows
    for (size_t j = 0; j < rank_; ++j) out[j] += x[i] * a[i * rank_ + j];
  }
}

/// To the minimum along a direction.
double NonnegativeSolver::StepLength(const std::vector<double>& a,
                                     const std::vector<double>& direction) {
  constexpr double kNoDivisionBy0 = 1e-20;
  const double top = Dot(direction, residual_);
  Multiply(a, direction, product_);
  return top / (Dot(product_, direction) + kNoDivisionBy0);
}

void NonnegativeSolver::Move(double step, size_t iteration) {
  constexpr double kAtWall = 1 - 1e-14;
  for (size_t i = 0; i < rank_; ++i) {
    if (step * direction_[i] > x_[i]) step = x_[i] / direction_[i];
  }
  for (size_t i = 0; i < rank_; ++i) {
    if (step * direction_[i] > x_[i] * kAtWall) {
      x_[i] = 0;
      wall_ = iteration;
    } else {
      x_[i] -= step * direction_[i];
    }
  }
}

std::span<const double> NonnegativeSolver::Solve(const std::vector<double>& a,
                                                 std::span<const double> b) {
  const auto done = [](double step, double direction, double x) {
    return std::isnan(step) || step < 1e-7 || step > 1e40 || direction < 1e-12 * x ||
           direction < 1e-32;
  };
  std::fill(x_.begin(), x_.end(), 0.0);
  wall_ = 0;
  double last_gradient = 0;
  const size_t iterations_max = std::max<size_t>(400, 20 * rank_);
  for (size_t iteration = 0; iteration < iterations_max; ++iteration) {
    Multiply(a, x_, residual_);
    for (size_t i = 0; i < rank_; ++i) {
      residual_[i] -= b[i];
      gradient_[i] = residual_[i] > 0 && x_[i] == 0 ? 0.0 : residual_[i];
    }
    const double gradient = Dot(gradient_, gradient_);
    const double x = Dot(x_, x_);
    double step = StepLength(a, gradient_);
    direction_ = gradient_;
    double length = gradient;
    if (iteration > wall_ + 1) {  // a conjugate direction, unless it would end the search too early
      const double share = gradient / last_gradient;
      for (size_t i = 0; i < rank_; ++i) direction_[i] += share * last_[i];
      const double conjugate_step = StepLength(a, direction_);
      const double conjugate_length = Dot(direction_, direction_);
      if (done(conjugate_step, conjugate_length, x)) {
        direction_ = gradient_;
      } else {
        step = conjugate_step;
        length = conjugate_length;
      }
    }
    if (done(step, length, x)) break;
    Move(step, iteration);
    last_ = direction_;
    last_gradient = gradient;
  }
  return x_;
}

NormalEquation::NormalEquation(size_t rank)
    : rank_(rank),
      stride_(Padded(rank + 1)),
      matrix_(stride_ * stride_),
      waiting_(kAtOnce * stride_),
      scaled_(kAtOnce * stride_),
      column_(stride_) {}

void NormalEquation::Reset(const std::vector<double>& gram) {
  waits_ = 0;
  std::fill(matrix_.begin(), matrix_.end(), 0.0);
  if (gram.empty()) return;
  const double* from = gram.data();
  for (size_t i = 0; i < rank_; ++i) {
    std::copy(from, from + i + 1, row(i));
    from += i + 1;
  }
}

void NormalEquation::Add(const float* v, double confidence, double target) {
  double* const to = waiting_.data() + waits_ * stride_;
  double* const scaled = scaled_.data() + waits_ * stride_;
  size_t i = 0;
  for (; i + kLanes <= rank_; i += kLanes) {
    FourFloats floats;
    std::memcpy(&floats, v + i, sizeof floats);
    const Lanes four = __builtin_convertvector(floats, Lanes);
    Store(to + i, four);
    Store(scaled + i, All(confidence) * four);
  }
  for (; i < rank_; ++i) {
    to[i] = static_cast<double>(v[i]);
    scaled[i] = confidence * to[i];
  }
  scaled[rank_] = target;
  if (++waits_ == kAtOnce) Flush();
}

void NormalEquation::Flush() {
  if (waits_ == 0) return;
  for (size_t i = 0; i < stride_; i += kLanes) {
    size_t j = 0;
    for (; j + 2 * kLanes <= i + kLanes; j += 2 * kLanes) {
      AddTiles<2>(scaled_.data() + i, waiting_.data() + j, waits_, stride_, row(i) + j);
    }
    if (j <= i) AddTiles<1>(scaled_.data() + i, waiting_.data() + j, waits_, stride_, row(i) + j);
  }
  waits_ = 0;
}

base::Status NormalEquation::Solve(double lambda, float* x) {
  Flush();
  for (size_t i = 0; i < rank_; ++i) row(i)[i] += lambda;
  for (size_t j = 0; j < rank_; ++j) {
    const double pivot = row(j)[j];
    if (pivot <= 0) {
      return base::FailQuotingData(
          base::kIllegalArgument,
          base::Cat("LAPACK.dppsv returned ", j + 1,
                    " because A is not positive definite. Is A derived from a singular matrix "
                    "(e.g. collinear column values)?"));
    }
    const double root = std::sqrt(pivot);
    row(j)[j] = root;
    column_[j] = 0;  // as are those before it: what is done stays
    for (size_t i = j + 1; i < rank_; ++i) column_[i] = row(i)[j] /= root;
    const size_t first = j / kLanes * kLanes;
    for (size_t i = j + 1; i < rank_; ++i) {
      AddScaled(column_.data() + first, -column_[i], i / kLanes * kLanes + kLanes - first,
                row(i) + first);
    }
  }
  right_.assign(row(rank_), row(rank_) + rank_);
  for (size_t i = 0; i < rank_; ++i) {
    double sum = right_[i];
    for (size_t j = 0; j < i; ++j) sum -= row(i)[j] * right_[j];
    right_[i] = sum / row(i)[i];
  }
  for (size_t i = rank_; i-- > 0;) {
    right_[i] /= row(i)[i];
    for (size_t j = 0; j < i; ++j) right_[j] -= row(i)[j] * right_[i];
  }
  for (size_t i = 0; i < rank_; ++i) x[i] = static_cast<float>(right_[i]);
  return base::OkStatus();
}

void NormalEquation::SolveNonnegative(double lambda, NonnegativeSolver& solver, float* x) {
  Flush();
  square_.resize(rank_ * rank_);
  for (size_t i = 0; i < rank_; ++i) {
    for (size_t j = 0; j <= i; ++j) square_[i * rank_ + j] = square_[j * rank_ + i] = row(i)[j];
    square_[i * rank_ + i] += lambda;
  }
  const auto solution = solver.Solve(square_, {row(rank_), rank_});
  for (size_t i = 0; i < rank_; ++i) x[i] = static_cast<float>(solution[i]);
}

std::vector<double> NormalEquation::Gram() {
  Flush();
  std::vector<double> gram;
  gram.reserve(rank_ * (rank_ + 1) / 2);
  for (size_t i = 0; i < rank_; ++i) gram.insert(gram.end(), row(i), row(i) + i + 1);
  return gram;
}

}  // namespace soteria::ml
