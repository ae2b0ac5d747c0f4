// Makes the block of a recipe and partition: from the cache, from a kept prefix of its chain, or
// from its source. Belongs to one task; the cache and the sources behind it are
// shared.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/status.h"
#include "src/crypto/envelope.h"
#include "src/dataflow/recipe.h"
#include "src/worker/block_cache.h"
#include "src/worker/sources.h"
#include "src/worker/stage_book.h"

namespace soteria::worker {

/// The block needs sealed inputs of a shuffle that this task was not given; needs() says which.
/// Never leaves a worker.
inline constexpr base::Condition kMiss = {"SOTERIA.MISS", base::exception_class::kSpark, "",
                                          absl::StatusCode::kUnavailable};

/// A target of the shuffle that a stage ran.
struct ShuffleTarget {
  uint64_t stage = 0;
  uint64_t target = 0;
  auto operator<=>(const ShuffleTarget&) const = default;
};

/// Sealed messages for a target, as the host gave them, with the place that it claims for each.
using ShuffleInputs =
    std::map<ShuffleTarget, std::vector<std::pair<crypto::Place, std::string_view>>>;

class BlockBuilder {
 public:
  /// All references must outlive the builder, and `memory` its blocks.
  BlockBuilder(OpenStage& stage, BlockCache& cache, Sources& sources, const crypto::Opener& opener,
               const ShuffleInputs& inputs, TaskMemory& memory)
      : stage_(stage),
        cache_(cache),
        sources_(sources),
        opener_(opener),
        inputs_(inputs),
        memory_(memory) {}

  /// The block's memory is the task's until the builder goes.
  base::StatusOr<std::shared_ptr<const Block>> Make(const dataflow::Recipe& recipe,
                                                    uint64_t partition);
  const std::vector<ShuffleTarget>& needs() const { return needs_; }
  /// Kept blocks that were gone and had to be built.
  uint64_t rebuilds() const { return rebuilds_; }
  /// Whether it made feature blocks of rows.
  bool made_features() const { return made_features_; }

 private:
  struct Path {
    const dataflow::Recipe& recipe;
    std::vector<base::Digest> prefixes;
    std::shared_ptr<const OperatorCache::Chain> chain;
    uint64_t partition;
  };

  // A block and what it holds beside the cache; a kept block holds nothing.
  struct Made {
    std::shared_ptr<const Block> block;
    Holding holding;
  };

  base::StatusOr<Made> MakeOne(const dataflow::Recipe& recipe, uint64_t partition);
  base::StatusOr<Made> MakePrefix(const Path& path, size_t length);
  base::StatusOr<Block> Compute(const Path& path, size_t length, Holding& holding);
  base::StatusOr<Block> ComputeRows(const Path& path, size_t length, Holding& holding);
  /// Operators [from, to) of the chain.
  base::StatusOr<Block> Apply(const Path& path, size_t from, size_t to, Block block,
                              Holding& holding);
  struct Wanted {
    int64_t rows = 0;
    bool take = false;     // an error before they suffice comes with the rows before it
    base::Status pending;  // what came after the last row of the table
  };
  /// What the operators [from, to), which go row by row, make of the table, as far as the wanted
  /// rows need it: an error in a later row isn't one.
  base::StatusOr<Block> FirstRows(const Path& path, size_t from, size_t to,
                                  const std::shared_ptr<arrow::Table>& table, const Wanted& wanted,
                                  Holding& holding);
  // Each counts what it takes while it reads in the holding.
  // With `pending`, rows behind a limit: an error of the data ends the table and is left there.
  base::StatusOr<std::shared_ptr<arrow::Table>> ReadSource(const dataflow::Recipe& recipe,
                                                           uint64_t partition, Holding& holding,
                                                           base::Status* pending);
  /// Column by column, so that what tasks have read before is there.
  base::StatusOr<std::shared_ptr<arrow::Table>> ReadColumns(const dataflow::DatasetSource& source,
                                                            uint64_t partitions, uint64_t partition,
                                                            Holding& holding);
  base::StatusOr<std::shared_ptr<arrow::Table>> ReadLocal(const dataflow::LocalSource& source,
                                                          uint64_t partition);
  base::StatusOr<std::shared_ptr<arrow::Table>> ReadGather(const dataflow::Recipe& recipe,
                                                           const dataflow::GatherSource& source,
                                                           uint64_t partition, Holding& holding,
                                                           base::Status* pending);
  /// Appends what one input brings to the partition; kMiss only after all that it lacks is noted.
  base::Status ReadInput(const dataflow::Recipe& recipe, const dataflow::Input& input,
                         uint64_t partition, Holding& holding, base::Status* pending,
                         std::vector<std::shared_ptr<arrow::Table>>& tables);
  base::Status ReadCells(const dataflow::Recipe& recipe, const dataflow::Input& input,
                         uint64_t partition, Holding& holding,
                         std::vector<std::shared_ptr<arrow::Table>>& tables);
  base::StatusOr<std::shared_ptr<arrow::Table>> ReadJoin(const dataflow::Recipe& recipe,
                                                         const dataflow::GatherSource& source,
                                                         uint64_t partition, Holding& holding);
  /// The right side of a join whose every partition meets all of it: found once by this worker, and
  /// in the cache while stages of the kind go on.
  base::StatusOr<Made> MakeSide(const dataflow::Recipe& recipe,
                                const dataflow::GatherSource& source, const exec::Join& join);
  /// A partition of a gather's parent, as far as it goes.
  base::StatusOr<Made> MakeBeginning(const dataflow::Recipe& recipe, uint64_t partition,
                                     base::Status* pending);

  OpenStage& stage_;
  BlockCache& cache_;
  Sources& sources_;
  const crypto::Opener& opener_;
  const ShuffleInputs& inputs_;
  TaskMemory& memory_;
  std::vector<Made> made_;  // blocks whose memory the task's own blocks may share
  std::vector<ShuffleTarget> needs_;
  uint64_t rebuilds_ = 0;
  bool made_features_ = false;
};

/// Rows of all, in order. Vector columns of different physical form are brought to Spark's form.
base::StatusOr<std::shared_ptr<arrow::Table>> Concatenate(
    std::vector<std::shared_ptr<arrow::Table>> tables);

}  // namespace soteria::worker
