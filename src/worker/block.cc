#include "src/worker/block.h"

#include <arrow/table.h>
#include <arrow/util/byte_size.h>

namespace soteria::worker {

uint64_t TableBytes(const arrow::Table& table) {
  const auto bytes = arrow::util::ReferencedBufferSize(table);
  return static_cast<uint64_t>(bytes.ok() ? *bytes : arrow::util::TotalBufferSize(table));
}

uint64_t Block::rows() const {
  return static_cast<uint64_t>(features != nullptr ? features->rows : table->num_rows());
}

uint64_t Block::bytes() const {
  return features != nullptr ? features->bytes() : TableBytes(*table);
}

}  // namespace soteria::worker
