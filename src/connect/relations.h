// Spark Connect's relations as resolved plans. Each node goes through the session's plan::Builder,
// so unknown columns, wrong types and paths that the Manifest does not list fail here, before any
// stage. Nodes that aren't supported are refused by name. A converter belongs to one thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/connect/aggregates.h"
#include "src/connect/expressions.h"
#include "src/connect/groups.h"
#include "src/connect/select_list.h"
#include "src/connect/session_state.h"
#include "src/plan/decorrelate.h"
#include "src/plan/logical.h"
#include "src/plan/scope.h"

namespace google::protobuf {
class Message;
template <class Element>
class RepeatedPtrField;
}  // namespace google::protobuf
namespace spark::connect {
class Aggregate;
class CachedLocalRelation;
class CachedRemoteRelation;
class ChunkedCachedLocalRelation;
class CollectMetrics;
class Deduplicate;
class Drop;
class Expression;
class Expression_SortOrder;
class Fetch;
class Filter;
class Hint;
class Join;
class LateralJoin;
class LocalRelation;
class MlRelation;
class NADrop;
class NAFill;
class NAReplace;
class Project;
class Range;
class Read;
class Relation;
class Repartition;
class RepartitionByExpression;
class SQL;
class Sample;
class SetOperation;
class Sort;
class StatApproxQuantile;
class StatCorr;
class StatCov;
class StatCrosstab;
class StatDescribe;
class StatFreqItems;
class StatSampleBy;
class StatSummary;
class ToDF;
class ToSchema;
class Transpose;
class WithColumns;
class WithColumnsRenamed;
class Unpivot;
class UnresolvedTableValuedFunction;
class WithRelations;
}  // namespace spark::connect

namespace soteria::connect {

/// Deepest chain of relations in one plan (each takes two levels of the 1024 that a message may
/// have).
inline constexpr int kRelationDepthMax = 500;
inline constexpr int kReadPathsMax = 10'000;
/// Most relations in one plan, each as often as it is named.
inline constexpr int64_t kRelationNodesMax = 20'000;

/// With Spark's place of nulls where the order names none: first ascending, last descending.
exec::SortKey SortKeyOf(const spark::connect::Expression_SortOrder& order, exec::ExprPtr expr);

/// kIllegalArgument for numbers that aren't positive.
base::Status CheckPartitions(int64_t partitions);

/// A value of each of a pivot's columns, and how the names of what is made of them begin.
struct PivotValue {
  std::string name;
  std::vector<exec::ExprPtr> parts;
};

/// Columns that become one row, as many as an unpivot has values.
struct UnpivotSet {
  std::string name;
  std::vector<exec::NamedExpr> columns;
};

/// A column of the windows of time that a list calls for, behind a plan's own.
struct TimeWindowColumn {
  int ordinal = 0;
  bool session = false;  ///< groups join what touches
};

class RelationConverter : private Around {
 public:
  /// Who converts: an operation holds the session's call_mutex, an analysis doesn't.
  enum class For : uint8_t { kOperation, kAnalysis };
  explicit RelationConverter(SessionState& state, For whom = For::kOperation);

  base::StatusOr<plan::PlanPtr> Convert(const spark::connect::Relation& relation);

 private:
  using Expressions = google::protobuf::RepeatedPtrField<spark::connect::Expression>;
  using PlanOr = base::StatusOr<plan::PlanPtr>;

  PlanOr Resolve(const spark::connect::Relation& relation);
  PlanOr ResolveNode(const spark::connect::Relation& relation);
  /// Those of relation_several.cc.
  PlanOr ResolveSeveral(const spark::connect::Relation& relation);

