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
  const plan::PlanPtr other_ = builder_.Range(0, 20, 1, 2).value();
  const base::Digest recipe_{1};

  bool Keep() {
    live_.Add(recipe_);
    return persisted_.Keep(*plan_, recipe_);
  }
};

TEST_F(PersistedTest, IsPersistedOnceHoweverOftenItIsAsked) {
  persisted_.Add(*plan_, 7);
  persisted_.Add(*plan_, 9);
  EXPECT_TRUE(Keep());
  EXPECT_EQ(persisted_.AddedMicros(*plan_), 7);
  EXPECT_FALSE(persisted_.Contains(*other_));
  EXPECT_EQ(persisted_.AddedMicros(*other_), std::nullopt);
  persisted_.Remove(*other_);
  EXPECT_TRUE(live_.Contains(recipe_));
  persisted_.Remove(*plan_);
  EXPECT_TRUE(persisted_.empty());
  EXPECT_FALSE(live_.Contains(recipe_));
}

// Blocks that come when nobody wants them any more are let go of.
TEST_F(PersistedTest, BlocksThatComeLateAreNotKept) {
  persisted_.Add(*plan_, 1);
  persisted_.Remove(*plan_);
  EXPECT_FALSE(Keep());
  EXPECT_FALSE(live_.Contains(recipe_));
}

TEST_F(PersistedTest, TheSessionsEndEndsAll) {
  persisted_.Add(*plan_, 1);
  persisted_.Add(*other_, 1);
  EXPECT_TRUE(Keep());
  persisted_.Clear();
  EXPECT_TRUE(persisted_.empty());
  EXPECT_FALSE(live_.Contains(recipe_));
}

}  // namespace
}  // namespace soteria::master
