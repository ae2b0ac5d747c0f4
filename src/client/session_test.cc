#include "src/client/session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/channel/attested.h"
#include "src/client/cluster.h"
#include "src/client/fake_master_for_test.h"
#include "src/client/grants.h"
#include "src/client/owner_for_test.h"
#include "src/client/put.h"
#include "src/client/records.h"
#include "src/crypto/hash.h"
#include "src/storage/format.h"

#ifdef SOTERIA_SIMULATED

namespace soteria::client {
namespace {

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : user_key_(test_.Key()) {
    EXPECT_TRUE(EnsureSimulatedKey(test_.files(), test_.At("cluster")).ok());
    EXPECT_TRUE(EnsureSimulatedKey(test_.files(), test_.At("other")).ok());
    measurement_ = crypto::Sha256("a master program");
    PutOptions options;
    options.allow_simulated = true;
    auto put = Put(test_.owner(), user_key_, test_.Write("a.csv", "x,y\n1,2.5\n3,4.5\n"),
                   test_.At("data"), options, NoProgress);
    EXPECT_TRUE(put.ok()) << base::Message(put.status());
    if (put.ok()) data_id_hex_ = put->id_hex;
    times_.heartbeat_ms = 50;
    times_.silence_ms = 1'000;
    times_.opening_ms = 5'000;
    times_.end_ms = 5'000;
  }

  std::string Pem(const std::string& cluster) { return test_.Bytes(cluster + "/simulated.pem"); }

  policy::Manifest Manifest() {
    policy::Manifest manifest;
    manifest.task = "test";
    manifest.tee.kinds = {attest::TeeKind::kSimulated};
    manifest.tee.simulated_key = *SimulatedPublicKey(test_.files(), test_.At("cluster"));
    manifest.tee.master_measurements = {measurement_};
    manifest.tee.worker_measurements = {crypto::Sha256("a worker program")};
    manifest.classes = {"org.apache.spark.ml.*"};
    manifest.read = {{test_.At("data"), data_id_hex_, 1}};
    manifest.write = {{test_.At("models"), std::string(32, 'a'), 1, {attest::TeeKind::kSimulated}}};
    auto parsed = policy::ParseManifest(policy::WriteManifest(manifest));
    EXPECT_TRUE(parsed.ok()) << base::Message(parsed.status());
    return *parsed;
  }

  base::Status Open(FakeMaster& master, const policy::Manifest& manifest) {
    session_.reset();
    return OpenAnother(master, manifest, user_key_);
  }
  // Beside the session that is open, which keeps its connection but stores nothing any more.
  base::Status OpenAnother(FakeMaster& master, const policy::Manifest& manifest,
                           const crypto::Secret& user_key) {
    records_.reset();
    SOTERIA_ASSIGN_OR_RETURN(records_, Records::Open(test_.owner(), user_key_));
    SOTERIA_ASSIGN_OR_RETURN(Grants grants,
                             PrepareGrants(test_.owner(), user_key_, manifest, *records_));
    auto session = OwnerSession::Open(test_.owner(), master.dialer(), manifest, grants, user_key,
                                      *records_, times_, [this](const base::Status& why) {
                                        const std::lock_guard<std::mutex> lock(mutex_);
                                        lost_because_ = why;
                                        ++times_lost_;
                                      });
    SOTERIA_RETURN_IF_ERROR(session);
    session_ = *std::move(session);
    return base::OkStatus();
  }

