#include "src/connect/tables.h"

#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>

#include "src/base/ascii.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/errors.h"
#include "src/connect/match_schema.h"
#include "src/connect/sql_expression.h"
#include "src/connect/write_command.h"
#include "src/exec/catalogue.h"
#include "src/plan/scope.h"
#include "src/plan/stored.h"
#include "src/table/arrow_status.h"
#include "src/table/conditions.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using master::StoredTable;
using master::TableDefinition;
using WriteMode = master::Session::WriteMode;
using WriteRequest = master::Session::WriteRequest;
using Names = std::vector<std::string>;

constexpr base::Condition Analysis(const char* name, const char* state) {
  return {name, base::exception_class::kAnalysis, state, absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition kNoSchema = Analysis("SCHEMA_NOT_FOUND", "42704");
constexpr base::Condition kNoCatalog = Analysis("_LEGACY_ERROR_TEMP_1310", "");
constexpr base::Condition kTableName = Analysis("INVALID_SCHEMA_OR_RELATION_NAME", "42602");
constexpr base::Condition kLocationExists = {"LOCATION_ALREADY_EXISTS",
                                             base::exception_class::kSparkRuntime, "42710",
                                             absl::StatusCode::kAlreadyExists};
constexpr base::Condition kReadsItself = Analysis("UNSUPPORTED_OVERWRITE.TABLE", "42902");
constexpr base::Condition kNoKey = Analysis("COLUMN_NOT_DEFINED_IN_TABLE", "42703");
constexpr base::Condition kOtherFormat = Analysis("_LEGACY_ERROR_TEMP_1159", "");
constexpr base::Condition kOtherNumber = Analysis("_LEGACY_ERROR_TEMP_1161", "");
constexpr base::Condition kOtherNames = Analysis("_LEGACY_ERROR_TEMP_1162", "");
constexpr base::Condition kOtherKeys = Analysis("_LEGACY_ERROR_TEMP_1163", "");
constexpr base::Condition kTooFew =
    Analysis("INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS", "21S01");
constexpr base::Condition kTooMany =
    Analysis("INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS", "21S01");
constexpr base::Condition kUnsafeCast =
    Analysis("INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST", "KD000");
constexpr base::Condition kExtraColumns =
    Analysis("INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS", "KD000");
constexpr base::Condition kNotPartitioned = Analysis("NON_PARTITION_COLUMN", "42000");
constexpr base::Condition kIntoView = Analysis("UNSUPPORTED_INSERT.RDD_BASED", "42809");

bool IsWordOfTables(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Of a table that is to be made.
base::StatusOr<std::string> NewName(const Names& parts) {
  if (parts.size() > 3 || (parts.size() == 3 && !base::EqualIgnoringCase(parts[0], kCatalogName))) {
    std::string dotted;
    for (const std::string& part : parts) dotted += base::Cat(dotted.empty() ? "" : ".", part);
    return base::Fail(kNoCatalog,
                      base::Cat("Couldn't find a catalog to handle the identifier ", dotted, "."));
  }
  if (parts.size() > 1) {
    SOTERIA_RETURN_IF_ERROR(CheckDatabase({parts.begin(), parts.end() - 1}));
  }
  if (!IsWordOfTables(parts.back())) {
    return base::Fail(kTableName,
                      base::Cat(QuoteName({parts.back()}),
                                " is not a valid name for tables/schemas. Valid names only "
                                "contain alphabet characters, numbers and _."));
  }
  return base::Lower(parts.back());
}

std::string Columns(const arrow::Schema& schema) {
  Names names;
  for (const auto& field : schema.fields()) names.push_back(QuoteName({field->name()}));
  return base::Joined(names);
}

/// "struct<id:int,name:string>"
std::string ShapeOf(const arrow::Schema& schema) {
  std::string fields;
  for (const auto& field : schema.fields()) {
    fields += base::Cat(fields.empty() ? "" : ",", field->name(), ":", table::TypeName(*field));
  }
  return base::Cat("struct<", fields, ">");
}

std::string DottedName(const std::string& table) {
  return base::Cat(kCatalogName, ".", kDatabaseName, ".", table);
}

/// Of Spark's classes for formats.
std::string SourceOf(const std::string& format) {
  const std::string upper = base::Upper(format);
  const std::string name =
      format == "csv" ? upper : base::Cat(upper.substr(0, 1), format.substr(1));
  return base::Cat(name, "DataSourceV2");
}

int PlaceOf(const arrow::Schema& schema, const std::string& name) {
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (base::EqualIgnoringCase(schema.field(i)->name(), name)) return i;
  }
  return -1;
}

/// A value of the rows as the table's column has it.
base::StatusOr<exec::NamedExpr> Stored(exec::ExprPtr value, const arrow::Field& from,
                                       const arrow::Field& to, const std::string& table,
                                       const std::string& zone) {
  if (table::UdtOf(from) != table::UdtOf(to) || !MayStore(from, to)) {
    return base::Fail(
        kUnsafeCast,
        base::Cat("Cannot write incompatible data for the table ", FullName(table),
                  ": Cannot safely cast ", QuoteName({to.name()}), " ", table::QuotedTypeName(from),
                  " to ", table::QuotedTypeName(to), "."));
  }
  if (from.type()->Equals(to.type())) return exec::NamedExpr{to.name(), std::move(value)};
  exec::ExprPtr cast = exec::InZone(exec::Cast(std::move(value), to.type()), zone);
  const std::string says =
      base::Cat("Fail to assign a value of ", table::QuotedTypeName(from), " type to the ",
                table::QuotedTypeName(to), " type column or variable ", QuoteName({to.name()}),
                " due to an overflow. Use `try_cast` on the input value to tolerate overflow and "
                "return NULL instead.");
  return exec::NamedExpr{
      to.name(), exec::Call(std::string(exec::kStored), {std::move(cast), exec::Literal(says)})};
}

exec::ExprPtr NullOf(const arrow::Field& field) {
  return exec::Cast(exec::Literal(arrow::MakeNullScalar(arrow::null())), field.type());
}

base::Status Arity(const base::Condition& what, std::string_view why, const arrow::Schema& table,
                   const plan::Plan& rows, const std::string& name) {
  return base::Fail(what, base::Cat("Cannot write to ", FullName(name), ", the reason is ", why,
                                    " data columns:\nTable columns: ", Columns(table),
                                    ".\nData columns: ", Columns(*rows.schema), "."));
}

/// What Spark says where something else lies in the place of a table that is to be made.
base::Status OfLocation(const base::Status& made, const std::string& name,
                        const std::string& path) {
  if (!base::Is(made, base::kPathExists)) return made;
  return base::Fail(
      kLocationExists,
      base::Cat("Cannot name the managed table as ", FullName(name),
                ", as its associated location '", path,
                "' already exists. Please pick a different table name, or remove the existing "
                "location first."));
}

/// Writes as the table's definition has it; the plan's columns are the table's, by place.
base::Status WriteTo(const std::string& name, const TableDefinition& definition, WriteMode mode,
                     plan::PlanPtr rows, SessionState& state, const master::Progress& progress) {
  WriteRequest request;
  SOTERIA_ASSIGN_OR_RETURN(request.path, state.session().TablePath(name));
  request.format = definition.format;
  request.mode = mode;
  request.options = definition.options;
  request.zone = state.config().Zone();
  request.ignore_null_fields = IgnoresNullFields(state.config());
  request.orc_codec = state.config().OrcCodec();
  request.definition = definition;
  if (!definition.keys.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(rows, WithKeysLast(std::move(rows), definition.keys, state, &request));
  }
  return OfLocation(state.session().Write(rows, request, progress), name, request.path);
}

base::Status CheckAppend(const NewTable& wanted, const StoredTable& table, const std::string& name,
                         const arrow::Schema& rows) {
  const TableDefinition& has = table.definition;
  if (wanted.request.format != has.format) {
    return base::Fail(kOtherFormat,
                      base::Cat("The format of the existing table ", DottedName(name), " is `",
                                SourceOf(has.format), "`. It doesn't match the specified format `",
                                SourceOf(wanted.request.format), "`."));
  }
  if (rows.num_fields() != has.schema->num_fields()) {
    return base::Fail(
        kOtherNumber,
        base::Cat("The column number of the existing table ", DottedName(name), " (",
                  ShapeOf(*has.schema), ") doesn't match the data schema (", ShapeOf(rows), ")."));
  }
  const bool same =
      std::equal(wanted.keys.begin(), wanted.keys.end(), has.keys.begin(), has.keys.end(),
                 [](const auto& a, const auto& b) { return base::EqualIgnoringCase(a, b); });
  if (same) return base::OkStatus();
  return base::Fail(
      kOtherKeys,
      base::Cat("Specified partitioning does not match that of the existing table ",
                DottedName(name), ".\nSpecified partition columns: [", base::Joined(wanted.keys),
                "].\nExisting partition columns: [", base::Joined(has.keys), "]."));
}

/// Appends by name.
base::Status Append(const NewTable& wanted, const StoredTable& table, const std::string& name,
                    plan::PlanPtr rows, SessionState& state, const master::Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(CheckAppend(wanted, table, name, *rows->schema));
  std::vector<exec::NamedExpr> columns;
  for (const auto& field : table.definition.schema->fields()) {
    const int place = PlaceOf(*rows->schema, field->name());
    if (place < 0) {
      return base::Fail(kOtherNames,
                        base::Cat("Cannot resolve '", field->name(), "' given input columns: [",
                                  base::Joined(rows->schema->field_names()), "]."));
    }
    SOTERIA_ASSIGN_OR_RETURN(columns.emplace_back(),
                             Stored(plan::ColumnAt(*rows, place), *rows->schema->field(place),
                                    *field, name, state.config().Zone()));
  }
  SOTERIA_ASSIGN_OR_RETURN(rows,
                           state.session().builder().Project(std::move(rows), std::move(columns)));
  return WriteTo(name, table.definition, WriteMode::kAppend, std::move(rows), state, progress);
}

base::Status ReadsItself(const std::string& name) {
  return base::Fail(kReadsItself,
                    base::Cat("Can't overwrite the target that is also being read from. The "
                              "target table is ",
                              FullName(name), "."));
}

base::Status AlreadyThere(const std::string& name) {
  return base::Fail(kTableExists,
                    base::Cat("Cannot create table or view ", FullName(name),
                              " because it already exists.\nChoose a different name, drop or "
                              "replace the existing object, or add the IF NOT EXISTS clause to "
                              "tolerate pre-existing objects."));
}

/// Whoever makes the table: SQL and spark.catalog give a path as an option, too.
base::Status CheckOptions(const NewTable& table) {
  if (!table.request.options.contains("path")) return base::OkStatus();
  return base::NotSupported("A table of a path that the script names", "write.save(path)");
}

base::Status CheckKeys(const Names& keys, const arrow::Schema& schema, const std::string& name) {
  for (const std::string& key : keys) {
    if (PlaceOf(schema, key) >= 0) continue;
    return base::Fail(
        kNoKey, base::Cat("partition column ", QuoteName({key}), " is not defined in table ",
                          FullName(name), ", defined table columns are: ", Columns(schema), "."));
  }
  return base::OkStatus();
}

base::Status Repeated(const std::string& name) {
  return base::Fail(table::kColumnExists,
                    base::Cat("The column `", base::Lower(name),
                              "` already exists. Choose another name or rename the existing "
                              "column."));
}

base::Status CheckDistinct(const arrow::Schema& schema) {
  for (int i = 0; i < schema.num_fields(); ++i) {
    const std::string& name = schema.field(i)->name();
    if (PlaceOf(schema, name) == i) continue;
    return Repeated(name);
  }
  return base::OkStatus();
}

/// The columns as a table keeps them: the keys last in their order, none with metadata.
std::shared_ptr<arrow::Schema> KeptColumns(const arrow::Schema& schema,
                                           const std::vector<std::string>& keys) {
  arrow::FieldVector own;
  arrow::FieldVector last;
  const auto kept = [](const arrow::Field& field) {
    return table::WithUdt(arrow::field(field.name(), field.type(), /*nullable=*/true),
                          table::UdtOf(field));
  };
  const auto is = [](const std::string& name) {
    return [&name](const auto& other) { return base::EqualIgnoringCase(name, other); };
  };
  for (const auto& field : schema.fields()) {
    if (std::none_of(keys.begin(), keys.end(), is(field->name()))) own.push_back(kept(*field));
  }
  for (const std::string& key : keys) {
    for (const auto& field : schema.fields()) {
      if (is(key)(field->name())) last.push_back(kept(*field));
    }
  }
  own.insert(own.end(), last.begin(), last.end());
  return arrow::schema(std::move(own));
}

TableDefinition DefinitionOf(const NewTable& table, const arrow::Schema& schema) {
  TableDefinition definition;
  definition.format = table.request.format;
  definition.schema = KeptColumns(schema, table.keys);
  const int own = schema.num_fields() - static_cast<int>(table.keys.size());
  for (int i = own; i < schema.num_fields(); ++i) {
    definition.keys.push_back(definition.schema->field(i)->name());
  }
  definition.options = table.request.options;
  definition.comment = table.comment;
  return definition;
}

/// The columns that values are given for, as places of the table.
base::StatusOr<std::vector<int>> Targets(const arrow::Schema& schema, const Insertion& insertion) {
  const auto is_fixed = [&](const std::string& name) {
    return std::any_of(insertion.fixed.begin(), insertion.fixed.end(),
                       [&](const auto& one) { return base::EqualIgnoringCase(one.first, name); });
  };
  std::vector<int> targets;
  for (const std::string& name : insertion.columns) {
    const int place = PlaceOf(schema, name);
    if (place < 0) {
      return base::Fail(
          base::kUnresolvedColumn,
          base::Cat("A column, variable, or function parameter with name ", QuoteName({name}),
                    " cannot be resolved. Did you mean one of the following? [", Columns(schema),
                    "]."));
    }
    if (std::find(targets.begin(), targets.end(), place) != targets.end()) {
      return Repeated(name);
    }
    targets.push_back(place);
  }
  if (!insertion.columns.empty()) return targets;
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (!is_fixed(schema.field(i)->name())) targets.push_back(i);
  }
  return targets;
}

/// Where the rows have each column of the table; -1: nowhere.
base::StatusOr<std::vector<int>> Sources(const arrow::Schema& schema, const plan::Plan& rows,
                                         const Insertion& insertion, const std::string& name) {
  std::vector<int> sources(static_cast<size_t>(schema.num_fields()), -1);
  if (insertion.by_name) {
    Names extra;
    for (int i = 0; i < rows.schema->num_fields(); ++i) {
      const std::string& column = rows.schema->field(i)->name();
      const int place = PlaceOf(schema, column);
      if (place < 0) {
        extra.push_back(QuoteName({column}));
      } else {
        sources[static_cast<size_t>(place)] = i;
      }
    }
    if (extra.empty()) return sources;
    return base::Fail(kExtraColumns,
                      base::Cat("Cannot write incompatible data for the table ", FullName(name),
                                ": Cannot write extra columns ", base::Joined(extra), "."));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<int> targets, Targets(schema, insertion));
  const auto given = static_cast<size_t>(rows.schema->num_fields());
  if (given < targets.size()) return Arity(kTooFew, "not enough", schema, rows, name);
  if (given > targets.size()) return Arity(kTooMany, "too many", schema, rows, name);
  for (size_t i = 0; i < targets.size(); ++i) {
    sources[static_cast<size_t>(targets[i])] = static_cast<int>(i);
  }
  return sources;
}

/// The rows as the table's columns; those that nothing is given for are null.
base::StatusOr<plan::PlanPtr> AsTable(plan::PlanPtr rows, const arrow::Schema& schema,
                                      const Insertion& insertion, const std::string& name,
                                      SessionState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<int> sources, Sources(schema, *rows, insertion, name));
  const std::string zone = state.config().Zone();
  std::vector<exec::NamedExpr> columns;
  for (int i = 0; i < schema.num_fields(); ++i) {
    const arrow::Field& field = *schema.field(i);
    const auto fixed = std::find_if(
        insertion.fixed.begin(), insertion.fixed.end(),
        [&](const auto& one) { return base::EqualIgnoringCase(one.first, field.name()); });
    if (fixed != insertion.fixed.end()) {
      columns.push_back(
          {field.name(), exec::InZone(exec::Cast(fixed->second, field.type()), zone)});
      continue;
    }
    const int place = sources[static_cast<size_t>(i)];
    if (place < 0) {
      columns.push_back({field.name(), NullOf(field)});
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(
        columns.emplace_back(),
        Stored(plan::ColumnAt(*rows, place), *rows->schema->field(place), field, name, zone));
  }
  return state.session().builder().Project(std::move(rows), std::move(columns));
}

/// How a reader makes a column that folders name.
bool IsReadAsKey(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::DOUBLE:
    case arrow::Type::DATE32:
    case arrow::Type::STRING:
      return true;
    default:
      return false;
  }
}

