// Keeps one master, its workers and the statistics process beside them running: starts them,
// restarts a dead worker or statistics process, and when the
// master ends (it serves one job) ends the workers too and starts everything afresh. Also accepts
// the connections of enclaves and owners. Run blocks the program's first thread; signals are waited
// for there.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/local/fault.h"
#include "host/local/file_server.h"
#include "host/local/recorder.h"
#include "host/local/session.h"
#include "src/base/env.h"
#include "src/base/net.h"
#include "src/base/status.h"

namespace soteria::host {

inline constexpr size_t kWorkersMax = 256;
inline constexpr size_t kSlotsMax = 256;

struct SupervisorOptions {
  std::string master;  // programs
  std::string worker;
  std::string statistics;     // empty: none is started
  std::string keep_released;  // where it keeps what it is asked; empty: nowhere
  size_t workers = 2;
  size_t slots = 1;
  uint16_t owner_port = 0;  // 0: any
  std::string state_directory, state_name;
  std::string log_directory;
  std::string record_directory;  // empty: none
  std::vector<std::string> enclave_arguments;
  std::vector<std::string> worker_arguments;
  std::string cell_folder;  // SessionOptions; "": exchanged rows stay in memory
  std::vector<Fault> faults;
  ServedScheme served;
  /// Tests only (interceptor.h): makes a session's, and how many more workers it has.
  std::function<std::shared_ptr<Interceptor>()> intercept;
  size_t extra_workers = 0;
};

class Supervisor {
 public:
  Supervisor(SupervisorOptions options, base::Files& files, base::Clock& clock);
  ~Supervisor();

  /// Call before any thread exists: blocks the signals that Run waits for.
  static void BlockSignals();
  /// OK after SIGTERM or SIGINT. An error when the enclaves can't be started.
  base::Status Run();

 private:
  struct Child {
    pid_t pid = 0;  // 0: not running
    int64_t started_ms = 0;
    int64_t restart_ms = 0;
    uint64_t failures = 0;  // in a row, without having become ready
  };

  base::Status Listen();
  base::Status StartSession();
  void EndSession();
  base::Status StartMaster();
  base::Status StartWorker(size_t worker);
  base::Status StartStatistics();
  base::Status Reap();
  void Ended(Child& child) const;
  base::Status Restart();
  base::Status WriteState();
  void AcceptLoop(base::Listener& listener, bool owners);
  void KillWorker(size_t worker);
  std::shared_ptr<Session> session();

  const SupervisorOptions options_;
  base::Files& files_;
  base::Clock& clock_;
  Recorder recorder_;
  FileServer file_server_;
  std::unique_ptr<base::Listener> enclaves_;
  std::unique_ptr<base::Listener> owners_;
  std::vector<std::thread> acceptors_;
  std::mutex mutex_;  // guards what other threads see: session_, workers_[].pid
  std::shared_ptr<Session> session_;
  Child master_;
  Child statistics_;
  std::vector<Child> workers_;
  uint64_t sessions_ = 0;
  uint64_t failed_sessions_ = 0;  // in a row, without having connected
  bool state_written_ = false;
};

}  // namespace soteria::host
