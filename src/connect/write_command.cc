#include "src/connect/write_command.h"

#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/commands.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/observations.h"
#include "src/connect/relations.h"
#include "src/connect/sql_expression.h"
#include "src/connect/tables.h"
#include "src/exec/expression.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::WriteOperation;
using WriteMode = master::Session::WriteMode;
using WriteRequest = master::Session::WriteRequest;

constexpr base::Condition kAllKeys = {"ALL_PARTITION_COLUMNS_NOT_ALLOWED",
                                      base::exception_class::kAnalysis, "KD005",
                                      absl::StatusCode::kInvalidArgument};
constexpr base::Condition kKeyType = {"INVALID_PARTITION_COLUMN_DATA_TYPE",
                                      base::exception_class::kAnalysis, "0A000",
                                      absl::StatusCode::kInvalidArgument};

constexpr base::Condition kNoSuchKey = {"_LEGACY_ERROR_TEMP_1155", base::exception_class::kAnalysis,
                                        "", absl::StatusCode::kInvalidArgument};

constexpr char kIgnoreNullFields[] = "spark.sql.jsonGenerator.ignoreNullFields";
constexpr char kOverwriteMode[] = "spark.sql.sources.partitionOverwriteMode";

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

constexpr base::Condition kKeysOfInsert = {"PARTITION_BY_NOT_ALLOWED_WITH_INSERT_INTO",
                                           base::exception_class::kAnalysis, "42601",
                                           absl::StatusCode::kInvalidArgument};

/// What all writers have: the path, and what is done of none of them.
base::Status ReadOptions(const WriteOperation& write, WriteRequest* request) {
  request->path = write.path();
  for (const auto& [key, value] : write.options()) {
    const std::string lower = base::Lower(key);
    if (lower == "path") {
      if (request->path.empty()) request->path = value;
    } else if (lower == "maxrecordsperfile") {
      if (value != "0") return base::NotSupported("The write option `maxRecordsPerFile`");
    } else if (lower == "partitionoverwritemode") {
      if (base::Lower(value) != "static") {
        return base::NotSupported("The write option `partitionOverwriteMode` of other than static");
      }
    } else {
      request->options[lower] = value;
    }
  }
  if (write.has_table()) {
    if (request->path.empty()) return base::OkStatus();
    return base::NotSupported("A table of a path that the script names", "write.save(path)");
  }
  if (!request->path.empty()) return base::OkStatus();
  return base::Fail(base::kIllegalArgument, "Expected exactly one path to be specified.");
}

base::Status NoSuchKey(const std::string& name, const arrow::Schema& schema) {
  std::string fields;
  for (const auto& field : schema.fields()) {
    fields += base::Cat(fields.empty() ? "" : ",", field->name(), ":", table::TypeName(*field));
  }
  return base::Fail(kNoSuchKey, base::Cat("Partition column `", name,
                                          "` not found in schema struct<", fields, ">."));
}

bool MayBeKey(const arrow::Field& field) {
  if (!table::UdtOf(field).empty()) return false;
  switch (field.type()->id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::STRING:
    case arrow::Type::DATE32:
    case arrow::Type::TIMESTAMP:
      return true;
    default:
      return false;
  }
}

/// What the command says of itself but the rows.
base::StatusOr<WriteRequest> RequestOf(const WriteOperation& write, const Config& config) {
  WriteRequest request;
  request.format = write.source().empty() ? "parquet" : base::Lower(write.source());
  if (write.sort_column_names_size() > 0 || write.has_bucket_by() ||
      write.clustering_columns_size() > 0) {
    return base::NotSupported("DataFrameWriter.bucketBy (sortBy, clusterBy)",
                              "write.parquet without it");
  }
  SOTERIA_RETURN_IF_ERROR(ReadOptions(write, &request));
  SOTERIA_ASSIGN_OR_RETURN(request.mode, ModeOf(write.mode()));
  request.zone = config.Zone();
  request.ignore_null_fields = IgnoresNullFields(config);
  request.orc_codec = config.OrcCodec();
  return request;
}

base::Status CheckOverwrite(const WriteRequest& request, const Config& config) {
  const bool whole = base::Lower(config.Get(kOverwriteMode).value_or("static")) == "static";
  if (whole || request.mode != WriteMode::kOverwrite) return base::OkStatus();
  return base::NotSupported(base::Cat(kOverwriteMode, " of other than static"));
}

