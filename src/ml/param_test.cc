// Params: what is set and what is default, coercion, copying, encoding.
#include "src/ml/param.h"

#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/ml/catalog.h"
#include "src/ml/data_for_test.h"

namespace soteria::ml {
namespace {

const ClassInfo& Logistic() {
  return *FindClass("org.apache.spark.ml.classification.LogisticRegression").value();
}

TEST(Params, SetAndDefaultStayApart) {
  const auto params = Params::Make(Logistic(), "u", {{"maxIter", int64_t{5}}});
  ASSERT_TRUE(params.ok());
  EXPECT_EQ(params->Int("maxIter"), 5);
  EXPECT_TRUE(params->IsSet("maxIter"));
  EXPECT_FALSE(params->IsSet("tol"));
  EXPECT_TRUE(params->IsDefined("tol"));
  EXPECT_FALSE(params->IsDefined("weightCol"));
  EXPECT_EQ(params->Double("tol"), 1e-6);
  EXPECT_EQ(params->set().size(), 1U);
  EXPECT_EQ(params->Column("weightCol"), std::nullopt);
  EXPECT_EQ(params->Column("labelCol"), "label");
  EXPECT_EQ(params->With({{"labelCol", std::string()}})->Column("labelCol"), std::nullopt);
}

TEST(Params, DefaultsMayCarryTheUid) {
  const ClassInfo& info = *FindClass("org.apache.spark.ml.feature.StandardScaler").value();
  EXPECT_EQ(Params::Make(info, "ss_1", {})->String("outputCol"), "ss_1__output");
}

TEST(Params, CoercesLiterals) {
  const auto ok = [](const std::string& name, ParamValue value) {
    return Params::Make(Logistic(), "u", {{name, std::move(value)}}).ok();
  };
  EXPECT_TRUE(ok("regParam", int64_t{1}));
  EXPECT_TRUE(ok("maxIter", 10.0));
  EXPECT_FALSE(ok("maxIter", 10.5));
  EXPECT_FALSE(ok("maxIter", int64_t{1} << 40));
  EXPECT_FALSE(ok("maxIter", kNanForTest));
  EXPECT_FALSE(ok("maxIter", std::string("10")));
  EXPECT_FALSE(ok("regParam", kNanForTest));
  EXPECT_FALSE(ok("fitIntercept", int64_t{1}));
  EXPECT_FALSE(ok("labelCol", 3.0));
  EXPECT_TRUE(ok("thresholds", std::vector<std::string>{}));
  EXPECT_FALSE(ok("thresholds", std::vector<std::string>{"x"}));
  EXPECT_TRUE(ok("weightCol", ParamValue()));  // null: not set
  EXPECT_EQ(Params::Make(Logistic(), "u", {{"regParam", int64_t{1}}})->Double("regParam"), 1.0);
}

TEST(Params, EncodingRoundTripsAndRefusesOthers) {
  const auto params = Params::Make(Logistic(), "uid",
                                   {{"maxIter", int64_t{5}},
                                    {"labelCol", std::string("y")},
                                    {"fitIntercept", false},
                                    {"thresholds", std::vector<double>{0.25, 0.75}}});
  const std::string bytes = params->Encode();
  const auto back = Params::Decode(Logistic(), bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->Encode(), bytes);
  EXPECT_EQ(back->Doubles("thresholds"), (std::vector<double>{0.25, 0.75}));
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(Params::Decode(Logistic(), bytes.substr(0, n)).ok()) << n;
  }
  base::FieldWriter huge;
  huge.Add("u").AddU64(UINT64_MAX);
  EXPECT_TRUE(base::Is(Params::Decode(Logistic(), huge.Take()).status(), base::kProtocol));
}

TEST(ParamValues, RoundTrip) {
  MatrixValue matrix;
  matrix.num_rows = 2;
  matrix.num_cols = 2;
  matrix.values = {1, 2, 3, 4};
  const std::vector<ParamValue> values = {
      ParamValue(),
      true,
      int64_t{-7},
      kInfinityForTest,
      std::string("a\0b", 3),
      std::vector<double>{1, 2},
      std::vector<std::string>{"x", ""},
      std::vector<int64_t>{-1, INT64_MAX},
      table::SparseVector(9, {1, 8}, {0.5, -1}),
      table::DenseVector({1, 2, 3}),
      matrix,
  };
  for (const ParamValue& value : values) {
    const std::string bytes = EncodeValue(value);
    const auto back = DecodeValue(bytes);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, value);
    for (size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(DecodeValue(bytes.substr(0, n)).ok());
    EXPECT_FALSE(DecodeValue(bytes + "x").ok());
  }
}

TEST(ParamValues, RefuseHostileBytes) {
  base::FieldWriter strings;
  strings.AddU64(6).AddU64(UINT64_MAX);  // more strings than there are bytes
  EXPECT_TRUE(base::Is(DecodeValue(strings.Take()).status(), base::kProtocol));
  base::FieldWriter kind;
  kind.AddU64(99);
  EXPECT_TRUE(base::Is(DecodeValue(kind.Take()).status(), base::kProtocol));
  VectorValue bad;
  bad.dense = false;
  bad.size = 2;
  bad.indices = {5};
  bad.values = {1};
  EXPECT_TRUE(base::Is(DecodeValue(EncodeValue(bad)).status(), base::kProtocol));
}

TEST(Catalog, KnowsKindsAndRefusesOthers) {
  EXPECT_EQ(KindOf("org.apache.spark.ml.classification.LogisticRegression").value(),
            ClassKind::kEstimator);
  EXPECT_EQ(KindOf("org.apache.spark.ml.classification.LogisticRegressionModel").value(),
            ClassKind::kModel);
  EXPECT_EQ(KindOf("org.apache.spark.ml.feature.VectorAssembler").value(), ClassKind::kTransformer);
  EXPECT_EQ(KindOf("org.apache.spark.ml.evaluation.RegressionEvaluator").value(),
            ClassKind::kEvaluator);
  EXPECT_TRUE(base::Is(KindOf("java.lang.Runtime").status(), base::kUnsupported));
  EXPECT_EQ(base::Message(
                MakeEstimator("org.apache.spark.ml.clustering.GaussianMixture", "u", {}).status()),
            "pyspark.ml.clustering.GaussianMixture is not supported in an enclave. What is: "
            "docs/functions.md");
  EXPECT_TRUE(
      base::Is(MakeEstimator("org.apache.spark.ml.feature.VectorAssembler", "u", {}).status(),
               base::kMlUnsupported));
  EXPECT_TRUE(
      base::Is(MakeTransformer("org.apache.spark.ml.feature.StandardScalerModel", "u", {}).status(),
               base::kMlUnsupported));
  EXPECT_EQ(FindClass("org.apache.spark.ml.feature.VectorAssembler").value()->short_name(),
            "VectorAssembler");
}

}  // namespace
}  // namespace soteria::ml
