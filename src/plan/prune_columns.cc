// Nodes hand on what somebody above them reads.
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "src/exec/join.h"
#include "src/plan/conditions.h"
#include "src/plan/node.h"
#include "src/plan/rewrite.h"
#include "src/plan/scope.h"
#include "src/table/types.h"

namespace soteria::plan {
namespace {

using exec::ExprPtr;
using Places = std::set<int>;

/// A plan with some of the columns of another one: `at` says where each is now, -1 for one that
/// isn't there.
struct Pruned {
  PlanPtr plan;
  std::vector<int> at;

  ExprPtr Now(const ExprPtr& e) const {
    if (e == nullptr) return e;
    return exec::WithPlaces(e, [this](int place) { return at.at(static_cast<size_t>(place)); });
  }
};
using PrunedOr = base::StatusOr<Pruned>;

Places All(const Plan& plan) {
  Places all;
  for (int i = 0; i < plan.schema->num_fields(); ++i) all.insert(i);
  return all;
}

void AddRead(const ExprPtr& e, Places* needed) {
  if (e == nullptr) return;
  for (const int place : exec::PlacesOf(*e)) needed->insert(place);
}

std::vector<int> Same(const Plan& plan) {
  std::vector<int> at(static_cast<size_t>(plan.schema->num_fields()));
  std::iota(at.begin(), at.end(), 0);
  return at;
}

/// The columns at these places alone, in this order.
PlanPtr Only(PlanPtr plan, const std::vector<int>& places) {
  std::vector<exec::NamedExpr> columns;
  arrow::FieldVector fields;
  std::vector<Column> ids;
  for (const int place : places) {
    columns.push_back({std::nullopt, ColumnAt(*plan, place)});
    fields.push_back(plan->schema->field(place));
    ids.push_back(plan->columns[static_cast<size_t>(place)]);
  }
  const bool small = plan->small;
  auto made = MakeNode(ProjectNode{std::move(columns)}, arrow::schema(std::move(fields)),
                       std::move(ids), {std::move(plan)});
  return small ? Small(made) : made;
}

class Pruner {
 public:
  PrunedOr Prune(const PlanPtr& plan, const Places& needed) {
    if (plan->original == nullptr) return Node(plan, needed);
    // What a persisted node gives doesn't depend on who reads it.
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr whole, Whole(plan));
    auto copy = std::make_shared<Plan>(*whole);
    copy->original = plan->original;
    return Pruned{std::move(copy), Same(*plan)};
  }

  /// With all its columns in their order.
  base::StatusOr<PlanPtr> Whole(const PlanPtr& plan) {
    SOTERIA_ASSIGN_OR_RETURN(Pruned all, Node(plan, All(*plan)));
    return all.at == Same(*all.plan) ? all.plan : Only(std::move(all.plan), all.at);
  }

 private:
  PrunedOr Node(const PlanPtr& plan, const Places& needed) {
    if (std::holds_alternative<ReadNode>(plan->node)) return Read(*plan, needed);
    if (plan->inputs.empty()) return Pruned{plan, Same(*plan)};
    if (const auto* project = std::get_if<ProjectNode>(&plan->node)) {
      return Project(*plan, *project, needed);
    }
    if (const auto* aggregate = std::get_if<AggregateNode>(&plan->node)) {
      return Aggregate(*plan, *aggregate);
    }
    if (const auto* join = std::get_if<JoinNode>(&plan->node)) return Join(*plan, *join, needed);
    if (std::holds_alternative<UnionNode>(plan->node)) return Union(*plan, needed);
    if (std::holds_alternative<TransformNode>(plan->node)) return AllOfInput(*plan);
    if (const auto* filter = std::get_if<FilterNode>(&plan->node)) {
      Places read = needed;
      AddRead(filter->condition, &read);
      SOTERIA_ASSIGN_OR_RETURN(Pruned input, Prune(plan->input(), read));
      FilterNode node{input.Now(filter->condition)};
      return Dropped(Over(*plan, std::move(node), std::move(input)), needed);
    }
    return MovesRows(*plan, needed);
  }

  /// A node whose columns are its input's.
  static Pruned Over(const Plan& plan, decltype(Plan::node) node, Pruned input) {
    auto copy = std::make_shared<Plan>(plan);
    copy->node = std::move(node);
    copy->schema = input.plan->schema;
    std::vector<Column> columns(input.plan->columns.size());
    for (size_t i = 0; i < input.at.size(); ++i) {
      if (input.at[i] >= 0) columns[static_cast<size_t>(input.at[i])] = plan.columns[i];
    }
    copy->columns = std::move(columns);
    copy->inputs = {std::move(input.plan)};
    return {std::move(copy), std::move(input.at)};
  }

