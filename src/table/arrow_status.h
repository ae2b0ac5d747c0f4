// The edge between arrow::Status and base::Status. Arrow's texts may quote cell values, so every
// status that comes through here counts as quoting data. .cc files only.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include "src/base/status.h"

namespace soteria::table {

/// OK stays OK; out of memory is kMemoryLimit; anything else is kInternal.
base::Status FromArrow(const arrow::Status& status);

}  // namespace soteria::table

#define SOTERIA_ARROW_CAT_(a, b) a##b
#define SOTERIA_ARROW_CAT(a, b) SOTERIA_ARROW_CAT_(a, b)

/// Returns from the function when the Arrow expression fails.
#define SOTERIA_ARROW_RETURN(expr)                              \
  do {                                                          \
    const ::arrow::Status soteria_arrow_status = (expr);        \
    if (!soteria_arrow_status.ok()) {                           \
      return ::soteria::table::FromArrow(soteria_arrow_status); \
    }                                                           \
  } while (false)

#define SOTERIA_ARROW_ASSIGN_(lhs, expr, result)         \
  auto result = (expr);                                  \
  if (!result.ok()) {                                    \
    return ::soteria::table::FromArrow(result.status()); \
  }                                                      \
  lhs = std::move(result).ValueUnsafe()

/// lhs = value of an arrow::Result, or returns its status.
#define SOTERIA_ARROW_ASSIGN(lhs, expr) \
  SOTERIA_ARROW_ASSIGN_(lhs, expr, SOTERIA_ARROW_CAT(soteria_arrow_result_, __LINE__))
