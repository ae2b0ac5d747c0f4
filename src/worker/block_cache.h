// The worker's decrypted blocks by name (recipe digest, partition), shared by its slots. A block is
// built by one thread while others that want it wait. Blocks go only when the master's live list no
// longer names their recipe; what does not fit the limit is refused with kMemoryLimit. Thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/table/feature_block.h"

namespace soteria::worker {

/// A table, or what table.features made of one. Immutable.
struct Block {
  std::shared_ptr<arrow::Table> table;
  std::shared_ptr<const table::FeatureBlock> features;

  uint64_t rows() const;
  uint64_t bytes() const;
};

/// Bytes of memory that blocks and inputs may take together.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  base::Status Take(uint64_t bytes);
  void Give(uint64_t bytes);
  uint64_t used() const;

 private:
  const uint64_t bytes_max_;
  mutable std::mutex mutex_;
  uint64_t used_ = 0;
};

/// What somebody has taken from a budget; given back with it.
class Reservation {
 public:
  explicit Reservation(MemoryBudget& budget) : budget_(budget) {}
  ~Reservation() { budget_.Give(bytes_); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  base::Status Take(uint64_t bytes);

 private:
  MemoryBudget& budget_;
  uint64_t bytes_ = 0;
};

class BlockCache {
 public:
  using Name = std::pair<base::Digest, uint64_t>;
  using Build = std::function<base::StatusOr<Block>()>;

  /// `budget` must outlive the cache.
  explicit BlockCache(MemoryBudget& budget) : budget_(budget) {}

  /// The kept block, or the one that `build` makes, which is kept. A failed build is the builder's
  /// error only; a waiter then builds itself.
  base::StatusOr<std::shared_ptr<const Block>> Get(const Name& name, const Build& build);
  /// Lets go of all blocks of other recipes.
  void KeepOnly(const std::set<base::Digest>& live);
  size_t size() const;

 private:
  struct Entry {
    std::shared_ptr<const Block> block;  // null while it is being built
    uint64_t bytes = 0;
  };

  MemoryBudget& budget_;
  mutable std::mutex mutex_;
  std::condition_variable built_;
  std::map<Name, Entry> entries_;
};

}  // namespace soteria::worker
