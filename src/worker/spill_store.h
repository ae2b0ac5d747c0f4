// Blocks sealed out to disk. The host chooses the folder and can do to the files what it likes:
// what comes back is the block that went out under that name, or an error. A file that is gone is
// kPathNotFound (the block is lost, and can be built again), anything else that isn't as written
// is kIntegrity (docs/formats/spill.md).
//
// Invariants (I1, I9): plaintext is never written; the key is random, made here, and never leaves
// this object; each file has a key of its own, derived from it and from a number that is given out
// once, so no earlier file passes for a later one. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"
#include "src/worker/block.h"

namespace soteria::worker {

/// Plain bytes of a sealed chunk: what sealing and opening hold besides the block.
inline constexpr size_t kSpillChunkBytes = size_t{64} << 10;

/// What the worker remembers of a file.
struct SpilledBlock {
  uint64_t number = 0;
  uint64_t bytes = 0;  // of the file
  bool features = false;
};

class SpillStore {
 public:
  /// `folder` is absolute, belongs to this store alone and may be missing. References must outlive
  /// the store.
  SpillStore(base::Files& files, base::Random& random, std::string folder)
      : files_(files), random_(random), folder_(std::move(folder)) {}

  base::StatusOr<SpilledBlock> Write(const BlockName& name, const Block& block);
  base::StatusOr<Block> Read(const BlockName& name, const SpilledBlock& spilled);
  /// A failure to remove is not reported: the file is worthless without its key.
  void Remove(const SpilledBlock& spilled);

 private:
  base::StatusOr<crypto::Secret> KeyOf(uint64_t number);

  base::Files& files_;
  base::Random& random_;
  const std::string folder_;
  std::atomic<uint64_t> numbers_ = 0;
  std::mutex mutex_;
  std::optional<crypto::Secret> key_;
};

}  // namespace soteria::worker
