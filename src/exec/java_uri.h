// java.net.URI: what it takes for one and its parts as they are written. Internal to exec. Pure
// functions.
#pragma once

#include <optional>
#include <string_view>

namespace soteria::exec {

/// Parts that aren't there are nullopt; they point into the text.
struct JavaUri {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::optional<std::string_view> user_info;
  std::optional<std::string_view> host;
  std::optional<std::string_view> path;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

/// nullopt for what is none.
std::optional<JavaUri> ParseJavaUri(std::string_view text);

}  // namespace soteria::exec