  PlanOr Read(const spark::connect::Read& read);
  PlanOr Local(const spark::connect::LocalRelation& local);
  PlanOr CachedLocal(const spark::connect::CachedLocalRelation& local);
  PlanOr ChunkedLocal(const spark::connect::ChunkedCachedLocalRelation& local);
  PlanOr Checkpointed(const spark::connect::CachedRemoteRelation& cached);
  PlanOr Filter(const spark::connect::Filter& filter);
  PlanOr Qualify(const spark::connect::Expression& qualify, const plan::PlanPtr& input);
  /// LIMIT or OFFSET by an expression.
  PlanOr RowsCounted(const spark::connect::Expression& count, plan::PlanPtr input);
  PlanOr ToDf(const spark::connect::ToDF& to_df);
  PlanOr Project(const spark::connect::Project& project);
  PlanOr WithColumns(const spark::connect::WithColumns& with);
  PlanOr Rename(const spark::connect::WithColumnsRenamed& rename);
  PlanOr Drop(const spark::connect::Drop& drop);
  PlanOr Sample(const spark::connect::Sample& sample);
  PlanOr Sort(const spark::connect::Sort& sort);
  PlanOr Repartition(const spark::connect::Repartition& repartition);
  PlanOr RepartitionBy(const spark::connect::RepartitionByExpression& repartition);
  /// 0 partitions: as many as the input has.
  PlanOr RepartitionBy(plan::PlanPtr input, const Expressions& by, int64_t partitions);
  PlanOr Join(const spark::connect::Join& join);
  /// Of equal columns of both sides, each of them once.
  PlanOr JoinNatural(const plan::PlanPtr& cross, exec::JoinKind kind);
  PlanOr JoinUsing(const plan::PlanPtr& cross, exec::JoinKind kind,
                   const std::vector<std::string>& names);
  PlanOr SetOperation(const spark::connect::SetOperation& operation);
  /// The right's columns by the names of the left's.
  PlanOr UnionByName(plan::PlanPtr left, plan::PlanPtr right, bool allow_missing);
  PlanOr Deduplicate(const spark::connect::Deduplicate& deduplicate);
  PlanOr Range(const spark::connect::Range& range);
  PlanOr Hint(const spark::connect::Hint& hint);  // relation_hints.cc
  PlanOr RepartitionAsHinted(const spark::connect::Hint& hint, plan::PlanPtr input, bool range);
  PlanOr Observe(const spark::connect::CollectMetrics& collect);  // observations.cc
  PlanOr Aggregate(const spark::connect::Aggregate& aggregate);
  PlanOr AggregateColumns(plan::PlanPtr input, std::vector<exec::NamedExpr> columns,
                          std::vector<exec::NamedExpr> keys);
  // Of grouping sets: relation_sets.cc.
  PlanOr AggregateSets(const spark::connect::Aggregate& aggregate, plan::PlanPtr input,
                       std::vector<exec::NamedExpr> given, std::vector<exec::NamedExpr> columns);
  /// The keys, the ids of sets, and the calls.
  PlanOr GroupsOfSets(plan::PlanPtr input, std::vector<exec::GroupKey> keys,
                      std::vector<exec::AggregateCall> calls, size_t ids,
                      const std::optional<GroupingSets>& sets);
  /// The sets of what isn't a plain GROUP BY; `keys` become each once.
  using Members = std::function<base::StatusOr<std::vector<exec::NamedExpr>>(const Expressions&)>;
  static base::StatusOr<GroupingSets> SetsOf(const spark::connect::Aggregate& aggregate,
                                             std::vector<exec::NamedExpr>* keys,
                                             const Members& members);
  PlanOr Describe(const spark::connect::StatDescribe& describe);
  PlanOr Summary(const spark::connect::StatSummary& summary);
  PlanOr ApproxQuantile(const spark::connect::StatApproxQuantile& quantile);
  PlanOr ToSchema(const spark::connect::ToSchema& to);
  PlanOr DropMissing(const spark::connect::NADrop& drop);
  PlanOr FillMissing(const spark::connect::NAFill& fill);
  PlanOr Replace(const spark::connect::NAReplace& replace);
  PlanOr Ml(const spark::connect::MlRelation& ml);

