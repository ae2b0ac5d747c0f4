#include "src/worker/memory_budget.h"

#include <algorithm>
#include <utility>

#include "src/base/check.h"
#include "src/base/text.h"

namespace soteria::worker {

using Lock = std::unique_lock<std::mutex>;

void MemoryBudget::SetEvictor(Evictor* evictor) {
  const std::lock_guard<std::mutex> lock(mutex_);
  evictor_ = evictor;
}

uint64_t MemoryBudget::used() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return used_;
}

base::Status MemoryBudget::MakeRoom(uint64_t bytes, Lock& lock) {
  bool more = evictor_ != nullptr && bytes <= bytes_max_;
  while (more && !Fits(bytes)) {
    SOTERIA_ASSIGN_OR_RETURN(more, evictor_->EvictOne(lock));
  }
  return base::OkStatus();
}

base::Status MemoryBudget::Take(uint64_t bytes, const TaskMemory& task, Lock& lock) {
  if (bytes > bytes_max_ - std::min(bytes_max_, task.bytes())) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("one task has ", task.bytes(), " bytes in memory and needs ", bytes,
                                " more, but a worker's limit is ", bytes_max_,
                                ": use more partitions (files), or raise the limit"));
  }
  while (true) {
    // A task that begins now would keep the one with the turn waiting.
    if (turn_waits_ && !task.has_turn() && task.bytes() == 0) break;
    SOTERIA_RETURN_IF_ERROR(MakeRoom(bytes, lock));
    if (Fits(bytes)) {
      used_ += bytes;
      return base::OkStatus();
    }
    if (!task.has_turn()) break;
    turn_waits_ = true;
    changed_.notify_all();
    changed_.wait(lock);
    turn_waits_ = false;
  }
  return base::Fail(kCrowded, "other tasks hold the memory");
}

void MemoryBudget::Give(uint64_t bytes) {
  CHECK(bytes <= used_);
  used_ -= bytes;
  if (bytes > 0) changed_.notify_all();
}

void MemoryBudget::AwaitTurn(Lock& lock) {
  const uint64_t ticket = tickets_++;
  changed_.wait(lock, [&] { return serving_ == ticket; });
}

void MemoryBudget::EndTurn() {
  ++serving_;
  changed_.notify_all();
}

TaskMemory::~TaskMemory() {
  EndTurn();
  CHECK(used_.empty());
  Give(own_);
}

base::Status TaskMemory::Take(uint64_t bytes) {
  Lock lock(budget_.mutex());
  SOTERIA_RETURN_IF_ERROR(budget_.Take(bytes, *this, lock));
  own_ += bytes;
  bytes_ += bytes;
  return base::OkStatus();
}

void TaskMemory::Give(uint64_t bytes) {
  const Lock lock(budget_.mutex());
  Forget(bytes);
  budget_.Give(bytes);
}

base::Status TaskMemory::MakeRoom(uint64_t bytes) {
  Lock lock(budget_.mutex());
  return budget_.MakeRoom(bytes, lock);
}

void TaskMemory::AwaitTurn() {
  Lock lock(budget_.mutex());
  CHECK(bytes_ == 0 && !has_turn_);
  budget_.AwaitTurn(lock);
  has_turn_ = true;
}

void TaskMemory::EndTurn() {
  const Lock lock(budget_.mutex());
  if (std::exchange(has_turn_, false)) budget_.EndTurn();
}

void TaskMemory::Use(const void* block, uint64_t bytes) {
  if (used_[block]++ == 0) bytes_ += bytes;
}

void TaskMemory::Unuse(const void* block, uint64_t bytes) {
  const auto found = used_.find(block);
  CHECK(found != used_.end());
  if (--found->second > 0) return;
  used_.erase(found);
  bytes_ -= bytes;
}

void TaskMemory::Forget(uint64_t bytes) {
  CHECK(bytes <= own_);
  own_ -= bytes;
  bytes_ -= bytes;
}

Holding::Holding(Holding&& other) noexcept
    : task_(other.task_), bytes_(std::exchange(other.bytes_, 0)) {}

Holding::~Holding() {
  if (bytes_ > 0) task_->Give(bytes_);
}

base::Status Holding::Set(uint64_t bytes) {
  if (bytes > bytes_) {
    SOTERIA_RETURN_IF_ERROR(task_->Take(bytes - bytes_));
  } else if (bytes < bytes_) {
    task_->Give(bytes_ - bytes);
  }
  bytes_ = bytes;
  return base::OkStatus();
}

void Holding::Absorb(Holding& other) { bytes_ += std::exchange(other.bytes_, 0); }

uint64_t Holding::LeaveToTask(uint64_t bytes) {
  bytes = std::min(bytes, bytes_);
  bytes_ -= bytes;
  return bytes;
}

uint64_t Holding::Release() {
  task_->Forget(bytes_);
  return std::exchange(bytes_, 0);
}

}  // namespace soteria::worker
