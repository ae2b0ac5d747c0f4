// The owner's session with a master enclave: attest, provision once, then keep the control
// connection alive while the owner's command works through tunnels of its own.
//
//   SOTERIA_ASSIGN_OR_RETURN(auto session, OwnerSession::Open(owner, dial, manifest, grants, ...));
//   ... session->OpenTunnel() for each local connection ...
//   SOTERIA_ASSIGN_OR_RETURN(SessionReport report, session->End(succeeded));
//
// A master that serves an earlier session says so. If that session is this owner's and its program
// is gone (killed, or its machine), Open ends it and fails with kTakenOver: the host starts a fresh
// master, for the next Open.
//
// Invariants: nothing secret is sent before the peer's evidence was verified under the Manifest on
// that very TLS session (I2); a tunnel carries no byte before both sides have proven the owner
// secret on it; a StoreRequest is answered only after the records are on the disk.
//
// Threads: Open starts two (receive, heartbeat) and End or the destructor joins them. OpenTunnel,
// lost() and failure() may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/channel/channel.h"
#include "src/client/grants.h"
#include "src/client/owner.h"
#include "src/client/records.h"
#include "src/policy/manifest.h"

namespace soteria::client {

/// Opens a fresh byte stream to the master's address; called from several threads.
using Dialer = std::function<base::StatusOr<std::unique_ptr<base::ByteStream>>()>;

struct SessionTimes {
  int64_t heartbeat_ms = 1'000;
  int64_t silence_ms = 10'000;  ///< the master counts as lost after that much silence
  int64_t opening_ms = 30'000;  ///< for attesting and provisioning together
  int64_t end_ms = 60'000;      ///< for the final ledger entry and the report
};

/// The master's counters, as session.proto has them.
struct SessionReport {
  uint64_t stages = 0;
  uint64_t tasks = 0;
  uint64_t rebuilds = 0;
  uint64_t retries = 0;
  uint64_t repeats = 0;
  uint64_t workers_admitted = 0;
  uint64_t workers_lost = 0;
  uint64_t spilled_bytes = 0;
  uint64_t opened_bytes = 0;
};

class OwnerSession {
 public:
  /// `records` outlives the session. `on_lost` is called once, from a session thread, when the
  /// master is lost or gives up; its argument says why. kEvidence: the master was refused and no
  /// key has left this machine. kMasterBusy: it serves somebody's session, the text says whose.
  /// kMasterLost: it may be ending one; ask again.
  static base::StatusOr<std::unique_ptr<OwnerSession>> Open(
      Owner& owner, const Dialer& dial, const policy::Manifest& manifest, const Grants& grants,
      const crypto::Secret& user_key, Records& records, const SessionTimes& times,
      std::function<void(const base::Status&)> on_lost);
  virtual ~OwnerSession() = default;

  /// A new connection to the same master, both ends proven; raw bytes may flow through it.
  virtual base::StatusOr<std::unique_ptr<channel::Channel>> OpenTunnel() = 0;

  /// What clients of the Connect endpoint present. Goes into the environment of the owner's
  /// command, never into an argument list or a log.
  virtual std::string_view bearer_token() const = 0;

  virtual bool lost() const = 0;
  /// OK until the session is lost.
  virtual base::Status failure() const = 0;

  /// Asks the master to end, stores its last ledger entry and returns its counters.
  virtual base::StatusOr<SessionReport> End(bool succeeded) = 0;
};

}  // namespace soteria::client
