// df.write: a plan with what its rows are written as. Runs on the operation's thread.
#pragma once

#include "src/base/status.h"
#include "src/connect/operations.h"
#include "src/connect/session_state.h"

namespace spark::connect {
class WriteOperation;
}

namespace soteria::connect {

base::Status RunWrite(const spark::connect::WriteOperation& write, SessionState& state,
                      Operation& operation);

}  // namespace soteria::connect
