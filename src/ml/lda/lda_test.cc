// LDA against stock Spark 4.3: the same draws, the same topics.
#include <arrow/array.h>
#include <gtest/gtest.h>

#include <cmath>

#include "src/ml/lda/data_for_test.h"
#include "src/ml/lda/kernels.h"
#include "src/ml/lda/params.h"
#include "src/ml/lda/special.h"
#include "src/ml/random/mersenne_twister.h"
#include "src/ml/random/replacement_sample.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

base::StatusOr<std::shared_ptr<const Model>> Fit(std::vector<table::FeatureBlock> blocks,
                                                 ParamMap params = {}) {
  params.try_emplace("seed", int64_t{1});
  params.try_emplace("k", int64_t{3});
  return FitForTest(kLdaForTest, params, std::move(blocks));
}

std::string Refusal(std::vector<table::FeatureBlock> blocks, ParamMap params = {}) {
  return base::Message(Fit(std::move(blocks), std::move(params)).status());
}

/// Why it isn't fitted to a table of these columns, or is.
std::string Checked(const ParamMap& params, const std::shared_ptr<arrow::Table>& table) {
  const auto estimator = MakeEstimator(kLdaForTest, "uid", params);
  if (!estimator.ok()) return base::Message(estimator.status());
  return base::Message((*estimator)->CheckInput(*table->schema()));
}

TEST(LdaDraws, AreCommonsMaths) {
  const nlohmann::json reference = ReferenceForTest("lda");
  MersenneTwister twister(-98765432101);
  std::vector<double> doubles, gaussians;
  for (int i = 0; i < 700; ++i) {
    const double next = twister.NextDouble();
    if (i >= 695) doubles.push_back(next);
  }
  EXPECT_EQ(doubles, reference["doubles"].get<std::vector<double>>());
  for (int i = 0; i < 6; ++i) gaussians.push_back(twister.NextGaussian());
  EXPECT_TRUE(Relatively(gaussians, reference["gaussians"].get<std::vector<double>>(), 1e-14));
}

TEST(LdaDraws, SpecialFunctionsAreCommonsMaths) {
  const nlohmann::json reference = ReferenceForTest("lda");
  std::vector<double> digamma, trigamma, lgamma;
  const auto points = reference["points"].get<std::vector<double>>();
  for (const double x : points) {
    digamma.push_back(Digamma(x));
    trigamma.push_back(Trigamma(x));
    lgamma.push_back(LogGamma(x));
  }
  EXPECT_TRUE(Relatively(digamma, reference["digamma"].get<std::vector<double>>(), 1e-13));
  EXPECT_TRUE(Relatively(trigamma, reference["trigamma"].get<std::vector<double>>(), 1e-13));
  EXPECT_TRUE(Close(lgamma, reference["lgamma"].get<std::vector<double>>(), 1e-13));
  for (double x = 0.013; x < 60; x += 0.37) {  // psi(x + 1) = psi(x) + 1 / x, as theirs has it
    if (x + 1 >= 49) break;
    EXPECT_NEAR(Digamma(x + 1), Digamma(x) + 1 / x, 1e-13 * (1 + 1 / x)) << x;
  }
  EXPECT_TRUE(std::isnan(Digamma(kNanForTest)));
  EXPECT_TRUE(std::isnan(Digamma(-1e9)));
  EXPECT_TRUE(std::isinf(Digamma(kInfinityForTest)));
  EXPECT_EQ(Digamma(0), -kInfinityForTest);
}

TEST(LdaDraws, RowsWithReplacement) {
  for (const double fraction : {0.05, 0.4, 0.41, 1.0}) {
    ReplacementSampler sampler(fraction, 42), again(fraction, 42);
    double sum = 0, squares = 0;
    constexpr int kRows = 200'000;
    for (int i = 0; i < kRows; ++i) {
      const auto times = static_cast<double>(sampler.Next());
      EXPECT_EQ(static_cast<double>(again.Next()), times);
      sum += times;
      squares += times * times;
    }
    const double mean = sum / kRows;  // of a Poisson distribution, as is its variance
    EXPECT_NEAR(mean, fraction, 0.02 * fraction + 0.002) << fraction;
    EXPECT_NEAR(squares / kRows - mean * mean, fraction, 0.03 * fraction + 0.003) << fraction;
  }
  ReplacementSampler never(0, 1);
  EXPECT_EQ(never.Next(), 0);
}

