// KMeans against stock Spark 4.3: the same draws, the same centers.
#include <gtest/gtest.h>

#include <cmath>

#include "src/ml/kmeans/centers.h"
#include "src/ml/kmeans/initial.h"
#include "src/ml/kmeans/kernels.h"
#include "src/ml/kmeans/model.h"
#include "src/ml/random/row_sample.h"
#include "src/ml/reference_for_test.h"

namespace soteria::ml {
namespace {

constexpr char kClass[] = "org.apache.spark.ml.clustering.KMeans";

RowsForTest FirstColumns(size_t columns, bool weighted) {
  RowsForTest rows = BreastCancer(weighted);
  for (auto& row : rows.features) row.resize(columns);
  return rows;
}

/// Two groups of points far from each other, and from the origin.
RowsForTest TwoGroups(double origin = 0) {
  RowsForTest rows;
  for (size_t i = 0; i < 40; ++i) {
    const double at = origin + (i % 2 == 0 ? 0.0 : 100.0);
    rows.features.push_back({at + static_cast<double>(i % 5), at, -at});
    rows.label.push_back(0);
  }
  return rows;
}

base::StatusOr<std::shared_ptr<const Model>> Fit(std::vector<table::FeatureBlock> blocks,
                                                 ParamMap params = {}) {
  params.try_emplace("seed", int64_t{1});
  return FitForTest(kClass, params, std::move(blocks));
}

std::vector<double> CentersOf(const Model& model) {
  return dynamic_cast<const KMeansModel&>(model).centers().rows();
}

TEST(KMeansFit, IsSparks) {
  const nlohmann::json reference = ReferenceForTest("kmeans");
  for (const auto& [name, spark] : reference["fits"].items()) {
    const ParamMap params = ParamsForTest(spark["params"]);
    const RowsForTest rows =
        FirstColumns(reference["columns"].get<size_t>(), params.contains("weightCol"));
    const auto sizes = spark["partitions"].get<std::vector<size_t>>();
    for (const bool sparse : {false, true}) {
      WorkForTest work(BlocksOfSizes(rows, sizes, sparse));
      const auto estimator = MakeEstimator(kClass, "uid", params);
      ASSERT_TRUE(estimator.ok()) << base::Message(estimator.status());
      const auto fit = (*estimator)->Fit(work);
      ASSERT_TRUE(fit.ok()) << name << base::Message(fit.status());
      const auto expected = spark["centers"].get<std::vector<std::vector<double>>>();
      std::vector<double> flat;
      for (const auto& center : expected) flat.insert(flat.end(), center.begin(), center.end());
      EXPECT_TRUE(Close(CentersOf(*fit->model), flat, 1e-9)) << name << sparse;
      auto summary = fit->model->summary();
      ASSERT_NE(summary, nullptr);
      const double cost = std::get<double>(summary->Get("trainingCost", {}).value());
      EXPECT_TRUE(Close(cost, spark["trainingCost"].get<double>(), 1e-9)) << name;
      EXPECT_EQ(std::get<int64_t>(summary->Get("numIter", {}).value()),
                spark["numIter"].get<int64_t>())
          << name;
      EXPECT_TRUE(summary->Needs("clusterSizes"));
      EXPECT_FALSE(summary->Get("clusterSizes", {}).ok()) << "not counted yet";
      summary = summary->Complete(work.Reduce(summary->kernel()).value()).value();
      EXPECT_EQ(std::get<std::vector<int64_t>>(summary->Get("clusterSizes", {}).value()),
                spark["clusterSizes"].get<std::vector<int64_t>>())
          << name;
    }
    const auto model = Fit(BlocksOfSizes(rows, sizes), params);
    const auto table = MakeTable(
        {DenseVectorColumn("features", {rows.features.begin(), rows.features.begin() + 20})});
    const auto out = (*model)->Apply(table);
    ASSERT_TRUE(out.ok()) << base::Message(out.status());
    EXPECT_EQ(DoublesOf(**out, "prediction"), spark["predictions"].get<std::vector<double>>());
  }
}

TEST(KMeansFit, SameSumsFromAnyPartitionsAndForms) {
  const RowsForTest rows = FirstColumns(30, false);
  const Centers start(
      DistanceMeasure::kEuclidean,
      [&] {
        std::vector<double> centers;
        for (size_t i = 0; i < 17; ++i) {
          const auto& row = rows.features[i * 31];
          centers.insert(centers.end(), row.begin(), row.end());
        }
        return centers;
      }(),
      17, 30);
  const AssignKernel kernel(start, Assigns::kPoints);
  const auto sums = [&](size_t partitions, bool sparse) {
    WorkForTest work(Blocks(rows, partitions, sparse));
    return kernel.Result(work.Reduce(kernel).value()).value();
  };
  const ClusterSums one = sums(1, false);
  for (const size_t partitions : std::vector<size_t>{1, 5, 80}) {
    for (const bool sparse : {false, true}) {
      const ClusterSums other = sums(partitions, sparse);
      EXPECT_EQ(other.weights, one.weights);
      EXPECT_TRUE(Close(other.sums, one.sums, 1e-12));
      EXPECT_TRUE(Close(other.cost, one.cost, 1e-10));
    }
  }
}

TEST(KMeansFit, FarFromTheOriginKeepsItsDigits) {
  for (const bool sparse : {false, true}) {
    const auto near = Fit(Blocks(TwoGroups(), 3, sparse));
    const auto far = Fit(Blocks(TwoGroups(1e9), 3, sparse));
    ASSERT_TRUE(far.ok());
    const double cost = std::get<double>((*far)->summary()->Get("trainingCost", {}).value());
    EXPECT_TRUE(
        Close(cost, std::get<double>((*near)->summary()->Get("trainingCost", {}).value()), 1e-6));
  }
}

TEST(KMeansFit, FewerDistinctRowsThanClusters) {
  RowsForTest rows = {{{1, 2}, {1, 2}, {1, 2}, {1, 2}, {1, 2}}, {0, 0, 0, 0, 0}, {}};
  for (const char* mode : {"random", "k-means||"}) {
    const auto model = Fit(Blocks(rows, 2), {{"initMode", std::string(mode)}});
    ASSERT_TRUE(model.ok());
    EXPECT_EQ(CentersOf(**model), (std::vector<double>{1, 2}));
    EXPECT_EQ(std::get<int64_t>((*model)->summary()->Get("k", {}).value()), 2);
  }
  rows.features.resize(1);
  rows.label.resize(1);
  EXPECT_EQ(CentersOf(**Fit(Blocks(rows, 1))), (std::vector<double>{1, 2}));
}

TEST(KMeansFit, RowsWithoutWeightMoveNothing) {
  RowsForTest rows = {{{1, 2}, {1, 3}}, {0, 0}, {0, 0}};
  const auto model = Fit(Blocks(rows, 1), {{"weightCol", std::string("w")}});
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(CentersOf(**model), (std::vector<double>{1, 3, 1, 2})) << "as in Spark";
}

TEST(KMeansFit, Refusals) {
  const auto text = [](std::vector<table::FeatureBlock> blocks, const ParamMap& params) {
    return base::Message(Fit(std::move(blocks), params).status());
  };
  EXPECT_EQ(text(Blocks(RowsForTest(), 2), {}),
            "requirement failed: No samples available from the input");
  EXPECT_EQ(text(Blocks({{{1, 2}, {0, 0}, {2, 1}}, {0, 0, 0}, {}}, 1),
                 {{"distanceMeasure", std::string("cosine")}}),
            "assertion failed: Cosine distance is not defined for zero-length vectors.");
  EXPECT_NE(text({Blocks({{{1, 2}}, {0}, {}}, 1)[0], Blocks({{{1, 2, 3}}, {0}, {}}, 1)[0]}, {}),
            "");
  EXPECT_EQ(text(Blocks({{{1, 2}}, {0}, {}}, 1), {{"k", int64_t{2147483647}}}),
            "KMeans makes at most 1048576 clusters");
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, ParamValue>>{{"k", int64_t{1}},
                                                       {"initSteps", int64_t{0}},
                                                       {"initMode", std::string("x")},
                                                       {"solver", std::string("x")},
                                                       {"distanceMeasure", std::string("x")},
                                                       {"maxIter", int64_t{-1}}}) {
    EXPECT_FALSE(MakeEstimator(kClass, "u", {{name, value}}).ok()) << name;
  }
  const auto estimator = MakeEstimator(kClass, "u", {}).value();
  const auto numbers = MakeTable({NumberColumn("features", {1.0})});
  EXPECT_EQ(base::Message(estimator->CheckInput(*numbers->schema())),
            "requirement failed: Column features must be of type equal to one of the following "
            "types: [struct<type:tinyint,size:int,indices:array<int>,values:array<double>>, "
            "array<double>, array<float>] but was actually of type double.");
  const auto arrays = arrow::schema(
      {arrow::field("features", table::ListOf(arrow::float64(), /*contains_null=*/false))});
  EXPECT_TRUE(base::Is(estimator->CheckInput(*arrays), base::kUnsupported));
}

TEST(KMeansFit, StopsWhenCancelled) {
  WorkForTest work(Blocks(FirstColumns(6, false), 2));
  work.cancel_at = 1;
  const auto estimator = MakeEstimator(kClass, "u", {{"tol", 0.0}, {"k", int64_t{8}}}).value();
  EXPECT_TRUE(base::Is(estimator->Fit(work).status(), base::kCancelled));
  EXPECT_EQ(work.iterations, 1U);
}

TEST(KMeansModel, AttributesAndTransform) {
  const auto model = Fit(Blocks(TwoGroups(), 2));
  ASSERT_TRUE(model.ok());
  const auto matrix = std::get<MatrixValue>((*model)->Get("clusterCenterMatrix", {}).value());
  EXPECT_EQ(matrix.num_rows, 2);
  EXPECT_EQ(matrix.num_cols, 3);
  EXPECT_EQ(std::get<int64_t>((*model)->Get("numFeatures", {}).value()), 3);
  EXPECT_EQ(std::get<std::string>((*model)->Get("toString", {}).value()),
            "KMeansModel: uid=uid, k=2, distanceMeasure=euclidean, numFeatures=3");
  EXPECT_TRUE(std::get<bool>((*model)->Get("hasSummary", {}).value()));
  const auto predict = [&](const VectorValue& v) { return (*model)->Get("predict", {v}); };
  const auto low = std::get<int64_t>(predict(table::DenseVector({1, 0, 0})).value());
  EXPECT_EQ(std::get<int64_t>(predict(table::SparseVector(3, {0}, {1.0})).value()), low);
  EXPECT_NE(std::get<int64_t>(predict(table::DenseVector({100, 100, -100})).value()), low);
  EXPECT_FALSE(predict(table::DenseVector({1, 2})).ok());
  EXPECT_FALSE((*model)->Get("predict", {}).ok());
  EXPECT_TRUE(base::Is((*model)->Get("cost", {}).status(), base::kMlAttribute));
  const auto any = MakeTable({VectorColumn(
      "features", {table::SparseVector(3, {}, {}), table::DenseVector({100, 100, -100})})});
  const auto out = (*model)->Apply(any);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(DoublesOf(**out, "prediction"),
            (std::vector<double>{static_cast<double>(low), static_cast<double>(1 - low)}));
  EXPECT_TRUE((*(*model)->OutputSchema(*any->schema()))->Equals(*(*out)->schema(), true));
  EXPECT_EQ(table::SparkMetadata(*(*out)->schema()->GetFieldByName("prediction")),
            "{\"ml_attr\":{\"num_vals\":2,\"type\":\"nominal\"}}");
  EXPECT_FALSE((*model)->Apply(MakeTable({VectorColumn("features", {std::nullopt})})).ok());
  EXPECT_FALSE((*model)->Apply(MakeTable({DenseVectorColumn("features", {{1, 2}})})).ok());
  EXPECT_EQ((*model)->WithParams({{"predictionCol", std::string("p")}}).value()->summary(),
            (*model)->summary());
  CheckRoundTripsForTest(**model);
}

TEST(KMeansPersistence, RowsInAnyOrder) {
  const auto model = Fit(Blocks(TwoGroups(), 2));
  const auto files = Save(**model, 1).value();
  SavedForTest folder(files);
  auto& data = folder.tables["data"];
  data = arrow::ConcatenateTables({data->Slice(1), data->Slice(0, 1)}).ValueOrDie();
  const auto loaded = Load((*model)->class_name(), folder);
  ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
  EXPECT_EQ(CentersOf(*loaded->model), CentersOf(**model));
  EXPECT_EQ(loaded->model->summary(), nullptr);
}

TEST(KMeansKernels, RoundTrip) {
  for (const bool sparse : {false, true}) {
    const auto block = Blocks(TwoGroups(1), 1, sparse)[0];
    const Centers centers(DistanceMeasure::kCosine, {1, 2, 3, -1, 0, 1}, 2, 3);
    const Part part = {.features = &block};
    CheckKernelForTest(SampleKernel(0.3, 5), part);
    CheckKernelForTest(AssignKernel(centers, Assigns::kPoints), part);
    CheckKernelForTest(AssignKernel(centers, Assigns::kCounts), part);
    CheckKernelForTest(ChooseKernel(centers, 3, 2, 10.0), part);
  }
  EXPECT_FALSE(DecodeKernel(SampleKernel::kKind, SampleKernel(2, 5).Encode()).ok());
}

TEST(Centers, NearestOfMany) {
  for (const size_t count : std::vector<size_t>{1, 4, 5, 8, 9, 12, 13, 25}) {
    for (const DistanceMeasure measure : {DistanceMeasure::kEuclidean, DistanceMeasure::kCosine}) {
      RowsForTest rows;
      for (size_t i = 0; i < 11; ++i) {
        rows.features.emplace_back();
        for (size_t j = 0; j < 7; ++j) {
          rows.features.back().push_back(std::sin(static_cast<double>(i * 7 + j) + 0.5));
        }
        rows.label.push_back(0);
      }
      std::vector<double> flat;
      for (size_t i = 0; i < count * 7; ++i) flat.push_back(std::cos(static_cast<double>(3 * i)));
      const Centers centers(measure, flat, count, 7);
      for (const bool sparse : {false, true}) {
        const auto block = Blocks(rows, 1, sparse)[0];
        Nearest nearest;
        ASSERT_TRUE(centers.Find(block, 0, block.rows, nearest).ok());
        for (size_t i = 0; i < rows.features.size(); ++i) {
          double least = 1e300;
          size_t best = 0;
          for (size_t c = 0; c < count; ++c) {
            double apart = 0, dot = 0, x = 0, y = 0;
            for (size_t j = 0; j < 7; ++j) {
              const double a = rows.features[i][j], b = flat[c * 7 + j];
              apart += (a - b) * (a - b);
              dot += a * b;
              x += a * a;
              y += b * b;
            }
            const double d =
                measure == DistanceMeasure::kCosine ? 1 - dot / std::sqrt(x * y) : apart;
            if (d < least) {
              least = d;
              best = c;
            }
          }
          EXPECT_EQ(static_cast<size_t>(nearest.center[i]), best);
          EXPECT_TRUE(Close(nearest.distance[i], least, 1e-12));
        }
      }
    }
  }
}

// What the JVM draws is in the reference of the fits; these are the edges.
TEST(RowSample, Edges) {
  EXPECT_EQ(SampleFraction(10, 10), 1.0);
  EXPECT_GT(SampleFraction(10, 1000), 0.01);
  BernoulliSampler all(1.0, 1), none(0.0, 1), some(0.25, 1), most(0.75, 1);
  size_t few = 0, many = 0;
  for (int i = 0; i < 4000; ++i) {
    EXPECT_TRUE(all.Next());
    EXPECT_FALSE(none.Next());
    if (some.Next()) ++few;
    if (most.Next()) ++many;
  }
  EXPECT_TRUE(few > 900 && few < 1100) << few;
  EXPECT_TRUE(many > 2900 && many < 3100) << many;
  EXPECT_NE(PartitionSeed(1, 0), PartitionSeed(1, 1));
}

}  // namespace
}  // namespace soteria::ml
