#include "src/worker/memory_budget.h"

#include <gtest/gtest.h>

#include <thread>

namespace soteria::worker {
namespace {

TEST(MemoryBudgetTest, WhatIsTakenIsGivenBack) {
  MemoryBudget budget(100);
  {
    TaskMemory task(budget);
    EXPECT_TRUE(task.Take(60).ok());
    Holding holding(task);
    EXPECT_TRUE(holding.Set(40).ok());
    EXPECT_TRUE(base::Is(holding.Set(41), base::kMemoryLimit));
    EXPECT_EQ(holding.bytes(), 40U);
    EXPECT_TRUE(holding.Set(10).ok());
    EXPECT_EQ(budget.used(), 70U);
    EXPECT_EQ(holding.LeaveToTask(4), 4U);
    EXPECT_EQ(holding.LeaveToTask(100), 6U);
    EXPECT_EQ(budget.used(), 70U);
  }
  EXPECT_EQ(budget.used(), 0U);
}

TEST(MemoryBudgetTest, HoldingsMove) {
  MemoryBudget budget(100);
  TaskMemory task(budget);
  Holding all(task);
  {
    Holding part(task);
    EXPECT_TRUE(part.Set(30).ok());
    Holding moved(std::move(part));
    all.Absorb(moved);
  }
  EXPECT_EQ(all.bytes(), 30U);
  EXPECT_EQ(budget.used(), 30U);
}

TEST(MemoryBudgetTest, TheLimitIsTypedWhoeverElseRuns) {
  MemoryBudget budget(100);
  TaskMemory one(budget);
  ASSERT_TRUE(one.Take(60).ok());
  TaskMemory two(budget);
  EXPECT_TRUE(base::Is(two.Take(50), kCrowded));
  EXPECT_TRUE(base::Is(two.Take(101), base::kMemoryLimit));
  EXPECT_TRUE(base::Is(two.Take(~uint64_t{0}), base::kMemoryLimit));
  EXPECT_TRUE(base::Is(one.Take(41), base::kMemoryLimit));
  EXPECT_TRUE(two.Take(40).ok());
}

TEST(MemoryBudgetTest, TheTurnWaitsForOthersAndNewOnesForIt) {
  MemoryBudget budget(100);
  auto one = std::make_unique<TaskMemory>(budget);
  ASSERT_TRUE(one->Take(60).ok());
  base::Status taken;
  std::thread waiting([&] {
    TaskMemory task(budget);
    task.AwaitTurn();
    taken = task.Take(90);
  });
  const auto turn_waits = [&] {
    const std::lock_guard<std::mutex> lock(budget.mutex());
    return budget.turn_waits();
  };
  while (!turn_waits()) std::this_thread::yield();
  {
    TaskMemory fresh(budget);
    EXPECT_TRUE(base::Is(fresh.Take(1), kCrowded));  // it fits, and would hold up the other
  }
  EXPECT_TRUE(one->Take(1).ok());  // one that has begun may come to its end
  one.reset();
  waiting.join();
  EXPECT_TRUE(taken.ok());
  EXPECT_EQ(budget.used(), 0U);
}

}  // namespace
}  // namespace soteria::worker
