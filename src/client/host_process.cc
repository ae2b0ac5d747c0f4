#include "src/client/host_process.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::client {
namespace {

constexpr char kProcesses[] = "/proc";
constexpr uint64_t kStatBytesMax = 4096;
constexpr uint64_t kCommandLineBytesMax = uint64_t{4} << 20;
constexpr char kDirFlag[] = "--dir";
constexpr int64_t kEndMs = 10'000;
constexpr useconds_t kPollUs = 20'000;

struct Stat {
  char state = '?';
  int64_t session = 0;
};

// Fields behind the name, which is in parentheses and may hold anything: state, parent, group,
// session (proc(5)).
base::StatusOr<Stat> ReadStat(base::Files& files, int64_t pid) {
  SOTERIA_ASSIGN_OR_RETURN(
      const std::string text,
      files.ReadKernelFile(base::Cat(kProcesses, "/", pid), "stat", kStatBytesMax));
  const size_t name_end = text.rfind(')');
  Stat stat;
  long long parent = 0, group = 0, session = 0;
  if (name_end == std::string::npos ||
      std::sscanf(text.c_str() + name_end + 1, " %c %lld %lld %lld", &stat.state, &parent, &group,
                  &session) != 4) {
    return base::Fail(base::kIo, "a process without state");
  }
  stat.session = session;
  return stat;
}

bool IsDead(char state) { return state == 'Z' || state == 'X'; }

std::vector<int64_t> AllProcesses() {
  std::vector<int64_t> all;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(kProcesses, error), end; entry != end;
       entry.increment(error)) {
    if (error) break;
    const std::string name = entry->path().filename();
    int64_t pid = 0;
    const auto [rest, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad == std::errc() && rest == name.data() + name.size()) all.push_back(pid);
  }
  return all;
}

std::vector<std::string> CommandLine(base::Files& files, int64_t pid) {
  const auto text =
      files.ReadKernelFile(base::Cat(kProcesses, "/", pid), "cmdline", kCommandLineBytesMax);
  std::vector<std::string> words;
  if (!text.ok()) return words;
  for (size_t at = 0; at < text->size();) {
    const size_t end = std::min(text->find('\0', at), text->size());
    words.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// `given` as the process was given it, where it works.
bool SameFolder(int64_t pid, const std::string& given, const std::string& dir) {
  std::error_code error;
  const std::string path =
      given.starts_with('/') ? given : base::Cat(kProcesses, "/", pid, "/cwd/", given);
  return path == dir || std::filesystem::equivalent(path, dir, error);
}

bool IsHostOf(int64_t pid, const std::vector<std::string>& words, const std::string& dir) {
  const auto runs = [](const std::string& word) {
    const std::string_view name = std::string_view(word).substr(word.rfind('/') + 1);
    return name == kHostProgram || name == kSparkJar;
  };
  const auto program = std::find_if(words.begin(), words.end(), runs);
  if (program == words.end()) return false;
  const auto flag = std::find(program, words.end(), kDirFlag);
  return flag != words.end() && flag + 1 != words.end() && SameFolder(pid, *(flag + 1), dir);
}

// The hosts that haven't ended, and what is in the sessions that they lead.
std::vector<int64_t> Left(base::Files& files, const std::vector<int64_t>& hosts,
                          const std::vector<int64_t>& sessions) {
  std::vector<int64_t> left;
  for (const int64_t pid : AllProcesses()) {
    const auto stat = ReadStat(files, pid);
    if (!stat.ok() || IsDead(stat->state)) continue;
    if (std::find(hosts.begin(), hosts.end(), pid) != hosts.end() ||
        std::find(sessions.begin(), sessions.end(), stat->session) != sessions.end()) {
      left.push_back(pid);
    }
  }
  return left;
}

}  // namespace

bool IsAlive(base::Files& files, int64_t pid) {
  if (pid <= 1) return false;
  const auto stat = ReadStat(files, pid);
  return stat.ok() && !IsDead(stat->state);
}

bool IsHost(base::Files& files, int64_t pid, const std::string& dir) {
  return pid != ::getpid() && IsHostOf(pid, CommandLine(files, pid), dir) && IsAlive(files, pid);
}

std::vector<int64_t> HostsOf(base::Files& files, const std::string& dir) {
  std::vector<int64_t> hosts;
  for (const int64_t pid : AllProcesses()) {
    if (IsHost(files, pid, dir)) hosts.push_back(pid);
  }
  return hosts;
}

base::Status EndHosts(base::Files& files, base::Clock& clock, const std::vector<int64_t>& hosts) {
  // A session outlives its leader, and its number isn't given out again before it has ended.
  std::vector<int64_t> sessions;
  for (const int64_t host : hosts) {
    const auto stat = ReadStat(files, host);
    if (stat.ok() && stat->session == host) sessions.push_back(host);
  }
  for (const int64_t host : hosts) ::kill(static_cast<pid_t>(host), SIGTERM);
  for (const bool insist : {false, true}) {
    const int64_t give_up_ms = clock.MonotonicMs() + kEndMs;
    while (clock.MonotonicMs() < give_up_ms) {
      const std::vector<int64_t> left = Left(files, hosts, sessions);
      if (left.empty()) return base::OkStatus();
      // Again and again: what is ended may be starting something.
      for (const int64_t pid : left) {
        if (insist) ::kill(static_cast<pid_t>(pid), SIGKILL);
      }
      ::usleep(kPollUs);
    }
  }
  const std::vector<int64_t> left = Left(files, hosts, sessions);
  if (left.empty()) return base::OkStatus();
  return base::Fail(base::kIo, base::Cat("process ", left.front(), " of the host does not end"));
}

}  // namespace soteria::client