TEST(LdaOnline, IsSparks) {
  const nlohmann::json reference = ReferenceForTest("lda");
  const RowsForTest rows = DocumentsForTest();
  for (const auto& [name, spark] : reference["online"].items()) {
    const auto sizes = spark["partitions"].get<std::vector<size_t>>();
    for (const bool sparse : {false, true}) {
      const auto model = Fit(BlocksOfSizes(rows, sizes, sparse), ParamsForTest(spark["params"]));
      ASSERT_TRUE(model.ok()) << name << base::Message(model.status());
      const LdaData& data = LdaDataOf(**model);
      EXPECT_TRUE(Relatively(data.topics, TopicsForTest(spark), 1e-8)) << name << sparse;
      EXPECT_TRUE(Relatively(data.alpha, spark["alpha"].get<std::vector<double>>(), 1e-8)) << name;
      const auto get = [&](const char* method) { return (*model)->Get(method, {}).value(); };
      EXPECT_EQ(std::get<int64_t>(get("vocabSize")), spark["vocabSize"].get<int64_t>());
      EXPECT_FALSE(std::get<bool>(get("isDistributed")));
      const auto out = (*model)->Apply(FeatureTable(rows));
      ASSERT_TRUE(out.ok()) << base::Message(out.status());
      const auto distributions = VectorsOf(**out, "topicDistribution");
      for (size_t i = 0; i < spark["transform"].size(); ++i) {
        EXPECT_TRUE(
            Close(distributions[i].values, spark["transform"][i].get<std::vector<double>>(), 1e-8))
            << name << i;
      }
    }
  }
}

TEST(LdaOnline, DescribedTopicsAreSparks) {
  const nlohmann::json reference = ReferenceForTest("lda");
  const nlohmann::json& spark = reference["online"]["default"];
  const auto model =
      Fit(BlocksOfSizes(DocumentsForTest(), spark["partitions"]), ParamsForTest(spark["params"]));
  ASSERT_TRUE(model.ok());
  const auto table = (*model)->Rows("describeTopics", {int64_t{4}});
  ASSERT_TRUE(table.ok()) << base::Message(table.status());
  EXPECT_TRUE(
      (*table)->schema()->Equals(*(*model)->RowsSchema("describeTopics", {int64_t{4}}).value()));
  ASSERT_EQ((*table)->ValidateFull().ToString(), "OK");
  EXPECT_EQ(DoublesOf(**table, "topic"), (std::vector<double>{0, 1, 2}));
  const auto& terms = static_cast<const arrow::ListArray&>(*(*table)->column(1)->chunk(0));
  const auto& weights = static_cast<const arrow::ListArray&>(*(*table)->column(2)->chunk(0));
  for (int64_t topic = 0; topic < 3; ++topic) {
    const auto& described = spark["describe"][static_cast<size_t>(topic)];
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t at = terms.value_offset(topic) + i;
      EXPECT_EQ(static_cast<const arrow::Int32Array&>(*terms.values()).Value(at),
                described[0][static_cast<size_t>(i)].get<int32_t>());
      EXPECT_NEAR(static_cast<const arrow::DoubleArray&>(*weights.values()).Value(at),
                  described[1][static_cast<size_t>(i)].get<double>(), 1e-10);
    }
  }
  const auto rows = [&](const Arguments& args) {
    return static_cast<const arrow::ListArray&>(
               *(*model)->Rows("describeTopics", args).value()->column(1)->chunk(0))
        .value_length(0);
  };
  EXPECT_EQ(rows({}), 10);
  EXPECT_EQ(rows({int64_t{100}}), 12);
  EXPECT_EQ(rows({int64_t{-1}}), 0);
  EXPECT_FALSE((*model)->RowsSchema("describeTopics", {std::string("4")}).ok());
  EXPECT_EQ((*model)->RowsSchema("topicsMatrix", {}).value(), nullptr);
  EXPECT_FALSE((*model)->Rows("topicsMatrix", {}).ok());
}

