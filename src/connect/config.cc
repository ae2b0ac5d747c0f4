#include "src/connect/config.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/errors.h"
#include "src/connect/spark_config.h"
#include "src/exec/aggregate.h"
#include "src/plan/logical.h"
#include "src/table/text_value.h"
#include "src/table/time_zone.h"

namespace soteria::connect {
namespace {

constexpr std::string_view kTimeZone = "spark.sql.session.timeZone";
constexpr std::string_view kShufflePartitions = "spark.sql.shuffle.partitions";
constexpr std::string_view kPivotMaxValues = "spark.sql.pivotMaxValues";
constexpr std::string_view kTransposeMaxValues = "spark.sql.transposeMaxValues";
constexpr std::string_view kFilePartBytes = "spark.sql.files.maxPartitionBytes";

constexpr std::string_view kIgnoreNullFields = "spark.sql.jsonGenerator.ignoreNullFields";
constexpr std::string_view kOrcCodec = "spark.sql.orc.compression.codec";
constexpr std::string_view kOrcMergeSchema = "spark.sql.orc.mergeSchema";
constexpr std::string_view kCorruptColumn = "spark.sql.columnNameOfCorruptRecord";

struct Default {
  std::string_view key;
  std::string_view value;
};

// Where the value isn't that of stock Spark.
constexpr Default kOwnDefaults[] = {
    {"spark.app.name", "soteria"},
    {"spark.master", "soteria"},
    {"spark.sql.connect.serverStacktrace.enabled", "false"},
    {"spark.sql.session.localRelationSizeLimit", "536870912"},  // kArtifactBytesMax
    {"spark.sql.warehouse.dir", "/"},
};

// Whatever the script sets, the server depends on these: no plan comes compressed.
constexpr Default kPinned[] = {
    {"spark.connect.session.planCompression.defaultAlgorithm", "NONE"},
    {"spark.connect.session.planCompression.threshold", "-1"},
};

/// What setting a key to another value than its default does.
enum class Effect : uint8_t {
  kActs,     ///< here
  kClient,   ///< in PySpark, which asks for it
  kNone,     ///< nothing: it is about how Spark goes about its work, or about what isn't here
  kRefused,  ///< Spark would compute something else, and this server wouldn't
};

struct Rule {
  std::string_view prefix;
  Effect effect;
};

// The longest prefix decides; a session key without one is refused.
constexpr Rule kRules[] = {
    {kTimeZone, Effect::kActs},
    {"spark.sql.adaptive.", Effect::kNone},
    {"spark.sql.artifact.", Effect::kNone},
    {"spark.sql.autoBroadcastJoinThreshold", Effect::kNone},
    {"spark.sql.avro.", Effect::kNone},
    {"spark.sql.broadcastTimeout", Effect::kNone},
    {"spark.sql.bucketing.", Effect::kNone},
    {"spark.sql.cartesianProductExec.", Effect::kNone},
    {"spark.sql.catalog.", Effect::kNone},
    {"spark.sql.cbo.", Effect::kNone},
    {"spark.sql.classic.", Effect::kNone},
    {"spark.sql.cli.", Effect::kNone},
    {"spark.sql.codegen.", Effect::kNone},
    {"spark.sql.columnVector.", Effect::kNone},
    {"spark.sql.connect.", Effect::kNone},
    {"spark.sql.constraintPropagation.", Effect::kNone},
    {"spark.sql.csv.", Effect::kNone},
    {kCorruptColumn, Effect::kActs},
    {"spark.sql.cteRe", Effect::kNone},
    {"spark.sql.dataframeCache.", Effect::kNone},
    {"spark.sql.debug.", Effect::kNone},
    {"spark.sql.defaultCacheStorageLevel", Effect::kNone},
    {"spark.sql.defaultCatalog", Effect::kNone},
    {"spark.sql.defaultSizeInBytes", Effect::kNone},
    {"spark.sql.event.", Effect::kNone},
    {"spark.sql.exchange.", Effect::kNone},
    {"spark.sql.execution.", Effect::kNone},
    {"spark.sql.execution.arrow.enabled", Effect::kClient},
    {"spark.sql.execution.arrow.fallback.enabled", Effect::kClient},
    {"spark.sql.execution.arrow.maxRecordsPerBatch", Effect::kClient},
    {"spark.sql.execution.arrow.pyspark.", Effect::kClient},
    {"spark.sql.execution.arrow.useLargeVarTypes", Effect::kClient},
    {"spark.sql.execution.pandas.", Effect::kClient},
    {"spark.sql.execution.pyspark.binaryAsBytes", Effect::kClient},
    {"spark.sql.expressionTreeChangeLog.", Effect::kNone},
    {"spark.sql.extendedExplainProviders", Effect::kNone},
    {kFilePartBytes, Effect::kActs},
    {"spark.sql.files.maxPartitionNum", Effect::kNone},
    {"spark.sql.files.minPartitionNum", Effect::kNone},
    {"spark.sql.files.openCostInBytes", Effect::kNone},
    {"spark.sql.hive.", Effect::kNone},
    {"spark.sql.inMemory", Effect::kNone},
    {"spark.sql.join.", Effect::kNone},
    {"spark.sql.json.", Effect::kNone},
    {"spark.sql.jsonGenerator.", Effect::kNone},
    {kIgnoreNullFields, Effect::kActs},
    {"spark.sql.kafka.", Effect::kNone},
    {"spark.sql.leafNodeDefaultParallelism", Effect::kNone},
    {"spark.sql.limit.", Effect::kNone},
    {"spark.sql.maven.", Effect::kNone},
    {"spark.sql.maxBroadcastTableSize", Effect::kNone},
    {"spark.sql.maxConcurrentOutputFileWriters", Effect::kNone},
    {"spark.sql.maxMetadataStringLength", Effect::kNone},
    {"spark.sql.maxPlanStringLength", Effect::kNone},
    {"spark.sql.maxSinglePartitionBytes", Effect::kNone},
    {"spark.sql.nameResolutionLog.", Effect::kNone},
    {"spark.sql.objectHashAggregate.", Effect::kNone},
    {"spark.sql.optimizeNullAwareAntiJoin", Effect::kNone},
    {"spark.sql.optimizer.", Effect::kNone},
    {"spark.sql.orc.", Effect::kNone},
    {kOrcCodec, Effect::kActs},
    {kOrcMergeSchema, Effect::kActs},
    {"spark.sql.parquet.aggregatePushdown", Effect::kNone},
    {"spark.sql.parquet.columnarReaderBatchSize", Effect::kNone},
    {"spark.sql.parquet.compression.codec", Effect::kNone},
    {"spark.sql.parquet.enable", Effect::kNone},
    {"spark.sql.parquet.filterPushdown", Effect::kNone},
    {"spark.sql.parquet.output.committer.class", Effect::kNone},
    {"spark.sql.parquet.pushdown.", Effect::kNone},
    {"spark.sql.parquet.recordLevelFilter.", Effect::kNone},
    {"spark.sql.parquet.respectSummaryFiles", Effect::kNone},
    {"spark.sql.pipelines.", Effect::kNone},
    {kPivotMaxValues, Effect::kActs},
    {"spark.sql.planChange", Effect::kNone},
    {"spark.sql.planner.", Effect::kNone},
    {"spark.sql.protobuf.", Effect::kNone},
    {"spark.sql.pyspark.", Effect::kClient},
    {"spark.sql.pyspark.jvmStacktrace.enabled", Effect::kNone},
    {"spark.sql.pyspark.udf.", Effect::kNone},
    {"spark.sql.python.", Effect::kNone},
    {"spark.sql.redaction.", Effect::kNone},
    {"spark.sql.repl.", Effect::kClient},
    {"spark.sql.requireAllClusterKeys", Effect::kNone},
    {"spark.sql.scriptTransformation.", Effect::kNone},
    {"spark.sql.scripting.", Effect::kNone},
    {"spark.sql.session.localRelation", Effect::kClient},
    {"spark.sql.sessionWindow.", Effect::kNone},
    {"spark.sql.shuffle", Effect::kNone},
    {kShufflePartitions, Effect::kActs},
    {"spark.sql.sort.", Effect::kNone},
    {"spark.sql.sortMergeJoinExec.", Effect::kNone},
    {"spark.sql.sources.bucketing.", Effect::kNone},
    {"spark.sql.sources.commitProtocolClass", Effect::kNone},
    {"spark.sql.sources.fileCompressionFactor", Effect::kNone},
    {"spark.sql.sources.ignoreDataLocality", Effect::kNone},
    {"spark.sql.sources.outputCommitterClass", Effect::kNone},
    {"spark.sql.sources.parallelPartitionDiscovery.", Effect::kNone},
    {"spark.sql.sources.useListFilesFileSystemList", Effect::kNone},
    {"spark.sql.sources.useV1SourceList", Effect::kNone},
    {"spark.sql.sources.v2.bucketing.", Effect::kNone},
    {"spark.sql.stackTracesInDataFrameContext", Effect::kNone},
    {"spark.sql.statistics.", Effect::kNone},
    {"spark.sql.streaming.", Effect::kNone},
    {"spark.sql.subexpressionElimination.", Effect::kNone},
    {"spark.sql.thriftServer.", Effect::kNone},
    {"spark.sql.thriftserver.", Effect::kNone},
    {kTransposeMaxValues, Effect::kActs},
    {"spark.sql.ui.", Effect::kNone},
    {"spark.sql.variant.", Effect::kNone},
    {"spark.sql.window.", Effect::kNone},
    {"spark.sql.windowExec.", Effect::kNone},
    {"spark.sql.xml.", Effect::kNone},
};

Effect EffectOf(std::string_view key) {
  Effect effect = Effect::kRefused;
  size_t longest = 0;
  for (const Rule& rule : kRules) {
    if (!key.starts_with(rule.prefix) || rule.prefix.size() < longest) continue;
    longest = rule.prefix.size();
    effect = rule.effect;
  }
  return effect;
}

template <class Table>
const Default* In(const Table& table, std::string_view key) {
  const auto* found = std::find_if(std::begin(table), std::end(table),
                                   [&](const Default& entry) { return entry.key == key; });
  return found == std::end(table) ? nullptr : found;
}

const SparkConfigKey* FindKey(std::string_view key) {
  const auto* end = kSparkConfig + kSparkConfigCount;
  const auto* at = std::lower_bound(
      kSparkConfig, end, key,
      [](const SparkConfigKey& row, std::string_view wanted) { return row.key < wanted; });
  return at != end && at->key == key ? at : nullptr;
}

std::optional<std::string> DefaultOf(std::string_view key) {
  for (const Default* own : {In(kPinned, key), In(kOwnDefaults, key)}) {
    if (own != nullptr) return std::string(own->value);
  }
  const SparkConfigKey* entry = FindKey(key);
  if (entry == nullptr || entry->value == nullptr) return std::nullopt;
  return std::string(entry->value);
}

std::string Normal(std::string_view value) { return base::Lower(table::Trim(value)); }

template <class T>
bool IsWhole(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool HasType(std::string_view value, std::string_view type) {
  const std::string text = Normal(value);
  double number = 0;
  if (type == "boolean") return text == "true" || text == "false";
  if (type == "int") return IsWhole<int32_t>(text);
  if (type == "long") return IsWhole<int64_t>(text);
  if (type == "double") return table::ParseDouble(text, &number);
  return true;
}

base::Status Invalid(const base::Condition& condition, std::string_view key, std::string_view value,
                     std::string_view why) {
  return base::Fail(condition, base::Cat("The value '", value, "' in the config \"", key,
                                         "\" is invalid. ", why));
}

/// May it be changed at all?
base::Status CheckKind(std::string_view key) {
  const SparkConfigKey* entry = FindKey(key);
  if (entry == nullptr || In(kPinned, key) != nullptr) return base::OkStatus();
  if (entry->kind == ConfigKind::kStatic) {
    return base::Fail(
        kStaticConfig,
        base::Cat("Cannot modify the value of the static Spark config: \"", key, "\"."));
  }
  if (entry->kind == ConfigKind::kCore) {
    return base::Fail(
        kCoreConfig,
        base::Cat("Cannot modify the value of the Spark config: \"", key,
                  "\". See also 'https://spark.apache.org/docs/latest/sql-migration-guide.html"
                  "#ddl-statements'."));
  }
  return base::OkStatus();
}

int64_t NumberOf(std::string_view value) {
  int64_t most = 0;
  std::from_chars(value.data(), value.data() + value.size(), most);
  return most;
}

/// A number of bytes, at least one, as Java's utilities of Spark read it: "128m", "1 KB" not.
std::optional<uint64_t> BytesOf(std::string_view value) {
  const std::string text = Normal(value);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number == 0) return std::nullopt;
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  if (unit.empty() || unit == "b") return number;
  constexpr std::string_view kUnits = "kmgtp";
  const size_t power = kUnits.find(unit.front());
  if (power == kUnits.npos || (unit.size() > 1 && unit.substr(1) != "b" && unit.substr(1) != "ib"))
    return std::nullopt;
  const auto bits = 10 * (power + 1);
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (number > kMost >> bits) return std::nullopt;
  return number << bits;
}

/// Is it a value that the key may have, here?
base::Status CheckValue(const std::string& key, const std::string& value) {
  const SparkConfigKey* entry = FindKey(key);
  if (entry == nullptr) return base::OkStatus();
  if (!HasType(value, entry->type)) {
    return Invalid(kConfigType, key, value,
                   base::Cat("It should be a/an '", entry->type, "' value."));
  }
  if (key == kTimeZone && !table::TimeZone::Find(value).has_value()) {
    return Invalid(kConfigTimeZone, key, value, "Cannot resolve the given timezone.");
  }
  if (key == kFilePartBytes && !BytesOf(value).has_value()) {
    return Invalid(kConfigType, key, value,
                   "It should be a number of bytes, at least one, such as 128m.");
  }
  constexpr std::string_view kCodecs[] = {"none", "uncompressed", "snappy", "zlib",
                                          "lzo",  "zstd",         "lz4",    "brotli"};
  if (key == kOrcCodec &&
      std::find(std::begin(kCodecs), std::end(kCodecs), Normal(value)) == std::end(kCodecs)) {
    return Invalid(
        kConfigOptions, key, value,
        "It should be one of 'brotli, uncompressed, lz4, lzo, snappy, none, zlib, zstd'.");
  }
  const bool of_names = key == kPivotMaxValues || key == kTransposeMaxValues;
  if (of_names && NumberOf(value) > int64_t{exec::kAggregateCallsMax}) {
    return base::Fail(base::kUnsupported,
                      base::Cat("The config \"", key, "\" with the value '", value, "': more than ",
                                exec::kAggregateCallsMax,
                                " values that are columns are not supported in an "
                                "enclave"));
  }
  const std::string usual = entry->value == nullptr ? "" : entry->value;
  if (EffectOf(key) == Effect::kRefused && In(kPinned, key) == nullptr &&
      Normal(value) != Normal(usual)) {
    return base::Fail(base::kUnsupported,
                      base::Cat("The config \"", key, "\" with the value '", value,
                                "': Spark would compute something else with it, and only its "
                                "default, '",
                                usual, "', is supported in an enclave"));
  }
  return base::OkStatus();
}

/// What a script should know about a value that was accepted; "" for nothing.
std::string WarningAbout(std::string_view key, std::string_view value) {
  if (const Default* pinned = In(kPinned, key); pinned != nullptr) {
    if (pinned->value == value) return "";
    return base::Cat("The config \"", key, "\" stays '", pinned->value,
                     "': the enclave's server depends on it.");
  }
  const SparkConfigKey* entry = FindKey(key);
  if (entry == nullptr) {
    if (!key.starts_with("spark.") || In(kOwnDefaults, key) != nullptr) return "";
    return base::Cat("The config \"", key, "\" is none that Spark 4.3 has: it has no effect.");
  }
  const bool usual = entry->value != nullptr && Normal(value) == Normal(entry->value);
  if (EffectOf(key) != Effect::kNone || usual) return "";
  return base::Cat("The config \"", key, "\" has no effect in an enclave.");
}

}  // namespace

std::optional<std::string> Config::Get(std::string_view key) const {
  if (In(kPinned, key) == nullptr) {
    const std::lock_guard lock(mutex_);
    if (const auto found = set_.find(key); found != set_.end()) return found->second;
  }
  return DefaultOf(key);
}

base::StatusOr<std::optional<std::string>> Config::GetOr(std::string_view key,
                                                         std::optional<std::string> value) const {
  bool known = In(kPinned, key) != nullptr || In(kOwnDefaults, key) != nullptr;
  if (!known) {
    const std::lock_guard lock(mutex_);
    known = set_.contains(key);
  }
  if (known) return Get(key);
  const SparkConfigKey* entry = FindKey(key);
  if (entry != nullptr && value.has_value() && !HasType(*value, entry->type)) {
    return Invalid(kConfigType, key, *value,
                   base::Cat("It should be a/an '", entry->type, "' value."));
  }
  return value;
}

std::vector<std::pair<std::string, std::string>> Config::All(std::string_view prefix) const {
  std::map<std::string, std::string> all;
  for (const Default& entry : kOwnDefaults) {
    if (entry.key.starts_with(prefix)) all.emplace(entry.key, entry.value);
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [key, value] : set_) {
    if (!std::string_view(key).starts_with(prefix)) continue;
    const Default* pinned = In(kPinned, key);
    all[key] = pinned == nullptr ? value : std::string(pinned->value);
  }
  return {all.begin(), all.end()};
}

base::StatusOr<std::string> Config::Set(const std::string& key, const std::string& value) {
  if (key.size() + value.size() > kConfigBytesMax) {
    return base::Fail(base::kIllegalArgument, "A config entry that is too long");
  }
  SOTERIA_RETURN_IF_ERROR(CheckKind(key));
  SOTERIA_RETURN_IF_ERROR(CheckValue(key, value));
  const std::lock_guard lock(mutex_);
  if (set_.size() >= kConfigEntriesMax && !set_.contains(key)) {
    return base::Fail(base::kIllegalArgument, "Too many config entries");
  }
  set_[key] = value;
  std::string warning = WarningAbout(key, value);
  if (!warning.empty() && !warned_.insert(key).second) warning.clear();
  return warning;
}

base::Status Config::Unset(const std::string& key) {
  SOTERIA_RETURN_IF_ERROR(CheckKind(key));
  const std::lock_guard lock(mutex_);
  set_.erase(key);
  return base::OkStatus();
}

ExpressionSettings Config::ForExpressions() const {
  ExpressionSettings settings;
  settings.zone = Zone();
  settings.ignore_null_fields = Normal(Get(kIgnoreNullFields).value_or("true")) != "false";
  settings.corrupt_column = Get(kCorruptColumn).value_or(settings.corrupt_column);
  return settings;
}

uint64_t Config::ShufflePartitions() const {
  const std::string text = Get(kShufflePartitions).value_or("");
  uint64_t partitions = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), partitions);
  const bool good = error == std::errc() && end == text.data() + text.size() && partitions > 0;
  return good ? partitions : plan::kTargetsDefault;
}

