#include "src/ml/linalg/rows.h"

#include <algorithm>

#include "src/ml/linalg/lanes.h"

namespace soteria::ml {
namespace {

constexpr int64_t kRowsAtOnce = 4;

/// Where row r starts.
int64_t Row(size_t r, int64_t cols) { return static_cast<int64_t>(r) * cols; }

/// The margins of R rows at once: two sums of four lanes a row, so that as many additions are under
/// way as the machine can hold. Each row's order of additions doesn't depend on R.
template <size_t R>
void Dots(const double* x, int64_t cols, const double* w, double offset, double* out) {
  Lanes even[R] = {};
  Lanes odd[R] = {};
  int64_t j = 0;
  for (; j + 2 * kLanes <= cols; j += 2 * kLanes) {
    const Lanes w0 = Load(w + j);
    const Lanes w1 = Load(w + j + kLanes);
    for (size_t r = 0; r < R; ++r) {
      even[r] += Load(x + Row(r, cols) + j) * w0;
      odd[r] += Load(x + Row(r, cols) + j + kLanes) * w1;
    }
  }
  if (j + kLanes <= cols) {
    const Lanes w0 = Load(w + j);
    for (size_t r = 0; r < R; ++r) even[r] += Load(x + Row(r, cols) + j) * w0;
    j += kLanes;
  }
  for (size_t r = 0; r < R; ++r) {
    const Lanes all = even[r] + odd[r];
    double dot = (all[0] + all[2]) + (all[1] + all[3]);
    for (int64_t k = j; k < cols; ++k) dot += x[Row(r, cols) + k] * w[k];
    out[r] = offset + dot;
  }
}

template <size_t R>
void AddRows(const double* x, int64_t cols, const double* m, double* sum) {
  Lanes factor[R];
  for (size_t r = 0; r < R; ++r) factor[r] = Lanes{m[r], m[r], m[r], m[r]};
  int64_t j = 0;
  for (; j + 2 * kLanes <= cols; j += 2 * kLanes) {
    Lanes s0 = Load(sum + j);
    Lanes s1 = Load(sum + j + kLanes);
    for (size_t r = 0; r < R; ++r) {
      s0 += factor[r] * Load(x + Row(r, cols) + j);
      s1 += factor[r] * Load(x + Row(r, cols) + j + kLanes);
    }
    Store(sum + j, s0);
    Store(sum + j + kLanes, s1);
  }
  if (j + kLanes <= cols) {
    Lanes s0 = Load(sum + j);
    for (size_t r = 0; r < R; ++r) s0 += factor[r] * Load(x + Row(r, cols) + j);
    Store(sum + j, s0);
    j += kLanes;
  }
  for (; j < cols; ++j) {
    double s = sum[j];
    for (size_t r = 0; r < R; ++r) s += m[r] * x[Row(r, cols) + j];
    sum[j] = s;
  }
}

/// sum[j] += factor * f(row[j] - center[j]) for R rows, f the identity or the square.
template <size_t R, bool kSquare>
void AddDistances(const double* x, int64_t cols, const double* w, const double* center,
                  double* sum) {
  const auto term = [](auto deviation) {
    if constexpr (kSquare) return deviation * deviation;
    return deviation;
  };
  double factor[R];
  for (size_t r = 0; r < R; ++r) factor[r] = w == nullptr ? 1.0 : w[r];
  int64_t j = 0;
  for (; j + kLanes <= cols; j += kLanes) {
    const Lanes c = Load(center + j);
    Lanes s = Load(sum + j);
    for (size_t r = 0; r < R; ++r) s += factor[r] * term(Load(x + Row(r, cols) + j) - c);
    Store(sum + j, s);
  }
  for (; j < cols; ++j) {
    double s = sum[j];
    for (size_t r = 0; r < R; ++r) s += factor[r] * term(x[Row(r, cols) + j] - center[j]);
    sum[j] = s;
  }
}

template <bool kSquare>
void AddAllDistances(const double* x, int64_t rows, int64_t cols, const double* w,
                     const double* center, double* sum) {
  int64_t i = 0;
  for (; i + kRowsAtOnce <= rows; i += kRowsAtOnce) {
    AddDistances<kRowsAtOnce, kSquare>(x + i * cols, cols, w == nullptr ? nullptr : w + i, center,
                                       sum);
  }
  for (; i < rows; ++i) {
    AddDistances<1, kSquare>(x + i * cols, cols, w == nullptr ? nullptr : w + i, center, sum);
  }
}

}  // namespace

void AddDeviations(const double* x, int64_t rows, int64_t cols, const double* w,
                   const double* center, double* sum) {
  AddAllDistances<false>(x, rows, cols, w, center, sum);
}

void AddSquaredDeviations(const double* x, int64_t rows, int64_t cols, const double* w,
                          const double* center, double* sum) {
  AddAllDistances<true>(x, rows, cols, w, center, sum);
}

void RowDots(const double* x, int64_t rows, int64_t cols, const double* w, double offset,
             double* out) {
  int64_t i = 0;
  for (; i + kRowsAtOnce <= rows; i += kRowsAtOnce) {
    Dots<kRowsAtOnce>(x + i * cols, cols, w, offset, out + i);
  }
  for (; i < rows; ++i) Dots<1>(x + i * cols, cols, w, offset, out + i);
}

void AddWeightedRows(const double* x, int64_t rows, int64_t cols, const double* m, double* sum) {
  int64_t i = 0;
  for (; i + kRowsAtOnce <= rows; i += kRowsAtOnce) {
    AddRows<kRowsAtOnce>(x + i * cols, cols, m + i, sum);
  }
  for (; i < rows; ++i) AddRows<1>(x + i * cols, cols, m + i, sum);
}

int64_t RowsInCache(int64_t cols) {
  constexpr int64_t kBytes = int64_t{24} << 10;
  constexpr int64_t kRowsMax = 256;
  const int64_t row_bytes = std::max<int64_t>(1, cols) * static_cast<int64_t>(sizeof(double));
  const int64_t rows = std::clamp<int64_t>(kBytes / row_bytes, kRowsAtOnce, kRowsMax);
  return rows / kRowsAtOnce * kRowsAtOnce;
}

}  // namespace soteria::ml
