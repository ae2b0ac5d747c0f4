#include "src/exec/partition.h"

#include <arrow/table.h>

#include "src/base/errors.h"
#include "src/exec/sort.h"
#include "src/table/spark_random.h"

namespace soteria::exec {

base::StatusOr<std::vector<std::shared_ptr<arrow::Table>>> RoundRobin(
    const std::shared_ptr<arrow::Table>& table, uint64_t partition, uint64_t targets) {
  if (targets < 1 || targets > kTargetsMax) {
    return base::Fail(base::kIllegalArgument, "Number of partitions must be positive");
  }
  const auto count = static_cast<int64_t>(targets);
  table::XorShiftRandom random(static_cast<int64_t>(partition));
  const int64_t start = random.NextInt(static_cast<int32_t>(targets)) + 1;
  std::vector<std::vector<int64_t>> rows(targets);
  for (int64_t i = 0; i < table->num_rows(); ++i) {
    rows[static_cast<size_t>((start + i) % count)].push_back(i);
  }
  std::vector<std::shared_ptr<arrow::Table>> parts;
  for (const std::vector<int64_t>& part : rows) {
    SOTERIA_ASSIGN_OR_RETURN(auto taken, TakeTableRows(table, part));
    parts.push_back(std::move(taken));
  }
  return parts;
}

}  // namespace soteria::exec
