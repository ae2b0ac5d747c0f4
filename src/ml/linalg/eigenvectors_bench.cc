// The largest eigenvectors of a covariance as PCA's driver wants them, and what they are made of,
// without and with a second thread.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "src/ml/linalg/symmetric.h"
#include "src/ml/linalg/tridiagonal.h"

namespace soteria::ml {
namespace {

/// Of as many rows as columns, whose entries are the same each time.
std::vector<double> Covariance(size_t size) {
  std::vector<double> rows(size * size), full(size * size, 0.0);
  uint64_t state = 1;
  for (double& x : rows) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    x = static_cast<double>(state >> 11) * 0x1p-52 - 1;
  }
  AddOuterProducts(rows.data(), static_cast<int64_t>(size), static_cast<int64_t>(size),
                   full.data());
  for (size_t j = 0; j < size; ++j) {
    for (size_t i = 0; i <= j; ++i) {
      full[j * size + i] /= static_cast<double>(size);
      full[i * size + j] = full[j * size + i];
    }
  }
  return full;
}

void BM_Reduce(benchmark::State& state) {
  const std::vector<double> covariance = Covariance(static_cast<size_t>(state.range(0)));
  Crew crew(state.range(1) != 0);
  for (auto _ : state) {
    std::vector<double> a = covariance;
    benchmark::DoNotOptimize(Reduce(crew, a.data(), static_cast<int>(state.range(0))));
  }
}
BENCHMARK(BM_Reduce)
    ->Args({2000, 0})
    ->Args({2000, 1})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void BM_LeadingEigenvectors(benchmark::State& state) {
  const std::vector<double> covariance = Covariance(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(LeadingEigenvectors(covariance, state.range(0), state.range(1)));
  }
}
BENCHMARK(BM_LeadingEigenvectors)
    ->Args({1000, 500})
    ->Args({2000, 20})
    ->Args({2000, 1000})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace
}  // namespace soteria::ml

BENCHMARK_MAIN();
