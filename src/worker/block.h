// What tasks compute on: a table, the feature block that table.features made of one, or the side of
// a join that every partition of the other meets. Immutable.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "src/base/bytes.h"
#include "src/exec/join.h"
#include "src/table/feature_block.h"

namespace soteria::worker {

struct Block {
  std::shared_ptr<arrow::Table> table;
  std::shared_ptr<const table::FeatureBlock> features;
  exec::JoinSidePtr side = nullptr;

  uint64_t rows() const;
  uint64_t bytes() const;
};

/// Recipe digest and partition.
using BlockName = std::pair<base::Digest, uint64_t>;

/// Bytes in memory that the table refers to.
uint64_t TableBytes(const arrow::Table& table);

}  // namespace soteria::worker
