#include "src/plan/logical.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/conditions.h"
#include "src/exec/constant.h"
#include "src/exec/partition.h"
#include "src/plan/execute.h"
#include "src/plan/node.h"
#include "src/plan/scope.h"
#include "src/plan/small.h"
#include "src/plan/stored.h"
#include "src/table/types.h"

namespace soteria::plan {
namespace {

constexpr size_t kPathsMax = 64;
constexpr int64_t kPartitionsMax = 65536;

base::Status Check(const exec::OperatorPtr& op, const Plan& input) {
  return op->OutputSchema(*input.schema).status();
}

base::Status CheckPartitions(int64_t partitions) {
  if (partitions >= 1 && partitions <= kPartitionsMax) return base::OkStatus();
  return base::Fail(base::kIllegalArgument,
                    base::Cat("Invalid number of partitions (", partitions,
                              "): it must be positive and at most ", kPartitionsMax));
}

/// What a stage says of columns that it writes is made of what it learnt, or of what it was told of
/// other columns.
std::shared_ptr<arrow::Schema> WithNewMetadataMarked(const Plan& input,
                                                     const arrow::Schema& schema) {
  arrow::FieldVector fields = schema.fields();
  for (int i = 0; i < schema.num_fields(); ++i) {
    const bool kept = i < input.schema->num_fields() && schema.field(i) == input.schema->field(i);
    auto& field = fields[static_cast<size_t>(i)];
    if (!kept) field = table::MarkedMetadata(field);
  }
  return arrow::schema(std::move(fields), schema.metadata());
}

}  // namespace

PlanPtr MakeNode(decltype(Plan::node) node, std::shared_ptr<arrow::Schema> schema,
                 std::vector<Column> columns, std::vector<PlanPtr> inputs) {
  auto plan = std::make_shared<Plan>();
  plan->node = std::move(node);
  plan->schema = std::move(schema);
  plan->columns = std::move(columns);
  for (const PlanPtr& input : inputs) {
    plan->size += input->size;
    plan->depth = std::max(plan->depth, input->depth + 1);
  }
  plan->inputs = std::move(inputs);
  return plan;
}

PlanPtr MakeOver(decltype(Plan::node) node, PlanPtr input) {
  auto schema = input->schema;
  auto columns = input->columns;
  return MakeNode(std::move(node), std::move(schema), std::move(columns), {std::move(input)});
}

base::StatusOr<PlanPtr> Builder::Read(const std::vector<std::string>& paths,
                                      const std::string& format, const ReadOptions& options) {
  if (paths.empty() || paths.size() > kPathsMax) {
    return base::Fail(base::kIllegalArgument, base::Cat("read.", format, " takes 1 to ", kPathsMax,
                                                        " paths, not ", paths.size()));
  }
  SOTERIA_ASSIGN_OR_RETURN(Source source, catalog_.Resolve(paths, format, options));
  if (source.partitions == 0 || source.partitions > dataflow::kPartitionsMax) {
    return base::Fail(base::kUnsupported, base::Cat("reading a folder of more files than ",
                                                    dataflow::kPartitionsMax, ", or of none"));
  }
  auto schema = table::MarkedMetadata(*source.schema);  // a job may have written them of data
  auto columns = NewColumns(*schema);
  return MakeNode(ReadNode{std::move(source)}, std::move(schema), std::move(columns), {});
}

base::StatusOr<PlanPtr> Builder::Local(std::shared_ptr<arrow::Table> table, std::string name) {
  auto schema = table->schema();
  auto columns = NewColumns(*schema);
  return MakeNode(LocalNode{std::move(table), std::move(name)}, std::move(schema),
                  std::move(columns), {});
}

PlanPtr Builder::Made(MadeNode made, std::shared_ptr<arrow::Schema> schema) {
  schema = table::MarkedMetadata(*schema);
  auto columns = NewColumns(*schema);
  return MakeNode(std::move(made), std::move(schema), std::move(columns), {});
}

PlanPtr Builder::Checkpoint(const Plan& plan, std::string name,
                            std::shared_ptr<CheckpointedRows> rows) {
  CheckpointNode node{std::move(name), std::move(rows), {}, BytesBehind(plan), IsInOnePart(plan)};
  auto stored = StoredColumns(plan);
  node.stored = stored.ok() ? *std::move(stored) : std::vector<bool>(plan.columns.size(), false);
  return MakeNode(std::move(node), plan.schema, plan.columns, {});
}

std::vector<Column> Builder::NewColumns(const arrow::Schema& schema) {
  std::vector<Column> columns;
  for (int i = 0; i < schema.num_fields(); ++i) columns.push_back({next_id_++});
  return columns;
}

base::StatusOr<PlanPtr> Builder::Project(PlanPtr input, std::vector<exec::NamedExpr> columns) {
  SOTERIA_ASSIGN_OR_RETURN(auto schema, exec::Project(columns)->OutputSchema(*input->schema));
  std::vector<Column> ids;
  for (const exec::NamedExpr& column : columns) {
    const bool passes =
        !column.name.has_value() && column.metadata.empty() && exec::IsInput(*column.expr);
    ids.push_back(passes ? input->columns.at(static_cast<size_t>(column.expr->ordinal))
                         : Column{next_id_++});
    ids.back().hidden = false;
  }
  return MakeNode(ProjectNode{std::move(columns)}, std::move(schema), std::move(ids),
                  {std::move(input)});
}

base::StatusOr<PlanPtr> Builder::Filter(PlanPtr input, exec::ExprPtr condition) {
  SOTERIA_RETURN_IF_ERROR(Check(exec::Filter(condition), *input));
  return MakeOver(FilterNode{std::move(condition)}, std::move(input));
}

base::StatusOr<PlanPtr> Builder::Sort(PlanPtr input, std::vector<exec::SortKey> keys) {
  SOTERIA_RETURN_IF_ERROR(Check(exec::LocalSortBy(keys), *input));
  return MakeOver(SortNode{std::move(keys)}, std::move(input));
}

PlanPtr Builder::Alias(PlanPtr input, std::string name) {
  auto columns = input->columns;
  for (Column& column : columns) column.qualifier = name;
  auto schema = input->schema;
  return MakeNode(AliasNode{std::move(name)}, std::move(schema), std::move(columns),
                  {std::move(input)});
}

// A transformer hands on the very fields of the columns that it leaves as they are; a column that
// it writes is a field that it made, however like the one in its place.
std::vector<Column> Builder::ColumnsAfter(const Plan& input, const arrow::Schema& schema) {
  std::vector<Column> columns = NewColumns(schema);
  for (int i = 0; i < std::min(schema.num_fields(), input.schema->num_fields()); ++i) {
    if (schema.field(i) != input.schema->field(i)) continue;
    columns[static_cast<size_t>(i)] = input.columns[static_cast<size_t>(i)];
  }
  return columns;
}

base::StatusOr<PlanPtr> Builder::Transform(PlanPtr input,
                                           std::shared_ptr<const ml::Transformer> transformer) {
  SOTERIA_ASSIGN_OR_RETURN(auto schema, transformer->OutputSchema(*input->schema));
  if (table::HasMarkedMetadata(*input->schema)) schema = WithNewMetadataMarked(*input, *schema);
  auto columns = ColumnsAfter(*input, *schema);
  return MakeNode(TransformNode{std::move(transformer)}, std::move(schema), std::move(columns),
                  {std::move(input)});
}

base::StatusOr<PlanPtr> Builder::TransformBy(PlanPtr input,
                                             std::shared_ptr<const ml::Transformer> model,
                                             std::string name) {
  SOTERIA_ASSIGN_OR_RETURN(auto schema, model->OutputSchema(*input->schema));
  schema = WithNewMetadataMarked(*input, *schema);
  auto columns = ColumnsAfter(*input, *schema);
  return MakeNode(TransformNode{std::move(model), std::move(name)}, std::move(schema),
                  std::move(columns), {std::move(input)});
}

base::StatusOr<PlanPtr> Builder::Limit(PlanPtr input, int64_t rows) {
  if (rows < 0) {
    return base::Fail(
        exec::kNegativeLimit,
        base::Cat(
            "The limit like expression \"", rows,
            "\" is invalid. The limit expression must be equal to or greater than 0, but got ",
            rows, "."));
  }
  return MakeOver(LimitNode{rows}, std::move(input));
}

base::StatusOr<PlanPtr> Builder::Sample(PlanPtr input, double lower, double upper,
                                        bool with_replacement, int64_t seed,
                                        bool deterministic_order) {
  constexpr double kSlack = 1e-6;  // Spark's RandomSampler.roundingEpsilon
  if (!with_replacement &&
      !(lower >= -kSlack && upper <= 1.0 + kSlack && lower <= upper + kSlack)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("Sampling bounds must satisfy 0 <= lower <= upper <= 1, but got ",
                                lower, " and ", upper));
  }
  if (deterministic_order) {
    SOTERIA_ASSIGN_OR_RETURN(input, Sort(std::move(input), {}));
  }
  SampleNode node{lower, upper, seed, with_replacement};
  SOTERIA_RETURN_IF_ERROR(Check(OperatorOf(node), *input));
  return MakeOver(node, std::move(input));
}

