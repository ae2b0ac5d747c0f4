// The session's configuration: the defaults of all keys that Spark registers, and what the script
// set. A key that is set acts, here or in PySpark; or has no effect in an enclave and says so once;
// or is refused, when Spark would compute something else with it. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/connect/expression_settings.h"

namespace soteria::connect {

inline constexpr size_t kConfigEntriesMax = 10'000;
inline constexpr size_t kConfigBytesMax = 64 * 1024;

class Config {
 public:
  /// What was set, else the default; nullopt for neither.
  std::optional<std::string> Get(std::string_view key) const;
  /// What was set, or what the server or the session is; else, as in Spark, the script's own
  /// default for the key, and not Spark's. kConfigType for a default that the key can't have.
  base::StatusOr<std::optional<std::string>> GetOr(std::string_view key,
                                                   std::optional<std::string> value) const;
  /// What was set under the prefix, and what the session is, sorted.
  std::vector<std::pair<std::string, std::string>> All(std::string_view prefix) const;

  /// A warning for the script, "" for none. kStaticConfig and kCoreConfig for keys that can't
  /// change while a session runs, kConfigType and kConfigTimeZone for values that the key can't
  /// have, kUnsupported for those that this server doesn't follow, kIllegalArgument beyond limits.
  base::StatusOr<std::string> Set(const std::string& key, const std::string& value);
  base::Status Unset(const std::string& key);
  /// What the session is, whatever scripts may set: of a static key.
  void SetOwn(const std::string& key, std::string value);

  /// The session's time zone; "" for any that is UTC.
  std::string Zone() const;
  /// How ORC files are packed where no option says it; and whether the columns of a table are those
  /// of all its files.
  std::string OrcCodec() const;
  bool MergesOrcSchemas() const;

  /// What it says of expressions.
  ExpressionSettings ForExpressions() const;

  /// How many partitions a shuffle makes at most: spark.sql.shuffle.partitions.
  uint64_t ShufflePartitions() const;
  /// How many bytes of a large file of text one partition has: spark.sql.files.maxPartitionBytes.
  uint64_t FilePartBytes() const;
  /// spark.sql.pivotMaxValues.
  uint64_t PivotMaxValues() const;
  /// spark.sql.transposeMaxValues.
  int64_t TransposeMaxValues() const;

  /// Is it a key of Spark's that a session may set?
  static bool IsModifiable(std::string_view key);
  /// Is it a key of SQL's, with or without a default?
  static bool IsKnown(std::string_view key);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> set_;
  std::set<std::string, std::less<>> warned_;
};

}  // namespace soteria::connect
