// The kernels of linear regression and of softmax on one core, and the equations' solution. Set
// OPENBLAS_NUM_THREADS=1 and OPENBLAS_CORETYPE=Haswell, as enclaves do.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/ml/linear_regression/kernels.h"
#include "src/ml/linear_regression/normal.h"
#include "src/ml/logistic_regression/kernels.h"

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

table::FeatureBlock MakeBlock(int64_t rows, int64_t cols, bool weighted, int classes = 0) {
  table::FeatureBlock block;
  block.rows = rows;
  block.cols = cols;
  Sequence random;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) block.dense.push_back(random.Next());
    block.label.push_back(classes > 0 ? static_cast<double>(i % classes) : random.Next());
    if (weighted) block.weight.push_back(0.5 + static_cast<double>(i % 3));
  }
  return block;
}

void Run(benchmark::State& state, const Kernel& kernel, const table::FeatureBlock& block) {
  for (auto _ : state) benchmark::DoNotOptimize(kernel.Map({.features = &block}));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(block.bytes()));
}

void BM_Normal(benchmark::State& state) {
  Run(state, NormalKernel(), MakeBlock(state.range(0), state.range(1), state.range(2) != 0));
}
BENCHMARK(BM_Normal)
    ->Args({10'000, 1000, 0})
    ->Args({10'000, 1000, 1})
    ->Args({200'000, 20, 0})
    ->Args({200'000, 20, 1})
    ->Unit(benchmark::kMillisecond);

void BM_Gradient(benchmark::State& state) {
  const table::FeatureBlock block = MakeBlock(state.range(0), state.range(1), false);
  RegressionLoss loss;
  loss.huber = state.range(2) != 0;
  LinearScore score;
  score.coefficients.assign(static_cast<size_t>(block.cols), 0.01);
  Run(state, LinearGradientKernel(score, loss), block);
}
BENCHMARK(BM_Gradient)
    ->Args({20'000, 1000, 0})
    ->Args({200'000, 100, 1})
    ->Unit(benchmark::kMillisecond);

void BM_Softmax(benchmark::State& state) {
  const auto classes = static_cast<size_t>(state.range(2));
  const table::FeatureBlock block =
      MakeBlock(state.range(0), state.range(1), false, static_cast<int>(classes));
  LinearScore score;
  score.coefficients.assign(static_cast<size_t>(block.cols), 0.01);
  Run(state, SoftmaxGradientKernel(std::vector<LinearScore>(classes, score)), block);
}
BENCHMARK(BM_Softmax)
    ->Args({200'000, 100, 3})
    ->Args({50'000, 100, 20})
    ->Unit(benchmark::kMillisecond);

void BM_Solve(benchmark::State& state) {
  const table::FeatureBlock block = MakeBlock(2 * state.range(0), state.range(0), false);
  const NormalSums sums =
      NormalSums::Decode(NormalKernel().Map({.features = &block}).value()).value();
  NormalProblem problem;
  problem.reg_param = 0.3;
  problem.elastic_net = state.range(1) != 0 ? 0.8 : 0.0;
  for (auto _ : state) benchmark::DoNotOptimize(SolveNormal(sums, problem));
}
BENCHMARK(BM_Solve)->Args({1000, 0})->Args({1000, 1})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace soteria::ml

BENCHMARK_MAIN();
