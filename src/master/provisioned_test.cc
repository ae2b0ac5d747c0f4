#include "src/base/errors.h"
#include "src/master/master_for_test.h"

namespace soteria::master {
namespace {

class ProvisionedTest : public MasterTest {
 protected:
  base::Status Parse(const session::Provision& message) {
    return ParseProvision(message.SerializeAsString(), manifest_.digest).status();
  }

  policy::Manifest manifest_ = ManifestOf();
  session::Provision message_ = ProvisionOf(manifest_);
};

TEST_F(ProvisionedTest, AWholeMessageParses) {
  auto& record = *message_.add_versions();
  record.set_id(base::FromHex(kId).value());
  record.set_version(7);
  record.set_index_digest(std::string(32, 'd'));
  message_.set_ledger_head(std::string(32, 'h'));
  const auto parsed = ParseProvision(message_.SerializeAsString(), manifest_.digest);
  ASSERT_TRUE(parsed.ok()) << base::Message(parsed.status());
  EXPECT_EQ(parsed->manifest.task, "test");
  EXPECT_EQ(parsed->keys.size(), 1u);
  EXPECT_EQ(parsed->versions.begin()->second.version, 7u);
  EXPECT_EQ(base::View(parsed->ledger_head), std::string(32, 'h'));
}

TEST_F(ProvisionedTest, MalformedMessagesAreRefused) {
  EXPECT_TRUE(
      base::Is(ParseProvision("\xff\xff\xff", manifest_.digest).status(), base::kManifest) ||
      base::Is(ParseProvision("\xff\xff\xff", manifest_.digest).status(), base::kProtocol));
  EXPECT_TRUE(base::Is(ParseProvision(std::string(kProvisionBytesMax + 1, 'x'), {}).status(),
                       base::kProtocol));
  auto short_secret = message_;
  short_secret.set_owner_secret(std::string(31, 'o'));
  EXPECT_TRUE(base::Is(Parse(short_secret), base::kProtocol));
  auto short_token = message_;
  short_token.set_bearer_token("short");
  EXPECT_TRUE(base::Is(Parse(short_token), base::kProtocol));
  auto long_token = message_;
  long_token.set_bearer_token(std::string(kTokenBytesMax + 1, 't'));
  EXPECT_TRUE(base::Is(Parse(long_token), base::kProtocol));
  auto short_mac = message_;
  short_mac.set_ledger_mac_key("m");
  EXPECT_TRUE(base::Is(Parse(short_mac), base::kProtocol));
  auto no_takeover = message_;
  no_takeover.clear_takeover_key();
  EXPECT_TRUE(base::Is(Parse(no_takeover), base::kProtocol));
  auto odd_version = message_;
  odd_version.add_versions()->set_id("short");
  EXPECT_FALSE(Parse(odd_version).ok());
  auto odd_head = message_;
  odd_head.set_ledger_head("short");
  EXPECT_FALSE(Parse(odd_head).ok());
}

TEST_F(ProvisionedTest, KeysAreExactlyThoseThatTheManifestLists) {
  auto none = message_;
  none.clear_keys();
  EXPECT_TRUE(base::Is(Parse(none), base::kKey));
  auto more = message_;
  auto& extra = *more.add_keys();
  extra.set_id(std::string(16, 'e'));
  extra.set_key(std::string(16, 'k'));
  EXPECT_TRUE(base::Is(Parse(more), base::kKey));
  auto twice = message_;
  *twice.add_keys() = twice.keys(0);
  EXPECT_TRUE(base::Is(Parse(twice), base::kProtocol));
  auto short_key = message_;
  short_key.mutable_keys(0)->set_key(std::string(15, 'k'));
  EXPECT_TRUE(base::Is(Parse(short_key), base::kProtocol));
}

TEST_F(ProvisionedTest, TheManifestMustBeTheChallengedOne) {
  EXPECT_TRUE(base::Is(ParseProvision(message_.SerializeAsString(), {}).status(), base::kManifest));
}

TEST(EnclaveClock, NeverGoesBehindTheOwnersTime) {
  base::ClockForTest host;
  host.SetNowMs(1'000);  // a host that sets its clock back
  const EnclaveClock clock(host, 5'000);
  EXPECT_EQ(clock.NowMs(), 5'000);
  host.Advance(700);
  EXPECT_EQ(clock.NowMs(), 5'700);
  host.SetNowMs(9'000);
  EXPECT_EQ(clock.NowMs(), 9'000);
}

TEST(TakeoverMessageTest, IsAProofOfAnySize) {
  session::Takeover message;
  for (const size_t bytes : {0U, 32U, 62U}) {
    message.set_proof(std::string(bytes, 'p'));
    EXPECT_EQ(ParseTakeover(message.SerializeAsString()).value(), message.proof());
  }
  message.set_proof(std::string(63, 'p'));
  for (const std::string& bytes : {message.SerializeAsString(), std::string("\x0a\x05p")}) {
    EXPECT_TRUE(base::Is(ParseTakeover(bytes).status(), base::kProtocol));
  }
}

}  // namespace
}  // namespace soteria::master
