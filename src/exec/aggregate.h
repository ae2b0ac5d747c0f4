// Aggregates without keys, in three steps: Map a partition to a partial, Merge partials in order,
// Finish the last one to a table of one row. Partials are canonical bytes; Merge folds from the
// left, so a tree of merges gives the same bits whoever computes it (I7). Thread-safe once made.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::exec {

inline constexpr size_t kAggregateCallsMax = 10'000;

/// count, sum, avg (mean), min, max, stddev(_samp, _pop), variance (var_samp, var_pop). `arg` null
/// or a literal with "count" is count(*). `name` "": Spark's automatic name, e.g. "count(1)".
struct AggregateCall {
  std::string function;
  ExprPtr arg;
  std::string name;
};

class Aggregate {
 public:
  /// Types the calls against the input's schema.
  static base::StatusOr<Aggregate> Make(std::vector<AggregateCall> calls,
                                        const arrow::Schema& input);
  std::string Encode() const;
  static base::StatusOr<Aggregate> Decode(std::string_view bytes);

  base::StatusOr<std::string> Map(const arrow::Table& table, uint64_t partition = 0) const;
  base::StatusOr<std::string> Merge(std::span<const std::string> partials) const;
  base::StatusOr<std::shared_ptr<arrow::Table>> Finish(std::string_view partial) const;
  const std::shared_ptr<arrow::Schema>& output_schema() const { return output_; }

 private:
  Aggregate() = default;
  std::vector<AggregateCall> calls_;
  std::shared_ptr<arrow::Schema> output_;
};

}  // namespace soteria::exec
