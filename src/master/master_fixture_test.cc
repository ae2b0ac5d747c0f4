// The fixture of master_for_test.h.
#include <cstdlib>

#include "src/base/errors.h"
#include "src/master/master_for_test.h"

namespace soteria::master {
namespace {

crypto::IdentityKey NewKey() { return crypto::IdentityKey::Generate().value(); }

crypto::IdentityKey Copy(const crypto::IdentityKey& key) {
  return crypto::IdentityKey::FromPem(key.ToPem().value()).value();
}

base::Digest Filled(uint8_t byte) {
  base::Digest digest;
  digest.fill(byte);
  return digest;
}

std::filesystem::path TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "master_test.XXXXXX").string();
  return mkdtemp(pattern.data());
}

}  // namespace

MasterTest::MasterTest()
    : folder_(TemporaryFolder()),
      cluster_key_(NewKey()),
      master_measurement_(Filled(0x11)),
      worker_measurement_(Filled(0x22)),
      master_evidence_(Copy(cluster_key_), master_measurement_),
      identity_(NewKey()),
      certificate_(crypto::SelfSigned::Generate().value()) {
  master_ = EnclaveMaster::Create({base::SystemClock(), crypto::OsRandom(), *files_,
                                   master_evidence_, identity_, certificate_, host_, "Haswell",
                                   [this](int fd) {
                                     ++tunnels_;
                                     base::StreamFromFd(fd)->Close();
                                   },
                                   [this] { stopped_ = true; }})
                .value();
}

MasterTest::~MasterTest() {
  for (const auto& channel : channels_) channel->Close();
  if (control_ != nullptr) control_->Close();
  master_->OnHostClosed();
  if (control_thread_.joinable()) control_thread_.join();
  for (std::thread& thread : threads_) thread.join();
  std::filesystem::remove_all(folder_);
}

policy::Manifest MasterTest::ManifestOf(uint64_t max_workers) const {
  policy::Manifest manifest;
  manifest.task = "test";
  manifest.tee.kinds = {attest::TeeKind::kSimulated};
  manifest.tee.master_measurements = {master_measurement_};
  manifest.tee.worker_measurements = {worker_measurement_};
  manifest.tee.simulated_key = cluster_key_.public_der();
  manifest.classes = {"org.apache.spark.ml.*"};
  manifest.read = {{(folder_ / "patients").string(), kId, 1}};
  manifest.rows = manifest.metrics = manifest.models = true;
  manifest.max_workers = max_workers;
  return policy::ParseManifest(policy::WriteManifest(manifest)).value();
}

session::Provision MasterTest::ProvisionOf(const policy::Manifest& manifest) const {
  session::Provision message;
  message.set_owner_secret(owner_secret_);
  message.set_bearer_token(token_);
  message.set_manifest(manifest.text);
  session::DatasetKey& key = *message.add_keys();
  key.set_id(base::FromHex(kId).value());
  key.set_key(std::string(16, 'k'));
  message.set_ledger_mac_key(std::string(32, 'm'));
  message.set_takeover_key(takeover_key_);
  message.set_time_ms(base::SystemClock().NowMs());
  message.set_evidence("evidence");
  message.set_evidence_nonce(std::string(32, 'n'));
  message.set_evidence_exporter(std::string(32, 'x'));
  return message;
}

std::shared_ptr<channel::Channel> MasterTest::Dial() {
  const auto listener = base::Listener::Loopback(0).value();
  auto outside = base::DialLoopback(listener->port()).value();
  auto inside = listener->Accept().value();
  threads_.emplace_back(
      [this, stream = std::move(inside)]() mutable { master_->ServeStream(std::move(stream)); });
  std::shared_ptr<channel::Channel> channel = channel::TlsClient(std::move(outside)).value();
  channels_.push_back(channel);
  return channel;
}

base::StatusOr<channel::Proven> MasterTest::Verify(channel::Channel& channel,
                                                   const policy::Manifest& manifest) {
  SOTERIA_ASSIGN_OR_RETURN(
      channel::Proven proven,
      channel::VerifyPeer(channel, policy::Role::kMaster, policy::Role::kOwner, manifest.digest,
                          manifest.tee, policy::EndorsementsOf(manifest.tee),
                          base::SystemClock().NowMs(), crypto::OsRandom()));
  SOTERIA_ASSIGN_OR_RETURN(const std::string state, channel.Receive(kControlBytesMax));
  EXPECT_TRUE(state_.ParseFromString(state));
  return proven;
}

session::ProvisionReply MasterTest::Provision(const policy::Manifest& manifest,
                                              const session::Provision& message) {
  control_ = Dial();
  EXPECT_TRUE(Verify(*control_, manifest).ok());
  EXPECT_TRUE(control_->Send(message.SerializeAsString()).ok());
  session::ProvisionReply reply;
  EXPECT_TRUE(reply.ParseFromString(control_->Receive(kControlBytesMax).value()));
  if (reply.error().empty()) control_thread_ = std::thread([this] { ServeControl(); });
  return reply;
}

void MasterTest::ServeControl() {
  while (true) {
    const auto bytes = control_->Receive(kControlBytesMax);
    session::ControlToOwner message;
    if (!bytes.ok() || !message.ParseFromString(*bytes) || message.has_end()) return;
    if (!message.has_store()) continue;
    session::ControlToMaster reply;
    reply.mutable_store()->set_sequence(message.store().sequence());
    if (refuses_entries_) {
      reply.mutable_store()->set_error(
          base::EncodeStatus(base::Fail(base::kProtocol, "not expected")));
    }
    {
      const std::lock_guard lock(entries_mutex_);
      entries_.push_back(message.store().ledger_entry());
    }
    if (!control_->Send(reply.SerializeAsString()).ok()) return;
  }
}

std::vector<std::string> MasterTest::Entries() {
  const std::lock_guard lock(entries_mutex_);
  return entries_;
}

base::StatusOr<session::Admission> MasterTest::Join(channel::Channel& channel,
                                                    const policy::Manifest& manifest,
                                                    const base::Digest& measurement) {
  attest::SimulatedSource evidence(Copy(cluster_key_), measurement);
  const crypto::IdentityKey identity = NewKey();
  SOTERIA_RETURN_IF_ERROR(channel::SendWorkerJoins(channel));
  SOTERIA_RETURN_IF_ERROR(channel::ProveSelf(channel, policy::Role::kWorker, evidence, identity));
  SOTERIA_ASSIGN_OR_RETURN(std::string bytes, channel.Receive(kProvisionBytesMax));
  session::Admission admission;
  EXPECT_TRUE(admission.ParseFromString(bytes));
  SOTERIA_RETURN_IF_ERROR(channel::VerifyPeer(
      channel, policy::Role::kMaster, policy::Role::kWorker, manifest.digest, manifest.tee,
      policy::EndorsementsOf(manifest.tee), base::SystemClock().NowMs(), crypto::OsRandom()));
  SOTERIA_RETURN_IF_ERROR(channel.Send(std::string_view("\x04", 1)));
  return admission;
}

}  // namespace soteria::master
