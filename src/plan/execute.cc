#include "src/plan/execute.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "arrow/builder.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/groups.h"
#include "src/exec/operator.h"
#include "src/exec/partition.h"
#include "src/exec/prefix.h"
#include "src/plan/expressions.h"
#include "src/plan/node.h"
#include "src/plan/rewrite.h"
#include "src/plan/small.h"
#include "src/table/arrow_status.h"
#include "src/table/cut_short.h"
#include "src/table/held_bytes.h"
#include "src/table/ipc.h"
#include "src/table/types.h"
#include "src/table/valid_text.h"

namespace soteria::plan {
namespace {

/// Rows of one partition of local data.
constexpr uint64_t kLocalPartitionRows = 10'000;
// Of larger local data: how many bytes of it travel as one message, and into how many partitions
// at least it is cut.
constexpr uint64_t kLocalPieceBytes = uint64_t{64} << 20;
constexpr uint64_t kLocalPartitions = 64;

dataflow::OperatorBytes Bytes(const exec::Operator& op) {
  return {std::string(op.kind()), op.Encode()};
}

/// The projections and aliases between a limit and the sort of all rows that it is of; nullptr:
/// there is none.
const Plan* SortBelow(const Plan& plan) {
  const Plan* node = &plan;
  while (std::holds_alternative<ProjectNode>(node->node) ||
         std::holds_alternative<AliasNode>(node->node)) {
    node = node->input().get();
  }
  const auto* sort = std::get_if<SortNode>(&node->node);
  return sort != nullptr && sort->global ? node : nullptr;
}

/// Appends what isn't there.
template <class T>
void AddMissing(const std::vector<T>& from, base::Digest T::*name, std::vector<T>& to) {
  for (const T& one : from) {
    const auto same = [&](const T& other) { return other.*name == one.*name; };
    if (std::none_of(to.begin(), to.end(), same)) to.push_back(one);
  }
}

class Lowerer {
 public:
  explicit Lowerer(Runner& runner) : runner_(runner) {}

  base::StatusOr<Lowered> Lower(const Plan& plan) {
    SOTERIA_ASSIGN_OR_RETURN(Lowered lowered, LowerNode(plan));
    const Plan& known = plan.original == nullptr ? plan : *plan.original;
    SOTERIA_RETURN_IF_ERROR(runner_.OnLowered(known, lowered));
    return lowered;
  }

  /// Runs an aggregate without keys (its input lowered first) and returns its row.
  base::StatusOr<std::shared_ptr<arrow::Table>> RunAggregate(const Plan& plan) {
    const auto& node = std::get<AggregateNode>(plan.node);
    SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input()));
    dataflow::StageSpec stage = input.Stage(dataflow::Terminal::kReduce);
    stage.kernel = {"exec.aggregate", node.aggregate->Encode()};
    SOTERIA_ASSIGN_OR_RETURN(dataflow::StageResult result, runner_.Run(stage, nullptr));
    return runner_.FinishAggregate(plan, input, result.root_partial);
  }

