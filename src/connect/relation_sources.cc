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

/// Spark's schema JSON or DDL.
base::StatusOr<std::shared_ptr<arrow::Schema>> ParseSchema(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return table::SchemaFromSparkJson(text);
  return table::SchemaFromDdl(text);
}

base::StatusOr<std::shared_ptr<arrow::Table>> EmptyTable(
    const std::shared_ptr<arrow::Schema>& schema) {
  SOTERIA_ARROW_ASSIGN(auto table, arrow::Table::MakeEmpty(schema));
  return table;
}

/// Options of all file sources; the reader's own go on to it as they are. Of Parquet, those that
/// aren't done have no effect on what is read.
base::StatusOr<plan::ReadOptions> OptionsOf(const Read::DataSource& source,
                                            const std::string& format) {
  plan::ReadOptions options;
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
    } else if (format != "parquet") {
      options.reader[lower] = value;
    } else if (lower == "mergeschema") {
      options.merge_schema = flag;
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
  constexpr std::string_view kFormats[] = {"parquet", "csv", "json", "libsvm", "text"};
  if (std::find(std::begin(kFormats), std::end(kFormats), format) == std::end(kFormats)) {
    return base::NotSupported(base::Cat("Reading the format ", format));
  }
  SOTERIA_ASSIGN_OR_RETURN(plan::ReadOptions options, OptionsOf(source, format));
  SOTERIA_ASSIGN_OR_RETURN(auto paths, ReadPaths(source));
  std::shared_ptr<arrow::Schema> schema;
  if (!source.schema().empty()) {
    SOTERIA_ASSIGN_OR_RETURN(schema, ParseSchema(source.schema()));
  }
  if (format != "parquet") {
    options.schema = std::move(schema);
    options.zone = state_.config().Zone();
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
    if (schema != nullptr && schema->num_fields() != data->num_columns()) {
      return base::Fail(base::kAnalysis, "Local data and its schema differ in columns");
    }
    SOTERIA_ASSIGN_OR_RETURN(data, table::Normalise(std::move(data), schema.get()));
  }
  return builder_.Local(std::move(data));
}

}  // namespace soteria::connect
