// Spark Connect's ML commands (fit, fetch, evaluate, save, load, the model cache) as calls on the
// master's session. Runs on the operation's thread.
#pragma once

#include "src/base/status.h"
#include "src/connect/operations.h"
#include "src/connect/session_state.h"

namespace spark::connect {
class MlCommand;
class MlCommandResult;
}  // namespace spark::connect

namespace soteria::connect {

/// PySpark calls MLlib's static helpers as methods of an object of this id.
inline constexpr char kMlHelperId[] = "______ML_CONNECT_HELPER______";
inline constexpr int kFetchMethodsMax = 16;
inline constexpr int kObjectsMax = 10'000;

base::Status RunMlCommand(const spark::connect::MlCommand& command, SessionState& state,
                          Operation& operation, spark::connect::MlCommandResult* result);

}  // namespace soteria::connect
