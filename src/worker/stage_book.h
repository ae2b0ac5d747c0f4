// What the host has delivered for stages: sealed tasks and broadcasts, each opened once and shared
// by all slots. A slot that asks for a stage waits until its task is there (it comes by another
// connection). Only messages of sender 0, the master, count. Thread-safe.
#pragma once

#include <arrow/type_fwd.h>

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

namespace soteria::worker {

inline constexpr size_t kStagesKept = 4;
inline constexpr size_t kBroadcastsKept = 4'096;

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
  explicit StageBook(const crypto::Opener& opener) : opener_(opener) {}

  /// True when the frame was STAGE_TASK, BROADCAST, DROP or CANCEL.
  bool OnFrame(base::Frame frame);
  /// Waits for the stage. kCancelled once it can't come any more.
  base::StatusOr<std::shared_ptr<OpenStage>> Get(uint64_t stage);
  void Close();

 private:
  struct Entry {
    std::string sealed;
    std::vector<uint64_t> broadcasts;
    std::shared_ptr<OpenStage> open;
    bool opening = false;
  };
  struct Broadcast {
    std::shared_ptr<const std::string> sealed;
    base::Digest digest{};
    std::shared_ptr<OpenBroadcast> open;
  };

  std::shared_ptr<OpenStage> Open(uint64_t stage, const std::string& sealed);
  base::Status OpenTask(uint64_t stage, const std::string& sealed, OpenStage& open);
  base::StatusOr<std::shared_ptr<OpenBroadcast>> FindBroadcast(const dataflow::BroadcastRef& ref);

  const crypto::Opener& opener_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, Entry> stages_;
  std::map<uint64_t, Broadcast> broadcasts_;
  uint64_t newest_ = 0;
  bool closed_ = false;
};

}  // namespace soteria::worker
