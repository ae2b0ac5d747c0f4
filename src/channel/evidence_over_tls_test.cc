// Who gets past VerifyPeer, and above all who doesn't: an owner, a master, workers and a machine in
// the middle, each with TLS sessions of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "src/attest/simulated.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/channel/attested.h"
#include "src/channel/pump.h"
#include "src/channel/wire_for_test.h"

#ifdef SOTERIA_SIMULATED

namespace soteria::channel {
namespace {

using policy::Role;
using ::testing::HasSubstr;

base::Digest Filled(uint8_t byte) {
  base::Digest digest;
  digest.fill(byte);
  return digest;
}

const base::Digest kMasterMeasurement = Filled(1);
const base::Digest kWorkerMeasurement = Filled(2);
const base::Digest kPolicyHash = Filled(0x70);

crypto::IdentityKey CopyOf(const crypto::IdentityKey& key) {
  return crypto::IdentityKey::FromPem(key.ToPem().value()).value();
}

// A genuine enclave of the cluster: its evidence source and its identity key.
struct EnclaveForTest {
  EnclaveForTest(const crypto::IdentityKey& cluster_key, const base::Digest& measurement)
      : source(CopyOf(cluster_key), measurement),
        identity(crypto::IdentityKey::Generate().value()) {}
  attest::SimulatedSource source;
  crypto::IdentityKey identity;
};

class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest()
      : cluster_key_(crypto::IdentityKey::Generate().value()),
        master_(cluster_key_, kMasterMeasurement),
        worker_(cluster_key_, kWorkerMeasurement) {
    policy_.kinds = {attest::TeeKind::kSimulated};
    policy_.master_measurements = {kMasterMeasurement};
    policy_.worker_measurements = {kWorkerMeasurement};
    policy_.simulated_key = cluster_key_.public_der();
  }

  base::StatusOr<Proven> Verify(Channel& channel, Role peer, Role self) {
    return VerifyPeer(channel, peer, self, kPolicyHash, policy_, policy::EndorsementsOf(policy_),
                      1'700'000'000'000, crypto::OsRandom());
  }
  // Verifies the master over a session of its own, while `answer` runs at the other end.
  template <class Answer>
  base::StatusOr<Proven> OwnerVerifies(Answer answer) {
    ChannelsForTest pair;
    auto prover = std::async(std::launch::async, [&] { answer(*pair.server); });
    auto proven = Verify(*pair.client, Role::kMaster, Role::kOwner);
    pair.client->Close();
    prover.wait();
    return proven;
  }
  static void ExpectRefused(const base::StatusOr<Proven>& proven, const std::string& why) {
    ASSERT_FALSE(proven.ok());
    EXPECT_TRUE(base::Is(proven.status(), base::kEvidence)) << base::Message(proven.status());
    EXPECT_THAT(base::Message(proven.status()), HasSubstr(why));
  }

