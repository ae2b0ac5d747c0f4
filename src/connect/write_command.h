// df.write: a plan with what its rows are written as. Runs on the operation's thread.
#pragma once

#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/connect/operations.h"
#include "src/connect/session_state.h"
#include "src/master/session.h"

namespace spark::connect {
class WriteOperation;
}

namespace soteria::connect {

base::Status RunWrite(const spark::connect::WriteOperation& write, SessionState& state,
                      Operation& operation);

/// Whether JSON leaves out fields that are null, where no option says it.
bool IgnoresNullFields(const Config& config);

/// The other columns, then those of the names, which folders are named by, as text; the request
/// names them.
base::StatusOr<plan::PlanPtr> WithKeysLast(plan::PlanPtr plan,
                                           const std::vector<std::string>& names,
                                           SessionState& state,
                                           master::Session::WriteRequest* request);

}  // namespace soteria::connect
