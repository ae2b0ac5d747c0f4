#include "src/connect/commands.h"

#include <utility>

#include "spark/connect/base.pb.h"
#include "spark/connect/commands.pb.h"
#include "src/connect/ml_commands.h"
#include "src/connect/sql_commands.h"
#include "src/connect/unsupported.h"
#include "src/connect/write_command.h"

namespace soteria::connect {
namespace {

using spark::connect::Command;

}  // namespace

base::Status RunCommand(const Command& command, SessionState& state, Operation& operation) {
  switch (command.command_type_case()) {
    case Command::kMlCommand: {
      spark::connect::ExecutePlanResponse response;
      SOTERIA_RETURN_IF_ERROR(RunMlCommand(command.ml_command(), state, operation,
                                           response.mutable_ml_command_result()));
      return operation.Send(std::move(response));
    }
    case Command::kWriteOperation:
      return RunWrite(command.write_operation(), state, operation);
    case Command::kSqlCommand:
      return RunSqlCommand(command.sql_command(), state, operation);
    case Command::kCreateDataframeView:
      return RunView(command.create_dataframe_view(), state);
    case Command::kRemoveCachedRemoteRelationCommand:
      return base::OkStatus();
    default:
      return RefuseCommand(command);
  }
}

}  // namespace soteria::connect