 private:
  base::StatusOr<Lowered> LowerNode(const Plan& plan) {
    if (const auto* read = std::get_if<ReadNode>(&plan.node)) return Read(plan, *read);
    if (const auto* local = std::get_if<LocalNode>(&plan.node)) {
      return LocalRows(plan, *local->table);
    }
    if (const auto* made = std::get_if<MadeNode>(&plan.node)) {
      SOTERIA_ASSIGN_OR_RETURN(auto rows, runner_.RowsOf(*made->rows));
      return MadeOfData(*rows);
    }
    if (const auto* kept = std::get_if<CheckpointNode>(&plan.node)) {
      return runner_.BlocksOf(kept->rows);
    }
    if (const auto* range = std::get_if<RangeNode>(&plan.node)) return Range(plan, *range);
    if (std::holds_alternative<AliasNode>(plan.node)) return Lower(*plan.input());
    if (const exec::OperatorPtr op = NarrowOperator(plan); op != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input()));
      return input.With(Bytes(*op), plan.schema);
    }
    if (const auto* transform = std::get_if<TransformNode>(&plan.node)) {
      SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input()));
      return input.With({"ml.transform", transform->transformer->Encode()}, plan.schema);
    }
    if (const auto* aggregate = std::get_if<AggregateNode>(&plan.node)) {
      if (!aggregate->aggregate->keys().empty()) return Groups(plan, *aggregate);
      SOTERIA_ASSIGN_OR_RETURN(auto rows, RunAggregate(plan));
      return MadeOfData(*rows);
    }
    return LowerGather(plan);
  }

  base::StatusOr<Lowered> LowerGather(const Plan& plan) {
    if (const auto* limit = std::get_if<LimitNode>(&plan.node)) {
      return FirstRows(*plan.input(), limit->rows);
    }
    if (const auto* offset = std::get_if<OffsetNode>(&plan.node)) {
      SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input()));
      SOTERIA_ASSIGN_OR_RETURN(const Lowered single, Single(input));
      return single.With(Bytes(*exec::LocalOffset(offset->rows)), plan.schema);
    }
    if (const auto* tail = std::get_if<TailNode>(&plan.node)) {
      SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input()));
      return SingleWith(input, Bytes(*exec::LocalTail(tail->rows)));
    }
    if (const auto* repartition = std::get_if<RepartitionNode>(&plan.node)) {
      return Repartition(plan, *repartition);
    }
    if (const auto* coalesce = std::get_if<CoalesceNode>(&plan.node)) {
      return Coalesce(plan, coalesce->partitions);
    }
    if (const auto* sort = std::get_if<SortNode>(&plan.node)) return Sort(plan, *sort);
    if (const auto* distinct = std::get_if<DistinctNode>(&plan.node)) {
      return Distinct(plan, *distinct);
    }
    if (const auto* window = std::get_if<WindowNode>(&plan.node)) return Window(plan, *window);
    if (std::holds_alternative<UnionNode>(plan.node)) return Union(plan);
    return Join(plan, std::get<JoinNode>(plan.node));
  }

  base::StatusOr<Lowered> Read(const Plan& plan, const ReadNode& read) {
    Lowered lowered;
    lowered.schema = plan.schema;
    lowered.input_bytes = read.source.bytes;
    lowered.recipe = std::visit(
        [&](const auto& where) { return dataflow::MakeRecipe(where, {}, read.source.partitions); },
        read.source.where);
    return lowered;
  }

  /// What is too large for one broadcast comes in several, one after the other.
  base::StatusOr<Lowered> LocalRows(const Plan& plan, const arrow::Table& table) {
    if (table::HeldBytes(table) <= kLocalPieceBytes) return Local(table, kLocalPartitionRows);
    const uint64_t partition_rows =
        std::max(kLocalPartitionRows, static_cast<uint64_t>(table.num_rows()) / kLocalPartitions);
    // Halved until each is small enough, since some rows may be much larger than others.
    std::vector<std::shared_ptr<arrow::Table>> slices{table.Slice(0)};
    std::vector<Lowered> pieces;
    while (!slices.empty()) {
      const std::shared_ptr<arrow::Table> slice = std::move(slices.back());
      slices.pop_back();
      const int64_t rows = slice->num_rows();
      if (rows > 1 && table::HeldBytes(*slice) > kLocalPieceBytes) {
        slices.push_back(slice->Slice(rows / 2));
        slices.push_back(slice->Slice(0, rows / 2));
        continue;
      }
      SOTERIA_ASSIGN_OR_RETURN(pieces.emplace_back(), Local(*slice, partition_rows));
    }
    return OneAfterAnother(plan, pieces);
  }

  /// The partitions of each, those of the first first.
  base::StatusOr<Lowered> OneAfterAnother(const Plan& plan, const std::vector<Lowered>& inputs) {
    dataflow::GatherSource source;
    uint64_t partitions = 0;
    for (const Lowered& input : inputs) {
      source.inputs.push_back({input.recipe, dataflow::Reads::kOffset, partitions, {}});
      partitions += input.recipe->partitions;
    }
    return Gathered(plan, std::move(source), inputs, partitions);
  }

  /// One partition, however many rows: a write makes a file of each partition, and how many files
  /// there are is the script's to see (I3).
  base::StatusOr<Lowered> MadeOfData(const arrow::Table& table) {
    return Local(table, std::numeric_limits<uint64_t>::max());
  }

  base::StatusOr<Lowered> Local(const arrow::Table& table, uint64_t partition_rows) {
    const auto all = static_cast<uint64_t>(table.num_rows());
    if (all / partition_rows >= dataflow::kPartitionsMax) {
      return base::Fail(base::kUnsupported, base::Cat("Local data of ", all, " rows"));
    }
    SOTERIA_ASSIGN_OR_RETURN(std::string ipc, table::ToIpcStream(table));
    SOTERIA_ASSIGN_OR_RETURN(dataflow::BroadcastRef broadcast, runner_.Broadcast(ipc));
    dataflow::LocalSource source;
    source.broadcast = broadcast.digest;
    source.content = runner_.ContentDigest(ipc);
    const auto rows = static_cast<uint64_t>(table.num_rows());
    for (uint64_t end = std::min(rows, partition_rows);;
         end = std::min(rows, end + partition_rows)) {
      source.row_ends.push_back(end);
      if (end == rows) break;
    }
    Lowered lowered;
    lowered.schema = table.schema();
    const uint64_t partitions = source.row_ends.size();
    lowered.recipe = dataflow::MakeRecipe(std::move(source), {}, partitions);
    lowered.broadcasts.push_back(std::move(broadcast));
    lowered.input_bytes = ipc.size();
    return lowered;
  }

  /// Cut as Spark cuts it: partition i begins at number i * rows / partitions.
  base::StatusOr<Lowered> Range(const Plan& plan, const RangeNode& range) {
    const uint64_t rows = exec::RangeRows(range.start, range.end, range.step);
    arrow::Int64Builder firsts;
    arrow::Int64Builder counts;
    const auto cut = [&](uint64_t i) {
      return static_cast<uint64_t>(static_cast<unsigned __int128>(rows) * i / range.partitions);
    };
    for (uint64_t i = 0; i < range.partitions; ++i) {
      const uint64_t first =
          static_cast<uint64_t>(range.start) + cut(i) * static_cast<uint64_t>(range.step);
      const uint64_t count = cut(i + 1) - cut(i);
      SOTERIA_ARROW_RETURN(firsts.Append(static_cast<int64_t>(first)));
      SOTERIA_ARROW_RETURN(counts.Append(static_cast<int64_t>(
          std::min<uint64_t>(count, static_cast<uint64_t>(exec::kRangeRowsMax) + 1))));
    }
    SOTERIA_ARROW_ASSIGN(auto first, firsts.Finish());
    SOTERIA_ARROW_ASSIGN(auto count, counts.Finish());
    const auto schema = arrow::schema(
        {arrow::field("first", arrow::int64()), arrow::field("rows", arrow::int64())});
    SOTERIA_ASSIGN_OR_RETURN(
        const Lowered bounds,
        Local(*arrow::Table::Make(schema, arrow::ArrayVector{first, count}), 1));
    return bounds.With(Bytes(*exec::ExpandRange(range.step)), plan.schema);
  }

  /// Shuffled, unless the same shuffle has run for this plan already.
  base::StatusOr<Lowered> Shuffled(const Lowered& input, uint64_t targets,
                                   const dataflow::OperatorBytes& partitioner) {
    const base::Digest digest = dataflow::ShuffleDigest(*input.recipe, targets, partitioner);
    const auto known = shuffled_.find(digest);
    if (known != shuffled_.end()) return known->second;
    SOTERIA_ASSIGN_OR_RETURN(Lowered lowered, Shuffle(input, targets, partitioner, runner_));
    shuffled_.emplace(digest, lowered);
    return lowered;
  }

  base::StatusOr<Lowered> Single(const Lowered& input) {
    if (input.recipe->partitions == 1) return input;
    return Shuffled(input, 1, {dataflow::kSingle, {}});
  }

  /// What the operator makes of all rows, where it makes the same of what it made of parts of them.
  base::StatusOr<Lowered> SingleWith(const Lowered& input, const dataflow::OperatorBytes& op) {
    const Lowered local = input.With(op, input.schema);
    if (local.recipe->partitions == 1) return local;
    SOTERIA_ASSIGN_OR_RETURN(const Lowered single, Single(local));
    return single.With(op, input.schema);
  }

  /// The first rows of what `plan` gives, in one partition.
  base::StatusOr<Lowered> FirstRows(const Plan& plan, int64_t rows) {
    const auto limit = Bytes(*exec::LocalLimit(rows));
    if (const auto* offset = std::get_if<OffsetNode>(&plan.node)) {
      const int64_t all = rows > INT64_MAX - offset->rows ? INT64_MAX : rows + offset->rows;
      SOTERIA_ASSIGN_OR_RETURN(const Lowered input, FirstRows(*plan.input(), all));
      return input.With(Bytes(*exec::LocalOffset(offset->rows)), plan.schema);
    }
    if (SortBelow(plan) != nullptr) return FirstSorted(plan, limit);
    SOTERIA_ASSIGN_OR_RETURN(const Lowered input, Lower(plan));
    return SingleWith(input, limit);
  }

  /// Each partition's first rows, and the first of those: nothing is exchanged but them.
  base::StatusOr<Lowered> FirstSorted(const Plan& plan, const dataflow::OperatorBytes& limit) {
    if (const auto* sort = std::get_if<SortNode>(&plan.node)) {
      const auto sorted = Bytes(*OperatorOf(*sort));
      SOTERIA_ASSIGN_OR_RETURN(const Lowered input, Lower(*plan.input()));
      SOTERIA_ASSIGN_OR_RETURN(const Lowered single,
                               Single(input.With(sorted, plan.schema).With(limit, plan.schema)));
      return single.With(sorted, plan.schema).With(limit, plan.schema);
    }
    SOTERIA_ASSIGN_OR_RETURN(const Lowered input, FirstSorted(*plan.input(), limit));
    const exec::OperatorPtr op = NarrowOperator(plan);
    return op == nullptr ? input : input.With(Bytes(*op), plan.schema);
  }

  base::StatusOr<Lowered> Repartition(const Plan& plan, const RepartitionNode& node) {
    SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input()));
    const uint64_t targets = node.partitions > 0
                                 ? node.partitions
                                 : std::min(input.recipe->partitions, node.targets_max);
    if (!node.order.empty()) return ByRange(input, node.order, targets);
    if (!node.by.empty()) return ByHash(input, node.by, targets);
    return Shuffled(input, targets, {dataflow::kRoundRobin, {}});
  }

  base::StatusOr<Lowered> ByHash(const Lowered& input, const std::vector<exec::ExprPtr>& keys,
                                 uint64_t targets) {
    return Shuffled(input, targets, {dataflow::kHash, exec::EncodeHashPartitioner(keys)});
  }

  /// The bounds are of data, like the rows: they travel sealed, in the partitioner's bytes.
  base::StatusOr<Lowered> ByRange(const Lowered& input, const std::vector<exec::SortKey>& keys,
                                  uint64_t targets) {
    // What was joined or exchanged isn't made twice, for the sample and for the exchange.
    const bool keep = std::holds_alternative<dataflow::GatherSource>(input.recipe->source);
    if (keep) SOTERIA_RETURN_IF_ERROR(runner_.Keep(input));
    const uint64_t each = exec::kSampledRowsOfAll / input.recipe->partitions;
    const exec::KeySample sample(keys, std::clamp<uint64_t>(each, 1, exec::kSampledRowsMax));
    dataflow::StageSpec stage = input.Stage(dataflow::Terminal::kReduce);
    stage.kernel = {"exec.key_sample", sample.Encode()};
    SOTERIA_ASSIGN_OR_RETURN(const dataflow::StageResult result, runner_.Run(stage, nullptr));
    SOTERIA_ASSIGN_OR_RETURN(std::string bounds, sample.Finish(result.root_partial, targets));
    SOTERIA_ASSIGN_OR_RETURN(Lowered dealt,
                             Shuffled(input, targets, {dataflow::kRange, std::move(bounds)}));
    if (keep) runner_.Drop(input);
    return dealt;
  }

  base::StatusOr<Lowered> Sort(const Plan& plan, const SortNode& sort) {
    SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input()));
    const uint64_t targets = std::min(input.recipe->partitions, sort.targets_max);
    if (input.recipe->partitions > 1 && !sort.keys.empty()) {
      SOTERIA_ASSIGN_OR_RETURN(input, ByRange(input, sort.keys, targets));
    }
    return input.With(Bytes(*OperatorOf(sort)), plan.schema);
  }

  base::StatusOr<Lowered> Distinct(const Plan& plan, const DistinctNode& node) {
    SOTERIA_ASSIGN_OR_RETURN(const Lowered input, Lower(*plan.input()));
    const auto op = Bytes(*exec::Distinct(node.columns));
    const Lowered local = input.With(op, plan.schema);
    if (local.recipe->partitions == 1) return local;
    if (node.columns.empty()) return SingleWith(input, op);
    std::vector<exec::ExprPtr> keys;
    for (const int column : node.columns) {
      keys.push_back(exec::Input(column, {plan.schema->field(column)->name()}));
    }
    SOTERIA_ASSIGN_OR_RETURN(
        const Lowered dealt,
        ByHash(local, keys, std::min(local.recipe->partitions, node.targets_max)));
    return dealt.With(op, plan.schema);
  }

  base::StatusOr<Lowered> Groups(const Plan& plan, const AggregateNode& node) {
    SOTERIA_ASSIGN_OR_RETURN(const Lowered input, Lower(*plan.input()));
    Lowered partial = input.With(Bytes(*exec::PartialGroups(node.aggregate)), nullptr);
    const uint64_t targets = std::min(input.recipe->partitions, node.targets_max);
    if (input.recipe->partitions > 1) {
      SOTERIA_ASSIGN_OR_RETURN(
          partial, Shuffled(partial, targets,
                            {dataflow::kHash,
                             exec::EncodeGroupPartitioner(*node.aggregate, node.targets_max)}));
    }
    const uint64_t places = IsInOnePart(*plan.input()) ? 1 : node.targets_max;
    Lowered groups = partial.With(Bytes(*exec::FinishGroups(node.aggregate, places)), plan.schema);
    SOTERIA_RETURN_IF_ERROR(runner_.OnGroups(plan, input, groups));
    return groups;
  }

  /// Rows of one partition of the windows go to one place; without any, all do.
  base::StatusOr<Lowered> Window(const Plan& plan, const WindowNode& node) {
    SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input()));
    const uint64_t targets = std::min(input.recipe->partitions, node.targets_max);
    if (node.spec.partition.empty()) {
      SOTERIA_ASSIGN_OR_RETURN(input, Single(input));
    } else if (input.recipe->partitions > 1) {
      SOTERIA_ASSIGN_OR_RETURN(input, ByHash(input, node.spec.partition, targets));
    }
    return input.With(Bytes(*exec::Window(node.spec, node.calls)), plan.schema);
  }

  base::StatusOr<Lowered> Coalesce(const Plan& plan, uint64_t groups) {
    SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input()));
    if (groups >= input.recipe->partitions) return input;
    return Gathered(plan, dataflow::GatherRange(input.recipe), {input}, groups);
  }

  /// Inputs that are unions themselves are theirs, so that a union in a loop isn't a deep recipe.
  base::Status AddInputs(const Plan& plan, std::vector<Lowered>& inputs) {
    for (const PlanPtr& input : plan.inputs) {
      if (std::holds_alternative<UnionNode>(input->node)) {
        SOTERIA_RETURN_IF_ERROR(AddInputs(*input, inputs));
      } else {
        SOTERIA_ASSIGN_OR_RETURN(inputs.emplace_back(), Lower(*input));
      }
    }
    return base::OkStatus();
  }

  base::StatusOr<Lowered> Union(const Plan& plan) {
    std::vector<Lowered> inputs;
    SOTERIA_RETURN_IF_ERROR(AddInputs(plan, inputs));
    SOTERIA_ASSIGN_OR_RETURN(const Lowered all, OneAfterAnother(plan, inputs));
    return all.With(Bytes(*exec::As(plan.schema)), plan.schema);
  }

  base::StatusOr<Lowered> Join(const Plan& plan, const JoinNode& node) {
    const exec::Join& join = *node.join;
    SOTERIA_ASSIGN_OR_RETURN(Lowered left, Lower(*plan.inputs[0]));
    SOTERIA_ASSIGN_OR_RETURN(Lowered right, Lower(*plan.inputs[1]));
    using dataflow::Reads;
    Reads left_reads = Reads::kSame;
    Reads right_reads = Reads::kSame;
    uint64_t partitions = left.recipe->partitions;
    const uint64_t most = std::max(left.recipe->partitions, right.recipe->partitions);
    const bool keyed = !join.keys().empty();
    if (most == 1) {
    } else if (join.RightMayBeWhole() && (IsSmall(*plan.inputs[1]) || !keyed)) {
      SOTERIA_ASSIGN_OR_RETURN(right, Single(right));
      right_reads = Reads::kAll;
    } else if (join.LeftMayBeWhole() && (IsSmall(*plan.inputs[0]) || !keyed)) {
      SOTERIA_ASSIGN_OR_RETURN(left, Single(left));
      left_reads = Reads::kAll;
      partitions = right.recipe->partitions;
    } else if (keyed) {
      partitions = std::min(most, node.targets_max);
      SOTERIA_RETURN_IF_ERROR(ByKeys(join, partitions, left, right));
    } else {
      SOTERIA_ASSIGN_OR_RETURN(left, Single(left));
      SOTERIA_ASSIGN_OR_RETURN(right, Single(right));
      partitions = 1;
    }
    dataflow::GatherSource source;
    source.inputs = {{left.recipe, left_reads, 0, {}}, {right.recipe, right_reads, 0, {}}};
    source.combine = {dataflow::kJoinOperator, join.Encode()};
    return Gathered(plan, std::move(source), {left, right}, partitions);
  }

  base::Status ByKeys(const exec::Join& join, uint64_t targets, Lowered& left, Lowered& right) {
    std::vector<exec::ExprPtr> left_keys;
    std::vector<exec::ExprPtr> right_keys;
    for (const exec::JoinKey& key : join.keys()) {
      left_keys.push_back(key.left);
      right_keys.push_back(key.right);
    }
    SOTERIA_ASSIGN_OR_RETURN(left, ByHash(left, left_keys, targets));
    SOTERIA_ASSIGN_OR_RETURN(right, ByHash(right, right_keys, targets));
    return base::OkStatus();
  }

  static base::StatusOr<Lowered> Gathered(const Plan& plan, dataflow::GatherSource source,
                                          const std::vector<Lowered>& inputs, uint64_t partitions) {
    Lowered lowered;
    lowered.schema = plan.schema;
    SOTERIA_ASSIGN_OR_RETURN(lowered.recipe, GatherRecipe(std::move(source), partitions));
    for (const Lowered& input : inputs) {
      AddMissing(input.inputs, &dataflow::ShuffleInput::recipe, lowered.inputs);
      AddMissing(input.broadcasts, &dataflow::BroadcastRef::digest, lowered.broadcasts);
      lowered.input_bytes += input.input_bytes;
    }
    return lowered;
  }

  Runner& runner_;
  std::map<base::Digest, Lowered> shuffled_;
};

