// The worker's decrypted blocks by name (recipe digest, partition), shared by its slots. A block is
// built by one thread while others that want it wait. What the memory limit has no room for leaves
// it, of the recipe first that has rested longest, and of its blocks the one first that was used
// last: a pass over them needs it last. A block that its source can give again is let go, any other
// is sealed out to disk and opened again when it is asked for (spill_store.h). A block that a
// running task uses stays. Blocks go for good when the master's live list no longer names their
// recipe; columns of files stay until others need the room.
//
// Thread-safe. A block of one task must not outlive the task's TaskMemory.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/worker/block.h"
#include "src/worker/memory_budget.h"
#include "src/worker/spill_store.h"

namespace soteria::worker {

/// What happens to a block that has to leave memory. A column of a file as it was read is kept
/// whatever is live, for whoever reads it next: it goes when others need the room, or as the one
/// that has rested longest when columns take more than their part.
enum class Eviction { kSpill, kDrop, kColumn };

/// Since the worker's start.
struct EvictionCounts {
  uint64_t spilled = 0;  // sealed and written; a block that is out again for good is written once
  uint64_t spilled_bytes = 0;
  uint64_t opened = 0;
  uint64_t opened_bytes = 0;
  uint64_t dropped = 0;
  uint64_t lost = 0;  // spilled, and the host has no file: built again
};

/// Bytes of files.
struct SpillBytes {
  uint64_t spilled = 0;
  uint64_t opened = 0;
};

class BlockCache : public MemoryBudget::Evictor {
 public:
  using Name = BlockName;
  /// Makes a block and counts what it takes meanwhile, and the block, in the holding.
  using Build = std::function<base::StatusOr<Block>(Holding& holding)>;

  /// Both must outlive the cache. Columns take at most `columns_max` bytes; 0: none are kept.
  BlockCache(MemoryBudget& budget, SpillStore& spill, uint64_t columns_max = 0);
  ~BlockCache() override;

  /// The kept block, or the one that `build` makes, which is kept. A failed build is the builder's
  /// error only; a waiter then builds itself.
  base::StatusOr<std::shared_ptr<const Block>> Get(TaskMemory& task, const Name& name,
                                                   Eviction eviction, const Build& build);
  bool keeps_columns() const { return columns_max_ > 0; }
  /// Lets go of all blocks of other recipes, but for columns of files.
  void KeepOnly(const std::set<base::Digest>& live);
  /// Blocks, in memory or not.
  size_t size() const;
  EvictionCounts counts() const;
  /// Sums of all it gave before and this are what counts() says.
  SpillBytes TakeSpillBytes();

  base::StatusOr<bool> EvictOne(std::unique_lock<std::mutex>& lock) override;

 private:
  enum class State { kMaking, kHere, kOut };
  struct Entry {
    Name name;
    State state = State::kMaking;
    std::shared_ptr<const Block> block;  // kHere
    uint64_t bytes = 0;
    uint64_t users = 0;
    uint64_t used = 0;  // the larger, the more recent
    bool spilling = false;
    bool listed = true;
    Eviction eviction = Eviction::kSpill;
    std::optional<SpilledBlock> file;  // stays valid once the block is here again
  };
  using EntryPtr = std::shared_ptr<Entry>;
  using Lock = std::unique_lock<std::mutex>;
  struct Use;

  // All but Make under the lock, which Find, Evict and Spill give up meanwhile.
  /// The entry: kHere, or kMaking for the caller to make.
  base::StatusOr<EntryPtr> Find(TaskMemory& task, const Name& name, Eviction eviction, Lock& lock);
  base::StatusOr<Block> Make(Entry& entry, const Build& build, Holding& holding);
  std::shared_ptr<const Block> UseOf(TaskMemory& task, const EntryPtr& entry);
  /// What leaves memory next; nullptr: nothing can.
  EntryPtr Victim() const;
  base::Status Evict(const EntryPtr& entry, Lock& lock);
  base::Status Spill(const EntryPtr& entry, Lock& lock);
  /// Takes an unlisted entry's memory away unless it is in use; the file that is to be removed.
  std::optional<SpilledBlock> Clear(Entry& entry);
  void EndUse(Use& use);
  void TrimColumns();
  void Drop(const EntryPtr& entry);

  MemoryBudget& budget_;  // its mutex guards all that follows
  SpillStore& spill_;
  const uint64_t columns_max_;
  std::map<Name, EntryPtr> entries_;
  uint64_t clock_ = 0;
  uint64_t spilling_ = 0;
  EvictionCounts counts_;
  SpillBytes taken_;
};

}  // namespace soteria::worker
