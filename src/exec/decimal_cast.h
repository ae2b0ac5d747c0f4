// Casts to decimals and from them, with ANSI semantics. Internal to exec.
#pragma once

#include "src/exec/bound.h"

namespace soteria::exec {

/// Spark's canUpCast of numbers of which one at least is a decimal: no value is lost.
bool IsLosslessDecimalCast(const arrow::DataType& from, const arrow::DataType& to);
/// Does Spark take the cast to a decimal for nullable, whatever its argument is?
bool IsNullableDecimalCast(const arrow::DataType& from, const arrow::DataType& to);

/// A cast whose target is a decimal, of anything that may become one.
base::StatusOr<ArrayPtr> CastToDecimals(const Bound& node, const arrow::Array& array);
/// A cast of decimals to booleans, other numbers or time stamps.
base::StatusOr<ArrayPtr> CastDecimals(const Bound& node, const arrow::Array& array);

}  // namespace soteria::exec
