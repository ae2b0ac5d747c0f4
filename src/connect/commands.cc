#include "src/connect/commands.h"

#include <utility>

#include "spark/connect/base.pb.h"
#include "spark/connect/commands.pb.h"
#include "src/connect/ml_commands.h"
#include "src/connect/observations.h"
#include "src/connect/relations.h"
#include "src/connect/sql_commands.h"
#include "src/connect/unsupported.h"
#include "src/connect/write_command.h"

namespace soteria::connect {
namespace {

using spark::connect::Command;

base::Status RunCheckpoint(const spark::connect::CheckpointCommand& command, SessionState& state,
                           Operation& operation) {
  SOTERIA_ASSIGN_OR_RETURN(auto plan, RelationConverter(state).Convert(command.relation()));
  Observations observed;
  if (command.eager()) {
    SOTERIA_ASSIGN_OR_RETURN(observed, Observations::Of(plan, state, operation));
  }
  plan = plan::Untagged(plan);
  SOTERIA_ASSIGN_OR_RETURN(const std::string name, state.checkpoints().Add(plan));
  auto kept = state.session().Checkpoint(
      plan, command.eager(), [&](const master::StageProgress& at) { operation.Progress(at); });
  if (!kept.ok()) {
    state.checkpoints().Remove(name);
    return kept.status();
  }
  state.checkpoints().Set(name, *std::move(kept));
  spark::connect::ExecutePlanResponse response;
  response.mutable_checkpoint_command_result()->mutable_relation()->set_relation_id(name);
  SOTERIA_RETURN_IF_ERROR(operation.Send(std::move(response)));
  return std::move(observed).Send(operation);
}

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
    case Command::kCheckpointCommand:
      return RunCheckpoint(command.checkpoint_command(), state, operation);
    case Command::kRemoveCachedRemoteRelationCommand:
      state.checkpoints().Remove(
          command.remove_cached_remote_relation_command().relation().relation_id());
      return base::OkStatus();
    default:
      return RefuseCommand(command);
  }
}

}  // namespace soteria::connect
