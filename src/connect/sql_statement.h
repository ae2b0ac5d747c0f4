// A statement of spark.sql: a query, as one of Spark Connect's relations, or one of the commands
// that need no tables but temporary views. Everything else that Spark has is refused by its name.
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

struct SqlStatement {
  enum class Kind : uint8_t {
    kQuery,
    kCreateView,   // name, global, replace, query, columns
    kDropView,     // name, if_exists
    kDescribe,     // query
    kShowTables,   // name (namespace), pattern, views
    kShowColumns,  // name
    kExplain,      // query
    kSet,          // key, value
    kReset,        // key
    kCache,        // name, query
    kUncache,      // name, if_exists
    kClearCache,
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
};

/// kParse and its kin for what is no statement, kUnsupported for one that isn't here.
base::StatusOr<SqlStatement> ParseSql(std::string_view sql, const SqlContext& context);

}  // namespace soteria::connect
