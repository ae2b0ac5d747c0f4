// Means, deviations and norms against their definitions, what may leave and what may not, bytes
// that are no sums.
#include "src/stats/table_sums.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/base/errors.h"
#include "src/stats/doubles.h"

namespace soteria::stats {
namespace {

using Values = std::vector<double>;

Statistic Summary(std::string metric) {
  Statistic statistic;
  statistic.kind = StatisticKind::kSummary;
  statistic.metric = std::move(metric);
  return statistic;
}

base::StatusOr<Values> Of(const std::string& metric, const Values& sums) {
  return Compute(Summary(metric), {InputForm::kSums, PackDoubles(sums)});
}

base::StatusOr<Releasable> Leaves(const std::string& metric, const Values& sums,
                                  uint64_t min_rows) {
  return MakeReleasable(Summary(metric), {PackDoubles(sums), {}}, min_rows, 1000);
}

bool Inside(const base::StatusOr<Releasable>& made) {
  return base::Is(made.status(), kStaysInside);
}

TEST(TableSums, ColumnsAgainstTheirDefinition) {
  // 1, 2, 6 and 4, 4: means 3 and 4, squared distances 14 and 0.
  EXPECT_EQ(*Of("mean", {3, 9, 2, 8}), (Values{3, 4}));
  EXPECT_EQ(*Of("stddev", {3, 14, 2, 0}), (Values{std::sqrt(7.0), 0}));
  EXPECT_TRUE(std::isnan((*Of("stddev", {1, 0}))[0]));
}

TEST(TableSums, VectorsAgainstTheirDefinition) {
  // One element of five rows: 0, 0, 1, 2, 6. Of those that aren't zero: mean 3, distances 14.
  EXPECT_DOUBLE_EQ((*Of("vectorMean", {5, 3, 3}))[0], 9 / 5.0);
  EXPECT_EQ(*Of("vectorSum", {5, 3, 3}), Values{9});
  const double variance = (41 - 5 * 1.8 * 1.8) / 4;  // squares less the mean's, by n - 1
  EXPECT_DOUBLE_EQ((*Of("vectorVariance", {5, 3, 3, 14}))[0], variance);
  EXPECT_DOUBLE_EQ((*Of("vectorStd", {5, 3, 3, 14}))[0], std::sqrt(variance));
  EXPECT_EQ(*Of("vectorVariance", {1, 1, 3, 0}), Values{0});
  EXPECT_EQ(*Of("vectorNormL1", {5, 3, 9, 0, 0}), (Values{9, 0}));
  EXPECT_DOUBLE_EQ((*Of("vectorNormL2", {5, 3, 41}))[0], std::sqrt(41.0));
}

TEST(TableSums, ClassesAreCountsAndShares) {
  Statistic asked;
  asked.kind = StatisticKind::kClasses;
  asked.metric = "distribution";
  const Input input{InputForm::kSums, PackDoubles(Values{30, 10})};
  EXPECT_EQ(*Compute(asked, input), (Values{30, 10, 0.75, 0.25}));
  const auto leaves = MakeReleasable(asked, {input.bytes, {}}, 10, 1000);
  ASSERT_TRUE(leaves.ok());
  EXPECT_EQ(leaves->rows, 40U);
  EXPECT_EQ(leaves->numbers, 2U);
  EXPECT_EQ(leaves->input.bytes, input.bytes);
  EXPECT_TRUE(Inside(MakeReleasable(asked, {input.bytes, {}}, 11, 1000)));
  asked.metric = "mode";
  EXPECT_FALSE(Compute(asked, input).ok());
}

TEST(TableSums, EveryColumnNeedsEnoughValues) {
  const auto leaves = Leaves("mean", {20, 3.5, 10, 1}, 10);
  ASSERT_TRUE(leaves.ok());
  EXPECT_EQ(leaves->rows, 20U);
  EXPECT_EQ(leaves->numbers, 4U);
  EXPECT_TRUE(Inside(Leaves("mean", {20, 3.5, 9, 1}, 10)));
  EXPECT_TRUE(Inside(Leaves("stddev", {9, 1}, 10)));
}

TEST(TableSums, ZerosAndOthersAreCellsOfTheirOwn) {
  EXPECT_TRUE(Leaves("vectorMean", {20, 10, 1, 0, 0, 20, 1}, 10).ok());
  EXPECT_TRUE(Inside(Leaves("vectorMean", {20, 9, 1}, 10)));   // nine that aren't zero
  EXPECT_TRUE(Inside(Leaves("vectorMean", {20, 11, 1}, 10)));  // nine that are
  EXPECT_TRUE(Inside(Leaves("vectorMean", {9, 9, 1}, 10)));
  EXPECT_TRUE(Leaves("vectorMean", {9, 9, 1}, 9).ok());
}

TEST(TableSums, WhatIsNoSum) {
  for (const Values& bad : {Values{}, Values{3}, Values{-1, 2}, Values{0, 2}, Values{1.5, 2},
                            Values{std::nan(""), 2}, Values{0x1p54, 2}, Values{3, 9, 2}}) {
    EXPECT_TRUE(base::Is(Of("mean", bad).status(), base::kProtocol));
    EXPECT_TRUE(base::Is(Leaves("mean", bad, 1).status(), base::kProtocol));
  }
  for (const Values& bad : {Values{}, Values{5}, Values{0, 0, 1}, Values{5, 6, 1}, Values{5, 1}}) {
    EXPECT_TRUE(base::Is(Of("vectorSum", bad).status(), base::kProtocol));
  }
  EXPECT_FALSE(Of("median", {3, 9}).ok());
  EXPECT_FALSE(Compute(Summary("mean"), {InputForm::kRows, PackDoubles(Values{3, 9})}).ok());
}

TEST(TableSums, QuestionsTravel) {
  for (const auto kind : {StatisticKind::kSummary, StatisticKind::kClasses}) {
    Question question;
    question.statistic.kind = kind;
    question.statistic.metric = "mean";
    const auto back = DecodeQuestion(EncodeQuestion(question));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->statistic.kind, kind);
  }
  EXPECT_EQ(KindName(StatisticKind::kSummary), "summary");
  EXPECT_EQ(KindName(StatisticKind::kClasses), "classes");
}

}  // namespace
}  // namespace soteria::stats
