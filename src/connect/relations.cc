#include "src/connect/relations.h"

#include <arrow/type.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/catalog.h"
#include "src/connect/errors.h"
#include "src/connect/expressions.h"
#include "src/connect/match_schema.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_nodes.h"
#include "src/connect/types.h"
#include "src/connect/unsupported.h"
#include "src/connect/windows.h"
#include "src/exec/catalogue.h"
#include "src/exec/conditions.h"
#include "src/exec/generate.h"
#include "src/exec/operator.h"
#include "src/exec/window_expression.h"
#include "src/plan/scope.h"
#include "src/table/number_column.h"

namespace soteria::connect {
namespace {

using spark::connect::Relation;

constexpr base::Condition kQualifyWindow = {"QUALIFY_REQUIRES_WINDOW_FUNCTION",
                                            base::exception_class::kAnalysis, "42903",
                                            absl::StatusCode::kInvalidArgument};

constexpr base::Condition kColumnExists = {"COLUMN_ALREADY_EXISTS",
                                           base::exception_class::kAnalysis, "42711",
                                           absl::StatusCode::kInvalidArgument};

/// randomSplit's and sample's, when the client sent none.
constexpr int64_t kDefaultSeed = 0;

base::StatusOr<std::vector<std::string>> Strings(
    const google::protobuf::RepeatedPtrField<std::string>& strings) {
  if (static_cast<size_t>(strings.size()) > exec::kOperatorColumnsMax) {
    return base::Fail(base::kAnalysis, "Too many column names");
  }
  return std::vector<std::string>(strings.begin(), strings.end());
}

/// Sort on every column of the input, ascending, nulls first: what randomSplit asks for.
bool IsSortOnAllColumns(const std::vector<exec::SortKey>& keys, const plan::Plan& input) {
  if (static_cast<int>(keys.size()) != input.schema->num_fields()) return false;
  for (size_t i = 0; i < keys.size(); ++i) {
    const bool plain = keys[i].ascending && keys[i].nulls_first && exec::IsInput(*keys[i].expr);
    if (!plain || keys[i].expr->ordinal != static_cast<int>(i)) return false;
  }
  return true;
}

bool IsGlobal(const spark::connect::Sort& sort) {
  return !sort.has_is_global() || sort.is_global();
}

template <class List>
std::vector<const google::protobuf::Message*> AllOf(const List& list) {
  std::vector<const google::protobuf::Message*> messages;
  for (const auto& one : list) messages.push_back(&one);
  return messages;
}

/// The input's columns as they are.
std::vector<exec::NamedExpr> AllColumns(const plan::Plan& input) {
  std::vector<exec::NamedExpr> columns;
  for (int i = 0; i < input.schema->num_fields(); ++i) {
    columns.push_back({std::nullopt, plan::ColumnAt(input, i)});
  }
  return columns;
}

}  // namespace

RelationConverter::RelationConverter(SessionState& state, For whom)
    : state_(state), whom_(whom), builder_(state.session().builder()) {
  builder_.set_targets_max(state.config().ShufflePartitions());
}

exec::SortKey SortKeyOf(const spark::connect::Expression_SortOrder& order, exec::ExprPtr expr) {
  using Order = spark::connect::Expression::SortOrder;
  const bool ascending = order.direction() != Order::SORT_DIRECTION_DESCENDING;
  const bool nulls_first = order.null_ordering() == Order::SORT_NULLS_UNSPECIFIED
                               ? ascending
                               : order.null_ordering() == Order::SORT_NULLS_FIRST;
  return {std::move(expr), ascending, nulls_first};
}

base::StatusOr<plan::PlanPtr> RelationConverter::Convert(const Relation& relation) {
  SOTERIA_ASSIGN_OR_RETURN(plan::PlanPtr plan, Resolve(relation));
  return plan::WithoutAliases(std::move(plan));
}

RelationConverter::PlanOr RelationConverter::Resolve(const Relation& relation) {
  if (depth_ >= kRelationDepthMax) {
    return base::Fail(base::kAnalysis, "The plan is nested too deeply");
  }
  if (++nodes_ > kRelationNodesMax) {
    return base::Fail(base::kAnalysis, "The plan has too many relations");
  }
  ++depth_;
  auto resolved = ResolveNode(relation);
  --depth_;
  // Views hold plans of their own, so that the message alone doesn't bound it.
  if (resolved.ok() && (*resolved)->depth > plan::kDepthMax) {
    return base::Fail(base::kAnalysis,
                      base::Cat("The plan with its views is nested too deeply: more than ",
                                plan::kDepthMax, " steps"));
  }
  if (!resolved.ok() || !relation.common().has_plan_id()) return resolved;
  const plan::PlanPtr tagged = plan::Tagged(*resolved, relation.common().plan_id());
  if (const Groups* groups = GroupsOf(*resolved); groups != nullptr) {
    Groups same = *groups;
    same.plan = tagged;
    groups_.emplace(tagged.get(), std::move(same));
  }
  return tagged;
}

RelationConverter::PlanOr RelationConverter::ResolveNode(const Relation& relation) {
  switch (relation.rel_type_case()) {
    case Relation::kRead:
      return Read(relation.read());
    case Relation::kLocalRelation:
      return Local(relation.local_relation());
    case Relation::kProject:
      return Project(relation.project());
    case Relation::kFilter:
      return Filter(relation.filter());
    case Relation::kToDf:
      return ToDf(relation.to_df());
    case Relation::kWithColumns:
      return WithColumns(relation.with_columns());
    case Relation::kWithColumnsRenamed:
      return Rename(relation.with_columns_renamed());
    case Relation::kDrop:
      return Drop(relation.drop());
    case Relation::kLimit: {
      SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(relation.limit().input()));
      return builder_.Limit(std::move(input), relation.limit().limit());
    }
    case Relation::kSample:
      return Sample(relation.sample());
    case Relation::kSort:
      return Sort(relation.sort());
    case Relation::kRepartition:
      return Repartition(relation.repartition());
    case Relation::kRepartitionByExpression:
      return RepartitionBy(relation.repartition_by_expression());
    case Relation::kAggregate:
      return Aggregate(relation.aggregate());
    case Relation::kDescribe:
      return Describe(relation.describe());
    case Relation::kSummary:
      return Summary(relation.summary());
    case Relation::kApproxQuantile:
      return ApproxQuantile(relation.approx_quantile());
    case Relation::kSubqueryAlias: {
      SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(relation.subquery_alias().input()));
      return builder_.Alias(std::move(input), relation.subquery_alias().alias());
    }
    case Relation::kToSchema:
      return ToSchema(relation.to_schema());
    case Relation::kDropNa:
      return DropMissing(relation.drop_na());
    case Relation::kFillNa:
      return FillMissing(relation.fill_na());
    case Relation::kReplace:
      return Replace(relation.replace());
    case Relation::kHint:
      return Hint(relation.hint());
    case Relation::kMlRelation:
      return Ml(relation.ml_relation());
    case Relation::kSql:
      return Sql(relation.sql());
    case Relation::kWithRelations:
      return WithRelations(relation.with_relations());
    default:
      return ResolveSeveral(relation);
  }
}

