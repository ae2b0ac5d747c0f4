// Window functions: a table is sorted by its partitions and within each by an order, and every row
// gets, for each call, a value of the rows of its frame. Output: the input's columns, then the
// calls'. Each row stays, once; rows come in the order of the sort, which is stable. Sums go row by
// row in that order, so that the same rows give the same bits (I7). Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/exec/aggregate.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"

namespace soteria::exec {

inline constexpr std::string_view kWindowOperator = "exec.window";

struct WindowSpec {
  std::vector<ExprPtr> partition = {};
  std::vector<SortKey> order = {};
};

struct FrameBound {
  enum class Kind : uint8_t { kPreceding = 1, kOffset = 2, kCurrentRow = 3, kFollowing = 4 };
  Kind kind = Kind::kPreceding;  ///< kPreceding and kFollowing: unbounded
  /// kOffset: a literal, of rows an int; of a range what is added to the ordering value, below zero
  /// for what precedes.
  ExprPtr offset = nullptr;
};

/// Rows by their number, or a range of values of the order, whose equals (peers) go together.
struct WindowFrame {
  bool rows = true;
  FrameBound lower = {FrameBound::Kind::kPreceding};
  FrameBound upper = {FrameBound::Kind::kFollowing};
};

/// `call` names an aggregate or a function of window_functions.h, whose frame is its own (but
/// nth_value's).
struct WindowCall {
  AggregateCall call;
  WindowFrame frame = {};
};

OperatorPtr Window(WindowSpec spec, std::vector<WindowCall> calls);
/// kProtocol for what Window's operator doesn't write.
base::StatusOr<OperatorPtr> ReadWindow(base::FieldReader& in);

}  // namespace soteria::exec
