#include "src/plan/small.h"

#include <variant>

#include "arrow/table.h"
#include "arrow/util/byte_size.h"

namespace soteria::plan {
namespace {

constexpr uint64_t kLarge = kSmallBytesMax + 1;

}  // namespace

uint64_t BytesBehind(const Plan& plan) {
  if (plan.small) return 0;
  // How many bytes a file has, what it holds says.
  if (const auto* read = std::get_if<ReadNode>(&plan.node)) {
    return read->source.weighed ? std::min(read->source.bytes, kLarge) : kLarge;
  }
  if (const auto* local = std::get_if<LocalNode>(&plan.node)) {
    return std::min(static_cast<uint64_t>(arrow::util::TotalBufferSize(*local->table)), kLarge);
  }
  if (const auto* range = std::get_if<RangeNode>(&plan.node)) {
    const uint64_t rows = exec::RangeRows(range->start, range->end, range->step);
    return rows > kLarge ? kLarge : rows * sizeof(int64_t);
  }
  if (const auto* kept = std::get_if<CheckpointNode>(&plan.node)) return kept->bytes_behind;
  // However many groups there are: fewer than rows, by what the script asked.
  if (std::holds_alternative<AggregateNode>(plan.node) ||
      std::holds_alternative<MadeNode>(plan.node)) {
    return 0;
  }
  const auto* join = std::get_if<JoinNode>(&plan.node);
  if (join != nullptr && !join->join->KeepsLeftRows()) return kLarge;  // rows may be repeated
  const auto* sample = std::get_if<SampleNode>(&plan.node);
  // What a row becomes, data say.
  if (std::holds_alternative<GenerateNode>(plan.node) || (sample != nullptr && sample->again)) {
    return kLarge;
  }
  if (const auto* expand = std::get_if<ExpandNode>(&plan.node)) {
    return std::min(BytesBehind(*plan.input()) * expand->rows.size(), kLarge);
  }
  uint64_t bytes = 0;
  for (const PlanPtr& input : plan.inputs) bytes = std::min(bytes + BytesBehind(*input), kLarge);
  return bytes;
}

bool IsInOnePart(const Plan& plan) {
  if (const auto* coalesce = std::get_if<CoalesceNode>(&plan.node)) {
    return coalesce->partitions == 1 || IsInOnePart(*plan.input());
  }
  if (const auto* dealt = std::get_if<RepartitionNode>(&plan.node)) return dealt->partitions == 1;
  if (const auto* kept = std::get_if<CheckpointNode>(&plan.node)) return kept->in_one_part;
  if (const auto* range = std::get_if<RangeNode>(&plan.node)) return range->partitions == 1;
  if (const auto* sort = std::get_if<SortNode>(&plan.node)) {
    return !sort->global && IsInOnePart(*plan.input());
  }
  if (const auto* window = std::get_if<WindowNode>(&plan.node)) {
    return window->spec.partition.empty() || IsInOnePart(*plan.input());
  }
  if (const auto* aggregate = std::get_if<AggregateNode>(&plan.node)) {
    return aggregate->aggregate->keys().empty() || IsInOnePart(*plan.input());
  }
  if (std::holds_alternative<DistinctNode>(plan.node)) return IsInOnePart(*plan.input());
  if (std::holds_alternative<LimitNode>(plan.node) ||
      std::holds_alternative<OffsetNode>(plan.node) ||
      std::holds_alternative<TailNode>(plan.node)) {
    return true;
  }
  if (NarrowOperator(plan) == nullptr && !std::holds_alternative<AliasNode>(plan.node)) {
    return false;
  }
  return plan.inputs.size() == 1 && IsInOnePart(*plan.input());
}

bool IsSmall(const Plan& plan) { return BytesBehind(plan) <= kSmallBytesMax; }

}  // namespace soteria::plan