RelationConverter::PlanOr RelationConverter::ResolveSeveral(const Relation& relation) {
  switch (relation.rel_type_case()) {
    case Relation::kOffset: {
      SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(relation.offset().input()));
      return builder_.Offset(std::move(input), relation.offset().offset());
    }
    case Relation::kTail: {
      SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(relation.tail().input()));
      return builder_.Tail(std::move(input), relation.tail().limit());
    }
    case Relation::kJoin:
      return Join(relation.join());
    case Relation::kLateralJoin:
      return LateralJoin(relation.lateral_join());
    case Relation::kSetOp:
      return SetOperation(relation.set_op());
    case Relation::kDeduplicate:
      return Deduplicate(relation.deduplicate());
    case Relation::kUnpivot:
      return Unpivot(relation.unpivot());
    case Relation::kSampleBy:
      return SampleBy(relation.sample_by());
    case Relation::kCrosstab:
      return Crosstab(relation.crosstab());
    case Relation::kCorr:
      return Correlation(relation.corr());
    case Relation::kCov:
      return Covariance(relation.cov());
    case Relation::kFreqItems:
      return FrequentItems(relation.freq_items());
    case Relation::kTranspose:
      return Transpose(relation.transpose());
    case Relation::kUnresolvedTableValuedFunction:
      return TableFunction(relation.unresolved_table_valued_function());
    case Relation::kRange:
      return Range(relation.range());
    case Relation::kCollectMetrics:
      return Observe(relation.collect_metrics());
    case Relation::kCachedRemoteRelation:
      return Checkpointed(relation.cached_remote_relation());
    case Relation::kCachedLocalRelation:
      return CachedLocal(relation.cached_local_relation());
    case Relation::kChunkedCachedLocalRelation:
      return ChunkedLocal(relation.chunked_cached_local_relation());
    case Relation::kCatalog:
      return RunCatalog(relation.catalog(), state_);
    default:
      return RefuseRelation(relation);
  }
}

