// Kept blocks: built once, out of memory when it is short, back again when they are asked for.
#include "src/worker/block_cache.h"

#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::worker {
namespace {

constexpr uint64_t kBlockBytes = 8'000;  // of BlockOf(1000)

base::Digest DigestOf(char fill) {
  base::Digest digest;
  digest.fill(static_cast<uint8_t>(fill));
  return digest;
}

Block BlockOf(int64_t rows, int64_t value = 7) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(std::vector<int64_t>(static_cast<size_t>(rows), value)).ok());
  std::shared_ptr<arrow::Array> array;
  EXPECT_TRUE(builder.Finish(&array).ok());
  return {arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64())}), {array}), nullptr};
}

class BlockCacheTest : public ::testing::Test {
 protected:
  BlockCacheTest() { std::filesystem::remove_all(folder_); }
  ~BlockCacheTest() override { std::filesystem::remove_all(folder_); }

  /// What a task of its own gets for the block of 1000 rows of `partition`, or why not.
  base::Status Want(uint64_t partition, Eviction eviction = Eviction::kSpill, char recipe = 'a') {
    TaskMemory task(budget_);
    const auto block = Get(task, partition, eviction, recipe);
    if (!block.ok()) return block.status();
    EXPECT_TRUE((*block)->table->Equals(*BlockOf(1000, static_cast<int64_t>(partition)).table));
    return base::OkStatus();
  }
  base::StatusOr<std::shared_ptr<const Block>> Get(TaskMemory& task, uint64_t partition,
                                                   Eviction eviction = Eviction::kSpill,
                                                   char recipe = 'a') {
    return cache_.Get(task, {DigestOf(recipe), partition}, eviction,
                      [&](Holding& holding) -> base::StatusOr<Block> {
                        SOTERIA_RETURN_IF_ERROR(holding.Set(kBlockBytes));
                        ++builds_;
                        return BlockOf(1000, static_cast<int64_t>(partition));
                      });
  }
  std::vector<std::filesystem::path> Files() const {
    std::vector<std::filesystem::path> files;
    if (!std::filesystem::exists(folder_)) return files;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      files.push_back(file.path());
    }
    return files;
  }

  const std::string folder_ = base::Cat(::testing::TempDir(), "block-cache-", getpid());
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  base::RandomForTest random_{1};
  SpillStore spill_{*files_, random_, folder_};
  MemoryBudget budget_{20'000};  // two blocks
  BlockCache cache_{budget_, spill_};
  std::atomic<int> builds_ = 0;
};

TEST_F(BlockCacheTest, BuildsOnceAndKeeps) {
  TaskMemory task(budget_);
  const auto first = Get(task, 3);
  const auto second = Get(task, 3);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(builds_, 1);
  EXPECT_EQ((*first)->rows(), 1000U);
  EXPECT_EQ(budget_.used(), kBlockBytes);
  ASSERT_TRUE(Get(task, 4).ok());  // another partition is another block
  EXPECT_EQ(builds_, 2);
  EXPECT_EQ(cache_.size(), 2U);
}

