// A new object of a root: random name, random file id, random key; none is derived from a position
// or ever used again. Inside this folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"

namespace soteria::storage {

struct NewObject {
  std::string name;  // 32 hexadecimal digits and the suffix
  std::string file_id;
  crypto::Secret file_key;
  std::string wrapped_key;  // for the caller to fill: what it authenticates differs
  std::unique_ptr<base::WritableFile> file;
};

/// The key has the size of the root's.
base::StatusOr<NewObject> CreateObject(base::Files& files, base::Random& random,
                                       const std::string& root, const crypto::Secret& root_key,
                                       std::string_view suffix);

}  // namespace soteria::storage
