#include "src/ml/linalg/tridiagonal.h"

#include <cblas.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <numeric>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/linalg/lanes.h"

extern "C" {
void dlarfg_(const int* n, double* alpha, double* x, const int* incx, double* tau);
void dsytrd_(const char* uplo, const int* n, double* a, const int* lda, double* d, double* e,
             double* tau, double* work, const int* lwork, int* info, size_t);
void dormtr_(const char* side, const char* uplo, const char* trans, const int* m, const int* n,
             const double* a, const int* lda, const double* tau, double* c, const int* ldc,
             double* work, const int* lwork, int* info, size_t, size_t, size_t);
}

namespace soteria::ml {
namespace {

constexpr int kPanel = 32;         // columns that are reduced before the rest is brought up to date
constexpr int kTail = 128;         // the last columns, which are LAPACK's
constexpr int kProductPieces = 8;  // of a product with a vector
constexpr int kPieceEntriesMin = 8192;
constexpr int kUpdateColumns = 128;
constexpr int kVectorPieces = 4;
constexpr int kVectorColumnsMin = 16;

size_t At(int row, int column, int stride) {
  return static_cast<size_t>(column) * static_cast<size_t>(stride) + static_cast<size_t>(row);
}

/// Products of C columns below their diagonal block, in one pass over them:
/// y[row] += a(row, 0) x[0] + ..., and sums[c] += a(., c)' x.
template <size_t C>
void AddColumns(const double* a, int stride, int first_row, int rows, const double* x_of_columns,
                const double* x, double* y, double* sums) {
  static_assert(C == 1 || C == 4);
  const auto at = [&](size_t c) { return a + At(0, static_cast<int>(c), stride); };
  const double* const column[4] = {at(0), at(C == 1 ? 0 : 1), at(C == 1 ? 0 : 2),
                                   at(C == 1 ? 0 : 3)};
  Lanes factor[C], sum[C] = {};
  for (size_t c = 0; c < C; ++c) factor[c] = All(x_of_columns[c]);
  int row = first_row;
  for (; row + kLanes <= rows; row += kLanes) {
    const Lanes of_row = Load(x + row);
    Lanes to = Load(y + row);
#pragma GCC unroll 4
    for (size_t c = 0; c < C; ++c) {
      const Lanes entries = Load(column[c] + row);
      to += entries * factor[c];
      sum[c] += entries * of_row;
    }
    Store(y + row, to);
  }
  for (; row < rows; ++row) {
    for (size_t c = 0; c < C; ++c) {
      y[row] += column[c][row] * x_of_columns[c];
      sum[c][0] += column[c][row] * x[row];
    }
  }
  for (size_t c = 0; c < C; ++c) {
    sums[c] += (sum[c][0] + sum[c][2]) + (sum[c][1] + sum[c][3]);
  }
}

/// y += the part of columns first..last of the symmetric matrix in the lower triangle, rows each
/// `size`, times x. y has entries from `first` on only.
void AddSymmetric(const double* a, int stride, int size, int first, int last, const double* x,
                  double* y) {
  constexpr int kColumns = 4;
  for (int column = first; column < last;) {
    const int some = std::min(kColumns, last - column);
    double sums[kColumns] = {};
    for (int c = 0; c < some; ++c) {  // the block at the diagonal
      sums[c] += a[At(column + c, column + c, stride)] * x[column + c];
      for (int row = c + 1; row < some; ++row) {
        const double entry = a[At(column + row, column + c, stride)];
        sums[c] += entry * x[column + row];
        sums[row] += entry * x[column + c];
      }
    }
    const double* below = a + At(0, column, stride);
    if (some == kColumns) {
      AddColumns<kColumns>(below, stride, column + some, size, x + column, x, y, sums);
    } else {
      for (int c = 0; c < some; ++c) {
        AddColumns<1>(below + At(0, c, stride), stride, column + some, size, x + column + c, x, y,
                      sums + c);
      }
    }
    for (int c = 0; c < some; ++c) y[column + c] += sums[c];
    column += some;
  }
}

/// The product of a symmetric matrix in the lower triangle and a vector.
class SymmetricProduct {
 public:
  explicit SymmetricProduct(int size) : sums_(static_cast<size_t>(kProductPieces * size)) {}

  /// Where its pieces end, of about as many entries each.
  static std::vector<int> Ends(int size) {
    const double entries = 0.5 * size * size;
    const int pieces = std::clamp(static_cast<int>(entries / kPieceEntriesMin), 1, kProductPieces);
    std::vector<int> ends;
    for (int piece = 1; piece < pieces; ++piece) {
      const double left = 1 - static_cast<double>(piece) / pieces;
      ends.push_back(static_cast<int>(size * (1 - std::sqrt(left))) / 4 * 4);
    }
    ends.push_back(size);
    return ends;
  }

  /// out = a x; `beside` is done meanwhile.
  void Multiply(Crew& crew, const double* a, int stride, int size, const double* x, double* out,
                const std::function<void()>& beside) {
    const std::vector<int> ends = Ends(size);
    const auto pieces = static_cast<uint32_t>(ends.size());
    const auto sums_of = [&](uint32_t piece) {
      return sums_.data() + static_cast<size_t>(piece) * static_cast<size_t>(size);
    };
    crew.Run(pieces + 1, [&](uint32_t piece) {
      if (piece == pieces) return beside();
      const int first = piece == 0 ? 0 : ends[piece - 1];
      std::fill(sums_of(piece) + first, sums_of(piece) + size, 0.0);
      AddSymmetric(a, stride, size, first, ends[piece], x, sums_of(piece));
    });
    std::copy_n(sums_of(0), size, out);
    for (uint32_t piece = 1; piece < pieces; ++piece) {
      const double* sums = sums_of(piece);
      for (int i = ends[piece - 1]; i < size; ++i) out[i] += sums[i];
    }
  }

