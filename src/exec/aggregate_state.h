// One aggregate function over one group of rows: bound to its input, updated by arrays, merged with
// what another partition saw, written and read, and finished to a value. Internal to exec; pure but
// for the CallState that a caller owns.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "src/exec/aggregate.h"
#include "src/exec/bound.h"
#include "src/exec/vector_summary.h"
#include "src/table/quantiles.h"

namespace soteria::exec {

enum class AggregateKind { kCount, kSum, kAverage, kMin, kMax, kMoments, kQuantiles, kVectors };

struct AggregateFunction {
  const char* name;
  const char* printed;
  AggregateKind kind;
  bool sample = false;    ///< moments: divide by n - 1
  bool root = false;      ///< moments: standard deviation
  bool keep_nan = false;  ///< quantiles: NaN is a value, and no value at all is null
  bool callable = true;   ///< by a script; others serve relations (summary, approxQuantile)
};

std::span<const AggregateFunction> AllAggregates();
/// nullptr when there is none.
const AggregateFunction* FindAggregate(std::string_view name);

/// What one call has seen so far.
struct CallState {
  int64_t count = 0;
  int64_t whole = 0;                    ///< sum of integers
  double number = 0;                    ///< sum of doubles; mean
  double squares = 0;                   ///< moments: sum of squared deviations
  std::shared_ptr<arrow::Scalar> best;  ///< min, max
  std::unique_ptr<table::QuantileSketch> quantiles;
  std::unique_ptr<VectorSummary> vectors;
};

struct BoundCall {
  const AggregateFunction* function;
  BoundPtr arg;     ///< null: count(*)
  BoundPtr weight;  ///< of vectors
  std::vector<int64_t> seeds;
  FieldPtr output;
};

/// Types the call against the input's schema.
base::StatusOr<BoundCall> BindCall(const AggregateCall& call, const arrow::Schema& input);

CallState NewCallState(const AggregateCall& call);
/// `weights` is null unless the call has them.
base::Status Update(const AggregateFunction& function, const arrow::Array& values,
                    const arrow::Array* weights, CallState& state);
/// Once after all updates, before anything else.
base::Status EndUpdates(CallState& state);
base::Status Combine(const AggregateFunction& function, const CallState& other, CallState& state);
void WriteCallState(const CallState& state, base::FieldWriter& out);
base::StatusOr<CallState> ReadCallState(const AggregateCall& call, const arrow::Field& output,
                                        base::FieldReader& in);
base::StatusOr<std::shared_ptr<arrow::Scalar>> Result(const AggregateCall& call,
                                                      const TypePtr& type, const CallState& state);

}  // namespace soteria::exec
