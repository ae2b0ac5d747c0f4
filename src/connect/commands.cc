#include "src/connect/commands.h"

#include <string>
#include <utility>

#include "spark/connect/base.pb.h"
#include "spark/connect/commands.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/ml_commands.h"
#include "src/connect/relations.h"
#include "src/connect/sql_commands.h"
#include "src/connect/unsupported.h"

namespace soteria::connect {
namespace {

using spark::connect::Command;
using spark::connect::WriteOperation;
using WriteMode = master::Session::WriteMode;

base::StatusOr<WriteMode> ModeOf(WriteOperation::SaveMode mode) {
  switch (mode) {
    case WriteOperation::SAVE_MODE_UNSPECIFIED:
    case WriteOperation::SAVE_MODE_ERROR_IF_EXISTS:
      return WriteMode::kErrorIfExists;
    case WriteOperation::SAVE_MODE_OVERWRITE:
      return WriteMode::kOverwrite;
    case WriteOperation::SAVE_MODE_APPEND:
      return WriteMode::kAppend;
    case WriteOperation::SAVE_MODE_IGNORE:
      return WriteMode::kIgnore;
    default:
      return base::Fail(base::kIllegalArgument, "An unknown save mode");
  }
}

base::Status RunWrite(const WriteOperation& write, SessionState& state, Operation& operation) {
  const std::string format = write.source().empty() ? "parquet" : write.source();
  if (write.has_table()) {
    return base::NotSupported("DataFrameWriter.saveAsTable (insertInto)", "write.parquet(path)");
  }
  if (format != "parquet" && format != "text") {
    return base::NotSupported(base::Cat("DataFrameWriter.", format), "write.parquet or write.text");
  }
  if (write.partitioning_columns_size() > 0 || write.sort_column_names_size() > 0 ||
      write.has_bucket_by() || write.clustering_columns_size() > 0) {
    return base::NotSupported("DataFrameWriter.partitionBy (bucketBy, sortBy, clusterBy)",
                              "write.parquet without it");
  }
  if (write.path().empty()) {
    return base::Fail(base::kIllegalArgument, "Expected exactly one path to be specified.");
  }
  SOTERIA_ASSIGN_OR_RETURN(const WriteMode mode, ModeOf(write.mode()));
  SOTERIA_ASSIGN_OR_RETURN(auto plan, RelationConverter(state).Convert(write.input()));
  return state.session().Write(plan, format, write.path(), mode,
                               [&](const master::StageProgress& at) { operation.Progress(at); });
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
    case Command::kRemoveCachedRemoteRelationCommand:
      return base::OkStatus();
    default:
      return RefuseCommand(command);
  }
}

}  // namespace soteria::connect
