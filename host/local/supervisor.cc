#include "host/local/supervisor.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/local/process.h"
#include "src/base/errors.h"
#include "src/base/log.h"
#include "src/base/text.h"

namespace soteria::host {
namespace {

constexpr int64_t kBackoffMs = 200;
constexpr int64_t kBackoffMsMax = 5'000;
// Before anything has ever worked, so many ends in a row mean that it won't.
constexpr uint64_t kFailuresMax = 5;

sigset_t Signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGCHLD, SIGUSR1}) sigaddset(&set, signal);
  return set;
}

// Wakes Run.
void Wake() { kill(getpid(), SIGUSR1); }

int64_t Backoff(uint64_t failures) {
  return std::min<int64_t>(kBackoffMsMax, kBackoffMs << std::min<uint64_t>(failures, 10));
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, base::Files& files, base::Clock& clock)
    : options_(std::move(options)),
      files_(files),
      clock_(clock),
      recorder_(files, options_.record_directory),
      file_server_(files, options_.served),
      workers_(options_.workers + options_.extra_workers) {}

Supervisor::~Supervisor() {
  EndSession();
  if (enclaves_ != nullptr) enclaves_->Close();
  if (owners_ != nullptr) owners_->Close();
  for (std::thread& acceptor : acceptors_) acceptor.join();
}

void Supervisor::BlockSignals() {
  const sigset_t set = Signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

std::shared_ptr<Session> Supervisor::session() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return session_;
}

void Supervisor::AcceptLoop(base::Listener& listener, bool owners) {
  while (true) {
    auto stream = listener.Accept();
    if (!stream.ok()) {
      if (base::Is(stream.status(), base::kCancelled)) return;
      continue;
    }
    const std::shared_ptr<Session> current = session();
    if (current == nullptr) continue;
    owners ? current->AddOwner(*std::move(stream)) : current->AddEnclave(*std::move(stream));
  }
}

base::Status Supervisor::Listen() {
  SOTERIA_ASSIGN_OR_RETURN(enclaves_, base::Listener::Loopback(0));
  SOTERIA_ASSIGN_OR_RETURN(owners_, base::Listener::Loopback(options_.owner_port));
  acceptors_.emplace_back([this] { AcceptLoop(*enclaves_, false); });
  acceptors_.emplace_back([this] { AcceptLoop(*owners_, true); });
  return base::OkStatus();
}

base::Status Supervisor::StartMaster() {
  const std::string cookie = NewCookie();
  session_->ExpectMaster(cookie);
  ProcessSpec spec;
  spec.program = options_.master;
  spec.arguments = {"--host-port", base::Cat(enclaves_->port()), "--name", "master"};
  spec.arguments.insert(spec.arguments.end(), options_.enclave_arguments.begin(),
                        options_.enclave_arguments.end());
  spec.environment = {base::Cat("SOTERIA_COOKIE=", cookie)};
  spec.log = base::Cat(options_.log_directory, "/master.log");
  SOTERIA_ASSIGN_OR_RETURN(master_.pid, StartProcess(spec));
  master_.started_ms = clock_.MonotonicMs();
  return base::OkStatus();
}

base::Status Supervisor::StartWorker(size_t worker) {
  const std::string cookie = NewCookie();
  session_->ExpectWorker(worker, cookie);
  ProcessSpec spec;
  spec.program = options_.worker;
  spec.arguments = {"--host-port", base::Cat(enclaves_->port()),
                    "--name",      base::Cat("worker-", worker),
                    "--slots",     base::Cat(options_.slots)};
  for (const auto* more : {&options_.enclave_arguments, &options_.worker_arguments}) {
    spec.arguments.insert(spec.arguments.end(), more->begin(), more->end());
  }
  spec.environment = {base::Cat("SOTERIA_COOKIE=", cookie)};
  spec.log = base::Cat(options_.log_directory, "/worker-", worker, ".log");
  const std::lock_guard<std::mutex> lock(mutex_);
  SOTERIA_ASSIGN_OR_RETURN(workers_[worker].pid, StartProcess(spec));
  workers_[worker].started_ms = clock_.MonotonicMs();
  return base::OkStatus();
}

base::Status Supervisor::StartStatistics() {
  const std::string cookie = NewCookie();
  session_->ExpectStatistics(cookie);
  ProcessSpec spec;
  spec.program = options_.statistics;
  spec.arguments = {"--host-port", base::Cat(enclaves_->port())};
  spec.environment = {base::Cat("SOTERIA_COOKIE=", cookie)};
  if (!options_.keep_released.empty()) {
    spec.environment.push_back(base::Cat("SOTERIA_KEEP_RELEASED=", options_.keep_released));
  }
  spec.log = base::Cat(options_.log_directory, "/stats.log");
  SOTERIA_ASSIGN_OR_RETURN(statistics_.pid, StartProcess(spec));
  statistics_.started_ms = clock_.MonotonicMs();
  return base::OkStatus();
}

base::Status Supervisor::StartSession() {
  SessionOptions options;
  options.workers = options_.workers;
  options.slots = options_.slots;
  options.faults = options_.faults;
  options.cell_folder = options_.cell_folder;
  options.name = base::Cat("session-", ++sessions_);
  options.kill_worker = [this](size_t worker) { KillWorker(worker); };
  options.changed = Wake;
  if (options_.intercept != nullptr) options.interceptor = options_.intercept();
  options.extra_workers = options_.extra_workers;
  auto fresh = std::make_shared<Session>(std::move(options), clock_, recorder_, file_server_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    session_ = std::move(fresh);
  }
  if (!options_.statistics.empty()) SOTERIA_RETURN_IF_ERROR(StartStatistics());
  SOTERIA_RETURN_IF_ERROR(StartMaster());
  for (size_t w = 0; w < workers_.size(); ++w) SOTERIA_RETURN_IF_ERROR(StartWorker(w));
  return base::OkStatus();
}

