#include "src/client/fake_master_for_test.h"

#ifdef SOTERIA_SIMULATED

#include <chrono>
#include <utility>

#include "soteria/session.pb.h"
#include "src/attest/simulated.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/channel/attested.h"
#include "src/crypto/hash.h"
#include "src/crypto/openssl.h"
#include "src/policy/manifest.h"

namespace soteria::client {

namespace wire = ::soteria::session;

struct FakeMaster::State {
  std::vector<std::shared_ptr<channel::Channel>> channels;
  std::vector<std::shared_ptr<base::ByteStream>> raw;
  std::shared_ptr<channel::Channel> control;
  std::optional<Provisioned> provisioned;
  std::optional<crypto::Secret> owner_secret;
  std::optional<crypto::Secret> mac_key;
  std::unique_ptr<ledger::LedgerWriter> ledger;
  ledger::Head head;
  base::Digest ledger_head{};
  std::string store_bytes;
  uint64_t sequence = 0;
  std::optional<base::Status> store_answer;
  std::optional<bool> ended;
  std::string tunnel_bytes;
  int connections = 0;
  int attested = 0;
  int taken_over = 0;
  bool closed = false;
};

namespace {

constexpr size_t kMessageMax = 1 << 20;
constexpr auto kPatience = std::chrono::seconds(20);

}  // namespace

FakeMaster::FakeMaster(const std::string& cluster_key_pem, const base::Digest& measurement,
                       FakeMasterBehaviour behaviour)
    : behaviour_(behaviour),
      cluster_key_(*crypto::IdentityKey::FromPem(cluster_key_pem)),
      identity_(*crypto::IdentityKey::Generate()),
      measurement_(measurement),
      listener_(*base::Listener::Loopback(0)),
      state_(std::make_unique<State>()) {
  acceptor_ = std::thread([this] { AcceptAll(); });
}

FakeMaster::~FakeMaster() {
  listener_->Close();
  acceptor_.join();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    state_->closed = true;
    for (auto& stream : state_->raw) stream->Close();
    for (auto& channel : state_->channels) channel->Close();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Dialer FakeMaster::dialer() const {
  return [port = port()] { return base::DialLoopback(port); };
}

void FakeMaster::AcceptAll() {
  auto certificate = *crypto::SelfSigned::Generate();
  while (true) {
    auto stream = listener_->Accept();
    if (!stream.ok()) return;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++state_->connections;
      if (behaviour_.never_answers) {
        state_->raw.push_back(*std::move(stream));
        continue;
      }
    }
    auto channel = channel::TlsServer(*std::move(stream), certificate);
    if (!channel.ok()) continue;
    std::shared_ptr<channel::Channel> shared = *std::move(channel);
    const std::lock_guard<std::mutex> lock(mutex_);
    state_->channels.push_back(shared);
    threads_.emplace_back([this, shared] { Serve(shared); });
  }
}

void FakeMaster::Serve(std::shared_ptr<channel::Channel> channel) {
  auto opening = channel::ReceiveOpening(*channel);
  if (opening.ok() && opening->kind == channel::OpeningKind::kResume) {
    if (behaviour_.says_ok_without_proof) {
      channel->Send(std::string(1, '\1')).IgnoreError();
      return ServeTunnel(*channel);
    }
    crypto::Secret secret = OwnerSecret();
    if (behaviour_.forgets_owner_secret) {
      channel::SendResumeAnswer(*channel, crypto::Secret::OfSize(32)).IgnoreError();
      return ServeTunnel(*channel);
    }
    if (channel::CheckResume(secret, *channel, opening->resume).ok() &&
        channel::SendResumeAnswer(*channel, secret).ok()) {
      return ServeTunnel(*channel);
    }
  }
  bool asks = opening.ok() && opening->kind == channel::OpeningKind::kChallenge;
  if (!asks || behaviour_.closes_without_evidence) {
    channel->Close();
    return;
  }
  attest::SimulatedSource source(*crypto::IdentityKey::FromPem(*cluster_key_.ToPem()),
                                 measurement_);
  if (!channel::AnswerChallenge(*channel, opening->challenge, policy::Role::kMaster, source,
                                identity_)
           .ok()) {
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++state_->attested;
  }
  wire::MasterState state;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    state.set_provisioned(state_->provisioned.has_value());
    state.set_owner_connected(state_->control != nullptr);
  }
  state.set_seconds_left(42);
  state.set_silent_ms(behaviour_.owner_silent_ms);
  if (!channel->Send(state.SerializeAsString()).ok()) return;
  state.provisioned() ? ServeTakeover(*channel) : ServeOwner(channel);
}