/// saveAsTable and insertInto.
base::Status WriteTable(const WriteOperation& write, plan::PlanPtr plan, SessionState& state,
                        const master::Progress& progress) {
  const auto& target = write.table();
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<std::string> name, ParseSqlName(target.table_name()));
  const bool insert =
      target.save_method() == WriteOperation::SaveTable::TABLE_SAVE_METHOD_INSERT_INTO;
  if (insert && write.partitioning_columns_size() > 0) {
    return base::Fail(kKeysOfInsert,
                      base::Cat("partitionBy() cannot be used with insertInto(). Partition columns "
                                "for table ",
                                target.table_name(), " are determined by the table definition."));
  }
  NewTable table{name, {}, {}};
  SOTERIA_ASSIGN_OR_RETURN(table.request, RequestOf(write, state.config()));
  table.keys.assign(write.partitioning_columns().begin(), write.partitioning_columns().end());
  SOTERIA_RETURN_IF_ERROR(CheckOverwrite(table.request, state.config()));
  if (!insert) return SaveTable(std::move(table), std::move(plan), state, progress);
  Insertion insertion;
  insertion.overwrite = table.request.mode == WriteMode::kOverwrite;
  return InsertInto(name, std::move(plan), insertion, state, progress);
}

}  // namespace

bool IgnoresNullFields(const Config& config) {
  return base::Lower(config.Get(kIgnoreNullFields).value_or("true")) != "false";
}

base::StatusOr<plan::PlanPtr> WithKeysLast(plan::PlanPtr plan,
                                           const std::vector<std::string>& names,
                                           SessionState& state, WriteRequest* request) {
  const std::shared_ptr<arrow::Schema> schema = plan->schema;
  std::vector<int> keys;
  for (const std::string& name : names) {
    const auto found = exec::ResolveColumn(*schema, name);
    if (!found.ok()) return NoSuchKey(name, *schema);
    const int place = *found;
    const arrow::Field& field = *schema->field(place);
    if (!MayBeKey(field)) {
      return base::Fail(kKeyType, base::Cat("Cannot use ", table::QuotedTypeName(field),
                                            " for partition column."));
    }
    if (std::find(keys.begin(), keys.end(), place) != keys.end()) {
      return base::NotSupported("DataFrameWriter.partitionBy of a column twice");
    }
    keys.push_back(place);
    request->keys.push_back(field.name());
  }
  if (static_cast<int>(keys.size()) == schema->num_fields()) {
    return base::Fail(kAllKeys, "Cannot use all columns for partition columns.");
  }
  std::vector<exec::NamedExpr> columns;
  for (int i = 0; i < schema->num_fields(); ++i) {
    if (std::find(keys.begin(), keys.end(), i) != keys.end()) continue;
    columns.push_back({schema->field(i)->name(), exec::Input(i, {schema->field(i)->name()})});
  }
  const std::string zone = state.config().Zone();
  for (const int i : keys) {
    const std::string& name = schema->field(i)->name();
    columns.push_back(
        {name, exec::InZone(exec::Cast(exec::Input(i, {name}), arrow::utf8()), zone)});
  }
  return state.session().builder().Project(std::move(plan), std::move(columns));
}

namespace {

base::Status WriteFiles(const WriteOperation& write, plan::PlanPtr plan, SessionState& state,
                        const master::Progress& progress) {
  SOTERIA_ASSIGN_OR_RETURN(WriteRequest request, RequestOf(write, state.config()));
  if (write.partitioning_columns_size() > 0) {
    SOTERIA_RETURN_IF_ERROR(CheckOverwrite(request, state.config()));
    const std::vector<std::string> keys(write.partitioning_columns().begin(),
                                        write.partitioning_columns().end());
    SOTERIA_ASSIGN_OR_RETURN(plan, WithKeysLast(std::move(plan), keys, state, &request));
  }
  return state.session().Write(plan, request, progress);
}

}  // namespace

base::Status RunWrite(const WriteOperation& write, SessionState& state, Operation& operation) {
  const master::Progress progress = [&](const master::StageProgress& at) {
    operation.Progress(at);
  };
  SOTERIA_ASSIGN_OR_RETURN(auto plan, RelationConverter(state).Convert(write.input()));
  SOTERIA_ASSIGN_OR_RETURN(auto observed, Observations::Of(plan, state, operation));
  const auto run = write.has_table() ? WriteTable : WriteFiles;
  SOTERIA_RETURN_IF_ERROR(run(write, std::move(plan), state, progress));
  return std::move(observed).Send(operation);
}

}  // namespace soteria::connect