  crypto::IdentityKey cluster_key_;
  EnclaveForTest master_;
  EnclaveForTest worker_;
  policy::TeePolicy policy_;
};

TEST_F(EvidenceTest, OwnerVerifiesTheMaster) {
  ChannelsForTest pair;
  auto prover = std::async(std::launch::async, [&] {
    return ProveSelf(*pair.server, Role::kMaster, master_.source, master_.identity);
  });
  const auto proven = Verify(*pair.client, Role::kMaster, Role::kOwner);
  const auto challenge = prover.get();
  ASSERT_TRUE(proven.ok()) << base::Message(proven.status());
  ASSERT_TRUE(challenge.ok()) << base::Message(challenge.status());
  EXPECT_EQ(proven->claims.measurement, kMasterMeasurement);
  EXPECT_EQ(proven->claims.signer, cluster_key_.public_der());
  EXPECT_EQ(proven->identity_der, master_.identity.public_der());
  EXPECT_EQ(proven->nonce, challenge->nonce);
  EXPECT_EQ(challenge->policy_hash, kPolicyHash);
  EXPECT_EQ(challenge->verifier, Role::kOwner);
  EXPECT_EQ(proven->exporter,
            pair.server->ExportKey("EXPORTER-soteria-evidence", proven->nonce, 32).value());
  EXPECT_TRUE(attest::ParseEvidence(proven->evidence).ok());
}

TEST_F(EvidenceTest, MasterAndWorkerVerifyEachOtherOnOneChannel) {
  ChannelsForTest pair;
  auto worker = std::async(std::launch::async, [&]() -> base::Status {
    SOTERIA_RETURN_IF_ERROR(SendWorkerJoins(*pair.client));
    SOTERIA_RETURN_IF_ERROR(
        ProveSelf(*pair.client, Role::kWorker, worker_.source, worker_.identity));
    return Verify(*pair.client, Role::kMaster, Role::kWorker).status();
  });
  EXPECT_EQ(ReceiveOpening(*pair.server).value().kind, OpeningKind::kWorkerJoins);
  const auto proven = Verify(*pair.server, Role::kWorker, Role::kMaster);
  EXPECT_TRUE(proven.ok()) << base::Message(proven.status());
  EXPECT_TRUE(ProveSelf(*pair.server, Role::kMaster, master_.source, master_.identity).ok());
  const base::Status worker_says = worker.get();
  EXPECT_TRUE(worker_says.ok()) << base::Message(worker_says);
}

TEST_F(EvidenceTest, EvidenceIsRenewedOnTheSameChannelWithAFreshNonce) {
  ChannelsForTest pair;
  auto prover = std::async(std::launch::async, [&] {
    return ProveSelf(*pair.server, Role::kMaster, master_.source, master_.identity).ok() &&
           ProveSelf(*pair.server, Role::kMaster, master_.source, master_.identity).ok();
  });
  const auto first = Verify(*pair.client, Role::kMaster, Role::kOwner);
  const auto second = Verify(*pair.client, Role::kMaster, Role::kOwner);
  EXPECT_TRUE(prover.get());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->nonce, second->nonce);
  EXPECT_NE(first->exporter, second->exporter);
  EXPECT_NE(first->claims.report_data, second->claims.report_data);
}

TEST_F(EvidenceTest, PeerWithoutEvidenceIsRefused) {
  const auto silent = OwnerVerifies([](Channel& channel) {
    ReceiveOpening(channel).status().IgnoreError();
    channel.Close();
  });
  EXPECT_TRUE(base::Is(silent.status(), base::kIo)) << base::Message(silent.status());
  const auto empty = OwnerVerifies([](Channel& channel) { channel.Send("").IgnoreError(); });
  EXPECT_TRUE(base::Is(empty.status(), base::kProtocol));
  ExpectRefused(OwnerVerifies([&](Channel& channel) {
                  base::FieldWriter answer;
                  answer.Add("").Add(master_.identity.public_der());
                  channel.Send(answer.bytes()).IgnoreError();
                }),
                "malformed evidence");
  const auto no_identity = OwnerVerifies([&](Channel& channel) {
    base::FieldWriter answer;
    answer.Add(attest::EncodeEvidence(master_.source.Get(std::string(64, 'r')).value())).Add("");
    channel.Send(answer.bytes()).IgnoreError();
  });
  EXPECT_TRUE(base::Is(no_identity.status(), base::kProtocol));
}

TEST_F(EvidenceTest, AnotherTeeKindIsRefused) {
  ExpectRefused(OwnerVerifies([&](Channel& channel) {
                  base::FieldWriter answer;
                  answer.Add(attest::EncodeEvidence({attest::TeeKind::kSgx, "quote"}))
                      .Add(master_.identity.public_der());
                  channel.Send(answer.bytes()).IgnoreError();
                }),
                "no verifier for TEE kind sgx");
}

