// The pass of an iteration of k-means on one core, 10 centers: 375,000 x 20 (an eighth of the
// benchmark's rows), wider rows, more centers, and sparse ones with one value in ten; and the pass
// of PCA and of naive Bayes over blocks of their benchmarks' shapes.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "src/ml/kmeans/kernels.h"
#include "src/ml/naive_bayes/kernels.h"
#include "src/ml/pca/kernels.h"

namespace soteria::ml {
namespace {

/// A fixed sequence in [0, 1).
class Sequence {
 public:
  double Next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(state_ >> 11) * 0x1p-53;
  }

 private:
  uint64_t state_ = 42;
};

table::FeatureBlock MakeBlock(int64_t rows, int64_t cols, double share) {
  table::FeatureBlock block;
  block.rows = rows;
  block.cols = cols;
  block.sparse = share < 1;
  Sequence random;
  if (block.sparse) block.row_ptr.push_back(0);
  for (int64_t i = 0; i < rows; ++i) {
    block.label.push_back(static_cast<double>(i % 10));
    if (!block.sparse) {
      for (int64_t j = 0; j < cols; ++j) block.dense.push_back(random.Next());
      continue;
    }
    const auto step = static_cast<int64_t>(1 / share);
    for (int64_t j = i % step; j < cols; j += step) {
      block.col.push_back(static_cast<int32_t>(j));
      block.val.push_back(random.Next());
    }
    block.row_ptr.push_back(static_cast<int64_t>(block.val.size()));
  }
  return block;
}

void Run(benchmark::State& state, const Kernel& kernel, const table::FeatureBlock& block) {
  for (auto _ : state) benchmark::DoNotOptimize(kernel.Map({.features = &block}));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(block.bytes()));
}

void BM_Assign(benchmark::State& state) {
  const table::FeatureBlock block =
      MakeBlock(state.range(0), state.range(1), 1.0 / static_cast<double>(state.range(3)));
  const auto count = static_cast<size_t>(state.range(2));
  Sequence random;
  std::vector<double> centers(count * static_cast<size_t>(block.cols));
  for (double& value : centers) value = random.Next();
  Run(state,
      AssignKernel(
          Centers(DistanceMeasure::kEuclidean, centers, count, static_cast<size_t>(block.cols)),
          Assigns::kPoints),
      block);
}
BENCHMARK(BM_Assign)
    ->Args({375'000, 20, 10, 1})
    ->Args({50'000, 100, 100, 1})
    ->Args({50'000, 100, 2, 1})
    ->Args({50'000, 100, 10, 10})
    ->Unit(benchmark::kMillisecond);

void BM_Scatter(benchmark::State& state) {
  Run(state, ScatterKernel(), MakeBlock(state.range(0), state.range(1), 1));
}
BENCHMARK(BM_Scatter)
    ->Args({25'000, 200})
    ->Args({250, 2000})
    ->Args({4000, 1000})
    ->Unit(benchmark::kMillisecond);

void BM_Bayes(benchmark::State& state) {
  const table::FeatureBlock block =
      MakeBlock(state.range(0), state.range(1), 1.0 / static_cast<double>(state.range(2)));
  Run(state, BayesKernel(BayesType::kMultinomial, 0), block);
}
BENCHMARK(BM_Bayes)
    ->Args({12'500, 480'000, 1120})
    ->Args({25'000, 20, 1})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace soteria::ml

BENCHMARK_MAIN();
