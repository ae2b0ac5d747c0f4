// Which row goes where in an exchange: a function of the plan, the partition and the row's place in
// it only (I7). Rows keep their order. Pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "src/base/status.h"

namespace soteria::exec {

inline constexpr uint64_t kTargetsMax = 1'000'000;

/// `targets` tables (maybe empty ones): row i of partition p goes to target (start(p) + 1 + i) mod
/// targets, where start is Spark's (repartition(n) without columns, before its optional local
/// sort).
base::StatusOr<std::vector<std::shared_ptr<arrow::Table>>> RoundRobin(
    const std::shared_ptr<arrow::Table>& table, uint64_t partition, uint64_t targets);

}  // namespace soteria::exec
