// JSON values written anew, as Spark's functions copy them out of a text: without white space,
// numbers as Java prints them. Internal to whoever reads JSON. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/formats/json_value.h"

namespace soteria::formats {

/// What isn't in Unicode's first plane, within strings.
enum class JsonPairs : uint8_t {
  kEscaped,  ///< the two escapes of its UTF-16: Jackson writing bytes
  kPlain,    ///< as it is: Jackson writing characters
};

/// The value of a node behind what `out` holds.
void AppendJsonCopy(const std::vector<JsonNode>& nodes, size_t node, std::string* out,
                    JsonPairs pairs = JsonPairs::kEscaped);

}  // namespace soteria::formats