uint64_t Config::FilePartBytes() const {
  const auto bytes = BytesOf(Get(kFilePartBytes).value_or(""));
  return bytes.value_or(plan::kPartBytesDefault);
}

uint64_t Config::PivotMaxValues() const {
  return static_cast<uint64_t>(std::max<int64_t>(NumberOf(Get(kPivotMaxValues).value_or("")), 0));
}

int64_t Config::TransposeMaxValues() const {
  return NumberOf(Get(kTransposeMaxValues).value_or(""));
}

void Config::SetOwn(const std::string& key, std::string value) {
  const std::lock_guard lock(mutex_);
  set_[key] = std::move(value);
}

std::string Config::OrcCodec() const { return Normal(Get(kOrcCodec).value_or("zstd")); }

bool Config::MergesOrcSchemas() const {
  return Normal(Get(kOrcMergeSchema).value_or("")) == "true";
}

std::string Config::Zone() const {
  const std::string id = Get(kTimeZone).value_or("");
  const auto zone = table::TimeZone::Find(id);
  return !zone.has_value() || zone->IsUtc() ? "" : id;
}

bool Config::IsModifiable(std::string_view key) {
  return FindKey(key) != nullptr && CheckKind(key).ok();
}

bool Config::IsKnown(std::string_view key) {
  const SparkConfigKey* entry = FindKey(key);
  return entry != nullptr && entry->kind != ConfigKind::kCore;
}

}  // namespace soteria::connect
