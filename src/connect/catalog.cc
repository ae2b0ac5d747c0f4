#include "src/connect/catalog.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/catalog.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/answer.h"
#include "src/connect/errors.h"
#include "src/connect/sql_expression.h"
#include "src/connect/tables.h"
#include "src/connect/types.h"
#include "src/connect/unsupported.h"
#include "src/exec/catalogue.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

namespace sc = spark::connect;

using Kind = AnswerColumn::Kind;
using Names = std::vector<std::string>;
using PlanOr = base::StatusOr<plan::PlanPtr>;

constexpr base::Condition kNoCatalog = {"CATALOG_NOT_FOUND",
                                        "org.apache.spark.sql.connector.catalog."
                                        "CatalogNotFoundException",
                                        "42P08", absl::StatusCode::kNotFound};

class Call {
 public:
  explicit Call(SessionState& state) : state_(state) {}

  PlanOr Run(const sc::Catalog& call) {
    switch (call.cat_type_case()) {
      case sc::Catalog::kCurrentDatabase:
        return Text(kDatabaseName);
      case sc::Catalog::kSetCurrentDatabase:
        return Done(CheckName(call.set_current_database().db_name()));
      case sc::Catalog::kCurrentCatalog:
        return Text(kCatalogName);
      case sc::Catalog::kSetCurrentCatalog:
        return Done(CheckCatalog(call.set_current_catalog().catalog_name()));
      case sc::Catalog::kListCatalogs:
        return ListCatalogs(call.list_catalogs().pattern());
      case sc::Catalog::kListDatabases:
        return Databases(FitsPattern(kDatabaseName, call.list_databases().pattern()));
      case sc::Catalog::kGetDatabase:
        SOTERIA_RETURN_IF_ERROR(CheckName(call.get_database().db_name()));
        return Databases(true);
      case sc::Catalog::kDatabaseExists:
        return Truth(CheckName(call.database_exists().db_name()).ok());
      default:
        return RunOnTables(call);
    }
  }

 private:
  PlanOr RunOnTables(const sc::Catalog& call) {
    switch (call.cat_type_case()) {
      case sc::Catalog::kTableExists:
        return TableExists(call.table_exists());
      case sc::Catalog::kListTables:
        return ListTables(call.list_tables().has_db_name(), call.list_tables().db_name(),
                          call.list_tables().pattern());
      case sc::Catalog::kGetTable:
        return GetTable(call.get_table());
      case sc::Catalog::kListColumns:
        return ListColumns(call.list_columns());
      case sc::Catalog::kCreateTable:
        return Create(call.create_table());
      case sc::Catalog::kDropTable: {
        SOTERIA_ASSIGN_OR_RETURN(const Names name, ParseSqlName(call.drop_table().table_name()));
        return Done(DropTable(name, call.drop_table().if_exists(), state_));
      }
      case sc::Catalog::kTruncateTable: {
        SOTERIA_ASSIGN_OR_RETURN(const Names name,
                                 ParseSqlName(call.truncate_table().table_name()));
        return Done(TruncateTable(name, state_));
      }
      case sc::Catalog::kDropTempView:
        return Truth(state_.views().Drop(call.drop_temp_view().view_name()));
      case sc::Catalog::kDropGlobalTempView:
        return Truth(state_.views().Drop(call.drop_global_temp_view().view_name(), true));
      case sc::Catalog::kFunctionExists:
        return Truth(!call.function_exists().has_db_name() &&
                     IsFunction(call.function_exists().function_name()));
      case sc::Catalog::kListFunctions:
        return ListFunctions(call.list_functions());
      case sc::Catalog::kGetFunction:
        return GetFunction(call.get_function().function_name());
      default:
        return RunOnCache(call);
    }
  }

