#include "host/local/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::host {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& one : strings) pointers.push_back(one.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string_view NameOf(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

std::vector<std::string> Environment(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    bool replaced = false;
    for (const std::string& one : added) replaced |= NameOf(one) == NameOf(*variable);
    if (!replaced) all.emplace_back(*variable);
  }
  return all;
}

// Only async-signal-safe calls: other threads may have held any lock at the fork.
[[noreturn]] void RunChild(pid_t parent, int log, char* const* arguments,
                           char* const* environment) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execve(arguments[0], arguments, environment);
  _exit(127);
}

}  // namespace

base::StatusOr<pid_t> StartProcess(const ProcessSpec& spec) {
  std::vector<std::string> arguments = {spec.program};
  arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
  std::vector<std::string> environment = Environment(spec.environment);
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const int log = open(spec.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return base::Fail(base::kIo, base::Cat("can't open the log ", spec.log));
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    RunChild(parent, log, argument_pointers.data(), environment_pointers.data());
  }
  close(log);
  if (child < 0) return base::Fail(base::kIo, base::Cat("can't start ", spec.program));
  return child;
}

void KillProcess(pid_t pid) { kill(pid, SIGKILL); }

std::string NewCookie() {
  char bytes[16];
  CHECK(getrandom(bytes, sizeof(bytes), 0) == static_cast<ssize_t>(sizeof(bytes)));
  return base::Hex(std::string_view(bytes, sizeof(bytes)));
}

}  // namespace soteria::host
