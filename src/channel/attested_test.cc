#include "src/channel/attested.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/channel/wire_for_test.h"

namespace soteria::channel {
namespace {

using ::testing::HasSubstr;

// A channel without TLS: what it sends is kept, what it receives is given, exporters are texts.
class FakeChannel : public Channel {
 public:
  base::StatusOr<std::string> ExportKey(std::string_view label, std::string_view context,
                                        size_t bytes) override {
    std::string value = std::string(label) + "|" + std::string(context) + "|";
    value.resize(bytes, '.');
    return value;
  }
  base::Status Send(std::string_view message) override {
    sent.emplace_back(message);
    return base::OkStatus();
  }
  base::StatusOr<std::string> Receive(size_t max_bytes) override {
    if (incoming.size() > max_bytes) return base::Fail(base::kProtocol, "too long");
    return incoming;
  }
  base::ByteStream& stream() override { std::abort(); }
  base::Status CloseWrite() override { return base::OkStatus(); }
  void Close() override {}

  std::vector<std::string> sent;
  std::string incoming;
};

std::string Fields(std::initializer_list<std::string_view> parts) {
  base::FieldWriter fields;
  for (const std::string_view part : parts) fields.Add(part);
  return fields.Take();
}

std::string Bytes(size_t size, char byte) { return std::string(size, byte); }

crypto::Secret SecretOf(char byte) { return crypto::Secret::Adopt(Bytes(32, byte)); }

TEST(ParseOpeningTest, Challenge) {
  const auto opening = ParseOpening("\x01" + Fields({Bytes(32, 'n'), Bytes(32, 'p'), "owner"}));
  ASSERT_TRUE(opening.ok()) << base::Message(opening.status());
  EXPECT_EQ(opening->kind, OpeningKind::kChallenge);
  EXPECT_EQ(opening->challenge.nonce, Bytes(32, 'n'));
  EXPECT_EQ(base::View(opening->challenge.policy_hash), Bytes(32, 'p'));
  EXPECT_EQ(opening->challenge.verifier, policy::Role::kOwner);
}

TEST(ParseOpeningTest, ResumeAndWorkerJoins) {
  const auto resume = ParseOpening("\x02" + Fields({"tunnel", Bytes(32, 'm')}));
  ASSERT_TRUE(resume.ok()) << base::Message(resume.status());
  EXPECT_EQ(resume->kind, OpeningKind::kResume);
  EXPECT_EQ(resume->resume.purpose, "tunnel");
  EXPECT_EQ(resume->resume.proof, Bytes(32, 'm'));

  const auto joins = ParseOpening("\x03");
  ASSERT_TRUE(joins.ok());
  EXPECT_EQ(joins->kind, OpeningKind::kWorkerJoins);
}

TEST(ParseOpeningTest, RefusesEverythingElse) {
  const std::string bad[] = {
      "",
      std::string(1, '\0'),
      "\x04",
      "\x01",
      "\x01" + Fields({Bytes(31, 'n'), Bytes(32, 'p'), "owner"}),
      "\x01" + Fields({Bytes(33, 'n'), Bytes(32, 'p'), "owner"}),
      "\x01" + Fields({Bytes(32, 'n'), Bytes(31, 'p'), "owner"}),
      "\x01" + Fields({Bytes(32, 'n'), Bytes(64, 'p'), "owner"}),
      "\x01" + Fields({Bytes(32, 'n'), Bytes(32, 'p'), "host"}),
      "\x01" + Fields({Bytes(32, 'n'), Bytes(32, 'p'), ""}),
      "\x01" + Fields({Bytes(32, 'n'), Bytes(32, 'p')}),
      "\x01" + Fields({Bytes(32, 'n'), Bytes(32, 'p'), "owner", ""}),
      "\x01" + Fields({Bytes(32, 'n'), Bytes(32, 'p'), "owner"}) + "x",
      "\x02",
      "\x02" + Fields({"", Bytes(32, 'm')}),
      "\x02" + Fields({Bytes(65, 'p'), Bytes(32, 'm')}),
      "\x02" + Fields({"tunnel", Bytes(31, 'm')}),
      "\x02" + Fields({"tunnel", ""}),
      "\x02" + Fields({"tunnel", Bytes(32, 'm'), ""}),
      "\x03 ",
      "\x02" + Bytes(kOpeningBytesMax, 'x'),
  };
  for (const std::string& message : bad) {
    EXPECT_TRUE(base::Is(ParseOpening(message).status(), base::kProtocol))
        << testing::PrintToString(message);
  }
  const std::string whole = "\x01" + Fields({Bytes(32, 'n'), Bytes(32, 'p'), "owner"});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseOpening(whole.substr(0, size)).ok()) << size;
  }
}