  PlanOr RunOnCache(const sc::Catalog& call) {
    switch (call.cat_type_case()) {
      case sc::Catalog::kIsCached: {
        SOTERIA_ASSIGN_OR_RETURN(const auto rows, Rows(call.is_cached().table_name()));
        return Truth(state_.session().IsPersisted(rows));
      }
      case sc::Catalog::kCacheTable: {
        SOTERIA_ASSIGN_OR_RETURN(const auto rows, Rows(call.cache_table().table_name()));
        state_.session().Persist(rows);
        return Done(base::OkStatus());
      }
      case sc::Catalog::kUncacheTable: {
        SOTERIA_ASSIGN_OR_RETURN(const auto rows, Rows(call.uncache_table().table_name()));
        state_.session().Unpersist(rows);
        return Done(base::OkStatus());
      }
      case sc::Catalog::kClearCache:
        state_.session().UnpersistAll();
        return Done(base::OkStatus());
      case sc::Catalog::kRefreshTable:  // every read finds the newest version
        return Done(Rows(call.refresh_table().table_name()).status());
      case sc::Catalog::kRefreshByPath:
        return Done(base::OkStatus());
      default:
        return RefuseCatalog(call);
    }
  }

  PlanOr Answer(const std::vector<AnswerColumn>& columns) {
    SOTERIA_ASSIGN_OR_RETURN(auto rows, AnswerTable(columns));
    return state_.session().builder().Local(std::move(rows));
  }
  PlanOr Done(const base::Status& status) {
    SOTERIA_RETURN_IF_ERROR(status);
    return Answer({});
  }
  PlanOr Text(std::string_view text) { return Answer({{"value", false, {std::string(text)}}}); }
  PlanOr Truth(bool value) {
    return Answer({{"value", false, {BooleanText(value)}, Kind::kBoolean}});
  }

  static base::Status CheckName(const std::string& text) {
    SOTERIA_ASSIGN_OR_RETURN(const Names parts, ParseSqlName(text));
    return CheckDatabase(parts);
  }

  static base::Status CheckCatalog(const std::string& name) {
    if (base::EqualIgnoringCase(name, kCatalogName)) return base::OkStatus();
    return base::Fail(kNoCatalog, base::Cat("The catalog `", name,
                                            "` not found. Consider to set the SQL config "
                                            "\"spark.sql.catalog.",
                                            name, "\" to a catalog plugin."));
  }

  PlanOr ListCatalogs(const std::string& pattern) {
    AnswerColumn names{"name"};
    AnswerColumn descriptions{"description", true};
    if (FitsPattern(kCatalogName, pattern)) {
      names.texts.emplace_back(kCatalogName);
      descriptions.texts.emplace_back(std::nullopt);
    }
    return Answer({std::move(names), std::move(descriptions)});
  }

  PlanOr Databases(bool shown) {
    std::vector<AnswerColumn> columns = {
        {"name"}, {"catalog", true}, {"description", true}, {"locationUri", true}};
    if (shown) {
      const auto path = state_.session().TablePath("");
      columns[0].texts.emplace_back(kDatabaseName);
      columns[1].texts.emplace_back(kCatalogName);
      columns[2].texts.emplace_back("default database");
      columns[3].texts.emplace_back(path.ok() ? path->substr(0, path->size() - 1) : "");
    }
    return Answer(columns);
  }

  /// The parts of a name, and of a database that it is said to be in.
  static base::StatusOr<Names> Qualified(const std::string& table, bool has_database,
                                         const std::string& database) {
    SOTERIA_ASSIGN_OR_RETURN(Names parts, ParseSqlName(table));
    if (!has_database) return parts;
    SOTERIA_ASSIGN_OR_RETURN(Names all, ParseSqlName(database));
    all.insert(all.end(), parts.begin(), parts.end());
    return all;
  }

  template <class Message>
  PlanOr TableExists(const Message& asked) {
    SOTERIA_ASSIGN_OR_RETURN(const Names parts,
                             Qualified(asked.table_name(), asked.has_db_name(), asked.db_name()));
    if (FindView(parts, state_).has_value()) return Truth(true);
    SOTERIA_ASSIGN_OR_RETURN(const auto table, FindTable(parts, state_));
    return Truth(table.has_value());
  }

