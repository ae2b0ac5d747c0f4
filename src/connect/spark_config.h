// The configuration keys that Spark 4.3 registers, with their defaults: spark_config.tsv, which
// tools/dump_spark_config.py makes of stock Spark, as a table. Constants.
#pragma once

#include <cstddef>
#include <cstdint>

namespace soteria::connect {

enum class ConfigKind : uint8_t {
  kSession,  ///< a session may change it
  kStatic,   ///< SQL's, fixed when a Spark application starts
  kCore,     ///< Spark's own, fixed as well
};

struct SparkConfigKey {
  const char* key;
  const char* type;  ///< "boolean", "int", "long", "double" are checked; others are text here
  ConfigKind kind;
  const char* value;  ///< the default; null: none
};

extern const SparkConfigKey kSparkConfig[];  ///< by key
extern const size_t kSparkConfigCount;

}  // namespace soteria::connect