 private:
  std::vector<double> sums_;
};

// A panel: its vectors v and w side by side, and the other way round, so that what is done to the
// matrix is one product: a -= v w' + w v' = vw wv'. Rows are those of the matrix from its column
// on.
struct Panel {
  explicit Panel(int rows_) : rows(rows_), vw(Entries(rows_)), wv(Entries(rows_)) {}
  static size_t Entries(int rows) { return static_cast<size_t>(2 * kPanel * rows); }

  int rows;
  std::vector<double> vw, wv;
  std::array<double, size_t{2} * kPanel> products{};
};

void ReduceColumn(Crew& crew, SymmetricProduct& product, double* a, int size, int start, int j,
                  Panel& panel, Tridiagonal& out) {
  const int column = start + j, below = size - column - 1, pairs = 2 * j, stride = panel.rows;
  const auto c = static_cast<size_t>(column);
  double* own = a + At(column, column, size);
  if (j > 0) {
    cblas_dgemv(CblasColMajor, CblasNoTrans, below + 1, pairs, -1, panel.vw.data() + j, stride,
                panel.wv.data() + j, stride, 1, own, 1);
  }
  out.diagonal[c] = own[0];
  const int one = 1;
  dlarfg_(&below, own + 1, own + 2, &one, &out.tau[c]);
  out.off[c] = own[1];
  double* v = panel.vw.data() + At(j + 1, pairs, stride);
  double* w = panel.vw.data() + At(j + 1, pairs + 1, stride);
  v[0] = 1;
  std::copy_n(own + 2, below - 1, v + 1);
  const double* rest = a + At(column + 1, column + 1, size);
  product.Multiply(crew, rest, size, below, v, w, [&] {
    if (j == 0) return;
    cblas_dgemv(CblasColMajor, CblasTrans, below, pairs, 1, panel.vw.data() + j + 1, stride, v, 1,
                0, panel.products.data(), 1);
  });
  if (j > 0) {
    cblas_dgemv(CblasColMajor, CblasNoTrans, below, pairs, -1, panel.wv.data() + j + 1, stride,
                panel.products.data(), 1, 1, w, 1);
  }
  const double tau = out.tau[c];
  cblas_dscal(below, tau, w, 1);
  cblas_daxpy(below, -0.5 * tau * cblas_ddot(below, w, 1, v, 1), v, 1, w, 1);
  std::copy_n(w, below, panel.wv.data() + At(j + 1, pairs, stride));
  std::copy_n(v, below, panel.wv.data() + At(j + 1, pairs + 1, stride));
}

/// The columns behind a panel, by all of its vectors.
void Update(Crew& crew, double* a, int size, int start, const Panel& panel) {
  const int first = start + kPanel, left = size - first;
  const int blocks = (left + kUpdateColumns - 1) / kUpdateColumns;
  crew.Run(static_cast<uint32_t>(blocks), [&](uint32_t block) {
    const int from = static_cast<int>(block) * kUpdateColumns;
    const int some = std::min(kUpdateColumns, left - from);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, left - from, some, 2 * kPanel, -1,
                panel.vw.data() + kPanel + from, panel.rows, panel.wv.data() + kPanel + from,
                panel.rows, 1, a + At(first + from, first + from, size), size);
  });
}

base::Status CheckInfo(const char* routine, int info) {
  if (info == 0) return base::OkStatus();
  return base::Fail(base::kIllegalArgument, base::Cat(routine, " did not converge"));
}

}  // namespace

base::StatusOr<Tridiagonal> Reduce(Crew& crew, double* a, int size) {
  const auto entries = static_cast<size_t>(size);
  Tridiagonal out{std::vector<double>(entries), std::vector<double>(entries),
                  std::vector<double>(entries)};
  SymmetricProduct product(size);
  int start = 0;
  for (; size - start > kTail; start += kPanel) {
    Panel panel(size - start);
    for (int j = 0; j < kPanel; ++j) ReduceColumn(crew, product, a, size, start, j, panel, out);
    Update(crew, a, size, start, panel);
  }
  const int left = size - start, work_size = kPanel * left;
  std::vector<double> work(static_cast<size_t>(work_size));
  const auto s = static_cast<size_t>(start);
  int info = 0;
  dsytrd_("L", &left, a + At(start, start, size), &size, &out.diagonal[s], &out.off[s], &out.tau[s],
          work.data(), &work_size, &info, 1);
  SOTERIA_RETURN_IF_ERROR(CheckInfo("dsytrd", info));
  return out;
}

base::Status ApplyReflectors(Crew& crew, const double* a, const std::vector<double>& tau, int size,
                             int count, double* z) {
  CHECK(size > kTail);  // below, LAPACK would write in `a` meanwhile
  const int pieces = std::clamp(count / kVectorColumnsMin, 1, kVectorPieces);
  std::atomic<int> failed{0};
  crew.Run(static_cast<uint32_t>(pieces), [&](uint32_t piece) {
    const int first = count * static_cast<int>(piece) / pieces;
    const int some = count * (static_cast<int>(piece) + 1) / pieces - first;
    const int work_size = (some + kPanel * 2 + 1) * kPanel * 2;
    std::vector<double> work(static_cast<size_t>(work_size));
    int info = 0;
    dormtr_("L", "L", "N", &size, &some, a, &size, tau.data(), z + At(0, first, size), &size,
            work.data(), &work_size, &info, 1, 1, 1);
    if (info != 0) failed = info;
  });
  return CheckInfo("dormtr", failed);
}

}  // namespace soteria::ml
