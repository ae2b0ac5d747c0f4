// Spark Connect's commands other than queries: writes, temporary views, ML. Runs on the operation's
// thread.
#pragma once

#include "src/base/status.h"
#include "src/connect/operations.h"
#include "src/connect/session_state.h"

namespace spark::connect {
class Command;
}

namespace soteria::connect {

base::Status RunCommand(const spark::connect::Command& command, SessionState& state,
                        Operation& operation);

}  // namespace soteria::connect
