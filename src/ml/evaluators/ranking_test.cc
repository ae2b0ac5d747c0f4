// RankingEvaluator against numbers of stock Spark 4.3 (tests/parity compares more of them).
#include "src/ml/evaluators/ranking.h"

#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/ml/catalog.h"
#include "src/ml/data_for_test.h"
#include "src/ml/work_for_test.h"

namespace soteria::ml {
namespace {

using Lists = std::vector<std::vector<double>>;

ColumnForTest ListColumn(const std::string& name, const Lists& rows) {
  std::vector<int32_t> offsets = {0};
  std::vector<double> all;
  for (const auto& row : rows) {
    all.insert(all.end(), row.begin(), row.end());
    offsets.push_back(static_cast<int32_t>(all.size()));
  }
  const auto type = table::ListOf(arrow::float64());
  return {arrow::field(name, type),
          std::make_shared<arrow::ListArray>(type, static_cast<int64_t>(rows.size()),
                                             arrow::Buffer::FromVector(std::move(offsets)),
                                             DoubleArray(std::move(all)))};
}

std::shared_ptr<arrow::Table> Rankings(const Lists& predicted, const Lists& labels) {
  return MakeTable({ListColumn("prediction", predicted), ListColumn("label", labels)});
}

base::StatusOr<double> Evaluated(const std::string& metric, int64_t k,
                                 const std::vector<std::shared_ptr<arrow::Table>>& tables) {
  SOTERIA_ASSIGN_OR_RETURN(const auto evaluator,
                           MakeEvaluator("org.apache.spark.ml.evaluation.RankingEvaluator", "e",
                                         {{"metricName", metric}, {"k", k}}));
  SOTERIA_RETURN_IF_ERROR(evaluator->CheckInput(*tables[0]->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const KernelPtr kernel, evaluator->MakeKernel());
  WorkForTest work(tables);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(*kernel));
  return evaluator->Finish(partial);
}

struct Case {
  const char* metric;
  int64_t k;
  double plain, brief, nan;
};

TEST(RankingEvaluator, IsSparks) {
  const auto plain =
      Rankings({{1, 6, 2, 7, 8, 3, 9, 10, 4, 5}, {4, 1, 5, 6, 2, 7, 3, 8, 9, 10}, {1, 2, 3, 4, 5}},
               {{1, 2, 3, 4, 5}, {1, 2, 3}, {}});
  const auto brief = Rankings({{1, 2}, {}, {3, 3, 3}}, {{2, 9, 8, 7}, {1}, {3, 3}});
  const auto nan =
      Rankings({{kNanForTest, 1}, {kNanForTest}}, {{kNanForTest, 1}, {kNanForTest, kNanForTest}});
  const auto zero = Rankings({{0, 1}}, {{-0.0}});
  for (const Case& c : std::vector<Case>{
           {"meanAveragePrecision", 1, 0.3550264550264549, 1.0416666666666665, 0.125},
           {"meanAveragePrecisionAtK", 1, 0.33333333333333337, 0.3333333333333333, 0},
           {"meanAveragePrecisionAtK", 3, 0.2407407407407407, 1.0555555555555556, 0.125},
           {"meanAveragePrecisionAtK", 10, 0.3550264550264549, 1.0416666666666665, 0.125},
           {"precisionAtK", 1, 0.33333333333333337, 0.3333333333333333, 0},
           {"precisionAtK", 3, 0.33333333333333337, 0.4444444444444444, 0.16666666666666666},
           {"precisionAtK", 10, 0.2666666666666667, 0.13333333333333333, 0.05},
           {"ndcgAtK", 1, 0.33333333333333337, 0.3333333333333333, 0},
           {"ndcgAtK", 3, 0.33333333333333326, 0.8090038881791077, 0.19342640361727076},
           {"ndcgAtK", 10, 0.48791274569166343, 0.7924107141040625, 0.19342640361727076},
           {"recallAtK", 1, 0.06666666666666668, 0.3333333333333333, 0},
           {"recallAtK", 3, 0.24444444444444446, 1.0833333333333335, 0.25},
           {"recallAtK", 10, 0.6666666666666667, 1.0833333333333335, 0.25}}) {
    EXPECT_TRUE(Close(Evaluated(c.metric, c.k, {plain}).value(), c.plain, 1e-15)) << c.metric;
    EXPECT_TRUE(Close(Evaluated(c.metric, c.k, {brief}).value(), c.brief, 1e-15)) << c.metric;
    EXPECT_TRUE(Close(Evaluated(c.metric, c.k, {nan}).value(), c.nan, 1e-15)) << c.metric;
    EXPECT_EQ(Evaluated(c.metric, 1, {zero}).value(), 1) << "zeros are equal";
    EXPECT_EQ(Evaluated(c.metric, c.k, {plain->Slice(0, 0)}).value(), 0) << "of no rows";
    const auto parts = {plain->Slice(0, 1), plain->Slice(1, 0), plain->Slice(1)};
    EXPECT_TRUE(Close(Evaluated(c.metric, c.k, parts).value(), c.plain, 1e-15)) << c.metric;
  }
}

TEST(RankingEvaluator, OtherInputsAreRefused) {
  const auto text = [](const std::shared_ptr<arrow::Table>& table) {
    return base::Message(Evaluated("ndcgAtK", 2, {table}).status());
  };
  EXPECT_EQ(text(MakeTable({ListColumn("prediction", {{1}}), NumberColumn("label", {1})})),
            "requirement failed: Column label must be of type equal to one of the following types:"
            " [array<double>, array<double>] but was actually of type double.");
  EXPECT_EQ(text(MakeTable({ListColumn("label", {{1}})})),
            "No such struct field `prediction` in `label`.");
  auto with_null = ListColumn("label", {{1}});
  with_null.array = std::make_shared<arrow::ListArray>(
      with_null.field->type(), 1, arrow::Buffer::FromVector(std::vector<int32_t>{0, 1}),
      NumberArray({std::nullopt}));
  EXPECT_EQ(text(MakeTable({ListColumn("prediction", {{1}}), with_null})),
            "RankingEvaluator: an array is null, or an element of one");
  EXPECT_FALSE(Evaluated("map", 1, {Rankings({{1}}, {{1}})}).ok());
  EXPECT_FALSE(Evaluated("ndcgAtK", 0, {Rankings({{1}}, {{1}})}).ok());
}

TEST(RankingEvaluator, StaysInside) {
  const auto evaluator =
      MakeEvaluator("org.apache.spark.ml.evaluation.RankingEvaluator", "e", {}).value();
  EXPECT_TRUE(evaluator->larger_is_better());
  EXPECT_TRUE(base::Is(evaluator->MakeAnswersKernel().status(), base::kUnsupported));
  const stats::RankingSums sums;
  const auto made = stats::MakeReleasable(evaluator->Asks(), {sums.Encode(), std::nullopt}, 1, 10);
  EXPECT_TRUE(base::Is(made.status(), stats::kStaysInside));
  EXPECT_FALSE(stats::Compute(evaluator->Asks(), {stats::InputForm::kRows, sums.Encode()}).ok());
  EXPECT_FALSE(stats::DecodeQuestion(
                   stats::EncodeQuestion({evaluator->Asks(), {stats::InputForm::kSums, ""}}))
                   .ok());
}

TEST(RankingEvaluator, BytesRoundTripAndRefuseOthers) {
  const RankingKernel kernel("p", "l", stats::RankingMetric::kNdcgAtK, 3);
  const std::string bytes = kernel.Encode();
  EXPECT_EQ((*DecodeKernel(kernel.kind(), bytes))->Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeKernel(kernel.kind(), bytes.substr(0, n)).ok()) << n;
  }
  const RankingKernel no_k("p", "l", stats::RankingMetric::kNdcgAtK, 0);
  EXPECT_FALSE(DecodeKernel(no_k.kind(), no_k.Encode()).ok());
  EXPECT_FALSE(kernel.Merge({"abc"}).ok());
  stats::RankingSums sums;
  sums.Add(0.5);
  EXPECT_EQ(stats::RankingSums::Decode(sums.Encode()).value().Mean(), 0.5);
  EXPECT_FALSE(stats::RankingSums::Decode(sums.Encode().substr(8)).ok());
}

}  // namespace
}  // namespace soteria::ml
