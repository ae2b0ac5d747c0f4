#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "src/base/errors.h"
#include "src/crypto/identity.h"
#include "src/master/master_for_test.h"
#include "src/master/stage_scope.h"

namespace soteria::master {
namespace {

/// A stage over data that no worker will ever read: SilentHost never answers.
dataflow::StageSpec EndlessStage() {
  dataflow::DatasetSource source;
  source.root = "/nowhere";
  source.id = std::string(16, 'i');
  source.version = 1;
  dataflow::StageSpec spec;
  spec.terminal = dataflow::Terminal::kCollect;
  spec.recipe = dataflow::MakeRecipe(source, {}, 1);
  return spec;
}

class StageTurnTest : public testing::Test {
 protected:
  /// The status of one stage of a piece of `owner`.
  base::Status RunStage(const StageTurn::Piece& piece) {
    return turn_.Run(piece, EndlessStage(), nullptr, nullptr).status();
  }
  void WaitForStages(uint64_t stages) const {
    while (coordinator_.counters().stages < stages) std::this_thread::yield();
  }

  const crypto::Secret root_ = crypto::Secret::Random(crypto::OsRandom(), 32).value();
  const base::Digest session_ = crypto::SessionId(root_);
  SilentHost host_;
  crypto::Sealer sealer_{root_, session_, 0};
  const crypto::Opener opener_{root_, session_};
  dataflow::Coordinator coordinator_{host_, sealer_, opener_, {}};
  StageTurn turn_{coordinator_};
  const int mine_ = 0;
  const int other_ = 0;
};

TEST_F(StageTurnTest, AnInterruptEndsItsOwnSessionsStageOnly) {
  const StageTurn::Piece piece(turn_, &mine_);
  std::atomic<bool> ended = false;
  base::Status status;
  std::thread runner([&] {
    status = RunStage(piece);
    ended = true;
  });
  WaitForStages(1);
  turn_.Cancel(&other_);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(ended);
  turn_.Cancel(&mine_);  // once, wherever the stage is
  runner.join();
  EXPECT_TRUE(base::Is(status, base::kCancelled)) << base::Message(status);
}

// A driver that computes between two stages, or work that hasn't begun its first.
TEST_F(StageTurnTest, AnInterruptBetweenStagesEndsTheWorkAtItsNext) {
  const StageTurn::Piece piece(turn_, &mine_);
  EXPECT_FALSE(piece.cancelled());
  turn_.Cancel(&other_);
  EXPECT_FALSE(piece.cancelled());
  turn_.Cancel(&mine_);
  EXPECT_TRUE(piece.cancelled());
  EXPECT_TRUE(base::Is(RunStage(piece), base::kCancelled));
  EXPECT_EQ(coordinator_.counters().stages, 0U);
  const StageTurn::Piece next(turn_, &mine_);  // the session goes on
  EXPECT_FALSE(next.cancelled());
}

TEST_F(StageTurnTest, AnInterruptReachesWorkThatWaitsForItsTurn) {
  const StageTurn::Piece first(turn_, &other_);
  const StageTurn::Piece second(turn_, &mine_);
  base::Status of_first;
  std::thread runner([&] { of_first = RunStage(first); });
  WaitForStages(1);
  base::Status of_second;
  std::thread waiter([&] { of_second = RunStage(second); });
  turn_.Cancel(&mine_);
  waiter.join();
  EXPECT_TRUE(base::Is(of_second, base::kCancelled));
  EXPECT_EQ(coordinator_.counters().stages, 1U);
  turn_.Cancel(&other_);
  runner.join();
  EXPECT_TRUE(base::Is(of_first, base::kCancelled));
}

// Wherever a cancel falls on the way into a stage: nothing runs on, again and again.
TEST_F(StageTurnTest, NoCancelIsLostOnTheWayIntoAStage) {
  for (int i = 0; i < 300; ++i) {
    const StageTurn::Piece piece(turn_, &mine_);
    std::atomic<bool> began = false;
    std::thread runner([&] {
      began = true;
      EXPECT_TRUE(base::Is(RunStage(piece), base::kCancelled));
    });
    while (!began) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(i % 60));
    turn_.Cancel(&mine_);
    runner.join();
  }
}

}  // namespace
}  // namespace soteria::master
