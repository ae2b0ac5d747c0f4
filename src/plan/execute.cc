#include "src/plan/execute.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/exec/operator.h"
#include "src/exec/prefix.h"
#include "src/table/arrow_status.h"
#include "src/table/cut_short.h"
#include "src/table/ipc.h"
#include "src/table/types.h"
#include "src/table/valid_text.h"

namespace soteria::plan {
namespace {

/// Rows of one partition of local data.
constexpr uint64_t kLocalPartitionRows = 10'000;

dataflow::OperatorBytes Bytes(const exec::Operator& op) {
  return {std::string(op.kind()), op.Encode()};
}

class Lowerer {
 public:
  explicit Lowerer(Runner& runner) : runner_(runner) {}

  base::StatusOr<Lowered> Lower(const Plan& plan) {
    SOTERIA_ASSIGN_OR_RETURN(Lowered lowered, LowerNode(plan));
    SOTERIA_RETURN_IF_ERROR(runner_.OnLowered(plan, lowered));
    return lowered;
  }

 private:
  base::StatusOr<Lowered> LowerNode(const Plan& plan) {
    if (const auto* read = std::get_if<ReadNode>(&plan.node)) return Read(plan, *read);
    if (const auto* local = std::get_if<LocalNode>(&plan.node)) {
      return Local(*local->table, kLocalPartitionRows);
    }
    if (const auto* made = std::get_if<MadeNode>(&plan.node)) {
      SOTERIA_ASSIGN_OR_RETURN(auto rows, runner_.RowsOf(*made->rows));
      return MadeOfData(*rows);
    }
    if (std::holds_alternative<AliasNode>(plan.node)) return Lower(*plan.input);
    if (const exec::OperatorPtr op = NarrowOperator(plan); op != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input));
      return input.With(Bytes(*op), plan.schema);
    }
    if (const auto* transform = std::get_if<TransformNode>(&plan.node)) {
      SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input));
      return input.With({"ml.transform", transform->transformer->Encode()}, plan.schema);
    }
    if (const auto* limit = std::get_if<LimitNode>(&plan.node)) return Limit(plan, limit->rows);
    if (const auto* repartition = std::get_if<RepartitionNode>(&plan.node)) {
      SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input));
      return Shuffle(input, repartition->partitions, {dataflow::kRoundRobin, {}}, runner_);
    }
    if (const auto* coalesce = std::get_if<CoalesceNode>(&plan.node)) {
      return Coalesce(plan, coalesce->partitions);
    }
    SOTERIA_ASSIGN_OR_RETURN(auto rows, RunAggregate(plan, runner_));
    return MadeOfData(*rows);
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

  /// One partition, however many rows: a write makes a file of each partition, and how many files
  /// there are is the script's to see (I3).
  base::StatusOr<Lowered> MadeOfData(const arrow::Table& table) {
    return Local(table, std::numeric_limits<uint64_t>::max());
  }

  base::StatusOr<Lowered> Local(const arrow::Table& table, uint64_t partition_rows) {
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

  base::StatusOr<Lowered> Limit(const Plan& plan, int64_t rows) {
    SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input));
    const auto op = Bytes(*exec::LocalLimit(rows));
    Lowered local = input.With(op, plan.schema);
    if (local.recipe->partitions == 1) return local;
    SOTERIA_ASSIGN_OR_RETURN(Lowered single, Shuffle(local, 1, {dataflow::kSingle, {}}, runner_));
    return single.With(op, plan.schema);
  }

  base::StatusOr<Lowered> Coalesce(const Plan& plan, uint64_t groups) {
    SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input));
    if (groups >= input.recipe->partitions) return input;
    Lowered lowered = input;
    dataflow::CoalesceSource source;
    source.parent = input.recipe;
    source.groups = groups;
    SOTERIA_ASSIGN_OR_RETURN(lowered.recipe,
                             dataflow::CheckedRecipe(std::move(source), {}, groups));
    return lowered;
  }

  Runner& runner_;
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
    const auto ipc = table::ToIpcStream(*n.table);
    out.Add("local").Add(ipc.ok() ? *ipc : std::string());
  }
  void operator()(const MadeNode& n) const { out.Add("made").Add(n.name); }
  void operator()(const ProjectNode& n) const { Narrow(*exec::Project(n.columns)); }
  void operator()(const FilterNode& n) const { Narrow(*exec::Filter(n.condition)); }
  void operator()(const SortNode& n) const {
    Narrow(n.keys.empty() ? *exec::LocalSort() : *exec::LocalSortBy(n.keys));
  }
  void operator()(const SampleNode& n) const {
    Narrow(*exec::Sample(n.lower, n.upper, false, n.seed));
  }
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
  void operator()(const RepartitionNode& n) const { out.Add("repartition").AddU64(n.partitions); }
  void operator()(const CoalesceNode& n) const { out.Add("coalesce").AddU64(n.partitions); }
  void operator()(const AggregateNode& n) const {
    out.Add(n.summary == nullptr ? "aggregate" : "summary").Add(n.aggregate->Encode());
    if (n.summary == nullptr) return;
    for (const std::string& statistic : n.summary->statistics()) out.Add(statistic);
  }
};

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
  return node.summary == nullptr ? rows : node.summary->Table(*rows);
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
  dataflow::ShuffleSource source;
  source.parent = input.recipe;
  source.targets = targets;
  source.partitioner = std::move(partitioner);
  Lowered lowered;
  lowered.schema = input.schema;
  lowered.input_bytes = input.input_bytes;
  // A script may chain more of them than a recipe may be deep.
  SOTERIA_ASSIGN_OR_RETURN(lowered.recipe, dataflow::CheckedRecipe(std::move(source), {}, targets));
  lowered.inputs = input.inputs;
  lowered.broadcasts = input.broadcasts;
  lowered.inputs.push_back(result.shuffle);
  return lowered;
}