TEST(LdaOnline, SameInputSameBytesAndDenseIsSparse) {
  const RowsForTest rows = DocumentsForTest();
  for (const size_t partitions : std::vector<size_t>{1, 5, 8, 80}) {
    const ParamMap params = {{"subsamplingRate", 0.7}, {"maxIter", int64_t{5}}};
    const auto dense = Fit(Blocks(rows, partitions), params);
    ASSERT_TRUE(dense.ok()) << base::Message(dense.status());
    EXPECT_EQ((*dense)->Encode(), (*Fit(Blocks(rows, partitions), params))->Encode());
    EXPECT_EQ((*dense)->Encode(), (*Fit(Blocks(rows, partitions, true), params))->Encode());
  }
}

// Draws differ from one number of partitions to another, what a batch says doesn't.
TEST(LdaOnline, ABatchIsTheSumOfItsPartitions) {
  const RowsForTest rows = DocumentsForTest();
  Batch batch;
  batch.alpha = {0.4, 0.3};
  for (size_t i = 0; i < 24; ++i) batch.by_term.push_back(0.01 * static_cast<double>(i + 1));
  batch.logs = true;
  const BatchKernel kernel(batch);
  std::vector<std::string> partials;
  BatchSums sums;
  sums.topics.assign(24, 0.0);
  sums.logs.assign(2, 0.0);
  const auto blocks = Blocks(rows, 5);
  for (size_t p = 0; p < blocks.size(); ++p) {
    partials.push_back(
        kernel.Map({.features = &blocks[p], .partition = p, .partitions = 5}).value());
    const BatchSums one = kernel.Result(partials.back()).value();
    sums.drawn += one.drawn;
    for (size_t i = 0; i < 24; ++i) sums.topics[i] += one.topics[i];
    for (size_t i = 0; i < 2; ++i) sums.logs[i] += one.logs[i];
  }
  const BatchSums all = kernel.Result(kernel.Merge(partials).value()).value();
  EXPECT_EQ(all.drawn, sums.drawn);
  EXPECT_TRUE(Close(all.topics, sums.topics, 1e-12));
  EXPECT_TRUE(Close(all.logs, sums.logs, 1e-12));
}

TEST(LdaOnline, CancelsBetweenIterations) {
  WorkForTest work(Blocks(DocumentsForTest(), 3));
  work.cancel_at = 2;
  const auto estimator = MakeEstimator(kLdaForTest, "uid", {});
  const auto fit = (*estimator)->Fit(work);
  EXPECT_TRUE(base::Is(fit.status(), base::kCancelled));
  EXPECT_EQ(work.iterations, 2U);
}

TEST(LdaOnline, Refusals) {
  EXPECT_EQ(Refusal(Blocks(RowsForTest(), 2)), "empty collection");
  RowsForTest rows = DocumentsForTest();
  auto blocks = Blocks(rows, 2);
  for (auto& row : rows.features) row.pop_back();
  blocks[1] = Blocks(rows, 2)[1];
  EXPECT_NE(Refusal(std::move(blocks)).find("Dimensions mismatch"), std::string::npos);
  RowsForTest none;
  none.features = {{0, 0}, {0, 0}};
  none.label = {0, 0};
  const auto model = Fit(Blocks(none, 1), {{"subsamplingRate", 1.0}});
  ASSERT_TRUE(model.ok()) << "documents without terms say nothing";
  const auto start = Fit(Blocks(none, 1), {{"maxIter", int64_t{0}}});
  EXPECT_EQ(LdaDataOf(**model).topics, LdaDataOf(**start).topics);
  RowsForTest one;
  one.features = {{3, 0, 1}};
  one.label = {0};
  EXPECT_TRUE(Fit(Blocks(one, 1), {{"subsamplingRate", 1.0}}).ok());
  // Counts that round faster than they converge.
  one.features = {{1e18, 3e17, 1}};
  EXPECT_TRUE(Fit(Blocks(one, 1), {{"maxIter", int64_t{1}}}).ok() ||
              Refusal(Blocks(one, 1)).find("converge") != std::string::npos);
}

