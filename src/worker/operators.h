// Operators of a chain, decoded once a stage: "exec.*" and "ml.transform" map a table to a table,
// "table.features" to features, and "ml.step" either to a table. Thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/dataflow/recipe.h"
#include "src/exec/join.h"
#include "src/exec/operator.h"
#include "src/worker/block_cache.h"

namespace soteria::worker {

class ChainOperator {
 public:
  virtual ~ChainOperator() = default;
  /// Of bytes beside what is held.
  using Admit = exec::Operator::Admit;
  virtual base::StatusOr<Block> Apply(Block block, uint64_t partition, uint64_t partitions,
                                      const Admit& admit) const = 0;
  /// What its result is known to take beside an input table, before it is made.
  virtual uint64_t CopiedBytes(const arrow::Table&) const { return 0; }
};

class OperatorCache {
 public:
  using Chain = std::vector<std::shared_ptr<const ChainOperator>>;
  base::StatusOr<std::shared_ptr<const Chain>> ChainOf(const dataflow::Recipe& recipe);
  /// The operator that combines a gather's two inputs.
  base::StatusOr<std::shared_ptr<const exec::Join>> JoinOf(const dataflow::OperatorBytes& combine);

 private:
  std::mutex mutex_;
  std::map<base::Digest, std::shared_ptr<const Chain>> chains_;
  std::map<std::string, std::shared_ptr<const exec::Join>> joins_;  // by their bytes
};

}  // namespace soteria::worker
