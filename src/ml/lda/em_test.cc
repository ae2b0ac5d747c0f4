// LDA's optimizer "em" against stock Spark 4.3.
#include "src/ml/lda/em.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "src/ml/lda/data_for_test.h"
#include "src/ml/lda/em_kernels.h"
#include "src/ml/lda/params.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

base::StatusOr<std::shared_ptr<const Model>> Fit(std::vector<table::FeatureBlock> blocks,
                                                 ParamMap params = {}) {
  params.try_emplace("seed", int64_t{1});
  params.try_emplace("k", int64_t{3});
  params.try_emplace("optimizer", std::string("em"));
  return FitForTest(kLdaForTest, params, std::move(blocks));
}

TEST(LdaEm, IsSparks) {
  const nlohmann::json reference = ReferenceForTest("lda");
  const RowsForTest rows = DocumentsForTest();
  for (const auto& [name, spark] : reference["em"].items()) {
    const auto sizes = spark["partitions"].get<std::vector<size_t>>();
    for (const bool sparse : {false, true}) {
      const auto model = Fit(BlocksOfSizes(rows, sizes, sparse), ParamsForTest(spark["params"]));
      ASSERT_TRUE(model.ok()) << name << base::Message(model.status());
      EXPECT_TRUE(Relatively(LdaDataOf(**model).topics, TopicsForTest(spark), 1e-9)) << name;
      EXPECT_EQ(LdaDataOf(**model).alpha, spark["alpha"].get<std::vector<double>>());
      for (const char* method : {"trainingLogLikelihood", "logPrior"}) {
        const double value = std::get<double>((*model)->Get(method, {}).value());
        EXPECT_TRUE(Relatively({value}, {spark[method].get<double>()}, 1e-9)) << name << method;
      }
      EXPECT_TRUE(std::get<bool>((*model)->Get("isDistributed", {}).value()));
      EXPECT_TRUE(
          std::get<std::vector<std::string>>((*model)->Get("getCheckpointFiles", {}).value())
              .empty());
      EXPECT_EQ((*model)->MadeOf("toLocal").value().count, 1) << "else it is no attribute";
      const auto local = (*model)->Models("toLocal");
      ASSERT_EQ(local.size(), 1U);
      EXPECT_EQ(local[0]->params().info().short_name(), "LocalLDAModel");
      const auto out = local[0]->Apply(FeatureTable(rows));
      ASSERT_TRUE(out.ok()) << base::Message(out.status());
      const auto distributions = VectorsOf(**out, "topicDistribution");
      EXPECT_EQ(VectorsOf(**(*model)->Apply(FeatureTable(rows)), "topicDistribution"),
                distributions);
      for (size_t i = 0; i < spark["transform"].size(); ++i) {
        EXPECT_TRUE(
            Close(distributions[i].values, spark["transform"][i].get<std::vector<double>>(), 1e-8))
            << name << i;
      }
      const auto described = (*model)->Rows("describeTopics", {int64_t{4}}).value();
      const auto& terms = static_cast<const arrow::ListArray&>(*described->column(1)->chunk(0));
      std::vector<int32_t> found;
      for (int64_t i = 0; i < 4; ++i) {
        found.push_back(static_cast<const arrow::Int32Array&>(*terms.values()).Value(i));
      }
      EXPECT_EQ(found, spark["describe"][0][0].get<std::vector<int32_t>>()) << name;
    }
  }
}

// What partitions draw differs; what an iteration makes of the same state doesn't.
TEST(LdaEm, AnIterationIsTheSumOfItsPartitions) {
  const RowsForTest rows = DocumentsForTest();
  TopicCounts counts;
  counts.k = 2;
  counts.alpha = 1.5;
  counts.eta = 1.2;
  std::vector<double> start;
  for (size_t i = 0; i < 24; ++i) start.push_back(static_cast<double>(i % 7));
  counts.Set(start);
  WorkForTest whole(Blocks(rows, 1));
  ASSERT_TRUE(whole.Advance(EmStartStep(2, 5)).ok());
  ASSERT_TRUE(whole.Advance(EmStep(counts)).ok());
  const auto once = whole.Reduce(EmKernel(counts));
  ASSERT_TRUE(once.ok()) << base::Message(once.status());
  const auto expected = stats::UnpackDoubles(*once).value();
  double tokens = 0, found = 0;
  for (const auto& row : rows.features) {
    for (const double count : row) tokens += count;
  }
  for (const double value : expected) found += value;
  EXPECT_NEAR(found, tokens, 1e-9) << "each token is in one topic or another";
}

TEST(LdaEm, SameInputSameBytesAndDenseIsSparse) {
  const RowsForTest rows = DocumentsForTest();
  for (const size_t partitions : std::vector<size_t>{1, 5, 8, 80}) {
    const ParamMap params = {{"maxIter", int64_t{4}}};
    const auto dense = Fit(Blocks(rows, partitions), params);
    ASSERT_TRUE(dense.ok()) << base::Message(dense.status());
    EXPECT_EQ((*dense)->Encode(), (*Fit(Blocks(rows, partitions), params))->Encode());
    EXPECT_EQ((*dense)->Encode(), (*Fit(Blocks(rows, partitions, true), params))->Encode());
  }
}