TEST(ResumeTest, ValuesAreTheDocumentedOnes) {
  // Computed with Python's hmac over the fields as docs/formats/channel.md gives them; the fake
  // exporter is "EXPORTER-soteria-resume||" filled up with dots to 32 bytes.
  FakeChannel channel;
  EXPECT_EQ(base::Hex(ResumeProof(SecretOf('k'), channel, "tunnel").value()),
            "0c9cf8de4de56e03c43f07ba962a7fa8f08cd683170191a39ce5e069a4129d01");
  EXPECT_EQ(base::Hex(ResumeAnswer(SecretOf('k'), channel).value()),
            "0ea07490f4deceab127169120dc640b12cc5fcba5df0ea1b9a7d2a3cbc8080e6");
  EXPECT_EQ(base::Hex(TakeoverProof(SecretOf('k'), channel).value()),
            "af4368b39d6aaa4571a892874556b929b43c7f5160e84c53b4c408add26e4dac");
  ASSERT_TRUE(SendResume(channel, SecretOf('k'), "tunnel").ok());
  EXPECT_EQ(
      channel.sent.at(0),
      "\x02" +
          Fields({"tunnel",
                  base::FromHex("0c9cf8de4de56e03c43f07ba962a7fa8f08cd683170191a39ce5e069a4129d01")
                      .value()}));
  ASSERT_TRUE(SendResumeAnswer(channel, SecretOf('k')).ok());
  EXPECT_EQ(
      channel.sent.at(1),
      "\x01" + base::FromHex("0ea07490f4deceab127169120dc640b12cc5fcba5df0ea1b9a7d2a3cbc8080e6")
                   .value());
}

TEST(ChallengeTest, BytesAreTheDocumentedOnes) {
  FakeChannel channel;
  channel.incoming = "";
  base::RandomForTest random(1);
  base::Digest policy_hash;
  policy_hash.fill('p');
  const auto proven = VerifyPeer(channel, policy::Role::kMaster, policy::Role::kOwner, policy_hash,
                                 {}, {}, 0, random);
  EXPECT_TRUE(base::Is(proven.status(), base::kProtocol));
  std::array<uint8_t, 32> nonce;
  base::RandomForTest again(1);
  ASSERT_TRUE(again.Fill(nonce).ok());
  EXPECT_EQ(channel.sent.at(0),
            "\x01" + Fields({std::string(nonce.begin(), nonce.end()), Bytes(32, 'p'), "owner"}));
}

class ResumeOverTlsTest : public ::testing::Test {
 protected:
  // The owner proves `secret` for `purpose`; what the master, which holds 's', says to it.
  base::Status Present(const crypto::Secret& secret, std::string_view purpose) {
    EXPECT_TRUE(SendResume(*pair_.client, secret, purpose).ok());
    const auto opening = ReceiveOpening(*pair_.server);
    EXPECT_TRUE(opening.ok());
    EXPECT_EQ(opening->kind, OpeningKind::kResume);
    EXPECT_EQ(opening->resume.purpose, purpose);
    return CheckResume(owner_secret_, *pair_.server, opening->resume);
  }

  crypto::Secret owner_secret_ = SecretOf('s');
  ChannelsForTest pair_;
};

TEST_F(ResumeOverTlsTest, OwnerAndMasterKnowEachOther) {
  EXPECT_TRUE(Present(owner_secret_, "tunnel").ok());
  ASSERT_TRUE(SendResumeAnswer(*pair_.server, owner_secret_).ok());
  EXPECT_TRUE(ReceiveResumeAnswer(*pair_.client, owner_secret_).ok());
}

