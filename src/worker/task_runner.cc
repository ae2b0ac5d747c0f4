#include "src/worker/task_runner.h"

#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <malloc.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "src/base/errors.h"
#include "src/base/log.h"
#include "src/base/padding.h"
#include "src/base/text.h"
#include "src/dataflow/tree.h"
#include "src/exec/partition.h"
#include "src/ml/kernel.h"
#include "src/table/ipc.h"

namespace soteria::worker {
namespace {

using crypto::MessageKind;
using crypto::Place;
using dataflow::Node;
using dataflow::Terminal;
using dataflow::Tree;

base::Status NotATask() {
  return base::Fail(base::kIntegrity, "the host asks for a place that the stage doesn't have");
}

/// The partition of a map task's place.
base::StatusOr<uint64_t> PartitionOf(const OpenStage& stage, const Place& place) {
  const uint64_t partitions = stage.task.spec.recipe->partitions;
  const bool reduce = stage.task.spec.terminal == Terminal::kReduce;
  const uint64_t partition = reduce ? place.b : place.a;
  const Place expected =
      reduce ? Tree(partitions).PlaceOf({0, partition}) : Place{partition, 0, 0, 0};
  if (partition >= partitions || !(place == expected)) return NotATask();
  return partition;
}

uint64_t MergeBytes(const std::vector<SealedBlob>& inputs) {
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> children;
  uint64_t all = 0;
  uint64_t largest = 0;
  for (const SealedBlob& blob : inputs) {
    uint64_t& child = children[{blob.place.a, blob.place.b}];
    child += blob.sealed.size();
    all += blob.sealed.size();
    largest = std::max(largest, child);
  }
  return all + largest;
}

base::Status NeedTable(const Block& block) {
  if (block.table != nullptr) return base::OkStatus();
  return base::Fail(base::kProtocol, "feature blocks can only be kept or reduced");
}

/// What goes to each target of a shuffle; nullptr: nothing is sent there.
base::StatusOr<std::vector<std::shared_ptr<arrow::Table>>> Split(const dataflow::StageSpec& spec,
                                                                 uint64_t partition,
                                                                 const Block& block) {
  const dataflow::OperatorBytes& partitioner = spec.partitioner;
  if (partitioner.kind == dataflow::kRoute) {
    SOTERIA_ASSIGN_OR_RETURN(const ml::RoutePtr route, ml::DecodeRoute(partitioner.bytes));
    return route->Split(
        {block.table.get(), block.features.get(), partition, spec.recipe->partitions},
        spec.targets);
  }
  SOTERIA_RETURN_IF_ERROR(NeedTable(block));
  if (partitioner.kind == dataflow::kRoundRobin) {
    return exec::RoundRobin(block.table, partition, spec.targets);
  }
  if (partitioner.kind == dataflow::kHash) {
    return exec::HashPartition(partitioner.bytes, block.table, partition, spec.targets);
  }
  if (partitioner.kind == dataflow::kRange) {
    return exec::RangePartition(partitioner.bytes, block.table, partition, spec.targets);
  }
  if (partitioner.kind == dataflow::kSame) {
    if (spec.targets != spec.recipe->partitions) {
      return base::Fail(base::kProtocol, "a partitioner doesn't fit its shuffle's targets");
    }
    std::vector<std::shared_ptr<arrow::Table>> parts(spec.targets);
    parts[partition] = block.table;
    return parts;
  }
  return std::vector<std::shared_ptr<arrow::Table>>{block.table};
}

/// Whether the sizes of cells would tell how many rows have which keys or, of a checkpoint, how
/// many rows of a partition are left.
bool ArePadded(const dataflow::OperatorBytes& partitioner) {
  return partitioner.kind == dataflow::kHash || partitioner.kind == dataflow::kRange ||
         partitioner.kind == dataflow::kSame;
}

}  // namespace

TaskOutput TaskRunner::Run(TaskInput input) {
  TaskOutput output;
  auto opened = book_.Get(input.stage);
  if (!opened.ok()) {
    output.outcome = TaskOutcome::kRetry;
    return output;
  }
  OpenStage& stage = **opened;
  base::Status status = stage.status;
  if (status.ok()) {
    DropOldBlocks(stage);
    output.memory = std::make_shared<TaskMemory>(budget_);
    status = RunOpened(stage, input, output);
    if (base::Is(status, kCrowded) && !input.consumed) {
      output = TaskOutput();
      output.memory = std::make_shared<TaskMemory>(budget_);
      output.memory->AwaitTurn();
      status = RunOpened(stage, input, output);
    }
    output.memory->EndTurn();
  }
  if (status.ok()) {
    output.outcome = TaskOutcome::kOk;
    return output;
  }
  output.outputs.clear();
  output.memory.reset();
  if (base::Is(status, kMiss)) {
    output.outcome = TaskOutcome::kMiss;
    return output;
  }
  output.needs.clear();
  if (base::Is(status, kCrowded)) {
    output.outcome = TaskOutcome::kRetry;
    return output;
  }
  output.outcome = TaskOutcome::kFailed;
  auto sealed = sealer_.Seal(input.stage, stage.digest, MessageKind::kError, input.place,
                             base::EncodeStatus(status));
  // A sealer that refuses leaves the host's bare "failed".
  if (sealed.ok()) output.outputs.push_back({input.stage, input.place, *std::move(sealed), 0, 1});
  return output;
}

void TaskRunner::DropOldBlocks(const OpenStage& stage) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stage.task.stage <= newest_stage_) return;
  newest_stage_ = stage.task.stage;
  std::set<base::Digest> live;
  for (const auto& [digest, kept] : stage.live) live.insert(digest);
  cache_.KeepOnly(live);
  if (made_features_.exchange(false)) ReleaseRows();
  LogEvictions();
}

