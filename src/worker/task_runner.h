// Runs one task of a stage: makes the block, applies the terminal, seals the answer; or merges a
// complete set of children (I5). Every failure becomes a sealed kError for the task's place (I1,
// I8). Shared by all slots; thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/crypto/envelope.h"
#include "src/dataflow/slices.h"
#include "src/worker/block_builder.h"
#include "src/worker/block_cache.h"
#include "src/worker/sources.h"
#include "src/worker/stage_book.h"

namespace soteria::worker {

/// Smaller outputs aren't counted while they wait to be sent.
inline constexpr uint64_t kCountedBytesMin = uint64_t{64} << 10;

/// One sealed message, or a slice of one, with the place that the host gave or will file it under.
struct SealedBlob {
  uint64_t stage = 0;
  crypto::Place place;
  std::string sealed;
  uint64_t slice = 0;  // told to the host; of inputs nobody reads what a host says
  uint64_t slices = 1;
};

struct TaskInput {
  uint64_t stage = 0;
  bool merge = false;
  crypto::Place place;
  std::vector<SealedBlob> inputs;
  bool consumed = false;  // the inputs are no longer what the host sent
};

enum class TaskOutcome { kOk, kMiss, kRetry, kFailed };

struct TaskOutput {
  TaskOutcome outcome = TaskOutcome::kFailed;
  std::vector<SealedBlob> outputs;
  std::vector<ShuffleTarget> needs;
  std::shared_ptr<TaskMemory> memory;  // of large outputs, until they are sent
};

class TaskRunner {
 public:
  /// All references must outlive the runner. Answers larger than `slice_bytes` go in slices.
  TaskRunner(StageBook& book, BlockCache& cache, MemoryBudget& budget, Sources& sources,
             const crypto::Opener& opener, crypto::Sealer& sealer,
             uint64_t slice_bytes = dataflow::kSliceBytes)
      : book_(book),
        cache_(cache),
        budget_(budget),
        sources_(sources),
        opener_(opener),
        sealer_(sealer),
        slice_bytes_(slice_bytes) {}

  TaskOutput Run(TaskInput input);

 private:
  /// One attempt; kCrowded when it has to be made again with the turn.
  base::Status RunOpened(OpenStage& stage, TaskInput& input, TaskOutput& output);
  base::Status Map(OpenStage& stage, uint64_t partition, const TaskInput& input,
                   TaskOutput& output);
  base::Status Answer(OpenStage& stage, uint64_t partition, const Block& block, uint64_t rebuilds,
                      TaskOutput& output);
  base::Status Shuffle(OpenStage& stage, uint64_t partition, const Block& block, Holding& room,
                       TaskOutput& output);
  base::Status Merge(OpenStage& stage, TaskInput& input, TaskOutput& output);
  /// What is sealed takes over memory of `room`, as far as that goes.
  base::Status Seal(const OpenStage& stage, crypto::MessageKind kind, const crypto::Place& place,
                    std::string_view plain, Holding& room, TaskOutput& output);
  void DropOldBlocks(const OpenStage& stage);
  /// Gives back what the allocators keep of rows that were read for feature blocks: those stay, and
  /// the rows aren't read again.
  void ReleaseRows();
  void LogEvictions();

  StageBook& book_;
  BlockCache& cache_;
  MemoryBudget& budget_;
  Sources& sources_;
  const crypto::Opener& opener_;
  crypto::Sealer& sealer_;
  const uint64_t slice_bytes_;
  std::atomic<bool> made_features_ = false;  // since a stage began
  std::mutex mutex_;
  uint64_t newest_stage_ = 0;
  uint64_t evictions_logged_ = 0;
};

}  // namespace soteria::worker
