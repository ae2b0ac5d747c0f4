// Runs one plan for one operation: sends what it yields (schema, Arrow batches, command results)
// into the operation and ends with result_complete. Runs on the operation's own thread.
#pragma once

#include "src/base/status.h"
#include "src/connect/operations.h"
#include "src/connect/session_state.h"

namespace spark::connect {
class Plan;
}

namespace soteria::connect {

/// As Spark: rows and bytes of one Arrow batch.
inline constexpr int64_t kBatchRowsMax = 10'000;
inline constexpr int64_t kBatchBytesMax = 16 << 20;

base::Status ExecutePlan(const spark::connect::Plan& plan, SessionState& state,
                         Operation& operation);

}  // namespace soteria::connect
