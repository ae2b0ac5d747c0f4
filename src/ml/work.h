// Distributed work, as a driver asks for it. A driver sees nothing else of the world: the master
// implements this over stages, unit tests over blocks in memory.
//
// One driver, one thread at a time.
#pragma once

#include <cstdint>
#include <string>

#include "src/base/status.h"
#include "src/ml/kernel.h"

namespace soteria::ml {

/// Work over the prepared feature blocks of one fit. The blocks stay the same from call to call.
class Work {
 public:
  virtual ~Work() = default;
  /// The kernel's partial over all blocks: each exactly once, merged along the fixed tree (I5, I7).
  virtual base::StatusOr<std::string> Reduce(const Kernel& kernel) = 0;
  virtual uint64_t partitions() const = 0;
  /// Whether the owner has called the fit off: every Reduce is kCancelled from then on. Drivers
  /// that compute for long between two of them ask.
  virtual bool cancelled() const = 0;
  /// Tells how far an iterative driver is. Iterations are counted from 1.
  virtual void Progress(uint64_t /*iteration*/, uint64_t /*iterations_max*/) {}
};

/// Work over the rows of one table.
class RowWork {
 public:
  virtual ~RowWork() = default;
  virtual base::StatusOr<std::string> Reduce(const RowKernel& kernel) = 0;
  virtual uint64_t partitions() const = 0;
  virtual void Progress(uint64_t /*iteration*/, uint64_t /*iterations_max*/) {}
};

}  // namespace soteria::ml
