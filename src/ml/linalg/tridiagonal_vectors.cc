#include "src/ml/linalg/tridiagonal_vectors.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"

extern "C" {
void dlarrr_(const int* n, const double* d, double* e, int* info);
void dlarre_(const char* range, const int* n, double* vl, double* vu, const int* il, const int* iu,
             double* d, double* e, double* e2, const double* rtol1, const double* rtol2,
             const double* spltol, int* nsplit, int* isplit, int* m, double* w, double* werr,
             double* wgap, int* iblock, int* indexw, double* gers, double* pivmin, double* work,
             int* iwork, int* info, size_t);
void dlarrv_(const int* n, const double* vl, const double* vu, double* d, double* l, double* pivmin,
             const int* isplit, const int* m, const int* dol, const int* dou, const double* minrgp,
             double* rtol1, double* rtol2, double* w, double* werr, double* wgap, const int* iblock,
             const int* indexw, const double* gers, double* z, const int* ldz, int* isuppz,
             double* work, int* iwork, int* info);
void dstedc_(const char* compz, const int* n, double* d, double* e, double* z, const int* ldz,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info, size_t);
}

namespace soteria::ml {
namespace {

constexpr size_t kPieces = 4;
constexpr size_t kPieceVectorsMin = 16;
constexpr double kPrecision = std::numeric_limits<double>::epsilon();  // dlamch('P')
constexpr double kGapMin = 1e-3;  // relative, of values that are told apart: dstemr's MINRGP

base::Status CheckInfo(const char* routine, int info) {
  if (info == 0) return base::OkStatus();
  return base::Fail(base::kIllegalArgument, base::Cat(routine, " did not converge"));
}

/// A representation L D L' of the matrix less a shift, and its eigenvalues.
struct Representation {
  explicit Representation(size_t n)
      : values(n), errors(n), gaps(n), intervals(2 * n), splits(n), blocks(n), places(n) {}

