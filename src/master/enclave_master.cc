#include "src/master/enclave_master.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "soteria/session.pb.h"
#include "src/attest/build.h"
#include "src/base/errors.h"
#include "src/base/log.h"
#include "src/base/net.h"
#include "src/base/text.h"
#include "src/channel/pump.h"
#include "src/crypto/hash.h"
#include "src/crypto/openssl.h"

namespace soteria::master {
namespace {

constexpr size_t kRootBytes = 32;
constexpr size_t kSessionNameBytesMax = 128;
// One refusal may be one bad machine among many; the others need the time to join.
constexpr uint64_t kRefusalsMax = 3;
constexpr std::string_view kControl = "control";
constexpr std::string_view kTunnel = "tunnel";

}  // namespace

EnclaveMaster::Job::Job(Provisioned given, EnclaveMaster& master)
    : provisioned(std::move(given)),
      gate(provisioned.manifest),
      clock(master.world_.clock, provisioned.owner_time_ms),
      owner(master.world_.clock, [&master](bool succeeded) { return master.End(succeeded); }),
      ledger(master.world_.identity, provisioned.ledger_mac_key, master.session_id_,
             provisioned.ledger_head, owner),
      roots(provisioned, master.world_.files, master.world_.random, ledger, clock),
      output(gate, ledger, clock),
      releases(gate, roots, ledger, clock),
      statistics(releases, master.statistics_process_,
                 crypto::Hkdf(master.session_root_, "soteria/1 permutations", "", kRootBytes)),
      live(master.coordinator_) {}

base::StatusOr<std::unique_ptr<EnclaveMaster>> EnclaveMaster::Create(MasterWorld world) {
  SOTERIA_ASSIGN_OR_RETURN(crypto::Secret root, crypto::Secret::Random(world.random, kRootBytes));
  std::string id(16, '\0');
  SOTERIA_RETURN_IF_ERROR(world.random.Fill({reinterpret_cast<uint8_t*>(id.data()), id.size()}));
  return std::unique_ptr<EnclaveMaster>(
      new EnclaveMaster(std::move(world), std::move(root), base::Hex(id)));
}

EnclaveMaster::EnclaveMaster(MasterWorld world, crypto::Secret session_root,
                             std::string server_side_session_id)
    : world_(std::move(world)),
      session_root_(std::move(session_root)),
      session_id_(crypto::SessionId(session_root_)),
      server_side_session_id_(std::move(server_side_session_id)),
      sealer_(session_root_, session_id_, 0),
      opener_(session_root_, session_id_),
      coordinator_(world_.host, sealer_, opener_, {}),
      statistics_process_(world_.host) {}

EnclaveMaster::~EnclaveMaster() = default;

void EnclaveMaster::ServeStream(std::unique_ptr<base::ByteStream> stream) {
  auto tls = channel::TlsServer(std::move(stream), world_.certificate);
  if (!tls.ok()) return;
  const std::shared_ptr<channel::Channel> channel = std::move(*tls);
  const base::Status status = ServeChannel(channel);
  if (!status.ok()) {
    base::Log(base::Level::kDebug, "a connection ended: code {}", static_cast<int>(status.code()));
  }
  channel->Close();
}

base::Status EnclaveMaster::ServeChannel(const std::shared_ptr<channel::Channel>& channel) {
  SOTERIA_ASSIGN_OR_RETURN(channel::Opening opening, channel::ReceiveOpening(*channel));
  switch (opening.kind) {
    case channel::OpeningKind::kChallenge:
      return ServeOwner(channel, opening.challenge);
    case channel::OpeningKind::kResume:
      return ServeResumed(channel, opening.resume);
    case channel::OpeningKind::kWorkerJoins:
      return ServeWorker(*channel);
  }
  return base::Fail(base::kProtocol, "an unknown opening");
}

base::Status EnclaveMaster::ServeOwner(const std::shared_ptr<channel::Channel>& channel,
                                       const channel::Challenge& challenge) {
  if (challenge.verifier != policy::Role::kOwner) {
    return base::Fail(base::kProtocol, "only an owner challenges the master first");
  }
  SOTERIA_RETURN_IF_ERROR(channel::AnswerChallenge(*channel, challenge, policy::Role::kMaster,
                                                   world_.evidence, world_.identity));
  const session::MasterState state = State();
  SOTERIA_RETURN_IF_ERROR(channel->Send(state.SerializeAsString()));
  if (state.provisioned()) return ServeTakeover(*channel);
  SOTERIA_ASSIGN_OR_RETURN(std::string message, channel->Receive(kProvisionBytesMax));
  auto job = Provision(message, challenge.policy_hash, channel);
  crypto::Wipe(message);
  session::ProvisionReply reply;
  if (job.ok()) {
    reply.set_server_side_session_id(server_side_session_id_);
  } else {
    reply.set_error(base::EncodeStatus(job.status()));
  }
  const base::Status replied = channel->Send(reply.SerializeAsString());
  SOTERIA_RETURN_IF_ERROR(job.status());
  if (!replied.ok()) channel->Close();  // the job is there: whoever is the owner may resume it
  // The owner's answer to the head comes in on this connection, so the head has its own thread.
  std::thread head([this, &job] {
    const base::Status written = WriteHead(**job);
    const std::lock_guard lock(mutex_);
    head_written_ = written.ok();
    closed_ = closed_ || !written.ok();
    changed_.notify_all();
  });
  const base::Status served = (*job)->owner.Serve(channel);
  head.join();
  const std::lock_guard lock(mutex_);
  if (ended_) world_.stop();
  return served;
}

session::MasterState EnclaveMaster::State() const {
  session::MasterState state;
  const std::lock_guard lock(mutex_);
  if (job_ == nullptr) return state;
  state.set_provisioned(true);
  state.set_owner_connected(job_->owner.connected());
  const int64_t silent_ms = job_->owner.SilentMs();
  state.set_silent_ms(static_cast<uint64_t>(silent_ms));
  const int64_t left_ms = LingerMs(*job_) - silent_ms;
  state.set_seconds_left(static_cast<uint64_t>(std::max<int64_t>(0, left_ms) + 999) / 1000);
  return state;
}

base::Status EnclaveMaster::ServeTakeover(channel::Channel& channel) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string message, channel.Receive(kTakeoverBytesMax));
  const base::Status taken = TakeOver(channel, message);
  session::TakeoverReply reply;
  if (!taken.ok()) reply.set_error(base::EncodeStatus(taken));
  const base::Status sent = channel.Send(reply.SerializeAsString());
  if (taken.ok()) world_.stop();  // the host starts a fresh master
  SOTERIA_RETURN_IF_ERROR(taken);
  return sent;
}

