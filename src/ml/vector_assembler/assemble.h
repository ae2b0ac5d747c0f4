// The rows of VectorAssembler's input columns, put together. Private to vector_assembler. One
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/columns.h"
#include "src/table/vector.h"

namespace soteria::ml {

enum class HandleInvalid { kError, kSkip, kKeep };

/// One input column: numbers, or vectors (one chunk).
struct AssembleColumn {
  std::string name;
  std::variant<Numbers, table::VectorReader> rows;
};

/// Rows that have a null, or a NaN among their numbers.
std::vector<bool> InvalidRows(const std::vector<AssembleColumn>& columns, size_t rows);

/// The vector column. With kError, no row may be invalid; with kKeep, an invalid number is NaN and
/// a null vector is as many NaNs as its column's vectors are wide.
base::StatusOr<std::shared_ptr<arrow::Array>> Assemble(const std::vector<AssembleColumn>& columns,
                                                       size_t rows, HandleInvalid invalid);

}  // namespace soteria::ml
