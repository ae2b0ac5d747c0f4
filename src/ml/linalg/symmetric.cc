#include "src/ml/linalg/symmetric.h"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/linalg/tridiagonal.h"

// LAPACK's routines as OpenBLAS exports them; the last arguments are lengths of the texts.
extern "C" {
void dgebrd_(const int* m, const int* n, double* a, const int* lda, double* d, double* e,
             double* tauq, double* taup, double* work, const int* lwork, int* info);
void dbdsdc_(const char* uplo, const char* compq, const int* n, double* d, double* e, double* u,
             const int* ldu, double* vt, const int* ldvt, double* q, int* iq, double* work,
             int* iwork, int* info, size_t, size_t);
void dormbr_(const char* vect, const char* side, const char* trans, const int* m, const int* n,
             const int* k, const double* a, const int* lda, const double* tau, double* c,
             const int* ldc, double* work, const int* lwork, int* info, size_t, size_t, size_t);
}

namespace soteria::ml {
namespace {

constexpr uint32_t kProductPieces = 8;
constexpr int kBlock = 64;  // columns that LAPACK works on at a time, by its workspace

base::Status CheckInfo(const char* routine, int info) {
  if (info == 0) return base::OkStatus();
  CHECK(info > 0);
  return base::Fail(base::kIllegalArgument, base::Cat(routine, " did not converge"));
}

/// What dgesdd does, without the right vectors and those beyond k: the same bits.
base::StatusOr<EigenPairs> BySvd(std::vector<double> a, int n, int k) {
  const auto size = static_cast<size_t>(n);
  EigenPairs eigen;
  eigen.values.resize(size);
  std::vector<double> off(size), tau_q(size), tau_p(size), right(size * size);
  eigen.vectors.resize(size * size);
  const int work_size = kBlock * 2 * n;
  std::vector<double> work(std::max(static_cast<size_t>(work_size), 3 * size * size + 4 * size));
  std::vector<int> integers(8 * size);
  int info = 0;
  dgebrd_(&n, &n, a.data(), &n, eigen.values.data(), off.data(), tau_q.data(), tau_p.data(),
          work.data(), &work_size, &info);
  SOTERIA_RETURN_IF_ERROR(CheckInfo("dgebrd", info));
  dbdsdc_("U", "I", &n, eigen.values.data(), off.data(), eigen.vectors.data(), &n, right.data(), &n,
          nullptr, nullptr, work.data(), integers.data(), &info, 1, 1);
  SOTERIA_RETURN_IF_ERROR(CheckInfo("dbdsdc", info));
  eigen.vectors.resize(size * static_cast<size_t>(k));
  dormbr_("Q", "L", "N", &n, &k, &n, a.data(), &n, tau_q.data(), eigen.vectors.data(), &n,
          work.data(), &work_size, &info, 1, 1, 1);
  SOTERIA_RETURN_IF_ERROR(CheckInfo("dormbr", info));
  return eigen;
}

void MakeLargestPositive(double* vector, size_t size) {
  const double* largest = std::max_element(
      vector, vector + size, [](double a, double b) { return std::abs(a) < std::abs(b); });
  if (*largest >= 0) return;
  for (size_t i = 0; i < size; ++i) vector[i] = -vector[i];
}

base::StatusOr<EigenPairs> ByEigenvalues(std::vector<double> a, int n, int k) {
  Crew crew;
  SOTERIA_ASSIGN_OR_RETURN(Tridiagonal reduced, Reduce(crew, a.data(), n));
  SOTERIA_ASSIGN_OR_RETURN(EigenPairs eigen, LargestOfTridiagonal(crew, std::move(reduced.diagonal),
                                                                  std::move(reduced.off), k));
  SOTERIA_RETURN_IF_ERROR(ApplyReflectors(crew, a.data(), reduced.tau, n, k, eigen.vectors.data()));
  for (double& value : eigen.values) value = std::max(value, 0.0);
  for (int j = 0; j < k; ++j) {
    MakeLargestPositive(eigen.vectors.data() + static_cast<size_t>(j) * static_cast<size_t>(n),
                        static_cast<size_t>(n));
  }
  return eigen;
}

}  // namespace

void AddOuterProducts(const double* x, int64_t rows, int64_t size, double* upper) {
  if (rows == 0 || size == 0) return;
  const auto n = static_cast<blasint>(size);
  // Row-major rows are the columns of a column-major matrix.
  cblas_dsyrk(CblasColMajor, CblasUpper, CblasNoTrans, n, static_cast<blasint>(rows), 1.0, x, n,
              1.0, upper, n);
}

void AddOuterProducts(Crew& crew, const double* x, int64_t rows, int64_t size, double* upper) {
  if (rows == 0 || size == 0) return;
  const auto n = static_cast<blasint>(size), m = static_cast<blasint>(rows);
  const auto end = [&](uint32_t piece) {  // of columns with as many entries each
    return static_cast<blasint>(n * std::sqrt((piece + 1.0) / kProductPieces));
  };
  crew.Run(kProductPieces, [&](uint32_t piece) {
    const blasint first = piece == 0 ? 0 : end(piece - 1);
    const blasint last = piece + 1 == kProductPieces ? n : end(piece);
    double* columns = upper + static_cast<size_t>(first) * static_cast<size_t>(n);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, first, last - first, m, 1.0, x, n,
                x + first, n, 1.0, columns, n);
    cblas_dsyrk(CblasColMajor, CblasUpper, CblasNoTrans, last - first, m, 1.0, x + first, n, 1.0,
                columns + first, n);
  });
}

base::StatusOr<EigenPairs> LeadingEigenvectors(std::vector<double> matrix, int64_t size,
                                               int64_t k) {
  CHECK(0 < k && k <= size && matrix.size() == static_cast<size_t>(size * size));
  const double sum = std::accumulate(matrix.begin(), matrix.end(), 0.0);
  if (!std::isfinite(sum)) {
    return base::Fail(base::kIllegalArgument, "a covariance is NaN or infinite");
  }
  if (size <= kSvdSizeMax) {
    return BySvd(std::move(matrix), static_cast<int>(size), static_cast<int>(k));
  }
  return ByEigenvalues(std::move(matrix), static_cast<int>(size), static_cast<int>(k));
}

}  // namespace soteria::ml
