// The eigenvectors of a symmetric matrix by way of a tridiagonal one: against closed forms, and the
// same bits with and without a second thread.
#include "src/ml/linalg/tridiagonal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "src/ml/linalg/tridiagonal_vectors.h"

namespace soteria::ml {
namespace {

const double kPi = std::acos(-1.0);

/// Of entries between -1 and 1 that look random; column-major.
std::vector<double> SymmetricMatrix(size_t size) {
  std::vector<double> a(size * size);
  uint64_t state = 1;
  for (size_t j = 0; j < size; ++j) {
    for (size_t i = 0; i <= j; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      a[j * size + i] = a[i * size + j] = static_cast<double>(state >> 11) * 0x1p-52 - 1;
    }
  }
  return a;
}

base::StatusOr<EigenPairs> PairsOf(Crew& crew, std::vector<double> a, int size, int k) {
  SOTERIA_ASSIGN_OR_RETURN(Tridiagonal reduced, Reduce(crew, a.data(), size));
  SOTERIA_ASSIGN_OR_RETURN(EigenPairs pairs,
                           LargestOfTridiagonal(crew, reduced.diagonal, reduced.off, k));
  SOTERIA_RETURN_IF_ERROR(
      ApplyReflectors(crew, a.data(), reduced.tau, size, k, pairs.vectors.data()));
  return pairs;
}

double Dot(const double* a, const double* b, size_t size) {
  return std::inner_product(a, a + size, b, 0.0);
}

void ExpectOrthonormal(const std::vector<double>& vectors, size_t size) {
  for (size_t a = 0; a < vectors.size() / size; ++a) {
    for (size_t b = 0; b <= a; ++b) {
      ASSERT_NEAR(Dot(&vectors[a * size], &vectors[b * size], size), a == b ? 1 : 0, 1e-11)
          << a << " " << b;
    }
  }
}

TEST(Tridiagonal, VectorsAreTheMatrixsOwn) {
  const size_t size = 301;  // panels, a tail, columns that are no multiple of four
  const std::vector<double> a = SymmetricMatrix(size);
  Crew crew(true);
  const auto pairs = PairsOf(crew, a, static_cast<int>(size), 151);
  ASSERT_TRUE(pairs.ok());
  ExpectOrthonormal(pairs->vectors, size);
  double trace = 0;
  for (size_t i = 0; i < size; ++i) trace += a[i * size + i];
  EXPECT_NEAR(std::accumulate(pairs->values.begin(), pairs->values.end(), 0.0), trace, 1e-10);
  for (size_t v = 0; v < 151; ++v) {
    if (v > 0) {
      EXPECT_GE(pairs->values[v - 1], pairs->values[v]);
    }
    const double* vector = &pairs->vectors[v * size];
    for (size_t i = 0; i < size; ++i) {
      ASSERT_NEAR(Dot(&a[i * size], vector, size), pairs->values[v] * vector[i], 1e-11);
    }
  }
}

TEST(Tridiagonal, BitsAreTheSameOnOneThread) {
  const int size = 700, k = 350;
  Crew one(false), two(true);
  const std::vector<double> a = SymmetricMatrix(static_cast<size_t>(size));
  const auto expected = PairsOf(one, a, size, k);
  ASSERT_TRUE(expected.ok());
  for (int round = 0; round < 3; ++round) {
    const auto found = PairsOf(two, a, size, k);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->values, expected->values);
    EXPECT_EQ(found->vectors, expected->vectors);
  }
}

// Second differences: the values are 2 - 2 cos(i pi / (n + 1)), the vectors sines.
TEST(TridiagonalVectors, OfSecondDifferencesAreSines) {
  const size_t size = 400;
  Crew crew(true);
  const auto pairs =
      LargestOfTridiagonal(crew, std::vector<double>(size, 2), std::vector<double>(size, -1), 200);
  ASSERT_TRUE(pairs.ok());
  ASSERT_EQ(pairs->values.size(), size);
  const double step = kPi / static_cast<double>(size + 1);
  for (size_t v = 0; v < size; ++v) {
    const double angle = step * static_cast<double>(size - v);
    EXPECT_NEAR(pairs->values[v], 2 - 2 * std::cos(angle), 1e-14);
    if (v >= 200) continue;
    const double* vector = &pairs->vectors[v * size];
    const double length = std::sqrt(2 / static_cast<double>(size + 1));
    const double sign = vector[0] < 0 ? -1 : 1;
    for (size_t i = 0; i < size; ++i) {
      ASSERT_NEAR(sign * vector[i], length * std::sin(angle * static_cast<double>(i + 1)), 1e-12);
    }
  }
}

// Wilkinson's matrix again and again, glued together: its values come in pairs that agree in all
// digits, and each of them as often as there are copies, so that there is no gap to cut at.
TEST(TridiagonalVectors, OfTightClustersAreOrthogonal) {
  const size_t copies = 12, order = 21, size = copies * order;
  std::vector<double> diagonal, off;
  for (size_t copy = 0; copy < copies; ++copy) {
    for (size_t i = 0; i < order; ++i) {
      diagonal.push_back(std::abs(static_cast<double>(i) - 10));
      off.push_back(i + 1 < order ? 1 : 1e-7);
    }
  }
  Crew crew(true);
  const auto pairs = LargestOfTridiagonal(crew, diagonal, off, size - 1);
  ASSERT_TRUE(pairs.ok());
  EXPECT_NEAR(pairs->values[0], 10.746194182903393, 1e-6);
  ExpectOrthonormal(pairs->vectors, size);
}

// Blocks that nothing connects, whose values aren't in one order.
TEST(TridiagonalVectors, OfSeparateBlocks) {
  Crew crew(true);
  const auto pairs = LargestOfTridiagonal(crew, {1, 5, 3, 4, 2}, {0, 0, 0, 0, 0}, 2);
  ASSERT_TRUE(pairs.ok());
  EXPECT_EQ(pairs->values, (std::vector<double>{5, 4, 3, 2, 1}));
  EXPECT_EQ(pairs->vectors, (std::vector<double>{0, 1, 0, 0, 0, 0, 0, 0, 1, 0}));
}

}  // namespace
}  // namespace soteria::ml
