#include "src/connect/config.h"

#include <algorithm>
#include <iterator>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/errors.h"

namespace soteria::connect {
namespace {

struct Default {
  std::string_view key;
  std::string_view value;
};

// Sorted. Spark 4.3's values, but for: localRelationCacheThreshold, so large that the client sends
// local data inside the plan; planCompression.threshold, -1 switches compressed plans off.
constexpr Default kDefaults[] = {
    {"spark.app.name", "soteria"},
    {"spark.connect.session.planCompression.defaultAlgorithm", "NONE"},
    {"spark.connect.session.planCompression.threshold", "-1"},
    {"spark.master", "soteria"},
    {"spark.sql.adaptive.enabled", "true"},
    {"spark.sql.ansi.enabled", "true"},
    {"spark.sql.caseSensitive", "false"},
    {"spark.sql.connect.serverStacktrace.enabled", "false"},
    {"spark.sql.execution.arrow.maxRecordsPerBatch", "10000"},
    {"spark.sql.execution.arrow.pyspark.enabled", "true"},
    {"spark.sql.execution.arrow.pyspark.fallback.enabled", "true"},
    {"spark.sql.execution.arrow.pyspark.selfDestruct.enabled", "false"},
    {"spark.sql.execution.arrow.useLargeVarTypes", "false"},
    {"spark.sql.execution.pandas.convertToArrowArraySafely", "true"},
    {"spark.sql.execution.pandas.inferPandasDictAsMap", "false"},
    {"spark.sql.execution.pandas.structHandlingMode", "legacy"},
    {"spark.sql.execution.pyspark.binaryAsBytes", "true"},
    {"spark.sql.pyspark.inferNestedDictAsStruct.enabled", "false"},
    {"spark.sql.pyspark.jvmStacktrace.enabled", "false"},
    {"spark.sql.pyspark.legacy.inferArrayTypeFromFirstElement.enabled", "false"},
    {"spark.sql.pyspark.legacy.inferMapTypeFromFirstPair.enabled", "false"},
    {"spark.sql.pyspark.plotting.max_rows", "1000"},
    {"spark.sql.repl.eagerEval.enabled", "false"},
    {"spark.sql.repl.eagerEval.maxNumRows", "20"},
    {"spark.sql.repl.eagerEval.truncate", "20"},
    {"spark.sql.session.localRelationBatchOfChunksSizeBytes", "1073741824"},
    {"spark.sql.session.localRelationCacheThreshold", "2147483647"},
    {"spark.sql.session.localRelationChunkSizeBytes", "16777216"},
    {"spark.sql.session.localRelationChunkSizeRows", "10000"},
    {"spark.sql.session.localRelationSizeLimit", "3221225472"},
    {"spark.sql.session.timeZone", "Etc/UTC"},
    {"spark.sql.shuffle.partitions", "200"},
    {"spark.sql.sources.default", "parquet"},
    {"spark.sql.timestampType", "TIMESTAMP_LTZ"},
    {"spark.sql.warehouse.dir", "/"},
};

// What a session can't change: cluster settings, and the protocol's own.
constexpr std::string_view kStaticPrefixes[] = {"spark.master",
                                                "spark.driver.",
                                                "spark.executor.",
                                                "spark.submit.",
                                                "spark.sql.warehouse.dir",
                                                "spark.sql.extensions",
                                                "spark.sql.catalogImplementation"};
// Always answered as above, whatever the script sets: the server depends on it.
constexpr std::string_view kPinned[] = {"spark.connect.session.planCompression.threshold",
                                        "spark.connect.session.planCompression.defaultAlgorithm",
                                        "spark.sql.session.localRelationCacheThreshold"};

const Default* FindDefault(std::string_view key) {
  const auto* found = std::lower_bound(
      std::begin(kDefaults), std::end(kDefaults), key,
      [](const Default& entry, std::string_view wanted) { return entry.key < wanted; });
  return found != std::end(kDefaults) && found->key == key ? found : nullptr;
}

bool IsPinned(std::string_view key) {
  return std::find(std::begin(kPinned), std::end(kPinned), key) != std::end(kPinned);
}

}  // namespace

std::optional<std::string> Config::Get(std::string_view key) const {
  if (!IsPinned(key)) {
    const std::lock_guard lock(mutex_);
    if (const auto found = set_.find(key); found != set_.end()) return found->second;
  }
  const Default* entry = FindDefault(key);
  if (entry == nullptr) return std::nullopt;
  return std::string(entry->value);
}

std::vector<std::pair<std::string, std::string>> Config::All(std::string_view prefix) const {
  std::map<std::string, std::string> all;
  for (const Default& entry : kDefaults) {
    if (entry.key.starts_with(prefix)) all.emplace(entry.key, entry.value);
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [key, value] : set_) {
    if (std::string_view(key).starts_with(prefix) && !IsPinned(key)) all[key] = value;
  }
  return {all.begin(), all.end()};
}

base::Status Config::Set(const std::string& key, const std::string& value) {
  if (!IsModifiable(key)) {
    return base::Fail(kStaticConfig,
                      base::Cat("Cannot modify the value of the Spark config: \"", key, "\"."));
  }
  if (key.size() + value.size() > kConfigBytesMax) {
    return base::Fail(base::kIllegalArgument, "A config entry that is too long");
  }
  const std::lock_guard lock(mutex_);
  if (set_.size() >= kConfigEntriesMax && !set_.contains(key)) {
    return base::Fail(base::kIllegalArgument, "Too many config entries");
  }
  set_[key] = value;
  return base::OkStatus();
}

void Config::Unset(const std::string& key) {
  const std::lock_guard lock(mutex_);
  set_.erase(key);
}

bool Config::IsModifiable(std::string_view key) {
  return std::none_of(std::begin(kStaticPrefixes), std::end(kStaticPrefixes),
                      [&](std::string_view prefix) { return key.starts_with(prefix); });
}

bool Config::IsKnown(std::string_view key) { return key.starts_with("spark."); }

}  // namespace soteria::connect