RelationConverter::PlanOr RelationConverter::Filter(const spark::connect::Filter& filter) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(filter.input()));
  ExpressionPtr parsed;
  if (filter.condition().has_expression_string()) {
    SOTERIA_ASSIGN_OR_RETURN(
        parsed,
        ParseSqlItem(filter.condition().expression_string().expression(), state_.config().Zone()));
  }
  const spark::connect::Expression& text = parsed == nullptr ? filter.condition() : *parsed;
  if (IsInternal(text, kSqlQualify)) return Qualify(text, input);
  if (IsInternal(text, kSqlLimit) || IsInternal(text, kSqlOffset)) {
    return RowsCounted(text, std::move(input));
  }
  if (const Groups* groups = GroupsOf(input);
      groups != nullptr && (groups->sql || CallsAggregate(text))) {
    return FilterGroups(text, *groups);
  }
  SOTERIA_ASSIGN_OR_RETURN(input, WithTimeWindow(std::move(input), {&text}));
  SOTERIA_ASSIGN_OR_RETURN(input, WindowFirst(std::move(input)));
  plan::Scope scope(input, plan::Scope::Missing::kAdd);
  SOTERIA_ASSIGN_OR_RETURN(auto condition, OverWithSubqueries(scope).Convert(text));
  SOTERIA_RETURN_IF_ERROR(CheckNoWindowInClause(*condition, "WHERE"));
  SOTERIA_RETURN_IF_ERROR(CheckCondition(*condition));
  SOTERIA_ASSIGN_OR_RETURN(auto wider, scope.Input(builder_));
  SOTERIA_ASSIGN_OR_RETURN(auto kept, FilterRows(std::move(wider), condition));
  if (!scope.added()) return kept;
  return builder_.Project(std::move(kept), AllColumns(*input));
}

/// Rows by a condition over windows of theirs, which may name columns of the select and others.
RelationConverter::PlanOr RelationConverter::Qualify(const spark::connect::Expression& qualify,
                                                     const plan::PlanPtr& input) {
  const auto& arguments = qualify.unresolved_function().arguments();
  if (arguments.size() != 2) return base::Fail(base::kAnalysis, "QUALIFY takes one condition");
  // Of groups only the columns may be named.
  using Missing = plan::Scope::Missing;
  plan::Scope scope(input, GroupsOf(input) == nullptr ? Missing::kAdd : Missing::kRefuse);
  SOTERIA_ASSIGN_OR_RETURN(auto condition, OverWithSubqueries(scope).Convert(arguments[0]));
  SOTERIA_RETURN_IF_ERROR(CheckCondition(*condition));
  if (!arguments[1].literal().boolean() && !exec::HasWindow(*condition)) {
    return base::Fail(kQualifyWindow,
                      "The QUALIFY clause requires at least one window function in the current "
                      "SELECT list or the QUALIFY condition.");
  }
  SOTERIA_ASSIGN_OR_RETURN(auto wider, scope.Input(builder_));
  SOTERIA_ASSIGN_OR_RETURN(WithWindows taken, TakeWindows(builder_, std::move(wider),
                                                          {{std::nullopt, std::move(condition)}}));
  SOTERIA_ASSIGN_OR_RETURN(auto kept, FilterRows(std::move(taken.plan), taken.columns[0].expr));
  return builder_.Project(std::move(kept), AllColumns(*input));
}

