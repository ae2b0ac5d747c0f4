// Aggregates. Without keys in three steps: Map a partition to a partial, Merge partials in order,
// Finish the last one to a table of one row. Partials are canonical bytes; Merge folds from the
// left, so a tree of merges gives the same bits whoever computes it (I7). With keys they are two
// operators around an exchange (groups.h). Thread-safe once made.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/exec/vector_summary.h"

namespace soteria::exec {

inline constexpr size_t kAggregateCallsMax = 10'000;

/// A function of docs/functions.md over the rows of a group. `arg` null or a literal with "count"
/// is count(*); `rest` are the other arguments, of which some functions want constants.
/// summary_percentiles and approx_quantile: doubles at `probabilities`; the latter leaves out NaN
/// and gives an empty array for no values. aggregate_metrics: Summarizer's struct of `metrics`.
struct AggregateCall {
  std::string function;
  ExprPtr arg;
  std::optional<std::string> name;  ///< none: Spark's automatic name, e.g. "count(1)"
  ExprPtr weight = nullptr;
  std::vector<std::string> metrics = {};
  std::vector<double> probabilities = {};
  double relative_error = 0;
  std::vector<ExprPtr> rest = {};
  bool distinct = false;    ///< each combination of arguments counts once
  ExprPtr where = nullptr;  ///< rows where it doesn't hold don't count
};

/// Rows group by the value: null is one group, NaN is NaN, -0.0 is 0.0.
struct GroupKey {
  ExprPtr expr;
  std::optional<std::string> name = std::nullopt;
};

/// What a call's partial says beside its result, for what may be told of it.
struct CallNumbers {
  int64_t rows = 0;   ///< that counted
  double sum = 0;     ///< of avg
  double spread = 0;  ///< of stddev and variance: squared distances from the mean
  std::vector<VectorSummary::Element> elements = {};  ///< of aggregate_metrics
};

/// The types of a call's arguments (without the constant ones) and of its result.
struct CallTypes {
  std::vector<std::shared_ptr<arrow::DataType>> args;
  std::shared_ptr<arrow::DataType> result;
};

class Aggregate {
 public:
  /// Types calls and keys against the input's schema. Keys come first in the output.
  static base::StatusOr<Aggregate> Make(std::vector<AggregateCall> calls,
                                        const arrow::Schema& input,
                                        std::vector<GroupKey> keys = {});
  std::string Encode() const;
  static base::StatusOr<Aggregate> Decode(std::string_view bytes);

  /// Without keys only, as the next three.
  base::StatusOr<std::string> Map(const arrow::Table& table, uint64_t partition = 0) const;
  base::StatusOr<std::string> Merge(std::span<const std::string> partials) const;
  base::StatusOr<std::shared_ptr<arrow::Table>> Finish(std::string_view partial) const;
  /// Of each call.
  base::StatusOr<std::vector<CallNumbers>> Numbers(std::string_view partial) const;
  const std::shared_ptr<arrow::Schema>& output_schema() const { return output_; }
  const std::vector<AggregateCall>& calls() const { return calls_; }
  const std::vector<CallTypes>& types() const { return types_; }
  const std::vector<GroupKey>& keys() const { return keys_; }

 private:
  Aggregate() = default;
  std::vector<GroupKey> keys_;
  std::vector<AggregateCall> calls_;
  std::vector<CallTypes> types_;  // of each call
  std::shared_ptr<arrow::Schema> output_;
};

}  // namespace soteria::exec
