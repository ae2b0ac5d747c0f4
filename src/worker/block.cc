#include "src/worker/block.h"

#include <arrow/table.h>

#include "src/table/held_bytes.h"

namespace soteria::worker {

uint64_t TableBytes(const arrow::Table& table) { return table::HeldBytes(table); }

uint64_t Block::rows() const {
  return static_cast<uint64_t>(features != nullptr ? features->rows : table->num_rows());
}

uint64_t Block::bytes() const {
  if (side != nullptr) return exec::BytesOf(*side);
  return features != nullptr ? features->bytes() : TableBytes(*table);
}

}  // namespace soteria::worker