void TaskRunner::ReleaseRows() {
  arrow::default_memory_pool()->ReleaseUnused();
  malloc_trim(0);
}

// A line each time that there are twice as many.
void TaskRunner::LogEvictions() {
  const EvictionCounts counts = cache_.counts();
  const uint64_t all = counts.spilled + counts.opened + counts.dropped;
  if (all == 0 || all < 2 * evictions_logged_) return;
  evictions_logged_ = all;
  base::Log(base::Level::kInfo,
            "memory: {} blocks spilled ({} bytes), {} opened again ({} bytes), {} dropped, {} lost",
            counts.spilled, counts.spilled_bytes, counts.opened, counts.opened_bytes,
            counts.dropped, counts.lost);
}

base::Status TaskRunner::RunOpened(OpenStage& stage, TaskInput& input, TaskOutput& output) {
  if (input.merge) return Merge(stage, input, output);
  Holding inputs(*output.memory);
  uint64_t bytes = 0;
  for (const SealedBlob& blob : input.inputs) bytes += blob.sealed.size();
  SOTERIA_RETURN_IF_ERROR(inputs.Set(bytes));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t partition, PartitionOf(stage, input.place));
  return Map(stage, partition, input, output);
}

base::Status TaskRunner::Map(OpenStage& stage, uint64_t partition, const TaskInput& input,
                             TaskOutput& output) {
  ShuffleInputs shuffled;
  for (const SealedBlob& blob : input.inputs) {
    shuffled[{blob.stage, blob.place.b}].emplace_back(blob.place, blob.sealed);
  }
  BlockBuilder builder(stage, cache_, sources_, opener_, shuffled, *output.memory);
  auto block = builder.Make(*stage.task.spec.recipe, partition);
  if (!block.ok()) {
    output.needs = builder.needs();
    return block.status();
  }
  if (builder.made_features()) made_features_ = true;
  return Answer(stage, partition, **block, builder.rebuilds(), output);
}

base::Status TaskRunner::Answer(OpenStage& stage, uint64_t partition, const Block& block,
                                uint64_t rebuilds, TaskOutput& output) {
  const dataflow::StageSpec& spec = stage.task.spec;
  const Place place{partition, 0, 0, 0};
  Holding room(*output.memory);
  const auto seal = [&](MessageKind kind, const Place& where, std::string payload) {
    const SpillBytes bytes = cache_.TakeSpillBytes();
    return Seal(stage, kind, where,
                dataflow::EncodeAnswer({std::move(payload), rebuilds, bytes.spilled, bytes.opened}),
                room, output);
  };
  switch (spec.terminal) {
    case Terminal::kReduce: {
      SOTERIA_ASSIGN_OR_RETURN(std::string partial,
                               stage.kernel->Map(block, partition, spec.recipe->partitions));
      return seal(MessageKind::kPartial, Tree(spec.recipe->partitions).PlaceOf({0, partition}),
                  std::move(partial));
    }
    case Terminal::kCollect: {
      SOTERIA_RETURN_IF_ERROR(NeedTable(block));
      SOTERIA_RETURN_IF_ERROR(room.Set(2 * block.bytes()));  // as a message, and sealed
      SOTERIA_ASSIGN_OR_RETURN(std::string rows, table::ToIpcStream(*block.table));
      return seal(MessageKind::kRows, place, std::move(rows));
    }
    case Terminal::kWrite: {
      SOTERIA_RETURN_IF_ERROR(NeedTable(block));
      SOTERIA_ASSIGN_OR_RETURN(const uint64_t bytes,
                               Sources::WriteBytes(spec.write, *block.table, block.bytes()));
      SOTERIA_RETURN_IF_ERROR(room.Set(bytes));
      SOTERIA_ASSIGN_OR_RETURN(std::string entries,
                               sources_.Write(spec.write, partition, block.table));
      return seal(MessageKind::kWritten, place, std::move(entries));
    }
    case Terminal::kShuffle:
      SOTERIA_RETURN_IF_ERROR(Shuffle(stage, partition, block, room, output));
      break;
    case Terminal::kKeep:
      break;
  }
  return seal(MessageKind::kKept, place, dataflow::EncodeKept({block.rows(), block.bytes()}));
}

