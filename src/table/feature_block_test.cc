#include "src/table/feature_block.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "src/base/errors.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::table {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

std::shared_ptr<arrow::Table> Rows(const std::vector<std::optional<VectorValue>>& vectors,
                                   const std::string& labels = "",
                                   const std::string& weights = "") {
  std::vector<std::shared_ptr<arrow::Field>> fields = {VectorField("features", true, std::nullopt)};
  arrow::ArrayVector columns = {VectorsForTest(vectors)};
  if (!labels.empty()) {
    fields.push_back(arrow::field("label", arrow::float64()));
    columns.push_back(ArrayForTest(arrow::float64(), labels));
  }
  if (!weights.empty()) {
    fields.push_back(arrow::field("w", arrow::float64()));
    columns.push_back(ArrayForTest(arrow::float64(), weights));
  }
  return arrow::Table::Make(arrow::schema(fields), columns);
}

std::string Refusal(const std::shared_ptr<arrow::Table>& table, const FeatureColumns& columns) {
  const auto block = MakeFeatureBlock(*table, columns);
  EXPECT_TRUE(base::Is(block.status(), base::kUserRaised)) << base::Message(block.status());
  return base::Message(block.status());
}

TEST(FeatureBlock, DenseFromBothForms) {
  const double values[] = {1, 2, 3, 4, 5, 6};
  const auto dense = DenseColumn(values, 2, 3);
  ASSERT_TRUE(dense.ok());
  const auto fixed = arrow::Table::Make(arrow::schema({VectorField("features", true, 3)}),
                                        arrow::ArrayVector{*dense});
  for (const auto& table : {fixed, Rows({DenseVector({1, 2, 3}), DenseVector({4, 5, 6})})}) {
    const auto block = MakeFeatureBlock(*table, {"features", std::nullopt, std::nullopt});
    ASSERT_TRUE(block.ok()) << base::Message(block.status());
    EXPECT_FALSE(block->sparse);
    EXPECT_EQ(block->rows, 2);
    EXPECT_EQ(block->cols, 3);
    EXPECT_EQ(std::vector<double>(block->dense.begin(), block->dense.end()),
              std::vector<double>({1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block->dense.data()) % 64, 0u);
    EXPECT_TRUE(block->label.empty());
    EXPECT_TRUE(block->weight.empty());
    EXPECT_GE(block->bytes(), 48u);
  }
}

TEST(FeatureBlock, SparseRowsStaySparseWhenThatIsSmaller) {
  const auto table = Rows(
      {SparseVector(100, {3, 50}, {1, 2}), SparseVector(100, {}, {}), SparseVector(100, {99}, {4})},
      "[1, 0, 1]", "[1, 2, 0]");
  const auto block = MakeFeatureBlock(*table, {"features", "label", "w"});
  ASSERT_TRUE(block.ok());
  EXPECT_TRUE(block->sparse);
  EXPECT_EQ(block->row_ptr, (std::vector<int64_t>{0, 2, 2, 3}));
  EXPECT_EQ(block->col, (std::vector<int32_t>{3, 50, 99}));
  EXPECT_EQ(block->val, (std::vector<double>{1, 2, 4}));
  EXPECT_EQ(block->label, (std::vector<double>{1, 0, 1}));
  EXPECT_EQ(block->weight, (std::vector<double>{1, 2, 0}));
}

TEST(FeatureBlock, MixedRowsBecomeDense) {
  const auto table = Rows({SparseVector(3, {1}, {5}), DenseVector({1, 2, 3})});
  const auto block = MakeFeatureBlock(*table, {"features", std::nullopt, std::nullopt});
  ASSERT_TRUE(block.ok());
  EXPECT_FALSE(block->sparse);
  EXPECT_EQ(std::vector<double>(block->dense.begin(), block->dense.end()),
            std::vector<double>({0, 5, 0, 1, 2, 3}));
}

TEST(FeatureBlock, ChunksAreJoined) {
  const auto a = VectorsForTest({DenseVector({1, 2})});
  const auto b = VectorsForTest({DenseVector({3, 4}), DenseVector({5, 6})});
  const auto column = std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector{a, b});
  const auto table = arrow::Table::Make(arrow::schema({VectorField("f", true, std::nullopt)}),
                                        arrow::ChunkedArrayVector{column});
  const auto block = MakeFeatureBlock(*table, {"F", std::nullopt, std::nullopt});
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(block->dense[5], 6);
}

TEST(FeatureBlock, EmptyTable) {
  const auto block = MakeFeatureBlock(*Rows({}), {"features", std::nullopt, std::nullopt});
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(block->rows, 0);
  EXPECT_EQ(block->cols, 0);
}

// The texts below are LogisticRegression.fit's in Spark 4.3 on a frame with that row.
TEST(FeatureBlock, RefusesBadFeatures) {
  const FeatureColumns columns{"features", std::nullopt, std::nullopt};
  EXPECT_EQ(Refusal(Rows({DenseVector({1}), std::nullopt}), columns), "Vectors MUST NOT be Null");
  EXPECT_EQ(Refusal(Rows({DenseVector({kNan, 1})}), columns),
            "Vector values MUST NOT be NaN or Infinity, but got [NaN,1.0]");
  EXPECT_EQ(Refusal(Rows({SparseVector(3, {1}, {kInf})}), columns),
            "Vector values MUST NOT be NaN or Infinity, but got (3,[1],[Infinity])");
  EXPECT_EQ(Refusal(Rows({SparseVector(100, {1}, {-kInf})}), columns),
            "Vector values MUST NOT be NaN or Infinity, but got (100,[1],[-Infinity])");
  EXPECT_TRUE(base::QuotesData(MakeFeatureBlock(*Rows({DenseVector({kNan})}), columns).status()));
}

