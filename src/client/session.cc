#include "src/client/session.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "soteria/session.pb.h"
#include "src/base/ascii.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/channel/attested.h"
#include "src/client/busy_master.h"
#include "src/client/key_file.h"
#include "src/client/opening_guard.h"
#include "src/crypto/hash.h"
#include "src/policy/admit.h"

namespace soteria::client {
namespace {

namespace wire = ::soteria::session;

constexpr size_t kOwnerSecretBytes = 32;
constexpr size_t kTokenBytes = 32;
constexpr size_t kReplyBytesMax = 64 * 1024;
// A ledger entry and the records of every root that a Manifest can list.
constexpr size_t kControlBytesMax = size_t{2} << 20;
constexpr char kTunnelPurpose[] = "tunnel";
// An owner from whom so many heartbeats are missing may be gone.
constexpr int64_t kBeatsMissed = 3;

void WipeProvision(wire::Provision& provision) {
  crypto::Wipe(*provision.mutable_owner_secret());
  crypto::Wipe(*provision.mutable_bearer_token());
  crypto::Wipe(*provision.mutable_ledger_mac_key());
  crypto::Wipe(*provision.mutable_takeover_key());
  for (wire::DatasetKey& key : *provision.mutable_keys()) crypto::Wipe(*key.mutable_key());
}

// The hexadecimal form of a secret, without the heap copies that base::Hex would leave behind.
crypto::Secret HexSecret(const crypto::Secret& secret) {
  std::string text;
  text.reserve(2 * secret.size());
  base::AppendHex(secret.Expose(), text);
  return crypto::Secret::Adopt(std::move(text));
}

base::StatusOr<std::vector<ledger::VersionRecord>> ParseRecords(const wire::StoreRequest& request) {
  std::vector<ledger::VersionRecord> records;
  for (const wire::VersionRecord& record : request.versions()) {
    SOTERIA_ASSIGN_OR_RETURN(base::Digest digest, base::ToDigest(record.index_digest()));
    records.push_back({record.id(), record.version(), digest, record.spent()});
  }
  return records;
}

SessionReport ParseReport(const wire::SessionReport& report) {
  return {report.stages(),       report.tasks(),         report.rebuilds(),
          report.retries(),      report.repeats(),       report.workers_admitted(),
          report.workers_lost(), report.spilled_bytes(), report.opened_bytes()};
}

struct Secrets {
  crypto::Secret owner;
  crypto::Secret token;
  crypto::Secret ledger_mac;
};

class Session : public OwnerSession {
 public:
  Session(Owner& owner, Dialer dial, Records& records, const SessionTimes& times, Secrets secrets,
          std::function<void(const base::Status&)> on_lost)
      : owner_(owner),
        dial_(std::move(dial)),
        records_(records),
        times_(times),
        secrets_(std::move(secrets)),
        on_lost_(std::move(on_lost)),
        guards_(times.opening_ms) {}

  ~Session() override { Stop(); }

  base::Status Begin(const policy::Manifest& manifest, const Grants& grants,
                     const crypto::Secret& user_key) {
    SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<base::ByteStream> stream, Dial());
    OpeningGuards::Guard guard(guards_, stream);
    base::Status status = AttestAndProvision(stream, manifest, grants, user_key);
    if (!status.ok() && guard.expired()) {
      return base::Fail(base::kIo, "the master did not answer in time");
    }
    SOTERIA_RETURN_IF_ERROR(status);
    last_heard_ms_ = owner_.clock.MonotonicMs();
    receiver_ = std::thread([this] { ReceiveAll(); });
    heart_ = std::thread([this] { Beat(); });
    return base::OkStatus();
  }

