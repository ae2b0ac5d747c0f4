// MinMaxScaler, MaxAbsScaler, Normalizer, Bucketizer, Imputer and VectorIndexer, against what stock
// Spark 4.3 answers for the same rows.
#include "src/ml/extremes/kernels.h"
#include "src/ml/imputer/kernels.h"
#include "src/ml/stage_for_test.h"
#include "src/ml/vector_indexer/kernels.h"
#include "src/ml/vector_map.h"

namespace soteria::ml {
namespace {

using table::DenseVector;
using table::SparseVector;
using Texts = std::vector<std::string>;

ParamMap InOut() { return {{"inputCol", std::string("v")}, {"outputCol", std::string("o")}}; }

std::shared_ptr<arrow::Table> Mixed() {
  return MakeTable({VectorColumn("v", {DenseVector({1, -5, 3, 0}), SparseVector(4, {1}, {2.0}),
                                       DenseVector({4, kNanForTest, 3, 0})})});
}

void ExpectRows(const arrow::Table& table, const std::vector<std::vector<double>>& rows,
                double tolerance = 1e-15) {
  const auto found = VectorsOf(table, "o");
  ASSERT_EQ(found.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_TRUE(Close(table::ToDense(table::View(found[i])).values, rows[i], tolerance)) << i;
  }
}

VectorValue Vector(const Model& model, const char* attribute) {
  return std::get<VectorValue>(model.Get(attribute, {}).value());
}

std::string TextOf(const Model& model) {
  return std::get<std::string>(model.Get("toString", {}).value());
}

TEST(MinMaxScaler, IsSparks) {
  for (const int64_t partitions : {1, 5, 8}) {
    ParamMap params = InOut();
    params["min"] = -1.0;
    params["max"] = 2.0;
    const auto model = FitForTest("MinMaxScaler", params, Mixed(), partitions);
    ASSERT_TRUE(model.ok()) << base::Message(model.status());
    EXPECT_EQ(Vector(**model, "originalMin"), SparseVector(4, {1}, {-5.0}));
    EXPECT_EQ(Vector(**model, "originalMax"), DenseVector({4, 2, 3, 0}));
    const auto out = (*model)->Apply(Mixed());
    ExpectRows(**out, {{-0.25, -1, 2, 0.5}, {-1, 2, -1, 0.5}, {2, kNanForTest, 2, 0.5}});
    EXPECT_EQ(MetadataOf(**out, "o"), "{\"ml_attr\":{\"num_attrs\":4}}");
    EXPECT_EQ(TextOf(**model), "MinMaxScalerModel: uid=uid, numFeatures=4, min=-1.0, max=2.0");
    ExpectRoundTrips(**model);
  }
  const auto nan = FitForTest("MinMaxScaler", InOut(),
                              MakeTable({VectorColumn("v", {DenseVector({kNanForTest, 1}),
                                                            DenseVector({kNanForTest, 2})})}));
  EXPECT_EQ(Vector(**nan, "originalMax"), DenseVector({-1.7976931348623157e+308, 2}));
}

TEST(MinMaxScaler, DenseRowsMayBecomeSparse) {
  const auto dense = MakeTable({DenseVectorColumn("v", {{0, 0, 0, 0, 0}, {1, 2, 3, 4, 5}})});
  const auto model = FitForTest("MinMaxScaler", InOut(), dense);
  const auto rows = VectorsOf(**(*model)->Apply(dense), "o");
  EXPECT_EQ(rows[0], SparseVector(5, {}, {}));
  EXPECT_EQ(rows[1], DenseVector({1, 1, 1, 1, 1}));
  const auto full = MakeTable({DenseVectorColumn("v", {{1, 2, 3, 4, 5}})});
  EXPECT_EQ((*(*model)->Apply(full))->GetColumnByName("o")->type()->id(),
            arrow::Type::FIXED_SIZE_LIST);
}

TEST(MinMaxScaler, Refusals) {
  ParamMap equal = InOut();
  equal["min"] = 1.0;
  EXPECT_EQ(Refusal(FitForTest("MinMaxScaler", equal, Mixed())),
            "requirement failed: The specified min(1.0) is larger or equal to max(1.0)");
  EXPECT_EQ(Refusal(FitForTest("MinMaxScaler", InOut(), Mixed()->Slice(0, 0))),
            "requirement failed: Nothing has been added to this summarizer.");
  const auto model = FitForTest("MinMaxScaler", InOut(), Mixed());
  const auto short_rows = MakeTable({VectorColumn("v", {DenseVector({1})})});
  EXPECT_EQ(Refusal((*model)->Apply(short_rows)),
            "requirement failed: Number of features must be 4 but got 1");
  EXPECT_FALSE((*model)->Apply(MakeTable({VectorColumn("v", {std::nullopt})})).ok());
  EXPECT_EQ(Refusal(FitForTest("MinMaxScaler",
                               {{"inputCol", std::string("v")}, {"outputCol", std::string("v")}},
                               Mixed())),
            "requirement failed: Output column v already exists.");
  const Extremes wide{1, {1, 2}, {1, 2}};
  const Extremes narrow{1, {1}, {1}};
  EXPECT_FALSE(ExtremesKernel().Merge({wide.Encode(), narrow.Encode()}).ok());
  const auto block = Blocks(BreastCancer(), 1)[0];
  const auto sparse = Blocks(BreastCancer(), 1, true)[0];
  EXPECT_EQ(MapForTest(ExtremesKernel(), block).value(),
            MapForTest(ExtremesKernel(), sparse).value());
  ExpectPartialRefusesOthers(ExtremesKernel(), {.features = &block});
}

TEST(MaxAbsScaler, IsSparks) {
  const auto model = FitForTest("MaxAbsScaler", InOut(), Mixed(), 3);
  EXPECT_EQ(Vector(**model, "maxAbs"), DenseVector({4, 5, 3, 0}));
  const auto out = (*model)->Apply(Mixed());
  ExpectRows(**out, {{0.25, -1, 1, 0}, {0, 0.4, 0, 0}, {1, kNanForTest, 1, 0}});
  EXPECT_FALSE(VectorsOf(**out, "o")[1].dense);
  EXPECT_EQ(TextOf(**model), "MaxAbsScalerModel: uid=uid, numFeatures=4");
  EXPECT_EQ(
      VectorsOf(**(*model)->Apply(MakeTable({VectorColumn("v", {DenseVector({1})})})), "o")[0],
      DenseVector({0.25}));
  EXPECT_FALSE(
      (*model)->Apply(MakeTable({VectorColumn("v", {DenseVector({1, 2, 3, 4, 5})})})).ok());
  ExpectRoundTrips(**model);
}

TEST(Normalizer, NormsAreSparks) {
  const auto table = MakeTable({VectorColumn(
      "v", {DenseVector({1, -5, 3, 0}), SparseVector(4, {1}, {2.0}), DenseVector({0, 0, 0, 0})})});
  const auto rows = [&](double p) {
    ParamMap params = InOut();
    params["p"] = p;
    return *ApplyForTest("Normalizer", params, table);
  };
  ExpectRows(*rows(1), {{1 / 9.0, -5 / 9.0, 3 / 9.0, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}});
  const double two = std::sqrt(35.0);
  ExpectRows(*rows(2), {{1 / two, -5 / two, 3 / two, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}});
  const double three = std::pow(153.0, 1.0 / 3);
  ExpectRows(*rows(3), {{1 / three, -5 / three, 3 / three, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}});
  ExpectRows(*rows(kInfinityForTest), {{0.2, -1, 0.6, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}});
  EXPECT_EQ(MetadataOf(*rows(2), "o"), "{}");
  ParamMap half = InOut();
  half["p"] = 0.5;
  EXPECT_EQ(Refusal(ApplyForTest("Normalizer", half, table)),
            "uid parameter p given invalid value 0.5.");
  EXPECT_EQ(Refusal(ApplyForTest("Normalizer", InOut(), MakeTable({NumberColumn("v", {1.0})}))),
            "requirement failed: Input type must be struct<type:tinyint,size:int,"
            "indices:array<int>,values:array<double>> but got double.");
  EXPECT_EQ(
      Refusal(ApplyForTest(
          "Normalizer", {{"inputCol", std::string("v")}, {"outputCol", std::string("v")}}, table)),
      "Output column v already exists.");
  const auto dense = MakeTable({DenseVectorColumn("v", {{3, 4}})});
  EXPECT_EQ(VectorsOf(**ApplyForTest("Normalizer", InOut(), dense), "o")[0],
            DenseVector({0.6, 0.8}));
  ExpectRoundTrips(**MakeTransformer(FeatureClass("Normalizer"), "uid", InOut()));
}

TEST(Bucketizer, BucketsAreSparks) {
  const auto rows =
      MakeTable({NumberColumn("a", {0.0, 0.5, 1.0, 2.0}), IntColumn("b", {1, 2, 3, 4})});
  const ParamMap one = {{"inputCol", std::string("a")},
                        {"outputCol", std::string("o")},
                        {"splits", std::vector<double>{0, 0.5, 1, 2}}};
  const auto out = ApplyForTest("Bucketizer", one, rows);
  EXPECT_EQ(DoublesOf(**out, "o"), (std::vector<double>{0, 1, 2, 2}));
  EXPECT_EQ(MetadataOf(**out, "o"),
            R"({"ml_attr":{"ord":true,"type":"nominal","vals":["0.0, 0.5","0.5, 1.0",)"
            R"("1.0, 2.0"]}})");
  const ParamMap two = {
      {"inputCols", Texts{"a", "b"}},
      {"outputCols", Texts{"x", "y"}},
      {"splitsArray", DoubleArrays{{-kInfinityForTest, 0.5, kInfinityForTest}, {0, 2, 9}}}};
  const auto both = ApplyForTest("Bucketizer", two, rows);
  EXPECT_EQ(DoublesOf(**both, "x"), (std::vector<double>{0, 1, 1, 1}));
  EXPECT_EQ(DoublesOf(**both, "y"), (std::vector<double>{0, 1, 1, 1}));
  ExpectRoundTrips(**MakeTransformer(FeatureClass("Bucketizer"), "uid", two));
  ExpectRoundTrips(**MakeTransformer(FeatureClass("Bucketizer"), "uid", one));
}

TEST(Bucketizer, NanNullsAndOutside) {
  const auto rows = MakeTable({NumberColumn("a", {0.2, kNanForTest, std::nullopt, 9.0})});
  ParamMap params = {{"inputCol", std::string("a")},
                     {"outputCol", std::string("o")},
                     {"splits", std::vector<double>{0, 0.5, 1, 20}},
                     {"handleInvalid", std::string("keep")}};
  const auto kept = ApplyForTest("Bucketizer", params, rows);
  EXPECT_TRUE(Close(DoublesOf(**kept, "o"), {0, 3, kNanForTest, 2}, 0));
  EXPECT_EQ((*kept)->GetColumnByName("o")->null_count(), 1);
  params["handleInvalid"] = std::string("skip");
  EXPECT_EQ(DoublesOf(**ApplyForTest("Bucketizer", params, rows), "o"),
            (std::vector<double>{0, 2}));
  params["handleInvalid"] = std::string("error");
  EXPECT_EQ(Refusal(ApplyForTest("Bucketizer", params, rows)),
            "Bucketizer encountered NaN value. To handle or skip NaNs, try setting"
            " Bucketizer.handleInvalid.");
  EXPECT_EQ(Refusal(ApplyForTest("Bucketizer", params, MakeTable({NumberColumn("a", {-1.0})}))),
            "Feature value -1.0 out of Bucketizer bounds [0.0, 20.0]. Check your features, or"
            " loosen the lower/upper bound constraints.");
}

TEST(Bucketizer, RefusalsAreSparks) {
  const auto rows = MakeTable({NumberColumn("a", {1.0}), NumberColumn("b", {1.0})});
  const auto text = [&](ParamMap params) {
    return Refusal(ApplyForTest("Bucketizer", params, rows));
  };
  const ParamValue a = std::string("a");
  const ParamValue o = std::string("o");
  const ParamValue splits = std::vector<double>{0, 1, 2};
  EXPECT_EQ(text({{"inputCol", a}, {"outputCol", o}, {"splits", std::vector<double>{0, .5, .4}}}),
            "uid parameter splits given invalid value [0.0,0.5,0.4].");
  EXPECT_EQ(text({{"inputCol", a}, {"outputCol", o}}),
            "Bucketizer Bucketizer: uid=uid has the inputCol Param set for single-column transform."
            " The following Params must be defined but are not set: splits.");
  EXPECT_EQ(
      text({{"inputCols", Texts{"a"}},
            {"outputCols", Texts{"o"}},
            {"splitsArray", DoubleArrays{{0, 1, 2}, {0, 1, 2}}}}),
      "requirement failed: Bucketizer Bucketizer: uid=uid, numInputCols=1, numOutputCols=1 has"
      " mismatched Params for multi-column transform. Params (inputCols, outputCols,"
      " splitsArray) should have equal lengths, but they have different lengths:"
      " (1, 1, 2).");
  EXPECT_EQ(text({{"inputCol", a}, {"outputCol", std::string("b")}, {"splits", splits}}),
            "requirement failed: Column b already exists.");
}

std::shared_ptr<arrow::Table> Gaps() {
  const auto floats = std::make_shared<arrow::FloatArray>(
      5, arrow::Buffer::FromVector(std::vector<float>{kNanForTest, 3.5F, 0, 1, 3.5F}),
      arrow::Buffer::FromVector(std::vector<uint8_t>{0b11011}));
  return MakeTable({NumberColumn("a", {1.0, 2.0, kNanForTest, 5.0, std::nullopt}),
                    {arrow::field("b", arrow::float32()), floats},
                    IntColumn("c", {4, 4, 2, 2, 9})});
}

TEST(Imputer, SurrogatesAreSparks) {
  struct Case {
    const char* strategy;
    double missing;
    std::vector<double> surrogates;
    std::vector<double> x, z;
  };
  const double third = 2.6666666666666665;
  const double nan = kNanForTest;
  for (const Case& c :
       {Case{"mean", nan, {third, third, 4.2}, {1, 2, third, 5, third}, {4, 4, 2, 2, 9}},
        Case{"mean", 2, {3, third, 17.0 / 3}, {1, 3, nan, 5, 3}, {4, 4, 5, 5, 9}},
        Case{"median", nan, {2, 3.5, 4}, {1, 2, 2, 5, 2}, {4, 4, 2, 2, 9}},
        Case{"median", 2, {1, 3.5, 4}, {1, 1, nan, 5, 1}, {4, 4, 4, 4, 9}},
        Case{"mode", nan, {1, 3.5, 2}, {1, 2, 1, 5, 1}, {4, 4, 2, 2, 9}},
        Case{"mode", 2, {1, 3.5, 4}, {1, 1, nan, 5, 1}, {4, 4, 4, 4, 9}}}) {
    for (const int64_t partitions : {1, 5, 8}) {
      const auto model = FitForTest("Imputer",
                                    {{"strategy", std::string(c.strategy)},
                                     {"missingValue", c.missing},
                                     {"inputCols", Texts{"a", "b", "c"}},
                                     {"outputCols", Texts{"x", "y", "z"}}},
                                    Gaps(), partitions);
      ASSERT_TRUE(model.ok()) << base::Message(model.status());
      const auto surrogates = *(*model)->Rows("surrogateDF", {});
      EXPECT_TRUE((*(*model)->RowsSchema("surrogateDF", {}))->Equals(*surrogates->schema()));
      for (size_t i = 0; i < 3; ++i) {
        const std::string name(1, static_cast<char>('a' + i));
        EXPECT_TRUE(Close(DoublesOf(*surrogates, name)[0], c.surrogates[i], 1e-15)) << c.strategy;
      }
      const auto out = *(*model)->Apply(Gaps());
      EXPECT_TRUE(Close(DoublesOf(*out, "x"), c.x, 1e-15)) << c.strategy << c.missing;
      EXPECT_TRUE(Close(DoublesOf(*out, "z"), c.z, 0)) << c.strategy << c.missing;
      EXPECT_EQ(out->schema()->GetFieldByName("y")->type()->id(), arrow::Type::FLOAT);
      ExpectRoundTrips(**model);
    }
  }
}

// spark.range(0, n, 1, partitions).selectExpr("double((id * 7919) % n) a")
TEST(Imputer, MediansOfManyAreSparks) {
  const auto median = [](int64_t n, int64_t partitions, double error) {
    std::vector<std::shared_ptr<arrow::Table>> parts;
    for (int64_t p = 0; p < partitions; ++p) {
      std::vector<std::optional<double>> rows;
      for (int64_t i = p * n / partitions; i < (p + 1) * n / partitions; ++i) {
        rows.push_back(static_cast<double>(i * 7919 % n));
      }
      parts.push_back(MakeTable({NumberColumn("a", rows)}));
    }
    WorkForTest work(std::move(parts));
    const auto estimator = MakeEstimator(FeatureClass("Imputer"), "uid",
                                         {{"strategy", std::string("median")},
                                          {"inputCol", std::string("a")},
                                          {"relativeError", error}});
    const auto fit = (*estimator)->Fit(work);
    return DoublesOf(**fit->model->Rows("surrogateDF", {}), "a")[0];
  };
  EXPECT_EQ(median(20000, 3, 0.01), 9867.0);
  EXPECT_EQ(median(1500, 2, 0.1), 627.0);
}

TEST(Imputer, Refusals) {
  const auto text = [](ParamMap params) { return Refusal(FitForTest("Imputer", params, Gaps())); };
  EXPECT_EQ(Refusal(FitForTest("Imputer",
                               {{"inputCols", Texts{"a", "b"}}, {"outputCols", Texts{"x", "y"}}},
                               Gaps()->Slice(2, 1))),
            "surrogate cannot be computed. All the values in a,b are Null, Nan or"
            " missingValue(NaN)");
  EXPECT_EQ(text({{"inputCols", Texts{"a", "b"}}, {"outputCols", Texts{"x", "x"}}}),
            "requirement failed: outputCols contains duplicates: (x, x)");
  EXPECT_EQ(text({{"inputCols", Texts{"a", "b"}}, {"outputCols", Texts{"x"}}}),
            "requirement failed: inputCols(2) and outputCols(1) should have the same length");
  EXPECT_EQ(text({{"inputCol", std::string("a")}, {"strategy", std::string("zz")}}),
            "uid parameter strategy given invalid value zz.");
  const auto table = Gaps();
  for (const ImputeBy by : {ImputeBy::kMean, ImputeBy::kMedian, ImputeBy::kMode}) {
    ExpectPartialRefusesOthers(SurrogatesKernel(by, 0, 0.001, {"a", "c"}), {.table = table.get()});
  }
}

std::shared_ptr<arrow::Table> Few() {
  return MakeTable(
      {VectorColumn("v", {DenseVector({0, 1.5, -1, 3}), SparseVector(4, {1, 3}, {2.5, -1}),
                          DenseVector({0, 3.5, -1, 3}), DenseVector({2, 4.5, 0, 5})})});
}

ParamMap Indexed(const std::string& invalid) {
  ParamMap params = InOut();
  params["maxCategories"] = int64_t{3};
  params["handleInvalid"] = invalid;
  return params;
}

TEST(VectorIndexer, CategoriesAreSparks) {
  for (const int64_t partitions : {1, 5, 8}) {
    const auto model = FitForTest("VectorIndexer", Indexed("error"), Few(), partitions);
    ASSERT_TRUE(model.ok()) << base::Message(model.status());
    const auto maps = *(*model)->Rows("categoryMapsDF", {});
    EXPECT_TRUE((*(*model)->RowsSchema("categoryMapsDF", {}))->Equals(*maps->schema()));
    EXPECT_EQ(DoublesOf(*maps, "featureIndex"), (std::vector<double>{0, 0, 2, 2, 3, 3, 3}));
    EXPECT_EQ(DoublesOf(*maps, "originalValue"), (std::vector<double>{0, 2, -1, 0, -1, 3, 5}));
    EXPECT_EQ(DoublesOf(*maps, "categoryIndex"), (std::vector<double>{0, 1, 1, 0, 0, 1, 2}));
    const auto out = (*model)->Apply(Few());
    ExpectRows(**out, {{0, 1.5, 1, 1}, {0, 2.5, 0, 0}, {0, 3.5, 1, 1}, {1, 4.5, 0, 2}});
    EXPECT_EQ(MetadataOf(**out, "o"),
              R"({"ml_attr":{"attrs":{"binary":[{"idx":0,"vals":["0.0","2.0"]},{"idx":2,"vals":)"
              R"(["-1.0","0.0"]}],"nominal":[{"idx":3,"ord":false,"vals":["-1.0","3.0","5.0"]}]},)"
              R"("num_attrs":4}})");
    EXPECT_EQ(TextOf(**model), "VectorIndexerModel: uid=uid, numFeatures=4, handleInvalid=error");
    ExpectRoundTrips(**model, /*saves=*/false);
    EXPECT_TRUE(base::Is(Save(**model, 1).status(), base::kUnsupported));
  }
}

TEST(VectorIndexer, UnseenValues) {
  const auto model = FitForTest("VectorIndexer", Indexed("error"), Few());
  const auto unseen = MakeTable({VectorColumn(
      "v", {DenseVector({7, 7, 7, 7}), SparseVector(4, {0}, {2.0}), SparseVector(4, {0}, {8.0})})});
  EXPECT_EQ(Refusal((*model)->Apply(unseen)),
            "VectorIndexer encountered invalid value 7.0 on feature index 0. To handle or skip"
            " invalid value, try setting VectorIndexer.handleInvalid.");
  const auto keep = (*model)->WithParams({{"handleInvalid", std::string("keep")}});
  ExpectRows(**(*keep)->Apply(unseen), {{2, 7, 2, 3}, {1, 0, 0, 0}, {2, 0, 0, 0}});
  const auto skip = (*model)->WithParams({{"handleInvalid", std::string("skip")}});
  ExpectRows(**(*skip)->Apply(unseen), {{1, 0, 0, 0}});
  EXPECT_EQ(Refusal((*model)->Apply(MakeTable({VectorColumn("v", {DenseVector({7, 7})})}))),
            "assertion failed: VectorIndexerModel expected vector of length 4 but found length 2");
  EXPECT_EQ(Refusal(FitForTest("VectorIndexer", InOut(), Few()->Slice(0, 0))),
            "head of empty array");
  const auto dense = MakeTable({DenseVectorColumn("v", {{7, 1}, {8, 1}})});
  const auto small = FitForTest("VectorIndexer", InOut(), dense, 2);
  ExpectRows(**(*small)->Apply(dense), {{0, 0}, {1, 0}});
}

// spark.createDataFrame([(Vectors.dense(-0.0, -0.0),), (Vectors.dense(0.0, 2.0),), ...
TEST(VectorIndexer, TwoZerosAreSparks) {
  const auto rows =
      MakeTable({VectorColumn("v", {DenseVector({-0.0, -0.0, 1}), DenseVector({0.0, 2.0, 1}),
                                    DenseVector({2.0, 2.0, 1})})});
  for (const int64_t partitions : {1, 3}) {
    const auto model = FitForTest("VectorIndexer", InOut(), rows, partitions);
    const auto maps = *(*model)->Rows("categoryMapsDF", {});
    EXPECT_EQ(DoublesOf(*maps, "featureIndex"), (std::vector<double>{0, 1, 1, 2}));
    EXPECT_EQ(DoublesOf(*maps, "originalValue"), (std::vector<double>{2, 0, 2, 1}));
    EXPECT_EQ(DoublesOf(*maps, "categoryIndex"), (std::vector<double>{0, 0, 1, 0}));
    EXPECT_FALSE((*model)->Apply(rows).ok()) << "0.0 is none of the first feature's";
  }
}

TEST(VectorIndexer, ManyValuesAndMerges) {
  std::vector<std::optional<VectorValue>> rows;
  for (int i = 0; i < 3000; ++i) {
    rows.emplace_back(
        DenseVector({static_cast<double>(i * 7919 % 1000), i % 150 - 5.0, static_cast<double>(i)}));
  }
  const auto table = MakeTable({VectorColumn("v", rows)});
  ParamMap params = InOut();
  params["maxCategories"] = int64_t{1000};
  const auto of = [&](int64_t partitions) {
    return *(*FitForTest("VectorIndexer", params, table, partitions))->Rows("categoryMapsDF", {});
  };
  const auto one = of(1);
  EXPECT_EQ(one->num_rows(), 1150);
  EXPECT_EQ(DoublesOf(*one, "originalValue")[999], 999);
  EXPECT_EQ(DoublesOf(*one, "originalValue")[1000], -5);
  EXPECT_EQ(DoublesOf(*one, "categoryIndex")[1000], 1);
  EXPECT_TRUE(one->Equals(*of(7)));
}

// Elements that metadata don't tell of come after one that they name.
TEST(VectorIndexer, MetadataOfTheFirstElements) {
  const auto table = MakeTable({NumberColumn("a", {1.0, 2.0}),
                                VectorColumn("b", {DenseVector({0, 3}), DenseVector({1, 3})})});
  const auto assembled = *ApplyForTest(
      "VectorAssembler", {{"inputCols", Texts{"a", "b"}}, {"outputCol", std::string("v")}}, table);
  const auto model = FitForTest("VectorIndexer", InOut(), assembled);
  EXPECT_EQ(MetadataOf(**(*model)->Apply(assembled), "o"),
            R"({"ml_attr":{"attrs":{"binary":[{"idx":0,"name":"a","vals":["1.0","2.0"]},)"
            R"({"idx":1,"vals":["0.0","1.0"]}],"nominal":[{"idx":2,"ord":false,"vals":["3.0"]}]},)"
            R"("num_attrs":3}})");
}

// HashingTF(numFeatures=2147483647) makes such rows of any text.
TEST(Features, TooManyAreRefusedBeforeTheyAreHeld) {
  const auto rows = MakeTable({VectorColumn("v", {SparseVector(INT32_MAX, {5}, {1.0})})});
  for (const char* name :
       {"IDF", "MinMaxScaler", "MaxAbsScaler", "StandardScaler", "VectorIndexer", "PCA"}) {
    ParamMap params = InOut();
    if (std::string(name) == "PCA") params["k"] = int64_t{2};
    const auto fit = FitForTest(name, params, rows);
    EXPECT_TRUE(base::Is(fit.status(), base::kMemoryLimit)) << name;
    EXPECT_EQ(base::Message(fit.status()), "The vectors have more than 33554432 features") << name;
  }
  const auto assembled =
      ApplyForTest("VectorAssembler", {{"inputCols", Texts{"h"}}, {"outputCol", std::string("o")}},
                   *ApplyForTest("HashingTF",
                                 {{"inputCol", std::string("w")},
                                  {"outputCol", std::string("h")},
                                  {"numFeatures", int64_t{INT32_MAX / 2}}},
                                 MakeTable({WordsColumn("w", {{"a"}})})));
  ASSERT_TRUE(assembled.ok()) << base::Message(assembled.status());
  EXPECT_EQ(VectorsOf(**assembled, "o")[0].size, INT32_MAX / 2);
}

TEST(Features, SparseRowsBecomeDenseOnesWithinALimit) {
  VectorMap map;
  map.filled_max = 20;
  map.any = [](const table::VectorView& row) { return table::ToDense(row); };
  const auto sparse = SparseVector(10, {5}, {1.0});
  const auto apply = [&](const std::vector<std::optional<VectorValue>>& rows) {
    return MapVectors(MakeTable({VectorColumn("v", rows)}), "v", "o", "{}", map).status();
  };
  EXPECT_TRUE(apply({sparse, sparse}).ok());
  EXPECT_TRUE(base::Is(apply({sparse, sparse, sparse}), base::kMemoryLimit));
  const std::vector<std::optional<VectorValue>> dense(9, table::ToDense(table::View(sparse)));
  EXPECT_TRUE(apply(dense).ok());
}

TEST(VectorIndexer, PartialsRefuseOthers) {
  const auto block = Blocks(BreastCancer(), 1)[0];
  const auto sparse = Blocks(BreastCancer(), 1, true)[0];
  const CategoriesKernel kernel(100);
  EXPECT_EQ(MapForTest(kernel, block).value(), MapForTest(kernel, sparse).value());
  ExpectPartialRefusesOthers(CategoriesKernel(3), {.features = &block});
  EXPECT_FALSE(DecodeKernel(CategoriesKernel::kKind, CategoriesKernel(0).Encode()).ok());
}

}  // namespace
}  // namespace soteria::ml
