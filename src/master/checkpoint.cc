#include "src/master/checkpoint.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "src/master/data_behind.h"

namespace soteria::master {
namespace {

uint64_t WaitingBehind(const plan::Plan& plan) {
  uint64_t most = 0;
  std::vector<const plan::Plan*> open = {&plan};
  std::set<const plan::Plan*> seen;
  while (!open.empty()) {
    const plan::Plan* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    for (const plan::PlanPtr& input : node->inputs) open.push_back(input.get());
    const auto* kept = std::get_if<plan::CheckpointNode>(&node->node);
    if (kept == nullptr) continue;
    if (const auto* rows = dynamic_cast<const Checkpoint*>(kept->rows.get())) {
      most = std::max(most, rows->waiting());
    }
  }
  return most;
}

}  // namespace

Checkpoint::Checkpoint(plan::PlanPtr plan, int64_t micros, dataflow::Coordinator& coordinator,
                       LiveBlocks& live)
    : coordinator_(coordinator),
      live_(live),
      micros_(micros),
      waiting_(1 + WaitingBehind(*plan)),
      plan_(std::move(plan)) {}

Checkpoint::~Checkpoint() {
  if (!made_.has_value()) return;
  live_.Remove(made_->recipe->digest);
  for (const dataflow::ShuffleInput& input : made_->inputs) coordinator_.DropShuffle(input.stage);
}

base::StatusOr<plan::Lowered> Checkpoint::Blocks(StageScope& scope) {
  const std::lock_guard lock(mutex_);
  if (made_.has_value()) return *made_;
  SOTERIA_ASSIGN_OR_RETURN(const plan::Lowered input, plan::LowerAt(micros_, *plan_, scope));
  dataflow::StageSpec stage = input.Stage(dataflow::Terminal::kShuffle);
  stage.targets = input.recipe->partitions;
  stage.partitioner.kind = dataflow::kSame;
  SOTERIA_ASSIGN_OR_RETURN(const dataflow::StageResult result, scope.RunToKeep(stage));
  plan::Lowered made;
  made.recipe = dataflow::MakeRecipe(
      dataflow::GatherCheckpoint(*input.recipe, BehindOf(*input.recipe)), {}, stage.targets);
  made.schema = input.schema;
  made.inputs = {result.shuffle};
  made.input_bytes = input.input_bytes;
  live_.Add(made.recipe->digest);  // a worker that has opened its cells needn't do so again
  plan_.reset();
  waiting_ = 0;
  made_ = std::move(made);
  return *made_;
}

}  // namespace soteria::master
