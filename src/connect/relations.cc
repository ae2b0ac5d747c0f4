#include "src/connect/relations.h"

#include <arrow/type.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/aggregates.h"
#include "src/connect/errors.h"
#include "src/connect/expressions.h"
#include "src/connect/types.h"
#include "src/exec/operator.h"

namespace soteria::connect {
namespace {

using spark::connect::Relation;

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
bool IsSortOnAllColumns(const spark::connect::Sort& sort, const arrow::Schema& schema) {
  if (sort.order_size() != schema.num_fields()) return false;
  for (int i = 0; i < sort.order_size(); ++i) {
    const auto& order = sort.order(i);
    if (ExpressionConverter::WrittenName(order.child()) != schema.field(i)->name()) return false;
    if (order.direction() == spark::connect::Expression::SortOrder::SORT_DIRECTION_DESCENDING ||
        order.null_ordering() == spark::connect::Expression::SortOrder::SORT_NULLS_LAST) {
      return false;
    }
  }
  return true;
}

base::Status Refuse(const Relation& relation) {
  const auto* field = Relation::descriptor()->FindFieldByNumber(relation.rel_type_case());
  const std::string name = field == nullptr ? "(none)" : field->name();
  switch (relation.rel_type_case()) {
    case Relation::kMapPartitions:
    case Relation::kGroupMap:
    case Relation::kCoGroupMap:
    case Relation::kApplyInPandasWithState:
    case Relation::kCommonInlineUserDefinedTableFunction:
    case Relation::kCommonInlineUserDefinedDataSource:
      return RefusePython(name);
    case Relation::kCachedLocalRelation:
    case Relation::kChunkedCachedLocalRelation:
      return base::Fail(base::kUnsupported,
                        "Cached local relations are not supported in an enclave: send local data "
                        "inside the plan (spark.sql.session.localRelationCacheThreshold)");
    default:
      return RefuseNode("relation", name);
  }
}

}  // namespace

base::StatusOr<plan::PlanPtr> RelationConverter::Convert(const Relation& relation) {
  SOTERIA_ASSIGN_OR_RETURN(Resolved resolved, Resolve(relation));
  return std::move(resolved.plan);
}

RelationConverter::ResolvedOr RelationConverter::Resolve(const Relation& relation) {
  if (depth_ >= kRelationDepthMax) {
    return base::Fail(base::kAnalysis, "The plan is nested too deeply");
  }
  ++depth_;
  auto resolved = ResolveNode(relation);
  --depth_;
  return resolved;
}

RelationConverter::ResolvedOr RelationConverter::Apply(Resolved input, exec::OperatorPtr op) {
  SOTERIA_ASSIGN_OR_RETURN(input.plan, builder_.Apply(std::move(input.plan), std::move(op)));
  return input;
}

RelationConverter::ResolvedOr RelationConverter::ResolveNode(const Relation& relation) {
  switch (relation.rel_type_case()) {
    case Relation::kRead:
      return Read(relation.read());
    case Relation::kLocalRelation:
      return Local(relation.local_relation());
    case Relation::kProject:
      return Project(relation.project());
    case Relation::kFilter: {
      SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(relation.filter().input()));
      const ExpressionConverter converter(*input.plan->schema, input.qualifiers);
      SOTERIA_ASSIGN_OR_RETURN(auto condition, converter.Convert(relation.filter().condition()));
      return Apply(std::move(input), exec::Filter(std::move(condition)));
    }
    case Relation::kToDf: {
      SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(relation.to_df().input()));
      SOTERIA_ASSIGN_OR_RETURN(auto names, Strings(relation.to_df().column_names()));
      return Apply(std::move(input), exec::ToDf(std::move(names)));
    }
    case Relation::kWithColumns:
      return WithColumns(relation.with_columns());
    case Relation::kWithColumnsRenamed:
      return Rename(relation.with_columns_renamed());
    case Relation::kDrop:
      return Drop(relation.drop());
    case Relation::kLimit: {
      SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(relation.limit().input()));
      SOTERIA_ASSIGN_OR_RETURN(input.plan,
                               builder_.Limit(std::move(input.plan), relation.limit().limit()));
      return input;
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
      SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(relation.subquery_alias().input()));
      input.qualifiers = {relation.subquery_alias().alias()};
      return input;
    }
    case Relation::kToSchema:
      return ToSchema(relation.to_schema());
    case Relation::kDropNa:
      return DropMissing(relation.drop_na());
    case Relation::kFillNa:
      return FillMissing(relation.fill_na());
    case Relation::kHint:
      return Resolve(relation.hint().input());
    case Relation::kMlRelation:
      return Ml(relation.ml_relation());
    default:
      return Refuse(relation);
  }
}

RelationConverter::ResolvedOr RelationConverter::Project(const spark::connect::Project& project) {
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(project.input()));
  const ExpressionConverter converter(*input.plan->schema, input.qualifiers);
  SOTERIA_ASSIGN_OR_RETURN(auto columns, converter.ConvertAll(project.expressions()));
  const bool aggregates = std::any_of(columns.begin(), columns.end(), [](const auto& column) {
    return HasAggregate(*column.expr);
  });
  if (aggregates) return AggregateColumns(std::move(input), std::move(columns), {});
  return Apply(std::move(input), exec::Project(std::move(columns)));
}

