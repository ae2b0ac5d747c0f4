#include <arrow/buffer.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/errors.h"
#include "src/connect/relations.h"
#include "src/connect/sql_expression.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/ipc.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::Read;

/// A plan's local data; the whole message is bounded by gRPC's limit.
constexpr table::IpcLimits kLocalLimits{
    .bytes_max = uint64_t{128} << 20, .rows_max = int64_t{1} << 28, .batches_max = 1 << 20};

/// Of a blob beside it: rows aren't cut, however long they are.
constexpr table::IpcLimits kBlobLimits{
    .bytes_max = kArtifactBytesMax, .rows_max = int64_t{1} << 28, .batches_max = 1 << 20};

/// Longest schema of local data, and longest name of its parts together.
constexpr int64_t kSchemaBytesMax = int64_t{16} << 20;
constexpr size_t kLocalNameBytesMax = size_t{8} << 20;

constexpr base::Condition InvalidPlan(const char* name) {
  return {name, "org.apache.spark.sql.connect.common.InvalidPlanInput", "56K00",
          absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition kNoLocal =
    InvalidPlan("CONNECT_INVALID_PLAN.NOT_FOUND_CACHED_LOCAL_RELATION");
constexpr base::Condition kNoChunk =
    InvalidPlan("CONNECT_INVALID_PLAN.NOT_FOUND_CHUNKED_CACHED_LOCAL_RELATION");
constexpr base::Condition kNoLocalData =
    InvalidPlan("CONNECT_INVALID_PLAN.CHUNKED_CACHED_LOCAL_RELATION_WITHOUT_DATA");
constexpr base::Condition kNoCheckpoint = InvalidPlan("CONNECT_INVALID_PLAN.DATAFRAME_NOT_FOUND");
constexpr base::Condition kLocalSize =
    InvalidPlan("CONNECT_INVALID_PLAN.LOCAL_RELATION_SIZE_LIMIT_EXCEEDED");

/// Spark's schema JSON or DDL.
base::StatusOr<std::shared_ptr<arrow::Schema>> ParseSchema(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return table::SchemaFromSparkJson(text);
  return table::SchemaFromDdl(text);
}

/// The data's columns as those of the schema, where there is one.
base::StatusOr<std::shared_ptr<arrow::Table>> WithSchema(
    std::shared_ptr<arrow::Table> data, const std::shared_ptr<arrow::Schema>& schema) {
  if (schema != nullptr && schema->num_fields() != data->num_columns()) {
    return base::Fail(base::kAnalysis, "Local data and its schema differ in columns");
  }
  return table::Normalise(std::move(data), schema.get());
}

/// A hash as an error text shows it, whatever a client sent for it.
std::string_view ShownHash(std::string_view hash) { return hash.substr(0, 64); }

base::StatusOr<std::shared_ptr<arrow::Table>> EmptyTable(
    const std::shared_ptr<arrow::Schema>& schema) {
  SOTERIA_ARROW_ASSIGN(auto table, arrow::Table::MakeEmpty(schema));
  return table;
}

/// Options of all file sources; the reader's own go on to it as they are. Of Parquet, those that
/// aren't done have no effect on what is read.
base::StatusOr<plan::ReadOptions> OptionsOf(const Read::DataSource& source,
                                            const std::string& format, const Config& config) {
  plan::ReadOptions options;
  options.merge_schema = format == "orc" && config.MergesOrcSchemas();
  for (const auto& [key, value] : source.options()) {
    const std::string lower = base::Lower(key);
    const bool flag = base::Lower(value) == "true";
    const bool refused = lower == "pathglobfilter" || lower == "modifiedbefore" ||
                         lower == "modifiedafter" ||
                         ((lower == "ignorecorruptfiles" || lower == "ignoremissingfiles") && flag);
    if (refused) {
      return base::Fail(base::kUnsupported,
                        base::Cat("The read option `", key, "` is not supported in an enclave"));
    }
    if (lower == "path" || lower.starts_with("ignorecorrupt") ||
        lower.starts_with("ignoremissing")) {
      continue;
    }
    if (lower == "recursivefilelookup") {
      options.recursive = flag;
    } else if (lower == "basepath") {
      options.base = value;
    } else if (lower == "mergeschema" && (format == "parquet" || format == "orc")) {
      options.merge_schema = flag;
    } else if (format != "parquet") {
      options.reader[lower] = value;
    }
  }
  if (source.predicates_size() > 0) {
    return base::Fail(base::kUnsupported, "Reading with predicates (JDBC) is not supported");
  }
  return options;
}

base::StatusOr<std::vector<std::string>> ReadPaths(const Read::DataSource& source) {
  std::vector<std::string> paths(source.paths().begin(), source.paths().end());
  for (const auto& [key, value] : source.options()) {
    if (base::Lower(key) == "path") paths.push_back(value);
  }
  if (paths.empty()) return base::Fail(base::kAnalysis, "A read without a path");
  if (paths.size() > static_cast<size_t>(kReadPathsMax)) {
    return base::Fail(base::kAnalysis, "Too many paths in one read");
  }
  return paths;
}

/// Does Spark's Parquet reader read the one as the other, other than as it is?
bool IsWiderDecimal(const arrow::DataType& have, const arrow::DataType& wanted) {
  if (!table::IsDecimal(have) || !table::IsDecimal(wanted) || have.Equals(wanted)) return false;
  const table::DecimalShape from = table::ShapeOf(have);
  const table::DecimalShape to = table::ShapeOf(wanted);
  return to.scale >= from.scale && to.whole() >= from.whole();
}

/// The columns that the given schema names, as far as the data has them with these types.
base::StatusOr<std::vector<exec::NamedExpr>> SelectSchema(const arrow::Schema& wanted,
                                                          const arrow::Schema& have) {
  std::vector<exec::NamedExpr> columns;
  for (const auto& field : wanted.fields()) {
    SOTERIA_ASSIGN_OR_RETURN(const int index, exec::ResolveColumn(have, field->name()));
    if (IsWiderDecimal(*have.field(index)->type(), *field->type())) {
      columns.push_back(
          {field->name(), exec::Cast(exec::Input(index, {field->name()}), field->type())});
      continue;
    }
    if (table::TypeName(*have.field(index)) != table::TypeName(*field)) {
      return base::Fail(
          base::kUnsupported,
          base::Cat("Reading column `", field->name(), "` as ", table::TypeName(*field), ": it is ",
                    table::TypeName(*have.field(index)), ". Read it as it is and cast."));
    }
    columns.push_back({field->name(), exec::Input(index, {field->name()})});
  }
  return columns;
}

}  // namespace

RelationConverter::PlanOr RelationConverter::Read(const spark::connect::Read& read) {
  if (read.is_streaming()) return base::Fail(base::kUnsupported, "Streaming reads");
  if (read.has_named_table()) return Named(read);
  if (!read.has_data_source()) return base::NotSupported("A read of neither a table nor a path");
  const auto& source = read.data_source();
  const std::string format = source.format().empty() ? "parquet" : base::Lower(source.format());
  constexpr std::string_view kFormats[] = {"parquet", "orc", "csv", "json", "libsvm", "text"};
  if (std::find(std::begin(kFormats), std::end(kFormats), format) == std::end(kFormats)) {
    return base::NotSupported(base::Cat("Reading the format ", format));
  }
  SOTERIA_ASSIGN_OR_RETURN(plan::ReadOptions options, OptionsOf(source, format, state_.config()));
  SOTERIA_ASSIGN_OR_RETURN(auto paths, ReadPaths(source));
  std::shared_ptr<arrow::Schema> schema;
  if (!source.schema().empty()) {
    SOTERIA_ASSIGN_OR_RETURN(schema, ParseSchema(source.schema()));
  }
  if (format != "parquet") {
    options.schema = std::move(schema);
    options.zone = state_.config().Zone();
    options.part_bytes = state_.config().FilePartBytes();
    options.corrupt_column =
        state_.config().Get("spark.sql.columnNameOfCorruptRecord").value_or(options.corrupt_column);
    return builder_.Read(paths, format, options);
  }
  SOTERIA_ASSIGN_OR_RETURN(auto table, builder_.Read(paths, format, options));
  if (schema == nullptr) return table;
  SOTERIA_ASSIGN_OR_RETURN(auto select, SelectSchema(*schema, *table->schema));
  return builder_.Project(std::move(table), std::move(select));
}

RelationConverter::PlanOr RelationConverter::Local(const spark::connect::LocalRelation& local) {
  std::shared_ptr<arrow::Schema> schema;
  if (local.has_schema() && !local.schema().empty()) {
    SOTERIA_ASSIGN_OR_RETURN(schema, ParseSchema(local.schema()));
  }
  std::shared_ptr<arrow::Table> data;
  if (!local.has_data()) {
    if (schema == nullptr) return base::Fail(base::kAnalysis, "Local data without a schema");
    SOTERIA_ASSIGN_OR_RETURN(data, EmptyTable(schema));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(data, table::FromIpcStream(local.data(), kLocalLimits));
    SOTERIA_ASSIGN_OR_RETURN(data, WithSchema(std::move(data), schema));
  }
  return builder_.Local(std::move(data));
}

RelationConverter::PlanOr RelationConverter::Checkpointed(
    const spark::connect::CachedRemoteRelation& cached) {
  plan::PlanPtr plan = state_.checkpoints().Find(cached.relation_id());
  if (plan != nullptr) return plan;
  return base::Fail(kNoCheckpoint, base::Cat("The Spark Connect plan is invalid. No DataFrame with "
                                             "id ",
                                             ShownHash(cached.relation_id()),
                                             " is found in the session ", state_.id()));
}

/// One blob that is a LocalRelation: as older clients send it.
RelationConverter::PlanOr RelationConverter::CachedLocal(
    const spark::connect::CachedLocalRelation& local) {
  const Artifacts::Blob blob = state_.artifacts().Find(local.hash());
  if (blob == nullptr) {
    return base::Fail(kNoLocal, base::Cat("The Spark Connect plan is invalid. Not found any cached "
                                          "local relation with the hash: ",
                                          ShownHash(local.hash()),
                                          " in the session with sessionUUID ", state_.id(), "."));
  }
  spark::connect::LocalRelation whole;
  if (blob->size() > static_cast<int64_t>(kLocalLimits.bytes_max) ||
      !whole.ParseFromArray(blob->data(), static_cast<int>(blob->size()))) {
    return base::Fail(base::kAnalysis, "A cached local relation that isn't one");
  }
  return Local(whole);
}

/// Blobs that are Arrow streams of one schema, and one that is Spark's.
RelationConverter::PlanOr RelationConverter::ChunkedLocal(
    const spark::connect::ChunkedCachedLocalRelation& local) {
  if (local.datahashes().empty()) {
    return base::Fail(kNoLocalData,
                      "The Spark Connect plan is invalid. ChunkedCachedLocalRelation should "
                      "contain data.");
  }
  std::string name = local.schemahash();
  for (const std::string& hash : local.datahashes()) name += base::Cat(" ", hash);
  if (name.size() > kLocalNameBytesMax) {
    return base::Fail(base::kAnalysis, "Local data in too many parts");
  }
  Artifacts& artifacts = state_.artifacts();
  std::shared_ptr<arrow::Table> known = artifacts.FindTable(name);
  if (known != nullptr) return builder_.Local(std::move(known), std::move(name));
  const auto find = [&](const std::string& hash) -> base::StatusOr<Artifacts::Blob> {
    Artifacts::Blob blob = artifacts.Find(hash);
    if (blob != nullptr) return blob;
    return base::Fail(
        kNoChunk,
        base::Cat("The Spark Connect plan is invalid. Not found chunked cached local "
                  "relation block with the hash: ",
                  ShownHash(hash), " in the session with sessionUUID ", state_.id(), "."));
  };
  std::shared_ptr<arrow::Schema> schema;
  if (local.has_schemahash()) {
    SOTERIA_ASSIGN_OR_RETURN(const Artifacts::Blob text, find(local.schemahash()));
    if (text->size() > kSchemaBytesMax) {
      return base::Fail(base::kAnalysis, "The schema of local data is too long");
    }
    SOTERIA_ASSIGN_OR_RETURN(schema, ParseSchema(text->ToString()));
  }
  std::vector<std::shared_ptr<arrow::Table>> parts;
  uint64_t bytes = 0;
  int64_t rows = 0;
  for (const std::string& hash : local.datahashes()) {
    SOTERIA_ASSIGN_OR_RETURN(const Artifacts::Blob blob, find(hash));
    bytes += static_cast<uint64_t>(blob->size());  // a blob counts wherever it is named
    if (bytes > kArtifactBytesMax) {
      return base::Fail(kLocalSize, base::Cat("The Spark Connect plan is invalid. Cached local "
                                              "relation size (",
                                              bytes, " bytes) exceeds the limit (",
                                              kArtifactBytesMax, " bytes)."));
    }
    SOTERIA_ASSIGN_OR_RETURN(parts.emplace_back(), table::FromIpcStream(blob, kBlobLimits));
    rows += parts.back()->num_rows();  // which may take no bytes
    if (rows > kBlobLimits.rows_max) {
      return base::Fail(base::kUnsupported,
                        base::Cat("Local data of more than ", kBlobLimits.rows_max, " rows"));
    }
  }
  auto joined = arrow::ConcatenateTables(parts);
  if (!joined.ok()) {
    return base::Fail(base::kAnalysis, "The parts of local data differ in their columns");
  }
  SOTERIA_ASSIGN_OR_RETURN(auto data, WithSchema(*joined, schema));
  artifacts.KeepTable(name, data);
  return builder_.Local(std::move(data), std::move(name));
}

}  // namespace soteria::connect
