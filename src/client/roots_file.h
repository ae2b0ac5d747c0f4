// The file of trusted roots for the owner's command: the certificate of this session's endpoint,
// and behind it the roots that gRPC would have used. gRPC reads one such file for the whole
// process, named by kRootsVariable, so that a script that also talks to others goes on trusting
// them.
//
// The file is 0600 in a folder 0700 of the owner's state directory; nothing in it is secret, but
// who could write it could stand in for the endpoint. It goes with this object. A process that was
// killed leaves its file behind, which is worth nothing without the endpoint's key and goes when
// the next one is written. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/client/owner.h"

namespace soteria::client {

/// The environment variable from which gRPC learns its roots.
inline constexpr char kRootsVariable[] = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH";
inline constexpr size_t kRootsBytesMax = size_t{16} << 20;

class RootsFile {
 public:
  /// `theirs` is what kRootsVariable said before, or empty: then the first of `system` that exists.
  /// kInput when `theirs` can't be read.
  static base::StatusOr<std::unique_ptr<RootsFile>> Write(
      Owner& owner, std::string_view certificate_pem, const std::string& theirs,
      const std::vector<std::string>& system = SystemRoots());
  ~RootsFile();
  RootsFile(const RootsFile&) = delete;
  RootsFile& operator=(const RootsFile&) = delete;

  /// Where gRPC looks on Linux.
  static std::vector<std::string> SystemRoots();

  std::string path() const;
  /// Whether there is anything but the session's certificate in it.
  bool has_others() const { return has_others_; }

 private:
  RootsFile(Owner& owner, std::string folder, std::string name, bool has_others);

  Owner& owner_;
  const std::string folder_;
  const std::string name_;
  const bool has_others_;
};

}  // namespace soteria::client