  base::StatusOr<std::unique_ptr<channel::Channel>> OpenTunnel() override {
    SOTERIA_RETURN_IF_ERROR(failure());
    SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<base::ByteStream> stream, Dial());
    OpeningGuards::Guard guard(guards_, stream);
    SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<channel::Channel> tunnel,
                             channel::TlsClient(Forwarding(stream)));
    SOTERIA_RETURN_IF_ERROR(channel::SendResume(*tunnel, secrets_.owner, kTunnelPurpose));
    // Only the master that was verified and provisioned knows the owner secret (I2).
    SOTERIA_RETURN_IF_ERROR(channel::ReceiveResumeAnswer(*tunnel, secrets_.owner));
    return tunnel;
  }

  std::string_view bearer_token() const override { return secrets_.token.Expose(); }

  bool lost() const override { return !failure().ok(); }

  base::Status failure() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return failure_;
  }

  base::StatusOr<SessionReport> End(bool succeeded) override {
    if (lost()) {
      Stop();  // so that on_lost has been told before this returns
      return failure();
    }
    wire::ControlToMaster message;
    message.mutable_end()->set_succeeded(succeeded);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    SOTERIA_RETURN_IF_ERROR(Send(message));
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(times_.end_ms),
                        [this] { return report_.has_value() || !failure_.ok(); });
      if (!report_.has_value() && failure_.ok()) {
        failure_ = base::Fail(base::kMasterLost,
                              "the master did not confirm the end of the session in time");
      }
    }
    Stop();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (report_.has_value()) return *report_;
    return failure_;
  }

 private:
  base::StatusOr<std::shared_ptr<base::ByteStream>> Dial() {
    SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::ByteStream> stream, dial_());
    return std::shared_ptr<base::ByteStream>(std::move(stream));
  }

  base::Status AttestAndProvision(const std::shared_ptr<base::ByteStream>& stream,
                                  const policy::Manifest& manifest, const Grants& grants,
                                  const crypto::Secret& user_key) {
    auto control = channel::TlsClient(Forwarding(stream));
    if (!control.ok()) return NoAnswer(control.status());
    control_ = *std::move(control);
    auto proven = channel::VerifyPeer(
        *control_, policy::Role::kMaster, policy::Role::kOwner, manifest.digest, manifest.tee,
        policy::EndorsementsOf(manifest.tee), owner_.clock.NowMs(), owner_.random);
    if (!proven.ok()) {
      control_->Close();
      if (!base::Is(proven.status(), base::kEvidence)) return NoAnswer(proven.status());
      return base::WithContext(proven.status(),
                               "the master was refused, no key has left this machine");
    }
    SOTERIA_ASSIGN_OR_RETURN(const MasterState state, ReceiveState());
    const crypto::Secret takeover_key = TakeoverKey(user_key, proven->identity_der);
    if (state.provisioned) return TakeOver(state, takeover_key);
    std::set<std::string> ids;
    for (const Grant& grant : grants.keys) ids.insert(grant.id);
    records_.Expect(proven->identity_der, manifest, std::move(ids));
    return Provision(manifest, grants, *proven, takeover_key);
  }

  base::StatusOr<MasterState> ReceiveState() {
    const auto bytes = control_->Receive(kReplyBytesMax);
    if (!bytes.ok()) return NoAnswer(bytes.status());
    return ParseMasterState(*bytes);
  }

  // Of a master that serves a session; never OK. Its evidence was verified, so what it says is so.
  base::Status TakeOver(const MasterState& state, const crypto::Secret& takeover_key) {
    wire::Takeover takeover;
    SOTERIA_ASSIGN_OR_RETURN(*takeover.mutable_proof(),
                             channel::TakeoverProof(takeover_key, *control_));
    SOTERIA_RETURN_IF_ERROR(control_->Send(takeover.SerializeAsString()));
    const base::StatusOr<std::string> bytes = control_->Receive(kReplyBytesMax);
    control_->Close();
    if (!bytes.ok()) {
      return base::Fail(base::kMasterLost,
                        base::Cat("the master serves a session and ended when it was asked whose: ",
                                  base::Message(bytes.status())));
    }
    return WhyNotNow(*bytes, state, kBeatsMissed * times_.heartbeat_ms);
  }

  static base::Status NoAnswer(const base::Status& status) {
    return base::Fail(
        base::kMasterLost,
        base::Cat("the master closed the connection without evidence, no key has left this "
                  "machine. It may be ending another session (one master, one job), or is no "
                  "Soteria master: ",
                  base::Message(status)));
  }

  base::Status Provision(const policy::Manifest& manifest, const Grants& grants,
                         const channel::Proven& proven, const crypto::Secret& takeover_key) {
    wire::Provision provision;
    provision.set_owner_secret(std::string(secrets_.owner.Expose()));
    provision.set_bearer_token(std::string(secrets_.token.Expose()));
    provision.set_ledger_mac_key(std::string(secrets_.ledger_mac.Expose()));
    provision.set_takeover_key(std::string(takeover_key.Expose()));
    provision.set_manifest(manifest.text);
    for (const Grant& grant : grants.keys) {
      wire::DatasetKey& key = *provision.add_keys();
      key.set_id(grant.id);
      key.set_key(std::string(grant.key.Expose()));
    }
    for (const ledger::VersionRecord& record : grants.versions) {
      wire::VersionRecord& out = *provision.add_versions();
      out.set_id(record.id);
      out.set_version(record.version);
      out.set_index_digest(std::string(base::View(record.index)));
      out.set_spent(record.spent);
    }
    provision.set_time_ms(owner_.clock.NowMs());
    provision.set_ledger_head(std::string(base::View(records_.ledger_head())));
    provision.set_evidence_nonce(proven.nonce);
    provision.set_evidence(proven.evidence);
    provision.set_evidence_exporter(proven.exporter);
    std::string bytes = provision.SerializeAsString();
    WipeProvision(provision);
    base::Status sent = control_->Send(bytes);
    crypto::Wipe(bytes);
    SOTERIA_RETURN_IF_ERROR(sent);
    return AwaitProvisioned();
  }

  base::Status AwaitProvisioned() {
    SOTERIA_ASSIGN_OR_RETURN(std::string bytes, control_->Receive(kReplyBytesMax));
    wire::ProvisionReply reply;
    if (!reply.ParseFromString(bytes)) {
      return base::Fail(base::kProtocol, "the master's answer to provisioning is damaged");
    }
    if (reply.error().empty()) return base::OkStatus();
    base::Status refused;
    SOTERIA_RETURN_IF_ERROR(base::DecodeStatus(reply.error(), &refused));
    if (refused.ok()) return base::Fail(base::kProtocol, "the master's refusal says nothing");
    return base::WithContext(refused, "the master refused to start the session");
  }

  base::Status Send(const wire::ControlToMaster& message) {
    return control_->Send(message.SerializeAsString());
  }

  void ReceiveAll() {
    while (true) {
      base::StatusOr<std::string> bytes = control_->Receive(kControlBytesMax);
      if (!bytes.ok()) {
        return Fail(base::Fail(base::kMasterLost, base::Cat("the connection to the master broke: ",
                                                            base::Message(bytes.status()))));
      }
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        last_heard_ms_ = owner_.clock.MonotonicMs();
      }
      base::StatusOr<bool> go_on = Handle(*bytes);
      if (!go_on.ok()) return Fail(go_on.status());
      if (!*go_on) return;
    }
  }

  // False after the end of the session.
  base::StatusOr<bool> Handle(const std::string& bytes) {
    wire::ControlToOwner message;
    if (!message.ParseFromString(bytes)) {
      return base::Fail(base::kProtocol, "a control message of the master is damaged");
    }
    switch (message.message_case()) {
      case wire::ControlToOwner::kHeartbeat:
        return true;
      case wire::ControlToOwner::kStore:
        SOTERIA_RETURN_IF_ERROR(Store(message.store()));
        return true;
      case wire::ControlToOwner::kFatal: {
        base::Status fatal;
        SOTERIA_RETURN_IF_ERROR(base::DecodeStatus(message.fatal(), &fatal));
        if (fatal.ok()) fatal = base::Fail(base::kMasterLost, "the master gave up");
        return fatal;
      }
      case wire::ControlToOwner::kEnd: {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!ending_) return base::Fail(base::kProtocol, "the master ended the session unasked");
        report_ = ParseReport(message.end().report());
        changed_.notify_all();
        return false;
      }
      case wire::ControlToOwner::MESSAGE_NOT_SET:
        break;
    }
    return base::Fail(base::kProtocol, "the master sent a control message of an unknown kind");
  }

  base::Status Store(const wire::StoreRequest& request) {
    wire::ControlToMaster answer;
    answer.mutable_store()->set_sequence(request.sequence());
    base::Digest digest = crypto::Sha256(request.SerializeAsString());
    if (request.sequence() == last_stored_ && digest == last_digest_) {
      return Send(answer);  // it was stored, the answer got lost
    }
    if (request.sequence() <= last_stored_) {
      return base::Fail(base::kProtocol, "the master used the number of a ledger entry again");
    }
    base::StatusOr<std::vector<ledger::VersionRecord>> versions = ParseRecords(request);
    base::Status stored =
        versions.ok() ? records_.Store(request.ledger_entry(), *versions) : versions.status();
    if (stored.ok()) {
      last_stored_ = request.sequence();
      last_digest_ = digest;
    } else {
      answer.mutable_store()->set_error(base::EncodeStatus(stored));
    }
    SOTERIA_RETURN_IF_ERROR(Send(answer));
    return base::WithContext(stored, "the owner's records can't be kept");
  }

  void Beat() {
    wire::ControlToMaster beat;
    beat.mutable_heartbeat();
    while (true) {
      {
        std::unique_lock<std::mutex> lock(mutex_);
        if (changed_.wait_for(lock, std::chrono::milliseconds(times_.heartbeat_ms),
                              [this] { return stopped_ || !failure_.ok(); })) {
          return;
        }
      }
      // Sending can't block for long before: within the limit of silence there are too few small
      // messages to fill a socket.
      if (SilentTooLong()) {
        return Fail(base::Fail(base::kMasterLost, base::Cat("the master has been silent for ",
                                                            times_.silence_ms, " ms")));
      }
      if (base::Status sent = Send(beat); !sent.ok()) {
        return Fail(base::Fail(base::kMasterLost, base::Cat("the connection to the master broke: ",
                                                            base::Message(sent))));
      }
    }
  }

  bool SilentTooLong() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return owner_.clock.MonotonicMs() - last_heard_ms_ > times_.silence_ms;
  }

  void Fail(const base::Status& why) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stopped_ || report_.has_value() || !failure_.ok()) return;
      failure_ = why;
    }
    changed_.notify_all();
    control_->Close();
    guards_.CloseAll();
    on_lost_(why);
  }

  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    guards_.CloseAll();
    if (control_ != nullptr) control_->Close();
    if (receiver_.joinable()) receiver_.join();
    if (heart_.joinable()) heart_.join();
  }

  Owner& owner_;
  const Dialer dial_;
  Records& records_;
  const SessionTimes times_;
  const Secrets secrets_;
  const std::function<void(const base::Status&)> on_lost_;
  OpeningGuards guards_;
  std::unique_ptr<channel::Channel> control_;
  // Receiver thread only.
  uint64_t last_stored_ = 0;
  base::Digest last_digest_{};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  base::Status failure_;
  bool stopped_ = false;
  bool ending_ = false;
  int64_t last_heard_ms_ = 0;
  std::optional<SessionReport> report_;
  std::thread receiver_;
  std::thread heart_;
};

}  // namespace

base::StatusOr<std::unique_ptr<OwnerSession>> OwnerSession::Open(
    Owner& owner, const Dialer& dial, const policy::Manifest& manifest, const Grants& grants,
    const crypto::Secret& user_key, Records& records, const SessionTimes& times,
    std::function<void(const base::Status&)> on_lost) {
  SOTERIA_ASSIGN_OR_RETURN(crypto::Secret secret,
                           crypto::Secret::Random(owner.random, kOwnerSecretBytes));
  SOTERIA_ASSIGN_OR_RETURN(crypto::Secret raw_token,
                           crypto::Secret::Random(owner.random, kTokenBytes));
  Secrets secrets{std::move(secret), HexSecret(raw_token), LedgerMacKey(user_key)};
  auto session = std::make_unique<Session>(owner, dial, records, times, std::move(secrets),
                                           std::move(on_lost));
  SOTERIA_RETURN_IF_ERROR(session->Begin(manifest, grants, user_key));
  return std::unique_ptr<OwnerSession>(std::move(session));
}

}  // namespace soteria::client
