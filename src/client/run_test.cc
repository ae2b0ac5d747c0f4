#include "src/client/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "src/base/errors.h"
#include "src/base/net.h"
#include "src/base/text.h"
#include "src/client/cluster.h"
#include "src/client/command.h"
#include "src/client/fake_master_for_test.h"
#include "src/client/grants.h"
#include "src/client/ledger_check.h"
#include "src/client/owner_for_test.h"
#include "src/client/records.h"
#include "src/crypto/hash.h"

#ifdef SOTERIA_SIMULATED

namespace soteria::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    BlockForwardedSignals();
    EXPECT_TRUE(EnsureSimulatedKey(test_.files(), test_.At("cluster")).ok());
    policy::Manifest manifest;
    manifest.task = "test";
    manifest.tee.kinds = {attest::TeeKind::kSimulated};
    manifest.tee.simulated_key = *SimulatedPublicKey(test_.files(), test_.At("cluster"));
    manifest.tee.master_measurements = {measurement_};
    manifest.tee.worker_measurements = {measurement_};
    test_.Write("risk.toml", policy::WriteManifest(manifest));
    options_.manifest_path = test_.At("risk.toml");
    options_.key_path = test_.At("home/user.key");
    options_.cluster_dir = test_.At("cluster");
    options_.busy_ms = 0;
    options_.times.heartbeat_ms = 50;
    options_.times.silence_ms = 2'000;
    options_.times.opening_ms = 5'000;
    options_.times.end_ms = 5'000;
  }
  void Start(FakeMasterBehaviour behaviour = {}) {
    master_ =
        std::make_unique<FakeMaster>(test_.Bytes("cluster/simulated.pem"), measurement_, behaviour);
    options_.master = MasterAddress{"127.0.0.1", master_->port()};
  }
  base::StatusOr<int> RunScript(const std::string& script) {
    options_.command = {"sh", "-c", script};
    return Go();
  }
  base::StatusOr<int> Go() {
    return client::Run(
        test_.owner(), options_,
        [this](std::string_view line) {
          const std::lock_guard<std::mutex> lock(mutex_);
          said_ += std::string(line) + "\n";
        },
        [this](std::string_view text) {
          const std::lock_guard<std::mutex> lock(mutex_);
          exports_ += text;
        });
  }
  std::string said() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return said_;
  }
  std::string exports() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return exports_;
  }

  OwnerForTest test_;
  const base::Digest measurement_ = crypto::Sha256("a master program");
  RunOptions options_;
  std::mutex mutex_;
  std::string said_;
  std::string exports_;
  std::unique_ptr<FakeMaster> master_;
};

TEST_F(RunTest, TheCommandGetsTheEndpointInItsEnvironmentOnly) {
  Start();
  options_.verbose = true;
  auto code = RunScript("printf %s \"$SPARK_REMOTE\" > " + test_.At("remote") +
                        "; printf %s \"$SPARK_CONNECT_AUTHENTICATE_TOKEN\" > " + test_.At("token") +
                        "; cat /proc/$$/cmdline /proc/$PPID/cmdline > " + test_.At("cmdline"));
  ASSERT_TRUE(code.ok()) << base::Message(code.status());
  EXPECT_EQ(*code, 0);
  EXPECT_TRUE(test_.Bytes("remote").starts_with("sc://localhost:"));
  EXPECT_TRUE(test_.Bytes("remote").ends_with("/;use_ssl=true"));
  std::string token = test_.Bytes("token");
  EXPECT_EQ(token, master_->provisioned()->bearer_token);
  EXPECT_EQ(token.size(), 64U);
  EXPECT_EQ(test_.Bytes("cmdline").find(token), std::string::npos);
  EXPECT_EQ(said().find(token), std::string::npos);
  EXPECT_NE(said().find("NOT PROTECTED: simulated enclaves\n"), std::string::npos);
  EXPECT_NE(said().find("3 stages"), std::string::npos);
  EXPECT_EQ(master_->ended(), true);
}

TEST_F(RunTest, TheExitCodeIsTheCommands) {
  Start();
  EXPECT_EQ(*RunScript("exit 7"), 7);
  EXPECT_EQ(master_->ended(), false);
}

TEST_F(RunTest, ACommandThatCannotStartEndsTheSession) {
  Start();
  options_.command = {"/no/such/command"};
  EXPECT_TRUE(base::Is(Go().status(), base::kInput));
  EXPECT_EQ(master_->ended(), false);
}

