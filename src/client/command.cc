#include "src/client/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "src/base/errors.h"
#include "src/base/text.h"

extern char** environ;

namespace soteria::client {
namespace {

constexpr int kForwarded[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
constexpr int kSignalExitBase = 128;
constexpr int kNotStartedExit = 127;
constexpr int64_t kPollMs = 200;

// What a person asked a waiting command to stop by, last.
std::atomic<int> stopped_by = 0;

sigset_t ForwardedSet(bool with_child) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : kForwarded) sigaddset(&set, signal);
  if (with_child) sigaddset(&set, SIGCHLD);
  return set;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> Environment(const std::vector<EnvironmentVariable>& added) {
  std::vector<std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    std::string_view name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const EnvironmentVariable& variable : added) replaced |= name == variable.name;
    if (!replaced) out.emplace_back(text);
  }
  for (const EnvironmentVariable& variable : added) {
    out.push_back(base::Cat(variable.name, "=", variable.value));
  }
  return out;
}

// posix_spawn's attributes and file actions, released together.
struct SpawnSetup {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  SpawnSetup() {
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&actions);
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults = ForwardedSet(true);
    sigaddset(&defaults, SIGPIPE);  // ignored here, not by the child
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    SetFlags(0);
  }
  void SetFlags(int more) {
    ::posix_spawnattr_setflags(
        &attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | more));
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
};

base::StatusOr<pid_t> Spawn(std::vector<std::string> argv, std::vector<std::string> environment,
                            SpawnSetup& setup) {
  if (argv.empty() || argv[0].empty()) return base::Fail(base::kInput, "no command was given");
  std::vector<char*> arguments = Pointers(argv);
  std::vector<char*> variables = Pointers(environment);
  pid_t pid = 0;
  int error = ::posix_spawnp(&pid, argv[0].c_str(), &setup.actions, &setup.attributes,
                             arguments.data(), variables.data());
  if (error != 0) {
    return base::Fail(base::kInput,
                      base::Cat("cannot start ", argv[0], ": ", std::strerror(error)));
  }
  return pid;
}

// Only async-signal-safe calls: other threads may have held any lock at the fork.
[[noreturn]] void BecomeCommand(pid_t parent, int failure, const sigset_t& defaults,
                                char* const* argv, char* const* environment) {
  for (int signal = 1; signal < NSIG; ++signal) {
    if (sigismember(&defaults, signal) == 1) ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kNotStartedExit);
  ::execvpe(argv[0], argv, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(failure, &error, sizeof error);
  ::_exit(kNotStartedExit);
}

// Gets TERM when this process is gone, be it by kill -9: a script without its endpoint would ask
// for it again and again, for more than ten minutes. The kernel watches the thread that forks.
base::StatusOr<pid_t> SpawnBound(std::vector<std::string> argv,
                                 std::vector<std::string> environment) {
  if (argv.empty() || argv[0].empty()) return base::Fail(base::kInput, "no command was given");
  const std::vector<char*> arguments = Pointers(argv);
  const std::vector<char*> variables = Pointers(environment);
  sigset_t defaults = ForwardedSet(true);
  sigaddset(&defaults, SIGPIPE);  // ignored here, not by the child
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::Fail(base::kIo, "cannot make a pipe");
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) BecomeCommand(parent, ends[1], defaults, arguments.data(), variables.data());
  ::close(ends[1]);
  int error = pid < 0 ? errno : 0;
  ssize_t got = 0;
  while (pid > 0 && (got = ::read(ends[0], &error, sizeof error)) < 0 && errno == EINTR) {
  }
  ::close(ends[0]);
  if (pid > 0 && got <= 0) return pid;
  if (pid > 0) ::waitpid(pid, nullptr, 0);
  return base::Fail(base::kInput, base::Cat("cannot start ", argv[0], ": ", std::strerror(error)));
}

int ExitCode(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status)
                                : kSignalExitBase + WTERMSIG(wait_status);
}

base::StatusOr<int> WaitForExit(pid_t pid) {
  int wait_status = 0;
  while (::waitpid(pid, &wait_status, 0) < 0) {
    if (errno != EINTR) return base::Fail(base::kIo, "cannot wait for the command");
  }
  return ExitCode(wait_status);
}

}  // namespace

