#include "src/connect/config.h"

#include <gtest/gtest.h>

#include <string>

#include "spark/connect/base.pb.h"
#include "src/base/errors.h"
#include "src/connect/config_rpc.h"
#include "src/connect/errors.h"

namespace soteria::connect {
namespace {

using spark::connect::ConfigRequest;
using spark::connect::ConfigResponse;

// What PySpark asks for before it sends local data; the numbers go through int().
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
  const auto all = config.All("");
  for (const auto& [key, value] : all) EXPECT_EQ(config.Get(key), value) << key;
  EXPECT_GT(all.size(), 30U);
}

TEST(Config, SetAndUnset) {
  Config config;
  ASSERT_TRUE(config.Set("spark.sql.shuffle.partitions", "3").ok());
  EXPECT_EQ(config.Get("spark.sql.shuffle.partitions"), "3");
  config.Unset("spark.sql.shuffle.partitions");
  EXPECT_EQ(config.Get("spark.sql.shuffle.partitions"), "200");
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

TEST(Config, StaticKeys) {
  Config config;
  EXPECT_TRUE(base::Is(config.Set("spark.executor.memory", "1g"), kStaticConfig));
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
  get.mutable_get()->add_keys("spark.unknown");
  get.mutable_get()->add_keys("spark.app.name");
  ConfigResponse response;
  ASSERT_TRUE(RunConfig(get, config, &response).ok());
  ASSERT_EQ(response.pairs_size(), 3);
  EXPECT_EQ(response.pairs(0).value(), "TIMESTAMP_LTZ");
  EXPECT_EQ(response.pairs(1).key(), "spark.unknown");
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
