// Ids that were drawn for writable roots before these exist, by path, so that each Manifest names
// the same one: <home>/roots.json. Not secret; written without the lock of the records, for
// Manifests are also made while a session runs. One thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/client/owner.h"

namespace soteria::client {

/// 32 hexadecimal digits.
base::StatusOr<std::string> DrawRootId(Owner& owner);

class DrawnIds {
 public:
  static base::StatusOr<DrawnIds> Load(Owner& owner);

  /// 32 hexadecimal digits; nullptr if none was drawn for this path.
  const std::string* Find(std::string_view path) const;
  /// A new one, in place of what was drawn before.
  base::StatusOr<std::string> Draw(Owner& owner, const std::string& path);
  /// Writes what was drawn; nothing when nothing was.
  base::Status Save(Owner& owner) const;

 private:
  std::map<std::string, std::string, std::less<>> ids_;
  bool changed_ = false;
};

}  // namespace soteria::client
