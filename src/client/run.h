// `soteria run` and `soteria connect`: one session from the Manifest file to the last ledger entry.
// Everything the owner should know goes to `say` (standard error), never a secret. One at a time a
// process, from the main thread, which must have called BlockForwardedSignals before it made any
// other thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/client/cluster.h"
#include "src/client/owner.h"
#include "src/client/session.h"

namespace soteria::client {

/// Exit codes of every command; `run` also gives back its command's own.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitMasterLost = 3,
  kExitCutOff = 4,    ///< `ledger verify`: a session has no end
  kExitUnproven = 5,  ///< `ledger verify`: whole, but a session's evidence couldn't be checked
};

using Say = std::function<void(std::string_view line)>;

struct RunOptions {
  std::string manifest_path;
  std::string key_path;
  std::string cluster_dir;              ///< used unless `master` is given
  std::optional<MasterAddress> master;  ///< --master HOST:PORT
  std::vector<std::string> command;     ///< empty: connect
  bool verbose = false;
  int stop_fd = -1;  ///< connect: ends at the end of this stream too
  /// How long a master that still ends its last job is asked again: longer than an owner whose
  /// machine is gone counts as connected.
  int64_t busy_ms = 12'000;
  /// How long, after an earlier session of this owner was ended, the host's next master is waited
  /// for.
  int64_t restart_ms = 60'000;
  /// connect: how long the endpoint of a lost session tells clients so, at most.
  int64_t lost_ms = 600'000;
  SessionTimes times;
};

/// The exit code, or why there was no session. In connect mode the endpoint's exports are handed to
/// `print_exports` (the token is in them: standard output of the owner only).
base::StatusOr<int> Run(Owner& owner, const RunOptions& options, const Say& say,
                        const std::function<void(std::string_view)>& print_exports);

}  // namespace soteria::client