  base::Status WaitUntilLost() {
    for (int i = 0; i < 1'000 && !session_->lost(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return session_->failure();
  }

  OwnerForTest test_;
  crypto::Secret user_key_;
  base::Digest measurement_{};
  std::string data_id_hex_;
  SessionTimes times_;
  std::mutex mutex_;
  base::Status lost_because_;
  int times_lost_ = 0;
  std::unique_ptr<Records> records_;
  std::unique_ptr<OwnerSession> session_;
};

TEST_F(SessionTest, ProvisionsAnAttestedMasterWithExactlyWhatTheManifestLists) {
  FakeMaster master(Pem("cluster"), measurement_);
  policy::Manifest manifest = Manifest();
  base::Status opened = Open(master, manifest);
  ASSERT_TRUE(opened.ok()) << base::Message(opened);
  auto got = master.provisioned();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->manifest, manifest.text);
  std::string data_id = *base::FromHex(data_id_hex_);
  std::string write_id = *base::FromHex(std::string(32, 'a'));
  ASSERT_EQ(got->key_ids, (std::vector<std::string>{data_id, write_id}));
  EXPECT_EQ(got->keys[0], storage::DatasetKey(user_key_, data_id).Expose());
  EXPECT_EQ(got->keys[1], storage::DatasetKey(user_key_, write_id).Expose());
  EXPECT_EQ(got->bearer_token, session_->bearer_token());
  EXPECT_EQ(got->bearer_token.size(), 64U);
  ASSERT_EQ(got->versions.size(), 2U);
  EXPECT_EQ(got->versions[0].version, 1U);
  EXPECT_NEAR(static_cast<double>(got->time_ms), static_cast<double>(test_.owner().clock.NowMs()),
              60'000);
  // The user key goes nowhere.
  for (const std::string& key : got->keys) {
    EXPECT_EQ(user_key_.Expose().find(key), std::string_view::npos);
  }
  auto report = session_->End(true);
  ASSERT_TRUE(report.ok()) << base::Message(report.status());
  EXPECT_EQ(report->stages, 3U);
  EXPECT_EQ(report->workers_lost, 7U);
  EXPECT_EQ(report->spilled_bytes, 8U);
  EXPECT_EQ(report->opened_bytes, 9U);
  EXPECT_EQ(master.ended(), true);
  EXPECT_EQ(times_lost_, 0);
}

TEST_F(SessionTest, RefusesAnotherMeasurementBeforeAnyKeyLeaves) {
  FakeMaster master(Pem("cluster"), crypto::Sha256("a patched master"));
  base::Status refused = Open(master, Manifest());
  EXPECT_TRUE(base::Is(refused, base::kEvidence)) << base::Message(refused);
  EXPECT_NE(base::Message(refused).find("no key has left"), std::string::npos);
  EXPECT_FALSE(master.provisioned().has_value());
}

TEST_F(SessionTest, RefusesAWorkersMeasurementForTheMaster) {
  FakeMaster master(Pem("cluster"), crypto::Sha256("a worker program"));
  EXPECT_TRUE(base::Is(Open(master, Manifest()), base::kEvidence));
  EXPECT_FALSE(master.provisioned().has_value());
}

TEST_F(SessionTest, RefusesEvidenceOfAnotherClustersKey) {
  FakeMaster master(Pem("other"), measurement_);
  EXPECT_TRUE(base::Is(Open(master, Manifest()), base::kEvidence));
  EXPECT_FALSE(master.provisioned().has_value());
}

TEST_F(SessionTest, RefusesAMasterWithoutEvidence) {
  FakeMasterBehaviour behaviour;
  behaviour.closes_without_evidence = true;
  FakeMaster master(Pem("cluster"), measurement_, behaviour);
  base::Status refused = Open(master, Manifest());
  EXPECT_TRUE(base::Is(refused, base::kMasterLost)) << base::Message(refused);
  EXPECT_NE(base::Message(refused).find("no key has left"), std::string::npos);
}

TEST_F(SessionTest, GivesUpOnAMasterThatNeverAnswers) {
  FakeMasterBehaviour behaviour;
  behaviour.never_answers = true;
  FakeMaster master(Pem("cluster"), measurement_, behaviour);
  times_.opening_ms = 200;
  base::Status refused = Open(master, Manifest());
  EXPECT_TRUE(base::Is(refused, base::kIo)) << base::Message(refused);
  EXPECT_NE(base::Message(refused).find("in time"), std::string::npos);
}

TEST_F(SessionTest, ASecondSessionIsRefusedWhileTheFirstLives) {
  FakeMaster master(Pem("cluster"), measurement_);
  policy::Manifest manifest = Manifest();
  ASSERT_TRUE(Open(master, manifest).ok());
  const auto token = master.provisioned()->bearer_token;
  base::Status again = OpenAnother(master, manifest, user_key_);
  EXPECT_TRUE(base::Is(again, channel::kMasterBusy)) << base::Message(again);
  EXPECT_NE(base::Message(again).find("another session of yours"), std::string::npos);
  again = OpenAnother(master, manifest, crypto::Secret::OfSize(32));
  EXPECT_TRUE(base::Is(again, channel::kMasterBusy)) << base::Message(again);
  EXPECT_NE(base::Message(again).find("under another user key, whose owner is connected"),
            std::string::npos);
  EXPECT_EQ(master.provisioned()->bearer_token, token);
  EXPECT_EQ(master.taken_over(), 0);
}

TEST_F(SessionTest, ASessionThatTheSameOwnerLeftIsTakenOver) {
  FakeMaster master(Pem("cluster"), measurement_);
  policy::Manifest manifest = Manifest();
  ASSERT_TRUE(Open(master, manifest).ok());
  session_.reset();  // as if the program was killed
  base::Status refused;
  do {
    refused = OpenAnother(master, manifest, crypto::Secret::OfSize(32));
  } while (base::Message(refused).find("is connected") != std::string::npos);
  EXPECT_TRUE(base::Is(refused, channel::kMasterBusy));
  EXPECT_NE(base::Message(refused).find("ends in 42 s"), std::string::npos);
  EXPECT_EQ(master.taken_over(), 0);
  EXPECT_TRUE(base::Is(Open(master, manifest), channel::kTakenOver));
  EXPECT_EQ(master.taken_over(), 1);
  EXPECT_TRUE(Open(master, manifest).ok());
}

// A machine that vanished counts as connected until its silence is long enough: worth asking again.
TEST_F(SessionTest, ASilentOwnerMayBeGoneSoon) {
  FakeMasterBehaviour behaviour;
  behaviour.owner_silent_ms = 5'000;
  FakeMaster master(Pem("cluster"), measurement_, behaviour);
  policy::Manifest manifest = Manifest();
  ASSERT_TRUE(Open(master, manifest).ok());
  base::Status again = OpenAnother(master, manifest, user_key_);
  EXPECT_TRUE(base::Is(again, base::kMasterLost));
  EXPECT_NE(base::Message(again).find("connected but silent for 5000 ms"), std::string::npos);
}

TEST_F(SessionTest, AMasterThatEndsWithoutAnAnswerIsLost) {
  FakeMasterBehaviour behaviour;
  behaviour.drops_takeovers = true;
  FakeMaster master(Pem("cluster"), measurement_, behaviour);
  policy::Manifest manifest = Manifest();
  ASSERT_TRUE(Open(master, manifest).ok());
  EXPECT_TRUE(
      base::Is(OpenAnother(master, manifest, crypto::Secret::OfSize(32)), base::kMasterLost));
}

TEST_F(SessionTest, PassesTheMastersRefusalOn) {
  FakeMasterBehaviour behaviour;
  behaviour.refuses_provisioning = true;
  FakeMaster master(Pem("cluster"), measurement_, behaviour);
  base::Status refused = Open(master, Manifest());
  EXPECT_TRUE(base::Is(refused, base::kManifest));
  EXPECT_NE(base::Message(refused).find("no such class"), std::string::npos);
}

TEST_F(SessionTest, TunnelsCarryBytesBothWays) {
  FakeMaster master(Pem("cluster"), measurement_);
  ASSERT_TRUE(Open(master, Manifest()).ok());
  for (int i = 0; i < 3; ++i) {
    auto tunnel = session_->OpenTunnel();
    ASSERT_TRUE(tunnel.ok()) << base::Message(tunnel.status());
    ASSERT_TRUE((*tunnel)->stream().Write("hello").ok());
    char block[16];
    auto got = (*tunnel)->stream().Read(block);
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(std::string_view(block, *got), "hello");
  }
  EXPECT_EQ(master.attested(), 1);  // resumed, not attested again
}

// I2: without the second half of the proof a machine in the middle would get the script in clear.
TEST_F(SessionTest, ATunnelWaitsForTheMastersOwnProof) {
  for (bool bare : {false, true}) {
    FakeMasterBehaviour behaviour;
    behaviour.forgets_owner_secret = !bare;
    behaviour.says_ok_without_proof = bare;
    FakeMaster master(Pem("cluster"), measurement_, behaviour);
    ASSERT_TRUE(Open(master, Manifest()).ok());
    auto tunnel = session_->OpenTunnel();
    EXPECT_FALSE(tunnel.ok());
    EXPECT_EQ(master.tunnel_bytes(), "");
    session_.reset();
  }
}

TEST_F(SessionTest, StoresEntriesAndVersionsBeforeItAnswers) {
  FakeMaster master(Pem("cluster"), measurement_);
  ASSERT_TRUE(Open(master, Manifest()).ok());
  ledger::LedgerWriter& ledger = master.ledger();
  ledger::VersionRecord record = master.provisioned()->versions[1];
  record.version = 2;
  record.index = crypto::Sha256("index 2");
  ledger::Access access;
  access.mode = ledger::Access::Mode::kWrite;
  access.path = test_.At("models");
  access.id = record.id;
  access.version = 2;
  access.index = record.index;
  ASSERT_TRUE(ledger.Append(access, 2, {record}).ok());
  EXPECT_TRUE(master.RepeatStore().ok());  // a lost answer is given again, nothing is stored twice
  ASSERT_TRUE(ledger.Append(ledger::End{}, 3).ok());
  EXPECT_TRUE(session_->End(true).ok());
  base::Digest head = ledger.head();
  session_.reset();
  records_.reset();

  auto records = Records::Open(test_.owner(), user_key_);
  ASSERT_TRUE(records.ok()) << base::Message(records.status());
  EXPECT_EQ((*records)->ledger_head(), head);
  EXPECT_EQ((*records)->versions().Find(record.id)->version, 2U);
  auto report = ledger::VerifyLedger(test_.Bytes("home/ledger"), &(*records)->versions().anchor());
  EXPECT_EQ(report.verdict, ledger::Verdict::kWhole) << report.reason;
  EXPECT_EQ(report.entries, 3U);
}

TEST_F(SessionTest, ARecordOfARootThatWasNotGrantedEndsTheSession) {
  FakeMaster master(Pem("cluster"), measurement_);
  ASSERT_TRUE(Open(master, Manifest()).ok());
  ledger::LedgerWriter& ledger = master.ledger();
  ledger::VersionRecord record{std::string(16, 'z'), 1, crypto::Sha256("x"), 0};
  EXPECT_TRUE(base::Is(ledger.Append(ledger::End{}, 2, {record}), base::kProtocol));
  EXPECT_FALSE(WaitUntilLost().ok());
  EXPECT_EQ(records_->versions().Find(record.id), nullptr);
}

TEST_F(SessionTest, AnEntryThatDoesNotChainIsRefused) {
  FakeMaster master(Pem("cluster"), measurement_);
  ASSERT_TRUE(Open(master, Manifest()).ok());
  EXPECT_FALSE(master.Store("not an entry", {}).ok());
  EXPECT_FALSE(WaitUntilLost().ok());
  EXPECT_EQ(test_.Bytes("home/ledger"), "");
}

TEST_F(SessionTest, AHeadOfAnotherIdentityIsRefused) {
  FakeMaster master(Pem("cluster"), measurement_);
  ASSERT_TRUE(Open(master, Manifest()).ok());
  auto other = crypto::IdentityKey::Generate();
  auto mac = crypto::Secret::OfSize(32);
  ledger::LedgerWriter writer(*other, mac, crypto::Sha256("s"), records_->ledger_head(), master);
  ledger::Head head;
  head.manifest = Manifest().digest;
  head.task = "test";
  head.identity = other->public_der();
  head.build = "simulated";
  head.version = "test";
  EXPECT_FALSE(writer.Append(head, 1).ok());
  EXPECT_FALSE(WaitUntilLost().ok());
}

TEST_F(SessionTest, ALostMasterIsNoticedAtOnce) {
  FakeMaster master(Pem("cluster"), measurement_);
  ASSERT_TRUE(Open(master, Manifest()).ok());
  master.DropControl();
  EXPECT_TRUE(base::Is(WaitUntilLost(), base::kMasterLost));
  EXPECT_FALSE(session_->OpenTunnel().ok());
  EXPECT_TRUE(base::Is(session_->End(true).status(), base::kMasterLost));
  const std::lock_guard<std::mutex> lock(mutex_);
  EXPECT_EQ(times_lost_, 1);
  EXPECT_TRUE(base::Is(lost_because_, base::kMasterLost));
}

TEST_F(SessionTest, ASilentMasterIsNoticed) {
  FakeMasterBehaviour behaviour;
  behaviour.sends_heartbeats = false;
  FakeMaster master(Pem("cluster"), measurement_, behaviour);
  times_.silence_ms = 300;
  ASSERT_TRUE(Open(master, Manifest()).ok());
  base::Status why = WaitUntilLost();
  EXPECT_TRUE(base::Is(why, base::kMasterLost));
  EXPECT_NE(base::Message(why).find("silent"), std::string::npos);
}

TEST_F(SessionTest, HeartbeatsKeepItAlive) {
  FakeMaster master(Pem("cluster"), measurement_);
  times_.silence_ms = 500;
  ASSERT_TRUE(Open(master, Manifest()).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(1'500));
  EXPECT_FALSE(session_->lost());
}

TEST_F(SessionTest, AFatalErrorReachesTheOwnerWithItsCondition) {
  FakeMaster master(Pem("cluster"), measurement_);
  ASSERT_TRUE(Open(master, Manifest()).ok());
  master.SendFatal(base::Fail(base::kIntegrity, "a block does not authenticate"));
  base::Status why = WaitUntilLost();
  EXPECT_TRUE(base::Is(why, base::kIntegrity));
  EXPECT_EQ(base::Message(why), "a block does not authenticate");
}

TEST_F(SessionTest, GarbageOrAnUnaskedEndIsAProtocolError) {
  FakeMaster master(Pem("cluster"), measurement_);
  ASSERT_TRUE(Open(master, Manifest()).ok());
  master.SendGarbage();
  EXPECT_TRUE(base::Is(WaitUntilLost(), base::kProtocol));
  FakeMasterBehaviour behaviour;
  behaviour.ends_unasked = true;
  FakeMaster other(Pem("cluster"), measurement_, behaviour);
  ASSERT_TRUE(Open(other, Manifest()).ok());
  EXPECT_TRUE(base::Is(WaitUntilLost(), base::kProtocol));
}

TEST_F(SessionTest, AnEndThatIsNotConfirmedIsAFailure) {
  FakeMasterBehaviour behaviour;
  behaviour.never_ends = true;
  FakeMaster master(Pem("cluster"), measurement_, behaviour);
  times_.end_ms = 200;
  ASSERT_TRUE(Open(master, Manifest()).ok());
  EXPECT_TRUE(base::Is(session_->End(false).status(), base::kMasterLost));
  EXPECT_EQ(master.ended(), false);
}

TEST_F(SessionTest, RecordsAreLockedWhileASessionIsOpen) {
  FakeMaster master(Pem("cluster"), measurement_);
  ASSERT_TRUE(Open(master, Manifest()).ok());
  auto second = Records::Open(test_.owner(), user_key_);
  EXPECT_TRUE(base::Is(second.status(), base::kConflict));
  EXPECT_NE(base::Message(second.status()).find("session"), std::string::npos);
}

}  // namespace
}  // namespace soteria::client

#endif  // SOTERIA_SIMULATED
