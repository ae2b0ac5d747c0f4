// The rows of DataFrame.checkpoint and localCheckpoint: made once, then the sealed cells of a
// shuffle that each partition is in alone, which the host holds. Plans over them begin with their
// name, so that a loop may go on for as long as it likes, and what they were made of is let go of.
//
// A host that loses, swaps or keeps back a cell is detected as with any shuffle: cells are sealed
// under the stage that made them, and a task that lacks one ends with an integrity error.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "src/base/status.h"
#include "src/dataflow/coordinator.h"
#include "src/master/stage_scope.h"
#include "src/plan/execute.h"
#include "src/plan/logical.h"

namespace soteria::master {

/// Of checkpoints that nobody has needed yet, each of which begins with the one before: making the
/// last makes all, one within the other.
inline constexpr uint64_t kWaitingMax = 64;

/// Thread-safe.
class Checkpoint : public plan::CheckpointedRows {
 public:
  /// Of a plan whose clock showed `micros`. `coordinator` and `live` outlive it.
  Checkpoint(plan::PlanPtr plan, int64_t micros, dataflow::Coordinator& coordinator,
             LiveBlocks& live);
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;
  ~Checkpoint() override;

  /// The first who asks runs the stages that make them, in `scope`; if that fails the next tries.
  base::StatusOr<plan::Lowered> Blocks(StageScope& scope);
  /// How many are to be made before its blocks are there, itself included; 0: they are there.
  uint64_t waiting() const { return waiting_; }

 private:
  dataflow::Coordinator& coordinator_;
  LiveBlocks& live_;
  const int64_t micros_;
  std::atomic<uint64_t> waiting_;
  std::mutex mutex_;
  plan::PlanPtr plan_;  // until they are made
  std::optional<plan::Lowered> made_;
};

}  // namespace soteria::master
