#include "src/client/busy_master.h"

#include <gtest/gtest.h>

#include <string>

#include "soteria/session.pb.h"
#include "src/base/errors.h"
#include "src/channel/attested.h"

namespace soteria::client {
namespace {

constexpr int64_t kSilentMsMax = 3'000;

std::string Reply(const base::Status& error) {
  session::TakeoverReply reply;
  if (!error.ok()) reply.set_error(base::EncodeStatus(error));
  return reply.SerializeAsString();
}

base::Status Why(const base::Status& error, const MasterState& state) {
  return WhyNotNow(Reply(error), state, kSilentMsMax);
}

const MasterState kThere{true, true, 0, 10};

base::Status Anothers() { return base::Fail(base::kUnauthenticated, "not yours"); }
base::Status Ours() { return base::Fail(channel::kMasterBusy, "connected"); }

TEST(BusyMasterTest, TheStateIsWhatTheMasterSays) {
  session::MasterState said;
  said.set_provisioned(true);
  said.set_owner_connected(true);
  said.set_seconds_left(7);
  said.set_silent_ms(8);
  const auto state = ParseMasterState(said.SerializeAsString());
  ASSERT_TRUE(state.ok());
  EXPECT_TRUE(state->provisioned && state->owner_connected);
  EXPECT_EQ(state->seconds_left, 7U);
  EXPECT_EQ(state->silent_ms, 8U);
  EXPECT_FALSE(ParseMasterState("")->provisioned);  // a free master
  EXPECT_TRUE(base::Is(ParseMasterState("\xff").status(), base::kProtocol));
}

TEST(BusyMasterTest, ASessionThatEndsMakesRoom) {
  EXPECT_TRUE(base::Is(Why(base::OkStatus(), kThere), channel::kTakenOver));
}

TEST(BusyMasterTest, ALivingOwnerIsNotWaitedFor) {
  EXPECT_TRUE(base::Is(Why(Ours(), kThere), channel::kMasterBusy));
  EXPECT_NE(base::Message(Why(Ours(), kThere)).find("session of yours"), std::string::npos);
  EXPECT_TRUE(base::Is(Why(Anothers(), kThere), channel::kMasterBusy));
  EXPECT_NE(base::Message(Why(Anothers(), kThere)).find("another user key"), std::string::npos);
}

TEST(BusyMasterTest, ASilentOwnerMayBeGoneSoon) {
  for (const uint64_t silent_ms : {uint64_t{3'001}, ~uint64_t{0}}) {
    const MasterState silent{true, true, 0, silent_ms};
    EXPECT_TRUE(base::Is(Why(Ours(), silent), base::kMasterLost));
    EXPECT_TRUE(base::Is(Why(Anothers(), silent), base::kMasterLost));
  }
  EXPECT_TRUE(base::Is(Why(Ours(), {true, true, 0, 3'000}), channel::kMasterBusy));
}

TEST(BusyMasterTest, AnOwnerWhoIsAwayHasItsSeconds) {
  const base::Status why = Why(Anothers(), {true, false, 42, 0});
  EXPECT_TRUE(base::Is(why, channel::kMasterBusy));
  EXPECT_NE(base::Message(why).find("it ends in 42 s"), std::string::npos);
}

TEST(BusyMasterTest, AnyOtherAnswerIsRefused) {
  session::TakeoverReply broken;
  broken.set_error("?");
  for (const std::string& reply : {std::string("\xff"), broken.SerializeAsString(),
                                   Reply(base::Fail(base::kInternal, "another"))}) {
    EXPECT_TRUE(base::Is(WhyNotNow(reply, kThere, kSilentMsMax), base::kProtocol));
  }
}

}  // namespace
}  // namespace soteria::client