exec::OperatorPtr OperatorOf(const SortNode& sort) {
  return sort.keys.empty() ? exec::LocalSort() : exec::LocalSortBy(sort.keys);
}
exec::OperatorPtr OperatorOf(const GenerateNode& generate) {
  return exec::Generate(generate.generator, generate.kept, generate.names);
}
exec::OperatorPtr OperatorOf(const ExpandNode& expand) {
  return exec::Expand(expand.rows, expand.names);
}
exec::OperatorPtr OperatorOf(const SampleNode& sample) {
  if (sample.again) return exec::SampleAgain(sample.upper - sample.lower, sample.seed);
  return exec::Sample(sample.lower, sample.upper, false, sample.seed);
}

base::StatusOr<PlanPtr> Builder::GlobalSort(PlanPtr input, std::vector<exec::SortKey> keys) {
  SOTERIA_RETURN_IF_ERROR(Check(exec::LocalSortBy(keys), *input));
  const bool draws = std::any_of(keys.begin(), keys.end(), [](const exec::SortKey& key) {
    return exec::IsNondeterministic(*key.expr);
  });
  if (!draws) return MakeOver(SortNode{std::move(keys), true, targets_max_}, std::move(input));
  // A key that is drawn is a column while the rows are sorted.
  std::vector<exec::NamedExpr> columns;
  for (int i = 0; i < input->schema->num_fields(); ++i)
    columns.push_back({std::nullopt, ColumnAt(*input, i)});
  const std::vector<exec::NamedExpr> own = columns;
  for (exec::SortKey& key : keys) {
    const std::string name = base::Cat("_sort", columns.size());
    columns.push_back({name, key.expr});
    key.expr = exec::Input(static_cast<int>(columns.size()) - 1, {name});
  }
  SOTERIA_ASSIGN_OR_RETURN(PlanPtr drawn, Project(std::move(input), std::move(columns)));
  return Project(MakeOver(SortNode{std::move(keys), true, targets_max_}, std::move(drawn)), own);
}

