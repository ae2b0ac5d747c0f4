// df.stat: correlation and covariance of two columns, and frequent items.
#include <arrow/type.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/expressions.h"
#include "src/connect/relations.h"
#include "src/connect/sql_expression.h"
#include "src/exec/coercion.h"
#include "src/plan/scope.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using exec::ExprPtr;

constexpr double kSupportMin = 1e-4;
constexpr int kItemColumnsMax = 1'000;

/// The column of that name as doubles, null as 0; `what` is how Spark calls what asks for it.
base::StatusOr<ExprPtr> AsNumbers(plan::Scope& scope, const plan::Plan& input,
                                  const std::string& name, const char* what) {
  SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(name));
  SOTERIA_ASSIGN_OR_RETURN(const ExprPtr column, scope.Resolve(parts));
  SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*column, *input.schema));
  if (!exec::IsNumeric(*field)) {
    return base::Fail(
        base::kIllegalArgument,
        base::Cat("requirement failed: Currently ", what, " calculation for columns with dataType ",
                  table::TypeName(*field), " not supported."));
  }
  return exec::Call("when", {exec::Call("isnull", {column}), exec::Literal(0.0),
                             exec::Cast(column, arrow::float64())});
}

struct PairStatistic {
  const char* function;
  const char* what;
  const char* name;
  double none;  // where the function gives null
};
constexpr PairStatistic kCorrelation = {"corr", "correlation", "corr",
                                        std::numeric_limits<double>::quiet_NaN()};
constexpr PairStatistic kCovariance = {"covar_samp", "covariance", "cov", 0};

base::StatusOr<plan::PlanPtr> OfPair(plan::Builder& builder, plan::PlanPtr input,
                                     const PairStatistic& statistic, const std::string& first,
                                     const std::string& second) {
  plan::Scope scope(input);
  SOTERIA_ASSIGN_OR_RETURN(ExprPtr x, AsNumbers(scope, *input, first, statistic.what));
  SOTERIA_ASSIGN_OR_RETURN(ExprPtr y, AsNumbers(scope, *input, second, statistic.what));
  exec::AggregateCall call{statistic.function, std::move(x), statistic.name};
  call.rest = {std::move(y)};
  SOTERIA_ASSIGN_OR_RETURN(auto row, builder.Aggregate(std::move(input), {std::move(call)}));
  const ExprPtr value = plan::ColumnAt(*row, 0);
  return builder.Project(
      std::move(row),
      {{statistic.name, exec::Call("coalesce", {value, exec::Literal(statistic.none)})}});
}

}  // namespace

RelationConverter::PlanOr RelationConverter::Correlation(const spark::connect::StatCorr& corr) {
  if (corr.has_method() && corr.method() != "pearson") {
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: Currently only the calculation of the Pearson "
                      "Correlation coefficient is supported.");
  }
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(corr.input()));
  return OfPair(builder_, std::move(input), kCorrelation, corr.col1(), corr.col2());
}

RelationConverter::PlanOr RelationConverter::Covariance(const spark::connect::StatCov& cov) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(cov.input()));
  return OfPair(builder_, std::move(input), kCovariance, cov.col1(), cov.col2());
}

/// One row: of each column, an array of its items.
RelationConverter::PlanOr RelationConverter::FrequentItems(
    const spark::connect::StatFreqItems& items) {
  const double support = items.has_support() ? items.support() : 0.01;
  if (!(support >= kSupportMin && support <= 1.0)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Support must be in [1e-4, 1], but got ",
                                table::JavaDouble(support), "."));
  }
  if (items.cols_size() > kItemColumnsMax) {
    return base::NotSupported(base::Cat("freqItems of more than ", kItemColumnsMax, " columns"));
  }
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(items.input()));
  if (items.cols().empty()) return builder_.Project(std::move(input), {});
  plan::Scope scope(input);
  std::vector<exec::AggregateCall> calls;
  for (const std::string& name : items.cols()) {
    if (name == "*") return StarWithin();
    SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(name));
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr column, scope.Resolve(parts));
    auto& call = calls.emplace_back(exec::AggregateCall{"collect_frequent_items", std::move(column),
                                                        base::Cat(name, "_freqItems")});
    call.rest = {exec::Literal(static_cast<int32_t>(1 / support))};
  }
  return builder_.Aggregate(std::move(input), std::move(calls));
}

}  // namespace soteria::connect
