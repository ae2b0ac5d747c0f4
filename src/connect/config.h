// The session's configuration: Spark's defaults for the keys that PySpark and scripts ask for, and
// what the script set. Nothing here changes what an enclave computes or lets out. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"

namespace soteria::connect {

inline constexpr size_t kConfigEntriesMax = 10'000;
inline constexpr size_t kConfigBytesMax = 64 * 1024;

class Config {
 public:
  /// What was set, else the default; nullopt for neither.
  std::optional<std::string> Get(std::string_view key) const;
  /// Every key that Get finds under the prefix, sorted.
  std::vector<std::pair<std::string, std::string>> All(std::string_view prefix) const;

  /// kStaticConfig for keys that can't change while a session runs; kIllegalArgument beyond limits.
  base::Status Set(const std::string& key, const std::string& value);
  void Unset(const std::string& key);

  /// Whether Set takes the key.
  static bool IsModifiable(std::string_view key);
  /// Is it a key that Spark knows, with or without a default?
  static bool IsKnown(std::string_view key);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> set_;
};

}  // namespace soteria::connect
