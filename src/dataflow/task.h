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

struct Task {
  uint64_t stage = 0;
  StageSpec spec;
  uint64_t fan_in = 0;             // FanIn(partitions), checked
  std::vector<base::Digest> live;  // recipes whose blocks a worker keeps
  bool kept_before = false;        // the recipe's blocks were all kept by an earlier stage
};

std::string EncodeTask(const Task& task);
StatusOr<Task> DecodeTask(std::string_view bytes);

/// SHA-256 over the sealed task and the digests of its broadcasts, in the task's order.
base::Digest TaskDigest(std::string_view sealed_task, const std::vector<BroadcastRef>& broadcasts);

/// What every sealed answer of a worker holds: a count of rebuilds below it, then the terminal's
/// own bytes.
struct Answer {
  uint64_t rebuilds = 0;
  std::string payload;
};
std::string EncodeAnswer(const Answer& answer);
StatusOr<Answer> DecodeAnswer(std::string_view bytes);

/// The payload of a kKept answer.
struct KeptBlock {
  uint64_t rows = 0;
  uint64_t bytes = 0;
};
std::string EncodeKept(const KeptBlock& block);
StatusOr<KeptBlock> DecodeKept(std::string_view bytes);

/// The payload of a kWritten answer: the index entry of a written file (storage::FileEntry has the
/// same members).
struct WrittenFile {
  std::string name, object, file_id;
  uint64_t size = 0, rows = 0;
  base::Digest check{};
  std::string wrapped_key;
};
std::string EncodeWritten(const WrittenFile& file);
StatusOr<WrittenFile> DecodeWritten(std::string_view bytes);

}  // namespace soteria::dataflow