// Signals end a session in order, so that its file of roots goes; it isn't needed after that.
TEST_F(RunTest, TheRootsAreThereWhileTheCommandRunsAndGoWithIt) {
  for (const char* end : {"exit 0", "kill -TERM $$"}) {
    Start();
    ASSERT_TRUE(RunScript("cp \"$GRPC_DEFAULT_SSL_ROOTS_FILE_PATH\" " + test_.At("roots") +
                          "; printf %s \"$GRPC_DEFAULT_SSL_ROOTS_FILE_PATH\" > " +
                          test_.At("path") + "; " + end)
                    .ok());
    EXPECT_TRUE(test_.Bytes("roots").starts_with("-----BEGIN CERTIFICATE-----\n"));
    EXPECT_TRUE(test_.Bytes("path").starts_with(test_.At("home/endpoint/")));
    EXPECT_NE(::access(test_.Bytes("path").c_str(), F_OK), 0);
  }
}

TEST_F(RunTest, ALostMasterIsExitCodeThree) {
  Start();
  std::thread dropper([this] {
    while (::access(test_.At("ready").c_str(), F_OK) != 0) ::usleep(1'000);
    master_->DropControl();
  });
  auto code = RunScript(": > " + test_.At("ready") + "; sleep 0.5");
  dropper.join();
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, kExitMasterLost);
  EXPECT_NE(said().find("the session is over"), std::string::npos);
}

TEST_F(RunTest, ASessionThatWasLeftBehindIsTakenOverAtOnce) {
  Start();
  options_.busy_ms = 5'000;
  {
    OwnerForTest& owner = test_;
    auto key = owner.Key();
    auto manifest = *policy::ParseManifest(owner.Bytes("risk.toml"));
    auto records = *Records::Open(owner.owner(), key);
    auto grants = *PrepareGrants(owner.owner(), key, manifest, *records);
    auto left = OwnerSession::Open(owner.owner(), master_->dialer(), manifest, grants, key,
                                   *records, options_.times, [](const base::Status&) {});
    ASSERT_TRUE(left.ok());
  }
  EXPECT_EQ(*RunScript("true"), 0);
  EXPECT_EQ(master_->taken_over(), 1);
  EXPECT_NE(said().find("an earlier session of yours"), std::string::npos);
}

TEST_F(RunTest, NothingRunsWhenTheMasterIsRefused) {
  master_ =
      std::make_unique<FakeMaster>(test_.Bytes("cluster/simulated.pem"), crypto::Sha256("patched"));
  options_.master = MasterAddress{"127.0.0.1", master_->port()};
  auto code = RunScript(": > " + test_.At("ran"));
  EXPECT_TRUE(base::Is(code.status(), base::kEvidence)) << base::Message(code.status());
  EXPECT_NE(::access(test_.At("ran").c_str(), F_OK), 0);
  EXPECT_FALSE(master_->provisioned().has_value());
}

