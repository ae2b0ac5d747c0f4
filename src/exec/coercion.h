// Spark 4's implicit conversions (AnsiTypeCoercion): which common type two operands take, and the
// analysis errors when there is none. Pure functions. Internal to exec.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/exec/bound.h"
#include "src/exec/expression.h"

namespace soteria::exec {

/// Where a string becomes the other's type (long, double, date ...).
enum class Texts {
  kNowhere,   ///< greatest, least
  kOutside,   ///< operators: but not within arrays and structs
  kAnywhere,  ///< coalesce, if, case, array, in
};
/// The type both convert to without being asked: numbers widen (a float with an integer is double),
/// null takes the other. nullptr: none.
TypePtr CommonType(const arrow::DataType& a, const arrow::DataType& b,
                   Texts texts = Texts::kAnywhere);
/// Widest numeric type of two numbers.
TypePtr WiderNumber(const arrow::DataType& a, const arrow::DataType& b);
bool IsIntegral(const arrow::DataType& type);
bool IsFractional(const arrow::DataType& type);
/// Of those that a C++ number holds.
bool IsNumber(const arrow::DataType& type);
/// A number, or a decimal.
bool IsNumeric(const arrow::DataType& type);
/// And of no user's type.
bool IsNumeric(const arrow::Field& field);

/// Brings both arguments to one type; BINARY_OP_DIFF_TYPES otherwise.
base::Status CoercePair(const Expr& e, BoundPtr& a, BoundPtr& b);
/// Brings arguments [from, from + step, ...) to one type, returned; DATA_DIFF_TYPES otherwise.
base::StatusOr<FieldPtr> CoerceAll(const Expr& e, const std::string& function,
                                   std::vector<BoundPtr>& args, const std::vector<size_t>& which,
                                   Texts texts = Texts::kAnywhere);
/// Argument `index` as `type`, by implicit cast; UNEXPECTED_INPUT_TYPE naming `wanted` otherwise.
base::Status CoerceArgument(const Expr& e, std::vector<BoundPtr>& args, size_t index,
                            const TypePtr& type, const std::string& wanted);
base::Status UnexpectedType(const Expr& e, size_t index, const std::string& wanted, const Expr& arg,
                            const arrow::Field& got);
base::Status DifferentTypes(const Expr& e, const arrow::Field& a, const arrow::Field& b);
/// INVALID_ORDERING_TYPE: maps have no order, nor has what has one within.
base::Status InvalidOrdering(const Expr& e, std::string_view function, const arrow::DataType& type);
base::Status WrongOperator(const Expr& e, const std::string& wanted, const arrow::Field& got);

}  // namespace soteria::exec