RelationConverter::PlanOr RelationConverter::ToDf(const spark::connect::ToDF& to_df) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(to_df.input()));
  SOTERIA_ASSIGN_OR_RETURN(const auto names, Strings(to_df.column_names()));
  std::vector<exec::NamedExpr> columns = AllColumns(*input);
  if (columns.size() != names.size()) {
    return base::Fail(
        exec::kArityMismatch,
        base::Cat("The number of columns or variables assigned or aliased: ", columns.size(),
                  " does not match the number of source expressions: ", names.size(), "."));
  }
  for (size_t i = 0; i < names.size(); ++i) columns[i].name = names[i];
  return builder_.Project(std::move(input), std::move(columns));
}

RelationConverter::PlanOr RelationConverter::Project(const spark::connect::Project& project) {
  if (!project.has_input() && project.expressions_size() > 0 &&
      IsInternal(project.expressions(0), kSqlRow)) {
    return Rows(project.expressions());
  }
  if (project.expressions_size() == 1 && IsInternal(project.expressions(0), kSqlLateralView)) {
    return LateralView(project);
  }
  if (project.expressions_size() == 1 && IsInternal(project.expressions(0), kSqlBoundary)) {
    return Bounded(project);
  }
  SOTERIA_ASSIGN_OR_RETURN(auto input, project.has_input() ? Resolve(project.input()) : OneRow());
  SOTERIA_ASSIGN_OR_RETURN(input, WithTimeWindow(std::move(input), AllOf(project.expressions())));
  plan::Scope scope(input);
  SOTERIA_ASSIGN_OR_RETURN(SelectList list, Select(project.expressions(), scope));
  if (HasGenerator(list)) return Generated(std::move(input), std::move(list), {}, false);
  std::vector<exec::NamedExpr> columns = std::move(list.columns);
  const bool aggregates = std::any_of(columns.begin(), columns.end(), [](const auto& column) {
    return HasAggregate(*column.expr);
  });
  if (aggregates) return AggregateColumns(std::move(input), std::move(columns), {});
  return ProjectRows(std::move(input), std::move(columns));
}

RelationConverter::PlanOr RelationConverter::WithColumns(const spark::connect::WithColumns& with) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(with.input()));
  std::vector<exec::NamedExpr> columns = AllColumns(*input);
  SOTERIA_ASSIGN_OR_RETURN(input, WithTimeWindow(std::move(input), AllOf(with.aliases())));
  plan::Scope scope(input);
  const ExpressionConverter converter = OverWithSubqueries(scope);
  std::vector<std::string> names;
  for (const auto& alias : with.aliases()) {
    SOTERIA_ASSIGN_OR_RETURN(auto column, converter.ConvertAlias(alias));
    if (HasAggregate(*column.expr)) return MissingGroupBy();
    const std::string name = NameOf(column);
    if (std::any_of(names.begin(), names.end(), [&name](const std::string& other) {
          return base::EqualIgnoringCase(other, name);
        })) {
      return base::Fail(kColumnExists,
                        base::Cat("The column `", base::Lower(name),
                                  "` already exists. Choose another name or rename the existing "
                                  "column."));
    }
    names.push_back(name);
    scope.Define(name);
    bool replaced = false;  // every column of that name is
    for (int i = 0; i < input->schema->num_fields(); ++i) {
      if (input->columns[static_cast<size_t>(i)].hidden ||
          !base::EqualIgnoringCase(input->schema->field(i)->name(), name)) {
        continue;
      }
      columns[static_cast<size_t>(i)] = column;
      replaced = true;
    }
    if (!replaced) columns.push_back(std::move(column));
  }
  SOTERIA_ASSIGN_OR_RETURN(SelectList list, ListOf(std::move(columns)));
  if (HasGenerator(list)) return Generated(std::move(input), std::move(list), {}, false);
  return ProjectRows(std::move(input), std::move(list.columns));
}