base::Status EnclaveMaster::TakeOver(channel::Channel& channel, std::string_view message) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string proof, ParseTakeover(message));
  const std::lock_guard lock(mutex_);
  SOTERIA_RETURN_IF_ERROR(channel::CheckTakeover(job_->provisioned.takeover_key, channel, proof));
  if (job_->owner.connected()) {
    return base::Fail(channel::kMasterBusy, "The owner of the session is connected");
  }
  closed_ = true;
  job_->owner.Stop();
  changed_.notify_all();
  return base::OkStatus();
}

base::StatusOr<EnclaveMaster::Job*> EnclaveMaster::Provision(
    std::string_view message, const base::Digest& policy_hash,
    const std::shared_ptr<channel::Channel>& owner) {
  SOTERIA_ASSIGN_OR_RETURN(Provisioned provisioned, ParseProvision(message, policy_hash));
  const std::lock_guard lock(mutex_);
  if (job_ != nullptr) {
    return base::Fail(channel::kMasterBusy,
                      "This master has just been provisioned by another owner");
  }
  dataflow::CoordinatorLimits limits;
  limits.place_losses_max = provisioned.manifest.stage_attempts_max;
  limits.stage_losses_max = 4 * provisioned.manifest.stage_attempts_max;
  limits.collect_bytes_max = provisioned.manifest.collect_bytes_max;
  coordinator_.SetLimits(limits);
  job_ = std::make_unique<Job>(std::move(provisioned), *this);
  // Together with the job: in between, a master that is taken would look like one that lost its
  // owner.
  job_->owner.Attach(owner);
  coordinator_.SetOnUnused([this](const dataflow::WriteTarget& target, const std::string& entries) {
    const auto files = storage::ParseFileEntries(entries, storage::RootKind::kTree);
    if (files.ok()) job_->roots.Discard(target.root, target.id, *files);
  });
  changed_.notify_all();
  return job_.get();
}

base::Status EnclaveMaster::WriteHead(Job& job) {
  ledger::Head head;
  head.manifest = job.provisioned.manifest.digest;
  head.task = job.provisioned.manifest.task;
  head.evidence = job.provisioned.evidence;
  head.nonce = job.provisioned.nonce;
  head.exporter = job.provisioned.exporter;
  head.identity = world_.identity.public_der();
  head.build = attest::kSimulatedBuild ? "simulated" : "release";
  head.version = SOTERIA_VERSION;
  return job.ledger.Append(head, job.clock.NowMs());
}

base::StatusOr<EnclaveMaster::Job*> EnclaveMaster::WaitForJob(bool with_ledger) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock,
                [&] { return closed_ || (job_ != nullptr && (!with_ledger || head_written_)); });
  if (closed_) return base::Fail(base::kMasterLost, "the session is over");
  return job_.get();
}