  std::vector<double> d, l;
  std::vector<double> values, errors, gaps, intervals;  // dlarre's W, WERR, WGAP and GERS
  std::vector<int> splits, blocks, places;              // ISPLIT, IBLOCK and INDEXW
  double low = 0, high = 0, pivot_min = 0;
  double rtol1 = std::sqrt(kPrecision), rtol2 = std::sqrt(kPrecision) * 5e-3;
  int parts = 0;  // blocks that the matrix falls into
};

base::StatusOr<Representation> Represent(std::vector<double> diagonal, std::vector<double> off) {
  const int n = static_cast<int>(diagonal.size());
  Representation found(diagonal.size());
  found.d = std::move(diagonal);
  found.l = std::move(off);
  int info = 0, all = 0;
  dlarrr_(&n, found.d.data(), found.l.data(), &info);
  const double split = info == 0 ? kPrecision : -kPrecision;
  std::vector<double> squares(found.l), work(6 * found.d.size());
  for (double& square : squares) square *= square;
  std::vector<int> integers(5 * found.d.size());
  const int first = 1;
  dlarre_("A", &n, &found.low, &found.high, &first, &n, found.d.data(), found.l.data(),
          squares.data(), &found.rtol1, &found.rtol2, &split, &found.parts, found.splits.data(),
          &all, found.values.data(), found.errors.data(), found.gaps.data(), found.blocks.data(),
          found.places.data(), found.intervals.data(), &found.pivot_min, work.data(),
          integers.data(), &info, 1);
  SOTERIA_RETURN_IF_ERROR(CheckInfo("dlarre", info));
  if (all != n) return CheckInfo("dlarre", 1);
  return found;
}

/// The vectors of the values first to last - 1, ascending from 0, each at `out` + size * (its
/// number in descending order).
int VectorsOf(Representation of, size_t first, size_t last, double* out) {
  const size_t n = of.d.size();
  const int size = static_cast<int>(n), count = static_cast<int>(last - first), one = 1;
  std::vector<double> z(n * (last - first)), work(12 * n);
  std::vector<int> support(2 * n), integers(7 * n);
  int info = 0;
  dlarrv_(&size, &of.low, &of.high, of.d.data(), of.l.data(), &of.pivot_min, of.splits.data(),
          &count, &one, &count, &kGapMin, &of.rtol1, &of.rtol2, of.values.data() + first,
          of.errors.data() + first, of.gaps.data() + first, of.blocks.data() + first,
          of.places.data() + first, of.intervals.data(), z.data(), &size, support.data(),
          work.data(), integers.data(), &info);
  for (size_t i = first; i < last; ++i) {
    std::copy_n(z.data() + (i - first) * n, n, out + (n - 1 - i) * n);
  }
  return info;
}

/// Where pieces of the largest `count` values begin, and the end. Between two of them is a gap:
/// values closer than that share a representation of their own further down, without which their
/// vectors wouldn't be orthogonal.
std::vector<size_t> Cuts(const Representation& root, size_t count) {
  const size_t n = root.values.size();
  const size_t pieces = std::clamp<size_t>(count / kPieceVectorsMin, 1, kPieces);
  std::vector<size_t> cuts = {n - count};
  for (size_t piece = 1; piece < pieces; ++piece) {
    size_t at = std::max(n - count + count * piece / pieces, cuts.back() + 1);
    const auto apart = [&](size_t i) {
      return root.gaps[i - 1] >= kGapMin * std::abs(root.values[i - 1]) &&
             root.gaps[i - 1] >= kGapMin * std::abs(root.values[i]);
    };
    while (at < n && !apart(at)) ++at;
    if (at < n) cuts.push_back(at);
  }
  cuts.push_back(n);
  return cuts;
}

/// By dividing and conquering (dstedc), which takes all vectors and any matrix: one that falls into
/// blocks, whose values aren't in one order, or has clusters that no representation tells apart.
base::StatusOr<EigenPairs> DivideAndConquer(std::vector<double> diagonal, std::vector<double> off,
                                            size_t k) {
  const size_t n = diagonal.size();
  const int size = static_cast<int>(n), work_size = 1 + 4 * size + size * size;
  const int integers_size = 3 + 5 * size;
  std::vector<double> all(n * n), work(static_cast<size_t>(work_size));
  std::vector<int> integers(static_cast<size_t>(integers_size));
  int info = 0;
  dstedc_("I", &size, diagonal.data(), off.data(), all.data(), &size, work.data(), &work_size,
          integers.data(), &integers_size, &info, 1);
  SOTERIA_RETURN_IF_ERROR(CheckInfo("dstedc", info));
  EigenPairs eigen;
  eigen.values.assign(diagonal.rbegin(), diagonal.rend());
  eigen.vectors.resize(k * n);
  for (size_t j = 0; j < k; ++j) {
    std::copy_n(all.data() + (n - 1 - j) * n, n, eigen.vectors.data() + j * n);
  }
  return eigen;
}

}  // namespace

base::StatusOr<EigenPairs> LargestOfTridiagonal(Crew& crew, std::vector<double> diagonal,
                                                std::vector<double> off, int64_t k) {
  const size_t size = diagonal.size(), count = static_cast<size_t>(k);
  CHECK(size > 2 && 0 < k && count <= size && off.size() == size);
  const auto root = Represent(diagonal, off);
  if (!root.ok() || root->parts > 1) {
    return DivideAndConquer(std::move(diagonal), std::move(off), count);
  }
  EigenPairs eigen;
  eigen.values.assign(root->values.rbegin(), root->values.rend());
  for (double& value : eigen.values) value += root->l.back();  // the shift
  eigen.vectors.resize(count * size);
  const std::vector<size_t> cuts = Cuts(*root, count);
  std::atomic<bool> failed{false};
  crew.Run(static_cast<uint32_t>(cuts.size() - 1), [&](uint32_t piece) {
    if (VectorsOf(*root, cuts[piece], cuts[piece + 1], eigen.vectors.data()) != 0) failed = true;
  });
  if (failed) return DivideAndConquer(std::move(diagonal), std::move(off), count);
  return eigen;
}

}  // namespace soteria::ml
