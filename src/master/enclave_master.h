// The master enclave: what comes in by byte streams that the host pipes (owner and workers, told
// apart by what they prove, never by what the host says), one provisioning in its life, admission
// of workers, and the sessions of the owner.
//
//   stream -> TLS -> first message:
//     a challenge   an owner wants evidence; then the one provisioning; then the control
//     connection.
//                   Once provisioned: the same owner may end the session of a program that is gone
//     a resume      the owner again (proof over this connection's exporter): control or tunnel
//     "joins"       a worker: evidence first, then session root, Manifest and keys (I2)
//
// Until a connection has proven itself nothing but these messages is parsed; gRPC sees tunnels
// only. Thread-safe; ServeStream blocks its thread as long as the stream lives.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "src/attest/evidence.h"
#include "src/base/env.h"
#include "src/base/frame.h"
#include "src/base/status.h"
#include "src/channel/attested.h"
#include "src/channel/channel.h"
#include "src/crypto/envelope.h"
#include "src/crypto/identity.h"
#include "src/crypto/secret.h"
#include "src/dataflow/coordinator.h"
#include "src/dataflow/host_link.h"
#include "src/ledger/ledger.h"
#include "src/master/enclave_session.h"
#include "src/master/master.h"
#include "src/master/output_gate.h"
#include "src/master/owner_link.h"
#include "src/master/provisioned.h"
#include "src/master/release_gate.h"
#include "src/master/roots.h"
#include "src/master/statistics.h"
#include "src/master/statistics_process.h"
#include "src/policy/gate.h"

namespace soteria::crypto {
class SelfSigned;
}
namespace soteria::session {
class MasterState;
}

namespace soteria::master {

inline constexpr size_t kSessionsMax = 64;
inline constexpr size_t kTunnelsMax = 64;

/// Bound in the program's main; everything outlives the master.
struct MasterWorld {
  base::Clock& clock;
  base::Random& random;
  base::Files& files;
  attest::EvidenceSource& evidence;
  const crypto::IdentityKey& identity;
  const crypto::SelfSigned& certificate;
  dataflow::HostLink& host;
  std::string kernel_level;                  // what workers must run at (I7)
  std::function<void(int fd)> serve_tunnel;  // hands an authenticated descriptor to the front
  std::function<void()> stop;                // the job is over
};

class EnclaveMaster : public Master {
 public:
  static base::StatusOr<std::unique_ptr<EnclaveMaster>> Create(MasterWorld world);
  ~EnclaveMaster() override;

  /// One stream from its TLS handshake to its end.
  void ServeStream(std::unique_ptr<base::ByteStream> stream);
  /// True when the frame was one for the coordinator, or an answer of the statistics process.
  bool OnFrame(base::Frame frame) {
    return statistics_process_.OnFrame(frame) || coordinator_.OnFrame(std::move(frame));
  }
  void OnHostClosed();
  /// Stops the job once the owner has been away for longer than the Manifest's linger_s. Called
  /// now and then.
  void StopIfAbandoned();

  bool AuthoriseToken(std::string_view presented) const override;
  base::StatusOr<std::shared_ptr<Session>> SessionFor(const std::string& session_id) override;
  void ReleaseSession(const std::string& session_id) override;
  const std::string& server_side_session_id() const override { return server_side_session_id_; }

 private:
  /// What exists once the owner has provisioned the master.
  struct Job {
    Job(Provisioned given, EnclaveMaster& master);
    const Provisioned provisioned;
    const policy::Gate gate;
    const EnclaveClock clock;
    OwnerLink owner;
    ledger::LedgerWriter ledger;
    Roots roots;
    OutputGate output;
    ReleaseGate releases;
    Statistics statistics;
    LiveBlocks live;
  };

  static int64_t LingerMs(const Job& job) {
    return static_cast<int64_t>(job.provisioned.manifest.linger_s) * 1000;
  }

  EnclaveMaster(MasterWorld world, crypto::Secret session_root, std::string server_side_session_id);

  base::Status ServeChannel(const std::shared_ptr<channel::Channel>& channel);
  base::Status ServeOwner(const std::shared_ptr<channel::Channel>& channel,
                          const channel::Challenge& challenge);
  session::MasterState State() const;
  /// To whoever has seen evidence of a master that was provisioned.
  base::Status ServeTakeover(channel::Channel& channel);
  base::Status TakeOver(channel::Channel& channel, std::string_view message);
  base::Status ServeResumed(const std::shared_ptr<channel::Channel>& channel,
                            const channel::Resume& resume);
  base::Status ServeTunnel(channel::Channel& channel);
  base::Status ServeWorker(channel::Channel& channel);
  base::Status Admit(channel::Channel& channel, Job& job);
  /// The number of a worker that has proven itself, once its admission is in the owner's ledger.
  base::StatusOr<uint64_t> Number(const channel::Proven& worker, Job& job);
  /// When all that came was refused evidence, stages end with that instead of waiting for workers.
  void NoteAdmission(const base::Status& admitted);
  base::StatusOr<Job*> Provision(std::string_view message, const base::Digest& policy_hash,
                                 const std::shared_ptr<channel::Channel>& owner);
  /// Waits until the owner has provisioned the master; `with_ledger`: until its head is stored.
  base::StatusOr<Job*> WaitForJob(bool with_ledger);
  base::Status WriteHead(Job& job);
  SessionCounters End(bool succeeded);

  MasterWorld world_;
  crypto::Secret session_root_;
  const base::Digest session_id_;
  const std::string server_side_session_id_;
  crypto::Sealer sealer_;
  crypto::Opener opener_;
  dataflow::Coordinator coordinator_;
  StatisticsProcess statistics_process_;
  StageTurn turn_{coordinator_};

  std::mutex admitting_;  // numbers are in the ledger in their order; taken before mutex_
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Job> job_;
  bool head_written_ = false;
  bool closed_ = false;
  bool ended_ = false;
  std::map<std::string, std::shared_ptr<EnclaveSession>> sessions_;
  uint64_t next_sender_ = 1;  // never reused (0 is the master)
  uint64_t admitted_ = 0;
  uint64_t lost_ = 0;
  uint64_t refused_ = 0;  // workers whose evidence wasn't admitted
  uint64_t tunnels_ = 0;
};

}  // namespace soteria::master