TEST(LdaParams, AreMLlibs) {
  const auto table = FeatureTable(DocumentsForTest());
  EXPECT_EQ(Checked({}, table), "");
  EXPECT_EQ(Checked({{"docConcentration", std::vector<double>{0.1, 0.2}}}, table),
            "requirement failed: LDA docConcentration was of length 2, but k = 10.  "
            "docConcentration must be an array of length either 1 (scalar) or k (num topics).");
  EXPECT_EQ(Checked({{"k", int64_t{1}}}, table), "uid parameter k given invalid value 1.");
  for (const ParamMap& params :
       std::vector<ParamMap>{{{"docConcentration", std::vector<double>{-0.1}}},
                             {{"topicConcentration", -1.0}},
                             {{"subsamplingRate", 0.0}},
                             {{"subsamplingRate", 1.5}},
                             {{"learningOffset", 0.0}},
                             {{"learningDecay", 0.0}},
                             {{"optimizer", std::string("gibbs")}},
                             {{"checkpointInterval", int64_t{0}}},
                             {{"maxIter", int64_t{-1}}}}) {
    EXPECT_NE(Checked(params, table).find("given invalid value"), std::string::npos)
        << params.begin()->first;
  }
  EXPECT_EQ(Checked({{"topicDistributionCol", std::string("features")}}, table),
            "requirement failed: Column features already exists.");
  const auto numbers = MakeTable({NumberColumn("features", {1.0})});
  EXPECT_NE(Checked({}, numbers).find("but was actually of type double."), std::string::npos);
  EXPECT_NE(Checked({{"featuresCol", std::string("nothing")}}, table).find("nothing"),
            std::string::npos);
}

TEST(LdaModelTest, TransformsSparseAsDense) {
  const RowsForTest rows = DocumentsForTest();
  const auto model = Fit(Blocks(rows, 1), {{"subsamplingRate", 1.0}});
  ASSERT_TRUE(model.ok());
  std::vector<std::optional<table::VectorValue>> sparse;
  for (const auto& row : rows.features) {
    sparse.push_back(table::ToSparse(table::View(table::DenseVector(row))));
  }
  const auto a = (*model)->Apply(FeatureTable(rows));
  const auto b = (*model)->Apply(MakeTable({VectorColumn("features", sparse)}));
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(VectorsOf(**a, "topicDistribution"), VectorsOf(**b, "topicDistribution"));
  EXPECT_EQ(VectorsOf(**a, "topicDistribution")[5].values, (std::vector<double>{0, 0, 0}));
  const auto schema = (*model)->OutputSchema(*FeatureTable(rows)->schema());
  EXPECT_TRUE((*a)->schema()->Equals(**schema, true));
  EXPECT_FALSE((*model)->Apply(MakeTable({VectorColumn("features", {std::nullopt})})).ok());
  const auto longer = table::SparseVector(99, {98}, {1.0});
  EXPECT_FALSE((*model)->Apply(MakeTable({VectorColumn("features", {longer})})).ok());
  const auto renamed = (*model)->WithParams(
      {{"topicDistributionCol", std::string("topics")}, {"seed", int64_t{99}}});
  const auto c = (*renamed)->Apply(FeatureTable(rows));
  EXPECT_EQ(VectorsOf(**a, "topicDistribution"), VectorsOf(**c, "topics"));
}

