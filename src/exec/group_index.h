// Which rows have the same keys, as Spark groups them: null is a value, NaN is one and so is zero.
// Groups have numbers in the order in which their first rows come. Internal to exec; pure
// functions.
#pragma once

#include <cstdint>
#include <vector>

#include "src/base/status.h"
#include "src/exec/row_keys.h"

namespace soteria::exec {

struct GroupIndex {
  std::vector<uint32_t> groups;  ///< of each row
  std::vector<int64_t> firsts;   ///< the first row of each group
};

/// kMemoryLimit for more groups than their numbers can tell apart.
base::StatusOr<GroupIndex> IndexGroups(const RowKeys& keys);

}  // namespace soteria::exec