TEST_F(EvidenceTest, OversizedAnswersAndOpeningsAreRefused) {
  const auto answered = OwnerVerifies(
      [](Channel& channel) { channel.Send(std::string(kAnswerBytesMax + 1, 'x')).IgnoreError(); });
  EXPECT_TRUE(base::Is(answered.status(), base::kProtocol));

  ChannelsForTest pair;
  ASSERT_TRUE(pair.client->Send(std::string(kOpeningBytesMax + 1, '\1')).ok());
  EXPECT_TRUE(base::Is(ReceiveOpening(*pair.server).status(), base::kProtocol));
}

TEST_F(EvidenceTest, ReplayedEvidenceIsRefused) {
  // The genuine master's answer, as a thief recorded it inside the thief's own session with it.
  ChannelsForTest thief;
  auto prover = std::async(std::launch::async, [&] {
    return ProveSelf(*thief.server, Role::kMaster, master_.source, master_.identity).ok();
  });
  const auto recorded = Verify(*thief.client, Role::kMaster, Role::kOwner);
  ASSERT_TRUE(prover.get() && recorded.ok());
  ExpectRefused(OwnerVerifies([&](Channel& channel) {
                  base::FieldWriter answer;
                  answer.Add(recorded->evidence).Add(recorded->identity_der);
                  channel.Send(answer.bytes()).IgnoreError();
                }),
                "report data");
}

TEST_F(EvidenceTest, EvidenceOfAnEarlierChallengeOnTheSameChannelIsRefused) {
  ChannelsForTest pair;
  auto prover = std::async(std::launch::async, [&]() -> base::Status {
    SOTERIA_RETURN_IF_ERROR(
        ProveSelf(*pair.server, Role::kMaster, master_.source, master_.identity));
    return base::OkStatus();
  });
  const auto first = Verify(*pair.client, Role::kMaster, Role::kOwner);
  ASSERT_TRUE(prover.get().ok() && first.ok());
  base::FieldWriter answer;
  answer.Add(first->evidence).Add(first->identity_der);
  ASSERT_TRUE(pair.server->Send(answer.bytes()).ok());
  ExpectRefused(Verify(*pair.client, Role::kMaster, Role::kOwner), "report data");
}

// owner <== TLS ==> middle <== TLS ==> genuine master: everything is relayed as it is.
class MachineInTheMiddleTest : public EvidenceTest {
 protected:
  ChannelsForTest outer_;  // owner is the client, the middle the server
  ChannelsForTest inner_;  // the middle is the client, the master the server
};

TEST_F(MachineInTheMiddleTest, RelayedEvidenceOfAGenuineMasterIsRefused) {
  auto master = std::async(std::launch::async, [&] {
    return ProveSelf(*inner_.server, Role::kMaster, master_.source, master_.identity).ok();
  });
  auto middle = std::async(std::launch::async, [&]() -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(const std::string challenge, outer_.server->Receive(1 << 20));
    SOTERIA_RETURN_IF_ERROR(inner_.client->Send(challenge));
    SOTERIA_ASSIGN_OR_RETURN(const std::string answer, inner_.client->Receive(1 << 20));
    return outer_.server->Send(answer);
  });
  ExpectRefused(Verify(*outer_.client, Role::kMaster, Role::kOwner), "report data");
  EXPECT_TRUE(master.get()) << "the master did answer";
  EXPECT_TRUE(middle.get().ok()) << "the middle did relay";
}

TEST_F(MachineInTheMiddleTest, RelayedResumeIsRefusedBothWays) {
  const crypto::Secret secret = crypto::Secret::Adopt(std::string(32, 's'));
  ASSERT_TRUE(SendResume(*outer_.client, secret, "tunnel").ok());
  ASSERT_TRUE(inner_.client->Send(outer_.server->Receive(1 << 20).value()).ok());
  const Opening opening = ReceiveOpening(*inner_.server).value();
  EXPECT_TRUE(
      base::Is(CheckResume(secret, *inner_.server, opening.resume), base::kUnauthenticated));
  ASSERT_TRUE(SendResumeAnswer(*inner_.server, secret).ok());
  ASSERT_TRUE(outer_.server->Send(inner_.client->Receive(1 << 20).value()).ok());
  EXPECT_TRUE(base::Is(ReceiveResumeAnswer(*outer_.client, secret), base::kUnauthenticated));
}

