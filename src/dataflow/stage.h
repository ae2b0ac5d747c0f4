// A stage: one piece of work run once for each partition of a recipe, ending in one terminal
// (docs/formats/task.md). Plain data, passed from plan and master to the Coordinator.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/dataflow/recipe.h"

namespace soteria::dataflow {

/// Values travel in sealed tasks.
enum class Terminal : uint8_t { kKeep = 1, kCollect = 2, kWrite = 3, kReduce = 4, kShuffle = 5 };

/// Partition p becomes the file <directory>/part-<first_file + p, five digits>.<suffix of the
/// format>. With keys, its last columns are their values as text, and it becomes such a file in the
/// folder <directory>/<key>=<value>/... of each group of rows that agree in them.
struct WriteTarget {
  std::string root;
  std::string id;         // 16 bytes
  std::string directory;  // relative to the root; empty for the root itself
  std::string format;     // "parquet", or one of formats/file_write.h
  uint64_t first_file = 0;
  std::string options = {};            // formats::WriteOptions, encoded
  std::vector<std::string> keys = {};  // columns that names of folders become
};

/// The stage that ran a shuffle which the recipe reads.
struct ShuffleInput {
  base::Digest recipe{};  // ShuffleDigest of the source
  uint64_t stage = 0;
  base::Digest task{};  // the task digest of that stage
};

/// Made by Coordinator::Broadcast.
struct BroadcastRef {
  base::Digest digest{};  // SHA-256 of the sealed bytes
  uint64_t id = 0;        // the host's name for it
};

struct StageSpec {
  Terminal terminal = Terminal::kKeep;
  RecipePtr recipe;
  OperatorBytes kernel;       // kReduce
  WriteTarget write;          // kWrite
  uint64_t targets = 0;       // kShuffle
  OperatorBytes partitioner;  // kShuffle
  std::vector<ShuffleInput> inputs;
  std::vector<BroadcastRef> broadcasts;
  /// Sealed bytes of the files (or broadcast) that the recipe goes back to, for the host's
  /// planning; 0 when not known. No part of the task: it changes nothing that an enclave does.
  uint64_t input_bytes = 0;
};

struct StageResult {
  uint64_t stage = 0;
  ShuffleInput shuffle;      // kShuffle: what the stages that read it carry
  std::string root_partial;  // kReduce
  std::vector<std::string>
      outputs;  // by partition; empty when the caller took them through OnOutput, or for kReduce
  uint64_t rebuilds = 0;       // blocks that were expected to be kept and had to be built again
  uint64_t spilled_bytes = 0;  // sealed out to disk by workers short of memory
  uint64_t opened_bytes = 0;   // and opened again
  uint64_t retries = 0;        // places handed out again after a loss
  uint64_t repeats = 0;        // authentic repeats that were ignored
};

}  // namespace soteria::dataflow
