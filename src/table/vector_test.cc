#include "src/table/vector.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

TEST(Vector, TextIsSparks) {
  // str() of the same pyspark.ml.linalg vectors in a shown data frame.
  EXPECT_EQ(VectorText(View(DenseVector({1.0, 2.5, 1e10}))), "[1.0,2.5,1.0E10]");
  EXPECT_EQ(VectorText(View(SparseVector(3, {0}, {1.0}))), "(3,[0],[1.0])");
  EXPECT_EQ(VectorText(View(SparseVector(3, {}, {}))), "(3,[],[])");
  EXPECT_EQ(VectorText(View(DenseVector({}))), "[]");
}

TEST(Vector, CompressedFollowsMllib) {
  // The most nonzeros of a sparse vector by its size, from Spark 4.3's own Vector.compressed. (The
  // rule that its sources give, 1.5 * (nnz + 1) < size, isn't what it does at sizes 2, 5, 8, 11.)
  const std::vector<int32_t> most = {-1, -1, -1, 0, 1, 1, 2, 3, 3, 4, 5, 5};
  for (int32_t size = 1; size < 12; ++size) {
    std::vector<double> values(static_cast<size_t>(size), 0.0);
    for (int32_t nonzeros = 0; nonzeros <= size; ++nonzeros) {
      if (nonzeros > 0) values[static_cast<size_t>(nonzeros - 1)] = 1.0;
      const bool dense = nonzeros > most[static_cast<size_t>(size)];
      EXPECT_EQ(Compressed(View(DenseVector(values))).dense, dense) << size << " " << nonzeros;
    }
  }
  EXPECT_TRUE(Compressed(View(SparseVector(5, {0, 1, 2}, {1, 2, 3}))).dense);
  EXPECT_EQ(Compressed(View(DenseVector({1, 0, 0, 2, 0, 0}))), SparseVector(6, {0, 3}, {1, 2}));
  // Stored zeros don't count.
  EXPECT_EQ(Compressed(View(SparseVector(4, {1, 2, 3}, {0, 5, 0}))), SparseVector(4, {2}, {5}));
}

TEST(Vector, Elements) {
  const VectorValue sparse = SparseVector(5, {1, 4}, {7, 8});
  EXPECT_EQ(At(View(sparse), 0), 0);
  EXPECT_EQ(At(View(sparse), 4), 8);
  EXPECT_EQ(ToDense(View(sparse)), DenseVector({0, 7, 0, 0, 8}));
  EXPECT_EQ(ToSparse(View(DenseVector({0, 7, 0}))), SparseVector(3, {1}, {7}));
}

TEST(Vector, RefusesMalformedValues) {
  EXPECT_FALSE(CheckVector(View(SparseVector(3, {1, 1}, {1, 2}))).ok());
  EXPECT_FALSE(CheckVector(View(SparseVector(3, {2, 1}, {1, 2}))).ok());
  EXPECT_FALSE(CheckVector(View(SparseVector(3, {3}, {1}))).ok());
  EXPECT_FALSE(CheckVector(View(SparseVector(3, {-1}, {1}))).ok());
  EXPECT_FALSE(CheckVector(View(SparseVector(3, {0, 1}, {1}))).ok());
  EXPECT_FALSE(CheckVector(View(SparseVector(-1, {}, {}))).ok());
  EXPECT_FALSE(CheckVector(VectorView{true, 2, {}, {}}).ok());
  EXPECT_TRUE(CheckVector(View(SparseVector(3, {0, 2}, {1, 2}))).ok());
}

TEST(Vector, ColumnsRoundTrip) {
  const std::vector<std::optional<VectorValue>> rows = {
      DenseVector({1, 2}), std::nullopt, SparseVector(4, {1, 3}, {5, 6}), DenseVector({})};
  const auto array = VectorsForTest(rows);
  ASSERT_TRUE(array->ValidateFull().ok());
  const auto back = ReadVectors(arrow::ChunkedArray(array));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, rows);
  // A slice reads its own rows.
  const auto slice = VectorReader::Make(array->Slice(2, 2));
  ASSERT_TRUE(slice.ok());
  EXPECT_EQ(ToValue(slice->Get(0)), *rows[2]);
  EXPECT_FALSE(slice->common_size().has_value());
}

TEST(Vector, DenseFormReads) {
  const double values[] = {1, 2, 3, 4, 5, 6};
  const auto array = DenseColumn(values, 3, 2);
  ASSERT_TRUE(array.ok());
  const auto reader = VectorReader::Make((*array)->Slice(1, 2));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(ToValue(reader->Get(0)), DenseVector({3, 4}));
  EXPECT_EQ(reader->common_size(), 2);
  ASSERT_TRUE(reader->row_major().has_value());
  EXPECT_EQ((*reader->row_major())[3], 6);
}

