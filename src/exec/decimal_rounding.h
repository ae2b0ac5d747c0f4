// round, bround, ceil and floor of decimals. Internal to exec.
#pragma once

#include "src/exec/bound.h"
#include "src/exec/expression.h"
#include "src/table/decimal.h"

namespace soteria::exec {

/// A decimal argument to `places` behind the point (before it when negative), in the type that
/// Spark gives the result: one digit more before the point.
BoundPtr BindDecimalRound(const Expr& e, std::vector<BoundPtr> args, int places,
                          table::Rounding rounding);
/// ceil(x) and floor(x) of a decimal: one without places.
BoundPtr BindDecimalWhole(const Expr& e, std::vector<BoundPtr> args, table::Rounding rounding);
/// ceil(x, places), floor(x, places): of decimals, and of other numbers as decimals.
base::StatusOr<BoundPtr> BindPlaces(const Expr& e, std::vector<BoundPtr> args,
                                    table::Rounding rounding);

/// The constant number of places of round() and its kin.
base::StatusOr<int> PlacesOf(const Expr& e, std::vector<BoundPtr>& args);

}  // namespace soteria::exec