void Supervisor::KillWorker(size_t worker) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (workers_[worker].pid > 0) KillProcess(workers_[worker].pid);
}

void Supervisor::EndSession() {
  const std::shared_ptr<Session> current = session();
  if (current == nullptr) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    session_ = nullptr;
    for (Child& worker : workers_) {
      if (worker.pid > 0) KillProcess(worker.pid);
    }
  }
  if (master_.pid > 0) KillProcess(master_.pid);
  if (statistics_.pid > 0) KillProcess(statistics_.pid);
  current->Close();
  while (waitpid(-1, nullptr, 0) > 0) {
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  master_ = Child();
  statistics_ = Child();
  for (Child& worker : workers_) worker = Child();
}

// What ended is started again after a while, what never lived for long ever later.
void Supervisor::Ended(Child& child) const {
  const bool lived = clock_.MonotonicMs() - child.started_ms > kBackoffMsMax;
  child.failures = lived ? 0 : child.failures + 1;
  child.restart_ms = clock_.MonotonicMs() + Backoff(child.failures - (lived ? 0 : 1));
}

base::Status Supervisor::Reap() {
  int exit_status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(-1, &exit_status, WNOHANG)) > 0) {
    if (ended == master_.pid) {
      base::Log(base::Level::kInfo, "the master ended with status {}", exit_status);
      master_.pid = 0;
      continue;
    }
    if (ended == statistics_.pid) {
      base::Log(base::Level::kWarning, "the statistics process ended with status {}", exit_status);
      statistics_.pid = 0;
      Ended(statistics_);
      continue;
    }
    for (size_t w = 0; w < workers_.size(); ++w) {
      Child& child = workers_[w];
      if (child.pid != ended) continue;
      base::Log(base::Level::kInfo, "worker {} ended with status {}", w, exit_status);
      Ended(child);
      const std::lock_guard<std::mutex> lock(mutex_);
      child.pid = 0;
      if (!state_written_ && child.failures >= kFailuresMax) {
        return base::Fail(base::kWorkerLost,
                          base::Cat("worker ", w, " doesn't start, see ", options_.log_directory));
      }
    }
  }
  return base::OkStatus();
}

base::Status Supervisor::Restart() {
  const std::shared_ptr<Session> current = session();
  if (current->master_ended() || master_.pid == 0) {
    const bool worked = current->connected() || current->owner_came();
    failed_sessions_ = worked ? 0 : failed_sessions_ + 1;
    if (!state_written_ && failed_sessions_ >= kFailuresMax) {
      return base::Fail(base::kMasterLost,
                        base::Cat("the master doesn't start, see ", options_.log_directory));
    }
    EndSession();
    if (!worked) usleep(static_cast<useconds_t>(Backoff(failed_sessions_) * 1000));
    return StartSession();
  }
  if (!options_.statistics.empty() && statistics_.pid == 0 &&
      clock_.MonotonicMs() >= statistics_.restart_ms) {
    SOTERIA_RETURN_IF_ERROR(StartStatistics());
  }
  for (size_t w = 0; w < workers_.size(); ++w) {
    if (workers_[w].pid == 0 && clock_.MonotonicMs() >= workers_[w].restart_ms) {
      SOTERIA_RETURN_IF_ERROR(StartWorker(w));
    }
  }
  return base::OkStatus();
}

base::Status Supervisor::WriteState() {
  nlohmann::json state;
  state["pid"] = getpid();
  state["port"] = state["owner_port"] = owners_->port();
  state["address"] = base::Cat("127.0.0.1:", owners_->port());
  state["workers"] = options_.workers;
  state["slots"] = options_.slots;
  SOTERIA_RETURN_IF_ERROR(files_.WriteAtomically(options_.state_directory, options_.state_name,
                                                 state.dump() + "\n", 0600));
  state_written_ = true;
  return base::OkStatus();
}

base::Status Supervisor::Run() {
  SOTERIA_RETURN_IF_ERROR(files_.MakeDirs(options_.log_directory));
  if (!options_.record_directory.empty()) {
    SOTERIA_RETURN_IF_ERROR(files_.MakeDirs(options_.record_directory));
  }
  SOTERIA_RETURN_IF_ERROR(Listen());
  SOTERIA_RETURN_IF_ERROR(StartSession());
  const sigset_t set = Signals();
  while (true) {
    const bool restarting = std::any_of(workers_.begin(), workers_.end(),
                                        [](const Child& child) { return child.pid == 0; });
    const timespec patience = {restarting ? 0 : 1, restarting ? kBackoffMs * 1'000'000 : 0};
    const int signal = sigtimedwait(&set, nullptr, &patience);
    if (signal == SIGTERM || signal == SIGINT) break;
    SOTERIA_RETURN_IF_ERROR(Reap());
    SOTERIA_RETURN_IF_ERROR(Restart());
    if (!state_written_ && session()->connected()) SOTERIA_RETURN_IF_ERROR(WriteState());
    session()->Tick();
  }
  EndSession();
  if (state_written_) {
    SOTERIA_RETURN_IF_ERROR(files_.Remove(options_.state_directory, options_.state_name));
  }
  return base::OkStatus();
}

}  // namespace soteria::host