void FakeMaster::ServeTakeover(channel::Channel& channel) {
  auto bytes = channel.Receive(kMessageMax);
  wire::Takeover takeover;
  if (!bytes.ok() || !takeover.ParseFromString(*bytes)) return;
  base::Status taken;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto key = crypto::Secret::Adopt(std::string(state_->provisioned->takeover_key));
    taken = channel::CheckTakeover(key, channel, takeover.proof());
    if (taken.ok() && state_->control != nullptr) taken = base::Fail(channel::kMasterBusy, "live");
    if (taken.ok()) {
      ++state_->taken_over;
      state_->provisioned.reset();  // as the host's next master
    }
  }
  wire::TakeoverReply reply;
  if (!taken.ok()) reply.set_error(base::EncodeStatus(taken));
  if (!behaviour_.drops_takeovers) channel.Send(reply.SerializeAsString()).IgnoreError();
  channel.Close();
}

crypto::Secret FakeMaster::OwnerSecret() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_->owner_secret.has_value() ? state_->owner_secret->Clone()
                                          : crypto::Secret::OfSize(32);
}

void FakeMaster::ServeOwner(const std::shared_ptr<channel::Channel>& channel) {
  auto bytes = channel->Receive(kMessageMax);
  wire::Provision provision;
  if (!bytes.ok() || !provision.ParseFromString(*bytes)) return;
  wire::ProvisionReply reply;
  if (behaviour_.refuses_provisioning) {
    reply.set_error(base::EncodeStatus(base::Fail(base::kManifest, "no such class")));
    channel->Send(reply.SerializeAsString()).IgnoreError();
    return;
  }
  Provisioned got;
  got.manifest = provision.manifest();
  got.bearer_token = provision.bearer_token();
  got.takeover_key = provision.takeover_key();
  got.time_ms = provision.time_ms();
  for (const wire::DatasetKey& key : provision.keys()) {
    got.key_ids.push_back(key.id());
    got.keys.push_back(key.key());
  }
  for (const wire::VersionRecord& record : provision.versions()) {
    got.versions.push_back(
        {record.id(), record.version(), *base::ToDigest(record.index_digest()), record.spent()});
  }
  ledger::Head head;
  head.manifest = crypto::Sha256(provision.manifest());
  head.task = "test";
  head.evidence = provision.evidence();
  head.nonce = provision.evidence_nonce();
  head.exporter = provision.evidence_exporter();
  head.identity = identity_.public_der();
  head.build = "simulated";
  head.version = "test";
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    state_->owner_secret = crypto::Secret::Adopt(std::string(provision.owner_secret()));
    state_->mac_key = crypto::Secret::Adopt(std::string(provision.ledger_mac_key()));
    state_->provisioned = std::move(got);
    state_->head = std::move(head);
    state_->ledger_head = *base::ToDigest(provision.ledger_head());
    state_->control = channel;
  }
  channel->Send(reply.SerializeAsString()).IgnoreError();
  changed_.notify_all();
  ServeControl(channel);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_->control == channel) state_->control.reset();
}

