// The frames of a window's rows, and aggregates over them. Internal to exec.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/accumulator.h"
#include "src/exec/window.h"
#include "src/exec/window_functions.h"

namespace soteria::exec {

/// Whether a range's bound may be of that type beside values of the order.
bool FitsOrder(const arrow::DataType& offset, const arrow::DataType& order);
/// The ordering value with an offset added, or taken away where values descend.
ExprPtr ShiftedOrder(const SortKey& key, const arrow::DataType& order, const ExprPtr& offset);

/// Of each row, in order; empty ones begin where they end. `sorted` are the rows, by whose order
/// (`spec`) the values of a range's bounds are worked out.
base::StatusOr<std::vector<Span>> FramesOf(const WindowFrame& frame, const WindowSpec& spec,
                                           const WindowRows& rows, const arrow::Table& sorted,
                                           uint64_t partition);

/// What an aggregate is over each frame. A frame that begins where the one before it began goes on
/// from there; another one is added up anew, row by row, as Spark does it, but for functions that
/// don't depend on how they are put together. Asks for what the values take beside a cell for each
/// row.
base::StatusOr<ArrayPtr> OverFrames(std::string_view function, const Accumulator& empty,
                                    const ArrayList& args, const arrow::Array* where,
                                    const TypePtr& gives, const WindowRows& rows,
                                    const std::vector<Span>& frames, const Operator::Admit& admit);

}  // namespace soteria::exec
