#include "src/worker/block_cache.h"

#include <arrow/table.h>
#include <arrow/util/byte_size.h>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"

namespace soteria::worker {

uint64_t Block::rows() const {
  return static_cast<uint64_t>(features != nullptr ? features->rows : table->num_rows());
}

uint64_t Block::bytes() const {
  if (features != nullptr) return features->bytes();
  const auto bytes = arrow::util::ReferencedBufferSize(*table);
  return static_cast<uint64_t>(bytes.ok() ? *bytes : arrow::util::TotalBufferSize(*table));
}

base::Status MemoryBudget::Take(uint64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (bytes > bytes_max_ - used_) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("a worker holds ", used_, " bytes and can't take ", bytes,
                                " more: the limit is ", bytes_max_));
  }
  used_ += bytes;
  return base::OkStatus();
}

void MemoryBudget::Give(uint64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  used_ -= bytes;
}

uint64_t MemoryBudget::used() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return used_;
}

base::Status Reservation::Take(uint64_t bytes) {
  SOTERIA_RETURN_IF_ERROR(budget_.Take(bytes));
  bytes_ += bytes;
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<const Block>> BlockCache::Get(const Name& name, const Build& build) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      const auto [entry, ours] = entries_.try_emplace(name);
      if (ours) break;
      if (entry->second.block != nullptr) return entry->second.block;
      built_.wait(lock);
    }
  }
  base::StatusOr<Block> block = build();
  base::Status status = block.status();
  uint64_t bytes = 0;
  if (status.ok()) {
    bytes = block->bytes();
    status = budget_.Take(bytes);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  built_.notify_all();
  if (!status.ok()) {
    entries_.erase(name);
    return status;
  }
  auto shared = std::make_shared<const Block>(*std::move(block));
  entries_[name] = {shared, bytes};
  return std::shared_ptr<const Block>(std::move(shared));
}

void BlockCache::KeepOnly(const std::set<base::Digest>& live) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(entries_, [&](const auto& entry) {
    // One that is being built belongs to its builder, and goes with the next list.
    if (entry.second.block == nullptr || live.count(entry.first.first) > 0) return false;
    budget_.Give(entry.second.bytes);
    return true;
  });
}

size_t BlockCache::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return entries_.size();
}

}  // namespace soteria::worker