  // Pivots: relation_pivot.cc.
  PlanOr Pivot(const spark::connect::Aggregate& aggregate);
  PlanOr SqlPivot(const spark::connect::Aggregate& aggregate);
  base::StatusOr<PivotValue> PivotValueOf(const spark::connect::Expression& expression,
                                          size_t count, const ExpressionConverter& converter);
  PlanOr PivotColumns(plan::PlanPtr input, std::vector<exec::NamedExpr> keys,
                      std::vector<exec::NamedExpr> columns,
                      const std::vector<exec::ExprPtr>& pivots, std::vector<PivotValue> values);
  PlanOr Crosstab(const spark::connect::StatCrosstab& crosstab);
  base::Status CastValues(const plan::Plan& input, const std::vector<exec::ExprPtr>& pivots,
                          std::vector<PivotValue>* values);
  base::StatusOr<std::shared_ptr<arrow::Array>> RowsForNames(const plan::PlanPtr& plan,
                                                             const char* refusal);
  base::StatusOr<std::vector<PivotValue>> DistinctValues(const plan::PlanPtr& input,
                                                         const exec::ExprPtr& column);
  // relation_stat.cc.
  PlanOr Correlation(const spark::connect::StatCorr& corr);
  PlanOr Covariance(const spark::connect::StatCov& cov);
  PlanOr FrequentItems(const spark::connect::StatFreqItems& items);
  // relation_transpose.cc.
  PlanOr Transpose(const spark::connect::Transpose& transpose);
  // relation_unpivot.cc.
  PlanOr Unpivot(const spark::connect::Unpivot& unpivot);
  PlanOr RowsOfSets(plan::PlanPtr input, std::vector<exec::NamedExpr> columns,
                    const std::vector<UnpivotSet>& sets, std::vector<std::string> names);
  PlanOr SampleBy(const spark::connect::StatSampleBy& sample);

  // Generators: relation_generate.cc.
  base::StatusOr<SelectList> Select(const Expressions& expressions, plan::Scope& scope);
  PlanOr Generated(plan::PlanPtr input, SelectList list, std::vector<exec::NamedExpr> keys,
                   bool groups);
  PlanOr GeneratedOfGroups(Groups groups, SelectList list);
  PlanOr LateralView(const spark::connect::Project& project);
  PlanOr TableFunction(const spark::connect::UnresolvedTableValuedFunction& function);
  PlanOr RangeOf(const Expressions& arguments);

  // Windows of time: relation_time_window.cc.
  /// The input, or where one of the messages calls window() or session_window() the rows of its
  /// windows, whose column is known to Over().
  using Messages = std::vector<const google::protobuf::Message*>;
  PlanOr WithTimeWindow(plan::PlanPtr input, const Messages& messages);
  /// Of the column's plan; nullptr: it has none.
  const TimeWindowColumn* TimeWindowOf(const plan::Plan& plan) const;
  /// With the window's column, if there is one, in front and like any other.
  PlanOr WindowFirst(plan::PlanPtr input);
  static Messages ListsOf(const spark::connect::Aggregate& aggregate);
  /// Joins the sessions that touch among rows of the other keys, where one of the keys is a
  /// session, and puts the column that they have then in its place.
  base::Status JoinSessions(plan::PlanPtr* input, std::vector<exec::NamedExpr>* keys,
                            SelectList* list);

  // Of SQL: relation_sql.cc.
  PlanOr Sql(const spark::connect::SQL& sql);
  PlanOr WithRelations(const spark::connect::WithRelations& with);
  PlanOr Named(const spark::connect::Read& read);
  PlanOr OneRow();
  PlanOr Rows(const Expressions& rows);
  PlanOr Bounded(const spark::connect::Project& project);
  base::StatusOr<std::vector<exec::NamedExpr>> SqlKeys(const Expressions& keys,
                                                       const Expressions& outputs,
                                                       const plan::PlanPtr& input,
                                                       const std::vector<exec::NamedExpr>& items);
  PlanOr SqlAggregate(const spark::connect::Aggregate& aggregate);

