// An owner in a folder of its own that goes away with the test. Tests only.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/check.h"
#include "src/base/env.h"
#include "src/base/env_for_test.h"
#include "src/base/folder_for_test.h"
#include "src/client/key_file.h"
#include "src/client/owner.h"
#include "src/crypto/identity.h"

namespace soteria::client {

class OwnerForTest : public base::FolderForTest {
 public:
  OwnerForTest()
      : files_(base::PosixFiles()),
        owner_(std::make_unique<Owner>(
            Owner{*files_, base::SystemClock(), crypto::OsRandom(), Home{At("home")}})) {
    CHECK(CreateUserKey(*files_, crypto::OsRandom(), owner_->home.key_file()).ok());
  }

  Owner& owner() { return *owner_; }
  base::Files& files() { return *files_; }

  crypto::Secret Key() {
    auto key = ReadUserKey(*files_, owner_->home.key_file());
    CHECK(key.ok());
    return *std::move(key);
  }

  /// Writes a file of the owner's, and its folders.
  std::string Write(std::string_view name, std::string_view text) const {
    std::filesystem::path path(At(name));
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    return path.string();
  }
  std::string WriteProgram(std::string_view name, std::string_view text) const {
    std::string path = Write(name, text);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

 private:
  std::unique_ptr<base::Files> files_;
  std::unique_ptr<Owner> owner_;
};

inline void NoProgress(uint64_t, uint64_t) {}

}  // namespace soteria::client
