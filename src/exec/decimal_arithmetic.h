// + - * / % and their kin over decimals: what Spark's DecimalPrecision makes of the operands' types
// (spark.sql.decimalOperations.allowPrecisionLoss is true), and the values, rounded half up; what
// doesn't fit is NUMERIC_VALUE_OUT_OF_RANGE. Internal to exec.
#pragma once

#include <vector>

#include "src/exec/bound.h"
#include "src/exec/expression.h"
#include "src/table/decimal.h"

namespace soteria::exec {

enum class DecimalOp : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kRemainder,
  kPositiveModulo,
  kIntegralDivide  ///< gives a bigint
};

/// Is one operand a decimal, and the other one too, or an integer, or null?
bool AreDecimals(const std::vector<BoundPtr>& args);
/// Both operands as decimals: a literal integer has as many digits as it needs. `e` is the call.
base::Status CoerceDecimals(const Expr& e, std::vector<BoundPtr>& args);

/// Of operands that AreDecimals.
base::StatusOr<BoundPtr> BindDecimals(DecimalOp op, const Expr& e, std::vector<BoundPtr> args);
/// The negative or absolute value of a decimal.
BoundPtr BindDecimalSign(const Expr& e, std::vector<BoundPtr> args, bool absolute);

/// The type of a result.
table::DecimalShape ResultShape(DecimalOp op, table::DecimalShape a, table::DecimalShape b);

/// <value> cannot be represented as Decimal(p, s).
base::Status DecimalOutOfRange(const std::string& plain, table::DecimalShape to);

/// a / b, b != 0, as Spark divides: to 38 places behind the point, then to the shape, half up both.
base::StatusOr<table::Unscaled> DivideDecimals(table::Unscaled a, int scale_a, table::Unscaled b,
                                               int scale_b, table::DecimalShape to);

}  // namespace soteria::exec