  // Of subqueries: relation_subquery.cc.
  /// A converter of expressions over the scope, which know the query around this one, and with
  /// `rows` may have subqueries; ApplySubqueries must follow.
  ExpressionConverter Over(plan::Scope& scope, ExpressionConverter::SchemaOfRows rows = nullptr,
                           ExpressionConverter::Meaning meaning = nullptr);
  ExpressionConverter OverWithSubqueries(plan::Scope& scope);
  base::StatusOr<std::optional<exec::ExprPtr>> Outer(
      const spark::connect::Expression& attribute) override;
  base::StatusOr<exec::ExprPtr> Subquery(const spark::connect::SubqueryExpression& subquery,
                                         std::vector<exec::ExprPtr> values,
                                         const ExpressionConverter& outer) override;
  /// Joins to the input what the expression's subqueries give, behind its own columns, and puts
  /// these columns in their place.
  base::Status ApplySubqueries(plan::PlanPtr* input, exec::ExprPtr* expr);
  /// Whether no subquery of it depends on rows.
  static base::Status CheckSortKey(const exec::Expr& expr);
  struct OfRow {
    std::vector<exec::ExprPtr> columns;
    exec::ExprPtr kept;  // null: always
  };
  base::StatusOr<OfRow> JoinWhole(plan::PlanPtr* input, const plan::Decorrelated& rows,
                                  const std::vector<exec::ExprPtr>& values);
  base::StatusOr<exec::ExprPtr> JoinSingle(plan::PlanPtr* input, const plan::Decorrelated& rows,
                                           const std::vector<exec::ExprPtr>& values);
  base::StatusOr<exec::ExprPtr> ScalarValue(plan::PlanPtr* input, const exec::Expr& subquery);
  base::StatusOr<exec::ExprPtr> Existence(plan::PlanPtr* input, const exec::Expr& test,
                                          bool negated);
  /// Semi or anti join for a condition that is nothing but a test of a subquery; nullptr: it isn't.
  PlanOr ChosenBy(const plan::PlanPtr& input, const exec::Expr& condition);
  /// Rows for which the condition holds, and the input's columns.
  PlanOr FilterRows(plan::PlanPtr input, const exec::ExprPtr& condition);
  /// The pairs for which the condition holds.
  PlanOr JoinRows(const plan::PlanPtr& cross, const exec::ExprPtr& condition);
  PlanOr ProjectRows(plan::PlanPtr input, std::vector<exec::NamedExpr> columns);
  /// Groups, of those sets of the keys if there are any, and what is computed of them.
  PlanOr AggregateRows(plan::PlanPtr input, SplitAggregate split,
                       const std::optional<GroupingSets>& sets);
  PlanOr LateralJoin(const spark::connect::LateralJoin& join);

  // Of groups and what is above them: relation_groups.cc.
  PlanOr WideGroups(const Groups& groups);
  PlanOr Remember(Groups groups);
  const Groups* GroupsOf(const plan::PlanPtr& plan) const;
  PlanOr FilterGroups(const spark::connect::Expression& condition, Groups groups);
  struct Sorting {
    plan::PlanPtr input;  // with the columns that only the keys need, behind the others
    std::vector<exec::SortKey> keys;
  };
  base::StatusOr<Sorting> SortingOf(const spark::connect::Sort& sort, const plan::PlanPtr& input);

  /// A relation that others name: a common table expression, or a DataFrame in spark.sql's text.
  struct NamedPlan {
    std::string name;
    plan::PlanPtr plan;
    int64_t nodes = 0;  // relations that it is made of
  };

  /// A query that is resolved within another one.
  struct Frame {
    const ExpressionConverter* outer;
    std::vector<exec::ExprPtr> values;  // of the references, over the outer rows
  };
  struct Correlated {
    plan::PlanPtr plan;
    std::vector<exec::ExprPtr> values;
  };
  base::StatusOr<Correlated> ResolveWithin(const spark::connect::Relation& relation,
                                           const ExpressionConverter& outer);

  SessionState& state_;
  const For whom_;
  plan::Builder& builder_;
  std::vector<std::pair<int64_t, const spark::connect::Relation*>> references_;  // by plan id
  std::vector<Frame> frames_;
  std::vector<plan::PlanPtr> subqueries_;  // by the ordinals of their calls
  int depth_ = 0;
  int64_t nodes_ = 0;
  std::vector<NamedPlan> named_;                // the innermost last
  std::map<const plan::Plan*, Groups> groups_;  // by the plan that they give
  std::map<plan::PlanPtr, TimeWindowColumn> time_windows_;
};

}  // namespace soteria::connect
