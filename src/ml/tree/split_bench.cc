// Boosted trees on one core as a fit makes them: 1000 x 2000 to depth 30 (few rows, wide: most of
// the time goes into choosing splits), and 200,000 x 20 to depth 5 (histograms). One tree each; and
// binning alone.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/ml/tree/learn.h"
#include "src/ml/tree/rows.h"
#include "src/ml/tree/survey.h"
#include "src/ml/work_for_test.h"

namespace soteria::ml::tree {
namespace {

/// A fixed sequence in [-1, 1).
class Sequence {
 public:
  double Next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(static_cast<int64_t>(state_) >> 11) * 0x1p-52;
  }

 private:
  uint64_t state_ = 42;
};

/// Labels 0 and 1 in turn, which each feature tells a little of.
table::FeatureBlock MakeBlock(int64_t rows, int64_t cols) {
  table::FeatureBlock block;
  block.rows = rows;
  block.cols = cols;
  Sequence random;
  for (int64_t i = 0; i < rows; ++i) {
    block.label.push_back(static_cast<double>(i % 2));
    for (int64_t j = 0; j < cols; ++j) {
      const double bell = random.Next() + random.Next() + random.Next();
      block.dense.push_back(bell + 0.3 * block.label.back());
    }
  }
  return block;
}

Strategy BoostedStrategy(int64_t depth) {
  Strategy strategy;
  strategy.max_depth = static_cast<int32_t>(depth);
  strategy.seed = 1;
  return strategy;
}

Plan PlanOf(const Strategy& strategy, const table::FeatureBlock& block, Work& work) {
  Survey survey;
  survey.rows = block.rows;
  survey.cols = block.cols;
  survey.weight = static_cast<double>(block.rows);
  return MakePlan(strategy, std::nullopt, survey, work).value();
}

void BM_Bin(benchmark::State& state) {
  std::vector<table::FeatureBlock> blocks;
  blocks.push_back(MakeBlock(state.range(0), state.range(1)));
  const table::FeatureBlock block = blocks[0];
  WorkForTest work(std::move(blocks));
  const Plan plan = PlanOf(BoostedStrategy(5), block, work);
  const BinStep step(std::nullopt, plan.cuts, Bagging(), true);
  for (auto _ : state) benchmark::DoNotOptimize(step.Next({.features = &block}));
  state.SetItemsProcessed(state.iterations() * block.rows * block.cols);
}
BENCHMARK(BM_Bin)->Args({1000, 2000})->Args({200'000, 20})->Unit(benchmark::kMillisecond);

void BM_Tree(benchmark::State& state) {
  std::vector<table::FeatureBlock> blocks;
  blocks.push_back(MakeBlock(state.range(0), state.range(1)));
  const table::FeatureBlock block = blocks[0];
  WorkForTest work(std::move(blocks));
  const Plan plan = PlanOf(BoostedStrategy(state.range(2)), block, work);
  BinnedWork binned = BinnedWork::Make(work, std::nullopt, plan, Bagging(), true).value();
  uint64_t before = work.reduces;
  for (auto _ : state) {
    before = work.reduces;
    benchmark::DoNotOptimize(GrowTrees(plan, 1, binned));
  }
  state.counters["passes"] = static_cast<double>(work.reduces - before);
}
BENCHMARK(BM_Tree)->Args({1000, 2000, 30})->Args({200'000, 20, 5})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace soteria::ml::tree

BENCHMARK_MAIN();