RelationConverter::PlanOr RelationConverter::Rename(
    const spark::connect::WithColumnsRenamed& rename) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(rename.input()));
  std::vector<std::pair<std::string, std::string>> names;
  for (const auto& pair : rename.renames()) {
    names.emplace_back(pair.col_name(), pair.new_col_name());
  }
  if (names.empty()) {
    names.assign(rename.rename_columns_map().begin(), rename.rename_columns_map().end());
    std::sort(names.begin(), names.end());
  }
  std::vector<exec::NamedExpr> columns = AllColumns(*input);
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string name = input->schema->field(static_cast<int>(i))->name();
    for (const auto& [from, to] : names) {
      if (!base::EqualIgnoringCase(name, from)) continue;
      name = to;
      columns[i].name = to;
    }
  }
  return builder_.Project(std::move(input), std::move(columns));
}

/// Names are whole names, as they are; a column that isn't one of the input's drops nothing.
RelationConverter::PlanOr RelationConverter::Drop(const spark::connect::Drop& drop) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(drop.input()));
  SOTERIA_ASSIGN_OR_RETURN(const auto names, Strings(drop.column_names()));
  const plan::Scope scope(input);
  std::vector<plan::ColumnId> dropped;
  for (const auto& column : drop.columns()) {
    if (!column.has_unresolved_attribute()) continue;
    const auto& attribute = column.unresolved_attribute();
    SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(attribute.unparsed_identifier()));
    std::optional<int64_t> tag;
    if (attribute.has_plan_id()) tag = attribute.plan_id();
    SOTERIA_ASSIGN_OR_RETURN(const auto ordinal, scope.Find(parts, tag));
    if (ordinal.has_value()) {
      dropped.push_back(input->columns[static_cast<size_t>(*ordinal)].id);
    }
  }
  std::vector<exec::NamedExpr> columns;
  for (int i = 0; i < input->schema->num_fields(); ++i) {
    const plan::ColumnId id = input->columns[static_cast<size_t>(i)].id;
    const bool gone = std::find(dropped.begin(), dropped.end(), id) != dropped.end() ||
                      std::any_of(names.begin(), names.end(), [&](const std::string& name) {
                        return base::EqualIgnoringCase(name, input->schema->field(i)->name());
                      });
    if (!gone) columns.push_back({std::nullopt, plan::ColumnAt(*input, i)});
  }
  return builder_.Project(std::move(input), std::move(columns));
}

RelationConverter::PlanOr RelationConverter::Sample(const spark::connect::Sample& sample) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(sample.input()));
  return builder_.Sample(
      std::move(input), sample.lower_bound(), sample.upper_bound(), sample.with_replacement(),
      sample.has_seed() ? sample.seed() : kDefaultSeed, sample.deterministic_order());
}

RelationConverter::PlanOr RelationConverter::Sort(const spark::connect::Sort& sort) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(sort.input()));
  if (GroupsOf(input) == nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(input, WithTimeWindow(std::move(input), AllOf(sort.order())));
    SOTERIA_ASSIGN_OR_RETURN(input, WindowFirst(std::move(input)));
  }
  SOTERIA_ASSIGN_OR_RETURN(Sorting sorting, SortingOf(sort, input));
  const bool global = IsGlobal(sort);
  if (!global && IsSortOnAllColumns(sorting.keys, *input)) sorting.keys.clear();
  const bool wider = sorting.input != input;
  SOTERIA_ASSIGN_OR_RETURN(
      auto sorted, global ? builder_.GlobalSort(std::move(sorting.input), std::move(sorting.keys))
                          : builder_.Sort(std::move(sorting.input), std::move(sorting.keys)));
  if (!wider) return sorted;
  return builder_.Project(std::move(sorted), AllColumns(*input));
}

