// Runs the owner's command as a child process: same standard streams, a few environment variables
// added, signals passed on, exit status handed back. The parent must not have threads that touch
// the environment while this runs; one command at a time a process.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "src/base/status.h"

namespace soteria::client {

struct EnvironmentVariable {
  std::string name;
  std::string value;
};

/// Of this process.
std::optional<std::string> VariableOf(const std::string& name);

/// The variables that keep connections to this machine itself off the proxies of the environment:
/// gRPC sends even `localhost` through http_proxy, https_proxy or grpc_proxy unless no_proxy says
/// otherwise, and reads no_grpc_proxy instead where it is set; others also read NO_PROXY. What was
/// set stays, in front.
std::vector<EnvironmentVariable> DirectLoopback(
    const std::function<std::optional<std::string>(const std::string& name)>& variable);

/// INT, TERM or HUP has come since BlockForwardedSignals or the last call of this or WaitForStop,
/// or comes within `wait_ms`.
bool StopCame(int64_t wait_ms);

/// The signal that StopCame, AwaitStop or WaitForStop took last, 0 for none.
int StoppedBy();

/// Blocks the signals that a running command is sent (INT, QUIT, TERM, HUP, USR1, USR2) in this
/// thread and those it starts from now on, so that RunCommand or WaitForStop receives them. Call
/// it before any thread is made.
void BlockForwardedSignals();

/// Starts `argv` (found on PATH) with `added` over this process's environment, passes signals on
/// and waits. The command's exit code, or 128 + signal as a shell has it; kInput when it can't be
/// started, kCancelled when a signal had asked to stop before. A signal of the terminal (Ctrl-C)
/// already reaches the child, which is in the same process group, and isn't sent twice. When this
/// process, or the thread that called this, ends before the command (kill -9), it gets TERM.
base::StatusOr<int> RunCommand(const std::vector<std::string>& argv,
                               const std::vector<EnvironmentVariable>& added);

/// Waits for INT, TERM or HUP, for `stop_fd` to reach its end (when >= 0), or for `done` to say so
/// (asked every 200 ms).
void WaitForStop(int stop_fd, const std::function<bool()>& done);

/// Waits so long for INT, TERM or HUP; true when one came. Behind BlockForwardedSignals.
bool AwaitStop(int64_t timeout_ms);

/// Output of a program that is expected to say little and end soon (measurements).
/// kInput when it can't be started, fails, or says more than `bytes_max`.
base::StatusOr<std::string> OutputOf(const std::vector<std::string>& argv, size_t bytes_max);

/// Starts `argv` detached from this process (own session, no terminal), its output appended to
/// `log_path` (created 0600). Its process id.
base::StatusOr<int64_t> StartDaemon(const std::vector<std::string>& argv,
                                    const std::string& log_path);

}  // namespace soteria::client
