#include "src/base/text.h"

#include <cstdio>

namespace soteria::base::internal {

void AppendInteger(int64_t value, std::string& out) { out += std::to_string(value); }

void AppendInteger(uint64_t value, std::string& out) { out += std::to_string(value); }

void AppendDouble(double value, std::string& out) {
  char text[40];
  const int size = std::snprintf(text, sizeof(text), "%.17g", value);
  out.append(text, static_cast<size_t>(size));
}

}  // namespace soteria::base::internal