struct CanonicalNode {
  base::FieldWriter& out;

  void operator()(const ReadNode& n) const {
    if (const auto* tree = std::get_if<dataflow::TreeSource>(&n.source.where)) {
      out.Add("files").Add(tree->root).Add(tree->id).AddU64(tree->version);
      out.Add(base::View(tree->index)).Add(tree->format).Add(n.source.asked);
      return;
    }
    const auto recipe = std::visit(
        [&](const auto& where) { return dataflow::MakeRecipe(where, {}, n.source.partitions); },
        n.source.where);
    out.Add("read").Add(base::View(recipe->digest));
  }
  void operator()(const LocalNode& n) const {
    if (!n.name.empty()) {
      out.Add("local data").Add(n.name);
      return;
    }
    const auto ipc = table::ToIpcStream(*n.table);
    out.Add("local").Add(ipc.ok() ? *ipc : std::string());
  }
  void operator()(const MadeNode& n) const { out.Add("made").Add(n.name); }
  void operator()(const CheckpointNode& n) const { out.Add("checkpoint").Add(n.name); }
  void operator()(const RangeNode& n) const {
    out.Add("range").AddI64(n.start).AddI64(n.end).AddI64(n.step).AddU64(n.partitions);
  }
  void operator()(const ProjectNode& n) const { Narrow(*exec::Project(n.columns)); }
  void operator()(const FilterNode& n) const { Narrow(*exec::Filter(n.condition)); }
  void operator()(const SortNode& n) const {
    if (n.global) out.Add("global").AddU64(n.targets_max);
    Narrow(*OperatorOf(n));
  }
  void operator()(const SampleNode& n) const { Narrow(*OperatorOf(n)); }
  void operator()(const GenerateNode& n) const { Narrow(*OperatorOf(n)); }
  void operator()(const ExpandNode& n) const { Narrow(*OperatorOf(n)); }
  void operator()(const AliasNode& /*n*/) const {}
  void Narrow(const exec::Operator& op) const { out.Add(op.kind()).Add(op.Encode()); }
  void operator()(const TransformNode& n) const {
    if (!n.name.empty()) {
      out.Add("model").Add(n.name);
    } else {
      out.Add("transform").Add(n.transformer->Encode());
    }
  }
  void operator()(const LimitNode& n) const { out.Add("limit").AddI64(n.rows); }
  void operator()(const OffsetNode& n) const { out.Add("offset").AddI64(n.rows); }
  void operator()(const TailNode& n) const { out.Add("tail").AddI64(n.rows); }
  void operator()(const RepartitionNode& n) const {
    out.Add("repartition").AddU64(n.partitions);
    if (!n.by.empty()) {
      out.Add("by").AddU64(n.targets_max).Add(exec::EncodeHashPartitioner(n.by));
    }
    if (!n.order.empty()) {
      out.Add("by range").AddU64(n.targets_max).Add(exec::LocalSortBy(n.order)->Encode());
    }
  }
  void operator()(const DistinctNode& n) const {
    out.AddU64(n.targets_max);
    Narrow(*exec::Distinct(n.columns));
  }
  void operator()(const WindowNode& n) const {
    out.Add("window").AddU64(n.targets_max);
    Narrow(*exec::Window(n.spec, n.calls));
  }
  void operator()(const UnionNode&) const { out.Add("union"); }
  void operator()(const JoinNode& n) const {
    out.Add("join").AddU64(n.targets_max).Add(n.join->Encode());
  }
  void operator()(const CoalesceNode& n) const { out.Add("coalesce").AddU64(n.partitions); }
  void operator()(const AggregateNode& n) const {
    out.Add(n.summary == nullptr ? "aggregate" : "summary").Add(n.aggregate->Encode());
    if (!n.aggregate->keys().empty()) out.AddU64(n.targets_max);
    if (n.summary == nullptr) return;
    for (const std::string& statistic : n.summary->statistics()) out.Add(statistic);
  }
};

}  // namespace

