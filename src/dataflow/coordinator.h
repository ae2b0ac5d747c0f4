// The master's side of the dataflow: runs stages through a host that it doesn't believe. Every
// answer is opened as exactly (session, stage, task, kind, place) of the stage that is open and
// fills its place once (I4, I5); a repeat is ignored and counted; a loss is retried within limits;
// anything else ends the stage with a typed error and the host learns only CANCEL (I8). Stage
// numbers start at 1 and are never reused. One stage runs at a time: Run calls queue on a mutex.
// All public functions are thread-safe; OnFrame and OnClosed belong to the thread that reads the
// host connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/frame.h"
#include "src/base/status.h"
#include "src/crypto/envelope.h"
#include "src/dataflow/host_link.h"
#include "src/dataflow/stage.h"

namespace soteria::dataflow {

struct CoordinatorLimits {
  uint64_t place_losses_max = 4;
  uint64_t stage_losses_max = 16;
  uint64_t collect_bytes_max = uint64_t{1} << 30;  // plain bytes that one stage holds
  uint64_t partial_bytes_max = uint64_t{4} << 30;  // of a reduce's root

  /// What a stage of that terminal may hold.
  uint64_t HeldBy(Terminal terminal) const {
    return terminal == Terminal::kReduce ? partial_bytes_max : collect_bytes_max;
  }
};

struct Counters {
  uint64_t stages = 0, tasks = 0, rebuilds = 0, retries = 0, repeats = 0, workers_lost = 0;
  uint64_t spilled_bytes = 0, opened_bytes = 0;
};

struct HostResources {
  uint64_t workers_ready = 0, workers = 0, slots = 0;
};

class Coordinator {
 public:
  using OnOutput = std::function<Status(uint64_t partition, std::string plain)>;
  using OnUnused = std::function<void(const WriteTarget& target, std::string entries)>;
  using OnProgress = std::function<void(uint64_t stage, uint64_t tasks_done, uint64_t tasks_total)>;

  /// `link`, `sealer` (sender 0) and `opener` must outlive the coordinator.
  Coordinator(HostLink& link, crypto::Sealer& sealer, const crypto::Opener& opener,
              CoordinatorLimits limits);
  ~Coordinator();
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  /// Runs one stage to its end. Outputs (kCollect: Arrow IPC stream, kWrite: the written file's
  /// entry, kKeep and kShuffle: EncodeKept) go to `on_output` in partition order when it is given,
  /// else into StageResult::outputs; a status from it ends the stage. A kKeep stage keeps its
  /// blocks even when SetLive doesn't name them, until the next SetLive.
  StatusOr<StageResult> Run(const StageSpec& spec, const OnOutput& on_output = nullptr,
                            const OnProgress& on_progress = nullptr);

  /// Set before the first stage: called with the entry of each file that a kWrite stage wrote and
  /// that nothing will ever name, because the stage failed; also, while a later stage runs, of
  /// files that were reported too late. Those that went to `on_output` are its receiver's.
  void SetOnUnused(OnUnused on_unused);
  /// At the end of a job, when no stage will come whose run would look at what was reported since.
  void GiveUpLate();

  /// Seals `plain` once and hands it to the host for as many stages as name it.
  StatusOr<BroadcastRef> Broadcast(std::string_view plain);
  void DropBroadcast(const BroadcastRef& broadcast);
  /// From the next stage on.
  void SetLimits(CoordinatorLimits limits);
  /// The recipes whose blocks workers keep from now on; they let go of all others with the next
  /// task.
  void SetLive(std::vector<base::Digest> live);
  /// The host may forget the sealed blocks of a shuffle.
  void DropShuffle(uint64_t stage);

  /// Ends the running stage, if any, with kCancelled.
  void Cancel();

  /// No worker can be had, and why: the running stage and later ones end with that, until OK is
  /// set.
  void SetWithoutWorkers(base::Status why);

  /// Blocks until the host reports `workers` ready workers; kWorkerLost after timeout_ms.
  Status WaitForWorkers(uint64_t workers, int64_t timeout_ms);
  HostResources resources() const;
  Counters counters() const;

  /// True when the frame was one for the coordinator.
  bool OnFrame(base::Frame frame);
  /// The host connection ended: the running stage and all later ones fail with kWorkerLost.
  void OnClosed();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace soteria::dataflow