base::Status CheckPartitions(int64_t partitions) {
  if (partitions > 0) return base::OkStatus();
  return base::Fail(base::kIllegalArgument, base::Cat("requirement failed: Number of partitions (",
                                                      partitions, ") must be positive."));
}

RelationConverter::PlanOr RelationConverter::Repartition(
    const spark::connect::Repartition& repartition) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(repartition.input()));
  SOTERIA_RETURN_IF_ERROR(CheckPartitions(repartition.num_partitions()));
  const bool shuffle = !repartition.has_shuffle() || repartition.shuffle();
  return shuffle ? builder_.Repartition(std::move(input), repartition.num_partitions())
                 : builder_.Coalesce(std::move(input), repartition.num_partitions());
}

RelationConverter::PlanOr RelationConverter::RepartitionBy(
    const spark::connect::RepartitionByExpression& repartition) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(repartition.input()));
  if (repartition.has_num_partitions()) {
    SOTERIA_RETURN_IF_ERROR(CheckPartitions(repartition.num_partitions()));
  }
  if (repartition.partition_exprs_size() == 0 && !repartition.has_num_partitions()) return input;
  return RepartitionBy(std::move(input), repartition.partition_exprs(),
                       repartition.num_partitions());
}

RelationConverter::PlanOr RelationConverter::RepartitionBy(plan::PlanPtr input,
                                                           const Expressions& by,
                                                           int64_t partitions) {
  if (by.empty()) return builder_.Repartition(std::move(input), partitions);
  plan::Scope scope(input, plan::Scope::Missing::kAdd);
  const ExpressionConverter converter = Over(scope);
  std::vector<exec::ExprPtr> keys;
  std::vector<exec::SortKey> order;
  for (const auto& expression : by) {
    if (expression.has_sort_order()) {
      SOTERIA_ASSIGN_OR_RETURN(auto expr, converter.Convert(expression.sort_order().child()));
      order.push_back(SortKeyOf(expression.sort_order(), std::move(expr)));
    } else {
      SOTERIA_ASSIGN_OR_RETURN(keys.emplace_back(), converter.Convert(expression));
    }
  }
  for (const exec::ExprPtr& key : keys) {
    SOTERIA_RETURN_IF_ERROR(CheckNoWindow(*key, "RepartitionByExpression"));
  }
  SOTERIA_ASSIGN_OR_RETURN(plan::PlanPtr rows, scope.Input(builder_));
  const auto own = [&](PlanOr moved) -> PlanOr {
    if (!moved.ok() || !scope.added()) return moved;
    return builder_.Project(*std::move(moved), AllColumns(*input));
  };
  if (order.empty()) {
    return own(builder_.RepartitionBy(std::move(rows), std::move(keys), partitions));
  }
  for (exec::ExprPtr& key : keys) order.push_back({std::move(key), true, true});
  for (const exec::SortKey& key : order) {
    SOTERIA_RETURN_IF_ERROR(CheckNoWindow(*key.expr, "RepartitionByExpression"));
  }
  return own(builder_.RepartitionByRange(std::move(rows), std::move(order), partitions));
}

RelationConverter::PlanOr RelationConverter::ToSchema(const spark::connect::ToSchema& to) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(to.input()));
  SOTERIA_ASSIGN_OR_RETURN(auto schema, SchemaOf(to.schema()));
  SOTERIA_ASSIGN_OR_RETURN(auto columns, MatchSchema(*input->schema, *schema, [&](int index) {
                             return plan::ColumnAt(*input, index);
                           }));
  for (exec::NamedExpr& column : columns) {
    column.expr = exec::InZone(column.expr, state_.config().Zone());
  }
  return builder_.Project(std::move(input), std::move(columns));
}

}  // namespace soteria::connect
