// The task: what a worker is told about a stage, sealed by the master. Its digest names it in every
// answer. Decoding is for bytes that were opened already, yet every length and enumerator is
// checked. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/dataflow/stage.h"

namespace soteria::dataflow {

inline constexpr size_t kBroadcastsMax = 1'024;
inline constexpr size_t kShuffleInputsMax = 1'024;
inline constexpr size_t kLiveMax = 65'536;

/// A recipe whose blocks workers keep.
struct LiveRecipe {
  base::Digest digest{};
  bool kept = false;  // an earlier stage built all of them: building one now is a rebuild
};

struct Task {
  uint64_t stage = 0;
  StageSpec spec;
  uint64_t fan_in = 0;           // FanIn(partitions), checked
  std::vector<LiveRecipe> live;  // blocks to keep; a worker drops all others
};

std::string EncodeTask(const Task& task);
StatusOr<Task> DecodeTask(std::string_view bytes);

/// SHA-256 over the sealed task and the digests of its broadcasts, in the task's order.
base::Digest TaskDigest(std::string_view sealed_task, const std::vector<BroadcastRef>& broadcasts);

/// What every sealed answer of a worker but kError holds: the terminal's own bytes, then counts
/// of what it took, and all below it (last, so that neither side moves the bytes).
struct Answer {
  std::string payload;
  uint64_t rebuilds = 0;
  uint64_t spilled_bytes = 0;  // sealed out to disk by the worker since its last answer
  uint64_t opened_bytes = 0;   // and opened again
};
std::string EncodeAnswer(Answer answer);
StatusOr<Answer> DecodeAnswer(std::string bytes);

/// The payload of a kKept answer.
struct KeptBlock {
  uint64_t rows = 0;
  uint64_t bytes = 0;
};
std::string EncodeKept(const KeptBlock& block);
StatusOr<KeptBlock> DecodeKept(std::string_view bytes);

}  // namespace soteria::dataflow