TEST(LdaEm, PriorsMustBeAboveOne) {
  const auto table = FeatureTable(DocumentsForTest());
  const auto checked = [&](ParamMap params) {
    params["optimizer"] = std::string("EM");
    const auto estimator = MakeEstimator(kLdaForTest, "uid", params);
    return base::Message((*estimator)->CheckInput(*table->schema()));
  };
  EXPECT_EQ(checked({}), "");
  EXPECT_EQ(checked({{"docConcentration", std::vector<double>{0.5}}}),
            "requirement failed: LDA docConcentration must be > 1.0 (or -1 for auto) for EM "
            "Optimizer, but was set to 0.5");
  EXPECT_EQ(checked({{"topicConcentration", 1.0}}),
            "requirement failed: LDA topicConcentration must be > 1.0 (or -1 for auto) for EM "
            "Optimizer, but was set to 1.0");
  EXPECT_EQ(checked({{"k", int64_t{2}}, {"docConcentration", std::vector<double>{1.5, 1.7}}}),
            "requirement failed");
  EXPECT_NE(checked({{"maxIter", int64_t{4001}}}).find("is not supported"), std::string::npos);
}

TEST(LdaEm, CancelsBetweenIterations) {
  WorkForTest work(Blocks(DocumentsForTest(), 3));
  work.cancel_at = 2;
  const auto estimator = MakeEstimator(kLdaForTest, "uid", {{"optimizer", std::string("em")}});
  EXPECT_TRUE(base::Is((*estimator)->Fit(work).status(), base::kCancelled));
}

TEST(LdaEm, ModelsBytesAndFolders) {
  const auto model = Fit(Blocks(DocumentsForTest(), 2), {{"maxIter", int64_t{2}}});
  ASSERT_TRUE(model.ok());
  const std::string bytes = (*model)->Encode();
  const auto decoded = DecodeTransformer(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ((*decoded)->Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeTransformer(bytes.substr(0, n)).ok()) << n;
  }
  const auto saved = Save(**model, 17);
  EXPECT_NE(base::Message(saved.status()).find("toLocal().save"), std::string::npos);
  CheckRoundTripsForTest(*(*model)->Models("toLocal")[0]);
  // A class's data are no other class's.
  LdaData data = LdaDataOf(**model);
  EXPECT_FALSE(LdaModel::Make(Params::Make(LocalLdaModelInfo(), "u", {}).value(), data).ok());
  data.topics.pop_back();
  EXPECT_FALSE(LdaModel::Make(Params::Make(DistributedLdaModelInfo(), "u", {}).value(), data).ok());
}

TEST(LdaEm, StepsAndKernelsTakeNoOtherBytes) {
  const auto block = Blocks(DocumentsForTest(), 1)[0];
  TopicCounts counts;
  counts.k = 2;
  counts.alpha = 1.5;
  counts.eta = 1.2;
  counts.Set(std::vector<double>(24, 1.0));
  CheckKernelForTest(EmStartKernel(2, 12, 7), {.features = &block});
  const auto documents = EmStartStep(2, 7).Next({.features = &block});
  ASSERT_TRUE(documents.ok());
  const Part part{.table = documents->get()};
  CheckKernelForTest(EmKernel(counts), part);
  CheckKernelForTest(EmLikelihoodKernel(counts), part);
  const EmStep step(counts);
  const EmStartStep start(2, 7);
  for (const Step* one : {static_cast<const Step*>(&step), static_cast<const Step*>(&start)}) {
    const std::string bytes = EncodeStep(*one);
    ASSERT_TRUE(DecodeStep(bytes).ok());
    for (size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(DecodeStep(bytes.substr(0, n)).ok());
  }
  const auto next = step.Next(part);
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE((*next)->ValidateFull().ok());
  EXPECT_TRUE((*next)->schema()->Equals((*documents)->schema()));
  // Documents of other topics, or of more terms, or in no block.
  counts.k = 3;
  counts.Set(std::vector<double>(36, 1.0));
  EXPECT_FALSE(EmKernel(counts).Map(part).ok());
  counts.k = 2;
  counts.Set(std::vector<double>(22, 1.0));
  EXPECT_FALSE(EmStep(counts).Next(part).ok());
  EXPECT_FALSE(EmStartKernel(2, 11, 7).Map({.features = &block}).ok());
  for (int i = 0; i < 4; ++i) {
    const auto broken = (*documents)->RemoveColumn(i).ValueOrDie();
    EXPECT_FALSE(step.Next({.table = broken.get()}).ok()) << i;
  }
  EXPECT_FALSE(step.Next({.table = (*documents)->Slice(0, 0).get()}).ok());
}

}  // namespace
}  // namespace soteria::ml