namespace {

base::StatusOr<PlanPtr> Rewritten(int64_t micros, const Plan& plan, const Runner& runner) {
  SOTERIA_RETURN_IF_ERROR(CheckComplete(plan));
  SOTERIA_ASSIGN_OR_RETURN(const PlanPtr rewritten,
                           Rewrite(std::make_shared<Plan>(plan),
                                   [&runner](const Plan& node) { return runner.IsKept(node); }));
  return AtInstant(rewritten, micros,
                   [&runner](const Plan& node) { return runner.KeptAtMicros(node); });
}

}  // namespace

dataflow::StageSpec Lowered::Stage(dataflow::Terminal terminal) const {
  dataflow::StageSpec spec;
  spec.terminal = terminal;
  spec.recipe = recipe;
  spec.inputs = inputs;
  spec.broadcasts = broadcasts;
  spec.input_bytes = input_bytes;
  return spec;
}

Lowered Lowered::With(dataflow::OperatorBytes op, std::shared_ptr<arrow::Schema> next) const {
  Lowered result = *this;
  auto chain = recipe->chain;
  chain.push_back(std::move(op));
  result.recipe = dataflow::MakeRecipe(recipe->source, std::move(chain), recipe->partitions);
  result.schema = std::move(next);
  return result;
}

base::StatusOr<std::shared_ptr<arrow::Table>> Runner::FinishAggregate(const Plan& plan,
                                                                      const Lowered& /*input*/,
                                                                      std::string_view partial) {
  const auto& node = std::get<AggregateNode>(plan.node);
  SOTERIA_ASSIGN_OR_RETURN(auto rows, node.aggregate->Finish(partial));
  if (node.summary != nullptr) return node.summary->Table(*rows);
  // The aggregate knows nothing of its keys' metadata.
  return arrow::Table::Make(plan.schema, rows->columns(), rows->num_rows());
}