base::StatusOr<std::string> ExistingName(const Names& parts, SessionState& state) {
  const auto view = parts.size() == 1 ? state.views().Find(parts[0]) : std::nullopt;
  if (view.has_value()) {
    return base::Fail(kIntoView,
                      "Can't insert into the target. An RDD-based table is not allowed.");
  }
  if (auto name = TableNameOf(parts)) return *std::move(name);
  return NoTable(parts);
}

}  // namespace

std::optional<ViewName> ViewOf(const Names& parts) {
  if (parts.size() == 1) return ViewName{parts[0], false};
  if (parts.size() != 2) return std::nullopt;
  if (base::EqualIgnoringCase(parts[0], kSessionViews)) return ViewName{parts[1], false};
  if (!base::EqualIgnoringCase(parts[0], kGlobalViews)) return std::nullopt;
  return ViewName{parts[1], true};
}

std::optional<plan::PlanPtr> FindView(const Names& parts, SessionState& state) {
  const auto view = ViewOf(parts);
  if (!view.has_value()) return std::nullopt;
  return state.views().Find(view->name, view->global);
}

std::optional<std::string> TableNameOf(const Names& parts) {
  if (parts.empty() || parts.size() > 3) return std::nullopt;
  const size_t at = parts.size() - 1;
  if (at > 0 && !base::EqualIgnoringCase(parts[at - 1], kDatabaseName)) return std::nullopt;
  if (at > 1 && !base::EqualIgnoringCase(parts[0], kCatalogName)) return std::nullopt;
  if (!IsWordOfTables(parts[at])) return std::nullopt;
  return base::Lower(parts[at]);
}