TEST_F(ResumeOverTlsTest, WrongOwnerSecretIsRefused) {
  EXPECT_TRUE(base::Is(Present(SecretOf('t'), "tunnel"), base::kUnauthenticated));
}

TEST_F(ResumeOverTlsTest, ProofForAnotherPurposeIsRefused) {
  Resume resume{"tunnel", ResumeProof(owner_secret_, *pair_.client, "tunnel").value()};
  EXPECT_TRUE(CheckResume(owner_secret_, *pair_.server, resume).ok());
  resume.purpose = "control";
  EXPECT_TRUE(base::Is(CheckResume(owner_secret_, *pair_.server, resume), base::kUnauthenticated));
}

TEST_F(ResumeOverTlsTest, ATakeoverNeedsItsKeyOnThisConnection) {
  const std::string proof = TakeoverProof(owner_secret_, *pair_.client).value();
  EXPECT_TRUE(CheckTakeover(owner_secret_, *pair_.server, proof).ok());
  EXPECT_TRUE(base::Is(CheckTakeover(SecretOf('w'), *pair_.server, proof), base::kUnauthenticated));
  ChannelsForTest other;
  EXPECT_TRUE(base::Is(CheckTakeover(owner_secret_, *other.server, proof), base::kUnauthenticated));
  EXPECT_TRUE(base::Is(CheckTakeover(owner_secret_, *pair_.server, ""), base::kUnauthenticated));
}

TEST_F(ResumeOverTlsTest, ProofOfAnotherConnectionIsRefused) {
  ChannelsForTest other;
  const Resume replayed{"tunnel", ResumeProof(owner_secret_, *other.client, "tunnel").value()};
  EXPECT_TRUE(
      base::Is(CheckResume(owner_secret_, *pair_.server, replayed), base::kUnauthenticated));
  Resume cut{"tunnel", ResumeProof(owner_secret_, *pair_.client, "tunnel").value().substr(0, 16)};
  EXPECT_TRUE(base::Is(CheckResume(owner_secret_, *pair_.server, cut), base::kUnauthenticated));
  cut.proof.clear();
  EXPECT_TRUE(base::Is(CheckResume(owner_secret_, *pair_.server, cut), base::kUnauthenticated));
}

TEST_F(ResumeOverTlsTest, ImpostorsAnswerIsRefused) {
  // Without the owner secret: a guess, the proof sent back, the answer of another connection.
  const std::string proof = ResumeProof(owner_secret_, *pair_.client, "tunnel").value();
  EXPECT_TRUE(
      base::Is(CheckResumeAnswer(owner_secret_, *pair_.client, proof), base::kUnauthenticated));
  EXPECT_TRUE(
      base::Is(CheckResumeAnswer(owner_secret_, *pair_.client, ""), base::kUnauthenticated));
  ChannelsForTest other;
  const std::string foreign = ResumeAnswer(owner_secret_, *other.server).value();
  EXPECT_TRUE(
      base::Is(CheckResumeAnswer(owner_secret_, *pair_.client, foreign), base::kUnauthenticated));
  ASSERT_TRUE(SendResumeAnswer(*pair_.server, SecretOf('t')).ok());
  EXPECT_TRUE(base::Is(ReceiveResumeAnswer(*pair_.client, owner_secret_), base::kUnauthenticated));
}

TEST_F(ResumeOverTlsTest, MalformedAnswersAreRefused) {
  const std::string answer = ResumeAnswer(owner_secret_, *pair_.server).value();
  for (const std::string& message : {std::string("\x01"), std::string(), "\x02" + answer}) {
    ASSERT_TRUE(pair_.server->Send(message).ok());
    EXPECT_FALSE(ReceiveResumeAnswer(*pair_.client, owner_secret_).ok()) << message.size();
  }
  ASSERT_TRUE(pair_.server->Send("\x01" + answer + "x").ok());
  EXPECT_TRUE(base::Is(ReceiveResumeAnswer(*pair_.client, owner_secret_), base::kProtocol));
}

TEST(WorkerJoinsTest, IsOneByte) {
  FakeChannel channel;
  ASSERT_TRUE(SendWorkerJoins(channel).ok());
  EXPECT_EQ(channel.sent.at(0), "\x03");
}

}  // namespace
}  // namespace soteria::channel
