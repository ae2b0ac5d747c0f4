// The params that many classes share, as MLlib has them (its Has... traits): names, types, defaults
// and validators. A class lists those it has among its own, in MLlib's order, which is by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/param.h"

namespace soteria::ml {

inline ParamSpec StringParam(std::string name, std::optional<ParamValue> default_value = {},
                             Validator valid = {}) {
  return {std::move(name), ParamType::kString, std::move(default_value), std::move(valid)};
}
inline ParamSpec IntParam(std::string name, std::optional<ParamValue> default_value = {},
                          Validator valid = {}) {
  return {std::move(name), ParamType::kInt, std::move(default_value), std::move(valid)};
}
inline ParamSpec DoubleParam(std::string name, std::optional<ParamValue> default_value = {},
                             Validator valid = {}) {
  return {std::move(name), ParamType::kDouble, std::move(default_value), std::move(valid)};
}
inline ParamSpec BoolParam(std::string name, std::optional<ParamValue> default_value = {}) {
  return {std::move(name), ParamType::kBool, std::move(default_value), {}};
}

// Columns.
inline ParamSpec FeaturesCol() { return StringParam("featuresCol", std::string("features")); }
inline ParamSpec LabelCol() { return StringParam("labelCol", std::string("label")); }
inline ParamSpec PredictionCol() { return StringParam("predictionCol", std::string("prediction")); }
inline ParamSpec RawPredictionCol() {
  return StringParam("rawPredictionCol", std::string("rawPrediction"));
}
inline ParamSpec ProbabilityCol() {
  return StringParam("probabilityCol", std::string("probability"));
}
inline ParamSpec WeightCol() { return StringParam("weightCol"); }
inline ParamSpec InputCol() { return StringParam("inputCol"); }
/// By default named after the instance.
inline ParamSpec OutputCol() {
  return StringParam("outputCol", std::string(1, kUidMark) + "__output");
}
inline ParamSpec InputCols() { return {"inputCols", ParamType::kStringArray, std::nullopt, {}}; }
inline ParamSpec OutputCols() { return {"outputCols", ParamType::kStringArray, std::nullopt, {}}; }

// Iterations and regularisation.
inline ParamSpec AggregationDepth(int64_t depth = 2) {
  return IntParam("aggregationDepth", depth, AtLeast(2));
}
inline ParamSpec ElasticNet() { return DoubleParam("elasticNetParam", 0.0, InRange(0, 1)); }
inline ParamSpec FitIntercept() { return BoolParam("fitIntercept", true); }
inline ParamSpec MaxBlockSizeInMB() { return DoubleParam("maxBlockSizeInMB", 0.0, AtLeast(0)); }
inline ParamSpec MaxIter(int64_t iterations) { return IntParam("maxIter", iterations, AtLeast(0)); }
inline ParamSpec RegParam(double value = 0.0) { return DoubleParam("regParam", value, AtLeast(0)); }
inline ParamSpec Standardization() { return BoolParam("standardization", true); }
inline ParamSpec Tol(double tolerance) { return DoubleParam("tol", tolerance, AtLeast(0)); }
inline ParamSpec ThresholdsParam() {
  return {"thresholds", ParamType::kDoubleArray, std::nullopt, Thresholds()};
}
/// -1 turns checkpoints off.
inline ParamSpec CheckpointInterval(int64_t interval) {
  return IntParam("checkpointInterval", interval, [](const ParamValue& value) {
    const int64_t given = std::get<int64_t>(value);
    return given == -1 || given >= 1;
  });
}
/// By default Java's hash of the class's name.
inline ParamSpec Seed(std::string_view class_name) {
  uint32_t hash = 0;
  for (const char c : class_name) hash = 31 * hash + static_cast<uint8_t>(c);
  return {"seed", ParamType::kLong, static_cast<int64_t>(static_cast<int32_t>(hash)), {}};
}
inline ParamSpec HandleInvalid(std::vector<std::string> allowed) {
  return StringParam("handleInvalid", std::string("error"), OneOf(std::move(allowed)));
}

}  // namespace soteria::ml