TEST_F(EvidenceTest, HostThatOnlyPipesBytesIsNoObstacle) {
  // The control of the test above: the same route, but the TLS session goes through it unopened.
  auto [owner_end, host_in] = StreamPairForTest();
  auto [host_out, master_end] = StreamPairForTest();
  auto piped = std::async(std::launch::async, [&] { return Pump(*host_in, *host_out); });
  auto [client, server] = HandshakeForTest(std::move(owner_end), std::move(master_end));
  ASSERT_TRUE(client.ok() && server.ok());
  auto prover = std::async(std::launch::async, [&, &server = *server] {
    return ProveSelf(*server, Role::kMaster, master_.source, master_.identity).ok();
  });
  EXPECT_TRUE(Verify(**client, Role::kMaster, Role::kOwner).ok());
  EXPECT_TRUE(prover.get());
  (*client)->Close();
  (*server)->Close();
  piped.wait();
}

// A channel end that changes the answer on its way out.
class AlteringChannel : public Channel {
 public:
  AlteringChannel(Channel& channel, std::function<std::string(std::string_view)> alter)
      : channel_(channel), alter_(std::move(alter)) {}
  base::StatusOr<std::string> ExportKey(std::string_view label, std::string_view context,
                                        size_t bytes) override {
    return channel_.ExportKey(label, context, bytes);
  }
  base::Status Send(std::string_view message) override { return channel_.Send(alter_(message)); }
  base::StatusOr<std::string> Receive(size_t max_bytes) override {
    return channel_.Receive(max_bytes);
  }
  base::ByteStream& stream() override { return channel_.stream(); }
  base::Status CloseWrite() override { return channel_.CloseWrite(); }
  void Close() override { channel_.Close(); }

 private:
  Channel& channel_;
  std::function<std::string(std::string_view)> alter_;
};

TEST_F(EvidenceTest, AnotherIdentityKeyThanTheEvidencesIsRefused) {
  const std::string impostor = crypto::IdentityKey::Generate().value().public_der();
  ExpectRefused(
      OwnerVerifies([&](Channel& channel) {
        AlteringChannel altering(channel, [&](std::string_view answer) {
          base::FieldReader reader(answer);
          base::FieldWriter altered;
          altered.Add(reader.Next().value()).Add(impostor);
          return altered.Take();
        });
        ProveSelf(altering, Role::kMaster, master_.source, master_.identity).status().IgnoreError();
      }),
      "report data");
}

TEST_F(EvidenceTest, EveryFlippedByteOfTheAnswerIsRefused) {
  ChannelsForTest pair;
  size_t at = 0;
  size_t size = 1;
  for (; at < size; at += 3) {
    auto prover = std::async(std::launch::async, [&] {
      AlteringChannel altering(*pair.server, [&](std::string_view answer) {
        size = answer.size();
        std::string altered(answer);
        altered[std::min(at, size - 1)] ^= 0x20;
        return altered;
      });
      return ProveSelf(altering, Role::kMaster, master_.source, master_.identity).ok();
    });
    EXPECT_FALSE(Verify(*pair.client, Role::kMaster, Role::kOwner).ok()) << at;
    EXPECT_TRUE(prover.get());
  }
  EXPECT_GT(at, 300u);
}

TEST_F(EvidenceTest, WrongMeasurementIsRefused) {
  EnclaveForTest patched(cluster_key_, Filled(3));
  ExpectRefused(
      OwnerVerifies([&](Channel& channel) {
        ProveSelf(channel, Role::kMaster, patched.source, patched.identity).status().IgnoreError();
      }),
      "is not in [tee] master");
}

