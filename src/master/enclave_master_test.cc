#include <chrono>
#include <functional>
#include <set>
#include <thread>

#include "src/base/errors.h"
#include "src/ledger/entry.h"
#include "src/master/master_for_test.h"

namespace soteria::master {
namespace {

/// Whether the master ended the connection instead of answering.
bool Refused(channel::Channel& channel) { return !channel.Receive(kControlBytesMax).ok(); }

TEST_F(MasterTest, ProvisionsOnceAndWritesTheHeadFirst) {
  const auto manifest = ManifestOf();
  const auto reply = Provision(manifest, ProvisionOf(manifest));
  ASSERT_TRUE(reply.error().empty());
  EXPECT_EQ(reply.server_side_session_id(), master_->server_side_session_id());
  ASSERT_TRUE(master_->SessionFor("spark-session").ok());  // waits for the head
  ASSERT_EQ(Entries().size(), 1u);
  const auto head = ledger::ParseSignedEntry(Entries()[0]).value();
  EXPECT_TRUE(ledger::VerifyEntry(head, identity_.public_der()).ok());
  EXPECT_EQ(std::get<ledger::Head>(head.entry.event).manifest, manifest.digest);
}

TEST_F(MasterTest, ASecondProvisioningIsRefused) {
  const auto manifest = ManifestOf();
  ASSERT_TRUE(Provision(manifest, ProvisionOf(manifest)).error().empty());
  EXPECT_FALSE(state_.provisioned());
  const auto second = Dial();
  ASSERT_TRUE(Verify(*second, manifest).ok());
  EXPECT_TRUE(state_.provisioned());
  EXPECT_TRUE(state_.owner_connected());
  EXPECT_LT(state_.silent_ms(), 10'000U);
  ASSERT_TRUE(second->Send(ProvisionOf(manifest).SerializeAsString()).ok());
  EXPECT_TRUE(Refused(*second));  // it is no proof, and isn't read
}

class TakeoverTest : public MasterTest {
 protected:
  TakeoverTest() : manifest_(ManifestOf()) {
    EXPECT_TRUE(Provision(manifest_, ProvisionOf(manifest_)).error().empty());
    EXPECT_TRUE(master_->SessionFor("s").ok());
  }
  /// As when the owner's program is killed.
  void LoseOwner() {
    control_->Close();
    do {
      ASSERT_TRUE(Verify(*Dial(), manifest_).ok());
    } while (state_.owner_connected());
  }
  /// Verifies a new connection and sends what `proof` makes of it; the master's answer.
  base::Status Try(const std::function<std::string(channel::Channel&)>& proof) {
    const auto channel = Dial();
    EXPECT_TRUE(Verify(*channel, manifest_).ok());
    EXPECT_TRUE(state_.provisioned());
    session::Takeover takeover;
    takeover.set_proof(proof(*channel));
    SOTERIA_RETURN_IF_ERROR(channel->Send(takeover.SerializeAsString()));
    SOTERIA_ASSIGN_OR_RETURN(const std::string bytes, channel->Receive(kControlBytesMax));
    session::TakeoverReply reply;
    EXPECT_TRUE(reply.ParseFromString(bytes));
    if (reply.error().empty()) return base::OkStatus();
    base::Status refused;
    EXPECT_TRUE(base::DecodeStatus(reply.error(), &refused).ok());
    return refused;
  }
  std::string Proof(channel::Channel& channel, const std::string& key) const {
    return *channel::TakeoverProof(crypto::Secret::Adopt(std::string(key)), channel);
  }
  const policy::Manifest manifest_;
};

TEST_F(TakeoverTest, TheOwnerEndsASessionWhoseProgramIsGone) {
  LoseOwner();
  EXPECT_GT(state_.seconds_left(), 50U);
  EXPECT_LE(state_.seconds_left(), 60U);  // the Manifest's linger_s
  EXPECT_FALSE(stopped_);
  const base::Status taken = Try([&](auto& channel) { return Proof(channel, takeover_key_); });
  EXPECT_TRUE(taken.ok()) << base::Message(taken);
  for (int i = 0; i < 500 && !stopped_; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(stopped_);
  EXPECT_FALSE(master_->SessionFor("another").ok());
}

TEST_F(TakeoverTest, ALiveSessionStays) {
  const base::Status busy = Try([&](auto& channel) { return Proof(channel, takeover_key_); });
  EXPECT_TRUE(base::Is(busy, channel::kMasterBusy)) << base::Message(busy);
  EXPECT_FALSE(stopped_);
  EXPECT_TRUE(master_->SessionFor("another").ok());
}

TEST_F(TakeoverTest, NobodyElseEndsIt) {
  LoseOwner();
  const auto elsewhere = Dial();
  ASSERT_TRUE(Verify(*elsewhere, manifest_).ok());
  const std::string other_channel = Proof(*elsewhere, takeover_key_);
  const std::pair<const char*, std::function<std::string(channel::Channel&)>> proofs[] = {
      {"another key", [&](auto& channel) { return Proof(channel, std::string(32, 'w')); }},
      {"the owner secret", [&](auto& channel) { return Proof(channel, owner_secret_); }},
      {"made on another connection", [&](auto&) { return other_channel; }},
      {"a proof for a resume",
       [&](auto& channel) {
         return *channel::ResumeProof(crypto::Secret::Adopt(std::string(takeover_key_)), channel,
                                      "takeover");
       }},
      {"nothing", [](auto&) { return std::string(); }},
      {"cut", [&](auto& channel) { return Proof(channel, takeover_key_).substr(1); }},
  };
  for (const auto& [what, proof] : proofs) {
    EXPECT_TRUE(base::Is(Try(proof), base::kUnauthenticated)) << what;
  }
  const auto odd = Dial();
  ASSERT_TRUE(Verify(*odd, manifest_).ok());
  ASSERT_TRUE(odd->Send("\xff\xff\xff").ok());
  session::TakeoverReply reply;
  ASSERT_TRUE(reply.ParseFromString(odd->Receive(kControlBytesMax).value()));
  EXPECT_FALSE(reply.error().empty());
  EXPECT_FALSE(stopped_);
  EXPECT_TRUE(master_->SessionFor("another").ok());
}

TEST_F(MasterTest, AProvisioningThatRacedIsRefusedToo) {
  const auto manifest = ManifestOf();
  const auto late = Dial();
  ASSERT_TRUE(Verify(*late, manifest).ok());  // both have seen evidence
  ASSERT_TRUE(Provision(manifest, ProvisionOf(manifest)).error().empty());
  ASSERT_TRUE(late->Send(ProvisionOf(manifest).SerializeAsString()).ok());
  session::ProvisionReply reply;
  ASSERT_TRUE(reply.ParseFromString(late->Receive(kControlBytesMax).value()));
  base::Status status;
  ASSERT_TRUE(base::DecodeStatus(reply.error(), &status).ok());
  EXPECT_TRUE(base::Is(status, channel::kMasterBusy));
}

TEST_F(MasterTest, AManifestOtherThanTheChallengedOneIsRefused) {
  const auto manifest = ManifestOf();
  auto message = ProvisionOf(manifest);
  message.set_manifest(manifest.text + "\n# another\n");
  const auto reply = Provision(manifest, message);
  base::Status status;
  ASSERT_TRUE(base::DecodeStatus(reply.error(), &status).ok());
  EXPECT_TRUE(base::Is(status, base::kManifest));
}

TEST_F(MasterTest, OwnersConnectionsNeedTheSecret) {
  const auto manifest = ManifestOf();
  ASSERT_TRUE(Provision(manifest, ProvisionOf(manifest)).error().empty());
  ASSERT_TRUE(master_->SessionFor("s").ok());

  const auto wrong = Dial();
  const auto other = crypto::Secret::Adopt(std::string(32, 'w'));
  ASSERT_TRUE(channel::SendResume(*wrong, other, "tunnel").ok());
  EXPECT_TRUE(Refused(*wrong));

  const auto none = Dial();
  ASSERT_TRUE(none->Send("PRI * HTTP/2.0").ok());
  EXPECT_TRUE(Refused(*none));
  EXPECT_EQ(tunnels_, 0);

  const auto owner = crypto::Secret::Adopt(std::string(owner_secret_));
  const auto odd = Dial();
  ASSERT_TRUE(channel::SendResume(*odd, owner, "shell").ok());
  EXPECT_TRUE(Refused(*odd));

  const auto right = Dial();
  ASSERT_TRUE(channel::SendResume(*right, owner, "tunnel").ok());
  ASSERT_TRUE(channel::ReceiveResumeAnswer(*right, owner).ok());
  char byte = 0;
  EXPECT_EQ(right->stream().Read({&byte, 1}).value(), 0u);  // the fixture's front closes at once
  EXPECT_EQ(tunnels_, 1);
}

TEST_F(MasterTest, AResumeBeforeProvisioningIsRefused) {
  const auto early = Dial();
  const auto owner = crypto::Secret::Adopt(std::string(owner_secret_));
  ASSERT_TRUE(channel::SendResume(*early, owner, "tunnel").ok());
  EXPECT_TRUE(Refused(*early));
}

TEST_F(MasterTest, OnlyTheTokenIsAuthorised) {
  EXPECT_FALSE(master_->AuthoriseToken(token_));  // nobody has provisioned it
  EXPECT_FALSE(master_->AuthoriseToken(""));
  const auto manifest = ManifestOf();
  ASSERT_TRUE(Provision(manifest, ProvisionOf(manifest)).error().empty());
  EXPECT_TRUE(master_->AuthoriseToken(token_));
  EXPECT_FALSE(master_->AuthoriseToken(token_ + "x"));
  EXPECT_FALSE(master_->AuthoriseToken(token_.substr(1)));
  EXPECT_FALSE(master_->AuthoriseToken(""));
}

TEST_F(MasterTest, AWorkerGetsTheRootAfterItsEvidenceAndANumberOfItsOwn) {
  const auto manifest = ManifestOf();
  ASSERT_TRUE(Provision(manifest, ProvisionOf(manifest)).error().empty());
  std::set<uint64_t> senders;
  std::set<base::Digest> evidences;
  for (int i = 0; i < 2; ++i) {
    const auto channel = Dial();
    const auto admission = Join(*channel, manifest, worker_measurement_);
    ASSERT_TRUE(admission.ok()) << base::Message(admission.status());
    EXPECT_EQ(admission->session_root().size(), 32u);
    EXPECT_EQ(admission->manifest(), manifest.text);
    ASSERT_EQ(admission->keys_size(), 1);
    EXPECT_EQ(admission->keys(0).key(), std::string(16, 'k'));
    senders.insert(admission->sender());
    // It was in the owner's ledger before the keys were on their way.
    const std::vector<std::string> entries = Entries();
    ASSERT_EQ(entries.size(), static_cast<size_t>(i) + 2);
    const auto entry = ledger::ParseSignedEntry(entries.back()).value();
    const auto& worker = std::get<ledger::Admission>(entry.entry.event);
    EXPECT_EQ(worker.sender, admission->sender());
    EXPECT_EQ(worker.tee, "simulated");
    EXPECT_EQ(worker.measurement, worker_measurement_);
    EXPECT_TRUE(evidences.insert(worker.evidence).second);  // each speaks of its own channel
    channel->Close();  // a restarted worker gets a new number, never this one
  }
  EXPECT_EQ(senders.size(), 2u);
  EXPECT_FALSE(senders.contains(0));
}

TEST_F(MasterTest, AWorkerThatIsntInTheManifestGetsNothing) {
  const auto manifest = ManifestOf();
  ASSERT_TRUE(Provision(manifest, ProvisionOf(manifest)).error().empty());
  const auto patched = Dial();
  EXPECT_FALSE(Join(*patched, manifest, base::Digest{}).ok());
  const auto masters_own = Dial();
  EXPECT_FALSE(Join(*masters_own, manifest, master_measurement_).ok());
}

TEST_F(MasterTest, AWorkerWhoseAdmissionTheOwnerDoesntStoreGetsNothing) {
  const auto manifest = ManifestOf();
  ASSERT_TRUE(Provision(manifest, ProvisionOf(manifest)).error().empty());
  ASSERT_TRUE(master_->SessionFor("s").ok());
  refuses_entries_ = true;
  const auto channel = Dial();
  const auto admission = Join(*channel, manifest, worker_measurement_);
  EXPECT_TRUE(base::Is(admission.status(), base::kIo)) << admission.status();  // closed, no keys
  EXPECT_EQ(Entries().size(), 2u);
}

TEST_F(MasterTest, NoMoreWorkersThanTheManifestSays) {
  const auto manifest = ManifestOf(1);
  ASSERT_TRUE(Provision(manifest, ProvisionOf(manifest)).error().empty());
  const auto first = Dial();
  ASSERT_TRUE(Join(*first, manifest, worker_measurement_).ok());
  const auto second = Dial();
  EXPECT_FALSE(Join(*second, manifest, worker_measurement_).ok());
}

TEST_F(MasterTest, TheEndIsRecordedAndStopsTheMaster) {
  const auto manifest = ManifestOf();
  ASSERT_TRUE(Provision(manifest, ProvisionOf(manifest)).error().empty());
  ASSERT_TRUE(master_->SessionFor("s").ok());
  session::ControlToMaster end;
  end.mutable_end()->set_succeeded(true);
  ASSERT_TRUE(control_->Send(end.SerializeAsString()).ok());
  for (int i = 0; i < 500 && Entries().size() < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_EQ(Entries().size(), 2u);
  const auto last = ledger::ParseSignedEntry(Entries()[1]).value();
  EXPECT_TRUE(std::get<ledger::End>(last.entry.event).succeeded);
  control_->Close();
  for (int i = 0; i < 500 && !stopped_; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(stopped_);
}

TEST_F(MasterTest, AReleasedSessionForgetsItsObjects) {
  const auto manifest = ManifestOf();
  ASSERT_TRUE(Provision(manifest, ProvisionOf(manifest)).error().empty());
  const auto first = master_->SessionFor("s").value();
  EXPECT_EQ(master_->SessionFor("s").value(), first);
  master_->ReleaseSession("s");
  EXPECT_NE(master_->SessionFor("s").value(), first);
  EXPECT_FALSE(master_->SessionFor("").ok());
  EXPECT_FALSE(master_->SessionFor(std::string(1000, 'x')).ok());
}

}  // namespace
}  // namespace soteria::master