base::Status EnclaveMaster::ServeResumed(const std::shared_ptr<channel::Channel>& channel,
                                         const channel::Resume& resume) {
  {
    const std::lock_guard lock(mutex_);
    if (job_ == nullptr) return base::Fail(base::kUnauthenticated, "not provisioned yet");
  }
  SOTERIA_ASSIGN_OR_RETURN(Job * job, WaitForJob(false));
  SOTERIA_RETURN_IF_ERROR(channel::CheckResume(job->provisioned.owner_secret, *channel, resume));
  if (resume.purpose != kControl && resume.purpose != kTunnel) {
    return base::Fail(base::kProtocol, "resume for an unknown purpose");
  }
  SOTERIA_RETURN_IF_ERROR(channel::SendResumeAnswer(*channel, job->provisioned.owner_secret));
  if (resume.purpose == kTunnel) {
    SOTERIA_RETURN_IF_ERROR(WaitForJob(true).status());
    return ServeTunnel(*channel);
  }
  const base::Status served = job->owner.Serve(channel);
  const std::lock_guard lock(mutex_);
  if (ended_) world_.stop();
  return served;
}

base::Status EnclaveMaster::ServeTunnel(channel::Channel& channel) {
  {
    const std::lock_guard lock(mutex_);
    if (tunnels_ >= kTunnelsMax) return base::Fail(base::kConflict, "too many tunnels");
    ++tunnels_;
  }
  const auto serve = [&]() -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(auto pair, base::SocketPair());
    world_.serve_tunnel(pair.first);
    const auto inside = base::StreamFromFd(pair.second);
    return channel::Pump(channel.stream(), *inside);
  };
  const base::Status status = serve();
  const std::lock_guard lock(mutex_);
  --tunnels_;
  return status;
}

base::Status EnclaveMaster::ServeWorker(channel::Channel& channel) {
  // The head comes first in the ledger, and an admission before the worker's keys.
  SOTERIA_ASSIGN_OR_RETURN(Job * job, WaitForJob(true));
  const base::Status admitted = Admit(channel, *job);
  NoteAdmission(admitted);
  SOTERIA_RETURN_IF_ERROR(admitted);
  // The worker ends with this channel, and it is silent from here on.
  const base::Status ended = channel.Receive(0).status();
  const std::lock_guard lock(mutex_);
  ++lost_;
  return ended;
}

void EnclaveMaster::NoteAdmission(const base::Status& admitted) {
  if (admitted.ok()) return coordinator_.SetWithoutWorkers(base::OkStatus());
  if (!base::Is(admitted, base::kEvidence)) return;
  const std::lock_guard lock(mutex_);
  if (admitted_ > 0 || ++refused_ < kRefusalsMax) return;
  coordinator_.SetWithoutWorkers(base::WithContext(
      admitted, base::Cat("no worker was admitted and ", refused_, " were refused, the last")));
}

base::StatusOr<uint64_t> EnclaveMaster::Number(const channel::Proven& worker, Job& job) {
  // An entry that can't reach the owner in time would be the ledger's end; a worker can wait.
  SOTERIA_RETURN_IF_ERROR(job.owner.AwaitOwner());
  const std::lock_guard admitting(admitting_);
  ledger::Admission entry;
  {
    const std::lock_guard lock(mutex_);
    if (admitted_ >= job.provisioned.manifest.max_workers) {
      return base::Fail(base::kConflict, "as many workers as the Manifest's max_workers joined");
    }
    ++admitted_;
    entry.sender = next_sender_++;
  }
  entry.tee = attest::TeeKindName(worker.claims.kind);
  entry.measurement = worker.claims.measurement;
  entry.evidence = crypto::Sha256(worker.evidence);
  entry.identity = crypto::Sha256(worker.identity_der);
  SOTERIA_RETURN_IF_ERROR(job.ledger.Append(entry, job.clock.NowMs()));
  return entry.sender;
}