base::StatusOr<PlanPtr> Builder::Offset(PlanPtr input, int64_t rows) {
  if (rows < 0) {
    return base::Fail(exec::kNegativeLimit,
                      base::Cat("The limit like expression \"", rows,
                                "\" is invalid. The offset expression must be equal to or greater "
                                "than 0, but got ",
                                rows, "."));
  }
  return MakeOver(OffsetNode{rows}, std::move(input));
}

base::StatusOr<PlanPtr> Builder::Tail(PlanPtr input, int64_t rows) {
  if (rows < 0) {
    return base::Fail(exec::kNegativeLimit,
                      base::Cat("The limit like expression \"", rows,
                                "\" is invalid. The limit expression must be equal to or greater "
                                "than 0, but got ",
                                rows, "."));
  }
  return MakeOver(TailNode{rows}, std::move(input));
}

base::StatusOr<PlanPtr> Builder::Repartition(PlanPtr input, int64_t partitions) {
  SOTERIA_RETURN_IF_ERROR(CheckPartitions(partitions));
  return MakeOver(RepartitionNode{static_cast<uint64_t>(partitions)}, std::move(input));
}

base::StatusOr<PlanPtr> Builder::RepartitionBy(PlanPtr input, std::vector<exec::ExprPtr> keys,
                                               int64_t partitions) {
  if (partitions != 0) SOTERIA_RETURN_IF_ERROR(CheckPartitions(partitions));
  for (const exec::ExprPtr& key : keys) {
    SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*key, *input->schema));
    SOTERIA_RETURN_IF_ERROR(exec::CheckKey(*field));
    if (exec::IsNondeterministic(*key)) {
      return base::NotSupported("A repartition by a random key", "repartition(n)");
    }
  }
  return MakeOver(
      RepartitionNode{static_cast<uint64_t>(partitions), std::move(keys), {}, targets_max_},
      std::move(input));
}

