// The passes of ALS on one core: a block of 1,250 of 10,000 users with 700 ratings each, of 10,000
// items, as it is sent, grouped and solved.
#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "src/ml/als/kernels.h"
#include "src/ml/als/ratings.h"

namespace soteria::ml {
namespace {

constexpr int32_t kUsers = 1'250;
constexpr int32_t kItems = 10'000;
constexpr int32_t kEach = 700;
constexpr int64_t kRatings = int64_t{kUsers} * kEach;

std::shared_ptr<arrow::Table> Ratings() {
  std::vector<int32_t> users, items;
  std::vector<float> ratings;
  uint32_t state = 42;
  for (int64_t i = 0; i < kRatings; ++i) {
    state = state * 1664525U + 1013904223U;
    users.push_back(static_cast<int32_t>(i % kUsers) * 8);
    items.push_back(static_cast<int32_t>((state >> 8) % kItems));
    ratings.push_back(static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31F);
  }
  const auto ints = [](std::vector<int32_t> values) {
    return std::make_shared<arrow::Int32Array>(kRatings,
                                               arrow::Buffer::FromVector(std::move(values)));
  };
  return arrow::Table::Make(
      arrow::schema({arrow::field("user", arrow::int32()), arrow::field("item", arrow::int32()),
                     arrow::field("rating", arrow::float32())}),
      {ints(std::move(users)), ints(std::move(items)),
       std::make_shared<arrow::FloatArray>(kRatings,
                                           arrow::Buffer::FromVector(std::move(ratings)))});
}

std::shared_ptr<arrow::Table> Sent() {
  const auto ratings = Ratings();
  return RatingsRoute("user", "item", "rating").Split({.table = ratings.get()}, 1).value()[0];
}

void BM_Route(benchmark::State& state) {
  const auto ratings = Ratings();
  const RatingsRoute route("user", "item", "rating");
  for (auto _ : state) benchmark::DoNotOptimize(route.Split({.table = ratings.get()}, 8));
  state.SetItemsProcessed(state.iterations() * kRatings);
}
BENCHMARK(BM_Route)->Unit(benchmark::kMillisecond);

void BM_Group(benchmark::State& state) {
  const auto sent = Sent();
  for (auto _ : state) benchmark::DoNotOptimize(GroupStep().Next({.table = sent.get()}));
  state.SetItemsProcessed(state.iterations() * kRatings);
}
BENCHMARK(BM_Group)->Unit(benchmark::kMillisecond);

void BM_Solve(benchmark::State& state) {
  const auto rank = static_cast<int32_t>(state.range(0));
  const bool implicit = state.range(1) != 0;
  const auto sent = Sent();
  const auto block = GroupStep().Next({.table = sent.get()}).value();
  Factors others;
  others.rank = rank;
  for (int32_t i = 0; i < kItems; ++i) {
    others.ids.push_back(i);
    for (int32_t k = 0; k < rank; ++k) {
      others.values.push_back(static_cast<float>((i * 7 + k * 13 + i * k) % 17 - 8) / 16);
    }
  }
  std::vector<double> gram;
  for (int32_t i = 0; implicit && i < rank; ++i) {
    gram.insert(gram.end(), static_cast<size_t>(i), 0.0);
    gram.push_back(100);
  }
  AlsProblem problem;
  problem.reg_param = 1;
  problem.implicit = implicit;
  problem.nonnegative = state.range(2) != 0;
  const SolveKernel kernel(problem, std::move(others), std::move(gram));
  for (auto _ : state) benchmark::DoNotOptimize(kernel.Map({.table = block.get()}));
  state.SetItemsProcessed(state.iterations() * kRatings);
}
BENCHMARK(BM_Solve)
    ->Args({10, 0, 0})
    ->Args({10, 1, 0})
    ->Args({10, 0, 1})
    ->Args({64, 0, 0})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace soteria::ml

BENCHMARK_MAIN();
