// Who runs what: the host's stages as a state machine without I/O. Events go in, frames to send
// come out. It knows stage numbers, places and sealed bytes, and nothing here is believed by an
// enclave.
//
// A partition belongs to a worker (contiguous runs, kept from stage to stage so that its block is
// found in that worker's cache); a lost worker's partitions go to the others, and a worker that is
// new gets its share back at the next stage. Sealed partials and shuffles stay here (cells.h), so a
// loss repeats only what was running. Not thread-safe: the caller holds a lock around it and sends
// what comes out in order.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/local/cells.h"
#include "host/local/fault.h"
#include "host/local/payload.h"
#include "src/base/frame.h"
#include "src/base/status.h"

namespace soteria::host {

class Place;
class RunStage;
class TaskDone;

/// A stage that finds no ready worker for so long is given up.
inline constexpr int64_t kNoWorkerTimeoutMs = 120'000;
/// A reduce stage that takes longer reports its progress in such steps (other results show it
/// themselves).
inline constexpr int64_t kProgressMs = 500;
/// Stages have at most so many partitions and shuffle cells.
inline constexpr uint64_t kPartitionsMax = 100'000;
inline constexpr uint64_t kCellsMax = uint64_t{1} << 26;
/// Write stages that failed and whose late answers are still handed on.
inline constexpr size_t kFailedWritesMax = 256;
/// Sealed inputs in one TASK frame; more go in several, so that who receives them needn't hold all
/// of them twice.
inline constexpr size_t kInputsFrameBytes = size_t{4} << 20;

struct Outgoing {
  enum class To { kMaster, kWorker, kSlot } to = To::kMaster;
  size_t worker = 0;
  size_t slot = 0;
  uint8_t kind = 0;
  uint64_t id = 0;
  Payload payload;
};

/// What the caller does next, in this order.
struct Actions {
  std::vector<Outgoing> sends;
  std::vector<size_t> kills;  // workers that a fault ends
};

class Scheduler {
 public:
  Scheduler(size_t workers, size_t slots, std::vector<Fault> faults, CellStore cells);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// The master has connected.
  void MasterReady(Actions& actions);
  /// The worker was admitted and all its slots are connected.
  void WorkerReady(size_t worker, int64_t now_ms, Actions& actions);
  void WorkerLost(size_t worker, int64_t now_ms, Actions& actions);
  /// RUN_STAGE, BROADCAST, DROP or CANCEL. kProtocol: the master can't be served.
  base::Status OnMaster(base::Frame frame, int64_t now_ms, Actions& actions);
  /// TASK_DONE. kProtocol: the worker can't be used.
  base::Status OnTaskDone(size_t worker, size_t slot, const base::Frame& frame, int64_t now_ms,
                          Actions& actions);
  /// Now and then.
  void Tick(int64_t now_ms, Actions& actions);

 private:
  struct Work;
  struct Slot;
  struct Worker;
  struct Node;
  struct Stage;
  struct Shuffle;
  struct Input;
  using Partition = uint64_t;

  base::Status StartStage(const base::Frame& frame, int64_t now_ms, Actions& actions);
  void ShareOut(uint64_t partitions);
  void EndStage(int outcome, Actions& actions);
  void Enqueue(const Work& work, bool in_front);
  size_t WorkerFor(const Work& work) const;
  void Dispatch(Actions& actions);
  void Hand(size_t worker, size_t slot, Work work, Actions& actions);
  void SendTask(size_t worker, size_t slot, const Work& work, const std::vector<Input>& inputs,
                Actions& actions);
  void PrepareWorker(size_t worker, Actions& actions);
  /// The answer of a task that a write stage which failed had running: the master removes what it
  /// wrote.
  void GiveBackWritten(TaskDone& done, Actions& actions);
  base::Status Complete(size_t worker, size_t slot, TaskDone& done, Actions& actions);
  base::Status CompleteMiss(size_t worker, size_t slot, const TaskDone& done, Actions& actions);
  void Again(const Work& work, Actions& actions);
  base::Status KeepOutputs(const Work& work, TaskDone& done, Actions& actions);
  void SendRoot(const Work& work, TaskDone& done, Actions& actions);
  void KeepPartial(const Work& work, std::vector<Cell> sealed, Actions& actions);
  void CheckFaults(Actions& actions);
  void ReportProgress(int64_t now_ms, Actions& actions);
  void SendResources(Actions& actions);
  size_t ReadyWorkers() const;

  const size_t slots_;
  std::vector<Worker> workers_;
  std::vector<Fault> faults_;
  std::unique_ptr<Stage> stage_;
  CellStore cells_;
  std::map<uint64_t, Shuffle> shuffles_;
  std::set<uint64_t> failed_writes_;
  std::map<uint64_t, Bytes> broadcasts_;
  std::map<uint64_t, std::vector<size_t>> owners_;  // number of partitions -> worker of each
  std::deque<Work> homeless_;                       // work while no worker is ready
  uint64_t reduces_ = 0;
  std::optional<int64_t> idle_since_ms_;  // a stage is open and no worker ready
};

}  // namespace soteria::host