// Long documents over topics of which each has few: most topics rest most of the time.
TEST(LdaInference, TopicsThatRestMoveNothing) {
  constexpr size_t kTopics = 10, kTerms = 203;
  SequenceForTest random(3);
  std::vector<double> by_term;
  for (size_t i = 0; i < kTopics * kTerms; ++i) by_term.push_back((8 + random.Below(17)) / 4096);
  const std::vector<double> alpha(kTopics, 0.1);
  const Topics topics(by_term, alpha);
  const InferenceStart start(kTopics, 7);
  for (int i = 0; i < 5; ++i) {
    Topics::Document document;
    for (size_t w = 0; w < kTerms; ++w) {
      document.ids.push_back(static_cast<int32_t>(w));
      document.counts.push_back(random.Below(9) + 1);
    }
    ASSERT_TRUE(topics.Infer(start, document).ok());
    // The same as MLlib writes it.
    std::vector<double> gamma = start.gamma, theta(kTopics), norms(kTerms);
    int rounds = 0;
    double change = 1;
    const auto next = [&] {
      ExpectedLogs(gamma.data(), kTopics, theta.data());
      for (double& value : theta) value = std::exp(value);
      for (size_t w = 0; w < kTerms; ++w) {
        norms[w] = 1e-100;
        for (size_t j = 0; j < kTopics; ++j) norms[w] += by_term[w * kTopics + j] * theta[j];
      }
    };
    next();
    for (; change > 1e-3; ++rounds) {
      change = 0;
      for (size_t j = 0; j < kTopics; ++j) {
        double sum = 0;
        for (size_t w = 0; w < kTerms; ++w) {
          sum += document.counts[w] / norms[w] * by_term[w * kTopics + j];
        }
        const double last = std::exchange(gamma[j], theta[j] * sum + alpha[j]);
        change += std::abs(gamma[j] - last) / kTopics;
      }
      next();
    }
    EXPECT_GT(rounds, 100) << i;
    EXPECT_TRUE(Relatively(document.gamma, gamma, 1e-8)) << i << " after " << rounds;
    EXPECT_TRUE(Relatively({document.norms.begin(), document.norms.begin() + kTerms}, norms, 1e-9))
        << i << " after " << rounds;
  }
}

TEST(LdaModelTest, AColumnWithoutANameIsNotFound) {
  const auto model = Fit(Blocks(DocumentsForTest(), 1),
                         {{"maxIter", int64_t{0}}, {"topicDistributionCol", std::string()}});
  ASSERT_TRUE(model.ok()) << "as in Spark";
  const auto table = FeatureTable(DocumentsForTest());
  EXPECT_NE(base::Message((*model)->OutputSchema(*table->schema()).status())
                .find("No such struct field `` in `features`."),
            std::string::npos);
  EXPECT_FALSE((*model)->Apply(table).ok());
}

TEST(LdaModelTest, Attributes) {
  const auto model = Fit(Blocks(DocumentsForTest(), 2), {{"maxIter", int64_t{2}}});
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(std::get<std::string>((*model)->Get("toString", {}).value()),
            "LocalLDAModel: uid=uid, k=3, numFeatures=12");
  const auto matrix = std::get<MatrixValue>((*model)->Get("topicsMatrix", {}).value());
  EXPECT_EQ(matrix.num_rows, 12);
  EXPECT_EQ(matrix.num_cols, 3);
  EXPECT_TRUE(table::CheckMatrix(matrix).ok());
  for (const char* method :
       {"trainingLogLikelihood", "logPrior", "getCheckpointFiles", "nothing"}) {
    EXPECT_FALSE((*model)->Get(method, {}).ok()) << method;
  }
  EXPECT_TRUE((*model)->Models("toLocal").empty());
  EXPECT_FALSE((*model)->MadeOf("toLocal").has_value());
  EXPECT_GT((*model)->bytes(), 2U * 36U * 8U);
}

TEST(LdaLikelihood, IsSparks) {
  const nlohmann::json reference = ReferenceForTest("lda");
  const RowsForTest rows = DocumentsForTest();
  const auto column = FeatureTable(rows);
  for (const auto& [name, spark] : reference["online"].items()) {
    const auto model = Fit(BlocksOfSizes(rows, spark["partitions"].get<std::vector<size_t>>()),
                           ParamsForTest(spark["params"]));
    ASSERT_TRUE(model.ok()) << name;
    for (const char* metric : {"logLikelihood", "logPerplexity"}) {
      const auto over = (*model)->Over(metric, {}, *column->schema());
      ASSERT_TRUE(over.ok());
      ASSERT_NE(*over, nullptr);
      EXPECT_TRUE((*over)->over_rows() && !(*over)->complete() && (*over)->Needs(metric));
      EXPECT_FALSE((*over)->Get(metric, {}).ok()) << "nothing summed yet";
      std::vector<WorkForTest::TablePtr> parts;
      int64_t first = 0;
      for (const int64_t size : spark["partitions"].get<std::vector<int64_t>>()) {
        parts.push_back(column->Slice(first, size));
        first += size;
      }
      WorkForTest work(std::move(parts));
      const auto partial = work.Reduce((*over)->kernel());
      ASSERT_TRUE(partial.ok()) << base::Message(partial.status());
      const auto complete = (*over)->Complete(*partial).value();
      const double value = std::get<double>(complete->Get(metric, {}).value());
      EXPECT_TRUE(Relatively({value}, {spark[metric].get<double>()}, 1e-10)) << name << metric;
      const auto asked = complete->AsStatistic(metric, {});
      ASSERT_TRUE(asked.has_value()) << "so that it goes the way of metrics";
      EXPECT_TRUE(asked->one_number);
      EXPECT_EQ(asked->statistic.kind, stats::StatisticKind::kClustering);
    }
  }
}

