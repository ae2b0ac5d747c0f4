// fn(...) OVER (...) as an expression: a call named "over" of its parts, which are calls too, named
// as no function is. It computes nothing: whoever makes a plan takes it out, so that a Window
// operator makes a column of it, before anything is bound. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/exec/window.h"

namespace soteria::exec {

/// A frame as a script has it: its bounds are calls of these names without arguments, or constant
/// expressions.
inline constexpr std::string_view kUnboundedPreceding = "UNBOUNDED PRECEDING";
inline constexpr std::string_view kUnboundedFollowing = "UNBOUNDED FOLLOWING";
inline constexpr std::string_view kCurrentRow = "CURRENT ROW";

struct WindowParts {
  ExprPtr function;
  WindowSpec spec;
  bool rows = true;
  ExprPtr lower;
  ExprPtr upper;
};

ExprPtr Over(const WindowParts& parts);
bool IsOver(const Expr& e);
WindowParts PartsOf(const Expr& over);
/// Is there one within?
bool HasWindow(const Expr& e);

/// "sum(a) OVER (PARTITION BY b ORDER BY c ASC NULLS FIRST ROWS BETWEEN ...)"
std::string OverText(const Expr& over);
/// "(PARTITION BY b ...)"
std::string WindowSpecText(const WindowParts& parts);

/// The frame with the values of its bounds, of the types that they have beside the order's, typed
/// against the input of the window. The error classes of window_conditions.h.
base::StatusOr<WindowFrame> FrameOf(const WindowParts& parts, const arrow::Schema& input);
/// The same window, printed as Spark prints it where a bound is cast to the type of the order.
ExprPtr WithCastBounds(const ExprPtr& over, const arrow::Schema& input);

}  // namespace soteria::exec
