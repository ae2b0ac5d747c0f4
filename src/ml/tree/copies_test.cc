// Few rows go to every partition, which looks at a share of the features: the same trees to the
// last bit, into however many shares the features are cut.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/ml/tree/boost.h"
#include "src/ml/tree/learn.h"
#include "src/ml/tree/rows.h"
#include "src/ml/tree/survey.h"
#include "src/ml/work_for_test.h"
#include "src/stats/doubles.h"

namespace soteria::ml::tree {
namespace {

constexpr int64_t kRows = 240;
const std::vector<int32_t> kArity = {0, 3, 0, 7, 1, 0, 2, 0, 0};

/// Feature 8 is constant, 4 has one category, 5 is 0 again, 2 is 0 turned around.
table::FeatureBlock Block(int64_t first, int64_t last, int32_t classes) {
  table::FeatureBlock block;
  block.rows = last - first;
  block.cols = static_cast<int64_t>(kArity.size());
  for (int64_t i = first; i < last; ++i) {
    const auto at = static_cast<double>(i * 7919 % 101) / 7.0;
    for (const double value :
         {at, static_cast<double>(i * i % 3), -at, static_cast<double>(i * 31 % 7), 0.0, at,
          static_cast<double>(i % 2), static_cast<double>(i * 13 % 17), 1.5}) {
      block.dense.push_back(value);
    }
    const int64_t mark = i * 17 + i % 7 * 3;
    block.label.push_back(classes > 0 ? static_cast<double>(mark % 13 % classes)
                                      : static_cast<double>(mark % 23) / 3.0);
  }
  return block;
}

/// The trees with all that was computed of their nodes, after a step of boosting.
std::string BytesOf(const Strategy& strategy, uint64_t partitions, uint64_t copies) {
  std::vector<table::FeatureBlock> blocks;
  for (uint64_t p = 0; p < partitions; ++p) {
    const auto first = static_cast<int64_t>(kRows * p / partitions);
    const auto last = static_cast<int64_t>(kRows * (p + 1) / partitions);
    blocks.push_back(Block(first, last, strategy.num_classes));
  }
  WorkForTest work(std::move(blocks));
  Survey survey;
  survey.rows = kRows;
  survey.cols = static_cast<int64_t>(kArity.size());
  survey.weight = static_cast<double>(kRows);
  const Plan plan = MakePlan(strategy, std::nullopt, survey, work).value();
  Bagging bagging;
  bagging.trees = strategy.num_trees;
  BinnedWork binned = BinnedWork::Make(work, std::nullopt, plan, bagging, false, copies).value();
  EXPECT_TRUE(binned.whole());
  EXPECT_EQ(binned.work().partitions(), copies);
  base::FieldWriter w;
  for (int round = 0; round < 2; ++round) {
    const std::vector<Grown> grown = GrowTrees(plan, 5, binned).value();
    for (const Grown& one : grown) {
      one.routes.Write(w);
      w.Add(stats::PackDoubles(one.leaves));
      for (const Node& node : one.tree.nodes) {
        w.AddDouble(node.prediction).AddDouble(node.impurity).AddDouble(node.gain);
        w.Add(stats::PackDoubles(node.stats));
      }
    }
    if (strategy.num_classes > 0) break;
    const BoostStep step(plan.rules.bins, grown[0].routes, grown[0].leaves, 0.5, Loss::kSquared,
                         bagging);
    EXPECT_TRUE(binned.work().Advance(step).ok());
  }
  return w.Take();
}

Strategy Of(Impurity impurity, int32_t classes, const std::string& subset, int32_t trees) {
  Strategy strategy;
  strategy.impurity = impurity;
  strategy.num_classes = classes;
  strategy.feature_subset = subset;
  strategy.num_trees = trees;
  strategy.max_bins = 12;
  strategy.arity = kArity;
  strategy.seed = 3;
  return strategy;
}

class Copies : public ::testing::TestWithParam<Strategy> {};

TEST_P(Copies, AreOne) {
  const std::string one = BytesOf(GetParam(), 4, 1);
  for (const uint64_t copies : {2UL, 3UL, 5UL, 8UL, 40UL}) {
    EXPECT_EQ(BytesOf(GetParam(), 4, copies), one) << copies;
  }
  EXPECT_EQ(BytesOf(GetParam(), 1, 3), one);
}

INSTANTIATE_TEST_SUITE_P(All, Copies,
                         ::testing::Values(Of(Impurity::kVariance, 0, "all", 1),
                                           Of(Impurity::kGini, 2, "all", 1),
                                           Of(Impurity::kEntropy, 3, "all", 1),
                                           Of(Impurity::kGini, 3, "sqrt", 4),
                                           Of(Impurity::kVariance, 0, "onethird", 3)));

// Rows that are held out count once, however often they are there.
TEST(CopiesTest, ALossCountsRowsOnce) {
  WorkForTest work({Block(0, kRows, 0)});
  Survey survey;
  survey.rows = kRows;
  survey.cols = static_cast<int64_t>(kArity.size());
  survey.weight = static_cast<double>(kRows);
  const Plan plan =
      MakePlan(Of(Impurity::kVariance, 0, "all", 1), std::nullopt, survey, work).value();
  const BinStep step(std::nullopt, plan.cuts, Bagging(), false);
  const table::FeatureBlock block = Block(0, kRows, 0);
  auto table = step.Next({.features = &block}).value();
  arrow::UInt8Builder held;
  for (int64_t i = 0; i < kRows; ++i) ASSERT_TRUE(held.Append(kHeldOut).ok());
  table = table
              ->SetColumn(kHeldColumn, table->field(kHeldColumn),
                          std::make_shared<arrow::ChunkedArray>(held.Finish().ValueOrDie()))
              .ValueOrDie();
  const ValidationKernel kernel(plan.rules.bins, Loss::kSquared, true);
  const auto of = [&](uint64_t partition) {
    return kernel.Map({.table = table.get(), .partition = partition, .partitions = 2}).value();
  };
  EXPECT_EQ(kernel.Merge({of(0), of(1)}).value(), of(0));
  EXPECT_EQ(stats::UnpackDoubles(of(0)).value().at(1), static_cast<double>(kRows));
}

TEST(CopiesTest, RunsComeBack) {
  for (const std::vector<int32_t>& values :
       {std::vector<int32_t>{7}, {3, 3, 3, 1, 3, 3}, {1, 2, 3}, std::vector<int32_t>(5'000, 32)}) {
    EXPECT_EQ(UnpackRuns(PackRuns(values), 1, 32).value(), values);
  }
  EXPECT_LT(PackRuns(std::vector<int32_t>(5'000, 32)).size(), 100U);
  const auto refused = [](const std::vector<double>& runs) {
    return base::Is(UnpackRuns(stats::PackDoubles(runs), 1, 32).status(), base::kProtocol);
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({1}));
  EXPECT_TRUE(refused({1, 33}));
  EXPECT_TRUE(refused({1, 0}));
  EXPECT_TRUE(refused({0, 5}));
  EXPECT_TRUE(refused({1e18, 5}));
  EXPECT_TRUE(refused({5, 5, 1e18, 5}));
}

// A reply that leaves a node out is none.
TEST(CopiesTest, ANodeThatNobodyLookedAtIsRefused) {
  Rules rules;
  rules.bins = {4};
  rules.arity = {0};
  rules.unordered = {false};
  const GroupKernel kernel(rules, {}, {Slot{}}, true);
  base::FieldWriter nothing;
  nothing.AddBool(false);
  const std::string merged = kernel.Merge({nothing.Take()}).value();
  EXPECT_TRUE(base::Is(kernel.Choices(merged).status(), base::kProtocol));
  EXPECT_TRUE(base::Is(kernel.Merge({""}).status(), base::kProtocol));
}

}  // namespace
}  // namespace soteria::ml::tree
