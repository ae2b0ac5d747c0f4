// NaiveBayes against stock Spark 4.3.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "src/ml/linalg/compressed.h"
#include "src/ml/naive_bayes/kernels.h"
#include "src/ml/naive_bayes/model.h"
#include "src/ml/reference_for_test.h"

namespace soteria::ml {
namespace {

constexpr char kClass[] = "org.apache.spark.ml.classification.NaiveBayes";
constexpr size_t kColumns = 6;

/// As make_bayes_reference.py makes them.
RowsForTest Counts(const std::string& type, bool weighted) {
  RowsForTest rows;
  for (size_t i = 0; i < 120; ++i) {
    std::vector<double> row;
    for (size_t j = 0; j < kColumns; ++j) {
      const auto count = static_cast<double>((i * 7 + j * 5) % 11 * (i + j) % 4);
      row.push_back(type == "bernoulli"  ? (count > 1 ? 1.0 : 0.0)
                    : type == "gaussian" ? std::sqrt(count) + static_cast<double>(j)
                                         : count);
    }
    rows.features.push_back(row);
    rows.label.push_back(static_cast<double>(i * 5 / 7 % 3));
    if (weighted) rows.weight.push_back(0.5 + static_cast<double>(i % 5));
  }
  return rows;
}

std::string TypeOf(const ParamMap& params) {
  const auto at = params.find("modelType");
  return at == params.end() ? "multinomial" : std::get<std::string>(at->second);
}

base::StatusOr<std::shared_ptr<const Model>> Fit(const RowsForTest& rows, size_t partitions,
                                                 const ParamMap& params, bool sparse = false) {
  return FitForTest(kClass, params, Blocks(rows, partitions, sparse));
}

std::vector<double> Matrix(const Model& model, std::string_view method) {
  return RowMajor(std::get<MatrixValue>(model.Get(method, {}).value()));
}

std::vector<double> Flat(const nlohmann::json& rows) {
  std::vector<double> flat;
  for (const auto& row : rows) {
    for (const double value : row.get<std::vector<double>>()) flat.push_back(value);
  }
  return flat;
}

TEST(NaiveBayesFit, IsSparks) {
  const nlohmann::json reference = ReferenceForTest("bayes");
  for (const auto& [name, spark] : reference.items()) {
    const ParamMap params = ParamsForTest(spark["params"]);
    const RowsForTest rows = Counts(TypeOf(params), params.contains("weightCol"));
    for (const size_t partitions : std::vector<size_t>{1, 5, 80}) {
      for (const bool sparse : {false, true}) {
        const auto model = Fit(rows, partitions, params, sparse);
        ASSERT_TRUE(model.ok()) << name << base::Message(model.status());
        const auto pi = std::get<VectorValue>((*model)->Get("pi", {}).value());
        EXPECT_TRUE(Close(table::ToDense(table::View(pi)).values,
                          spark["pi"].get<std::vector<double>>(), 1e-12))
            << name;
        EXPECT_TRUE(Close(Matrix(**model, "theta"), Flat(spark["theta"]), 1e-12)) << name;
        EXPECT_TRUE(Close(Matrix(**model, "sigma"), Flat(spark["sigma"]), 1e-11)) << name;
      }
    }
    const auto model = Fit(rows, 1, params);
    const std::vector<std::vector<double>> first(rows.features.begin(), rows.features.begin() + 20);
    std::vector<std::optional<table::VectorValue>> vectors;
    for (const auto& row : first) {
      const auto dense = table::DenseVector(row);
      vectors.emplace_back(table::ToSparse(table::View(dense)));
    }
    for (const auto& table : {MakeTable({DenseVectorColumn("features", first)}),
                              MakeTable({VectorColumn("features", vectors)})}) {
      const auto out = (*model)->Apply(table);
      ASSERT_TRUE(out.ok()) << base::Message(out.status());
      const auto raw = VectorsOf(**out, "rawPrediction");
      const auto probability = VectorsOf(**out, "probability");
      for (size_t i = 0; i < raw.size(); ++i) {
        EXPECT_TRUE(Close(raw[i].values, spark["raw"][i].get<std::vector<double>>(), 1e-9)) << name;
        EXPECT_TRUE(
            Close(probability[i].values, spark["probability"][i].get<std::vector<double>>(), 1e-9))
            << name;
      }
      EXPECT_EQ(DoublesOf(**out, "prediction"), spark["prediction"].get<std::vector<double>>())
          << name;
    }
    CheckRoundTripsForTest(**model);
  }
}

TEST(NaiveBayesFit, LabelsWithGapsAreCountedAsInSpark) {
  const RowsForTest rows = {{{1, 2}, {1, 2}}, {0, 3}, {}};
  const auto model = Fit(rows, 1, {});
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(std::get<int64_t>((*model)->Get("numClasses", {}).value()), 2);
}

std::string Refusal(const RowsForTest& rows, const ParamMap& params, bool sparse = false) {
  return base::Message(Fit(rows, 1, params, sparse).status());
}

TEST(NaiveBayesFit, RefusesWhatMLlibRefuses) {
  const ParamMap bernoulli = {{"modelType", std::string("bernoulli")}};
  const ParamMap complement = {{"modelType", std::string("complement")}};
  const RowsForTest negative = {{{1, -2}, {1, 2}}, {0, 1}, {}};
  EXPECT_EQ(Refusal(negative, {}),
            "Vector values MUST NOT be Negative, NaN or Infinity, but got [1.0,-2.0]");
  EXPECT_EQ(Refusal({{{0, -2}, {1, 2}}, {0, 1}, {}}, complement, true),
            "Vector values MUST NOT be Negative, NaN or Infinity, but got (2,[1],[-2.0])");
  for (const double bad : {kNanForTest, kInfinityForTest}) {
    EXPECT_NE(Refusal({{{1, bad}}, {0}, {}}, {}), "");
    EXPECT_NE(Refusal({{{1, bad}}, {0}, {}}, bernoulli), "");
  }
  EXPECT_EQ(Refusal({{{1, 2}}, {0}, {}}, bernoulli),
            "Vector values MUST be in {0, 1}, but got [1.0,2.0]");
  EXPECT_EQ(Refusal({{{1, 2}}, {0.5}, {}}, {}), "Labels MUST be Integers, but got 0.5");
  EXPECT_EQ(Refusal({{{1, 2}}, {-1}, {}}, {}), "Labels MUST be in [0, 2147483647), but got -1.0");
  const ParamMap thresholds = {{"thresholds", std::vector<double>{0.5, 0.5}}};
  EXPECT_EQ(Refusal({{{1, 2}}, {2}, {}}, thresholds), "Labels MUST be in {0, 1}, but got 2.0");
  const ParamMap three = {{"thresholds", std::vector<double>{0.5, 0.5, 0.1}}};
  EXPECT_EQ(Refusal({{{1, 2}}, {3}, {}}, three), "Labels MUST be in [0, 3), but got 3.0");
  EXPECT_EQ(Refusal({{{1, 2}, {1, 2}}, {0, 1}, {0, 1}}, {{"weightCol", std::string("w")}}),
            "requirement failed: Nothing has been added to this summarizer.");
  EXPECT_EQ(Refusal(RowsForTest(), {}), "empty collection");
  const auto sizes = FitForTest(
      kClass, {}, {Blocks({{{1, 2}}, {0}, {}}, 1)[0], Blocks({{{1, 2, 3}}, {0}, {}}, 1)[0]});
  EXPECT_TRUE(base::Is(sizes.status(), base::kIllegalArgument));
  EXPECT_FALSE(MakeEstimator(kClass, "u", {{"modelType", std::string("x")}}).ok());
  EXPECT_FALSE(MakeEstimator(kClass, "u", {{"smoothing", -1.0}}).ok());
  const auto estimator = MakeEstimator(kClass, "u", {}).value();
  EXPECT_FALSE(
      estimator
          ->CheckInput(
              *MakeTable({NumberColumn("features", {1.0}), NumberColumn("label", {1.0})})->schema())
          .ok());
}

TEST(NaiveBayesModel, AttributesAndRefusals) {
  const auto model = Fit(Counts("multinomial", false), 2, {});
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(std::get<std::string>((*model)->Get("toString", {}).value()),
            "NaiveBayesModel: uid=uid, modelType=multinomial, numClasses=3, numFeatures=6");
  EXPECT_EQ(std::get<int64_t>((*model)->Get("numFeatures", {}).value()), 6);
  EXPECT_TRUE(base::Is((*model)->Get("labels", {}).status(), base::kMlAttribute));
  const VectorValue row = table::SparseVector(6, {1}, {2.0});
  const auto raw = std::get<VectorValue>((*model)->Get("predictRaw", {row}).value());
  const auto probability =
      std::get<VectorValue>((*model)->Get("predictProbability", {row}).value());
  double sum = 0;
  for (const double p : probability.values) sum += p;
  EXPECT_TRUE(Close(sum, 1, 1e-15));
  EXPECT_TRUE(Close(probability.values[1] / probability.values[0],
                    std::exp(raw.values[1] - raw.values[0]), 1e-12));
  EXPECT_TRUE((*model)->Get("predict", {row}).ok());
  EXPECT_FALSE((*model)->Get("predict", {table::DenseVector({1, 2})}).ok());
  const auto text = [&](const VectorValue& v) {
    return base::Message((*model)->Apply(MakeTable({VectorColumn("features", {v})})).status());
  };
  EXPECT_EQ(text(table::DenseVector({1, -1, 0, 0, 0, 0})),
            "requirement failed: Naive Bayes requires nonnegative feature values but found "
            "[1.0,-1.0,0.0,0.0,0.0,0.0].");
  EXPECT_FALSE((*model)->Apply(MakeTable({VectorColumn("features", {std::nullopt})})).ok());
  const auto other = (*model)->WithParams({{"thresholds", std::vector<double>{0.5, 0.5}}});
  ASSERT_TRUE(other.ok());
  const auto table = MakeTable({VectorColumn("features", {row})});
  EXPECT_EQ(base::Message((*other)->Apply(table).status()),
            "requirement failed: NaiveBayesModel.transform() called with non-matching numClasses "
            "and thresholds.length. numClasses=3, but thresholds has length 2");
  const auto out = (*model)->Apply(table);
  EXPECT_TRUE((*(*model)->OutputSchema(*table->schema()))->Equals(*(*out)->schema(), true));
  const auto fewer = (*model)->WithParams({{"rawPredictionCol", std::string()}}).value();
  EXPECT_EQ((*fewer->Apply(table))->num_columns(), 3);
}

TEST(BayesKernel, RoundTrips) {
  for (const BayesType type : {BayesType::kMultinomial, BayesType::kGaussian}) {
    for (const bool sparse : {false, true}) {
      RowsForTest rows = {{{1, 0, 0, 0, 0, 0, 0, 9}, {2, 0, 0, 0, 0, 0, 0, 0}}, {0, 4}, {}};
      const auto block = Blocks(rows, 1, sparse)[0];
      CheckKernelForTest(BayesKernel(type, 0), {.features = &block});
    }
  }
}

// How many sums aren't 0 is of rows: one more or less doesn't show.
TEST(BayesKernel, PartialsArePadded) {
  const auto size = [](size_t numbers) {
    std::vector<double> row(1000);
    std::fill_n(row.begin(), numbers, 1.0);
    const RowsForTest rows = {{row}, {0}, {}};
    const auto block = Blocks(rows, 1, /*sparse=*/false)[0];
    return BayesKernel(BayesType::kMultinomial, 0).Map({.features = &block})->size();
  };
  EXPECT_EQ(size(500), size(501));
  EXPECT_EQ(size(999), size(1000));
  EXPECT_LT(size(500), size(999));
}

TEST(Softmax, OfInfinities) {
  std::vector<double> values = {1, kInfinityForTest, kInfinityForTest};
  Softmax(values.data(), 3);
  EXPECT_EQ(values, (std::vector<double>{0, 0.5, 0.5}));
}

TEST(CompressedMatrix, TakesTheSmallestForm) {
  const std::vector<double> dense = {1, 2, 3, 4, 5, 6};
  EXPECT_TRUE(CompressedMatrix(2, 3, dense).dense);
  EXPECT_EQ(RowMajor(CompressedMatrix(2, 3, dense)), dense);
  std::vector<double> wide(80, 0.0), tall(80, 0.0);
  wide[41] = tall[41] = 7;
  const auto by_rows = CompressedMatrix(2, 40, wide);
  EXPECT_TRUE(!by_rows.dense && by_rows.transposed);
  EXPECT_EQ(RowMajor(by_rows), wide);
  const auto by_columns = CompressedMatrix(40, 2, tall);
  EXPECT_TRUE(!by_columns.dense && !by_columns.transposed);
  EXPECT_EQ(RowMajor(by_columns), tall);
}

}  // namespace
}  // namespace soteria::ml
