// Which row goes where in an exchange: a function of the plan, the partition, the row's place in it
// and, of keyed ones, its keys (I7). Rows keep their order. A partitioner encodes itself into
// canonical bytes and comes back from bytes of any origin. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"

namespace soteria::exec {

inline constexpr uint64_t kTargetsMax = 1'000'000;
/// Rows of one partition that are looked at for the bounds of a sort.
inline constexpr uint64_t kSampledRowsMax = 1'000;
/// Of all partitions together, about.
inline constexpr uint64_t kSampledRowsOfAll = 20'000;

/// Whether a column can be a key of an exchange, of distinct and of set operations: kUnsupported.
base::Status CheckKey(const arrow::Field& field);

using Parts = std::vector<std::shared_ptr<arrow::Table>>;

/// `targets` tables (maybe empty ones): row i of partition p goes to target (start(p) + 1 + i) mod
/// targets, where start is Spark's (repartition(n) without columns, before its optional local
/// sort).
base::StatusOr<Parts> RoundRobin(const std::shared_ptr<arrow::Table>& table, uint64_t partition,
                                 uint64_t targets);

/// Of `places` the one that Spark gives rows of this hash (HashRows), from 0 on.
uint64_t PlaceOf(uint32_t hash, uint64_t places);
/// By keys: to the place of their hash among as many as there are targets. With `places`, to the
/// target that has the place among those: each has a range of them.
std::string EncodeHashPartitioner(const std::vector<ExprPtr>& keys, uint64_t places = 0);
base::StatusOr<Parts> HashPartition(std::string_view partitioner,
                                    const std::shared_ptr<arrow::Table>& table, uint64_t partition,
                                    uint64_t targets);

/// By an order: to the target whose rows are above the bound before it and not above its own.
base::StatusOr<Parts> RangePartition(std::string_view partitioner,
                                     const std::shared_ptr<arrow::Table>& table, uint64_t partition,
                                     uint64_t targets);

/// What a range partitioner is made of: a seeded sample of each partition's keys, merged in order.
/// A kernel of the reduce tree.
class KeySample {
 public:
  KeySample(std::vector<SortKey> keys, uint64_t rows_of_each)
      : keys_(std::move(keys)), rows_of_each_(rows_of_each) {}
  std::string Encode() const;
  /// kProtocol unless the bytes are exactly one.
  static base::StatusOr<KeySample> Decode(std::string_view bytes);

  base::StatusOr<std::string> Map(const arrow::Table& table, uint64_t partition) const;
  base::StatusOr<std::string> Merge(const std::vector<std::string>& partials) const;
  /// The partitioner that gives each target about as many rows.
  base::StatusOr<std::string> Finish(std::string_view partial, uint64_t targets) const;

 private:
  std::vector<SortKey> keys_;
  uint64_t rows_of_each_;
};

}  // namespace soteria::exec
