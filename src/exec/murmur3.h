// Spark's hash of rows: Murmur3 (x86, 32 bits) over the columns one after another, each value's
// hash the next one's seed, a null passing the seed on. What hash() gives and what decides which
// row of an exchange by keys goes where. NaN is one value and so is zero. A vector's hash is that
// of its struct, in either physical form. Pure functions. Internal to exec.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "src/base/status.h"

namespace soteria::exec {

/// Spark's for hash partitioning and hash().
inline constexpr uint32_t kHashSeed = 42;

/// Whether values of the type have a hash.
bool IsHashable(const arrow::DataType& type);

/// One for each row; kUnsupported for a type without one.
base::StatusOr<std::vector<uint32_t>> HashRows(
    const std::vector<std::shared_ptr<arrow::Array>>& columns, int64_t rows,
    uint32_t seed = kHashSeed);

}  // namespace soteria::exec
