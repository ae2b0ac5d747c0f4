// Tasks of stages as hosts send them: late, again, for stages that are over, without their
// broadcasts.
#include "src/worker/stage_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "src/worker/task_runner_for_test.h"

namespace soteria::worker {
namespace {

class StageBookTest : public TaskRunnerTest {
 protected:
  TaskOutput Run(uint64_t stage, TaskRunner* runner = nullptr) {
    return (runner == nullptr ? runner_ : *runner).Run({stage, false, {0}, {}});
  }
  bool Runs(StageBook& book, uint64_t stage) {
    const auto open = book.Get(stage);
    return open.ok() && (*open)->status.ok();
  }
  /// Collects of one partition: stages 1 to n.
  void StartMany(int n) {
    for (int i = 0; i < n; ++i) Start(Spec(Terminal::kCollect, Rows(1)));
  }
  void Drop(StageBook& book, uint64_t broadcast) {
    host::Drop drop;
    drop.add_broadcasts(broadcast);
    book.OnFrame({host::DROP, 0, drop.SerializeAsString()});
  }
};

TEST_F(StageBookTest, TasksOfEarlierStagesRunAgain) {
  StartMany(20);
  EXPECT_EQ(Run(20).outcome, TaskOutcome::kOk);
  EXPECT_EQ(Run(1).outcome, TaskOutcome::kOk);
  // On a worker that sees the newest stage first.
  StageBook other(opener_, limits_);
  SendBroadcast(other);
  Send(other, 20, tasks_[20]);
  Send(other, 1, tasks_[1]);
  EXPECT_TRUE(Runs(other, 1));
  EXPECT_TRUE(Runs(other, 20));
}

TEST_F(StageBookTest, AStageThatIsNotSentIsARetryAfterAWhile) {
  StartMany(2);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Run(99).outcome, TaskOutcome::kRetry);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, limits_.newer_wait);
  StageBook other(opener_, limits_);
  SendBroadcast(other);
  Send(other, 2, tasks_[2]);
  const auto old = std::chrono::steady_clock::now();
  EXPECT_TRUE(base::Is(other.Get(1).status(), base::kCancelled));
  EXPECT_GE(std::chrono::steady_clock::now() - old, limits_.older_wait);
  EXPECT_LT(std::chrono::steady_clock::now() - old, limits_.newer_wait);
}

TEST_F(StageBookTest, ATaskMayOvertakeItsStage) {
  StartMany(3);
  StageBook other(opener_, {64, 4, 1 << 20, std::chrono::minutes(1), std::chrono::minutes(1)});
  SendBroadcast(other);
  for (const uint64_t stage : {3U, 1U}) {  // one to come, and an earlier one sent again
    std::thread late([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      Send(other, stage, tasks_[stage]);
    });
    EXPECT_TRUE(Runs(other, stage));
    late.join();
  }
  std::thread closer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    other.Close();
  });
  EXPECT_FALSE(other.Get(2).ok());
  closer.join();
}

TEST_F(StageBookTest, TheLeastRecentlyUsedAreLetGo) {
  StartMany(5);
  StageBook small(opener_, {3, 1, 1 << 20, limits_.newer_wait, limits_.older_wait});
  SendBroadcast(small);
  for (const uint64_t stage : {1U, 2U, 3U}) Send(small, stage, tasks_[stage]);
  EXPECT_TRUE(Runs(small, 1));  // used
  Send(small, 2, tasks_[2]);    // sent again
  Send(small, 4, tasks_[4]);    // 3 goes
  EXPECT_TRUE(Runs(small, 1));
  EXPECT_TRUE(Runs(small, 2));
  EXPECT_FALSE(small.Get(3).ok());
  Send(small, 3, tasks_[3]);
  EXPECT_TRUE(Runs(small, 3));
  EXPECT_FALSE(small.Get(4).ok());
}

TEST_F(StageBookTest, TasksAreBoundedInBytes) {
  StartMany(5);
  const uint64_t three = 3 * tasks_[1].size() + 10;
  StageBook small(opener_, {64, 2, three, limits_.newer_wait, limits_.older_wait});
  SendBroadcast(small);
  for (uint64_t stage = 1; stage <= 5; ++stage) Send(small, stage, tasks_[stage]);
  EXPECT_FALSE(small.Get(2).ok());
  EXPECT_TRUE(Runs(small, 3));
  StageBook tiny(opener_, {64, 2, 1, limits_.newer_wait, limits_.older_wait});
  SendBroadcast(tiny);
  for (uint64_t stage = 1; stage <= 5; ++stage) Send(tiny, stage, tasks_[stage]);
  EXPECT_FALSE(tiny.Get(3).ok());
  EXPECT_TRUE(Runs(tiny, 4));  // so many stay whatever their size
  EXPECT_TRUE(Runs(tiny, 5));
}

