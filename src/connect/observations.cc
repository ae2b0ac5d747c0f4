#include "src/connect/observations.h"

#include <arrow/table.h>

#include <memory>
#include <string>
#include <utility>

#include "spark/connect/base.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/expressions.h"
#include "src/connect/literals.h"
#include "src/connect/relations.h"
#include "src/exec/window_expression.h"
#include "src/plan/scope.h"
#include "src/table/arrow_status.h"
#include "src/table/column_path.h"

namespace soteria::connect {
namespace {

using exec::Expr;

constexpr base::Condition Invalid(const char* name) {
  return {name, base::exception_class::kAnalysis, "42K0E", absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition kMissingName = Invalid("INVALID_OBSERVED_METRICS.MISSING_NAME");
constexpr base::Condition kWindow =
    Invalid("INVALID_OBSERVED_METRICS.WINDOW_EXPRESSIONS_UNSUPPORTED");
constexpr base::Condition kNested =
    Invalid("INVALID_OBSERVED_METRICS.NESTED_AGGREGATES_UNSUPPORTED");
constexpr base::Condition kDistinct =
    Invalid("INVALID_OBSERVED_METRICS.AGGREGATE_EXPRESSION_WITH_DISTINCT_UNSUPPORTED");
constexpr base::Condition kFilter =
    Invalid("INVALID_OBSERVED_METRICS.AGGREGATE_EXPRESSION_WITH_FILTER_UNSUPPORTED");
constexpr base::Condition kAttribute =
    Invalid("INVALID_OBSERVED_METRICS.NON_AGGREGATE_FUNC_ARG_IS_ATTRIBUTE");
constexpr base::Condition kDraws =
    Invalid("INVALID_OBSERVED_METRICS.NON_AGGREGATE_FUNC_ARG_IS_NON_DETERMINISTIC");
constexpr base::Condition kDuplicated = {"DUPLICATED_METRICS_NAME",
                                         base::exception_class::kAnalysis, "42710",
                                         absl::StatusCode::kInvalidArgument};

base::Status CheckMetric(const std::string& whole, const Expr& e, bool within) {
  const auto found = [&](const base::Condition& condition, const char* what) {
    return base::Fail(condition,
                      base::Cat("Invalid observed metrics. ", what,
                                " not allowed in observed metrics, but found: \"", whole, "\"."));
  };
  if (exec::IsOver(e)) return found(kWindow, "Window expressions are");
  const bool call = e.kind == Expr::Kind::kCall && IsAggregateFunction(e.name);
  if (call && within) return found(kNested, "Nested aggregates are");
  if (call && e.distinct) return found(kDistinct, "Aggregate expressions with DISTINCT are");
  if (call && e.filtered) return found(kFilter, "Aggregate expression with FILTER predicate are");
  if (e.kind == Expr::Kind::kColumn && !within) {
    return base::Fail(kAttribute, base::Cat("Invalid observed metrics. Attribute \"", whole,
                                            "\" can only be used as an argument to an aggregate "
                                            "function."));
  }
  for (const exec::ExprPtr& arg : e.args) {
    SOTERIA_RETURN_IF_ERROR(CheckMetric(whole, *arg, within || call));
  }
  return base::OkStatus();
}

/// The one row of a plan.
base::StatusOr<std::shared_ptr<arrow::Table>> RowOf(const plan::PlanPtr& plan, SessionState& state,
                                                    Operation& operation) {
  std::shared_ptr<arrow::Table> row;
  SOTERIA_RETURN_IF_ERROR(state.session().Collect(
      plan,
      [&](master::Permitted<std::shared_ptr<arrow::Table>> rows) -> base::Status {
        if (rows.value()->num_rows() > 0) row = rows.value();
        return base::OkStatus();
      },
      [&](const master::StageProgress& at) { operation.Progress(at); }));
  if (row == nullptr || row->num_rows() != 1) {
    return base::Fail(base::kInternal, "Observed metrics are no row");
  }
  return row;
}

}  // namespace

base::Status CheckMetrics(const std::vector<exec::NamedExpr>& metrics) {
  for (const exec::NamedExpr& metric : metrics) {
    std::string text = exec::PrettyName(*metric.expr);
    if (metric.name.has_value()) text += base::Cat(" AS ", table::QuotedIfNeeded(*metric.name));
    SOTERIA_RETURN_IF_ERROR(CheckMetric(text, *metric.expr, false));
    if (!exec::IsNondeterministic(*metric.expr)) continue;
    return base::Fail(kDraws,
                      base::Cat("Invalid observed metrics. Non-deterministic expression \"", text,
                                "\" can only be used as an argument to an aggregate "
                                "function."));
  }
  return base::OkStatus();
}

base::Status CheckObservations(const std::vector<plan::Observation>& observations) {
  if (observations.size() > kObservationsMax) {
    return base::Fail(base::kUnsupported, "Too many observations of one plan");
  }
  for (size_t i = 0; i < observations.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (observations[i].name != observations[k].name ||
          plan::SameSemantics(*observations[i].metrics, *observations[k].metrics)) {
        continue;
      }
      return base::Fail(
          kDuplicated,
          base::Cat("The metric name is not unique: ", observations[i].name,
                    ". The same name cannot be used for metrics with different results.\nHowever "
                    "multiple instances of metrics with with same result and name are allowed "
                    "(e.g. self-joins)."));
    }
  }
  return base::OkStatus();
}

RelationConverter::PlanOr RelationConverter::Observe(
    const spark::connect::CollectMetrics& collect) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(collect.input()));
  if (collect.name().empty()) {
    return base::Fail(kMissingName,
                      "Invalid observed metrics. The observed metrics should be named: "
                      "CollectMetrics.");
  }
  plan::Scope scope(input);
  SOTERIA_RETURN_IF_ERROR(CheckNoRegex(collect.metrics()));
  SOTERIA_ASSIGN_OR_RETURN(auto metrics, Over(scope).ConvertAll(collect.metrics()));
  SOTERIA_RETURN_IF_ERROR(CheckMetrics(metrics));
  SOTERIA_ASSIGN_OR_RETURN(auto row, AggregateColumns(input, std::move(metrics), {}));
  auto observed = plan::Observed(input, {collect.name(), std::move(row)});
  SOTERIA_RETURN_IF_ERROR(CheckObservations(plan::ObservationsIn(observed)));
  return observed;
}

base::StatusOr<Observations> Observations::Of(const plan::PlanPtr& plan, SessionState& state,
                                              Operation& operation) {
  const auto observed = plan::ObservationsIn(plan);
  SOTERIA_RETURN_IF_ERROR(CheckObservations(observed));
  Observations made;
  if (!observed.empty()) made.told_ = std::make_shared<spark::connect::ExecutePlanResponse>();
  for (const plan::Observation& one : observed) {
    SOTERIA_ASSIGN_OR_RETURN(const auto row, RowOf(one.metrics, state, operation));
    auto* metrics = made.told_->add_observed_metrics();
    metrics->set_name(one.name);
    for (int i = 0; i < row->num_columns(); ++i) {
      const arrow::Field& field = *row->schema()->field(i);
      metrics->add_keys(field.name());
      SOTERIA_ARROW_ASSIGN(const auto cell, row->column(i)->GetScalar(0));
      SOTERIA_RETURN_IF_ERROR(FillLiteral(*cell, field, metrics->add_values()));
    }
  }
  return made;
}

base::Status Observations::Send(Operation& operation) && {
  return told_ == nullptr ? base::OkStatus() : operation.Send(std::move(*told_));
}

}  // namespace soteria::connect
