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

TEST(StageTurn, AnInterruptEndsItsOwnSessionsStageOnly) {
  const auto root = crypto::Secret::Random(crypto::OsRandom(), 32).value();
  const base::Digest session = crypto::SessionId(root);
  SilentHost host;
  crypto::Sealer sealer(root, session, 0);
  const crypto::Opener opener(root, session);
  dataflow::Coordinator coordinator(host, sealer, opener, {});
  StageTurn turn(coordinator);
  const int mine = 0;
  const int other = 0;
  std::atomic<bool> ended = false;
  base::Status status;
  std::thread runner([&] {
    status = turn.Run(&mine, EndlessStage(), nullptr, nullptr).status();
    ended = true;
  });
  while (coordinator.counters().stages == 0) std::this_thread::yield();
  turn.Cancel(&other);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(ended);
  while (!ended) {  // a cancel that comes before the stage is open finds nothing to end
    turn.Cancel(&mine);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  runner.join();
  EXPECT_TRUE(base::Is(status, base::kCancelled)) << base::Message(status);
}

}  // namespace
}  // namespace soteria::master
