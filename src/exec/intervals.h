// Intervals in expressions: what they are added to and multiplied by, the casts from and to them,
// their sums. Internal to exec; .cc files only.
#pragma once

#include <memory>
#include <vector>

#include "src/exec/bound.h"
#include "src/exec/expression.h"

namespace soteria::exec {

class Accumulator;

/// Whether one is an interval, or a time that something is added to or taken away from.
bool AreOfIntervals(const Expr& e, const std::vector<BoundPtr>& args);
/// + - * / of such arguments, and the sign of one.
base::StatusOr<BoundPtr> BindIntervals(const Expr& e, std::vector<BoundPtr> args,
                                       BindContext& context);

/// What try_add and its kin give null for.
bool IsIntervalError(const base::Status& status);

bool CanCastInterval(const arrow::DataType& from, const arrow::DataType& to);
base::StatusOr<ArrayPtr> CastInterval(const Bound& node, const arrow::Array& array);

/// sequence() of dates or time stamps; null for other types than it takes.
base::StatusOr<BoundPtr> BindTimeSequence(const Expr& e, std::vector<BoundPtr> args);

/// date_part of an interval: args[1].
base::StatusOr<BoundPtr> BindIntervalPart(const Expr& e, std::vector<BoundPtr> args,
                                          std::string_view field);

/// sum or avg; `kTry`: null instead of an overflow.
std::unique_ptr<Accumulator> MakeIntervalSum(const TypePtr& type, bool average, bool try_sum);

}  // namespace soteria::exec
