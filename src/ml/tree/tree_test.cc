// Tree estimators against stock Spark 4.3 (testdata/make_trees_reference.py): the same trees for
// the same partitions and seed; and on one and many partitions, dense and sparse rows, bad input,
// bytes from elsewhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/catalog.h"
#include "src/ml/data_for_test.h"
#include "src/ml/persist.h"
#include "src/ml/registration.h"
#include "src/ml/tree/estimator.h"
#include "src/ml/tree/model.h"
#include "src/ml/work_for_test.h"
#include "src/table/well19937c.h"

namespace soteria::ml {
namespace {

using Json = nlohmann::json;

const Json& Reference() {
  static const auto* const reference = [] {
    std::ifstream file(TestDataPath("trees_reference.json"));
    return new Json(Json::parse(file, nullptr, false));
  }();
  return *reference;
}

RowsForTest Mixed(int classes) {
  RowsForTest rows;
  for (int i = 0; i < 400; ++i) {
    const double sparse = i * 13 % 5 == 0 ? i % 11 : 0;
    rows.features.push_back({i * 7919 % 101 / 10.0, static_cast<double>(i * i % 3),
                             static_cast<double>(i * 31 % 7), static_cast<double>(i % 2), sparse});
    const int mark = i * 17 + i % 7 * 3;
    rows.label.push_back(classes > 0 ? mark % 13 % classes : i * 37 % 23 / 3.0 + i % 7);
  }
  return rows;
}

RowsForTest Big() {
  RowsForTest rows;
  for (int64_t i = 0; i < 24000; ++i) {
    rows.features.push_back({static_cast<double>(i * 7919 % 10007) / 7.0,
                             static_cast<double>(i * 104729 % 997) - 400.0,
                             static_cast<double>(i * 31 % 50)});
    rows.label.push_back(i * 7919 % 10007 % 3 == 0 || i * 31 % 50 > 40 ? 1 : 0);
  }
  return rows;
}

RowsForTest DataOf(const std::string& name) {
  if (name == "cancer") return BreastCancer();
  if (name == "big") return Big();
  return Mixed(name == "mixed2" ? 2 : name == "mixed3" ? 3 : 0);
}

constexpr char kMixedMetadata[] =
    R"({"ml_attr":{"attrs":{"numeric":[{"idx":0},{"idx":4}],"nominal":[{"idx":1,"vals":["a","b",)"
    R"("c"]},{"idx":2,"num_vals":7}],"binary":[{"idx":3}]},"num_attrs":5}})";

std::shared_ptr<arrow::Schema> SchemaOf(const std::string& data) {
  std::shared_ptr<arrow::Field> features = table::VectorField("features", true, std::nullopt);
  if (data.starts_with("mixed")) features = table::WithSparkMetadata(features, kMixedMetadata);
  return arrow::schema({features, arrow::field("label", arrow::float64()),
                        arrow::field("weight", arrow::float64()),
                        arrow::field("held", arrow::boolean())});
}

void Weigh(RowsForTest& rows) {
  for (size_t i = 0; i < rows.label.size(); ++i) {
    rows.weight.push_back(0.5 + static_cast<double>(i % 5));
  }
}

/// With the column `held`: every fourth row.
std::vector<std::shared_ptr<arrow::Table>> Tables(const RowsForTest& rows, size_t partitions) {
  std::vector<std::shared_ptr<arrow::Table>> tables;
  const size_t n = rows.label.size(), step = (n + partitions - 1) / partitions;
  for (size_t p = 0; p < partitions; ++p) {
    const size_t first = std::min(n, p * step), end = std::min(n, first + step);
    std::vector<std::vector<double>> features(rows.features.begin() + static_cast<long>(first),
                                              rows.features.begin() + static_cast<long>(end));
    std::vector<std::optional<double>> label, weight, held;
    for (size_t i = first; i < end; ++i) {
      label.emplace_back(rows.label[i]);
      weight.emplace_back(rows.weight.empty() ? 1.0 : rows.weight[i]);
      held.emplace_back(i % 4 == 0 ? 1.0 : 0.0);
    }
    tables.push_back(
        MakeTable({DenseVectorColumn("features", features), NumberColumn("label", label),
                   NumberColumn("weight", weight), NumberColumn("held", held)}));
  }
  return tables;
}

std::string ClassName(const std::string& name) {
  return base::Cat("org.apache.spark.ml.",
                   name.ends_with("Classifier") ? "classification." : "regression.", name);
}

ParamMap ParamsOf(const Json& json) {
  ParamMap params;
  for (const auto& [name, value] : json.items()) {
    if (value.is_boolean()) params[name] = value.get<bool>();
    if (value.is_number_integer()) params[name] = value.get<int64_t>();
    if (value.is_number_float()) params[name] = value.get<double>();
    if (value.is_string()) params[name] = value.get<std::string>();
  }
  return params;
}

std::unique_ptr<const Estimator> Make(const std::string& name, const ParamMap& params) {
  auto made = MakeEstimator(ClassName(name), "uid", params);
  EXPECT_TRUE(made.ok()) << base::Message(made.status());
  return std::move(made).value();
}

base::StatusOr<std::shared_ptr<const Model>> FitCase(const Json& spark, size_t partitions,
                                                     bool sparse = false) {
  const ParamMap params = ParamsOf(spark["params"]);
  const auto data = spark["data"].get<std::string>();
  RowsForTest rows = DataOf(data);
  if (params.contains("weightCol")) Weigh(rows);
  const auto estimator = Make(spark["class"].get<std::string>(), params);
  WorkForTest work = params.contains("validationIndicatorCol")
                         ? WorkForTest(Tables(rows, partitions))
                         : WorkForTest(Blocks(rows, partitions, sparse));
  SOTERIA_ASSIGN_OR_RETURN(FitResult fit, estimator->FitInput(work, *SchemaOf(data)));
  return fit.model;
}

std::string TextOf(const Model& model) {
  const auto text = std::get<std::string>(model.Get("toDebugString", {}).value());
  return text.substr(text.find('\n') + 1);
}

int64_t IntOf(const Model& model, std::string_view method) {
  return std::get<int64_t>(model.Get(method, {}).value());
}

/// The numbers of a text, and the text without them.
std::pair<std::string, std::vector<double>> Apart(const std::string& text) {
  std::pair<std::string, std::vector<double>> apart;
  for (size_t i = 0; i < text.size();) {
    const bool starts = std::isdigit(static_cast<unsigned char>(text[i])) != 0 ||
                        (text[i] == '-' && i + 1 < text.size() && std::isdigit(text[i + 1]) != 0);
    if (!starts) {
      apart.first += text[i++];
      continue;
    }
    size_t length = 0;
    apart.second.push_back(std::stod(text.substr(i), &length));
    i += length;
  }
  return apart;
}

/// The same but for the rounding of sums.
void ExpectSameText(const std::string& ours, const std::string& sparks) {
  const auto [our_words, our_numbers] = Apart(ours);
  const auto [their_words, their_numbers] = Apart(sparks);
  ASSERT_EQ(our_words, their_words) << ours << "\nand not\n" << sparks;
  EXPECT_TRUE(Close(our_numbers, their_numbers, 1e-9)) << ours << "\nand not\n" << sparks;
}

class TreesOfSpark : public ::testing::TestWithParam<std::string> {};

TEST_P(TreesOfSpark, AreOurs) {
  const Json& spark = Reference()["cases"][GetParam()];
  const auto fit = FitCase(spark, spark["partitions"].get<size_t>());
  ASSERT_TRUE(fit.ok()) << base::Message(fit.status());
  const Model& model = **fit;
  ExpectSameText(TextOf(model), spark["text"].get<std::string>());
  const bool one = spark.contains("depth");
  EXPECT_EQ(IntOf(model, one ? "numNodes" : "totalNumNodes"), spark["nodes"].get<int64_t>());
  if (one) {
    EXPECT_EQ(IntOf(model, "depth"), spark["depth"].get<int64_t>());
  }
  const auto importances = std::get<VectorValue>(model.Get("featureImportances", {}).value());
  EXPECT_EQ(importances.indices, spark["importances"][0].get<std::vector<int32_t>>());
  EXPECT_TRUE(Close(importances.values, spark["importances"][1].get<std::vector<double>>(), 1e-9));
  if (!one) {
    EXPECT_EQ(std::get<std::vector<double>>(model.Get("treeWeights", {}).value()),
              spark["weights"].get<std::vector<double>>());
  }
}

TEST_P(TreesOfSpark, TransformAsOurs) {
  const Json& spark = Reference()["cases"][GetParam()];
  const auto fit = FitCase(spark, spark["partitions"].get<size_t>());
  ASSERT_TRUE(fit.ok()) << base::Message(fit.status());
  const auto model = (*fit)->WithParams({{"leafCol", std::string("leaf")}}).value();
  RowsForTest rows = DataOf(spark["data"].get<std::string>());
  rows.features.resize(12);
  const auto table = model->Apply(MakeTable({DenseVectorColumn("features", rows.features)}));
  ASSERT_TRUE(table.ok()) << base::Message(table.status());
  EXPECT_TRUE((*table)->schema()->Equals(
      **model->OutputSchema(*MakeTable({DenseVectorColumn("features", rows.features)})->schema())));
  EXPECT_TRUE(Close(DoublesOf(**table, "prediction"),
                    spark["prediction"].get<std::vector<double>>(), 1e-9));
  if (spark.contains("variance")) {
    EXPECT_TRUE(
        Close(DoublesOf(**table, "variance"), spark["variance"].get<std::vector<double>>(), 1e-9));
  }
  const auto expect_vectors = [&](const char* column, const Json& expected) {
    const auto vectors = VectorsOf(**table, column);
    for (size_t i = 0; i < vectors.size(); ++i) {
      EXPECT_TRUE(Close(vectors[i].values, expected[i].get<std::vector<double>>(), 1e-9)) << i;
    }
  };
  if (spark.contains("raw")) {
    expect_vectors("rawPrediction", spark["raw"]);
    expect_vectors("probability", spark["probability"]);
  }
  if (spark.contains("depth")) {
    EXPECT_EQ(DoublesOf(**table, "leaf"), spark["leaf"].get<std::vector<double>>());
  } else {
    expect_vectors("leaf", spark["leaf"]);
  }
}

/// By a pass over the table's rows.
base::StatusOr<std::vector<double>> EachIteration(
    const Model& model, const Arguments& args, std::vector<std::shared_ptr<arrow::Table>> tables) {
  SOTERIA_ASSIGN_OR_RETURN(const auto question,
                           model.Over("evaluateEachIteration", args, *tables[0]->schema()));
  if (question == nullptr) return base::Fail(base::kMlAttribute, "no such question");
  EXPECT_TRUE(question->over_rows() && question->Needs("evaluateEachIteration"));
  EXPECT_FALSE(question->Get("evaluateEachIteration", {}).ok());
  WorkForTest work(std::move(tables));
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(question->kernel()));
  SOTERIA_ASSIGN_OR_RETURN(const auto answer, question->Complete(partial));
  SOTERIA_ASSIGN_OR_RETURN(const Attribute value, answer->Get("evaluateEachIteration", {}));
  return std::get<std::vector<double>>(value);
}

TEST_P(TreesOfSpark, LoseAsOurs) {
  const Json& spark = Reference()["cases"][GetParam()];
  if (!spark.contains("each")) return;
  const auto model = FitCase(spark, spark["partitions"].get<size_t>()).value();
  RowsForTest rows = DataOf(spark["data"].get<std::string>());
  Weigh(rows);
  const auto expect = [&](const Arguments& args, const Json& losses) {
    const auto ours = EachIteration(*model, args, Tables(rows, 3));
    ASSERT_TRUE(ours.ok()) << base::Message(ours.status());
    EXPECT_TRUE(Close(*ours, losses.get<std::vector<double>>(), 1e-9));
  };
  if (spark["each"].is_array()) return expect({}, spark["each"]);
  for (const char* loss : {"squared", "absolute"}) expect({std::string(loss)}, spark["each"][loss]);
}

std::vector<std::string> CaseNames() {
  std::vector<std::string> names;
  for (const auto& [name, unused] : Reference()["cases"].items()) names.push_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, TreesOfSpark, ::testing::ValuesIn(CaseNames()),
                         [](const auto& info) { return info.param; });

/// A case that Spark has no part in.
Json Case(const char* name, const char* data, Json params) {
  params["seed"] = 12;
  Json made;
  made["class"] = name;
  made["data"] = data;
  made["params"] = std::move(params);
  return made;
}

TEST(Generators, AreCommonsMaths) {
  for (const Json& poisson : Reference()["generators"]["poisson"]) {
    table::PoissonSampler sampler(poisson["mean"].get<double>(), poisson["seed"].get<int64_t>());
    for (const Json& draw : poisson["draws"]) EXPECT_EQ(sampler.Next(), draw.get<int64_t>());
  }
  const Json& well = Reference()["generators"]["well"];
  table::Well19937c random(well["seed"].get<int64_t>());
  for (const Json& draw : well["ints"]) EXPECT_EQ(random.NextInt(), draw.get<int32_t>());
  for (const Json& draw : well["doubles"]) EXPECT_EQ(random.NextDouble(), draw.get<double>());
  for (int i = 0; i < 1000; ++i) random.NextInt();
  EXPECT_EQ(random.NextInt(), well["later"].get<int32_t>());
}

TEST(Generators, ScalaSetsHaveTheirOrder) {
  for (const Json& set : Reference()["generators"]["sets"]) {
    EXPECT_EQ(tree::ScalaSetOrder(set["keys"].get<std::vector<int32_t>>()),
              set["order"].get<std::vector<int32_t>>());
  }
}

/// Exact sums don't depend on how rows are cut; bagging does, so that it is off here.
TEST(Distributed, IsSingle) {
  for (const Json& spark :
       {Case("DecisionTreeClassifier", "cancer", {{"maxDepth", 6}}),
        Case("DecisionTreeClassifier", "mixed3", {{"maxDepth", 6}}),
        Case("DecisionTreeRegressor", "mixed_numbers", {{"maxDepth", 6}}),
        Case("DecisionTreeClassifier", "cancer", {{"weightCol", "weight"}}),
        Case("GBTRegressor", "mixed_numbers", {{"maxIter", 4}, {"maxDepth", 3}})}) {
    const std::string single = TextOf(**FitCase(spark, 1));
    for (const size_t partitions : {size_t{5}, size_t{8}}) {
      const auto many = FitCase(spark, partitions);
      ASSERT_TRUE(many.ok()) << base::Message(many.status());
      ExpectSameText(TextOf(**many), single);
    }
  }
}

/// More rows than are gathered: histograms of all partitions, and the same tree.
TEST(Distributed, HistogramsAreMerged) {
  // So many bins that all rows are sampled.
  const Json spark = Case("DecisionTreeClassifier", "big", {{"maxDepth", 4}, {"maxBins", 160}});
  const std::string single = TextOf(**FitCase(spark, 1));
  EXPECT_EQ(TextOf(**FitCase(spark, 9)), single);
}

TEST(Distributed, SparseIsDense) {
  for (const Json& spark : {Case("DecisionTreeClassifier", "mixed3", {{"maxDepth", 6}}),
                            Case("DecisionTreeRegressor", "mixed_numbers", {{"maxDepth", 6}}),
                            Case("RandomForestClassifier", "mixed2", {{"numTrees", 3}})}) {
    EXPECT_EQ(TextOf(**FitCase(spark, 3, true)), TextOf(**FitCase(spark, 3, false))) << spark;
  }
}

TEST(Distributed, SameInputSameBytes) {
  const Json spark =
      Case("GBTClassifier", "cancer", {{"maxIter", 4}, {"maxDepth", 2}, {"subsamplingRate", 0.5}});
  EXPECT_EQ((*FitCase(spark, 3))->Encode(), (*FitCase(spark, 3))->Encode());
}

base::Status FitStatus(const std::string& name, const RowsForTest& rows,
                       const ParamMap& params = {}) {
  WorkForTest work(Blocks(rows, 1));
  return Make(name, params)->Fit(work).status();
}

TEST(BadInput, IsRefusedWithMllibsTexts) {
  const auto text = [](const base::Status& status) { return std::string(base::Message(status)); };
  const RowsForTest none;
  EXPECT_EQ(text(FitStatus("DecisionTreeClassifier", none)),
            "ML algorithm was given empty dataset.");
  for (const char* name : {"DecisionTreeRegressor", "GBTClassifier", "RandomForestRegressor"}) {
    EXPECT_EQ(text(FitStatus(name, none)),
              "DecisionTree requires size of input RDD > 0, but was given by empty one.");
  }
  EXPECT_EQ(text(FitStatus("DecisionTreeClassifier", {{{1}, {2}}, {0.5, 1}, {}})),
            "Labels MUST be Integers, but got 0.5");
  EXPECT_EQ(text(FitStatus("RandomForestClassifier", {{{1}, {2}}, {-1, 1}, {}})),
            "Labels MUST be in [0, 100), but got -1.0");
  EXPECT_EQ(text(FitStatus("RandomForestClassifier", {{{1}, {2}}, {101, 1}, {}})),
            "Labels MUST be in [0, 100), but got 101.0");
  EXPECT_EQ(text(FitStatus("GBTClassifier", {{{1}, {2}}, {2, 1}, {}})),
            "Labels MUST be in {0, 1}, but got 2.0");
  EXPECT_EQ(text(FitStatus("DecisionTreeRegressor", {{{1}, {2}}, {kInfinityForTest, 1}, {}})),
            "Labels MUST NOT be Infinity, but got Infinity");
  EXPECT_EQ(text(FitStatus("DecisionTreeClassifier", {{{1}, {2}}, {0, 1}, {}},
                           {{"thresholds", std::vector<double>{0.5}}})),
            "requirement failed: DecisionTreeClassifier.train() called with non-matching numClasses"
            " and thresholds.length. numClasses=2, but thresholds has length 1");
  WorkForTest unequal({DenseBlock({{{1}}, {0}, {}}, 0, 1), DenseBlock({{{1, 2}}, {1}, {}}, 0, 1)});
  EXPECT_FALSE(Make("DecisionTreeClassifier", {})->Fit(unequal).ok());
}

TEST(BadInput, ParamsAreCheckedBeforeAnyWork) {
  const auto refused = [](const char* name, const ParamMap& params) {
    return !MakeEstimator(ClassName(name), "uid", params).ok();
  };
  EXPECT_TRUE(refused("DecisionTreeClassifier", {{"maxDepth", int64_t{31}}}));
  EXPECT_TRUE(refused("DecisionTreeClassifier", {{"maxBins", int64_t{1}}}));
  EXPECT_TRUE(refused("DecisionTreeClassifier", {{"impurity", std::string("variance")}}));
  EXPECT_TRUE(refused("DecisionTreeRegressor", {{"impurity", std::string("gini")}}));
  EXPECT_TRUE(refused("DecisionTreeClassifier", {{"minWeightFractionPerNode", 0.5}}));
  EXPECT_TRUE(refused("RandomForestClassifier", {{"featureSubsetStrategy", std::string("foo")}}));
  EXPECT_TRUE(refused("RandomForestClassifier", {{"featureSubsetStrategy", std::string("0")}}));
  EXPECT_TRUE(refused("RandomForestRegressor", {{"numTrees", int64_t{0}}}));
  EXPECT_TRUE(refused("GBTClassifier", {{"stepSize", 0.0}}));
  EXPECT_TRUE(refused("GBTRegressor", {{"lossType", std::string("huber")}}));
  EXPECT_FALSE(refused("GBTRegressor", {{"lossType", std::string("ABSOLUTE")}}));
  EXPECT_FALSE(refused("RandomForestClassifier", {{"featureSubsetStrategy", std::string("1.0")}}));
}

TEST(BadInput, CategoriesOutOfRange) {
  const auto schema = SchemaOf("mixed");
  RowsForTest rows = Mixed(2);
  const auto text = [&](const RowsForTest& data, const ParamMap& params) {
    WorkForTest work(Blocks(data, 1));
    return std::string(
        base::Message(Make("DecisionTreeClassifier", params)->FitInput(work, *schema).status()));
  };
  EXPECT_EQ(text(rows, {{"maxBins", int64_t{6}}}),
            "requirement failed: DecisionTree requires maxBins (= 6) to be at least as large as the"
            " number of values in each categorical feature, but categorical feature 2 has 7 values."
            " Consider removing this and other categorical features with a large number of values,"
            " or add more training examples.");
  rows.features[17][1] = 3;
  EXPECT_EQ(text(rows, {}),
            "DecisionTree given invalid data: Feature 1 is categorical with values in {0,...,2, but"
            " a data point gives it value 3.0.");
}

TEST(BadInput, CategoriesThatNobodyKnowsThePlaceOf) {
  const RowsForTest rows = Mixed(2);
  const auto fit = [&](const char* metadata) {
    const auto features =
        table::WithSparkMetadata(table::VectorField("features", true, std::nullopt), metadata);
    WorkForTest work(Blocks(rows, 1));
    const auto schema = arrow::schema({features, arrow::field("label", arrow::float64())});
    return Make("DecisionTreeClassifier", {})->FitInput(work, *schema);
  };
  const auto behind =
      fit(R"({"ml_attr":{"attrs":{},"num_known_attrs":1,"categories_follow":true}})");
  EXPECT_TRUE(base::Is(behind.status(), base::kUnsupported));
  const auto first = fit(R"({"ml_attr":{"attrs":{"nominal":[{"idx":2,"num_vals":7}]},)"
                         R"("num_known_attrs":3}})");
  ASSERT_TRUE(first.ok()) << base::Message(first.status());
  EXPECT_NE(TextOf(*first->model).find("feature 2 in {"), std::string::npos);
  const auto uncounted = fit(R"({"ml_attr":{"attrs":{"nominal":[{"idx":1}]},"num_attrs":5}})");
  EXPECT_EQ(base::Message(uncounted.status()),
            "Feature 1 is marked as Nominal (categorical), but it does not have the number of"
            " values specified.");
}

TEST(Small, OneRowOneClassConstantColumn) {
  const auto debug = [](const char* name, const RowsForTest& rows, const ParamMap& params) {
    WorkForTest work(Blocks(rows, 1));
    return TextOf(*Make(name, params)->Fit(work).value().model);
  };
  EXPECT_EQ(debug("DecisionTreeClassifier", {{{1}}, {0}, {}}, {}), "  Predict: 0.0\n");
  EXPECT_EQ(debug("DecisionTreeClassifier", {{{1}, {2}}, {1, 1}, {}}, {}), "  Predict: 1.0\n");
  EXPECT_EQ(debug("DecisionTreeClassifier", {{{3}, {3}}, {0, 1}, {}}, {}), "  Predict: 0.0\n");
  EXPECT_EQ(debug("DecisionTreeClassifier", {{{1}, {2}}, {0, 1}, {0, 0}}, {}), "  Predict: 0.0\n");
  EXPECT_EQ(debug("GBTClassifier", {{{1}}, {0}, {}}, {{"maxIter", int64_t{2}}}),
            "  Tree 0 (weight 1.0):\n    Predict: -1.0\n  Tree 1 (weight 0.1):\n    Predict: "
            "-0.4768116880884702\n");
}

TEST(Cancel, EndsAFit) {
  const RowsForTest rows = BreastCancer();
  WorkForTest work(Blocks(rows, 2));
  work.cancel_at = 2;
  const auto fit = Make("GBTClassifier", {})->Fit(work);
  EXPECT_TRUE(base::Is(fit.status(), base::kCancelled));
}

std::shared_ptr<const Model> SmallModel(const char* name) {
  ParamMap params = {{"maxDepth", int64_t{2}}};
  if (std::string(name).starts_with("RandomForest")) params["numTrees"] = int64_t{3};
  if (std::string(name).starts_with("GBT")) params["maxIter"] = int64_t{3};
  const RowsForTest rows = Mixed(2);
  WorkForTest work(Blocks(rows, 1));
  return Make(name, params)->FitInput(work, *SchemaOf("mixed")).value().model;
}

constexpr const char* kAll[] = {"DecisionTreeClassifier", "DecisionTreeRegressor",
                                "RandomForestClassifier", "RandomForestRegressor",
                                "GBTClassifier",          "GBTRegressor"};

TEST(Bytes, OfModelsGoRoundAndTruncatedOnesAreRefused) {
  for (const char* name : kAll) {
    const auto model = SmallModel(name);
    const auto decoded = DecodeTransformer(model->Encode());
    ASSERT_TRUE(decoded.ok()) << base::Message(decoded.status());
    EXPECT_EQ((*decoded)->Encode(), model->Encode());
    const std::string data = model->EncodeData();
    for (size_t n = 0; n < data.size(); ++n) {
      EXPECT_FALSE(tree::TreeModel::Decode(model->params(), data.substr(0, n)).ok()) << n;
    }
  }
}

TEST(Bytes, OfKernelsAndStepsGoRoundAndTruncatedOnesAreRefused) {
  // What a boosted fit with held out rows sends covers all kinds.
  class Recorder : public WorkForTest {
   public:
    using WorkForTest::WorkForTest;
    base::StatusOr<std::string> Reduce(const Kernel& kernel) override {
      kernels[std::string(kernel.kind())] = kernel.Encode();
      return WorkForTest::Reduce(kernel);
    }
    base::Status Advance(const Step& step) override {
      steps[std::string(step.kind())] = EncodeStep(step);
      return WorkForTest::Advance(step);
    }
    std::map<std::string, std::string> kernels, steps;
  };
  Recorder work(Tables(Mixed(2), 1));
  const auto fit = Make("GBTClassifier", {{"maxIter", int64_t{2}},
                                          {"maxDepth", int64_t{2}},
                                          {"subsamplingRate", 0.5},
                                          {"validationIndicatorCol", std::string("held")}})
                       ->FitInput(work, *SchemaOf("mixed"));
  ASSERT_TRUE(fit.ok()) << base::Message(fit.status());
  EXPECT_EQ(work.kernels.size(), 4U);
  EXPECT_EQ(work.steps.size(), 2U);
  for (const auto& [kind, bytes] : work.kernels) {
    EXPECT_EQ((*DecodeKernel(kind, bytes))->Encode(), bytes);
    for (size_t n = 0; n < bytes.size(); ++n) {
      EXPECT_FALSE(DecodeKernel(kind, bytes.substr(0, n)).ok()) << kind << n;
    }
  }
  for (const auto& [kind, bytes] : work.steps) {
    EXPECT_EQ(EncodeStep(**DecodeStep(bytes)), bytes);
    for (size_t n = 0; n < bytes.size(); ++n) {
      EXPECT_FALSE(DecodeStep(bytes.substr(0, n)).ok()) << kind << n;
    }
  }
}

TEST(Models, TreesAreModels) {
  for (const char* name : kAll) {
    const auto model = SmallModel(name);
    const auto trees = model->Models("trees");
    EXPECT_EQ(trees.size(), std::string(name).starts_with("Decision") ? 0U : 3U);
    EXPECT_TRUE(model->Models("stages").empty());
    EXPECT_FALSE(model->MadeOf("stages").has_value());
    EXPECT_EQ(model->MadeOf("trees").has_value(), !trees.empty());
    EXPECT_EQ(model->MadeOf("trees").value_or(Model::MadeOfModels{3}).count, 3);
    for (const auto& one : trees) {
      EXPECT_EQ(IntOf(*one, "numFeatures"), 5);
      EXPECT_TRUE(one->Get("predict", {table::DenseVector({1, 2, 3, 0, 0})}).ok());
      EXPECT_EQ(one->params().Int("maxDepth"), 2);
    }
    EXPECT_FALSE(model->Get("predict", {table::DenseVector({})}).ok());
    EXPECT_FALSE(model->Get("nonsense", {}).ok());
    EXPECT_GT(model->bytes(), 0U);
  }
}

TEST(Summary, OfForestsIsOfTheirAnswers) {
  const RowsForTest rows = BreastCancer();
  WorkForTest work(Blocks(rows, 2));
  const auto model =
      Make("RandomForestClassifier", {{"numTrees", int64_t{3}}, {"maxDepth", int64_t{3}}})
          ->Fit(work)
          .value()
          .model;
  const auto summary = model->summary();
  ASSERT_NE(summary, nullptr);
  EXPECT_TRUE(std::get<bool>(model->Get("hasSummary", {}).value()));
  EXPECT_EQ(std::get<int64_t>(summary->Get("totalIterations", {}).value()), 0);
  WorkForTest blocks(Blocks(rows, 2));
  const auto partial = blocks.Reduce(summary->kernel());
  ASSERT_TRUE(partial.ok()) << base::Message(partial.status());
  const auto complete = summary->Complete(*partial).value();
  const auto scored = model->Apply(MakeTable({DenseVectorColumn("features", rows.features)}));
  const std::vector<double> predictions = DoublesOf(**scored, "prediction");
  double right = 0;
  for (size_t i = 0; i < predictions.size(); ++i) right += predictions[i] == rows.label[i] ? 1 : 0;
  const auto accuracy = std::get<double>(complete->Get("accuracy", {}).value());
  EXPECT_TRUE(Close(accuracy, right / static_cast<double>(predictions.size()), 1e-12));
  EXPECT_GT(std::get<double>(complete->Get("areaUnderROC", {}).value()), 0.9);

  const auto tables = Tables(rows, 3);
  const auto evaluation = model->Evaluation(*tables[0]->schema());
  ASSERT_TRUE(evaluation.ok());
  WorkForTest over_rows(tables);
  const auto again = (*evaluation)->Complete(*over_rows.Reduce((*evaluation)->kernel())).value();
  EXPECT_EQ(std::get<double>(again->Get("accuracy", {}).value()), accuracy);
  EXPECT_FALSE(SmallModel("DecisionTreeClassifier")->Evaluation(*tables[0]->schema()).ok());
  EXPECT_EQ(SmallModel("GBTClassifier")->summary(), nullptr);
}

TEST(Summary, KernelsGoRoundAndTruncatedOnesAreRefused) {
  const auto model = SmallModel("RandomForestClassifier");
  const Kernel& kernel = model->summary()->kernel();
  const std::string kind(kernel.kind()), bytes = kernel.Encode();
  EXPECT_EQ((*DecodeKernel(kind, bytes))->Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeKernel(kind, bytes.substr(0, n)).ok()) << n;
  }
}