base::StatusOr<std::shared_ptr<arrow::Table>> Runner::RowsOf(const MadeRows&) {
  return base::Fail(base::kInternal, "a plan of rows that nobody makes");
}

base::StatusOr<Lowered> Shuffle(const Lowered& input, uint64_t targets,
                                dataflow::OperatorBytes partitioner, Runner& runner) {
  dataflow::StageSpec stage = input.Stage(dataflow::Terminal::kShuffle);
  stage.targets = targets;
  stage.partitioner = partitioner;
  SOTERIA_ASSIGN_OR_RETURN(dataflow::StageResult result, runner.Run(stage, nullptr));
  Lowered lowered;
  lowered.schema = input.schema;
  lowered.input_bytes = input.input_bytes;
  SOTERIA_ASSIGN_OR_RETURN(
      lowered.recipe,
      GatherRecipe(dataflow::GatherCells(input.recipe, std::move(partitioner)), targets));
  lowered.inputs = {result.shuffle};
  lowered.broadcasts = input.broadcasts;
  AddMissing(input.inputs, &dataflow::ShuffleInput::recipe, lowered.inputs);
  return lowered;
}

base::StatusOr<Lowered> Runner::BlocksOf(const std::shared_ptr<CheckpointedRows>&) {
  return base::Fail(base::kInternal, "a plan of a checkpoint that nobody keeps");
}

