// Answers the FILE_REQUESTs of enclaves: one scheme's files may be kept in a folder of this machine
// (--serve-scheme, for tests: mem://box/a is DIR/box/a), anything else is FILE_UNSUPPORTED, as
// enclaves read local files themselves. Thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::host {

class FileRequest;
class FileReply;

inline constexpr size_t kServedRangeBytesMax = size_t{8} << 20;
inline constexpr size_t kServedFilesOpenMax = 1024;  // created and not closed

struct ServedScheme {
  std::string scheme;     // empty: none
  std::string directory;  // absolute
};

/// "SCHEME=DIR".
base::StatusOr<ServedScheme> ParseServedScheme(std::string_view text);

class FileServer {
 public:
  FileServer(base::Files& files, ServedScheme served);

  /// The reply to a request, both as they travel in frames.
  std::string Answer(std::string_view request);

 private:
  base::Status Serve(const FileRequest& request, FileReply& reply);
  base::Status Create(const std::string& name);
  base::Status Append(const std::string& name, const std::string& bytes);
  base::Status Close(const std::string& name);
  /// kUnsupported for another scheme.
  base::StatusOr<std::string> NameOf(const std::string& path) const;

  base::Files& files_;
  const ServedScheme served_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<base::WritableFile>> created_;  // by name
};

}  // namespace soteria::host
