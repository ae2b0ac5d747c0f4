// Tables that a script keeps by name (docs/decisions/0037-stored-tables.md): what a name means, a
// table's rows as a plan, and what is written to one, by the rules of Spark's session catalog.
// There is one catalog, `spark_catalog`, with one database, `default`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/status.h"
#include "src/connect/session_state.h"
#include "src/exec/expression.h"
#include "src/master/session.h"

namespace soteria::connect {

inline constexpr std::string_view kCatalogName = "spark_catalog";
inline constexpr std::string_view kDatabaseName = "default";

inline constexpr base::Condition kTableExists = {"TABLE_OR_VIEW_ALREADY_EXISTS",
                                                 base::exception_class::kAnalysis, "42P07",
                                                 absl::StatusCode::kAlreadyExists};

/// The name of a temporary view, and whether it is a global one.
struct ViewName {
  std::string name;
  bool global = false;
};
/// "v", "session.v" and "global_temp.v" may be views: nullopt for other names.
std::optional<ViewName> ViewOf(const std::vector<std::string>& parts);
std::optional<plan::PlanPtr> FindView(const std::vector<std::string>& parts, SessionState& state);

/// "t", "default.t" and "spark_catalog.default.t" name the table t: in lower case; nullopt for
/// what is in no database of this catalog.
std::optional<std::string> TableNameOf(const std::vector<std::string>& parts);
/// "`spark_catalog`.`default`.`t`"
std::string FullName(const std::string& table);
/// SCHEMA_NOT_FOUND unless `parts` name the one database.
base::Status CheckDatabase(const std::vector<std::string>& parts);
/// TABLE_OR_VIEW_NOT_FOUND of what the script called so.
base::Status NoTable(const std::vector<std::string>& parts);

/// nullopt: no table has that name.
base::StatusOr<std::optional<master::StoredTable>> FindTable(const std::vector<std::string>& parts,
                                                             SessionState& state);
base::StatusOr<plan::PlanPtr> RowsOfTable(const master::StoredTable& table, SessionState& state);

/// The rows of a view, or of a table; nullopt: neither has that name.
base::StatusOr<std::optional<plan::PlanPtr>> FindViewOrTable(const std::vector<std::string>& parts,
                                                             SessionState& state);

/// What is to be made: `request` says its format, mode and options.
struct NewTable {
  std::vector<std::string> name;
  master::Session::WriteRequest request;
  std::vector<std::string> keys;
  std::optional<std::string> comment = {};
};
/// saveAsTable, CREATE TABLE ... AS.
base::Status SaveTable(NewTable table, plan::PlanPtr rows, SessionState& state,
                       const master::Progress& progress);
/// CREATE TABLE of these columns.
base::Status CreateTable(const NewTable& table, master::TableDefinition definition,
                         SessionState& state);

/// How rows go into a table that is there.
struct Insertion {
  std::vector<std::string> columns = {};  // that the values are for; none: all, by place
  bool by_name = false;
  bool overwrite = false;
  std::vector<std::pair<std::string, exec::ExprPtr>> fixed = {};  // PARTITION (key = value)
};
base::Status InsertInto(const std::vector<std::string>& name, plan::PlanPtr rows,
                        const Insertion& insertion, SessionState& state,
                        const master::Progress& progress);
base::Status TruncateTable(const std::vector<std::string>& name, SessionState& state);
/// kTableNotFound unless `if_exists`.
base::Status DropTable(const std::vector<std::string>& name, bool if_exists, SessionState& state);

}  // namespace soteria::connect