TEST(EachIteration, RefusesWhatMllibDoes) {
  const auto text = [](const auto& result) { return std::string(base::Message(result.status())); };
  const auto classifier = SmallModel("GBTClassifier"), regressor = SmallModel("GBTRegressor");
  RowsForTest rows = Mixed(2);
  EXPECT_FALSE(EachIteration(*SmallModel("RandomForestClassifier"), {}, Tables(rows, 1)).ok());
  EXPECT_FALSE(EachIteration(*classifier, {1.0}, Tables(rows, 1)).ok());
  EXPECT_FALSE(EachIteration(*regressor, {}, Tables(rows, 1)).ok());
  EXPECT_EQ(text(EachIteration(*regressor, {std::string("huber")}, Tables(rows, 1))),
            "GBTRegressorParams was given bad loss type: squared");
  EXPECT_EQ(text(EachIteration(*classifier, {}, {Tables(rows, 1)[0]->Slice(0, 0)})),
            "empty collection");
  EXPECT_FALSE(
      EachIteration(*classifier, {}, {Tables(rows, 1)[0]->RemoveColumn(1).ValueOrDie()}).ok());
  rows.label[3] = 2;
  EXPECT_EQ(text(EachIteration(*classifier, {}, Tables(rows, 1))),
            "Labels MUST be in {0, 1}, but got 2.0");
  EXPECT_EQ(text(EachIteration(*classifier, {}, Tables({{{1}}, {0}, {}}, 1))),
            "Index 4 out of bounds for length 1");
}

