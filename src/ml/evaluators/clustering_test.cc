// ClusteringEvaluator against stock Spark 4.3 and by hand.
#include "src/ml/evaluators/clustering.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/ml/reference_for_test.h"

namespace soteria::ml {
namespace {

constexpr char kClass[] = "org.apache.spark.ml.evaluation.ClusteringEvaluator";

base::StatusOr<double> Evaluate(std::vector<std::shared_ptr<arrow::Table>> tables,
                                const ParamMap& params = {}) {
  WorkForTest work(std::move(tables));
  SOTERIA_ASSIGN_OR_RETURN(const auto evaluator, MakeEvaluator(kClass, "uid", params));
  SOTERIA_ASSIGN_OR_RETURN(auto kernel, evaluator->MakeKernel());
  std::string sums;
  for (size_t passes = 1; kernel != nullptr; ++passes) {
    SOTERIA_ASSIGN_OR_RETURN(sums, work.Reduce(*kernel));
    SOTERIA_ASSIGN_OR_RETURN(kernel, evaluator->NextKernel(passes, sums));
  }
  return evaluator->Finish(sums);
}

std::shared_ptr<arrow::Table> Rows(const std::vector<std::vector<double>>& features,
                                   const std::vector<std::optional<double>>& predictions) {
  return MakeTable(
      {DenseVectorColumn("features", features), NumberColumn("prediction", predictions)});
}

TEST(ClusteringEvaluator, IsSparks) {
  const nlohmann::json reference = ReferenceForTest("kmeans");
  RowsForTest rows = BreastCancer(/*weighted=*/true);
  const std::vector<std::optional<double>> weights(rows.weight.begin(), rows.weight.end());
  rows.weight.clear();
  for (auto& row : rows.features) row.resize(reference["columns"].get<size_t>());
  for (const auto& [name, expected] : reference["silhouettes"].items()) {
    const std::string fit = name.substr(0, name.find(' '));
    const auto& spark = reference["fits"][fit];
    const auto model =
        FitForTest("org.apache.spark.ml.clustering.KMeans", ParamsForTest(spark["params"]),
                   BlocksOfSizes(rows, spark["partitions"].get<std::vector<size_t>>()));
    ASSERT_TRUE(model.ok());
    ParamMap params;
    if (name.find("cosine") != std::string::npos) {
      params["distanceMeasure"] = std::string("cosine");
    }
    if (name.ends_with("1")) params["weightCol"] = std::string("w");
    const auto predicted = (*model)
                               ->Apply(MakeTable({DenseVectorColumn("features", rows.features),
                                                  NumberColumn("w", weights)}))
                               .value();
    const auto one = Evaluate({predicted}, params);
    ASSERT_TRUE(one.ok()) << base::Message(one.status());
    EXPECT_TRUE(Close(*one, expected.get<double>(), 1e-9)) << name;
    const auto two = Evaluate({predicted->Slice(0, 100), predicted->Slice(100)}, params);
    EXPECT_TRUE(Close(*two, *one, 1e-12));
  }
}

TEST(ClusteringEvaluator, SmallOnes) {
  const auto table = Rows({{1, 2}, {1, 3}, {9, 8}, {8, 8}, {3, 4}}, {0.0, 0.0, 1.0, 1.0, 2.0});
  const auto model = Evaluate({table});
  ASSERT_TRUE(model.ok());
  // By hand: 0 for the row that is alone.
  const auto other = [](double in, double out) { return 1 - in / out; };
  const double expected = (other(1, 8) + other(1, 5) + other(1, 52) + other(1, 41) + 0) / 5;
  EXPECT_TRUE(Close(*model, expected, 1e-12));
  EXPECT_EQ(base::Message(Evaluate({Rows({{1, 2}, {1, 3}}, {0.0, 0.0})}).status()),
            "assertion failed: Number of clusters must be greater than one.");
  EXPECT_FALSE(Evaluate({Rows({{1, 2}}, {std::nullopt})}).ok());
  EXPECT_FALSE(Evaluate({Rows({{1, 2}}, {kNanForTest})}).ok());
  EXPECT_FALSE(Evaluate({Rows({{1, 2}}, {0.0}), Rows({{1, 2, 3}}, {1.0})}).ok());
  EXPECT_FALSE(Evaluate({MakeTable({VectorColumn("features", {std::nullopt}),
                                    NumberColumn("prediction", {0.0})})})
                   .ok());
}

TEST(ClusteringEvaluator, Columns) {
  const auto evaluator = MakeEvaluator(kClass, "u", {{"weightCol", std::string("w")}}).value();
  const auto check = [&](const std::shared_ptr<arrow::Table>& table) {
    return base::Message(evaluator->CheckInput(*table->schema()));
  };
  EXPECT_NE(check(Rows({{1}}, {0.0})), "") << "no weights";
  EXPECT_NE(check(MakeTable({NumberColumn("features", {1.0})})), "");
  EXPECT_FALSE(MakeEvaluator(kClass, "u", {{"metricName", std::string("x")}}).ok());
  EXPECT_FALSE(MakeEvaluator(kClass, "u", {{"distanceMeasure", std::string("x")}}).ok());
  EXPECT_TRUE(evaluator->larger_is_better());
  EXPECT_FALSE(evaluator->MakeAnswersKernel().ok());
  EXPECT_TRUE(
      base::Is(stats::MakeReleasable(evaluator->Asks(), {}, 1, 1).status(), stats::kStaysInside));
}

TEST(ClusteringKernels, RoundTrip) {
  const auto table = Rows({{1, 2}, {1, 3}, {9, 8}}, {0.0, 0.0, 1.0});
  ClusteredColumns columns;
  columns.features = "features";
  columns.prediction = "prediction";
  const ClustersKernel first(columns);
  const Part part = {.table = table.get()};
  CheckKernelForTest(first, part);
  const auto clusters = Clusters::Decode(first.Map(part).value()).value();
  CheckKernelForTest(SilhouettesKernel(columns, clusters), part);
}

}  // namespace
}  // namespace soteria::ml