// As StandardScaler.fit does.
TEST(FeatureBlock, TakesAnyNumbersWhereTheyAreAskedFor) {
  FeatureColumns columns{"features", std::nullopt, std::nullopt};
  columns.finite = false;
  const auto dense = MakeFeatureBlock(
      *Rows({DenseVector({kNan, 1}), SparseVector(2, {1}, {kInf}), DenseVector({-kInf, 2})}),
      columns);
  ASSERT_TRUE(dense.ok());
  EXPECT_TRUE(std::isnan(dense->dense[0]));
  EXPECT_EQ(dense->dense[3], kInf);
  EXPECT_EQ(dense->dense[4], -kInf);
  const auto sparse = MakeFeatureBlock(*Rows({SparseVector(100, {1, 7}, {-kInf, kNan})}), columns);
  ASSERT_TRUE(sparse.ok() && sparse->sparse);
  EXPECT_EQ(sparse->val[0], -kInf);
  EXPECT_TRUE(std::isnan(sparse->val[1]));
  EXPECT_EQ(Refusal(Rows({DenseVector({kNan}), std::nullopt}), columns),
            "Vectors MUST NOT be Null");
  const auto sizes = MakeFeatureBlock(*Rows({DenseVector({kNan}), DenseVector({1, 2})}), columns);
  EXPECT_TRUE(base::Is(sizes.status(), base::kIllegalArgument));
}

TEST(FeatureBlock, FindsTheBadValueAnywhereInTheDenseForm) {
  for (size_t bad = 0; bad < 15; ++bad) {
    for (const double x : {kNan, kInf, -kInf}) {
      std::vector<double> values(15, 1.0);
      values[bad] = x;
      const auto column = DenseColumn(values, 5, 3);
      ASSERT_TRUE(column.ok());
      const auto table = arrow::Table::Make(arrow::schema({VectorField("f", true, 3)}),
                                            arrow::ArrayVector{*column});
      EXPECT_TRUE(base::Is(MakeFeatureBlock(*table, {"f", std::nullopt, std::nullopt}).status(),
                           base::kUserRaised))
          << bad;
    }
  }
}

TEST(FeatureBlock, RefusesBadLabelsAndWeights) {
  const auto one = DenseVector({1});
  EXPECT_EQ(Refusal(Rows({one}, "[null]"), {"features", "label", std::nullopt}),
            "Labels MUST NOT be Null or NaN");
  EXPECT_EQ(Refusal(Rows({one}, R"(["NaN"])"), {"features", "label", std::nullopt}),
            "Labels MUST NOT be Null or NaN");
  EXPECT_EQ(Refusal(Rows({one}, "[1]", "[null]"), {"features", "label", "w"}),
            "Weights MUST NOT be Null or NaN");
  EXPECT_EQ(Refusal(Rows({one}, "[1]", R"(["NaN"])"), {"features", "label", "w"}),
            "Weights MUST NOT be Null or NaN");
  EXPECT_EQ(Refusal(Rows({one}, "[1]", "[-1]"), {"features", "label", "w"}),
            "Weights MUST NOT be Negative or Infinity, but got -1.0");
  EXPECT_EQ(Refusal(Rows({one}, "[1]", R"(["inf"])"), {"features", "label", "w"}),
            "Weights MUST NOT be Negative or Infinity, but got Infinity");
}

TEST(FeatureBlock, RefusesUnequalSizesAndWrongColumns) {
  const auto table = Rows({DenseVector({1}), DenseVector({1, 2})}, "[1, 2]");
  const auto sizes = MakeFeatureBlock(*table, {"features", std::nullopt, std::nullopt});
  EXPECT_TRUE(base::Is(sizes.status(), base::kIllegalArgument));
  EXPECT_EQ(base::Message(sizes.status()),
            "requirement failed: Dimensions mismatch when adding new sample. Expecting 1 but got "
            "2.");
  EXPECT_TRUE(base::Is(MakeFeatureBlock(*table, {"nope", std::nullopt, std::nullopt}).status(),
                       base::kUnresolvedColumn));
  EXPECT_TRUE(base::Is(MakeFeatureBlock(*table, {"label", std::nullopt, std::nullopt}).status(),
                       base::kDatatypeMismatch));
  EXPECT_TRUE(base::Is(MakeFeatureBlock(*table, {"features", "features", std::nullopt}).status(),
                       base::kDatatypeMismatch));
}

TEST(FeatureBlock, FromFlatColumns) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int32()), arrow::field("b", arrow::float64()),
                     arrow::field("y", arrow::boolean())});
  const auto table = TableForTest(schema, {"[1, 2, 3]", "[0.5, 1.5, 2.5]", "[true, false, true]"});
  const auto block =
      MakeFeatureBlock(*table, std::vector<std::string>{"b", "a"}, "y", std::nullopt);
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(std::vector<double>(block->dense.begin(), block->dense.end()),
            std::vector<double>({0.5, 1, 1.5, 2, 2.5, 3}));
  EXPECT_EQ(block->label, (std::vector<double>{1, 0, 1}));
  const auto nulls = TableForTest(schema, {"[1, null]", R"([1, "NaN"])", "[true, true]"});
  EXPECT_FALSE(MakeFeatureBlock(*nulls, std::vector<std::string>{"a"}, std::nullopt, {}).ok());
  EXPECT_FALSE(MakeFeatureBlock(*nulls, std::vector<std::string>{"b"}, std::nullopt, {}).ok());
}

}  // namespace
}  // namespace soteria::table