TEST(EachIteration, KernelsGoRoundAndTruncatedOnesAreRefused) {
  const auto schema = Tables(Mixed(2), 1)[0]->schema();
  const auto question = SmallModel("GBTClassifier")->Over("evaluateEachIteration", {}, *schema);
  const Kernel& kernel = (*question)->kernel();
  const std::string kind(kernel.kind()), bytes = kernel.Encode();
  EXPECT_EQ((*DecodeKernel(kind, bytes))->Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeKernel(kind, bytes.substr(0, n)).ok()) << n;
  }
  EXPECT_FALSE(kernel.Merge({"x"}).ok());
  EXPECT_FALSE((*question)->Complete("x").ok());
}

class MemoryFolder : public FolderReader {
 public:
  explicit MemoryFolder(std::vector<SavedFile> files) : files_(std::move(files)) {}
  base::StatusOr<std::string> Text(const std::string& directory) override {
    for (const SavedFile& file : files_) {
      if (file.relative.starts_with(directory + "/part")) return file.bytes;
    }
    return base::Fail(base::kPathNotFound, directory);
  }
  base::StatusOr<std::shared_ptr<arrow::Table>> Parquet(const std::string& directory) override {
    for (const SavedFile& file : files_) {
      if (file.relative.starts_with(directory + "/part")) return file.table;
    }
    return base::Fail(base::kPathNotFound, directory);
  }

 private:
  std::vector<SavedFile> files_;
};

TEST(Persistence, GoesRound) {
  for (const char* name : kAll) {
    const auto model = SmallModel(name);
    const auto files = Save(*model, 0);
    ASSERT_TRUE(files.ok()) << base::Message(files.status());
    MemoryFolder folder(*files);
    const auto loaded = Load(model->class_name(), folder);
    ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
    EXPECT_EQ(loaded->model->Encode(), model->Encode());
  }
}

TEST(Persistence, RefusesMalformedFolders) {
  const auto model = SmallModel("RandomForestClassifier");
  const auto files = *Save(*model, 0);
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].table == nullptr) continue;
    for (int column = 0; column < files[i].table->num_columns(); ++column) {
      auto broken = files;
      broken[i].table = files[i].table->RemoveColumn(column).ValueOrDie();
      MemoryFolder folder(broken);
      EXPECT_FALSE(Load(model->class_name(), folder).ok()) << files[i].relative << column;
    }
    auto shorter = files;
    shorter[i].table = files[i].table->Slice(1);
    MemoryFolder folder(shorter);
    EXPECT_FALSE(Load(model->class_name(), folder).ok()) << files[i].relative;
  }
}

}  // namespace
}  // namespace soteria::ml
