// PCA against stock Spark 4.3 and by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "src/ml/linalg/symmetric.h"
#include "src/ml/pca/kernels.h"
#include "src/ml/pca/model.h"
#include "src/ml/reference_for_test.h"

namespace soteria::ml {
namespace {

constexpr char kClass[] = "org.apache.spark.ml.feature.PCA";

base::StatusOr<std::shared_ptr<const Model>> Fit(std::vector<table::FeatureBlock> blocks,
                                                 int64_t k) {
  return FitForTest(
      kClass, {{"inputCol", std::string("features")}, {"outputCol", std::string("o")}, {"k", k}},
      std::move(blocks));
}

RowsForTest FirstColumns(size_t columns) {
  RowsForTest rows = BreastCancer();
  for (auto& row : rows.features) row.resize(columns);
  return rows;
}

const PcaData& DataOf(const Model& model) { return dynamic_cast<const PcaModel&>(model).data(); }

RowsForTest Four() { return {{{1, 2, 3}, {4, 5, 9}, {1, 0, 2}, {0, 1, 1}}, {0, 0, 0, 0}, {}}; }

TEST(PcaFit, IsSparks) {
  const nlohmann::json reference = ReferenceForTest("pca");
  for (const auto& [name, spark] : reference.items()) {
    const RowsForTest rows = FirstColumns(spark["columns"].get<size_t>());
    for (const bool sparse : {false, true}) {
      for (const size_t partitions : std::vector<size_t>{1, 5, 8, 80}) {
        const auto model = Fit(Blocks(rows, partitions, sparse), spark["k"].get<int64_t>());
        ASSERT_TRUE(model.ok()) << base::Message(model.status());
        const PcaData& data = DataOf(**model);
        EXPECT_TRUE(Close(data.explained_variance,
                          spark["explainedVariance"].get<std::vector<double>>(), 1e-9))
            << name << partitions;
        // With its signs; components of nearly no variance are less exact.
        EXPECT_TRUE(Close(data.components.values, spark["pc"].get<std::vector<double>>(), 1e-6))
            << name << partitions << sparse;
      }
    }
    const auto model = Fit(Blocks(rows, 3), spark["k"].get<int64_t>());
    const auto table = MakeTable(
        {DenseVectorColumn("features", {rows.features.begin(), rows.features.begin() + 5})});
    const auto out = (*model)->Apply(table);
    ASSERT_TRUE(out.ok()) << base::Message(out.status());
    const auto projected = VectorsOf(**out, "o");
    for (size_t i = 0; i < projected.size(); ++i) {
      EXPECT_TRUE(
          Close(projected[i].values, spark["projected"][i].get<std::vector<double>>(), 1e-5));
    }
  }
}

TEST(PcaFit, WideRowsAreMergedAsFactors) {
  RowsForTest rows;
  for (size_t i = 0; i < 30; ++i) {
    std::vector<double> row(40);
    for (size_t j = 0; j < row.size(); ++j) {
      row[j] = std::sin(static_cast<double>(i * i * 7 + j * j * 13 + i * j * 3)) + 1e3;
    }
    rows.features.push_back(row);
    rows.label.push_back(0);
  }
  const auto one = Fit(Blocks(rows, 1), 5);
  ASSERT_TRUE(one.ok());
  for (const size_t partitions : std::vector<size_t>{2, 5, 30}) {
    const auto many = Fit(Blocks(rows, partitions), 5);
    EXPECT_TRUE(Close(DataOf(**many).explained_variance, DataOf(**one).explained_variance, 1e-9));
    // Fewer rows than columns: rounding decides on signs.
    for (size_t i = 0; i < 5 * 40; ++i) {
      EXPECT_TRUE(Close(std::abs(DataOf(**many).components.values[i]),
                        std::abs(DataOf(**one).components.values[i]), 1e-9));
    }
  }
}

TEST(PcaFit, FarFromZeroKeepsItsDigits) {
  RowsForTest rows;
  for (size_t i = 0; i < 300; ++i) {
    const double x = 1e8 + static_cast<double>(i % 3);
    rows.features.push_back({x, 2 * x});
    rows.label.push_back(0);
  }
  const auto model = Fit(Blocks(rows, 4), 2);
  const PcaData& data = DataOf(**model);
  EXPECT_TRUE(Close(data.explained_variance, {1, 0}, 1e-12));
  EXPECT_TRUE(Close(std::abs(data.components.values[1]), 2 / std::sqrt(5.0), 1e-12));
}

TEST(PcaFit, ConstantColumnsHaveNoSharesAsInSpark) {
  const auto model = Fit(Blocks({{{1, 2}, {1, 2}}, {0, 0}, {}}, 1), 2);
  ASSERT_TRUE(model.ok());
  EXPECT_TRUE(std::isnan(DataOf(**model).explained_variance[0]));
  EXPECT_EQ(DataOf(**model).components.values, (std::vector<double>{1, 0, 0, 1}));
}

TEST(PcaFit, Refusals) {
  const auto text = [](std::vector<table::FeatureBlock> blocks, int64_t k) {
    return base::Message(Fit(std::move(blocks), k).status());
  };
  EXPECT_EQ(text(Blocks(RowsForTest(), 2), 1), "empty collection");
  EXPECT_EQ(text(Blocks({{{1, 2}}, {0}, {}}, 1), 1),
            "requirement failed: RowMatrix.computeCovariance called on matrix with only 1 rows.  "
            "Cannot compute the covariance of a RowMatrix with <= 1 row.");
  EXPECT_EQ(text(Blocks(Four(), 1), 5),
            "requirement failed: source vector size 3 must be no less than k=5");
  EXPECT_NE(text({Blocks(Four(), 1)[0], Blocks({{{1, 2}}, {0}, {}}, 1)[0]}, 1), "");
  table::FeatureBlock wide;
  wide.rows = 1;
  wide.cols = 65536;
  wide.sparse = true;
  wide.row_ptr = {0, 0};
  EXPECT_EQ(text({wide}, 1), "Argument with more than 65535 cols: 65536");
  EXPECT_FALSE(MakeEstimator(kClass, "u", {{"k", int64_t{0}}}).ok());
  const auto bare = MakeEstimator(kClass, "u", {{"inputCol", std::string("features")}});
  const auto table = MakeTable({DenseVectorColumn("features", {{1, 2}})});
  EXPECT_EQ(base::Message((*bare)->CheckInput(*table->schema())),
            "Failed to find a default value for k");
}

TEST(PcaModel, AttributesAndTransform) {
  const auto model = Fit(Blocks(Four(), 2), 2);
  ASSERT_TRUE(model.ok());
  const auto pc = std::get<MatrixValue>((*model)->Get("pc", {}).value());
  EXPECT_EQ(pc.num_rows, 3);
  EXPECT_EQ(pc.num_cols, 2);
  EXPECT_TRUE(Close(pc.values, {-0.3796, -0.4631, -0.8009, 0.4616, -0.845, 0.2699}, 1e-4));
  EXPECT_EQ(std::get<std::string>((*model)->Get("toString", {}).value()), "PCAModel: uid=uid, k=2");
  EXPECT_TRUE(base::Is((*model)->Get("mean", {}).status(), base::kMlAttribute));
  EXPECT_GT((*model)->bytes(), 0U);
  const auto sparse = MakeTable({VectorColumn("features", {table::SparseVector(3, {1}, {2.0})})});
  const auto out = (*model)->Apply(sparse);
  ASSERT_TRUE(out.ok());
  EXPECT_TRUE(Close(VectorsOf(**out, "o")[0].values, {-0.9263, -1.6901}, 1e-4));
  EXPECT_TRUE((*(*model)->OutputSchema(*sparse->schema()))->Equals(*(*out)->schema(), true));
  EXPECT_EQ(table::SparkMetadata(*(*out)->schema()->GetFieldByName("o")),
            "{\"ml_attr\":{\"num_attrs\":2}}");
  EXPECT_FALSE((*model)->Apply(MakeTable({DenseVectorColumn("features", {{1, 2}})})).ok());
  EXPECT_FALSE((*model)->Apply(MakeTable({VectorColumn("features", {std::nullopt})})).ok());
  CheckRoundTripsForTest(**model);
}

TEST(ScatterKernel, RoundTrips) {
  for (const bool sparse : {false, true}) {
    const auto block = Blocks(Four(), 1, sparse)[0];
    CheckKernelForTest(ScatterKernel(), {.features = &block});
  }
}

TEST(LeadingEigenvectors, LargeOnesAreEigenvectorsToo) {
  const int64_t n = kSvdSizeMax + 1;
  const auto size = static_cast<size_t>(n);
  std::vector<double> matrix(size * size, 0.0);
  for (size_t i = 0; i < size; ++i) {
    matrix[i * size + i] = 2;
    if (i > 0) matrix[i * size + i - 1] = matrix[(i - 1) * size + i] = -1;
  }
  const auto eigen = LeadingEigenvectors(matrix, n, 2);
  ASSERT_TRUE(eigen.ok());
  const double pi = std::acos(-1.0);
  EXPECT_TRUE(Close(eigen->values[0],
                    2 - 2 * std::cos(pi * static_cast<double>(n) / static_cast<double>(n + 1)),
                    1e-12));
  double largest = 0, norm = 0;
  for (size_t i = 0; i < size; ++i) {
    const double v = eigen->vectors[i];
    if (std::abs(v) > std::abs(largest)) largest = v;
    norm += v * v;
  }
  EXPECT_GT(largest, 0);
  EXPECT_TRUE(Close(norm, 1, 1e-12));
  matrix[0] = kNanForTest;
  EXPECT_FALSE(LeadingEigenvectors(matrix, n, 2).ok());
}

// Three rows make a covariance of rank three: the other vectors are of a cluster of zeros.
TEST(LeadingEigenvectors, LargeOnesOfLowRankAreOrthogonal) {
  const int64_t n = kSvdSizeMax + 8, k = 40;
  const auto size = static_cast<size_t>(n);
  std::vector<double> rows(3 * size), matrix(size * size, 0.0);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = std::sin(static_cast<double>(i * i % 1009));
  AddOuterProducts(rows.data(), 3, n, matrix.data());
  for (size_t j = 0; j < size; ++j) {
    for (size_t i = 0; i < j; ++i) matrix[i * size + j] = matrix[j * size + i];
  }
  const auto eigen = LeadingEigenvectors(matrix, n, k);
  ASSERT_TRUE(eigen.ok());
  ASSERT_GT(eigen->values[2], 100);
  EXPECT_LT(eigen->values[3], 1e-9);
  const auto vector = [&](size_t j) { return eigen->vectors.data() + j * size; };
  for (size_t a = 0; a < static_cast<size_t>(k); ++a) {
    for (size_t b = 0; b <= a; ++b) {
      const double product = std::inner_product(vector(a), vector(a) + size, vector(b), 0.0);
      EXPECT_NEAR(product, a == b ? 1 : 0, 1e-10);
    }
    for (size_t i = 0; i < size; i += 97) {
      const double image =
          std::inner_product(vector(a), vector(a) + size, matrix.data() + i * size, 0.0);
      EXPECT_NEAR(image, eigen->values[a] * vector(a)[i], 1e-9);
    }
  }
}

}  // namespace
}  // namespace soteria::ml