TEST_F(RunTest, ConnectPrintsTheExportsUntilTheInputEnds) {
  Start();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  options_.stop_fd = ends[0];
  std::thread user([this, &ends] {
    while (exports().empty()) ::usleep(1'000);
    ::close(ends[1]);
  });
  auto code = Go();
  user.join();
  ::close(ends[0]);
  ASSERT_TRUE(code.ok()) << base::Message(code.status());
  EXPECT_EQ(*code, 0);
  std::string token = master_->provisioned()->bearer_token;
  EXPECT_NE(exports().find("export SPARK_REMOTE='sc://localhost:"), std::string::npos);
  EXPECT_NE(exports().find("/;use_ssl=true'\n"), std::string::npos);
  EXPECT_NE(exports().find("\nexport SPARK_CONNECT_AUTHENTICATE_TOKEN='" + token + "'\n"),
            std::string::npos);
  EXPECT_NE(
      exports().find("\nexport GRPC_DEFAULT_SSL_ROOTS_FILE_PATH='" + test_.At("home/endpoint/")),
      std::string::npos);
  EXPECT_NE(exports().find("export no_proxy='"), std::string::npos);
  EXPECT_NE(exports().find("localhost,127.0.0.1,::1'\n"), std::string::npos);
  EXPECT_EQ(master_->ended(), true);
}

TEST_F(RunTest, ConnectStaysAfterALossToSaySoUntilItIsStopped) {
  Start();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  options_.stop_fd = ends[0];
  std::thread user([this, &ends] {
    while (exports().empty()) ::usleep(1'000);
    master_->DropControl();
    while (said().find("told so until you end this") == std::string::npos) ::usleep(1'000);
    EXPECT_TRUE(Records::Open(test_.owner(), test_.Key()).ok());  // the next session may begin
    const std::string text = exports();
    const size_t at = text.find("localhost:") + 10;
    const auto port = static_cast<uint16_t>(std::stoi(text.substr(at)));
    EXPECT_TRUE(base::DialLoopback(port).ok());
    ::close(ends[1]);
  });
  auto code = Go();
  user.join();
  ::close(ends[0]);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, kExitMasterLost);
}

TEST_F(RunTest, ASessionThatCantBeUsedIsEnded) {
  Start();
  test_.Write("home/endpoint", "no folder");
  EXPECT_TRUE(base::Is(RunScript("true").status(), base::kInput));
  EXPECT_EQ(master_->ended(), std::optional(false)) << "the next owner needn't wait for this one";
}

TEST_F(RunTest, RefusesWhatIsMissingBeforeAnyConnection) {
  Start();
  options_.manifest_path = test_.At("none.toml");
  EXPECT_TRUE(base::Is(RunScript("true").status(), base::kInput));
  test_.Write("bad.toml", "nonsense = 1\n");
  options_.manifest_path = test_.At("bad.toml");
  EXPECT_TRUE(base::Is(RunScript("true").status(), base::kManifest));
  options_.manifest_path = test_.At("risk.toml");
  options_.key_path = test_.At("none.key");
  EXPECT_TRUE(base::Is(RunScript("true").status(), base::kKey));
  options_.key_path = test_.At("home/user.key");
  options_.master.reset();
  EXPECT_TRUE(base::Is(RunScript("true").status(), base::kInput));  // no cluster runs
  EXPECT_EQ(master_->connections(), 0);
}

TEST_F(RunTest, TheLedgerHoldsEvidenceForTheKeyThatSignedIt) {
  Start();
  std::thread writer([this] {
    while (::access(test_.At("ready").c_str(), F_OK) != 0) ::usleep(1'000);
    ledger::LedgerWriter& ledger = master_->ledger();
    for (const uint64_t sender : {uint64_t{1}, uint64_t{3}}) {
      const ledger::Admission worker{
          .sender = sender, .tee = "simulated", .measurement = measurement_};
      EXPECT_TRUE(ledger.Append(worker, 2).ok());
    }
    EXPECT_TRUE(ledger.Append(ledger::End{.workers_admitted = 2}, 2).ok());
    test_.Write("go", "");
  });
  auto code = RunScript(": > " + test_.At("ready") + "; while [ ! -e " + test_.At("go") +
                        " ]; do sleep 0.02; done");
  writer.join();
  ASSERT_TRUE(code.ok());
  crypto::Secret key = test_.Key();
  auto checked = CheckLedger(test_.owner(), &key, {});
  ASSERT_TRUE(checked.ok()) << base::Message(checked.status());
  EXPECT_EQ(checked->report.verdict, ledger::Verdict::kWhole) << checked->report.reason;
  EXPECT_TRUE(checked->anchored);
  EXPECT_EQ(checked->evidence_unchecked, 0U);

  // The same evidence says nothing for another key, Manifest or channel.
  auto manifest = *policy::ParseManifest(test_.Bytes("risk.toml"));
  ledger::Head head = checked->report.sessions.at(0).head;
  EXPECT_TRUE(CheckHeadEvidence(head, manifest, 0).ok());
  ledger::Head other = head;
  other.identity = crypto::IdentityKey::Generate()->public_der();
  EXPECT_TRUE(base::Is(CheckHeadEvidence(other, manifest, 0).status(), base::kEvidence));
  other = head;
  other.exporter[0] = static_cast<char>(other.exporter[0] ^ 1);
  EXPECT_TRUE(base::Is(CheckHeadEvidence(other, manifest, 0).status(), base::kEvidence));
  other = head;
  other.manifest[0] ^= 1;
  EXPECT_TRUE(base::Is(CheckHeadEvidence(other, manifest, 0).status(), base::kEvidence));

  other = head;
  other.nonce.pop_back();
  EXPECT_TRUE(base::Is(CheckHeadEvidence(other, manifest, 0).status(), base::kEvidence));
  EXPECT_EQ(VerifyExitCode(*checked), kExitOk);
  EXPECT_THAT(Unproven(*checked), ElementsAre(HasSubstr("NOT PROTECTED: 1 session in simulated")));

  // The kept copy of the Manifest is damaged, which is no fault of the ledger's.
  const std::string kept =
      base::Cat("home/manifests/", base::Hex(base::View(manifest.digest)), ".toml");
  for (const std::string& damaged : {std::string("[tee\n"), manifest.text + "# more\n"}) {
    test_.Write(kept, damaged);
    auto without = CheckLedger(test_.owner(), &key, {});
    ASSERT_TRUE(without.ok()) << base::Message(without.status());
    EXPECT_EQ(without->report.verdict, ledger::Verdict::kWhole);
    EXPECT_EQ(VerifyExitCode(*without), kExitUnproven);
  }
  test_.Write(kept, manifest.text);

  // An auditor has the file only, and is given the Manifest; each thing that stays open is named.
  const std::string bytes = test_.Bytes("home/ledger");
  OwnerForTest auditor;
  LedgerPlace place{.path = auditor.Write("copy", bytes), .manifests = {}};
  auto offline = CheckLedger(auditor.owner(), nullptr, place);
  ASSERT_TRUE(offline.ok()) << base::Message(offline.status());
  EXPECT_EQ(offline->report.verdict, ledger::Verdict::kWhole);
  EXPECT_EQ(VerifyExitCode(*offline), kExitUnproven);
  EXPECT_THAT(Unproven(*offline),
              ElementsAre(HasSubstr("not compared with the owner's version record"),
                          HasSubstr("its Manifest isn't at hand"), HasSubstr("NOT PROTECTED")));
  place.manifests = {manifest};
  offline = CheckLedger(auditor.owner(), nullptr, place);
  EXPECT_EQ(VerifyExitCode(*offline), kExitOk);
  EXPECT_EQ(Unproven(*offline).size(), 2U);
  EXPECT_EQ(offline->manifests.at(0)->digest, manifest.digest);
  // A Manifest of the same digest is needed: another that admits more enclaves isn't the session's.
  place.manifests = {*policy::ParseManifest(manifest.text + "\n")};
  EXPECT_EQ(VerifyExitCode(*CheckLedger(auditor.owner(), nullptr, place)), kExitUnproven);
  // The same digest with another key: the evidence must speak for the key that signed.
  place.manifests = {manifest};
  place.manifests[0].tee.simulated_key = crypto::IdentityKey::Generate()->public_der();
  offline = CheckLedger(auditor.owner(), nullptr, place);
  EXPECT_EQ(offline->report.verdict, ledger::Verdict::kBroken);
  EXPECT_EQ(VerifyExitCode(*offline), kExitFailed);
  EXPECT_NE(offline->report.reason.find("entry 1: the session's evidence was refused"),
            std::string::npos);
  // The workers were admitted under that Manifest, too.
  place.manifests = {manifest};
  place.manifests[0].tee.worker_measurements = {base::Digest{}};
  offline = CheckLedger(auditor.owner(), nullptr, place);
  EXPECT_EQ(VerifyExitCode(*offline), kExitFailed);
  EXPECT_THAT(offline->report.reason, HasSubstr("entry 2: a worker whose measurement "));
  place.manifests = {manifest};
  place.manifests[0].max_workers = 1;
  offline = CheckLedger(auditor.owner(), nullptr, place);
  EXPECT_EQ(VerifyExitCode(*offline), kExitFailed);
  EXPECT_THAT(offline->report.reason, HasSubstr("entry 3: more workers than max_workers"));
  // Without the last entry.
  size_t end = 0;
  for (size_t next = 0; next < bytes.size(); next += 4 + base::GetLe32(bytes.data() + next)) {
    end = next;
  }
  place = {.path = auditor.Write("copy", bytes.substr(0, end)), .manifests = {manifest}};
  EXPECT_EQ(VerifyExitCode(*CheckLedger(auditor.owner(), nullptr, place)), kExitCutOff);

  // A shortened file is noticed with the owner's records, and its Manifest is kept for checking.
  test_.Write("home/ledger", "");
  EXPECT_EQ(CheckLedger(test_.owner(), &key, {})->report.verdict, ledger::Verdict::kBroken);
}

}  // namespace
}  // namespace soteria::client

#endif  // SOTERIA_SIMULATED
