#include "src/plan/in_process_runner_for_test.h"

#include <utility>

#include "arrow/table.h"
#include "src/base/errors.h"
#include "src/exec/aggregate.h"
#include "src/exec/operator.h"
#include "src/exec/partition.h"
#include "src/table/arrow_status.h"
#include "src/table/ipc.h"

namespace soteria::plan {
namespace {

base::Digest NumberedDigest(uint64_t number) {
  base::Digest digest{};
  for (size_t i = 0; i < sizeof(number); ++i) {
    digest[i] = static_cast<uint8_t>(number >> (8 * i));
  }
  return digest;
}

}  // namespace

base::Digest InProcessRunnerForTest::ContentDigest(std::string_view bytes) {
  return NumberedDigest(std::hash<std::string_view>{}(bytes));
}

base::StatusOr<dataflow::BroadcastRef> InProcessRunnerForTest::Broadcast(std::string_view plain) {
  const base::Digest digest = NumberedDigest(broadcasts_.size() + 1);
  broadcasts_[digest] = std::string(plain);
  return dataflow::BroadcastRef{digest, broadcasts_.size()};
}

base::Status InProcessRunnerForTest::OnLowered(const Plan&, const Lowered&) {
  ++lowered_nodes_;
  return base::OkStatus();
}

base::StatusOr<InProcessRunnerForTest::TablePtr> InProcessRunnerForTest::Source(
    const dataflow::Recipe& recipe, uint64_t partition) {
  if (const auto* local = std::get_if<dataflow::LocalSource>(&recipe.source)) {
    SOTERIA_ASSIGN_OR_RETURN(auto table, table::FromIpcStream(broadcasts_.at(local->broadcast)));
    const uint64_t begin = partition == 0 ? 0 : local->row_ends[partition - 1];
    return table->Slice(static_cast<int64_t>(begin),
                        static_cast<int64_t>(local->row_ends[partition] - begin));
  }
  std::vector<TablePtr> parts;
  if (const auto* shuffle = std::get_if<dataflow::ShuffleSource>(&recipe.source)) {
    for (const auto& row : shuffles_.at(dataflow::ShuffleDigest(*shuffle))) {
      parts.push_back(row[partition]);
    }
  } else if (const auto* coalesce = std::get_if<dataflow::CoalesceSource>(&recipe.source)) {
    const auto [first, last] =
        dataflow::CoalescedRange(coalesce->parent->partitions, coalesce->groups, partition);
    for (uint64_t p = first; p < last; ++p) {
      SOTERIA_ASSIGN_OR_RETURN(auto part, Block(*coalesce->parent, p));
      parts.push_back(std::move(part));
    }
  } else {
    return base::Fail(base::kInternal, "a source of storage in an in-process test");
  }
  SOTERIA_ARROW_ASSIGN(auto table, arrow::ConcatenateTables(parts));
  return table;
}

base::StatusOr<InProcessRunnerForTest::TablePtr> InProcessRunnerForTest::Block(
    const dataflow::Recipe& recipe, uint64_t partition) {
  SOTERIA_ASSIGN_OR_RETURN(auto table, Source(recipe, partition));
  for (const auto& op : recipe.chain) {
    SOTERIA_ASSIGN_OR_RETURN(auto decoded, exec::DecodeOperator(op.kind, op.bytes));
    SOTERIA_ASSIGN_OR_RETURN(table, decoded->Apply(std::move(table), partition));
  }
  return table;
}

base::Status InProcessRunnerForTest::Shuffle(const dataflow::StageSpec& spec,
                                             dataflow::StageResult* result) {
  dataflow::ShuffleSource source;
  source.parent = spec.recipe;
  source.targets = spec.targets;
  source.partitioner = spec.partitioner;
  auto& rows = shuffles_[dataflow::ShuffleDigest(source)];
  rows.clear();
  for (uint64_t p = 0; p < spec.recipe->partitions; ++p) {
    SOTERIA_ASSIGN_OR_RETURN(auto table, Block(*spec.recipe, p));
    SOTERIA_ASSIGN_OR_RETURN(auto targets, exec::RoundRobin(table, p, spec.targets));
    rows.push_back(std::move(targets));
  }
  result->shuffle.recipe = dataflow::ShuffleDigest(source);
  return base::OkStatus();
}

base::StatusOr<dataflow::StageResult> InProcessRunnerForTest::Run(
    const dataflow::StageSpec& spec,
    const std::function<base::Status(uint64_t, std::string)>& on_output) {
  stages_.push_back(spec.terminal);
  dataflow::StageResult result;
  result.stage = stages_.size();
  if (spec.terminal == dataflow::Terminal::kShuffle) {
    SOTERIA_RETURN_IF_ERROR(Shuffle(spec, &result));
    return result;
  }
  std::vector<std::string> partials;
  for (uint64_t p = 0; p < spec.recipe->partitions; ++p) {
    SOTERIA_ASSIGN_OR_RETURN(auto table, Block(*spec.recipe, p));
    if (spec.terminal == dataflow::Terminal::kCollect) {
      SOTERIA_ASSIGN_OR_RETURN(std::string ipc, table::ToIpcStream(*table));
      SOTERIA_RETURN_IF_ERROR(on_output(p, std::move(ipc)));
    } else if (spec.terminal == dataflow::Terminal::kReduce) {
      SOTERIA_ASSIGN_OR_RETURN(auto aggregate, exec::Aggregate::Decode(spec.kernel.bytes));
      SOTERIA_ASSIGN_OR_RETURN(std::string partial, aggregate.Map(*table, p));
      partials.push_back(std::move(partial));
    }
  }
  if (spec.terminal == dataflow::Terminal::kReduce) {
    SOTERIA_ASSIGN_OR_RETURN(auto aggregate, exec::Aggregate::Decode(spec.kernel.bytes));
    SOTERIA_ASSIGN_OR_RETURN(result.root_partial, aggregate.Merge(partials));
  }
  return result;
}

}  // namespace soteria::plan
