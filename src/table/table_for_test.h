// Small tables from text, for tests of this folder and of those above it.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "src/table/vector.h"

namespace soteria::table {

/// A table of one chunk; `columns` are JSON arrays, e.g. "[1, null, 3]", of the schema's types
/// (flat types, arrays, plain structs, and maps as arrays of pairs).
std::shared_ptr<arrow::Table> TableForTest(const std::shared_ptr<arrow::Schema>& schema,
                                           const std::vector<std::string>& columns);
std::shared_ptr<arrow::Array> ArrayForTest(const std::shared_ptr<arrow::DataType>& type,
                                           const std::string& json);
/// The struct form.
std::shared_ptr<arrow::Array> VectorsForTest(const std::vector<std::optional<VectorValue>>& rows);

}  // namespace soteria::table
