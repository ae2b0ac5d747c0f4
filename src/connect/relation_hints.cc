// Hints of a DataFrame and of SQL's SELECT, by the rules of Catalyst's ResolveHints.
#include <optional>
#include <string>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/relations.h"
#include "src/exec/expression.h"
#include "src/plan/scope.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;

constexpr base::Condition kParameter = {"_LEGACY_ERROR_TEMP_1047", base::exception_class::kAnalysis,
                                        "", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kNoNumber = {"_LEGACY_ERROR_TEMP_1048", base::exception_class::kAnalysis,
                                       "", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kOrdered = {"_LEGACY_ERROR_TEMP_1127", base::exception_class::kAnalysis,
                                      "", absl::StatusCode::kInvalidArgument};

std::optional<int64_t> NumberOf(const Expression& parameter) {
  if (!parameter.has_literal() || !parameter.literal().has_integer()) return std::nullopt;
  return parameter.literal().integer();
}

/// A column's name, as a text too.
bool MakeColumn(const Expression& parameter, Expression* column) {
  if (parameter.has_unresolved_attribute()) {
    *column = parameter;
    return true;
  }
  if (!parameter.has_literal() || !parameter.literal().has_string()) return false;
  column->mutable_unresolved_attribute()->set_unparsed_identifier(parameter.literal().string());
  return true;
}

}  // namespace

/// What a hint says of how Spark goes about a join or how large its partitions are (rebalance) has
/// no part in what comes out; of those that this server can follow it follows broadcast, and the
/// partitions that a hint gives rows are part of it. Unknown ones are nothing, as in Spark.
RelationConverter::PlanOr RelationConverter::Hint(const spark::connect::Hint& hint) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(hint.input()));
  const std::string name = base::Lower(hint.name());
  if (name == "broadcast" || name == "broadcastjoin" || name == "mapjoin") {
    return plan::Small(input);
  }
  const bool range = name == "repartition_by_range";
  if (range || name == "repartition") return RepartitionAsHinted(hint, std::move(input), range);
  if (name != "coalesce") return input;
  std::optional<int64_t> partitions;
  if (hint.parameters_size() == 1) partitions = NumberOf(hint.parameters(0));
  if (!partitions.has_value()) {
    return base::Fail(kNoNumber, base::Cat(base::Upper(hint.name()),
                                           " Hint expects a partition number as a parameter."));
  }
  SOTERIA_RETURN_IF_ERROR(CheckPartitions(*partitions));
  return builder_.Coalesce(std::move(input), *partitions);
}

/// [number], columns
RelationConverter::PlanOr RelationConverter::RepartitionAsHinted(const spark::connect::Hint& hint,
                                                                 plan::PlanPtr input, bool range) {
  plan::Scope scope(input);
  Expressions by;
  std::optional<int64_t> partitions;
  if (hint.parameters_size() > 0) partitions = NumberOf(hint.parameters(0));
  for (int i = partitions.has_value() ? 1 : 0; i < hint.parameters_size(); ++i) {
    const Expression& parameter = hint.parameters(i);
    Expression column;
    if (parameter.has_sort_order() && !range) {
      return base::Fail(kOrdered,
                        "Invalid partitionExprs specified: an order. For range "
                        "partitioning use REPARTITION_BY_RANGE instead.");
    }
    if (!MakeColumn(parameter, &column)) {
      const auto expr = Over(scope).Convert(parameter);
      return base::Fail(
          kParameter,
          base::Cat(base::Upper(hint.name()),
                    " Hint parameters should include an optional integral partitionNum and/or "
                    "columns, but \"",
                    expr.ok() ? exec::PrettyName(**expr) : "an expression",
                    "\" can not be recognized as either partitionNum or columns."));
    }
    if (!range) {
      *by.Add() = std::move(column);
      continue;
    }
    auto* order = by.Add()->mutable_sort_order();
    *order->mutable_child() = std::move(column);
    order->set_direction(Expression::SortOrder::SORT_DIRECTION_ASCENDING);
    order->set_null_ordering(Expression::SortOrder::SORT_NULLS_FIRST);
  }
  if (partitions.has_value()) SOTERIA_RETURN_IF_ERROR(CheckPartitions(*partitions));
  if (by.empty() && !partitions.has_value()) {
    partitions = static_cast<int64_t>(state_.config().ShufflePartitions());
  }
  return RepartitionBy(std::move(input), by, partitions.value_or(0));
}

}  // namespace soteria::connect