  /// Without the columns that nobody above reads; one that nobody reads stays, for rows are counted
  /// by columns wherever they move.
  static Pruned Dropped(Pruned rows, const Places& needed) {
    if (needed.empty()) return rows;
    std::vector<int> kept;
    std::vector<int> at(rows.at.size(), -1);
    for (const int place : needed) {
      const int now = rows.at[static_cast<size_t>(place)];
      at[static_cast<size_t>(place)] = static_cast<int>(kept.size());
      kept.push_back(now);
    }
    if (kept.size() >= static_cast<size_t>(rows.plan->schema->num_fields())) return rows;
    return {Only(std::move(rows.plan), kept), std::move(at)};
  }

  PrunedOr Read(const Plan& plan, const Places& needed) {
    const Source& all = std::get<ReadNode>(plan.node).source;
    const auto columns = static_cast<size_t>(plan.schema->num_fields());
    if (!ReadsByName(all) || needed.size() == columns || columns == 0) {
      return Pruned{std::make_shared<Plan>(plan), Same(plan)};
    }
    Places read = needed;
    const auto stored = [&](int place) { return IsStored(all, *plan.schema->field(place)); };
    if (std::none_of(read.begin(), read.end(), stored)) {
      const int cheapest = Cheapest(plan, stored);
      if (cheapest < 0) return Pruned{std::make_shared<Plan>(plan), Same(plan)};
      read.insert(cheapest);
    }
    Pruned pruned{nullptr, std::vector<int>(columns, -1)};
    auto copy = std::make_shared<Plan>(plan);
    copy->columns.clear();
    arrow::FieldVector fields;
    arrow::FieldVector of_source;
    for (const int place : read) {
      pruned.at[static_cast<size_t>(place)] = static_cast<int>(fields.size());
      fields.push_back(plan.schema->field(place));
      of_source.push_back(all.schema->field(place));
      copy->columns.push_back(plan.columns[static_cast<size_t>(place)]);
    }
    copy->schema = arrow::schema(std::move(fields), plan.schema->metadata());
    Source some = all;
    some.schema = arrow::schema(std::move(of_source), all.schema->metadata());
    SOTERIA_RETURN_IF_ERROR(SetColumns(&some));
    copy->node = ReadNode{std::move(some)};
    pruned.plan = std::move(copy);
    return pruned;
  }

  /// Whether the other columns of a file need nobody to read them, and none are left out yet. A
  /// line of text is parsed whole, and ORC files may have their columns by place.
  static bool ReadsByName(const Source& source) {
    if (const auto* data = std::get_if<dataflow::DatasetSource>(&source.where)) {
      return data->columns.empty();
    }
    const auto* tree = std::get_if<dataflow::TreeSource>(&source.where);
    return tree != nullptr && tree->format == "parquet" && !tree->schema.empty();
  }

  /// Whether files hold the column: the names of folders say the others.
  static bool IsStored(const Source& source, const arrow::Field& field) {
    const auto* tree = std::get_if<dataflow::TreeSource>(&source.where);
    return tree == nullptr ||
           std::find(tree->keys.begin(), tree->keys.end(), field.name()) == tree->keys.end();
  }

  /// Has it read the columns of its schema.
  static base::Status SetColumns(Source* source) {
    if (auto* data = std::get_if<dataflow::DatasetSource>(&source->where)) {
      for (const auto& field : source->schema->fields()) data->columns.push_back(field->name());
      return base::OkStatus();
    }
    auto& tree = std::get<dataflow::TreeSource>(source->where);
    SOTERIA_ASSIGN_OR_RETURN(tree.schema, table::SparkSchemaJson(*source->schema));
    return base::OkStatus();
  }

  /// The column that rows are counted by; -1: there is none.
  template <class May>
  static int Cheapest(const Plan& plan, const May& may) {
    const auto bits = [](const arrow::Field& field) {
      const auto* fixed = dynamic_cast<const arrow::FixedWidthType*>(field.type().get());
      return fixed == nullptr ? INT32_MAX : fixed->bit_width();
    };
    int best = -1;
    for (int i = 0; i < plan.schema->num_fields(); ++i) {
      if (!may(i)) continue;
      if (best < 0 || bits(*plan.schema->field(i)) < bits(*plan.schema->field(best))) best = i;
    }
    return best;
  }

