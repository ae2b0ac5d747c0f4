// The one place that knows which folder's kernel a kind names: "exec.aggregate", "exec.cells",
// "formats.schema", or an ml kernel. Immutable and thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/dataflow/recipe.h"
#include "src/worker/block_cache.h"

namespace soteria::worker {

class StageKernel {
 public:
  virtual ~StageKernel() = default;
  virtual base::StatusOr<std::string> Map(const Block& block, uint64_t partition,
                                          uint64_t partitions) const = 0;
  /// Ascending, from the left.
  virtual base::StatusOr<std::string> Merge(std::vector<std::string> children) const = 0;
};

/// kProtocol for an unknown kind.
base::StatusOr<std::shared_ptr<const StageKernel>> DecodeStageKernel(
    const dataflow::OperatorBytes& kernel);

}  // namespace soteria::worker