RelationConverter::ResolvedOr RelationConverter::WithColumns(
    const spark::connect::WithColumns& with) {
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(with.input()));
  const ExpressionConverter converter(*input.plan->schema, input.qualifiers);
  std::vector<exec::NamedExpr> columns;
  for (const auto& alias : with.aliases()) {
    SOTERIA_ASSIGN_OR_RETURN(auto column, converter.ConvertAlias(alias));
    if (HasAggregate(*column.expr)) {
      return base::Fail(base::kUnsupported, "An aggregate function in withColumn");
    }
    columns.push_back(std::move(column));
  }
  return Apply(std::move(input), exec::WithColumns(std::move(columns)));
}

RelationConverter::ResolvedOr RelationConverter::Rename(
    const spark::connect::WithColumnsRenamed& rename) {
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(rename.input()));
  std::vector<std::pair<std::string, std::string>> names;
  for (const auto& pair : rename.renames()) {
    names.emplace_back(pair.col_name(), pair.new_col_name());
  }
  if (names.empty()) {
    names.assign(rename.rename_columns_map().begin(), rename.rename_columns_map().end());
    std::sort(names.begin(), names.end());
  }
  return Apply(std::move(input), exec::Rename(std::move(names)));
}

RelationConverter::ResolvedOr RelationConverter::Drop(const spark::connect::Drop& drop) {
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(drop.input()));
  SOTERIA_ASSIGN_OR_RETURN(auto names, Strings(drop.column_names()));
  for (const auto& column : drop.columns()) {
    const std::string name = ExpressionConverter::WrittenName(column);
    if (name.empty()) return base::Fail(base::kUnsupported, "Dropping an expression");
    names.push_back(name);
  }
  return Apply(std::move(input), exec::Drop(std::move(names)));
}

RelationConverter::ResolvedOr RelationConverter::Sample(const spark::connect::Sample& sample) {
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(sample.input()));
  SOTERIA_ASSIGN_OR_RETURN(
      input.plan,
      builder_.Sample(std::move(input.plan), sample.lower_bound(), sample.upper_bound(),
                      sample.with_replacement(), sample.has_seed() ? sample.seed() : kDefaultSeed,
                      sample.deterministic_order()));
  return input;
}

RelationConverter::ResolvedOr RelationConverter::Sort(const spark::connect::Sort& sort) {
  if (!sort.has_is_global() || sort.is_global()) {
    return base::Fail(base::kUnsupported,
                      "A global sort (orderBy) is not supported in an enclave. "
                      "sortWithinPartitions on all columns is.");
  }
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(sort.input()));
  if (IsSortOnAllColumns(sort, *input.plan->schema)) {
    return Apply(std::move(input), exec::LocalSort());
  }
  const ExpressionConverter converter(*input.plan->schema, input.qualifiers);
  std::vector<exec::SortKey> keys;
  for (const auto& order : sort.order()) {
    using Order = spark::connect::Expression::SortOrder;
    SOTERIA_ASSIGN_OR_RETURN(auto expr, converter.Convert(order.child()));
    const bool ascending = order.direction() != Order::SORT_DIRECTION_DESCENDING;
    const bool nulls_first = order.null_ordering() == Order::SORT_NULLS_UNSPECIFIED
                                 ? ascending
                                 : order.null_ordering() == Order::SORT_NULLS_FIRST;
    keys.push_back({std::move(expr), ascending, nulls_first});
  }
  return Apply(std::move(input), exec::LocalSortBy(std::move(keys)));
}

RelationConverter::ResolvedOr RelationConverter::Repartition(
    const spark::connect::Repartition& repartition) {
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(repartition.input()));
  if (repartition.num_partitions() <= 0) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Number of partitions (",
                                repartition.num_partitions(), ") must be positive."));
  }
  const bool shuffle = !repartition.has_shuffle() || repartition.shuffle();
  auto plan = shuffle ? builder_.Repartition(std::move(input.plan), repartition.num_partitions())
                      : builder_.Coalesce(std::move(input.plan), repartition.num_partitions());
  SOTERIA_ASSIGN_OR_RETURN(input.plan, std::move(plan));
  return input;
}

RelationConverter::ResolvedOr RelationConverter::RepartitionBy(
    const spark::connect::RepartitionByExpression& repartition) {
  if (repartition.partition_exprs_size() > 0) {
    return base::Fail(base::kUnsupported,
                      "Repartitioning by columns is not supported in an enclave. "
                      "repartition(n) is.");
  }
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(repartition.input()));
  if (!repartition.has_num_partitions()) return input;
  SOTERIA_ASSIGN_OR_RETURN(
      input.plan, builder_.Repartition(std::move(input.plan), repartition.num_partitions()));
  return input;
}

RelationConverter::ResolvedOr RelationConverter::ToSchema(const spark::connect::ToSchema& to) {
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(to.input()));
  SOTERIA_ASSIGN_OR_RETURN(auto schema, SchemaOf(to.schema()));
  std::vector<exec::NamedExpr> columns;
  for (const auto& field : schema->fields()) {
    SOTERIA_ASSIGN_OR_RETURN(const int index,
                             exec::ResolveColumn(*input.plan->schema, field->name()));
    const auto& from = input.plan->schema->field(index);
    exec::ExprPtr column = exec::ColumnNamed(from->name());
    if (!from->type()->Equals(*field->type())) column = exec::Cast(column, field->type());
    columns.push_back({field->name(), std::move(column)});
  }
  return Apply(std::move(input), exec::Project(std::move(columns)));
}

}  // namespace soteria::connect