TEST(LdaLikelihood, Refusals) {
  const auto model = Fit(Blocks(DocumentsForTest(), 1), {{"maxIter", int64_t{1}}});
  const auto schema = FeatureTable(DocumentsForTest())->schema();
  EXPECT_EQ(*(*model)->Over("topicsMatrix", {}, *schema), nullptr);
  EXPECT_FALSE((*model)->Over("logLikelihood", {int64_t{1}}, *schema).ok());
  const auto numbers = MakeTable({NumberColumn("features", {1.0})});
  EXPECT_FALSE((*model)->Over("logLikelihood", {}, *numbers->schema()).ok());
  const auto over = (*model)->Over("logPerplexity", {}, *schema).value();
  EXPECT_FALSE(over->Get("logLikelihood", {}).ok());
  const auto value = [&](const RowsForTest& rows) -> base::StatusOr<double> {
    const auto table = FeatureTable(rows);
    SOTERIA_ASSIGN_OR_RETURN(const std::string partial, over->kernel().Map({.table = table.get()}));
    SOTERIA_ASSIGN_OR_RETURN(const auto complete, over->Complete(partial));
    SOTERIA_ASSIGN_OR_RETURN(const Attribute number, complete->Get("logPerplexity", {}));
    return std::get<double>(number);
  };
  RowsForTest rows;
  rows.features = {std::vector<double>(12, 0.0)};
  EXPECT_TRUE(std::isinf(value(rows).value())) << "no token";
  rows.features[0][3] = kNanForTest;
  EXPECT_FALSE(value(rows).ok());
  rows.features[0] = std::vector<double>(13, 1.0);
  EXPECT_FALSE(value(rows).ok()) << "terms that the topics haven't";
}

TEST(LdaModelTest, BytesAndFolder) {
  const auto model = Fit(Blocks(DocumentsForTest(), 2), {{"maxIter", int64_t{2}}});
  ASSERT_TRUE(model.ok());
  CheckRoundTripsForTest(**model);
}

TEST(LdaKernels, TakeNoOtherBytes) {
  const auto block = Blocks(DocumentsForTest(), 1)[0];
  CheckKernelForTest(CorpusKernel(), {.features = &block});
  Batch batch;
  batch.alpha = {0.4, 0.3};
  batch.by_term.assign(24, 0.2);
  CheckKernelForTest(BatchKernel(batch), {.features = &block});
  batch.logs = true;
  CheckKernelForTest(BatchKernel(batch), {.features = &block});
  batch.alpha = {};
  EXPECT_FALSE(DecodeKernel(BatchKernel::kKind, BatchKernel(batch).Encode()).ok());
  batch.alpha = {1, 2, 3, 4, 5};
  EXPECT_FALSE(DecodeKernel(BatchKernel::kKind, BatchKernel(batch).Encode()).ok());
  batch.alpha = {1, 2};
  batch.fraction = kNanForTest;
  EXPECT_FALSE(DecodeKernel(BatchKernel::kKind, BatchKernel(batch).Encode()).ok());
  const auto table = FeatureTable(DocumentsForTest());
  CheckKernelForTest(BoundKernel("features", std::vector<double>(24, -2.0), {0.4, 0.3}, 7, 1.5),
                     {.table = table.get()});
  EXPECT_FALSE(BatchKernel(batch).Map({.table = table.get()}).ok());
}

}  // namespace
}  // namespace soteria::ml
