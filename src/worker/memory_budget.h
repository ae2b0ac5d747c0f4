// What a worker's tasks and kept blocks take of its memory, together at most the limit.
//
// A task that needs more than is left has blocks that no task uses moved out of memory. If even
// that is not enough, others hold the rest: the task is told kCrowded, gives back all that it has
// and begins anew with the turn, of which there is one. Who has the turn waits until the others
// have finished; they never wait for memory while they hold some, so nothing waits in a circle. A
// task that is alone and still lacks memory gets kMemoryLimit: the outcome of a task doesn't depend
// on what else the worker runs.
//
// MemoryBudget is thread-safe. A TaskMemory and its Holdings belong to one task and its thread, and
// must not outlive the budget.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

#include "src/base/errors.h"
#include "src/base/status.h"

namespace soteria::worker {

/// Other tasks hold the memory that this one needs. Never leaves a worker.
inline constexpr base::Condition kCrowded = {"SOTERIA.CROWDED", base::exception_class::kSpark, "",
                                             absl::StatusCode::kUnavailable};

class TaskMemory;

class MemoryBudget {
 public:
  /// Who can make room.
  class Evictor {
   public:
    virtual ~Evictor() = default;
    /// Moves one block that no task uses out of memory, under `lock`, which it may give up
    /// meanwhile; false when there is none.
    virtual base::StatusOr<bool> EvictOne(std::unique_lock<std::mutex>& lock) = 0;
  };

  explicit MemoryBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// Before any task; nullptr: nobody.
  void SetEvictor(Evictor* evictor);
  uint64_t bytes_max() const { return bytes_max_; }
  uint64_t used() const;

  // For TaskMemory and the evictor, under mutex():
  std::mutex& mutex() const { return mutex_; }
  /// Told of everything that others may wait for.
  std::condition_variable& changed() { return changed_; }
  base::Status Take(uint64_t bytes, const TaskMemory& task, std::unique_lock<std::mutex>& lock);
  /// Evicts until `bytes` fit or nothing is left to evict.
  base::Status MakeRoom(uint64_t bytes, std::unique_lock<std::mutex>& lock);
  void Give(uint64_t bytes);
  /// Whether the one with the turn waits for all others to go on or give way.
  bool turn_waits() const { return turn_waits_; }
  void AwaitTurn(std::unique_lock<std::mutex>& lock);
  void EndTurn();

 private:
  bool Fits(uint64_t bytes) const { return bytes <= bytes_max_ - used_; }

  const uint64_t bytes_max_;
  Evictor* evictor_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t used_ = 0;
  uint64_t tickets_ = 0;  // for the turn, in order
  uint64_t serving_ = 0;
  bool turn_waits_ = false;
};

/// What one task has taken, by itself or through blocks that it uses; given back with it.
class TaskMemory {
 public:
  explicit TaskMemory(MemoryBudget& budget) : budget_(budget) {}
  ~TaskMemory();
  TaskMemory(const TaskMemory&) = delete;
  TaskMemory& operator=(const TaskMemory&) = delete;

  /// kMemoryLimit when the task alone would exceed the limit, kCrowded as above.
  base::Status Take(uint64_t bytes);
  void Give(uint64_t bytes);
  /// Room is made where that is possible, and not taken. Fails only when a disk does.
  base::Status MakeRoom(uint64_t bytes);
  /// Waits for the turn. Nothing may be held.
  void AwaitTurn();
  /// The task has come to its end; what it has taken it still has.
  void EndTurn();
  MemoryBudget& budget() { return budget_; }

  // Under the budget's mutex:
  bool has_turn() const { return has_turn_; }
  uint64_t bytes() const { return bytes_; }
  /// Counts a shared block once, however often the task uses it.
  void Use(const void* block, uint64_t bytes);
  void Unuse(const void* block, uint64_t bytes);

  /// Bytes that are somebody else's from now on.
  void Forget(uint64_t bytes);

 private:
  MemoryBudget& budget_;
  bool has_turn_ = false;
  uint64_t bytes_ = 0;  // own_ and the used blocks'
  uint64_t own_ = 0;
  std::map<const void*, uint64_t> used_;
};

/// A part of a task's memory whose size changes; given back with it.
class Holding {
 public:
  explicit Holding(TaskMemory& task) : task_(&task) {}
  Holding(Holding&& other) noexcept;
  Holding& operator=(Holding&&) = delete;
  ~Holding();

  /// As TaskMemory::Take; a smaller size always succeeds.
  base::Status Set(uint64_t bytes);
  /// Takes over what another of the same task holds.
  void Absorb(Holding& other);
  /// Up to `bytes` of it become the task's until its end; how many.
  uint64_t LeaveToTask(uint64_t bytes);
  /// It becomes somebody else's, who gives it back. Under the budget's mutex.
  uint64_t Release();
  uint64_t bytes() const { return bytes_; }

 private:
  TaskMemory* task_;
  uint64_t bytes_ = 0;
};

}  // namespace soteria::worker