TEST_F(EvidenceTest, WorkerCannotPassForTheMaster) {
  // With its own role in the report data, and with the master's.
  ExpectRefused(
      OwnerVerifies([&](Channel& channel) {
        ProveSelf(channel, Role::kWorker, worker_.source, worker_.identity).status().IgnoreError();
      }),
      "report data");
  ExpectRefused(
      OwnerVerifies([&](Channel& channel) {
        ProveSelf(channel, Role::kMaster, worker_.source, worker_.identity).status().IgnoreError();
      }),
      "is not in [tee] master");
}

TEST_F(EvidenceTest, RoleIsBoundEvenForOneProgramInBothRoles) {
  policy_.worker_measurements = {kMasterMeasurement};
  ExpectRefused(
      OwnerVerifies([&](Channel& channel) {
        ProveSelf(channel, Role::kWorker, master_.source, master_.identity).status().IgnoreError();
      }),
      "report data");
}

TEST_F(EvidenceTest, WrongSimulatedKeyIsRefused) {
  const auto other_cluster = crypto::IdentityKey::Generate().value();
  EnclaveForTest foreign(other_cluster, kMasterMeasurement);
  const auto prove = [&](Channel& channel) {
    ProveSelf(channel, Role::kMaster, foreign.source, foreign.identity).status().IgnoreError();
  };
  ExpectRefused(OwnerVerifies(prove), "isn't endorsed");
  // Even if the verifier's endorsements were too wide, the policy names one key.
  ChannelsForTest pair;
  auto prover = std::async(std::launch::async, [&] { prove(*pair.server); });
  attest::Endorsements wide;
  wide.simulated_keys = {cluster_key_.public_der(), other_cluster.public_der()};
  ExpectRefused(VerifyPeer(*pair.client, Role::kMaster, Role::kOwner, kPolicyHash, policy_, wide, 0,
                           crypto::OsRandom()),
                "another key");
  prover.wait();
}

TEST_F(EvidenceTest, WrongPolicyHashIsRefused) {
  // The prover binds another Manifest than the one it was challenged with.
  ExpectRefused(OwnerVerifies([&](Channel& channel) {
                  Opening opening = ReceiveOpening(channel).value();
                  opening.challenge.policy_hash = Filled(0x71);
                  AnswerChallenge(channel, opening.challenge, Role::kMaster, master_.source,
                                  master_.identity)
                      .IgnoreError();
                }),
                "report data");
}

TEST_F(EvidenceTest, AnotherVerifierRoleOrNonceIsRefused) {
  ExpectRefused(OwnerVerifies([&](Channel& channel) {
                  Opening opening = ReceiveOpening(channel).value();
                  opening.challenge.verifier = Role::kWorker;
                  AnswerChallenge(channel, opening.challenge, Role::kMaster, master_.source,
                                  master_.identity)
                      .IgnoreError();
                }),
                "report data");
  ExpectRefused(OwnerVerifies([&](Channel& channel) {
                  Opening opening = ReceiveOpening(channel).value();
                  opening.challenge.nonce[0] ^= 1;
                  AnswerChallenge(channel, opening.challenge, Role::kMaster, master_.source,
                                  master_.identity)
                      .IgnoreError();
                }),
                "report data");
}

TEST_F(EvidenceTest, ProverAnswersChallengesOnly) {
  ChannelsForTest pair;
  ASSERT_TRUE(SendWorkerJoins(*pair.client).ok());
  EXPECT_TRUE(
      base::Is(ProveSelf(*pair.server, Role::kMaster, master_.source, master_.identity).status(),
               base::kProtocol));
}

TEST_F(EvidenceTest, NobodyProvesAsTheOwnerOrToItsOwnRole) {
  ChannelsForTest pair;
  Challenge challenge;
  challenge.nonce = std::string(kNonceBytes, 'n');
  challenge.verifier = Role::kMaster;
  for (const Role self : {Role::kOwner, Role::kMaster}) {
    EXPECT_TRUE(
        base::Is(AnswerChallenge(*pair.server, challenge, self, master_.source, master_.identity),
                 base::kProtocol));
  }
}

}  // namespace
}  // namespace soteria::channel

#endif  // SOTERIA_SIMULATED
