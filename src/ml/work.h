// Distributed work, as a driver asks for it. A driver sees nothing else of the world: the master
// implements this over stages, unit tests over blocks in memory.
//
// One driver, one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "src/base/status.h"
#include "src/ml/kernel.h"

namespace soteria::ml {

/// Work over the blocks of one input: the feature blocks of a fit, or a table's rows. They stay the
/// same from call to call, until Advance puts others in their place.
class Work {
 public:
  virtual ~Work() = default;
  /// The kernel's partial over all blocks: each exactly once, merged along the fixed tree (I5, I7).
  virtual base::StatusOr<std::string> Reduce(const Kernel& kernel) = 0;
  /// Each block becomes what `step` makes of it, kept by the workers in place of the former.
  virtual base::Status Advance(const Step& step) = 0;
  /// Work over `targets` new partitions: where `route` sends the rows of all blocks, in the order
  /// of the partitions they come from. The new blocks are kept; these stay as they are.
  virtual base::StatusOr<std::unique_ptr<Work>> Exchange(const Route& route, uint64_t targets) = 0;
  virtual uint64_t partitions() const = 0;
  /// Whether the owner has called the fit off: every Reduce is kCancelled from then on. Drivers
  /// that compute for long between two of them ask.
  virtual bool cancelled() const = 0;
  /// Tells how far an iterative driver is. Iterations are counted from 1.
  virtual void Progress(uint64_t /*iteration*/, uint64_t /*iterations_max*/) {}
};

}  // namespace soteria::ml
