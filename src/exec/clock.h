// What a query asks of a clock: current_date(), now() and the like. A plan keeps them as calls, so
// that a view or a DataFrame means another time each time it runs; whoever runs it puts one instant
// in their place before any stage, so that every worker and every retry has the same (I7). Pure
// functions; any thread.
#pragma once

#include <cstdint>

#include "src/exec/expression.h"

namespace soteria::exec {

/// The expression at an instant, in microseconds since 1970 by UTC; itself if it asks for none. A
/// literal is printed like the call that it stands for.
ExprPtr AtInstant(const ExprPtr& e, int64_t micros);

}  // namespace soteria::exec