base::Status EnclaveMaster::Admit(channel::Channel& channel, Job& job) {
  const policy::Manifest& manifest = job.provisioned.manifest;
  SOTERIA_ASSIGN_OR_RETURN(
      const channel::Proven worker,
      channel::VerifyPeer(channel, policy::Role::kWorker, policy::Role::kMaster, manifest.digest,
                          manifest.tee, policy::EndorsementsOf(manifest.tee), job.clock.NowMs(),
                          world_.random));
  session::Admission admission;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t sender, Number(worker, job));
  admission.set_sender(sender);
  admission.set_session_root(std::string(session_root_.Expose()));
  admission.set_manifest(manifest.text);
  admission.set_policy_hash(std::string(base::View(manifest.digest)));
  admission.set_time_ms(job.clock.NowMs());
  admission.set_kernel_level(world_.kernel_level);
  for (const auto& [id, key] : job.provisioned.keys) {
    session::DatasetKey& listed = *admission.add_keys();
    listed.set_id(id);
    listed.set_key(std::string(key.Expose()));
  }
  std::string bytes = admission.SerializeAsString();
  const base::Status sent = channel.Send(bytes);
  crypto::Wipe(bytes);
  crypto::Wipe(*admission.mutable_session_root());
  for (session::DatasetKey& key : *admission.mutable_keys()) crypto::Wipe(*key.mutable_key());
  SOTERIA_RETURN_IF_ERROR(sent);
  SOTERIA_ASSIGN_OR_RETURN(
      channel::Challenge challenge,
      channel::ProveSelf(channel, policy::Role::kMaster, world_.evidence, world_.identity));
  if (challenge.verifier != policy::Role::kWorker || challenge.policy_hash != manifest.digest) {
    return base::Fail(base::kProtocol, "the worker challenged under another role or policy");
  }
  constexpr std::string_view kReady("\x04", 1);
  SOTERIA_ASSIGN_OR_RETURN(std::string ready, channel.Receive(1));
  if (ready != kReady) return base::Fail(base::kProtocol, "the worker isn't ready");
  return base::OkStatus();
}

SessionCounters EnclaveMaster::End(bool succeeded) {
  coordinator_.Cancel();
  coordinator_.GiveUpLate();
  const dataflow::Counters counters = coordinator_.counters();
  SessionCounters report;
  // A very short job may ask for its end before its head is stored; the head comes first.
  const auto job = WaitForJob(true);
  const std::lock_guard admitting(admitting_);
  {
    const std::lock_guard lock(mutex_);
    report.workers_admitted = admitted_;
    report.workers_lost = lost_;
    ended_ = true;
  }
  report.stages = counters.stages;
  report.tasks = counters.tasks;
  report.rebuilds = counters.rebuilds;
  report.retries = counters.retries;
  report.repeats = counters.repeats;
  report.spilled_bytes = counters.spilled_bytes;
  report.opened_bytes = counters.opened_bytes;
  ledger::End end;
  end.succeeded = succeeded;
  end.stages = counters.stages;
  end.tasks = counters.tasks;
  end.retries = counters.retries;
  end.workers_admitted = report.workers_admitted;
  const base::Status written =
      job.ok() ? (*job)->ledger.Append(end, (*job)->clock.NowMs()) : job.status();
  if (!written.ok()) base::Log(base::Level::kError, "the end of the session wasn't recorded");
  return report;
}

void EnclaveMaster::OnHostClosed() {
  coordinator_.OnClosed();
  statistics_process_.OnClosed();
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (job_ != nullptr) job_->owner.Stop();
  changed_.notify_all();
}

void EnclaveMaster::StopIfAbandoned() {
  const std::lock_guard lock(mutex_);
  if (job_ == nullptr) return;
  const bool gone = !job_->owner.connected() && tunnels_ == 0;
  if (closed_ || (gone && job_->owner.SilentMs() > LingerMs(*job_))) world_.stop();
}

bool EnclaveMaster::AuthoriseToken(std::string_view presented) const {
  const std::lock_guard lock(mutex_);
  return job_ != nullptr && crypto::ConstantTimeEqual(job_->provisioned.token.Expose(), presented);
}

base::StatusOr<std::shared_ptr<Session>> EnclaveMaster::SessionFor(const std::string& session_id) {
  if (session_id.empty() || session_id.size() > kSessionNameBytesMax) {
    return base::Fail(base::kProtocol, "a session id has 1 to 128 bytes");
  }
  SOTERIA_ASSIGN_OR_RETURN(Job * job, WaitForJob(true));
  const std::lock_guard lock(mutex_);
  if (const auto found = sessions_.find(session_id); found != sessions_.end()) {
    return std::shared_ptr<Session>(found->second);
  }
  if (sessions_.size() >= kSessionsMax) {
    return base::Fail(base::kConflict, base::Cat("This job has ", kSessionsMax,
                                                 " Spark sessions open, the most it may"));
  }
  auto session = std::make_shared<EnclaveSession>(
      SessionWorld{job->gate, job->roots, job->output, coordinator_, turn_, job->live,
                   world_.random, job->clock, job->statistics});
  sessions_.emplace(session_id, session);
  return std::shared_ptr<Session>(std::move(session));
}

void EnclaveMaster::ReleaseSession(const std::string& session_id) {
  std::shared_ptr<EnclaveSession> released;
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return;
  released = std::move(found->second);
  sessions_.erase(found);
}

}  // namespace soteria::master
