// What of a session's configuration the meaning of expressions depends on. A plain value.
#pragma once

#include <string>

namespace soteria::connect {

struct ExpressionSettings {
  std::string zone = {};           // "" for UTC
  bool ignore_null_fields = true;  // of to_json
  std::string corrupt_column = "_corrupt_record";
};

}  // namespace soteria::connect