std::string FullName(const std::string& table) {
  return QuoteName({std::string(kCatalogName), std::string(kDatabaseName), table});
}

base::Status CheckDatabase(const Names& parts) {
  const bool catalog = parts.size() < 2 || base::EqualIgnoringCase(parts[0], kCatalogName);
  if (catalog && parts.size() <= 2 && base::EqualIgnoringCase(parts.back(), kDatabaseName)) {
    return base::OkStatus();
  }
  Names full = parts;
  if (full.size() == 1) full.insert(full.begin(), std::string(kCatalogName));
  return base::Fail(
      kNoSchema,
      base::Cat("The schema ", QuoteName(full),
                " cannot be found. Verify the spelling and correctness of the schema and "
                "catalog.\nIf you did not qualify the name with a catalog, verify the "
                "current_schema() output, or qualify the name with the correct catalog.\nTo "
                "tolerate the error on drop use DROP SCHEMA IF EXISTS."));
}

base::Status NoTable(const Names& parts) {
  return base::Fail(
      kTableNotFound,
      base::Cat("The table or view ", QuoteName(parts),
                " cannot be found. Verify the spelling and correctness of the schema and catalog. "
                "Tables are kept in the Manifest's writable root (spark.sql.warehouse.dir); data "
                "sets are read by their path."));
}

