// From a resolved plan to stages. Lowering walks a rewritten plan (rewrite.h) bottom-up, turns
// narrow nodes into one recipe's chain, and runs at once what must be complete before its reader
// can start: the map side of a shuffle, and an aggregate without keys in the middle of a plan
// (whose single row comes back as local data).
//
// A Lowered recipe is a function of the plan and the versions it reads, never of stage numbers or
// workers, so that a lost block has the same name and the same bits when it is made again (I7).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/dataflow/recipe.h"
#include "src/dataflow/stage.h"
#include "src/plan/logical.h"

namespace soteria::plan {

/// A recipe with what its stages must carry.
struct Lowered {
  dataflow::RecipePtr recipe;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<dataflow::ShuffleInput> inputs;
  std::vector<dataflow::BroadcastRef> broadcasts;
  uint64_t input_bytes = 0;  // StageSpec::input_bytes

  /// A stage over this recipe, with inputs and broadcasts filled in.
  dataflow::StageSpec Stage(dataflow::Terminal terminal) const;
  /// The same with one more operator at the end of the chain.
  Lowered With(dataflow::OperatorBytes op, std::shared_ptr<arrow::Schema> schema) const;
};

/// Runs stages. The master implements it over its coordinator, tests in process.
class Runner {
 public:
  virtual ~Runner() = default;
  virtual base::StatusOr<dataflow::StageResult> Run(
      const dataflow::StageSpec& spec,
      const std::function<base::Status(uint64_t, std::string)>& on_output) = 0;
  virtual base::StatusOr<dataflow::BroadcastRef> Broadcast(std::string_view plain) = 0;
  /// Does the owner want this node's blocks kept? Then nothing above changes what it computes.
  virtual bool IsKept(const Plan& /*node*/) const { return false; }
  /// What a clock shows to all that it runs: one instant, in microseconds since 1970 by UTC.
  virtual int64_t NowMicros() const = 0;
  /// What it showed when the owner asked for the node's blocks to be kept.
  virtual int64_t KeptAtMicros(const Plan& /*node*/) const { return NowMicros(); }
  /// Called for each node once it is lowered; keeps the node's blocks if the owner persisted it.
  virtual base::Status OnLowered(const Plan& node, const Lowered& lowered) = 0;
  /// The result of `plan`, an AggregateNode without keys, whose partial over all of `input` is
  /// complete.
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> FinishAggregate(const Plan& plan,
                                                                        const Lowered& input,
                                                                        std::string_view partial);
  /// Called for an AggregateNode with keys: `groups` are its rows.
  virtual base::Status OnGroups(const Plan& /*plan*/, const Lowered& /*input*/,
                                const Lowered& /*groups*/) {
    return base::OkStatus();
  }
  /// Keeps the blocks of `lowered` until Drop, so that stages over them don't make them again.
  virtual base::Status Keep(const Lowered& /*lowered*/) { return base::OkStatus(); }
  virtual void Drop(const Lowered& /*lowered*/) {}
  /// The rows of a MadeNode.
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> RowsOf(const MadeRows& rows);
  /// The blocks of a CheckpointNode, which are made if nobody has done so before.
  virtual base::StatusOr<Lowered> BlocksOf(const std::shared_ptr<CheckpointedRows>& rows);
  /// SHA-256.
  virtual base::Digest ContentDigest(std::string_view bytes) = 0;
};

base::StatusOr<Lowered> Lower(const Plan& plan, Runner& runner);
/// The same for a plan whose clock showed `micros`, whatever the runner's shows.
base::StatusOr<Lowered> LowerAt(int64_t micros, const Plan& plan, Runner& runner);

/// Runs the map side of a shuffle; the result's partitions are its targets.
base::StatusOr<Lowered> Shuffle(const Lowered& input, uint64_t targets,
                                dataflow::OperatorBytes partitioner, Runner& runner);

/// The recipe of a gather; kUnsupported beyond the limits, which a script can reach.
base::StatusOr<dataflow::RecipePtr> GatherRecipe(dataflow::GatherSource source,
                                                 uint64_t partitions);

/// Collects a plan's rows in partition order; `sink` gets one table a partition, in Spark's form.
base::Status CollectRows(const Plan& plan, Runner& runner,
                         const std::function<base::Status(std::shared_ptr<arrow::Table>)>& sink);

/// A name for the computation: equal for plans with equal meaning over the same versions.
std::string Canonical(const Plan& plan);

}  // namespace soteria::plan
