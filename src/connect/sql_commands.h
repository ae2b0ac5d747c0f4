// spark.sql as PySpark sends it: a command that is answered with a relation. A query is checked,
// and its answer is the query itself, which the client sends again when it wants its rows; a
// statement that does something does it at once, and its answer is what it has to say as rows. Runs
// on the operation's thread.
#pragma once

#include "src/base/status.h"
#include "src/connect/operations.h"
#include "src/connect/session_state.h"

namespace spark::connect {
class CreateDataFrameViewCommand;
class SqlCommand;
}  // namespace spark::connect

namespace soteria::connect {

base::Status RunSqlCommand(const spark::connect::SqlCommand& command, SessionState& state,
                           Operation& operation);

/// df.createTempView and its kin.
base::Status RunView(const spark::connect::CreateDataFrameViewCommand& view, SessionState& state);

}  // namespace soteria::connect
