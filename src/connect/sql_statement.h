// A statement of spark.sql: a query, as one of Spark Connect's relations, or one of the commands
// about temporary views and stored tables. Everything else that Spark has is refused by its name.
// A pure function over text from outside; depth and size are bounded.
//
//   ParseSql("SELECT k, sum(v) AS s FROM t GROUP BY k", {}) -> Project/Aggregate messages
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"

namespace spark::connect {
class Expression;
class Relation;
class SQL;
}  // namespace spark::connect

namespace soteria::connect {

/// Bytes that the arguments of a statement may put into it, each time that they are named.
inline constexpr size_t kSqlArgumentBytesMax = size_t{16} << 20;

struct SqlContext {
  std::string zone;                           ///< the session's; "" is UTC
  const spark::connect::SQL* args = nullptr;  ///< named_arguments and pos_arguments; may be null
};

/// What CREATE TABLE says of the table.
struct SqlTable {
  std::string columns;  // Spark's DDL; "" for none
  std::map<std::string, std::string> comments = {};
  std::string format = "parquet";
  std::map<std::string, std::string> options = {};  // names in lower case
  std::vector<std::string> keys = {};
  std::optional<std::string> comment = {};
};

struct SqlStatement {
  enum class Kind : uint8_t {
    kQuery,
    kCreateView,   // name, global, replace, query, columns
    kDropView,     // name, if_exists
    kDescribe,     // query; name, of a table or view
    kShowTables,   // name (namespace), pattern, views
    kShowColumns,  // name
    kExplain,      // query
    kSet,          // key, value
    kReset,        // key
    kCache,        // name, query
    kUncache,      // name, if_exists
    kClearCache,
    kCreateTable,    // name, if_exists (IF NOT EXISTS), table, query
    kInsert,         // name, columns, by_name, overwrite, fixed, query
    kDropTable,      // name, if_exists
    kTruncate,       // name
    kRefresh,        // name, query
    kUse,            // name
    kShowDatabases,  // pattern
    kShowFunctions,  // name (namespace), pattern; key: USER, of which there are none, or another
  };

  Kind kind = Kind::kQuery;
  std::shared_ptr<const spark::connect::Relation> query = {};  ///< null for none
  std::vector<std::string> name = {};
  std::string pattern = {};
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  bool global = false;
  bool replace = false;
  bool if_exists = false;
  bool views = false;
  std::shared_ptr<const SqlTable> table = {};
  std::vector<std::string> columns = {};
  bool by_name = false;
  bool overwrite = false;
  /// PARTITION (key = value).
  std::vector<std::pair<std::string, std::shared_ptr<const spark::connect::Expression>>> fixed = {};
};

/// kParse and its kin for what is no statement, kUnsupported for one that isn't here.
base::StatusOr<SqlStatement> ParseSql(std::string_view sql, const SqlContext& context);

}  // namespace soteria::connect