base::StatusOr<PlanPtr> Builder::RepartitionByRange(PlanPtr input, std::vector<exec::SortKey> keys,
                                                    int64_t partitions) {
  if (partitions != 0) SOTERIA_RETURN_IF_ERROR(CheckPartitions(partitions));
  SOTERIA_RETURN_IF_ERROR(Check(exec::LocalSortBy(keys), *input));
  for (const exec::SortKey& key : keys) {
    if (exec::IsNondeterministic(*key.expr)) {
      return base::NotSupported("A repartition by a random key", "repartition(n)");
    }
  }
  return MakeOver(
      RepartitionNode{static_cast<uint64_t>(partitions), {}, std::move(keys), targets_max_},
      std::move(input));
}

base::StatusOr<PlanPtr> Builder::Coalesce(PlanPtr input, int64_t partitions) {
  SOTERIA_RETURN_IF_ERROR(CheckPartitions(partitions));
  return MakeOver(CoalesceNode{static_cast<uint64_t>(partitions)}, std::move(input));
}

base::StatusOr<PlanPtr> Builder::Aggregate(PlanPtr input, std::vector<exec::AggregateCall> calls,
                                           std::vector<exec::GroupKey> keys) {
  SOTERIA_ASSIGN_OR_RETURN(auto aggregate,
                           exec::Aggregate::Make(std::move(calls), *input->schema, keys));
  auto shared = std::make_shared<const exec::Aggregate>(std::move(aggregate));
  arrow::FieldVector fields = shared->output_schema()->fields();
  for (size_t k = 0; k < keys.size(); ++k) {  // a key that is a column keeps its metadata
    if (keys[k].expr->kind != exec::Expr::Kind::kColumn) continue;
    SOTERIA_ASSIGN_OR_RETURN(const auto its, exec::TypeOf(*keys[k].expr, *input->schema));
    if (its->HasMetadata()) fields[k] = fields[k]->WithMetadata(its->metadata());
  }
  auto schema = arrow::schema(std::move(fields));
  std::vector<Column> columns = NewColumns(*schema);
  for (size_t k = 0; k < keys.size(); ++k) {
    if (keys[k].name.has_value() || !exec::IsInput(*keys[k].expr)) continue;
    columns[k] = input->columns.at(static_cast<size_t>(keys[k].expr->ordinal));
  }
  return MakeNode(AggregateNode{std::move(shared), nullptr, targets_max_}, std::move(schema),
                  std::move(columns), {std::move(input)});
}

base::StatusOr<PlanPtr> Builder::Window(PlanPtr input, exec::WindowSpec spec,
                                        std::vector<exec::WindowCall> calls) {
  SOTERIA_ASSIGN_OR_RETURN(auto schema, exec::Window(spec, calls)->OutputSchema(*input->schema));
  std::vector<Column> columns = input->columns;
  while (columns.size() < static_cast<size_t>(schema->num_fields())) {
    columns.push_back({next_id_++});
  }
  return MakeNode(WindowNode{std::move(spec), std::move(calls), targets_max_}, std::move(schema),
                  std::move(columns), {std::move(input)});
}

