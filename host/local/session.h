// One master, its workers and everything between them: greets enclaves, reads their frames, lets
// the scheduler and the relay answer. Lives as long as the master. Thread-safe; one thread a
// connection runs inside.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/local/file_server.h"
#include "host/local/interceptor.h"
#include "host/local/outside_stages.h"
#include "host/local/peer.h"
#include "host/local/recorder.h"
#include "host/local/relay.h"
#include "host/local/scheduler.h"
#include "src/base/env.h"

namespace soteria::host {

class Hello;

struct SessionOptions {
  size_t workers = 1;
  size_t slots = 1;
  std::vector<Fault> faults;
  /// Where exchanged rows go that memory has no room for; "": nowhere.
  std::string cell_folder = {};
  /// In names of records, so that two sessions differ.
  std::string name;
  /// Ends a worker's process with kill -9: a fault, or a connection that was lost or misused.
  std::function<void(size_t worker)> kill_worker;
  /// Something that connected() or master_ended() says has changed.
  std::function<void()> changed;
  /// Tests only: what lies, and workers beyond `workers` of which the scheduler doesn't know.
  std::shared_ptr<Interceptor> interceptor;
  size_t extra_workers = 0;
};

class Session {
 public:
  Session(SessionOptions options, base::Clock& clock, Recorder& recorder, FileServer& files);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The cookie that admits the one connection of a new master process, or those of a new process
  /// of `worker` (the old one's no longer do).
  void ExpectMaster(const std::string& cookie);
  void ExpectWorker(size_t worker, const std::string& cookie);
  /// The same for the statistics process, which answers the master's released questions.
  void ExpectStatistics(const std::string& cookie);

  /// Take a connection over and return at once.
  void AddEnclave(std::unique_ptr<base::ByteStream> stream);
  void AddOwner(std::unique_ptr<base::ByteStream> stream);

  /// Once a second.
  void Tick();
  /// Master and all workers have connected (at least once).
  bool connected() const;
  /// An owner has connected: the session did what it was started for, however short it was.
  bool owner_came() const;
  bool master_ended() const;
  /// The worker was admitted by the master.
  bool ready(size_t worker) const;
  /// Closes all connections and waits until no thread is inside.
  void Close();

 private:
  struct WorkerState {
    std::string cookie;
    uint64_t incarnation = 0;
    std::shared_ptr<Peer> control;
    std::vector<std::shared_ptr<Peer>> slots;
    bool said_ready = false;
    bool ready = false;
    bool connected_once = false;
  };

  void Spawn(std::function<void()> run);
  void Greet(std::unique_ptr<base::ByteStream> stream);
  bool Admit(const Hello& hello, std::unique_ptr<base::FrameConnection>& connection);
  void ServeMaster(const std::shared_ptr<Peer>& peer);
  void ServeControl(size_t worker, const std::shared_ptr<Peer>& peer);
  void ServeSlot(size_t worker, size_t slot, uint64_t incarnation,
                 const std::shared_ptr<Peer>& peer);
  void LoseWorker(size_t worker, uint64_t incarnation);
  void BecomeReady(size_t worker, Actions& actions);
  /// Whether it was one for the file server, which is answered at once.
  bool ServeFile(const std::shared_ptr<Peer>& peer, const base::Frame& frame);
  /// Posts under the lock that decided the order; Finish sends without it.
  struct Flushes {
    std::vector<std::shared_ptr<Peer>> peers;
    std::vector<size_t> kills;
  };
  Flushes Post(Actions actions);
  void Finish(const Flushes& flushes);

  const SessionOptions options_;
  base::Clock& clock_;
  Recorder& recorder_;
  FileServer& files_;
  Relay relay_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  Scheduler scheduler_;
  OutsideStages outside_;
  std::string master_cookie_;
  std::shared_ptr<Peer> master_;
  bool master_ended_ = false;
  bool owner_came_ = false;
  std::vector<WorkerState> workers_;
  std::map<uint64_t, std::function<void()>> closers_;  // of connections that are being served
  uint64_t next_connection_ = 0;
  uint64_t threads_ = 0;
  bool closed_ = false;
};

}  // namespace soteria::host