base::StatusOr<std::optional<StoredTable>> FindTable(const Names& parts, SessionState& state) {
  const auto name = TableNameOf(parts);
  if (!name.has_value()) return std::nullopt;
  return state.session().FindTable(*name);
}

base::StatusOr<plan::PlanPtr> RowsOfTable(const StoredTable& table, SessionState& state) {
  const TableDefinition& has = table.definition;
  plan::Builder& builder = state.session().builder();
  if (table.empty) {
    SOTERIA_ARROW_ASSIGN(auto rows, arrow::Table::MakeEmpty(has.schema));
    return builder.Local(std::move(rows));
  }
  const std::string zone = state.config().Zone();
  plan::ReadOptions options;
  options.zone = zone;
  options.part_bytes = state.config().FilePartBytes();
  const bool others = has.format != "parquet";
  arrow::FieldVector given;
  for (const auto& field : has.schema->fields()) {
    const bool key = std::find(has.keys.begin(), has.keys.end(), field->name()) != has.keys.end();
    if (!key && !others) continue;
    given.push_back(key && !IsReadAsKey(*field->type()) ? field->WithType(arrow::utf8()) : field);
  }
  options.schema = arrow::schema(std::move(given));
  if (others) options.reader = has.options;
  SOTERIA_ASSIGN_OR_RETURN(auto rows, builder.Read({table.path}, has.format, options));
  std::vector<exec::NamedExpr> columns;
  for (const auto& field : has.schema->fields()) {
    const int place = PlaceOf(*rows->schema, field->name());
    if (place < 0) {
      columns.push_back({field->name(), NullOf(*field)});
      continue;
    }
    exec::ExprPtr column = plan::ColumnAt(*rows, place);
    if (!rows->schema->field(place)->type()->Equals(field->type())) {
      column = exec::InZone(exec::Cast(std::move(column), field->type()), zone);
    } else if (rows->schema->field(place)->name() == field->name()) {
      columns.push_back({std::nullopt, std::move(column)});
      continue;
    }
    columns.push_back({field->name(), std::move(column)});
  }
  return builder.Project(std::move(rows), std::move(columns));
}