base::StatusOr<PlanPtr> Builder::Summary(PlanPtr input, std::vector<std::string> statistics) {
  SOTERIA_ASSIGN_OR_RETURN(auto made, exec::Summary::Make(std::move(statistics), *input->schema));
  auto summary = std::make_shared<const exec::Summary>(std::move(made));
  auto calls = summary->Calls();
  if (calls.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(auto names, summary->Table(*exec::OneEmptyRow()));
    return Local(std::move(names));
  }
  SOTERIA_ASSIGN_OR_RETURN(auto aggregate, exec::Aggregate::Make(std::move(calls), *input->schema));
  auto schema = summary->schema();
  auto columns = NewColumns(*schema);
  return MakeNode(AggregateNode{std::make_shared<const exec::Aggregate>(std::move(aggregate)),
                                std::move(summary)},
                  std::move(schema), std::move(columns), {std::move(input)});
}

PlanPtr Tagged(const PlanPtr& plan, int64_t tag) {
  auto tagged = std::make_shared<Plan>(*plan);
  tagged->tags.push_back(tag);
  return tagged;
}

namespace {

PlanPtr WithoutTags(const PlanPtr& plan, std::map<const Plan*, PlanPtr>& known) {
  const auto found = known.find(plan.get());
  if (found != known.end()) return found->second;
  auto copy = std::make_shared<Plan>(*plan);
  copy->tags.clear();
  for (PlanPtr& input : copy->inputs) input = WithoutTags(input, known);
  known.emplace(plan.get(), copy);
  return copy;
}

}  // namespace

PlanPtr Untagged(const PlanPtr& plan) {
  std::map<const Plan*, PlanPtr> known;
  return WithoutTags(plan, known);
}

PlanPtr Observed(const PlanPtr& plan, Observation observation) {
  auto observed = std::make_shared<Plan>(*plan);
  observed->observations.push_back(std::move(observation));
  return observed;
}

namespace {

void Observations(const Plan& plan, std::set<const Plan*>& seen, std::vector<Observation>* out) {
  if (!seen.insert(&plan).second) return;
  for (const PlanPtr& input : plan.inputs) Observations(*input, seen, out);
  for (const Observation& one : plan.observations) {
    const bool known = std::any_of(out->begin(), out->end(), [&](const Observation& other) {
      return other.name == one.name && other.metrics == one.metrics;
    });
    if (!known) out->push_back(one);
  }
}

}  // namespace

std::vector<Observation> ObservationsIn(const PlanPtr& plan) {
  std::set<const Plan*> seen;
  std::vector<Observation> out;
  Observations(*plan, seen, &out);
  return out;
}

PlanPtr Small(const PlanPtr& plan) {
  auto small = std::make_shared<Plan>(*plan);
  small->small = true;
  return small;
}

PlanPtr WithoutAliases(PlanPtr plan) {
  while (std::holds_alternative<AliasNode>(plan->node)) plan = plan->input();
  return plan;
}

exec::OperatorPtr NarrowOperator(const Plan& plan) {
  if (const auto* project = std::get_if<ProjectNode>(&plan.node)) {
    return exec::Project(project->columns);
  }
  if (const auto* filter = std::get_if<FilterNode>(&plan.node)) {
    return exec::Filter(filter->condition);
  }
  if (const auto* sort = std::get_if<SortNode>(&plan.node); sort != nullptr && !sort->global) {
    return OperatorOf(*sort);
  }
  if (const auto* sample = std::get_if<SampleNode>(&plan.node)) {
    return OperatorOf(*sample);
  }
  if (const auto* generate = std::get_if<GenerateNode>(&plan.node)) {
    return OperatorOf(*generate);
  }
  if (const auto* expand = std::get_if<ExpandNode>(&plan.node)) {
    return OperatorOf(*expand);
  }
  return nullptr;
}

bool SameSemantics(const Plan& a, const Plan& b) { return Canonical(a) == Canonical(b); }

}  // namespace soteria::plan