TEST(Vector, ReaderRefusesMalformedColumns) {
  const auto make = [](const char* json) {
    return VectorReader::Make(ArrayForTest(VectorStructType(), json)).status();
  };
  EXPECT_TRUE(make("[[1, null, null, [1.0]]]").ok());
  for (const char* json :
       {"[[2, null, null, [1.0]]]", "[[0, null, [0], [1.0]]]", "[[0, 3, null, [1.0]]]",
        "[[0, 3, [0], [1.0, 2.0]]]", "[[0, 3, [3], [1.0]]]", "[[1, null, null, null]]",
        "[[0, 3, [1, 0], [1.0, 2.0]]]"}) {
    EXPECT_TRUE(base::Is(make(json), base::kInput)) << json;
  }
  EXPECT_TRUE(base::Is(VectorReader::Make(ArrayForTest(arrow::int32(), "[1]")).status(),
                       base::kDatatypeMismatch));
  EXPECT_TRUE(
      base::Is(VectorReader::Make(ArrayForTest(ListOf(arrow::float64()), "[[1.0]]")).status(),
               base::kDatatypeMismatch));
}

TEST(Vector, AssembleIsRowMajor) {
  // 19 number columns (two groups of eight and a rest) and a part of width 3, over many blocks.
  constexpr int64_t kRows = 5000;
  std::vector<std::vector<double>> columns;
  std::vector<AssemblePart> parts;
  for (int c = 0; c < 19; ++c) {
    columns.emplace_back();
    for (int64_t r = 0; r < kRows; ++r) columns.back().push_back(static_cast<double>(100 * r + c));
  }
  std::vector<double> wide;
  for (int64_t r = 0; r < kRows; ++r) {
    for (int k = 19; k < 22; ++k) wide.push_back(static_cast<double>(100 * r + k));
  }
  for (int c = 0; c < 10; ++c) parts.push_back({columns[static_cast<size_t>(c)], 1});
  for (int c = 10; c < 19; ++c) parts.push_back({columns[static_cast<size_t>(c)], 1});
  parts.push_back({wide, 3});
  const auto array = AssembleDense(parts, kRows);
  ASSERT_TRUE(array.ok());
  const auto reader = VectorReader::Make(*array);
  ASSERT_TRUE(reader.ok());
  ASSERT_EQ(reader->common_size(), 22);
  for (int64_t r = 0; r < kRows; ++r) {
    const VectorView v = reader->Get(r);
    for (int c = 0; c < 22; ++c) {
      ASSERT_EQ(v.values[static_cast<size_t>(c)], static_cast<double>(100 * r + c)) << r;
    }
  }
}

TEST(Vector, Scalars) {
  const auto scalar = VectorScalar(View(SparseVector(3, {2}, {1.5})));
  ASSERT_TRUE(scalar.ok());
  const auto back = VectorFromScalar(**scalar);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, SparseVector(3, {2}, {1.5}));
  EXPECT_FALSE(VectorFromScalar(arrow::Int32Scalar(3)).ok());
}

TEST(Matrix, RoundTripAndElements) {
  MatrixValue dense;
  dense.num_rows = 2;
  dense.num_cols = 3;
  dense.values = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(At(dense, 1, 0), 2);  // column-major
  MatrixValue rows = dense;
  rows.transposed = true;
  EXPECT_EQ(At(rows, 1, 0), 4);
  MatrixValue sparse;
  sparse.dense = false;
  sparse.num_rows = 3;
  sparse.num_cols = 2;
  sparse.col_ptrs = {0, 2, 3};
  sparse.row_indices = {0, 2, 1};
  sparse.values = {7, 8, 9};
  EXPECT_EQ(At(sparse, 2, 0), 8);
  EXPECT_EQ(At(sparse, 0, 1), 0);
  const MatrixValue all[] = {dense, rows, sparse};
  const auto array = MatrixColumn(all);
  ASSERT_TRUE(array.ok());
  for (int64_t i = 0; i < 3; ++i) {
    const auto back = ReadMatrix(**array, i);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, all[i]);
  }
  EXPECT_FALSE(ReadMatrix(**array, 3).ok());
}

TEST(Matrix, RefusesWrongShapes) {
  MatrixValue m;
  m.num_rows = 2;
  m.num_cols = 2;
  m.values = {1, 2, 3};
  EXPECT_FALSE(CheckMatrix(m).ok());
  m.dense = false;
  m.col_ptrs = {0, 1, 3};
  m.row_indices = {0, 1, 1};
  EXPECT_FALSE(CheckMatrix(m).ok());  // index twice
  m.row_indices = {0, 0, 2};
  EXPECT_FALSE(CheckMatrix(m).ok());  // outside
  m.row_indices = {0, 0, 1};
  EXPECT_TRUE(CheckMatrix(m).ok());
  m.col_ptrs = {0, 4, 3};
  EXPECT_FALSE(CheckMatrix(m).ok());
  m.col_ptrs = {};
  EXPECT_FALSE(CheckMatrix(m).ok());
}

}  // namespace
}  // namespace soteria::table