TEST_F(StageBookTest, AMissingBroadcastIsARetryUntilBothAreSentAgain) {
  StartMany(2);
  StageBook other(opener_, limits_);
  TaskRunner runner(other, cache_, budget_, sources_, opener_, sealer_);
  Send(other, 2, tasks_[2]);
  Send(other, 1, tasks_[1]);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Run(1, &runner).outcome, TaskOutcome::kRetry);  // at once
  EXPECT_LT(std::chrono::steady_clock::now() - begin, limits_.older_wait);
  std::thread late([&] {  // the next TASK may overtake them
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    SendBroadcast(other);
    Send(other, 1, tasks_[1]);
  });
  EXPECT_EQ(Run(1, &runner).outcome, TaskOutcome::kOk);
  late.join();
  EXPECT_EQ(Run(2, &runner).outcome, TaskOutcome::kOk);
}

TEST_F(StageBookTest, AStageWhoseBroadcastWasDroppedOpensAnew) {
  StartMany(2);
  EXPECT_EQ(Run(1).outcome, TaskOutcome::kOk);
  Drop(book_, 7);
  EXPECT_EQ(Run(1).outcome, TaskOutcome::kOk);
  Drop(book_, 1);
  EXPECT_EQ(Run(1).outcome, TaskOutcome::kRetry);
  SendBroadcast(book_);
  Send(book_, 1, tasks_[1]);
  EXPECT_EQ(Run(1).outcome, TaskOutcome::kOk);
}

TEST_F(StageBookTest, WhatDidNotOpenIsMendedByTheRightBytes) {
  StartMany(1);
  StageBook other(opener_, limits_);
  TaskRunner runner(other, cache_, budget_, sources_, opener_, sealer_);
  // Another broadcast under the id.
  const std::string wrong = *master_.Seal(0, base::Digest{}, MessageKind::kBroadcast, {}, "x");
  other.OnFrame({host::BROADCAST, 1, wrong});
  Send(other, 1, tasks_[1]);
  EXPECT_TRUE(base::Is(Error(Run(1, &runner), {0}), base::kIntegrity));
  SendBroadcast(other);
  EXPECT_TRUE(base::Is(Error(Run(1, &runner), {0}), base::kIntegrity));  // as it was opened
  Send(other, 1, tasks_[1]);
  EXPECT_EQ(Run(1, &runner).outcome, TaskOutcome::kOk);
  // A task that isn't the master's.
  StageBook third(opener_, limits_);
  SendBroadcast(third);
  Send(third, 1, "garbage");
  EXPECT_FALSE(Runs(third, 1));
  Send(third, 1, tasks_[1]);
  EXPECT_TRUE(Runs(third, 1));
  Send(third, 1, "garbage");  // never in the place of what opened
  EXPECT_TRUE(Runs(third, 1));
}

// A map task of a closed shuffle, run again by another worker: the reader takes its cells.
TEST_F(ShuffleTest, CellsOfAnEarlierStageRunAgainAreTheReaders) {
  Shuffle(false);
  for (int i = 0; i < 3; ++i) Start(Spec(Terminal::kCollect, Rows(1)));
  crypto::Sealer another(root_, session_, 2);
  StageBook book(opener_, limits_);
  TaskRunner runner(book, cache_, budget_, sources_, opener_, another);
  SendBroadcast(book);
  Send(book, stage_, tasks_[stage_]);  // it knows newer stages
  ASSERT_EQ(runner.Run({stage_, false, {0}, {}}).outcome, TaskOutcome::kOk);
  Send(book, shuffle_stage_, tasks_[shuffle_stage_]);
  const TaskOutput again = runner.Run({shuffle_stage_, false, {1}, {}});
  ASSERT_EQ(again.outcome, TaskOutcome::kOk);
  const TaskOutput read =
      runner_.Run({shuffle_stage_ + 1, false, {0}, {cells_[0][0], again.outputs[0]}});
  const TaskOutput before =
      runner_.Run({shuffle_stage_ + 1, false, {0}, {cells_[0][0], cells_[0][1]}});
  stage_ = shuffle_stage_ + 1;
  digest_ = reader_digest_;
  const auto rows = Values(Payload(read, MessageKind::kRows, {0}));
  EXPECT_FALSE(rows.empty());
  EXPECT_EQ(rows, Values(Payload(before, MessageKind::kRows, {0})));  // I7
}

// The newest live list rules, whatever runs again.
TEST_F(StageBookTest, AnEarlierKeepRunAgainLeavesTheNewestListAlone) {
  const dataflow::RecipePtr old = Rows(1, {Limit(5)});
  const dataflow::RecipePtr now = Rows(1, {Limit(7)});
  Start(Spec(Terminal::kKeep, old), {{old->digest, false}});
  EXPECT_EQ(Run(1).outcome, TaskOutcome::kOk);
  Start(Spec(Terminal::kKeep, now), {{now->digest, false}});
  EXPECT_EQ(Run(2).outcome, TaskOutcome::kOk);
  EXPECT_EQ(cache_.size(), 1U);
  EXPECT_EQ(Run(1).outcome, TaskOutcome::kOk);
  EXPECT_EQ(cache_.size(), 2U);  // built again, and the newest stage's block stays
  Start(Spec(Terminal::kCollect, now), {{now->digest, true}});
  Payload(Map({0}), MessageKind::kRows, {0});
  EXPECT_EQ(rebuilds_, 0U);
  EXPECT_EQ(cache_.size(), 1U);
}

}  // namespace
}  // namespace soteria::worker