base::StatusOr<Lowered> Lower(const Plan& plan, Runner& runner) {
  return LowerAt(runner.NowMicros(), plan, runner);
}

base::StatusOr<Lowered> LowerAt(int64_t micros, const Plan& plan, Runner& runner) {
  SOTERIA_ASSIGN_OR_RETURN(const PlanPtr rewritten, Rewritten(micros, plan, runner));
  return Lowerer(runner).Lower(*rewritten);
}

base::StatusOr<dataflow::RecipePtr> GatherRecipe(dataflow::GatherSource source,
                                                 uint64_t partitions) {
  uint64_t size = 1;
  int depth = 1;
  for (const dataflow::Input& input : source.inputs) {
    const dataflow::Extent extent = dataflow::ExtentOf(input);
    size += extent.size;
    depth = std::max(depth, 1 + extent.depth);
  }
  constexpr std::string_view kInstead = "a checkpoint of what is in between";
  if (depth > dataflow::kRecipeDepthMax) {
    return base::NotSupported(
        base::Cat("A plan of more than ", dataflow::kRecipeDepthMax,
                  " joins with small tables, unions and the like one behind the other"),
        kInstead);
  }
  if (size > dataflow::kRecipeSizeMax || source.inputs.size() > dataflow::kGatherInputsMax) {
    return base::NotSupported(
        base::Cat("A plan that puts together more than ", dataflow::kGatherInputsMax,
                  " tables at once, or ", dataflow::kRecipeSizeMax, " in all"),
        kInstead);
  }
  if (partitions > dataflow::kPartitionsMax) {
    return base::NotSupported(
        base::Cat("A table of more than ", dataflow::kPartitionsMax, " partitions"), "coalesce");
  }
  return dataflow::CheckedRecipe(std::move(source), {}, partitions);
}

