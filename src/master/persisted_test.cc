#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/crypto/identity.h"
#include "src/master/master_for_test.h"
#include "src/master/stage_scope.h"
#include "src/plan/logical.h"

namespace soteria::master {
namespace {

class NoPaths : public plan::Catalog {
 public:
  base::StatusOr<plan::Source> Resolve(const std::vector<std::string>& /*paths*/,
                                       const std::string& /*format*/,
                                       const plan::ReadOptions& /*options*/) override {
    return base::Status(absl::StatusCode::kNotFound, "no path");
  }
};

class PersistedTest : public testing::Test {
 protected:
  const crypto::Secret root_ = crypto::Secret::Random(crypto::OsRandom(), 32).value();
  const base::Digest session_ = crypto::SessionId(root_);
  SilentHost host_;
  crypto::Sealer sealer_{root_, session_, 0};
  const crypto::Opener opener_{root_, session_};
  dataflow::Coordinator coordinator_{host_, sealer_, opener_, {}};
  LiveBlocks live_{coordinator_};
  Persisted persisted_{live_};
  NoPaths paths_;
  plan::Builder builder_{paths_};
  const plan::PlanPtr plan_ = builder_.Range(0, 10, 1, 2).value();
  const base::Digest recipe_{1};

  void Keep() {
    live_.Add(recipe_);
    persisted_.Keep(*plan_, recipe_);
  }
};

// A checkpoint is nobody's cache, and no cache's end is its own.
TEST_F(PersistedTest, CheckpointsOutliveCaches) {
  persisted_.Pin(*plan_, 7);
  EXPECT_TRUE(persisted_.Contains(*plan_));
  EXPECT_FALSE(persisted_.IsAdded(*plan_));
  persisted_.Add(*plan_, 9);
  Keep();
  EXPECT_EQ(persisted_.AddedMicros(*plan_), 7);
  EXPECT_TRUE(persisted_.IsAdded(*plan_));
  persisted_.Remove(*plan_);
  persisted_.Clear(false);
  EXPECT_FALSE(persisted_.IsAdded(*plan_));
  EXPECT_TRUE(persisted_.Contains(*plan_));
  EXPECT_TRUE(live_.Contains(recipe_));
  persisted_.Unpin(*plan_);
  EXPECT_TRUE(persisted_.empty());
  EXPECT_FALSE(live_.Contains(recipe_));
}

TEST_F(PersistedTest, EachCheckpointCounts) {
  persisted_.Pin(*plan_, 1);
  persisted_.Pin(*plan_, 2);
  Keep();
  persisted_.Unpin(*plan_);
  EXPECT_TRUE(live_.Contains(recipe_));
  persisted_.Unpin(*plan_);
  persisted_.Unpin(*plan_);
  EXPECT_FALSE(live_.Contains(recipe_));
}

TEST_F(PersistedTest, TheSessionsEndEndsAll) {
  persisted_.Pin(*plan_, 1);
  persisted_.Add(*plan_, 1);
  Keep();
  persisted_.Clear(true);
  EXPECT_TRUE(persisted_.empty());
  EXPECT_FALSE(live_.Contains(recipe_));
}

}  // namespace
}  // namespace soteria::master
