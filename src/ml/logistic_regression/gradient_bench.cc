// The gradient kernel on one core: 200,000 x 100 doubles (160 MB), dense, and a sparse block of the
// same shape with one value in ten.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "src/ml/logistic_regression/kernels.h"
#include "src/ml/summarizer/kernels.h"

namespace soteria::ml {
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

table::FeatureBlock MakeBlock(int64_t rows, int64_t cols, bool sparse) {
  table::FeatureBlock block;
  block.rows = rows;
  block.cols = cols;
  block.sparse = sparse;
  Sequence random;
  if (sparse) block.row_ptr.push_back(0);
  for (int64_t i = 0; i < rows; ++i) {
    block.label.push_back(random.Next() > 0 ? 1.0 : 0.0);
    for (int64_t j = 0; j < cols; ++j) {
      const double value = random.Next();
      if (!sparse) {
        block.dense.push_back(value);
      } else if (value > 0.8) {
        block.col.push_back(static_cast<int32_t>(j));
        block.val.push_back(value);
      }
    }
    if (sparse) block.row_ptr.push_back(static_cast<int64_t>(block.val.size()));
  }
  return block;
}

void Run(benchmark::State& state, const Kernel& kernel, const table::FeatureBlock& block) {
  for (auto _ : state) benchmark::DoNotOptimize(kernel.Map({.features = &block}));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(block.bytes()));
}

void BM_Gradient(benchmark::State& state) {
  const table::FeatureBlock block = MakeBlock(state.range(0), state.range(1), state.range(2) != 0);
  LinearScore score;
  Sequence random;
  for (int64_t j = 0; j < block.cols; ++j) score.coefficients.push_back(random.Next());
  Run(state, LogisticGradientKernel(score), block);
}
BENCHMARK(BM_Gradient)
    ->Args({200'000, 100, 0})
    ->Args({200'000, 100, 1})
    ->Args({20'000, 1000, 0})
    ->Args({1000, 10'000, 0})
    ->Args({1'000'000, 20, 0})
    ->Unit(benchmark::kMillisecond);

void BM_Summarizer(benchmark::State& state) {
  const table::FeatureBlock block = MakeBlock(state.range(0), state.range(1), state.range(2) != 0);
  Run(state, SummarizerKernel(SummarizerKernel::Labels::kClasses), block);
}
BENCHMARK(BM_Summarizer)
    ->Args({200'000, 100, 0})
    ->Args({200'000, 100, 1})
    ->Args({1000, 10'000, 0})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace soteria::ml

BENCHMARK_MAIN();