  struct Listed {
    std::vector<AnswerColumn> columns = {{"name"},
                                         {"catalog", true},
                                         {"namespace", true, {}, Kind::kList},
                                         {"description", true},
                                         {"tableType"},
                                         {"isTemporary", false, {}, Kind::kBoolean}};

    void Add(const std::string& name, bool table, const std::string& space,
             const std::optional<std::string>& comment) {
      columns[0].texts.emplace_back(name);
      auto& catalog = columns[1].texts.emplace_back();
      if (table) catalog = kCatalogName;
      columns[2].texts.emplace_back(space);
      columns[3].texts.push_back(comment);
      columns[4].texts.emplace_back(table ? "MANAGED" : "TEMPORARY");
      columns[5].texts.emplace_back(BooleanText(!table));
    }
  };

  PlanOr ListTables(bool has_database, const std::string& database, const std::string& pattern) {
    Listed listed;
    const bool of_views = has_database && base::EqualIgnoringCase(database, kGlobalViews);
    if (has_database && !of_views) SOTERIA_RETURN_IF_ERROR(CheckName(database));
    if (of_views) {
      for (const std::string& name : state_.views().Names(true)) {
        if (FitsPattern(name, pattern)) listed.Add(name, false, std::string(kGlobalViews), {});
      }
    } else {
      SOTERIA_ASSIGN_OR_RETURN(const auto names, state_.session().TableNames());
      for (const std::string& name : names) {
        if (!FitsPattern(name, pattern)) continue;
        SOTERIA_ASSIGN_OR_RETURN(const auto table, state_.session().FindTable(name));
        if (!table.has_value()) continue;
        listed.Add(name, true, std::string(kDatabaseName), table->definition.comment);
      }
    }
    for (const std::string& name : state_.views().Names(false)) {
      if (FitsPattern(name, pattern)) listed.Add(name, false, "", {});
    }
    return Answer(listed.columns);
  }

  PlanOr GetTable(const sc::GetTable& asked) {
    SOTERIA_ASSIGN_OR_RETURN(const Names parts,
                             Qualified(asked.table_name(), asked.has_db_name(), asked.db_name()));
    Listed listed;
    if (const auto view = ViewOf(parts); FindView(parts, state_).has_value()) {
      listed.Add(base::Lower(view->name), false, view->global ? std::string(kGlobalViews) : "", {});
      return Answer(listed.columns);
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto table, FindTable(parts, state_));
    if (!table.has_value()) return NoTable(parts);
    listed.Add(*TableNameOf(parts), true, std::string(kDatabaseName), table->definition.comment);
    return Answer(listed.columns);
  }

  PlanOr ListColumns(const sc::ListColumns& asked) {
    SOTERIA_ASSIGN_OR_RETURN(const Names parts,
                             Qualified(asked.table_name(), asked.has_db_name(), asked.db_name()));
    std::vector<AnswerColumn> columns = {{"name"},
                                         {"description", true},
                                         {"dataType"},
                                         {"nullable", false, {}, Kind::kBoolean},
                                         {"isPartition", false, {}, Kind::kBoolean},
                                         {"isBucket", false, {}, Kind::kBoolean},
                                         {"isCluster", false, {}, Kind::kBoolean}};
    const auto add = [&](const arrow::Field& field, bool key,
                         const std::optional<std::string>& comment) {
      columns[0].texts.emplace_back(field.name());
      columns[1].texts.push_back(comment);
      columns[2].texts.emplace_back(table::TypeName(field));
      columns[3].texts.emplace_back(BooleanText(field.nullable()));
      columns[4].texts.emplace_back(BooleanText(key));
      columns[5].texts.emplace_back(BooleanText(false));
      columns[6].texts.emplace_back(BooleanText(false));
    };
    if (const auto view = FindView(parts, state_)) {
      SOTERIA_ASSIGN_OR_RETURN(const auto schema, state_.session().SchemaOf(*view));
      for (const auto& field : schema.value()->fields()) add(*field, false, {});
      return Answer(columns);
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto table, FindTable(parts, state_));
    if (!table.has_value()) return NoTable(parts);
    const master::TableDefinition& has = table->definition;
    for (const auto& field : has.schema->fields()) {
      const auto comment = has.comments.find(field->name());
      add(*field, std::find(has.keys.begin(), has.keys.end(), field->name()) != has.keys.end(),
          comment == has.comments.end() ? std::nullopt : std::optional(comment->second));
    }
    return Answer(columns);
  }

