// A master in the test's own process: real TLS, real (simulated) evidence, real ledger entries, and
// every way of misbehaving that the owner must notice. Tests only; simulated builds only.
#pragma once

#ifdef SOTERIA_SIMULATED

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/net.h"
#include "src/channel/channel.h"
#include "src/client/session.h"
#include "src/crypto/identity.h"
#include "src/crypto/secret.h"
#include "src/ledger/ledger.h"
#include "src/ledger/versions.h"

namespace soteria::client {

/// How a fake master behaves; set before the first connection.
struct FakeMasterBehaviour {
  bool closes_without_evidence = false;
  bool never_answers = false;
  bool refuses_provisioning = false;
  bool sends_heartbeats = true;
  bool forgets_owner_secret = false;   ///< as a machine in the middle would
  bool says_ok_without_proof = false;  ///< answers a tunnel with the bare byte
  bool ends_unasked = false;
  bool never_ends = false;
  uint64_t owner_silent_ms = 0;
  bool drops_takeovers = false;  ///< ends without an answer, as a master that dies does
};

class FakeMaster : public ledger::OwnerStore {
 public:
  /// The measurement that it claims, under this cluster key (PEM).
  FakeMaster(const std::string& cluster_key_pem, const base::Digest& measurement,
             FakeMasterBehaviour behaviour = {});
  ~FakeMaster() override;

  uint16_t port() const { return listener_->port(); }
  Dialer dialer() const;

  /// What it was provisioned with; empty strings before.
  struct Provisioned {
    std::string manifest, bearer_token, takeover_key;
    std::vector<std::string> key_ids, keys;
    std::vector<ledger::VersionRecord> versions;
    int64_t time_ms = 0;
  };
  std::optional<Provisioned> provisioned();
  int connections();
  /// Connections that asked for evidence and got it.
  int attested();
  /// Bytes that came through tunnels, or after an answer without proof.
  std::string tunnel_bytes();
  std::optional<bool> ended();
  /// Sessions that it gave up for the same owner's next one.
  int taken_over();

  /// Waits for the owner's answer, as a real master does before it goes on.
  base::Status Store(std::string_view entry,
                     const std::vector<ledger::VersionRecord>& versions) override;
  /// The same request again, as after a reconnection.
  base::Status RepeatStore();
  /// The session's ledger, opened with its head when it was provisioned.
  ledger::LedgerWriter& ledger();
  const crypto::IdentityKey& identity() const { return identity_; }

  void SendFatal(const base::Status& status);
  void SendGarbage();
  void DropControl();

 private:
  struct State;

  void AcceptAll();
  void Serve(std::shared_ptr<channel::Channel> channel);
  void ServeOwner(const std::shared_ptr<channel::Channel>& channel);
  void ServeTakeover(channel::Channel& channel);
  void ServeControl(const std::shared_ptr<channel::Channel>& channel);
  void ServeTunnel(channel::Channel& channel);
  base::Status SendStore();
  crypto::Secret OwnerSecret();

  const FakeMasterBehaviour behaviour_;
  crypto::IdentityKey cluster_key_;
  crypto::IdentityKey identity_;
  base::Digest measurement_;
  std::unique_ptr<base::Listener> listener_;
  std::unique_ptr<State> state_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace soteria::client

#endif  // SOTERIA_SIMULATED