  PrunedOr Project(const Plan& plan, const ProjectNode& project, const Places& needed) {
    Places read;
    for (const int place : needed) AddRead(project.columns[static_cast<size_t>(place)].expr, &read);
    SOTERIA_ASSIGN_OR_RETURN(Pruned input, Prune(plan.input(), read));
    Pruned pruned{nullptr, std::vector<int>(project.columns.size(), -1)};
    auto copy = std::make_shared<Plan>(plan);
    copy->columns.clear();
    arrow::FieldVector fields;
    ProjectNode node;
    for (const int place : needed) {
      const auto at = static_cast<size_t>(place);
      exec::NamedExpr column = project.columns[at];
      column.expr = input.Now(column.expr);
      pruned.at[at] = static_cast<int>(fields.size());
      fields.push_back(plan.schema->field(place));
      copy->columns.push_back(plan.columns[at]);
      node.columns.push_back(std::move(column));
    }
    if (needed.empty()) {
      node.columns.push_back({"_row", exec::Literal(true)});
      fields.push_back(arrow::field("_row", arrow::boolean(), false));
      copy->columns.emplace_back();
    }
    copy->node = std::move(node);
    copy->schema = arrow::schema(std::move(fields));
    copy->inputs = {std::move(input.plan)};
    pruned.plan = std::move(copy);
    return pruned;
  }

  PrunedOr Aggregate(const Plan& plan, const AggregateNode& node) {
    Places read;
    for (const exec::GroupKey& key : node.aggregate->keys()) AddRead(key.expr, &read);
    for (const exec::AggregateCall& call : node.aggregate->calls()) {
      AddRead(call.arg, &read);
      AddRead(call.weight, &read);
      AddRead(call.where, &read);
      for (const ExprPtr& e : call.rest) AddRead(e, &read);
    }
    SOTERIA_ASSIGN_OR_RETURN(const Pruned input, Prune(plan.input(), read));
    std::vector<exec::GroupKey> keys = node.aggregate->keys();
    for (exec::GroupKey& key : keys) key.expr = input.Now(key.expr);
    std::vector<exec::AggregateCall> calls = node.aggregate->calls();
    for (exec::AggregateCall& call : calls) {
      call.arg = input.Now(call.arg);
      call.weight = input.Now(call.weight);
      call.where = input.Now(call.where);
      for (ExprPtr& e : call.rest) e = input.Now(e);
    }
    SOTERIA_ASSIGN_OR_RETURN(
        auto aggregate,
        exec::Aggregate::Make(std::move(calls), *input.plan->schema, std::move(keys)));
    auto copy = std::make_shared<Plan>(plan);
    copy->node = AggregateNode{std::make_shared<const exec::Aggregate>(std::move(aggregate)),
                               node.summary, node.targets_max};
    copy->inputs = {input.plan};
    return Pruned{std::move(copy), Same(plan)};
  }

  PrunedOr Join(const Plan& plan, const JoinNode& node, const Places& needed) {
    const exec::JoinKind kind = node.join->kind();
    const int lefts = plan.inputs[0]->schema->num_fields();
    const int rights = plan.inputs[1]->schema->num_fields();
    const bool whole = kind == exec::JoinKind::kIntersectAll || kind == exec::JoinKind::kExceptAll;
    Places both = needed;
    // The column that says whether there is a match is none of the right's.
    if (kind == exec::JoinKind::kExistence) both.erase(lefts);
    const ExprPtr condition = ConditionOf(*node.join, lefts);
    AddRead(condition, &both);
    Places of_left;
    Places of_right;
    for (const int place : both) {
      if (place < lefts) of_left.insert(place);
      if (place >= lefts) of_right.insert(place - lefts);
    }
    if (whole) of_left = All(*plan.inputs[0]);
    if (whole) of_right = All(*plan.inputs[1]);
    SOTERIA_ASSIGN_OR_RETURN(Pruned left, Prune(plan.inputs[0], of_left));
    SOTERIA_ASSIGN_OR_RETURN(Pruned right, Prune(plan.inputs[1], of_right));
    const int left_now = left.plan->schema->num_fields();
    Pruned all{nullptr, left.at};
    for (int i = 0; i < rights; ++i) {
      const int at = right.at[static_cast<size_t>(i)];
      all.at.push_back(at < 0 ? -1 : left_now + at);
    }
    auto copy = std::make_shared<Plan>(plan);
    if (!whole) {
      SOTERIA_ASSIGN_OR_RETURN(
          auto join,
          exec::Join::Make(kind, all.Now(condition), *left.plan->schema, *right.plan->schema));
      copy->schema = join.OutputSchema(*left.plan->schema, *right.plan->schema);
      copy->node = JoinNode{std::make_shared<const exec::Join>(std::move(join)), node.targets_max};
    }
    if (kind == exec::JoinKind::kExistence) {
      all.at.resize(static_cast<size_t>(lefts));
      all.at.push_back(left_now);
    } else if (node.join->KeepsLeftRows()) {
      all.at.resize(static_cast<size_t>(lefts));
    }
    copy->columns.assign(static_cast<size_t>(copy->schema->num_fields()), Column{});
    for (size_t i = 0; i < all.at.size(); ++i) {
      if (all.at[i] >= 0) copy->columns[static_cast<size_t>(all.at[i])] = plan.columns[i];
    }
    copy->inputs = {std::move(left.plan), std::move(right.plan)};
    all.plan = std::move(copy);
    return Dropped(std::move(all), needed);
  }

