// A folder that goes away with the test, and what storage tests do to files in it. Tests only.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/env_for_test.h"
#include "src/base/folder_for_test.h"
#include "src/crypto/secret.h"

namespace soteria::storage {

class RootForTest : public base::FolderForTest {
 public:
  void Flip(std::string_view name, size_t at, int bit = 0) const {
    std::string bytes = Bytes(name);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
    SetBytes(name, bytes);
  }
  void MakeLink(std::string_view name, std::string_view target) const {
    std::filesystem::remove(At(name));
    std::filesystem::create_symlink(std::string(target), At(name));
  }
  void MakeFifo(std::string_view name) const {
    std::filesystem::remove(At(name));
    mkfifo(At(name).c_str(), 0600);
  }
};

inline crypto::Secret KeyForTest(char fill) { return crypto::Secret::Adopt(std::string(16, fill)); }
inline std::string IdForTest(char fill) { return std::string(16, fill); }

}  // namespace soteria::storage
