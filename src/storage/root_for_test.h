// A folder that goes away with the test, and what storage tests do to files in it. Tests only.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/env_for_test.h"
#include "src/crypto/secret.h"

namespace soteria::storage {

class RootForTest {
 public:
  RootForTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "soteria-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  RootForTest(const RootForTest&) = delete;
  RootForTest& operator=(const RootForTest&) = delete;
  ~RootForTest() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string At(std::string_view name) const { return path_ + "/" + std::string(name); }

  std::string Bytes(std::string_view name) const {
    std::ifstream in(At(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void SetBytes(std::string_view name, std::string_view bytes) const {
    std::ofstream out(At(name), std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
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

 private:
  std::string path_;
};

inline crypto::Secret KeyForTest(char fill) { return crypto::Secret::Adopt(std::string(16, fill)); }
inline std::string IdForTest(char fill) { return std::string(16, fill); }

}  // namespace soteria::storage
