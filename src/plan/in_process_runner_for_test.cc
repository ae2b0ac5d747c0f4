#include "src/plan/in_process_runner_for_test.h"

#include <utility>

#include "arrow/table.h"
#include "src/base/errors.h"
#include "src/exec/aggregate.h"
#include "src/exec/join.h"
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
  const auto* gather = std::get_if<dataflow::GatherSource>(&recipe.source);
  if (gather == nullptr) {
    return base::Fail(base::kInternal, "a source of storage in an in-process test");
  }
  std::vector<TablePtr> parts;
  for (const dataflow::Input& input : gather->inputs) {
    SOTERIA_ASSIGN_OR_RETURN(parts.emplace_back(), Read(recipe, input, partition));
    if (parts.back() == nullptr) parts.pop_back();
  }
  if (!gather->combine.kind.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto join, exec::Join::Decode(gather->combine.bytes));
    return join.Apply(parts.at(0), parts.at(1), partition, nullptr);
  }
  SOTERIA_ARROW_ASSIGN(auto table, arrow::ConcatenateTables(parts));
  return table;
}

base::StatusOr<InProcessRunnerForTest::TablePtr> InProcessRunnerForTest::Read(
    const dataflow::Recipe& recipe, const dataflow::Input& input, uint64_t partition) {
  std::vector<TablePtr> parts;
  if (input.reads == dataflow::Reads::kCells) {
    for (const auto& row : shuffles_.at(
             dataflow::ShuffleDigest(*input.parent, recipe.partitions, input.partitioner))) {
      parts.push_back(row[partition]);
    }
  } else {
    const auto [first, last] = dataflow::PartitionsRead(input, recipe.partitions, partition);
    for (uint64_t p = first; p < last; ++p) {
      SOTERIA_ASSIGN_OR_RETURN(parts.emplace_back(), Block(*input.parent, p));
    }
  }
  if (parts.empty()) return TablePtr();
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
  const base::Digest digest = dataflow::ShuffleDigest(*spec.recipe, spec.targets, spec.partitioner);
  auto& rows = shuffles_[digest];
  rows.clear();
  for (uint64_t p = 0; p < spec.recipe->partitions; ++p) {
    SOTERIA_ASSIGN_OR_RETURN(auto table, Block(*spec.recipe, p));
    const std::string& bytes = spec.partitioner.bytes;
    base::StatusOr<exec::Parts> targets = exec::RoundRobin(table, p, spec.targets);
    if (spec.partitioner.kind == dataflow::kHash) {
      targets = exec::HashPartition(bytes, table, p, spec.targets);
    } else if (spec.partitioner.kind == dataflow::kRange) {
      targets = exec::RangePartition(bytes, table, p, spec.targets);
    }
    SOTERIA_RETURN_IF_ERROR(targets);
    rows.push_back(*std::move(targets));
  }
  result->shuffle.recipe = digest;
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
    } else if (spec.kernel.kind == "exec.key_sample") {
      SOTERIA_ASSIGN_OR_RETURN(const auto sample, exec::KeySample::Decode(spec.kernel.bytes));
      SOTERIA_ASSIGN_OR_RETURN(std::string partial, sample.Map(*table, p));
      result.root_partial += partial;
    } else if (spec.terminal == dataflow::Terminal::kReduce) {
      SOTERIA_ASSIGN_OR_RETURN(auto aggregate, exec::Aggregate::Decode(spec.kernel.bytes));
      SOTERIA_ASSIGN_OR_RETURN(std::string partial, aggregate.Map(*table, p));
      partials.push_back(std::move(partial));
    }
  }
  if (!partials.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(auto aggregate, exec::Aggregate::Decode(spec.kernel.bytes));
    SOTERIA_ASSIGN_OR_RETURN(result.root_partial, aggregate.Merge(partials));
  }
  return result;
}

}  // namespace soteria::plan
