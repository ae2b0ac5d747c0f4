// Of ExpressionConverter: windows, with the frames that functions have where a script names none.
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/expressions.h"
#include "src/connect/relations.h"
#include "src/connect/sql_nodes.h"
#include "src/exec/catalogue.h"
#include "src/exec/window_conditions.h"
#include "src/exec/window_expression.h"

namespace soteria::connect {
namespace {

using exec::Expr;
using exec::ExprPtr;
using exec::WindowParts;
using spark::connect::Expression;
using Frame = Expression::Window::WindowFrame;

constexpr int kWindowKeysMax = 10'000;

ExprPtr Special(std::string_view name) { return exec::Call(std::string(name), {}); }

bool IsUnspecified(const WindowParts& parts) { return parts.lower == nullptr; }

void SetFrame(WindowParts& parts, bool rows, ExprPtr lower, ExprPtr upper) {
  parts.rows = rows;
  parts.lower = std::move(lower);
  parts.upper = std::move(upper);
}

std::string FrameName(const WindowParts& parts) {
  const auto bound = [](const Expr& e) -> std::string {
    if (e.name == exec::kUnboundedPreceding) return "unboundedpreceding$()";
    if (e.name == exec::kUnboundedFollowing) return "unboundedfollowing$()";
    if (e.name == exec::kCurrentRow) return "currentrow$()";
    return exec::PrettyName(e);
  };
  return base::Cat("specifiedwindowframe(", parts.rows ? "RowFrame" : "RangeFrame", ", ",
                   bound(*parts.lower), ", ", bound(*parts.upper), ")");
}

base::Status NotOrdered(const Expr& function) {
  return base::Fail(exec::kNotOrdered, base::Cat("Window function ", function.name,
                                                 " requires the window to be ordered. You need "
                                                 "to add an ORDER BY clause. For example: SELECT ",
                                                 exec::PrettyName(function),
                                                 " OVER (PARTITION BY window_partition ORDER BY "
                                                 "window_ordering) FROM table."));
}

/// The constant int that an argument is, its own sign reversed for lag; another argument as it is,
/// whose type is looked at later.
ExprPtr OffsetOf(const Expr& function) {
  const bool lag = function.name == "lag";
  if (function.args.size() < 2) return exec::Literal(int32_t{lag ? -1 : 1});
  const Expr& offset = *function.args[1];
  if (offset.kind != Expr::Kind::kLiteral || !offset.literal->is_valid ||
      offset.literal->type->id() != arrow::Type::INT32) {
    return exec::Literal(int32_t{0});
  }
  const int32_t value = static_cast<const arrow::Int32Scalar&>(*offset.literal).value;
  return exec::Literal(lag && value > INT32_MIN ? -value : value);
}

/// The frame of a function that has its own.
base::Status OwnFrame(const Expr& function, WindowParts& parts) {
  if (parts.spec.order.empty()) return NotOrdered(function);
  if (function.name == "nth_value") return base::OkStatus();
  if (function.name == "lag" || function.name == "lead") {
    if (!IsUnspecified(parts)) {
      return base::Fail(base::kAnalysis,
                        base::Cat("Cannot specify window frame for ", function.name, " function."));
    }
    const ExprPtr offset = OffsetOf(function);
    SetFrame(parts, true, offset, offset);
    return base::OkStatus();
  }
  WindowParts own;
  SetFrame(own, function.name != "cume_dist", Special(exec::kUnboundedPreceding),
           Special(exec::kCurrentRow));
  if (!IsUnspecified(parts) && FrameName(parts) != FrameName(own)) {
    return base::Fail(base::kAnalysis,
                      base::Cat("Window Frame ", FrameName(parts),
                                " must match the required frame ", FrameName(own), "."));
  }
  SetFrame(parts, own.rows, own.lower, own.upper);
  return base::OkStatus();
}

void DefaultFrame(WindowParts& parts) {
  if (!IsUnspecified(parts)) return;
  const bool ordered = !parts.spec.order.empty();
  SetFrame(parts, !ordered, Special(exec::kUnboundedPreceding),
           Special(ordered ? exec::kCurrentRow : exec::kUnboundedFollowing));
}

/// What Spark refuses of an aggregate over a window.
base::Status CheckAggregate(const ExprPtr& over) {
  const WindowParts parts = exec::PartsOf(*over);
  const Expr& function = *parts.function;
  if (function.distinct) {
    return base::Fail(exec::kDistinctWindow,
                      base::Cat("Distinct window functions are not supported: \"",
                                exec::PrettyName(*over), "\"."));
  }
  constexpr std::string_view kWhole[] = {"median", "percentile_cont", "percentile_disc"};
  const bool whole =
      std::find(std::begin(kWhole), std::end(kWhole), function.name) != std::end(kWhole);
  const bool all = parts.rows && parts.spec.order.empty() &&
                   parts.lower->name == exec::kUnboundedPreceding &&
                   parts.upper->name == exec::kUnboundedFollowing;
  if (!whole || all) return base::OkStatus();
  return base::Fail(exec::kSpecForFunction,
                    base::Cat("Cannot specify ORDER BY or a window frame for \"",
                              exec::PrettyName(function), "\"."));
}

base::Status Unsupported(const Expr& function) {
  if (HasAggregate(function)) return MissingGroupBy();
  return base::Fail(exec::kUnsupportedForWindow,
                    base::Cat("Expression \"", exec::PrettyName(function),
                              "\" not supported within a window function."));
}

}  // namespace

base::StatusOr<ExprPtr> ExpressionConverter::FrameBound(
    const Expression::Window::WindowFrame::FrameBoundary& bound, bool lower, int depth) const {
  if (bound.has_current_row()) return Special(exec::kCurrentRow);
  if (bound.has_unbounded()) {
    return Special(lower ? exec::kUnboundedPreceding : exec::kUnboundedFollowing);
  }
  if (!bound.has_value()) {
    return base::Fail(base::kAnalysis, lower ? "LowerBound is required in WindowFrame"
                                             : "UpperBound is required in WindowFrame");
  }
  if (IsInternal(bound.value(), kSqlUnbounded)) {
    return Special(lower ? exec::kUnboundedFollowing : exec::kUnboundedPreceding);
  }
  return AtDepth(bound.value(), depth);
}

base::StatusOr<ExprPtr> ExpressionConverter::Window(const Expression::Window& window,
                                                    int depth) const {
  if (window.partition_spec_size() + window.order_spec_size() > kWindowKeysMax) {
    return base::Fail(base::kAnalysis, "Too many keys of a window");
  }
  WindowParts parts;
  // What it means as an aggregate of groups it doesn't mean over a window.
  SOTERIA_ASSIGN_OR_RETURN(parts.function, Node(window.window_function(), depth + 1));
  for (const Expression& key : window.partition_spec()) {
    SOTERIA_ASSIGN_OR_RETURN(parts.spec.partition.emplace_back(), AtDepth(key, depth + 1));
  }
  for (const auto& order : window.order_spec()) {
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr key, AtDepth(order.child(), depth + 1));
    parts.spec.order.push_back(SortKeyOf(order, std::move(key)));
  }
  if (window.has_frame_spec()) {
    const Frame& frame = window.frame_spec();
    if (frame.frame_type() == Frame::FRAME_TYPE_UNDEFINED) {
      return base::Fail(base::kAnalysis, "A window's frame of an undefined type");
    }
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr lower, FrameBound(frame.lower(), true, depth + 1));
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr upper, FrameBound(frame.upper(), false, depth + 1));
    SetFrame(parts, frame.frame_type() == Frame::FRAME_TYPE_ROW, std::move(lower),
             std::move(upper));
  }
  const bool named = window.window_function().has_unresolved_function() ||
                     window.window_function().has_call_function() ||
                     window.window_function().has_expression_string();
  const auto kind = parts.function->kind == Expr::Kind::kCall && named
                        ? exec::KindOfFunction(parts.function->name)
                        : std::nullopt;
  if (kind != exec::FunctionKind::kAggregate && kind != exec::FunctionKind::kWindow) {
    return Unsupported(*parts.function);
  }
  if (kind == exec::FunctionKind::kWindow) {
    SOTERIA_RETURN_IF_ERROR(OwnFrame(*parts.function, parts));
  }
  DefaultFrame(parts);
  ExprPtr over = exec::Over(parts);
  if (kind == exec::FunctionKind::kAggregate) SOTERIA_RETURN_IF_ERROR(CheckAggregate(over));
  return over;
}

}  // namespace soteria::connect
