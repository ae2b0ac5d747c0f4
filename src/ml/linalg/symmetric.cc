#include "src/ml/linalg/symmetric.h"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"

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
void dsytrd_(const char* uplo, const int* n, double* a, const int* lda, double* d, double* e,
             double* tau, double* work, const int* lwork, int* info, size_t);
void dsterf_(const int* n, double* d, double* e, int* info);
void dstemr_(const char* jobz, const char* range, const int* n, double* d, double* e,
             const double* vl, const double* vu, const int* il, const int* iu, int* m, double* w,
             double* z, const int* ldz, const int* nzc, int* isuppz, int* tryrac, double* work,
             const int* lwork, int* iwork, const int* liwork, int* info, size_t, size_t);
void dormtr_(const char* side, const char* uplo, const char* trans, const int* m, const int* n,
             const double* a, const int* lda, const double* tau, double* c, const int* ldc,
             double* work, const int* lwork, int* info, size_t, size_t, size_t);
}

namespace soteria::ml {
namespace {

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

/// All values of a tridiagonal matrix, and its last k vectors (dstemr), which are a part of the
/// work that all would be.
base::StatusOr<EigenPairs> ByEigenvalues(std::vector<double> a, int n, int k) {
  const auto size = static_cast<size_t>(n);
  std::vector<double> diagonal(size), off(size), tau(size);
  const int work_size = std::max(kBlock, 18) * n;
  std::vector<double> work(static_cast<size_t>(work_size));
  int info = 0;
  dsytrd_("U", &n, a.data(), &n, diagonal.data(), off.data(), tau.data(), work.data(), &work_size,
          &info, 1);
  SOTERIA_RETURN_IF_ERROR(CheckInfo("dsytrd", info));
  std::vector<double> ascending = diagonal, spent = off;
  dsterf_(&n, ascending.data(), spent.data(), &info);
  SOTERIA_RETURN_IF_ERROR(CheckInfo("dsterf", info));
  std::vector<double> some(size), vectors(size * static_cast<size_t>(k));
  std::vector<int> support(2 * size), integers(10 * size);
  const int first = n - k + 1, integers_size = 10 * n;
  const double unused = 0;
  int found = 0, accurate = 1;
  dstemr_("V", "I", &n, diagonal.data(), off.data(), &unused, &unused, &first, &n, &found,
          some.data(), vectors.data(), &n, &k, support.data(), &accurate, work.data(), &work_size,
          integers.data(), &integers_size, &info, 1, 1);
  SOTERIA_RETURN_IF_ERROR(CheckInfo("dstemr", info));
  CHECK(found == k);
  dormtr_("L", "U", "N", &n, &k, a.data(), &n, tau.data(), vectors.data(), &n, work.data(),
          &work_size, &info, 1, 1, 1);
  SOTERIA_RETURN_IF_ERROR(CheckInfo("dormtr", info));
  EigenPairs eigen;
  eigen.values.assign(ascending.rbegin(), ascending.rend());
  for (double& value : eigen.values) value = std::max(value, 0.0);
  eigen.vectors.resize(size * static_cast<size_t>(k));
  for (size_t j = 0; j < static_cast<size_t>(k); ++j) {
    double* to = eigen.vectors.data() + j * size;
    std::copy_n(vectors.data() + (static_cast<size_t>(k) - 1 - j) * size, size, to);
    MakeLargestPositive(to, size);
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