  PlanOr Create(const sc::CreateTable& asked) {
    NewTable table;
    SOTERIA_ASSIGN_OR_RETURN(table.name, ParseSqlName(asked.table_name()));
    if (asked.has_path()) {
      return base::NotSupported("A table of a path that the script names", "read.load(path)");
    }
    table.request.format = asked.source().empty() ? "parquet" : base::Lower(asked.source());
    for (const auto& [key, value] : asked.options()) {
      table.request.options[base::Lower(key)] = value;
    }
    if (!asked.description().empty()) table.comment = asked.description();
    master::TableDefinition definition;
    if (asked.has_schema()) {
      SOTERIA_ASSIGN_OR_RETURN(definition.schema, SchemaOf(asked.schema()));
    } else {
      return base::NotSupported("A table without columns");
    }
    SOTERIA_RETURN_IF_ERROR(CreateTable(table, std::move(definition), state_));
    return Rows(asked.table_name());
  }

  /// Of a view or table by the text of its name.
  PlanOr Rows(const std::string& name) {
    SOTERIA_ASSIGN_OR_RETURN(const Names parts, ParseSqlName(name));
    SOTERIA_ASSIGN_OR_RETURN(auto rows, FindViewOrTable(parts, state_));
    if (!rows.has_value()) return NoTable(parts);
    return *std::move(rows);
  }

  /// Functions by their names: what Spark says of them, and its classes, are Spark's.
  PlanOr Functions(const std::vector<std::string>& names) {
    std::vector<AnswerColumn> columns = {{"name"},
                                         {"catalog", true},
                                         {"namespace", true},
                                         {"description", true},
                                         {"className"},
                                         {"isTemporary", false, {}, Kind::kBoolean}};
    for (const std::string& name : names) {
      columns[0].texts.emplace_back(name);
      for (size_t i = 1; i < 4; ++i) columns[i].texts.emplace_back(std::nullopt);
      columns[4].texts.emplace_back("soteria");
      columns[5].texts.emplace_back(BooleanText(true));
    }
    return Answer(columns);
  }

  PlanOr ListFunctions(const sc::ListFunctions& asked) {
    if (asked.has_db_name()) SOTERIA_RETURN_IF_ERROR(CheckName(asked.db_name()));
    return Functions(FunctionNames(asked.pattern()));
  }

  PlanOr GetFunction(const std::string& name) {
    if (!IsFunction(name)) return NoRoutine(name);
    SOTERIA_ASSIGN_OR_RETURN(const Names parts, ParseSqlName(name));
    return Functions({parts.back()});
  }

  static bool IsFunction(const std::string& text) {
    const auto parts = ParseSqlName(text);
    if (!parts.ok() || !IsBuiltinName(*parts)) return false;
    const std::string name = base::Lower(parts->back());
    return name == "range" || exec::KindOfFunction(name).has_value();
  }

  SessionState& state_;
};

}  // namespace

std::vector<std::string> FunctionNames(std::string_view pattern) {
  std::vector<std::string> names;
  for (const exec::CatalogueRow& row : exec::Catalogue()) {
    const bool again = !names.empty() && names.back() == row.name;
    if (!again && FitsPattern(row.name, pattern)) names.emplace_back(row.name);
  }
  return names;
}

PlanOr RunCatalog(const sc::Catalog& call, SessionState& state) { return Call(state).Run(call); }

}  // namespace soteria::connect
