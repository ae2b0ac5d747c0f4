// A disk that counts what is read from it, and that can be full: writes beyond its room fail, and
// so does closing or syncing when the test says so (as NFS and quotas do). Tests only. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/env.h"
#include "src/base/errors.h"
#include "src/base/forwarding_files.h"
#include "src/base/text.h"

namespace soteria::base {

class DiskForTest : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;

  uint64_t bytes_read = 0;
  std::string only_below = {};        // the faults below are of roots that begin with this
  std::optional<uint64_t> room = {};  // bytes that still fit; none: any number
  bool sync_fails = false;
  bool close_fails = false;

  StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& root, const std::string& name,
                                               std::optional<uint64_t> expected_size) override {
    SOTERIA_ASSIGN_OR_RETURN(auto file, files_.Open(root, name, expected_size));
    return std::make_unique<Counted>(*this, std::move(file));
  }
  StatusOr<std::string> ReadAll(const std::string& root, const std::string& name,
                                uint64_t max_bytes) override {
    auto bytes = files_.ReadAll(root, name, max_bytes);
    if (bytes.ok()) bytes_read += bytes->size();
    return bytes;
  }
  StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& root, const std::string& name,
                                                 int mode) override {
    SOTERIA_ASSIGN_OR_RETURN(auto file, files_.Create(root, name, mode));
    if (!root.starts_with(only_below)) return file;
    return std::make_unique<Limited>(*this, std::move(file));
  }
  StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& root,
                                                        const std::string& name,
                                                        int mode) override {
    SOTERIA_ASSIGN_OR_RETURN(auto file, files_.OpenForAppend(root, name, mode));
    if (!root.starts_with(only_below)) return file;
    return std::make_unique<Limited>(*this, std::move(file));
  }
  Status WriteAtomically(const std::string& root, const std::string& name, std::string_view bytes,
                         int mode) override {
    if (!root.starts_with(only_below)) return files_.WriteAtomically(root, name, bytes, mode);
    if (sync_fails || close_fails || (room.has_value() && *room < bytes.size())) return Full();
    SOTERIA_RETURN_IF_ERROR(files_.WriteAtomically(root, name, bytes, mode));
    Take(bytes.size());
    return OkStatus();
  }

  static Status Full() { return Fail(kIo, "No space left on device"); }

 private:
  class Counted : public ForwardingReadableFile {
   public:
    Counted(DiskForTest& disk, std::unique_ptr<ReadableFile> file)
        : ForwardingReadableFile(std::move(file)), disk_(disk) {}
    StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
      auto got = file_->ReadAt(offset, out);
      if (got.ok()) disk_.bytes_read += *got;
      return got;
    }

   private:
    DiskForTest& disk_;
  };

  class Limited : public ForwardingWritableFile {
   public:
    Limited(DiskForTest& disk, std::unique_ptr<WritableFile> file)
        : ForwardingWritableFile(std::move(file)), disk_(disk) {}
    Status Append(std::string_view bytes) override {
      const uint64_t fits = std::min<uint64_t>(bytes.size(), disk_.room.value_or(bytes.size()));
      SOTERIA_RETURN_IF_ERROR(file_->Append(bytes.substr(0, fits)));  // as write(2): a part
      disk_.Take(fits);
      return fits == bytes.size() ? OkStatus() : Full();
    }
    Status Sync() override { return disk_.sync_fails ? Full() : file_->Sync(); }
    Status Close() override {
      const Status closed = file_->Close();
      return disk_.close_fails ? Full() : closed;
    }

   private:
    DiskForTest& disk_;
  };

  void Take(uint64_t bytes) {
    if (room.has_value()) *room -= bytes;
  }
};

}  // namespace soteria::base