std::optional<std::string> VariableOf(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

std::vector<EnvironmentVariable> DirectLoopback(
    const std::function<std::optional<std::string>(const std::string& name)>& variable) {
  constexpr std::string_view kLoopback = "localhost,127.0.0.1,::1";
  const auto with_loopback = [&](const std::string& theirs) {
    return theirs.empty() ? std::string(kLoopback) : base::Cat(theirs, ",", kLoopback);
  };
  const std::optional<std::string> upper = variable("NO_PROXY");
  // Programs that read both prefer the lower case, so it must not hide what the other said.
  const std::string lower = variable("no_proxy").value_or(upper.value_or(""));
  std::vector<EnvironmentVariable> out = {{"no_proxy", with_loopback(lower)}};
  if (upper.has_value()) out.push_back({"NO_PROXY", with_loopback(*upper)});
  // An empty one counts as set: gRPC reads it and nothing else.
  if (const auto grpc = variable("no_grpc_proxy")) {
    out.push_back({"no_grpc_proxy", with_loopback(*grpc)});
  }
  return out;
}

bool StopCame(int64_t wait_ms) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  const timespec patience{wait_ms / 1000, (wait_ms % 1000) * 1'000'000};
  const int signal = ::sigtimedwait(&set, nullptr, &patience);
  if (signal > 0) stopped_by = signal;
  return signal > 0;
}

int StoppedBy() { return stopped_by; }

void BlockForwardedSignals() {
  sigset_t set = ForwardedSet(true);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

base::StatusOr<int> RunCommand(const std::vector<std::string>& argv,
                               const std::vector<EnvironmentVariable>& added) {
  BlockForwardedSignals();
  // Ctrl-C before there was a child reached nobody.
  if (StopCame(0)) return base::Fail(base::kCancelled, "interrupted before the command began");
  SOTERIA_ASSIGN_OR_RETURN(pid_t pid, SpawnBound(argv, Environment(added)));
  sigset_t set = ForwardedSet(true);
  while (true) {
    int wait_status = 0;
    pid_t ended = ::waitpid(pid, &wait_status, WNOHANG);
    if (ended == pid) return ExitCode(wait_status);
    if (ended < 0 && errno != EINTR) return base::Fail(base::kIo, "cannot wait for the command");
    siginfo_t info{};
    timespec patience{0, kPollMs * 1'000'000};
    int signal = ::sigtimedwait(&set, &info, &patience);
    if (signal <= 0 || signal == SIGCHLD) continue;
    // SI_KERNEL: the terminal sent it to the whole group, the child has it already.
    if (info.si_code != SI_KERNEL) ::kill(pid, signal);
  }
}

bool AwaitStop(int64_t timeout_ms) {
  const sigset_t set = ForwardedSet(false);
  const timespec patience{timeout_ms / 1000, timeout_ms % 1000 * 1'000'000};
  const int signal = ::sigtimedwait(&set, nullptr, &patience);
  const bool stop = signal == SIGINT || signal == SIGTERM || signal == SIGHUP;
  if (stop) stopped_by = signal;
  return stop;
}

void WaitForStop(int stop_fd, const std::function<bool()>& done) {
  BlockForwardedSignals();
  while (!done()) {
    if (AwaitStop(kPollMs)) return;
    if (stop_fd < 0) continue;
    pollfd waiting{stop_fd, POLLIN, 0};
    if (::poll(&waiting, 1, 0) <= 0) continue;
    char ignored[256];
    if (::read(stop_fd, ignored, sizeof ignored) <= 0) return;
  }
}

base::StatusOr<std::string> OutputOf(const std::vector<std::string>& argv, size_t bytes_max) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::Fail(base::kIo, "cannot make a pipe");
  SpawnSetup setup;
  ::posix_spawn_file_actions_adddup2(&setup.actions, ends[1], STDOUT_FILENO);
  base::StatusOr<pid_t> pid = Spawn(argv, Environment({}), setup);
  ::close(ends[1]);
  std::string output;
  bool too_long = false;
  while (pid.ok() && !too_long) {
    char block[512];
    ssize_t got = ::read(ends[0], block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    output.append(block, static_cast<size_t>(got));
    too_long = output.size() > bytes_max;
  }
  ::close(ends[0]);
  if (!pid.ok()) return pid.status();
  SOTERIA_ASSIGN_OR_RETURN(int code, WaitForExit(*pid));
  if (too_long) return base::Fail(base::kInput, base::Cat(argv[0], " said more than expected"));
  if (code != 0) {
    return base::Fail(base::kInput, base::Cat(argv[0], " failed with exit code ", code));
  }
  return output;
}

base::StatusOr<int64_t> StartDaemon(const std::vector<std::string>& argv,
                                    const std::string& log_path) {
  SpawnSetup setup;
  setup.SetFlags(POSIX_SPAWN_SETSID);
  ::posix_spawn_file_actions_addopen(&setup.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&setup.actions, STDOUT_FILENO, log_path.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  ::posix_spawn_file_actions_adddup2(&setup.actions, STDOUT_FILENO, STDERR_FILENO);
  SOTERIA_ASSIGN_OR_RETURN(pid_t pid, Spawn(argv, Environment({}), setup));
  return int64_t{pid};
}

}  // namespace soteria::client
