// What the host has delivered for stages: sealed tasks and broadcasts, each opened once and shared
// by all slots. A host may send the task of any stage again, one that the master has closed
// included (it repeats map tasks of an earlier stage when their results were lost): such a task is
// as authentic as before, and its answers are late repeats for the master (I4). Tasks are kept by
// recency of delivery and use. A slot that asks for a stage waits for its task, which comes by
// another connection, but not for ever. Only messages of sender 0, the master, count. Thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/frame.h"
#include "src/base/status.h"
#include "src/crypto/envelope.h"
#include "src/dataflow/task.h"
#include "src/worker/operators.h"
#include "src/worker/stage_kernel.h"

namespace soteria::host {
class Drop;
class StageTask;
}  // namespace soteria::host

namespace soteria::worker {

inline constexpr size_t kBroadcastsKept = 4'096;

/// Tasks kept at hand, and how long a slot waits for one that isn't.
struct StageBookLimits {
  size_t stages = 64;
  size_t stages_always = 4;                       // kept whatever their size
  uint64_t bytes = uint64_t{256} << 20;           // of the others' sealed tasks
  std::chrono::milliseconds newer_wait{120'000};  // the newest stage seen, or one beyond it
  std::chrono::milliseconds older_wait{10'000};   // an older one: not sent again, or let go
};

/// A broadcast that was opened; its table is decoded when first asked for.
class OpenBroadcast {
 public:
  explicit OpenBroadcast(std::string plain) : plain_(std::move(plain)) {}
  /// kIntegrity unless `content` is the SHA-256 of the plain bytes.
  base::StatusOr<std::shared_ptr<arrow::Table>> Table(const base::Digest& content);

 private:
  std::mutex mutex_;
  std::string plain_;
  std::shared_ptr<arrow::Table> table_;
  base::Digest content_{};
};

/// A stage whose task was opened, or the reason why not.
struct OpenStage {
  base::Status status;
  base::Digest digest{};  // of the task, for answers
  dataflow::Task task;
  std::shared_ptr<const StageKernel> kernel;  // kReduce
  std::map<base::Digest, std::shared_ptr<OpenBroadcast>>
      broadcasts;                     // by digest of the sealed bytes
  std::map<base::Digest, bool> live;  // -> kept before
  OperatorCache operators;
};

class StageBook {
 public:
  /// `opener` must outlive the book.
  explicit StageBook(const crypto::Opener& opener, StageBookLimits limits = {})
      : opener_(opener), limits_(limits) {}

  /// True when the frame was STAGE_TASK, BROADCAST, DROP or CANCEL.
  bool OnFrame(base::Frame frame);
  /// Waits for the stage, within the limits. kCancelled when it didn't come, when a broadcast of it
  /// wasn't delivered (the stage is let go: the host has to send both again), or after Close.
  base::StatusOr<std::shared_ptr<OpenStage>> Get(uint64_t stage);
  void Close();

 private:
  struct Entry {
    std::string sealed;
    std::shared_ptr<OpenStage> open;
    uint64_t opening = 0;    // who opens it, by the clock; 0: nobody
    uint64_t delivered = 0;  // which delivery `sealed` is of
    uint64_t used = 0;       // the larger, the more recent
  };
  struct Broadcast {
    std::shared_ptr<const std::string> sealed;
    base::Digest digest{};
    std::shared_ptr<OpenBroadcast> open;
  };

  void OnTask(host::StageTask task);
  void OnDrop(const host::Drop& drop);
  /// Lets go of the tasks that were used longest ago.
  void Trim();
  /// Waits until the stage can be opened or is open; null once waiting is over. Under the lock.
  Entry* Await(uint64_t stage, std::unique_lock<std::mutex>& lock);
  std::shared_ptr<OpenStage> Open(uint64_t stage, const std::string& sealed);
  base::Status OpenTask(uint64_t stage, const std::string& sealed, OpenStage& open);
  base::StatusOr<std::shared_ptr<OpenBroadcast>> FindBroadcast(const dataflow::BroadcastRef& ref);

  const crypto::Opener& opener_;
  const StageBookLimits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, Entry> stages_;
  std::map<uint64_t, Broadcast> broadcasts_;
  uint64_t newest_ = 0;
  uint64_t clock_ = 0;  // counts deliveries and uses
  bool closed_ = false;
};

}  // namespace soteria::worker
