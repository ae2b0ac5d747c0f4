// Expressions that read no column. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::exec {

/// What constants are evaluated over: a row without columns.
std::shared_ptr<arrow::Table> OneEmptyRow();

/// The value, as an array of one row.
base::StatusOr<std::shared_ptr<arrow::Array>> ConstantValue(const Expr& e);

}  // namespace soteria::exec
