// Joined: texts with a separator between them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace soteria::base {

template <class Texts>
std::string Joined(const Texts& texts, std::string_view separator = ", ") {
  std::string out;
  bool first = true;
  for (const auto& text : texts) {
    if (!first) out += separator;
    first = false;
    out += text;
  }
  return out;
}

}  // namespace soteria::base
