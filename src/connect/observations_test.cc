#include "src/connect/observations.h"

#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "spark/connect/base.pb.h"
#include "spark/connect/expressions.pb.h"
#include "src/base/errors.h"
#include "src/connect/fake_session_for_test.h"
#include "src/exec/expression.h"
#include "src/table/table_for_test.h"

namespace soteria::connect {
namespace {

plan::PlanPtr Rows(FakeSession& session) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int32())});
  return *session.builder().Local(table::TableForTest(schema, {"[1, 2, 3]"}));
}

plan::PlanPtr Metric(FakeSession& session, const plan::PlanPtr& rows, const char* function) {
  return *session.builder().Aggregate(rows,
                                      {{function, exec::Input(0, {"a"}), std::string(function)}});
}

TEST(Observations, EachOnceAndWhatIsBelowFirst) {
  FakeSession session;
  const auto rows = Rows(session);
  const auto low = plan::Observed(rows, {"low", Metric(session, rows, "min")});
  const auto limited = *session.builder().Limit(low, 2);
  const auto both = plan::Observed(limited, {"high", Metric(session, limited, "max")});
  const auto joined = *session.builder().Cross(both, low);
  std::vector<std::string> names;
  for (const auto& one : plan::ObservationsIn(joined)) names.push_back(one.name);
  EXPECT_EQ(names, (std::vector<std::string>{"low", "high"}));
  EXPECT_TRUE(plan::ObservationsIn(rows).empty());
}

TEST(Observations, OneNameOfDifferentMetricsIsRefused) {
  FakeSession session;
  const auto rows = Rows(session);
  const plan::Observation least = {"same", Metric(session, rows, "min")};
  const plan::Observation again = {"same", Metric(session, rows, "min")};
  const plan::Observation most = {"same", Metric(session, rows, "max")};
  EXPECT_TRUE(CheckObservations({least, again}).ok());
  EXPECT_EQ(base::ConditionName(CheckObservations({least, most})), "DUPLICATED_METRICS_NAME");
  EXPECT_FALSE(CheckObservations(std::vector<plan::Observation>(kObservationsMax + 1, least)).ok());
}

TEST(Observations, MetricsAreAggregates) {
  const auto column = exec::Input(0, {"a"});
  const auto check = [](const exec::ExprPtr& e) {
    return base::ConditionName(CheckMetrics({{std::nullopt, e, ""}}));
  };
  EXPECT_TRUE(CheckMetrics({{"n", exec::Call("sum", {column}), ""}}).ok());
  EXPECT_TRUE(CheckMetrics({{"n", exec::Literal(1), ""}}).ok());
  const std::string invalid = "INVALID_OBSERVED_METRICS.";
  EXPECT_EQ(check(column), invalid + "NON_AGGREGATE_FUNC_ARG_IS_ATTRIBUTE");
  EXPECT_EQ(check(exec::Call("+", {exec::Call("sum", {column}), column})),
            invalid + "NON_AGGREGATE_FUNC_ARG_IS_ATTRIBUTE");
  EXPECT_EQ(check(exec::DistinctCall("sum", {column})),
            invalid + "AGGREGATE_EXPRESSION_WITH_DISTINCT_UNSUPPORTED");
  EXPECT_EQ(check(exec::Filtered(exec::Call("sum", {column}), exec::Literal(true))),
            invalid + "AGGREGATE_EXPRESSION_WITH_FILTER_UNSUPPORTED");
  EXPECT_EQ(check(exec::Call("sum", {exec::Call("max", {column})})),
            invalid + "NESTED_AGGREGATES_UNSUPPORTED");
  EXPECT_EQ(check(exec::Call("count", {exec::Call("rand", {exec::Literal(1)})})),
            invalid + "NON_AGGREGATE_FUNC_ARG_IS_NON_DETERMINISTIC");
}

}  // namespace
}  // namespace soteria::connect
