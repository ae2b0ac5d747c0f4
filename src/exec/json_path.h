// Paths into JSON as Hive has them, $.a[0]['b'].*: what get_json_object takes of a text. Internal
// to exec. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/formats/json_value.h"

namespace soteria::exec {

struct JsonStep {
  enum class Kind : uint8_t { kSubscript, kKey, kWildcard, kIndex, kNamed };
  Kind kind = Kind::kKey;
  std::string name;
  int64_t index = 0;
};

/// Spark's parser of them; nullopt for what is no path.
std::optional<std::vector<JsonStep>> ParseJsonPath(std::string_view text);

/// What the path leads to; nullopt for nothing.
std::optional<std::string> JsonAt(const std::vector<formats::JsonNode>& nodes,
                                  const std::vector<JsonStep>& path);

}  // namespace soteria::exec
