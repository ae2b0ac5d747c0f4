// DataFrame.observe: aggregates of the rows of a plan, told beside what is made of it.
//
// The aggregates are a query of their own, of all rows of the observed DataFrame, whatever is made
// of these later (stock Spark sees those that pass by). What they say leaves as rows do, and is
// asked for before anything else runs: a refused one has no half done work behind it.
#pragma once

#include <memory>
#include <vector>

#include "src/base/status.h"
#include "src/connect/operations.h"
#include "src/connect/session_state.h"
#include "src/exec/operator.h"
#include "src/plan/logical.h"

namespace spark::connect {
class ExecutePlanResponse;
}

namespace soteria::connect {

/// Of one plan.
inline constexpr size_t kObservationsMax = 1'000;

/// INVALID_OBSERVED_METRICS of what is no metric: a column outside of any aggregate, a window, an
/// aggregate within another, of distinct values or with a FILTER.
base::Status CheckMetrics(const std::vector<exec::NamedExpr>& metrics);
/// DUPLICATED_METRICS_NAME where two differ and have one name.
base::Status CheckObservations(const std::vector<plan::Observation>& observations);

/// What is observed in a plan that is about to run; nothing before Of.
class Observations {
 public:
  static base::StatusOr<Observations> Of(const plan::PlanPtr& plan, SessionState& state,
                                         Operation& operation);
  /// After the plan has run.
  base::Status Send(Operation& operation) &&;

 private:
  std::shared_ptr<spark::connect::ExecutePlanResponse> told_;  // null: nothing is observed
};

}  // namespace soteria::connect
