#include "src/worker/block_cache.h"

#include <algorithm>
#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"

namespace soteria::worker {

// A task's use of an entry; what Get gives out owns one.
struct BlockCache::Use {
  Use(BlockCache& cache, TaskMemory& task, EntryPtr entry)
      : cache(cache), task(task), entry(std::move(entry)), block(this->entry->block) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() { cache.EndUse(*this); }

  BlockCache& cache;
  TaskMemory& task;
  const EntryPtr entry;
  std::shared_ptr<const Block> block;
};

BlockCache::BlockCache(MemoryBudget& budget, SpillStore& spill, uint64_t columns_max)
    : budget_(budget), spill_(spill), columns_max_(columns_max) {
  budget_.SetEvictor(this);
}

BlockCache::~BlockCache() {
  budget_.SetEvictor(nullptr);
  {
    const Lock lock(budget_.mutex());
    for (auto& [name, entry] : entries_) entry->eviction = Eviction::kDrop;  // nothing is next
  }
  KeepOnly({});
}

std::shared_ptr<const Block> BlockCache::UseOf(TaskMemory& task, const EntryPtr& entry) {
  const auto use = std::make_shared<Use>(*this, task, entry);
  ++entry->users;
  entry->used = ++clock_;
  task.Use(entry.get(), entry->bytes);
  return {use, use->block.get()};
}

void BlockCache::EndUse(Use& use) {
  std::optional<SpilledBlock> file;
  {
    const Lock lock(budget_.mutex());
    use.block.reset();
    use.task.Unuse(use.entry.get(), use.entry->bytes);
    if (--use.entry->users == 0) {
      budget_.changed().notify_all();
      if (!use.entry->listed) file = Clear(*use.entry);
    }
  }
  if (file.has_value()) spill_.Remove(*file);
}

std::optional<SpilledBlock> BlockCache::Clear(Entry& entry) {
  if (entry.users > 0 || entry.spilling) return std::nullopt;
  if (entry.state == State::kHere) {
    entry.block.reset();
    entry.state = State::kOut;
    budget_.Give(entry.bytes);
  }
  return std::exchange(entry.file, std::nullopt);
}

base::StatusOr<BlockCache::EntryPtr> BlockCache::Find(TaskMemory& task, const Name& name,
                                                      Eviction eviction, Lock& lock) {
  while (true) {
    EntryPtr& entry = entries_[name];
    if (entry == nullptr) {
      entry = std::make_shared<Entry>();
      entry->name = name;
      entry->eviction = eviction;
      return entry;
    }
    if (entry->state == State::kOut)
      entry->state = State::kMaking;
    else if (entry->state == State::kMaking) {
      // Who makes it may be waiting for what this task holds.
      if (budget_.turn_waits() && task.bytes() > 0) {
        return base::Fail(kCrowded, "other tasks hold the memory");
      }
      budget_.changed().wait(lock);
      continue;
    }
    return entry;
  }
}

base::StatusOr<Block> BlockCache::Make(Entry& entry, const Build& build, Holding& holding) {
  if (entry.file.has_value()) {
    SOTERIA_RETURN_IF_ERROR(holding.Set(entry.bytes));
    auto block = spill_.Read(entry.name, *entry.file);
    const bool lost = base::Is(block.status(), base::kPathNotFound);
    if (!block.ok() && !lost) return block;
    const Lock lock(budget_.mutex());
    if (block.ok()) {
      ++counts_.opened;
      counts_.opened_bytes += entry.file->bytes;
      return block;
    }
    ++counts_.lost;
    entry.file.reset();
  }
  SOTERIA_RETURN_IF_ERROR(holding.Set(0));
  SOTERIA_ASSIGN_OR_RETURN(Block block, build(holding));
  SOTERIA_RETURN_IF_ERROR(holding.Set(block.bytes()));
  return block;
}

base::StatusOr<std::shared_ptr<const Block>> BlockCache::Get(TaskMemory& task, const Name& name,
                                                             Eviction eviction,
                                                             const Build& build) {
  Lock lock(budget_.mutex());
  SOTERIA_ASSIGN_OR_RETURN(const EntryPtr entry, Find(task, name, eviction, lock));
  if (entry->state == State::kHere) return UseOf(task, entry);
  lock.unlock();
  Holding holding(task);
  base::StatusOr<Block> block = Make(*entry, build, holding);
  lock.lock();
  budget_.changed().notify_all();
  if (!block.ok()) {
    entry->state = State::kOut;
    // A file that could not be opened stays: the next one who asks is told the same.
    if (!entry->file.has_value()) entries_.erase(name);
    lock.unlock();  // before the holding goes
    return block.status();
  }
  entry->block = std::make_shared<const Block>(*std::move(block));
  entry->bytes = holding.Release();
  entry->state = State::kHere;
  auto use = UseOf(task, entry);
  if (eviction == Eviction::kColumn) TrimColumns();
  return use;
}

void BlockCache::TrimColumns() {
  while (true) {
    uint64_t bytes = 0;
    EntryPtr oldest;
    for (const auto& [name, entry] : entries_) {
      if (entry->eviction != Eviction::kColumn || entry->state != State::kHere) continue;
      bytes += entry->bytes;
      if (entry->users > 0) continue;
      if (oldest == nullptr || entry->used < oldest->used) oldest = entry;
    }
    if (bytes <= columns_max_ || oldest == nullptr) return;
    Drop(oldest);
  }
}

void BlockCache::Drop(const EntryPtr& entry) {
  ++counts_.dropped;
  entry->listed = false;
  entries_.erase(entry->name);
  Clear(*entry);
}

void BlockCache::KeepOnly(const std::set<base::Digest>& live) {
  std::vector<SpilledBlock> files;
  {
    const Lock lock(budget_.mutex());
    std::erase_if(entries_, [&](const auto& named) {
      Entry& entry = *named.second;
      // One that is being made belongs to its maker, and goes with the next list.
      if (entry.state == State::kMaking || live.count(entry.name.first) > 0) return false;
      if (entry.eviction == Eviction::kColumn) return false;
      entry.listed = false;
      if (auto file = Clear(entry); file.has_value()) files.push_back(*file);
      return true;
    });
  }
  for (const SpilledBlock& file : files) spill_.Remove(file);
}

BlockCache::EntryPtr BlockCache::Victim() const {
  EntryPtr victim;
  uint64_t victims_recipe_used = 0;
  for (auto it = entries_.begin(); it != entries_.end();) {
    const base::Digest& recipe = it->first.first;
    EntryPtr last;
    uint64_t recipe_used = 0;
    for (; it != entries_.end() && it->first.first == recipe; ++it) {
      const Entry& entry = *it->second;
      recipe_used = std::max(recipe_used, entry.used);
      const bool idle = entry.state == State::kHere && entry.users == 0 && !entry.spilling;
      if (!idle || entry.bytes == 0) continue;
      if (last == nullptr || entry.used > last->used) last = it->second;
    }
    if (last == nullptr) continue;
    if (victim == nullptr || recipe_used < victims_recipe_used) {
      victim = last;
      victims_recipe_used = recipe_used;
    }
  }
  return victim;
}

base::StatusOr<bool> BlockCache::EvictOne(Lock& lock) {
  if (const EntryPtr victim = Victim(); victim != nullptr) {
    SOTERIA_RETURN_IF_ERROR(Evict(victim, lock));
    return true;
  }
  if (spilling_ == 0) return false;
  budget_.changed().wait(lock);  // memory is about to be given back
  return true;
}

base::Status BlockCache::Evict(const EntryPtr& entry, Lock& lock) {
  if (entry->eviction != Eviction::kSpill) {
    Drop(entry);
    return base::OkStatus();
  }
  if (!entry->file.has_value()) SOTERIA_RETURN_IF_ERROR(Spill(entry, lock));
  // Meanwhile somebody may have asked for it, or its recipe may have ended.
  if (entry->users > 0 || entry->state != State::kHere) return base::OkStatus();
  entry->block.reset();
  entry->state = State::kOut;
  budget_.Give(entry->bytes);
  return base::OkStatus();
}

base::Status BlockCache::Spill(const EntryPtr& entry, Lock& lock) {
  entry->spilling = true;
  ++spilling_;
  std::shared_ptr<const Block> block = entry->block;
  lock.unlock();
  auto file = spill_.Write(entry->name, *block);
  block.reset();
  lock.lock();
  entry->spilling = false;
  --spilling_;
  budget_.changed().notify_all();
  if (file.ok()) {
    ++counts_.spilled;
    counts_.spilled_bytes += file->bytes;
    entry->file = *file;
  }
  if (!entry->listed) {
    if (const auto unwanted = Clear(*entry); unwanted.has_value()) spill_.Remove(*unwanted);
  }
  return file.status();
}

size_t BlockCache::size() const {
  const Lock lock(budget_.mutex());
  return entries_.size();
}

EvictionCounts BlockCache::counts() const {
  const Lock lock(budget_.mutex());
  return counts_;
}

SpillBytes BlockCache::TakeSpillBytes() {
  const Lock lock(budget_.mutex());
  const SpillBytes before = std::exchange(taken_, {counts_.spilled_bytes, counts_.opened_bytes});
  return {taken_.spilled - before.spilled, taken_.opened - before.opened};
}

}  // namespace soteria::worker
