// Keeps a copy of all traffic for tests (--record): one file a connection and direction, frames as
// they are on the wire. All traffic of a job passes the host, so what is in no file was seen by
// nobody. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "src/base/env.h"

namespace soteria::host {

class Recorder {
 public:
  /// `directory` empty: records nothing.
  Recorder(base::Files& files, std::string directory);

  /// `direction` is "in" (to the host) or "out".
  void Frame(const std::string& connection, const char* direction, uint8_t kind, uint64_t id,
             std::string_view payload);
  void Bytes(const std::string& connection, const char* direction, std::string_view bytes);
  bool enabled() const { return !directory_.empty(); }

 private:
  void Append(const std::string& connection, const char* direction, std::string_view header,
              std::string_view bytes);

  base::Files& files_;
  const std::string directory_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<base::WritableFile>> open_;
};

}  // namespace soteria::host