base::Status CollectRows(const Plan& asked, Runner& runner,
                         const std::function<base::Status(std::shared_ptr<arrow::Table>)>& sink) {
  SOTERIA_ASSIGN_OR_RETURN(const PlanPtr rewritten, Rewritten(runner.NowMicros(), asked, runner));
  const Plan& plan = *rewritten;
  Lowerer lowerer(runner);
  const auto send = [&sink](std::shared_ptr<arrow::Table> rows) -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(rows, table::ToSparkForm(std::move(rows)));
    SOTERIA_ASSIGN_OR_RETURN(rows, table::WithValidText(std::move(rows)));
    return sink(std::move(rows));
  };
  const auto* aggregate = std::get_if<AggregateNode>(&plan.node);
  if (aggregate != nullptr && aggregate->aggregate->keys().empty()) {
    SOTERIA_ASSIGN_OR_RETURN(auto rows, lowerer.RunAggregate(plan));
    return send(std::move(rows));
  }
  // A limit at the top needs no shuffle: each partition sends at most that many rows.
  const auto* limit = std::get_if<LimitNode>(&plan.node);
  // One of sorted rows, or behind an offset, has a way of its own to them.
  if (limit != nullptr && (SortBelow(*plan.input()) != nullptr ||
                           std::holds_alternative<OffsetNode>(plan.input()->node))) {
    limit = nullptr;
  }
  int64_t left = limit == nullptr ? INT64_MAX : limit->rows;
  const Plan& body = limit == nullptr ? plan : *plan.input();
  SOTERIA_ASSIGN_OR_RETURN(Lowered lowered, lowerer.Lower(body));
  if (limit != nullptr) {
    lowered = lowered.With(Bytes(*exec::LocalTake(limit->rows)), plan.schema);
  }
  auto on_output = [&](uint64_t, std::string ipc) -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(auto rows, table::FromIpcStream(ipc));
    const base::Status cut_short = table::TakeError(&rows);
    if (rows == nullptr) {
      SOTERIA_ARROW_ASSIGN(rows, arrow::Table::MakeEmpty(plan.schema));
    }
    if (rows->num_rows() > left) rows = rows->Slice(0, left);
    left -= rows->num_rows();
    // Partitions come in order: an error counts when the rows before it don't suffice.
    if (left > 0) SOTERIA_RETURN_IF_ERROR(cut_short);
    return send(std::move(rows));
  };
  return runner.Run(lowered.Stage(dataflow::Terminal::kCollect), on_output).status();
}

std::string Canonical(const Plan& plan) {
  base::FieldWriter out;
  const Plan* node = &plan;
  for (; node->inputs.size() == 1; node = node->input().get()) {
    std::visit(CanonicalNode{out}, node->node);
  }
  std::visit(CanonicalNode{out}, node->node);
  for (const PlanPtr& input : node->inputs) {
    // A hint is no part of what a plan computes, but of the order in which its rows come.
    out.AddBool(IsSmall(*input)).Add(Canonical(*input));
  }
  return out.Take();
}

}  // namespace soteria::plan