base::StatusOr<Lowered> Lower(const Plan& plan, Runner& runner) {
  return Lowerer(runner).Lower(plan);
}

base::StatusOr<std::shared_ptr<arrow::Table>> RunAggregate(const Plan& plan, Runner& runner) {
  const auto& node = std::get<AggregateNode>(plan.node);
  SOTERIA_ASSIGN_OR_RETURN(Lowered input, Lower(*plan.input, runner));
  dataflow::StageSpec stage = input.Stage(dataflow::Terminal::kReduce);
  stage.kernel = {"exec.aggregate", node.aggregate->Encode()};
  SOTERIA_ASSIGN_OR_RETURN(dataflow::StageResult result, runner.Run(stage, nullptr));
  return runner.FinishAggregate(plan, input, result.root_partial);
}

base::Status CollectRows(const Plan& plan, Runner& runner,
                         const std::function<base::Status(std::shared_ptr<arrow::Table>)>& sink) {
  const auto send = [&sink](std::shared_ptr<arrow::Table> rows) -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(rows, table::ToSparkForm(std::move(rows)));
    SOTERIA_ASSIGN_OR_RETURN(rows, table::WithValidText(std::move(rows)));
    return sink(std::move(rows));
  };
  if (std::holds_alternative<AggregateNode>(plan.node)) {
    SOTERIA_ASSIGN_OR_RETURN(auto rows, RunAggregate(plan, runner));
    return send(std::move(rows));
  }
  // A limit at the top needs no shuffle: each partition sends at most that many rows.
  const auto* limit = std::get_if<LimitNode>(&plan.node);
  int64_t left = limit == nullptr ? INT64_MAX : limit->rows;
  const Plan& body = limit == nullptr ? plan : *plan.input;
  SOTERIA_ASSIGN_OR_RETURN(Lowered lowered, Lower(body, runner));
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
  for (const Plan* node = &plan; node != nullptr; node = node->input.get()) {
    std::visit(CanonicalNode{out}, node->node);
  }
  return out.Take();
}

}  // namespace soteria::plan
