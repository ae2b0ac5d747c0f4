// Files that pass everything on to others: what a wrapper doesn't override is as it was. As
// thread-safe as what is behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::base {

class ForwardingFiles : public Files {
 public:
  /// `files` must outlive it.
  explicit ForwardingFiles(Files& files) : files_(files) {}

  StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& root, const std::string& name,
                                               std::optional<uint64_t> expected_size) override {
    return files_.Open(root, name, expected_size);
  }
  StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& root, const std::string& name,
                                                 int mode) override {
    return files_.Create(root, name, mode);
  }
  StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& root,
                                                        const std::string& name,
                                                        int mode) override {
    return files_.OpenForAppend(root, name, mode);
  }
  StatusOr<std::string> ReadAll(const std::string& root, const std::string& name,
                                uint64_t max_bytes) override {
    return files_.ReadAll(root, name, max_bytes);
  }
  StatusOr<std::string> ReadKernelFile(const std::string& root, const std::string& name,
                                       uint64_t max_bytes) override {
    return files_.ReadKernelFile(root, name, max_bytes);
  }
  Status WriteKernelFile(const std::string& root, const std::string& name,
                         std::string_view bytes) override {
    return files_.WriteKernelFile(root, name, bytes);
  }
  Status WriteAtomically(const std::string& root, const std::string& name, std::string_view bytes,
                         int mode) override {
    return files_.WriteAtomically(root, name, bytes, mode);
  }
  Status Rename(const std::string& root, const std::string& from, const std::string& to) override {
    return files_.Rename(root, from, to);
  }
  Status Remove(const std::string& root, const std::string& name) override {
    return files_.Remove(root, name);
  }
  StatusOr<bool> Exists(const std::string& root, const std::string& name) override {
    return files_.Exists(root, name);
  }
  Status MakeDirs(const std::string& path) override { return files_.MakeDirs(path); }
  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& root,
                                           const std::string& name) override {
    return files_.Lock(root, name);
  }

 protected:
  Files& files_;
};

/// A file that is passed on to the one it was made of.
class ForwardingWritableFile : public WritableFile {
 public:
  explicit ForwardingWritableFile(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  Status Append(std::string_view bytes) override { return file_->Append(bytes); }
  Status Sync() override { return file_->Sync(); }
  Status Close() override { return file_->Close(); }

 protected:
  std::unique_ptr<WritableFile> file_;
};

class ForwardingReadableFile : public ReadableFile {
 public:
  explicit ForwardingReadableFile(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}
  StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    return file_->ReadAt(offset, out);
  }
  uint64_t size() const override { return file_->size(); }

 protected:
  std::unique_ptr<ReadableFile> file_;
};

}  // namespace soteria::base
