// The functions that are there over windows only: ranks, and values of the rows before and after.
// To add one: a binder, a kernel and a row in the table of window_functions.cc. Internal to exec.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/bound.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"
#include "src/exec/sort.h"

namespace soteria::exec {

struct Span {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

/// Rows as a window's sort leaves them.
struct WindowRows {
  int64_t rows = 0;
  std::vector<Span> partitions;
  std::vector<OrderKey> order;
  /// Are the two in the same place of the order?
  bool Peers(int64_t i, int64_t j) const { return OrderRows(order, i, order, j) == 0; }
};

/// A call of a window function while it is typed.
struct WindowTyping {
  const Expr& text;            ///< with all its arguments
  std::vector<BoundPtr> args;  ///< of these
  FieldPtr gives = {};
};

/// What a kernel is given: the values of its arguments, of nth_value the frame of each row, and
/// whom to ask for room beside a cell for each row.
struct WindowInput {
  const WindowRows& rows;
  const std::vector<BoundPtr>& bound;
  const ArrayList& args;
  const std::vector<Span>& frames;
  const Operator::Admit& admit;
};

enum class OwnFrame : uint8_t {
  kRows,    ///< rows between unbounded preceding and current row
  kRange,   ///< range between unbounded preceding and current row
  kOffset,  ///< the row that its second argument says
  kNone,    ///< the script's
};

struct WindowFunction {
  const char* name;  ///< lower-case
  const char* printed;
  int args_min;
  int args_max;  ///< -1: any number
  OwnFrame frame;
  base::Status (*bind)(WindowTyping& typing);
  base::StatusOr<ArrayPtr> (*run)(const WindowInput& input);
};

std::span<const WindowFunction> WindowFunctions();
/// nullptr when there is none.
const WindowFunction* FindWindowFunction(std::string_view name);
/// The call with the arguments that it leaves out.
Expr WithAllArguments(const Expr& call);
/// As Spark prints it, of a call of one of these.
std::string WindowFunctionText(const Expr& call);
/// The rows of `values` by number, null for -1, once there is room for them. kMemoryLimit for more
/// than a column can hold.
base::StatusOr<ArrayPtr> TakeOrNull(const ArrayPtr& values, const std::vector<int64_t>& rows,
                                    const Operator::Admit& admit);
/// first, last and the like over windows: an aggregate that is one row's value.
bool IsEndFunction(std::string_view name, bool* first);
/// Rows of each frame's first or last value; -1 for none.
std::vector<int64_t> EndRows(const arrow::Array& values, const std::vector<Span>& frames,
                             bool first, bool ignore_nulls);

}  // namespace soteria::exec
