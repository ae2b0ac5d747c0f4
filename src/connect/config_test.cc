#include "src/connect/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "spark/connect/base.pb.h"
#include "src/base/errors.h"
#include "src/connect/config_rpc.h"
#include "src/connect/errors.h"

namespace soteria::connect {
namespace {

using spark::connect::ConfigRequest;
using spark::connect::ConfigResponse;

// What PySpark asks for before it sends local data; the numbers go through int().
TEST(Config, HowLargeAPartOfAFileIs) {
  Config config;
  EXPECT_EQ(config.FilePartBytes(), uint64_t{128} << 20);
  const std::string key = "spark.sql.files.maxPartitionBytes";
  const std::pair<const char*, uint64_t> good[] = {{"64", 64},
                                                   {"64b", 64},
                                                   {" 3K ", 3 << 10},
                                                   {"3kb", 3 << 10},
                                                   {"256MB", 256 << 20},
                                                   {"3MiB", 3 << 20},
                                                   {"1g", 1 << 30},
                                                   {"2tb", uint64_t{2} << 40},
                                                   {"1p", uint64_t{1} << 50}};
  for (const auto& [value, bytes] : good) {
    const auto warning = config.Set(key, value);
    ASSERT_TRUE(warning.ok()) << value;
    EXPECT_EQ(*warning, "");
    EXPECT_EQ(config.FilePartBytes(), bytes) << value;
  }
  for (const char* bad :
       {"", "0", "-1", "1.5m", "1 m", "m", "1x", "8192p", "99999999999999999999"}) {
    EXPECT_TRUE(base::Is(config.Set(key, bad).status(), kConfigType)) << bad;
  }
}

TEST(Config, HasTheKeysThatTheClientNeeds) {
  const Config config;
  for (const char* key :
       {"spark.sql.session.timeZone", "spark.sql.timestampType",
        "spark.sql.session.localRelationCacheThreshold", "spark.sql.session.localRelationSizeLimit",
        "spark.sql.session.localRelationChunkSizeRows",
        "spark.sql.session.localRelationChunkSizeBytes",
        "spark.sql.session.localRelationBatchOfChunksSizeBytes",
        "spark.sql.execution.pandas.convertToArrowArraySafely",
        "spark.sql.execution.pandas.inferPandasDictAsMap",
        "spark.sql.pyspark.inferNestedDictAsStruct.enabled",
        "spark.sql.pyspark.legacy.inferArrayTypeFromFirstElement.enabled",
        "spark.sql.pyspark.legacy.inferMapTypeFromFirstPair.enabled",
        "spark.sql.execution.arrow.useLargeVarTypes",
        "spark.connect.session.planCompression.threshold",
        "spark.connect.session.planCompression.defaultAlgorithm"}) {
    EXPECT_TRUE(config.Get(key).has_value()) << key;
  }
  // The table is searched by halves: it must be sorted.
  for (const auto& [key, value] : config.All("")) EXPECT_EQ(config.Get(key), value) << key;
}

TEST(Config, SetAndUnset) {
  Config config;
  ASSERT_TRUE(config.Set("spark.sql.shuffle.partitions", "3").ok());
  EXPECT_EQ(config.Get("spark.sql.shuffle.partitions"), "3");
  ASSERT_TRUE(config.Unset("spark.sql.shuffle.partitions").ok());
  EXPECT_EQ(config.Get("spark.sql.shuffle.partitions"), "200");
  EXPECT_EQ(config.PivotMaxValues(), 10'000U);
  ASSERT_TRUE(config.Set("spark.sql.pivotMaxValues", "3").ok());
  EXPECT_EQ(config.PivotMaxValues(), 3U);
  ASSERT_TRUE(config.Set("spark.sql.pivotMaxValues", "-1").ok());
  EXPECT_EQ(config.PivotMaxValues(), 0U);
  EXPECT_TRUE(
      base::Is(config.Set("spark.sql.pivotMaxValues", "10001").status(), base::kUnsupported));
  EXPECT_EQ(config.TransposeMaxValues(), 500);
  ASSERT_TRUE(config.Set("spark.sql.transposeMaxValues", "-5").ok());
  EXPECT_EQ(config.TransposeMaxValues(), -5);
  EXPECT_TRUE(
      base::Is(config.Set("spark.sql.transposeMaxValues", "10001").status(), base::kUnsupported));
  EXPECT_FALSE(config.Get("mine").has_value());
  ASSERT_TRUE(config.Set("mine", "x").ok());
  EXPECT_EQ(config.All("mi").size(), 1U);
}

TEST(Config, PinnedKeysKeepTheirValue) {
  Config config;
  ASSERT_TRUE(config.Set("spark.connect.session.planCompression.threshold", "1").ok());
  EXPECT_EQ(config.Get("spark.connect.session.planCompression.threshold"), "-1");
}

TEST(Config, Limits) {
  Config config;
  EXPECT_FALSE(config.Set("k", std::string(kConfigBytesMax, 'x')).ok());
  for (size_t i = 0; i < kConfigEntriesMax; ++i) {
    ASSERT_TRUE(config.Set("k" + std::to_string(i), "").ok());
  }
  EXPECT_FALSE(config.Set("one more", "").ok());
  EXPECT_TRUE(config.Set("k0", "again").ok());
}

// What happens to a key that is set to something else than its default, and what the script is
// told.
TEST(Config, EachKeyActsOrSaysThatItDoesNotOrIsRefused) {
  Config config;
  EXPECT_EQ(*config.Set("spark.sql.session.timeZone", "Asia/Tokyo"), "");
  EXPECT_EQ(*config.Set("spark.sql.repl.eagerEval.enabled", "true"), "");
  EXPECT_EQ(*config.Set("spark.sql.orc.mergeSchema", "true"), "");
  EXPECT_TRUE(config.MergesOrcSchemas());
  EXPECT_EQ(config.OrcCodec(), "zstd");
  EXPECT_EQ(*config.Set("spark.sql.orc.compression.codec", "SNAPPY"), "");
  EXPECT_EQ(config.OrcCodec(), "snappy");
  EXPECT_THAT(*config.Set("spark.sql.orc.filterPushdown", "false"),
              testing::HasSubstr("no effect"));
  EXPECT_EQ(*config.Set("mine", "1"), "");
  EXPECT_EQ(*config.Set("spark.app.name", "mine"), "");
  const std::string warning = *config.Set("spark.sql.adaptive.enabled", "false");
  EXPECT_THAT(warning, testing::HasSubstr("\"spark.sql.adaptive.enabled\" has no effect"));
  EXPECT_EQ(*config.Set("spark.sql.adaptive.enabled", "false"), "");    // once
  EXPECT_EQ(*config.Set("spark.sql.codegen.wholeStage", " TRUE"), "");  // the default
  EXPECT_THAT(*config.Set("spark.sql.shufle.partitions", "1"), testing::HasSubstr("none that"));
  for (const auto& [key, value] : {std::pair("spark.sql.ansi.enabled", "false"),
                                   {"spark.sql.caseSensitive", "true"},
                                   {"spark.sql.timestampType", "TIMESTAMP_NTZ"},
                                   {"spark.sql.legacy.timeParserPolicy", "LEGACY"},
                                   {"spark.sql.parser.escapedStringLiterals", "true"},
                                   {"spark.sql.files.ignoreCorruptFiles", "true"},
                                   {"spark.sql.parquet.mergeSchema", "true"}}) {
    EXPECT_TRUE(base::Is(config.Set(key, value).status(), base::kUnsupported)) << key;
    EXPECT_NE(config.Get(key), value);
    const std::string usual = config.Get(key).value();
    EXPECT_EQ(*config.Set(key, usual), "") << key;
  }
}

TEST(Config, ValuesThatTheKeyCannotHave) {
  Config config;
  for (const char* zone : {"Mars/Phobos", "+25:00", " UTC", "", "europe/berlin"}) {
    EXPECT_TRUE(base::Is(config.Set("spark.sql.session.timeZone", zone).status(), kConfigTimeZone))
        << zone;
  }
  EXPECT_TRUE(base::Is(config.Set("spark.sql.caseSensitive", "maybe").status(), kConfigType));
  EXPECT_TRUE(base::Is(config.Set("spark.sql.shuffle.partitions", "abc").status(), kConfigType));
  EXPECT_TRUE(
      base::Is(config.Set("spark.sql.orc.compression.codec", "xz").status(), kConfigOptions));
  EXPECT_EQ(config.Get("spark.sql.shuffle.partitions"), "200");
}

TEST(Config, TheDefaultOfTheScript) {
  Config config;
  EXPECT_EQ(**config.GetOr("spark.sql.shuffle.partitions", "7"), "7");
  EXPECT_EQ(*config.GetOr("spark.sql.shuffle.partitions", std::nullopt), std::nullopt);
  EXPECT_EQ(**config.GetOr("spark.connect.session.planCompression.threshold", "7"), "-1");
  EXPECT_TRUE(base::Is(config.GetOr("spark.sql.shuffle.partitions", "x").status(), kConfigType));
  ASSERT_TRUE(config.Set("spark.sql.shuffle.partitions", "3").ok());
  EXPECT_EQ(**config.GetOr("spark.sql.shuffle.partitions", "7"), "3");
}

TEST(Config, Zone) {
  Config config;
  EXPECT_EQ(config.Zone(), "");
  ASSERT_TRUE(config.Set("spark.sql.session.timeZone", "GMT").ok());
  EXPECT_EQ(config.Zone(), "");
  ASSERT_TRUE(config.Set("spark.sql.session.timeZone", "-8:00").ok());
  EXPECT_EQ(config.Zone(), "-8:00");
}

TEST(Config, IsModifiable) {
  for (const char* key : {"spark.sql.session.timeZone", "spark.sql.shuffle.partitions"}) {
    EXPECT_TRUE(Config::IsModifiable(key)) << key;
  }
  for (const char* key : {"spark.sql.warehouse.dir", "spark.executor.memory", "mine"}) {
    EXPECT_FALSE(Config::IsModifiable(key)) << key;
  }
}

// A session builder's options are set silently: what Spark wouldn't set either is a warning.
TEST(Config, ASessionThatWouldComputeSomethingElseDoesNotBegin) {
  Config config;
  ConfigRequest::Operation silent;
  silent.mutable_set()->set_silent(true);
  auto* pair = silent.mutable_set()->add_pairs();
  pair->set_key("spark.sql.session.timeZone");
  pair->set_value("nowhere");
  ConfigResponse response;
  EXPECT_TRUE(RunConfig(silent, config, &response).ok());
  ASSERT_EQ(response.warnings_size(), 1);
  EXPECT_THAT(response.warnings(0),
              testing::StartsWith("Failed to set spark.sql.session.timeZone"));
  pair->set_key("spark.sql.ansi.enabled");
  pair->set_value("false");
  EXPECT_TRUE(base::Is(RunConfig(silent, config, &response), base::kUnsupported));
}

TEST(Config, StaticKeys) {
  Config config;
  EXPECT_TRUE(base::Is(config.Set("spark.executor.memory", "1g").status(), kCoreConfig));
  EXPECT_TRUE(base::Is(config.Set("spark.sql.warehouse.dir", "/x").status(), kStaticConfig));
  EXPECT_TRUE(base::Is(config.Unset("spark.executor.memory"), kCoreConfig));
  EXPECT_TRUE(base::Is(config.Unset("spark.sql.extensions"), kStaticConfig));
  ConfigRequest::Operation silent;
  auto* pair = silent.mutable_set()->add_pairs();
  pair->set_key("spark.executor.memory");
  pair->set_value("1g");
  silent.mutable_set()->set_silent(true);
  ConfigResponse response;
  EXPECT_TRUE(RunConfig(silent, config, &response).ok());
  EXPECT_EQ(response.warnings_size(), 1);
}

TEST(Config, PairsComeInTheOrderOfTheRequest) {
  Config config;
  ConfigRequest::Operation get;
  get.mutable_get()->add_keys("spark.sql.timestampType");
  get.mutable_get()->add_keys("spark.sql.extensions");
  get.mutable_get()->add_keys("spark.app.name");
  ConfigResponse response;
  ASSERT_TRUE(RunConfig(get, config, &response).ok());
  ASSERT_EQ(response.pairs_size(), 3);
  EXPECT_EQ(response.pairs(0).value(), "TIMESTAMP_LTZ");
  EXPECT_EQ(response.pairs(1).key(), "spark.sql.extensions");
  EXPECT_FALSE(response.pairs(1).has_value());
  get.mutable_get()->add_keys("unknown");
  EXPECT_TRUE(base::Is(RunConfig(get, config, &response), kConfigNotFound));
  ConfigRequest::Operation many;
  for (int i = 0; i <= kConfigKeysMax; ++i) many.mutable_get()->add_keys("spark.a");
  EXPECT_FALSE(RunConfig(many, config, &response).ok());
  EXPECT_FALSE(RunConfig(ConfigRequest::Operation(), config, &response).ok());
}

}  // namespace
}  // namespace soteria::connect