void FakeMaster::ServeControl(const std::shared_ptr<channel::Channel>& channel) {
  wire::ControlToOwner message;
  if (behaviour_.ends_unasked) {
    message.mutable_end();
    channel->Send(message.SerializeAsString()).IgnoreError();
  }
  while (true) {
    auto bytes = channel->Receive(kMessageMax);
    wire::ControlToMaster got;
    if (!bytes.ok() || !got.ParseFromString(*bytes)) return;
    if (got.has_heartbeat() && behaviour_.sends_heartbeats) {
      message.mutable_heartbeat();
      channel->Send(message.SerializeAsString()).IgnoreError();
    } else if (got.has_store()) {
      const std::lock_guard<std::mutex> lock(mutex_);
      base::Status answer;
      if (!got.store().error().empty())
        CHECK(base::DecodeStatus(got.store().error(), &answer).ok());
      state_->store_answer = answer;
      changed_.notify_all();
    } else if (got.has_end()) {
      const std::lock_guard<std::mutex> lock(mutex_);
      state_->ended = got.end().succeeded();
      if (behaviour_.never_ends) continue;
      message.mutable_end()->mutable_report()->set_stages(3);
      message.mutable_end()->mutable_report()->set_workers_lost(7);
      message.mutable_end()->mutable_report()->set_spilled_bytes(8);
      message.mutable_end()->mutable_report()->set_opened_bytes(9);
      channel->Send(message.SerializeAsString()).IgnoreError();
    }
  }
}

// Echoes, so that a test sees both directions.
void FakeMaster::ServeTunnel(channel::Channel& channel) {
  char block[4096];
  while (true) {
    auto got = channel.stream().Read(block);
    if (!got.ok() || *got == 0) break;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      state_->tunnel_bytes.append(block, *got);
    }
    if (!channel.stream().Write({block, *got}).ok()) break;
  }
  channel.CloseWrite().IgnoreError();
}

std::optional<FakeMaster::Provisioned> FakeMaster::provisioned() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_->provisioned;
}

int FakeMaster::connections() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_->connections;
}

int FakeMaster::attested() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_->attested;
}

std::string FakeMaster::tunnel_bytes() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_->tunnel_bytes;
}

int FakeMaster::taken_over() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_->taken_over;
}

std::optional<bool> FakeMaster::ended() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_->ended;
}

base::Status FakeMaster::SendStore() {
  std::unique_lock<std::mutex> lock(mutex_);
  state_->store_answer.reset();
  SOTERIA_RETURN_IF_ERROR(state_->control->Send(state_->store_bytes));
  bool answered =
      changed_.wait_for(lock, kPatience, [this] { return state_->store_answer.has_value(); });
  return answered ? *state_->store_answer : base::Fail(base::kIo, "the owner did not answer");
}

base::Status FakeMaster::Store(std::string_view entry,
                               const std::vector<ledger::VersionRecord>& versions) {
  wire::ControlToOwner message;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    message.mutable_store()->set_sequence(++state_->sequence);
    message.mutable_store()->set_ledger_entry(std::string(entry));
    for (const ledger::VersionRecord& record : versions) {
      wire::VersionRecord& out = *message.mutable_store()->add_versions();
      out.set_id(record.id);
      out.set_version(record.version);
      out.set_index_digest(std::string(base::View(record.index)));
      out.set_spent(record.spent);
    }
    state_->store_bytes = message.SerializeAsString();
  }
  return SendStore();
}

base::Status FakeMaster::RepeatStore() { return SendStore(); }

ledger::LedgerWriter& FakeMaster::ledger() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (state_->ledger != nullptr) return *state_->ledger;
    CHECK(state_->mac_key.has_value());
    state_->ledger = std::make_unique<ledger::LedgerWriter>(
        identity_, *state_->mac_key, crypto::Sha256("session"), state_->ledger_head, *this);
  }
  CHECK(state_->ledger->Append(state_->head, 1).ok());
  return *state_->ledger;
}

void FakeMaster::SendFatal(const base::Status& status) {
  wire::ControlToOwner message;
  message.set_fatal(base::EncodeStatus(status));
  const std::lock_guard<std::mutex> lock(mutex_);
  state_->control->Send(message.SerializeAsString()).IgnoreError();
}

void FakeMaster::SendGarbage() {
  const std::lock_guard<std::mutex> lock(mutex_);
  state_->control->Send("\xff\xff\xff").IgnoreError();
}

void FakeMaster::DropControl() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_->control != nullptr) state_->control->Close();
}

}  // namespace soteria::client

#endif  // SOTERIA_SIMULATED