base::Status TaskRunner::Shuffle(OpenStage& stage, uint64_t partition, const Block& block,
                                 Holding& room, TaskOutput& output) {
  const dataflow::StageSpec& spec = stage.task.spec;
  SOTERIA_RETURN_IF_ERROR(room.Set(2 * block.bytes()));  // the targets' rows, and sealed
  SOTERIA_ASSIGN_OR_RETURN(auto parts, Split(spec, partition, block));
  if (parts.size() != spec.targets) {
    return base::Fail(base::kProtocol, "a partitioner doesn't fit its shuffle's targets");
  }
  for (uint64_t q = 0; q < spec.targets; ++q) {
    if (parts[q] == nullptr) continue;
    SOTERIA_ASSIGN_OR_RETURN(std::string rows, table::ToIpcStream(*parts[q]));
    parts[q].reset();
    // A reader stops where the stream does.
    if (ArePadded(spec.partitioner)) rows.resize(base::PaddedSize(rows.size()));
    const Place cell{partition, q, spec.recipe->partitions, spec.targets};
    SOTERIA_RETURN_IF_ERROR(Seal(stage, MessageKind::kShuffle, cell, rows, room, output));
  }
  return base::OkStatus();
}

base::Status TaskRunner::Merge(OpenStage& stage, TaskInput& input, TaskOutput& output) {
  const dataflow::StageSpec& spec = stage.task.spec;
  const Tree tree(spec.recipe->partitions);
  const Node node{input.place.a, input.place.b};
  if (spec.terminal != Terminal::kReduce || node.level == 0 || !tree.Contains(node) ||
      !(tree.PlaceOf(node) == input.place)) {
    return NotATask();
  }
  // Children, sealed or opened, and a result as large as the largest of them, as sums are.
  Holding room(*output.memory);
  SOTERIA_RETURN_IF_ERROR(room.Set(MergeBytes(input.inputs)));
  input.consumed = true;
  const auto [first, last] = tree.Children(node);
  std::vector<dataflow::Joiner> joiners(last - first);
  std::vector<std::string> children(last - first);
  uint64_t rebuilds = 0;
  SpillBytes bytes = cache_.TakeSpillBytes();
  for (SealedBlob& blob : input.inputs) {
    const Node child{blob.place.a, blob.place.b};
    if (child.level + 1 != node.level || child.index < first || child.index >= last) {
      return base::Fail(base::kIntegrity, "a merge was given a child of another node");
    }
    SOTERIA_ASSIGN_OR_RETURN(dataflow::Part part,
                             dataflow::OpenPart(opener_, blob.sealed,
                                                {stage.task.stage, stage.digest,
                                                 MessageKind::kPartial, tree.PlaceOf(child)}));
    blob.sealed = {};  // large ones needn't be held twice
    dataflow::Joiner& joiner = joiners[child.index - first];
    SOTERIA_ASSIGN_OR_RETURN(const dataflow::Joiner::Added added, joiner.Add(std::move(part)));
    if (added != dataflow::Joiner::Added::kComplete) continue;  // a slice, or an authentic repeat
    SOTERIA_ASSIGN_OR_RETURN(dataflow::Answer answer, dataflow::DecodeAnswer(joiner.Take()));
    rebuilds += answer.rebuilds;
    bytes.spilled += answer.spilled_bytes;
    bytes.opened += answer.opened_bytes;
    children[child.index - first] = std::move(answer.payload);
  }
  if (!std::all_of(joiners.begin(), joiners.end(),
                   [](const auto& one) { return one.complete(); })) {
    return base::Fail(base::kIntegrity, base::Cat("a merge was given an incomplete set of ",
                                                  children.size(), " children"));
  }
  SOTERIA_ASSIGN_OR_RETURN(std::string merged, stage.kernel->Merge(std::move(children)));
  return Seal(stage, MessageKind::kPartial, input.place,
              dataflow::EncodeAnswer({std::move(merged), rebuilds, bytes.spilled, bytes.opened}),
              room, output);
}

base::Status TaskRunner::Seal(const OpenStage& stage, MessageKind kind, const Place& place,
                              std::string_view plain, Holding& room, TaskOutput& output) {
  auto sealed = dataflow::SealMessage(sealer_, {stage.task.stage, stage.digest, kind, place}, plain,
                                      slice_bytes_);
  if (base::Is(sealed.status(), base::kMemoryLimit)) {
    return base::Fail(kind == MessageKind::kRows ? base::kCollectLimit : base::kMemoryLimit,
                      base::Cat("one partition's result has ", plain.size(),
                                " bytes; that is more than can be sent: use more partitions"));
  }
  SOTERIA_RETURN_IF_ERROR(sealed);
  uint64_t bytes = 0;
  for (const std::string& slice : *sealed) bytes += slice.size();
  if (sealed->size() > 1 || bytes >= kCountedBytesMin) {
    SOTERIA_RETURN_IF_ERROR(output.memory->Take(bytes - room.LeaveToTask(bytes)));
  }
  const uint64_t slices = sealed->size();
  for (uint64_t slice = 0; slice < slices; ++slice) {
    output.outputs.push_back({stage.task.stage, place, std::move((*sealed)[slice]), slice, slices});
  }
  return base::OkStatus();
}

}  // namespace soteria::worker
