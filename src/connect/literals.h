// Spark Connect's literals: as ML param values, arguments and attributes, both ways, and as exec
// literals. ML vectors and matrices are struct literals marked with their UDT. Pure functions;
// literals from outside are limited in depth and checked as values.
#pragma once

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/ml/param.h"

namespace spark::connect {
class Expression_Literal;
class MlParams;
}  // namespace spark::connect

namespace soteria::connect {

/// Most elements of one array literal.
inline constexpr int kLiteralElementsMax = 10'000'000;
inline constexpr int kLiteralDepthMax = 32;
/// Most params in one message.
inline constexpr size_t kParamsMax = 1000;

/// kIllegalArgument for malformed vectors and matrices; kUnsupported for other literal kinds.
base::StatusOr<ml::ParamValue> ToParamValue(const spark::connect::Expression_Literal& literal);
void FillLiteral(const ml::ParamValue& value, spark::connect::Expression_Literal* out);

base::StatusOr<ml::ParamMap> ToParamMap(const spark::connect::MlParams& params);
void FillParams(const ml::ParamMap& params, spark::connect::MlParams* out);

/// A cell of a column of that type: kUnsupported for vectors and matrices.
base::Status FillLiteral(const arrow::Scalar& cell, const arrow::Field& field,
                         spark::connect::Expression_Literal* out);

base::StatusOr<exec::ExprPtr> ToLiteralExpr(const spark::connect::Expression_Literal& literal);

}  // namespace soteria::connect
