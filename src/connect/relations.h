// Spark Connect's relations as resolved plans. Each node goes through the session's plan::Builder,
// so unknown columns, wrong types and paths that the Manifest does not list fail here, before any
// stage. Nodes that aren't supported are refused by name. A converter belongs to one thread.
#pragma once

#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/connect/session_state.h"
#include "src/plan/logical.h"

namespace google::protobuf {
template <class Element>
class RepeatedPtrField;
}
namespace spark::connect {
class Aggregate;
class Drop;
class Expression;
class Fetch;
class LocalRelation;
class MlRelation;
class NADrop;
class NAFill;
class Project;
class Read;
class Relation;
class Repartition;
class RepartitionByExpression;
class Sample;
class Sort;
class StatApproxQuantile;
class StatDescribe;
class StatSummary;
class ToSchema;
class WithColumns;
class WithColumnsRenamed;
}  // namespace spark::connect

namespace soteria::connect {

/// Deepest chain of relations in one plan (each takes two levels of the 1024 that a message may
/// have).
inline constexpr int kRelationDepthMax = 500;
inline constexpr int kReadPathsMax = 10'000;

/// A plan and the names that its columns may be prefixed with.
struct Resolved {
  plan::PlanPtr plan;
  std::vector<std::string> qualifiers = {};
};

class RelationConverter {
 public:
  explicit RelationConverter(SessionState& state)
      : state_(state), builder_(state.session().builder()) {}

  base::StatusOr<plan::PlanPtr> Convert(const spark::connect::Relation& relation);

 private:
  using Expressions = google::protobuf::RepeatedPtrField<spark::connect::Expression>;
  using ResolvedOr = base::StatusOr<Resolved>;

  ResolvedOr Resolve(const spark::connect::Relation& relation);
  ResolvedOr ResolveNode(const spark::connect::Relation& relation);
  base::StatusOr<Resolved> Apply(Resolved input, exec::OperatorPtr op);

  ResolvedOr Read(const spark::connect::Read& read);
  ResolvedOr Local(const spark::connect::LocalRelation& local);
  ResolvedOr Project(const spark::connect::Project& project);
  ResolvedOr WithColumns(const spark::connect::WithColumns& with);
  ResolvedOr Rename(const spark::connect::WithColumnsRenamed& rename);
  ResolvedOr Drop(const spark::connect::Drop& drop);
  ResolvedOr Sample(const spark::connect::Sample& sample);
  ResolvedOr Sort(const spark::connect::Sort& sort);
  ResolvedOr Repartition(const spark::connect::Repartition& repartition);
  ResolvedOr RepartitionBy(const spark::connect::RepartitionByExpression& repartition);
  ResolvedOr Aggregate(const spark::connect::Aggregate& aggregate);
  ResolvedOr AggregateColumns(Resolved input, std::vector<exec::NamedExpr> columns,
                              std::vector<exec::NamedExpr> keys);
  ResolvedOr Describe(const spark::connect::StatDescribe& describe);
  ResolvedOr Summary(const spark::connect::StatSummary& summary);
  ResolvedOr ApproxQuantile(const spark::connect::StatApproxQuantile& quantile);
  ResolvedOr ToSchema(const spark::connect::ToSchema& to);
  ResolvedOr DropMissing(const spark::connect::NADrop& drop);
  ResolvedOr FillMissing(const spark::connect::NAFill& fill);
  ResolvedOr Ml(const spark::connect::MlRelation& ml);

  SessionState& state_;
  plan::Builder& builder_;
  int depth_ = 0;
};

}  // namespace soteria::connect
