#include "src/worker/block_cache.h"

#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "src/base/errors.h"

namespace soteria::worker {
namespace {

base::Digest DigestOf(char fill) {
  base::Digest digest;
  digest.fill(static_cast<uint8_t>(fill));
  return digest;
}

Block BlockOf(int64_t rows) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(std::vector<int64_t>(static_cast<size_t>(rows), 7)).ok());
  std::shared_ptr<arrow::Array> array;
  EXPECT_TRUE(builder.Finish(&array).ok());
  return {arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64())}), {array}), nullptr};
}

TEST(BlockCacheTest, BuildsOnceAndKeeps) {
  MemoryBudget budget(1 << 20);
  BlockCache cache(budget);
  int builds = 0;
  const auto build = [&]() -> base::StatusOr<Block> {
    ++builds;
    return BlockOf(10);
  };
  const auto first = cache.Get({DigestOf('a'), 3}, build);
  const auto second = cache.Get({DigestOf('a'), 3}, build);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(builds, 1);
  EXPECT_EQ((*first)->rows(), 10U);
  // Another partition or another recipe is another block.
  ASSERT_TRUE(cache.Get({DigestOf('a'), 4}, build).ok());
  ASSERT_TRUE(cache.Get({DigestOf('b'), 3}, build).ok());
  EXPECT_EQ(builds, 3);
  EXPECT_EQ(cache.size(), 3U);
}

TEST(BlockCacheTest, ThreadsThatWantTheSameBlockBuildItOnce) {
  MemoryBudget budget(1 << 20);
  BlockCache cache(budget);
  std::atomic<int> builds = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto block = cache.Get({DigestOf('a'), 0}, [&]() -> base::StatusOr<Block> {
        ++builds;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return BlockOf(5);
      });
      EXPECT_TRUE(block.ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(builds, 1);
}

TEST(BlockCacheTest, AFailedBuildLeavesNothing) {
  MemoryBudget budget(1 << 20);
  BlockCache cache(budget);
  const auto failed = cache.Get({DigestOf('a'), 0}, []() -> base::StatusOr<Block> {
    return base::Fail(base::kIo, "no file");
  });
  EXPECT_TRUE(base::Is(failed.status(), base::kIo));
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_TRUE(
      cache.Get({DigestOf('a'), 0}, []() -> base::StatusOr<Block> { return BlockOf(1); }).ok());
}

TEST(BlockCacheTest, OnlyLiveRecipesStay) {
  MemoryBudget budget(1 << 20);
  BlockCache cache(budget);
  for (const char name : {'a', 'b'}) {
    for (uint64_t p = 0; p < 2; ++p) {
      ASSERT_TRUE(
          cache.Get({DigestOf(name), p}, []() -> base::StatusOr<Block> { return BlockOf(100); })
              .ok());
    }
  }
  const uint64_t all = budget.used();
  EXPECT_GE(all, 4 * 100 * sizeof(int64_t));
  cache.KeepOnly({DigestOf('b')});
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(budget.used(), all / 2);
  cache.KeepOnly({});
  EXPECT_EQ(budget.used(), 0U);
}

TEST(BlockCacheTest, TheLimitIsATypedError) {
  MemoryBudget budget(1000);
  BlockCache cache(budget);
  const auto too_big =
      cache.Get({DigestOf('a'), 0}, []() -> base::StatusOr<Block> { return BlockOf(1000); });
  EXPECT_TRUE(base::Is(too_big.status(), base::kMemoryLimit));
  EXPECT_EQ(budget.used(), 0U);
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_TRUE(budget.Take(1000).ok());
  EXPECT_TRUE(base::Is(budget.Take(1), base::kMemoryLimit));
  EXPECT_TRUE(base::Is(budget.Take(~uint64_t{0}), base::kMemoryLimit));
  budget.Give(1000);
}

TEST(BlockCacheTest, FeatureBlocksCountTheirOwnBytes) {
  auto features = std::make_shared<table::FeatureBlock>();
  features->rows = 4;
  features->cols = 2;
  features->dense.resize(8);
  const Block block{nullptr, features};
  EXPECT_EQ(block.rows(), 4U);
  EXPECT_EQ(block.bytes(), features->bytes());
  EXPECT_GE(block.bytes(), 64U);
}

}  // namespace
}  // namespace soteria::worker