base::StatusOr<std::optional<plan::PlanPtr>> FindViewOrTable(const Names& parts,
                                                             SessionState& state) {
  if (auto view = FindView(parts, state)) return view;
  SOTERIA_ASSIGN_OR_RETURN(const auto table, FindTable(parts, state));
  if (!table.has_value()) return std::nullopt;
  SOTERIA_ASSIGN_OR_RETURN(auto rows, RowsOfTable(*table, state));
  return std::optional<plan::PlanPtr>(std::move(rows));
}

base::Status SaveTable(NewTable table, plan::PlanPtr rows, SessionState& state,
                       const master::Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(CheckOptions(table));
  SOTERIA_ASSIGN_OR_RETURN(const std::string name, NewName(table.name));
  SOTERIA_ASSIGN_OR_RETURN(const auto found, state.session().FindTable(name));
  if (found.has_value()) {
    switch (table.request.mode) {
      case WriteMode::kErrorIfExists:
        return AlreadyThere(name);
      case WriteMode::kIgnore:
        return base::OkStatus();
      case WriteMode::kAppend:
        return Append(table, *found, name, std::move(rows), state, progress);
      case WriteMode::kOverwrite:
        if (plan::ReadsFolder(*rows, found->id, found->folder)) return ReadsItself(name);
    }
  }
  SOTERIA_RETURN_IF_ERROR(CheckDistinct(*rows->schema));
  SOTERIA_RETURN_IF_ERROR(CheckKeys(table.keys, *rows->schema, name));
  const TableDefinition definition = DefinitionOf(table, *rows->schema);
  std::vector<exec::NamedExpr> columns;
  for (const auto& field : definition.schema->fields()) {
    columns.push_back({std::nullopt, plan::ColumnAt(*rows, PlaceOf(*rows->schema, field->name()))});
  }
  SOTERIA_ASSIGN_OR_RETURN(rows,
                           state.session().builder().Project(std::move(rows), std::move(columns)));
  return WriteTo(name, definition, found ? WriteMode::kOverwrite : WriteMode::kErrorIfExists,
                 std::move(rows), state, progress);
}