  PrunedOr Union(const Plan& plan, const Places& needed) {
    if (needed.empty() && plan.schema->num_fields() > 0) {
      return Union(plan, {Cheapest(plan, [](int) { return true; })});
    }
    auto copy = std::make_shared<Plan>(plan);
    copy->inputs.clear();
    for (const PlanPtr& input : plan.inputs) {
      SOTERIA_ASSIGN_OR_RETURN(Pruned pruned, Prune(input, needed));
      std::vector<int> places;
      for (const int place : needed) places.push_back(pruned.at[static_cast<size_t>(place)]);
      const bool same = places == Same(*pruned.plan);
      copy->inputs.push_back(same ? pruned.plan : Only(std::move(pruned.plan), places));
    }
    std::vector<int> at(plan.columns.size(), -1);
    arrow::FieldVector fields;
    std::vector<Column> columns;
    for (const int place : needed) {
      at[static_cast<size_t>(place)] = static_cast<int>(fields.size());
      fields.push_back(plan.schema->field(place));
      columns.push_back(plan.columns[static_cast<size_t>(place)]);
    }
    copy->schema = arrow::schema(std::move(fields));
    copy->columns = std::move(columns);
    return Pruned{std::move(copy), std::move(at)};
  }

  /// A node whose columns follow from all of its input's.
  PrunedOr AllOfInput(const Plan& plan) {
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr input, WholeInput(plan));
    auto copy = std::make_shared<Plan>(plan);
    copy->inputs = {std::move(input)};
    return Pruned{std::move(copy), Same(plan)};
  }

  base::StatusOr<PlanPtr> WholeInput(const Plan& plan) {
    SOTERIA_ASSIGN_OR_RETURN(Pruned input, Prune(plan.input(), All(*plan.input())));
    return input.at == Same(*input.plan) ? input.plan : Only(std::move(input.plan), input.at);
  }

  /// Nodes that give rows of their input, or all of them in another order.
  PrunedOr MovesRows(const Plan& plan, const Places& needed) {
    Places read = needed;
    const auto* sort = std::get_if<SortNode>(&plan.node);
    // A sort without keys is by all columns.
    if (sort != nullptr && sort->keys.empty()) return AllOfInput(plan);
    const auto* repartition = std::get_if<RepartitionNode>(&plan.node);
    const auto* distinct = std::get_if<DistinctNode>(&plan.node);
    if (sort != nullptr) {
      for (const exec::SortKey& key : sort->keys) AddRead(key.expr, &read);
    }
    if (repartition != nullptr) {
      for (const ExprPtr& key : repartition->by) AddRead(key, &read);
      for (const exec::SortKey& key : repartition->order) AddRead(key.expr, &read);
    }
    if (distinct != nullptr) read.insert(distinct->columns.begin(), distinct->columns.end());
    const bool known = sort != nullptr || repartition != nullptr || distinct != nullptr ||
                       std::holds_alternative<AliasNode>(plan.node) ||
                       std::holds_alternative<LimitNode>(plan.node) ||
                       std::holds_alternative<OffsetNode>(plan.node) ||
                       std::holds_alternative<TailNode>(plan.node) ||
                       std::holds_alternative<SampleNode>(plan.node) ||
                       std::holds_alternative<CoalesceNode>(plan.node);
    if (!known) return AllOfInput(plan);
    SOTERIA_ASSIGN_OR_RETURN(Pruned input, Prune(plan.input(), read));
    auto node = plan.node;
    if (auto* its = std::get_if<SortNode>(&node); its != nullptr) {
      for (exec::SortKey& key : its->keys) key.expr = input.Now(key.expr);
    }
    if (auto* its = std::get_if<RepartitionNode>(&node); its != nullptr) {
      for (ExprPtr& key : its->by) key = input.Now(key);
      for (exec::SortKey& key : its->order) key.expr = input.Now(key.expr);
    }
    if (auto* its = std::get_if<DistinctNode>(&node); its != nullptr) {
      for (int& column : its->columns) column = input.at[static_cast<size_t>(column)];
    }
    return Over(plan, std::move(node), std::move(input));
  }
};

}  // namespace

base::StatusOr<PlanPtr> PruneColumns(const PlanPtr& plan) {
  SOTERIA_ASSIGN_OR_RETURN(Pruned pruned, Pruner().Prune(plan, All(*plan)));
  if (pruned.at == Same(*pruned.plan)) return pruned.plan;
  return Only(std::move(pruned.plan), pruned.at);
}

}  // namespace soteria::plan
