// The column that the columns of several tables become when their rows are put together. A pure
// function; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "src/exec/coercion.h"

namespace soteria::exec {

/// The type that both convert to without being asked, and null where either may be; named as `a`,
/// with its metadata. Texts convert by Spark's rules for operations on sets, unless told otherwise.
/// nullptr: there is none.
std::shared_ptr<arrow::Field> WidenedField(const std::shared_ptr<arrow::Field>& a,
                                           const arrow::Field& b, Texts texts = Texts::kAnywhere);

}  // namespace soteria::exec
