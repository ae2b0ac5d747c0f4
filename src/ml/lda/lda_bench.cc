// Passes of LDA on one core: a mini-batch of all documents of a block (the benchmark's, 50 to
// 10,000 words each, uniform over the vocabulary, draws 5 in 100), sparse ones, and an iteration of
// "em"; the likelihood of a table's documents; and the digammas of an iteration.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <map>

#include "src/ml/lda/em_kernels.h"
#include "src/ml/lda/kernels.h"
#include "src/ml/lda/special.h"

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

table::FeatureBlock MakeBlock(int64_t documents, int64_t terms, double words) {
  table::FeatureBlock block;
  block.rows = documents;
  block.cols = terms;
  block.sparse = true;
  block.row_ptr.push_back(0);
  Sequence random;
  for (int64_t i = 0; i < documents; ++i) {
    std::map<int32_t, double> counts;
    const auto length = static_cast<int64_t>(50 + random.Next() * (words - 50));
    for (int64_t w = 0; w < length; ++w) {
      counts[static_cast<int32_t>(random.Next() * static_cast<double>(terms))] += 1;
    }
    for (const auto& [term, count] : counts) {
      block.col.push_back(term);
      block.val.push_back(count);
    }
    block.row_ptr.push_back(static_cast<int64_t>(block.val.size()));
  }
  return block;
}

std::vector<double> StartTopics(size_t k, size_t terms) {
  Sequence random;
  std::vector<double> topics(k * terms);
  for (double& value : topics) value = 0.8 + 0.4 * random.Next();
  return topics;
}

void BM_Batch(benchmark::State& state) {
  const auto k = static_cast<size_t>(state.range(2));
  const auto terms = static_cast<size_t>(state.range(1));
  const table::FeatureBlock block =
      MakeBlock(state.range(0), state.range(1), static_cast<double>(state.range(3)));
  Batch batch;
  batch.alpha.assign(k, 1.0 / static_cast<double>(k));
  batch.by_term = ExpectedLogBeta(StartTopics(k, terms), k);
  for (double& value : batch.by_term) value = std::exp(value);
  batch.logs = true;
  const BatchKernel kernel(std::move(batch));
  for (auto _ : state) benchmark::DoNotOptimize(kernel.Map({.features = &block}));
  state.SetItemsProcessed(state.iterations() * block.rows);
}
BENCHMARK(BM_Batch)
    ->Args({100, 1000, 10, 10'000})
    ->Args({100, 2000, 20, 10'000})
    ->Args({200, 10'000, 10, 200})
    ->Args({50, 3000, 100, 10'000})
    ->Unit(benchmark::kMillisecond);

void BM_Em(benchmark::State& state) {
  const auto k = static_cast<size_t>(state.range(2));
  const auto terms = static_cast<size_t>(state.range(1));
  const table::FeatureBlock block = MakeBlock(state.range(0), state.range(1), 10'000);
  TopicCounts counts;
  counts.k = k;
  counts.alpha = 1.5;
  counts.eta = 1.1;
  counts.Set(StartTopics(k, terms));
  const auto documents = EmStartStep(k, 1).Next({.features = &block}).value();
  const EmKernel kernel(counts);
  for (auto _ : state) benchmark::DoNotOptimize(kernel.Map({.table = documents.get()}));
  state.SetItemsProcessed(state.iterations() * block.rows);
}
BENCHMARK(BM_Em)->Args({500, 1000, 10})->Args({200, 3000, 100})->Unit(benchmark::kMillisecond);

void BM_ExpectedLogBeta(benchmark::State& state) {
  const auto k = static_cast<size_t>(state.range(0));
  const std::vector<double> topics = StartTopics(k, static_cast<size_t>(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(ExpectedLogBeta(topics, k));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(topics.size()));
}
BENCHMARK(BM_ExpectedLogBeta)->Args({10, 1000})->Args({100, 10'000})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace soteria::ml

BENCHMARK_MAIN();
