// The order in which Scala's mutable.HashMap hands out its keys: what Spark makes of such a map
// comes in this order, and which items of a bounded map stay depends on it. Pure functions.
// Internal to exec.
#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "src/base/status.h"

namespace soteria::exec {

/// Scala's hash (##) of each cell as Spark keeps it, spread as the map spreads it. Cells of nested
/// types and of decimals beyond 15 digits have 0: they come in the order in which they went in.
base::StatusOr<std::vector<int32_t>> ScalaHashes(const std::shared_ptr<arrow::Array>& cells);

/// Buckets of a map that holds nothing.
inline constexpr size_t kScalaBuckets = 16;
/// Of a map of that many buckets and keys, after one more is put.
size_t ScalaBucketsAfter(size_t buckets, size_t keys);
/// Whether the key of hash `a` comes before that of `b`; where neither does, it is the one that
/// went in before.
bool ScalaBefore(int32_t a, int32_t b, size_t buckets);

}  // namespace soteria::exec
