// One aggregate function over one group of rows: updated by arrays, merged with what a later part
// of the rows saw, written and read in canonical bytes, and finished to a value. To add a function:
// write an Accumulator and a row in a table of the *_aggregates.cc files. Internal to exec; one
// thread at a time.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/fields.h"
#include "src/exec/aggregate.h"
#include "src/exec/bound.h"
#include "src/exec/codec.h"
#include "src/exec/group_states.h"

namespace soteria::exec {

/// Of what one call keeps of one group.
inline constexpr size_t kAccumulatorBytesMax = size_t{64} << 20;

class Accumulator {
 public:
  virtual ~Accumulator() = default;
  /// Another one that has seen nothing; of one that hasn't either.
  virtual std::unique_ptr<Accumulator> New() const = 0;
  /// The same call over so many groups; of one that has seen nothing.
  virtual std::unique_ptr<GroupStates> OfGroups(size_t groups) const = 0;
  /// Rows [begin, end) of the call's arguments, of the types that the function was bound to.
  virtual base::Status Update(const ArrayList& args, int64_t begin, int64_t end) = 0;
  /// What `later` rows gave the same call.
  virtual base::Status Merge(const Accumulator& later) = 0;
  virtual void Write(base::FieldWriter& out) const = 0;
  /// kProtocol for bytes that Write doesn't make.
  virtual base::Status Read(base::FieldReader& in) = 0;
  /// Appends the value to a builder of the call's type.
  virtual base::Status Finish(arrow::ArrayBuilder& out) const = 0;
  /// For what may be told outside; of most functions nothing.
  virtual CallNumbers Numbers() const { return {}; }
};
using AccumulatorPtr = std::unique_ptr<Accumulator>;

/// Merge, New and OfGroups of an Accumulator by those of its own type.
template <class Self>
class AccumulatorOf : public Accumulator {
 public:
  std::unique_ptr<Accumulator> New() const final {
    return std::make_unique<Self>(static_cast<const Self&>(*this));
  }
  std::unique_ptr<GroupStates> OfGroups(size_t groups) const final {
    return std::make_unique<StatesOf<Self>>(static_cast<const Self&>(*this), groups);
  }
  base::Status Merge(const Accumulator& later) final {
    return static_cast<Self&>(*this).MergeLater(static_cast<const Self&>(later));
  }
};

/// A call while it is typed: a function casts its arguments, takes away those that are constant,
/// and says what it gives.
struct Typing {
  const Expr& text;  ///< the call, for error texts
  std::vector<BoundPtr> args;
  FieldPtr gives = {};  ///< type, nullability and udt mark of the result
};

struct AggregateFunction {
  const char* name;
  const char* printed;
  int args_min;
  int args_max;  ///< -1: any number
  base::Status (*bind)(const AggregateCall& call, Typing& typing);
  base::StatusOr<AccumulatorPtr> (*make)(const AggregateCall& call, const CallTypes& types);
  bool callable = true;  ///< by a script; others serve relations (summary, approxQuantile)
};

std::vector<const AggregateFunction*> AllAggregates();
/// nullptr when there is none.
const AggregateFunction* FindAggregate(std::string_view name);

// One table a file.
std::span<const AggregateFunction> NumberAggregates();
std::span<const AggregateFunction> ValueAggregates();
std::span<const AggregateFunction> QuantileAggregates();
std::span<const AggregateFunction> VectorAggregates();
std::span<const AggregateFunction> SketchAggregates();
std::span<const AggregateFunction> BitmapAggregates();

struct BoundCall {
  std::vector<BoundPtr> args;
  BoundPtr where;  ///< null: all rows
  std::vector<int64_t> seeds;
  FieldPtr output;
  CallTypes types() const;
};

/// Types the call against the input's schema.
base::StatusOr<BoundCall> BindCall(const AggregateCall& call, const arrow::Schema& input);
/// An accumulator of the call that has seen nothing.
base::StatusOr<AccumulatorPtr> MakeAccumulator(const AggregateCall& call, const CallTypes& types);

/// A call's arguments over all rows of a table, and its FILTER; null: all rows.
struct CallRows {
  ArrayList args;
  std::shared_ptr<arrow::BooleanArray> where;
};
/// Of call `i`; kInternal for a table of other types than the aggregate was made for.
base::StatusOr<CallRows> RowsOf(const Aggregate& aggregate, size_t i, const arrow::Table& table,
                                uint64_t partition);

/// A call but for its name, whose function whoever reads it looks up.
void WriteAggregateCall(const AggregateCall& call, base::FieldWriter& out);
base::StatusOr<AggregateCall> ReadAggregateCall(base::FieldReader& in, ExprReader& exprs);

/// kMemoryLimit naming the function.
base::Status TooMuchState(std::string_view function);

}  // namespace soteria::exec