base::Status CreateTable(const NewTable& table, TableDefinition definition, SessionState& state) {
  SOTERIA_RETURN_IF_ERROR(CheckOptions(table));
  SOTERIA_ASSIGN_OR_RETURN(const std::string name, NewName(table.name));
  SOTERIA_ASSIGN_OR_RETURN(const auto found, state.session().FindTable(name));
  if (found.has_value()) {
    if (table.request.mode == WriteMode::kIgnore) return base::OkStatus();
    return AlreadyThere(name);
  }
  SOTERIA_RETURN_IF_ERROR(CheckDistinct(*definition.schema));
  SOTERIA_RETURN_IF_ERROR(CheckKeys(table.keys, *definition.schema, name));
  TableDefinition whole = DefinitionOf(table, *definition.schema);
  whole.comments = std::move(definition.comments);
  SOTERIA_ASSIGN_OR_RETURN(const std::string path, state.session().TablePath(name));
  return OfLocation(state.session().DefineTable(name, whole, /*replace=*/false), name, path);
}

base::Status InsertInto(const Names& parts, plan::PlanPtr rows, const Insertion& insertion,
                        SessionState& state, const master::Progress& progress) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string name, ExistingName(parts, state));
  SOTERIA_ASSIGN_OR_RETURN(const auto found, state.session().FindTable(name));
  if (!found.has_value()) return NoTable(parts);
  const TableDefinition& definition = found->definition;
  for (const auto& [key, value] : insertion.fixed) {
    const bool is = std::any_of(definition.keys.begin(), definition.keys.end(),
                                [&](const auto& k) { return base::EqualIgnoringCase(k, key); });
    if (!is) {
      return base::Fail(kNotPartitioned, base::Cat("PARTITION clause cannot contain the "
                                                   "non-partition column: ",
                                                   QuoteName({key}), "."));
    }
  }
  if (insertion.overwrite && plan::ReadsFolder(*rows, found->id, found->folder)) {
    return ReadsItself(name);
  }
  SOTERIA_ASSIGN_OR_RETURN(rows,
                           AsTable(std::move(rows), *definition.schema, insertion, name, state));
  return WriteTo(name, definition, insertion.overwrite ? WriteMode::kOverwrite : WriteMode::kAppend,
                 std::move(rows), state, progress);
}

base::Status TruncateTable(const Names& parts, SessionState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const auto found, FindTable(parts, state));
  if (!found.has_value()) return NoTable(parts);
  return state.session().DefineTable(*TableNameOf(parts), found->definition, /*replace=*/true);
}

base::Status DropTable(const Names& parts, bool if_exists, SessionState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const auto found, FindTable(parts, state));
  if (found.has_value()) return state.session().DropTable(*TableNameOf(parts));
  if (if_exists) return base::OkStatus();
  const auto name = TableNameOf(parts);
  return NoTable(name.has_value()
                     ? Names{std::string(kCatalogName), std::string(kDatabaseName), *name}
                     : parts);
}

}  // namespace soteria::connect