TEST_F(BlockCacheTest, ThreadsThatWantTheSameBlockBuildItOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      TaskMemory task(budget_);
      const auto block = cache_.Get(task, {DigestOf('a'), 0}, Eviction::kSpill,
                                    [&](Holding&) -> base::StatusOr<Block> {
                                      ++builds_;
                                      std::this_thread::sleep_for(std::chrono::milliseconds(20));
                                      return BlockOf(5);
                                    });
      EXPECT_TRUE(block.ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(builds_, 1);
}

TEST_F(BlockCacheTest, AFailedBuildLeavesNothing) {
  TaskMemory task(budget_);
  const auto failed = cache_.Get(task, {DigestOf('a'), 0}, Eviction::kSpill,
                                 [](Holding& holding) -> base::StatusOr<Block> {
                                   SOTERIA_RETURN_IF_ERROR(holding.Set(100));
                                   return base::Fail(base::kIo, "no file");
                                 });
  EXPECT_TRUE(base::Is(failed.status(), base::kIo));
  EXPECT_EQ(cache_.size(), 0U);
  EXPECT_EQ(budget_.used(), 0U);
  EXPECT_TRUE(Get(task, 0).ok());
}

TEST_F(BlockCacheTest, OnlyLiveRecipesStay) {
  ASSERT_TRUE(Want(0).ok() && Want(1).ok() && Want(2).ok());
  EXPECT_EQ(Files().size(), 1U);
  {
    TaskMemory task(budget_);
    const auto in_use = Get(task, 2);
    ASSERT_TRUE(in_use.ok());
    cache_.KeepOnly({DigestOf('b')});
    EXPECT_EQ(cache_.size(), 0U);
    EXPECT_TRUE(Files().empty());
    EXPECT_EQ(budget_.used(), kBlockBytes);  // what a task uses is in memory until it ends
  }
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(BlockCacheTest, WhatIsNeededLastIsSpilledAndComesBackTheSame) {
  ASSERT_TRUE(Want(0).ok() && Want(1).ok());
  EXPECT_TRUE(Files().empty());
  ASSERT_TRUE(Want(2).ok());  // 1 goes
  EXPECT_EQ(cache_.counts().spilled, 1U);
  const SpillBytes first = cache_.TakeSpillBytes();
  EXPECT_GT(first.spilled, kBlockBytes);
  EXPECT_EQ(first.opened, 0U);
  ASSERT_TRUE(Want(0).ok());
  EXPECT_EQ(cache_.counts().opened, 0U);
  ASSERT_TRUE(Want(1).ok());  // 0 goes
  EXPECT_EQ(builds_, 3);
  EXPECT_EQ(cache_.counts().opened, 1U);
  EXPECT_EQ(cache_.counts().spilled, 2U);
  EXPECT_GT(cache_.counts().spilled_bytes, 2 * kBlockBytes);
  const SpillBytes next = cache_.TakeSpillBytes();
  EXPECT_EQ(first.spilled + next.spilled, cache_.counts().spilled_bytes);
  EXPECT_EQ(next.opened, cache_.counts().opened_bytes);
  EXPECT_EQ(cache_.TakeSpillBytes().spilled, 0U);
  EXPECT_EQ(Files().size(), 2U);
  // One that goes again is on the disk already: it is not written anew.
  ASSERT_TRUE(Want(0).ok() && Want(2).ok());  // 1 goes
  EXPECT_EQ(cache_.counts().opened, 2U);
  EXPECT_EQ(cache_.counts().spilled, 2U);
  EXPECT_EQ(builds_, 3);
  EXPECT_LE(budget_.used(), budget_.bytes_max());
}

TEST_F(BlockCacheTest, PassesFindAThirdOfFourBlocksWithRoomForTwo) {
  for (int pass = 0; pass < 7; ++pass) {
    for (const uint64_t partition : {0U, 1U, 2U, 3U}) ASSERT_TRUE(Want(partition).ok());
  }
  EXPECT_EQ(builds_, 4);
  // (room - 1) of (blocks - 1) uses find their block: 8 of the 24 after the first pass.
  EXPECT_EQ(cache_.counts().opened, 16U);
  EXPECT_LE(cache_.counts().spilled, 4U);
}

TEST_F(BlockCacheTest, ARecipeThatRestsGoesBeforeOneThatIsUsed) {
  ASSERT_TRUE(Want(0).ok());
  ASSERT_TRUE(Want(0, Eviction::kSpill, 'b').ok());
  ASSERT_TRUE(Want(1, Eviction::kSpill, 'b').ok());  // the other recipe's block goes
  ASSERT_TRUE(Want(0, Eviction::kSpill, 'b').ok() && Want(1, Eviction::kSpill, 'b').ok());
  EXPECT_EQ(cache_.counts().opened, 0U);
  ASSERT_TRUE(Want(0).ok());
  EXPECT_EQ(cache_.counts().opened, 1U);
}

TEST_F(BlockCacheTest, WhatItsSourceCanGiveAgainIsDropped) {
  for (uint64_t partition : std::vector<uint64_t>{0, 1, 2, 1})
    ASSERT_TRUE(Want(partition, Eviction::kDrop).ok());
  EXPECT_EQ(builds_, 4);
  EXPECT_EQ(cache_.counts().dropped, 2U);
  EXPECT_EQ(cache_.counts().spilled, 0U);
  EXPECT_TRUE(Files().empty());
}

TEST_F(BlockCacheTest, ALostFileIsABlockToBuildAgain) {
  for (uint64_t partition : std::vector<uint64_t>{0, 1, 2}) ASSERT_TRUE(Want(partition).ok());
  ASSERT_EQ(Files().size(), 1U);
  std::filesystem::remove(Files()[0]);
  ASSERT_TRUE(Want(1).ok());
  EXPECT_EQ(builds_, 4);
  EXPECT_EQ(cache_.counts().lost, 1U);
  EXPECT_EQ(cache_.counts().opened, 0U);
}

TEST_F(BlockCacheTest, AnAlteredFileIsAnErrorForEveryoneWhoAsks) {
  for (uint64_t partition : std::vector<uint64_t>{0, 1, 2}) ASSERT_TRUE(Want(partition).ok());
  ASSERT_EQ(Files().size(), 1U);
  std::fstream file(Files()[0], std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(1000);
  file.put('!');
  file.close();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(base::Is(Want(1), base::kIntegrity));
    EXPECT_EQ(builds_, 3);
  }
  EXPECT_LE(budget_.used(), 2 * kBlockBytes);
  ASSERT_TRUE(Want(0).ok());
  cache_.KeepOnly({});
  EXPECT_EQ(budget_.used(), 0U);
  EXPECT_TRUE(Files().empty());
}

TEST_F(BlockCacheTest, ADiskThatFailsIsAnErrorAndLosesNothing) {
  ASSERT_TRUE(Want(0).ok() && Want(1).ok());
  std::ofstream(folder_) << "no folder";
  EXPECT_FALSE(Want(2).ok());
  EXPECT_TRUE(Want(0).ok() && Want(1).ok());
  EXPECT_EQ(builds_, 2);
  std::filesystem::remove(folder_);
  EXPECT_TRUE(Want(2).ok());
}

TEST_F(BlockCacheTest, BlocksInUseStayAndTheLimitIsATypedError) {
  TaskMemory task(budget_);
  const auto first = Get(task, 0);
  const auto second = Get(task, 1);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(base::Is(Get(task, 2).status(), base::kMemoryLimit));
  EXPECT_EQ(cache_.counts().spilled, 0U);
  TaskMemory other(budget_);
  EXPECT_TRUE(base::Is(Get(other, 2).status(), kCrowded));
  EXPECT_TRUE(base::Is(other.Take(~uint64_t{0}), base::kMemoryLimit));
  EXPECT_EQ(budget_.used(), 2 * kBlockBytes);
}

// Two slots whose tasks need two blocks each, under a limit of two blocks and a half.
TEST_F(BlockCacheTest, TasksThatCantRunTogetherRunOneAfterTheOther) {
  std::atomic<int> crowded = 0;
  const auto run = [&](uint64_t first) {
    for (int round = 0; round < 50; ++round) {
      auto task = std::make_unique<TaskMemory>(budget_);
      const auto attempt = [&]() -> base::Status {
        const uint64_t partition = first + static_cast<uint64_t>(round) % 3;
        SOTERIA_ASSIGN_OR_RETURN(const auto one, Get(*task, partition));
        SOTERIA_ASSIGN_OR_RETURN(const auto two, Get(*task, partition + 1));
        const auto expected = BlockOf(1000, static_cast<int64_t>(partition + 1));
        EXPECT_TRUE(two->table->Equals(*expected.table));
        return task->Take(1'000);
      };
      base::Status status = attempt();
      if (base::Is(status, kCrowded)) {
        ++crowded;
        task = std::make_unique<TaskMemory>(budget_);
        task->AwaitTurn();
        status = attempt();
      }
      EXPECT_TRUE(status.ok()) << base::Message(status);
      EXPECT_LE(budget_.used(), budget_.bytes_max());
    }
  };
  std::thread other([&] { run(2); });
  run(0);
  other.join();
  EXPECT_GT(cache_.counts().opened, 0U);
  EXPECT_EQ(builds_, 6);
}

TEST(BlockTest, FeatureBlocksCountTheirOwnBytes) {
  auto features = std::make_shared<table::FeatureBlock>();
  features->rows = 4;
  features->cols = 2;
  features->dense.resize(8);
  const Block block{nullptr, features};
  EXPECT_EQ(block.rows(), 4U);
  EXPECT_EQ(block.bytes(), features->bytes());
  EXPECT_GE(block.bytes(), 64U);
}

TEST_F(BlockCacheTest, ColumnsStayWhateverIsLiveUpToTheirPart) {
  MemoryBudget budget(100'000);
  BlockCache cache(budget, spill_, 2 * kBlockBytes + 1);
  int builds = 0;
  const auto want = [&](TaskMemory& task, uint64_t partition) {
    return *cache.Get(task, {DigestOf('c'), partition}, Eviction::kColumn,
                      [&](Holding& /*holding*/) -> base::StatusOr<Block> {
                        ++builds;
                        return BlockOf(1000, static_cast<int64_t>(partition));
                      });
  };
  TaskMemory task(budget);
  want(task, 0);
  want(task, 1);
  cache.KeepOnly({});
  want(task, 0);  // so that 1 has rested longest
  EXPECT_EQ(builds, 2);
  want(task, 2);
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(budget.used(), 2 * kBlockBytes);
  want(task, 0);
  EXPECT_EQ(builds, 3);
  want(task, 1);
  EXPECT_EQ(builds, 4);

  // Those that a task uses stay, and go when it no longer does.
  std::vector<std::shared_ptr<const Block>> used;
  for (uint64_t p = 10; p < 15; ++p) used.push_back(want(task, p));
  EXPECT_EQ(cache.size(), 5U);
  used.clear();
  want(task, 20);
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(budget.used(), 2 * kBlockBytes);
}

TEST_F(BlockCacheTest, ColumnsMakeRoomForOthersAndAreNeverSealedOut) {
  BlockCache cache(budget_, spill_, 20'000);
  TaskMemory task(budget_);
  const auto want = [&](char recipe, Eviction eviction) {
    return cache.Get(task, {DigestOf(recipe), 0}, eviction,
                     [&](Holding& holding) -> base::StatusOr<Block> {
                       SOTERIA_RETURN_IF_ERROR(holding.Set(kBlockBytes));
                       return BlockOf(1000);
                     });
  };
  ASSERT_TRUE(want('c', Eviction::kColumn).ok());
  ASSERT_TRUE(want('d', Eviction::kColumn).ok());
  const auto first = want('a', Eviction::kSpill);
  const auto second = want('b', Eviction::kSpill);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(cache.counts().dropped, 2U);
  EXPECT_TRUE(Files().empty());
}

}  // namespace
}  // namespace soteria::worker
