// What several fuzz targets read their input from: bytes as frames of a host connection, and bytes
// as the one file that there is. One thread each.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/env.h"
#include "src/base/errors.h"
#include "src/base/frame.h"

namespace soteria::fuzz {

/// Reads from `bytes`, drops what is written.
class BytesStream : public base::ByteStream {
 public:
  explicit BytesStream(std::string_view bytes) : bytes_(bytes) {}
  base::StatusOr<size_t> Read(std::span<char> out) override {
    const size_t taken = std::min(out.size(), bytes_.size());
    std::copy_n(bytes_.begin(), taken, out.begin());
    bytes_.remove_prefix(taken);
    return taken;
  }
  base::Status Write(std::string_view) override { return base::OkStatus(); }
  void Close() override {}

 private:
  std::string_view bytes_;
};

/// The frames that `bytes` are, up to the first that isn't one.
inline std::vector<base::Frame> FramesOf(std::string_view bytes) {
  base::FrameConnection connection(std::make_unique<BytesStream>(bytes));
  std::vector<base::Frame> frames;
  while (true) {
    auto frame = connection.Receive();
    if (!frame.ok()) return frames;
    frames.push_back(std::move(*frame));
  }
}

/// A file of memory.
class BytesFile : public base::ReadableFile {
 public:
  explicit BytesFile(std::string bytes) : bytes_(std::move(bytes)) {}
  base::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    if (offset >= bytes_.size()) return size_t{0};
    const size_t taken = std::min<uint64_t>(out.size(), bytes_.size() - offset);
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(offset), taken, out.begin());
    return taken;
  }
  uint64_t size() const override { return bytes_.size(); }

 private:
  const std::string bytes_;
};

/// A file system whose every file is the same bytes; nothing can be written.
class OneFile : public base::Files {
 public:
  explicit OneFile(std::string_view bytes) : bytes_(bytes) {}

  base::StatusOr<std::unique_ptr<base::ReadableFile>> Open(
      const std::string&, const std::string&, std::optional<uint64_t> expected_size) override {
    if (expected_size.has_value() && *expected_size != bytes_.size()) {
      return base::Fail(base::kIntegrity, "another size");
    }
    return std::make_unique<BytesFile>(bytes_);
  }
  base::StatusOr<std::string> ReadAll(const std::string&, const std::string&,
                                      uint64_t max_bytes) override {
    if (bytes_.size() > max_bytes) return base::Fail(base::kIntegrity, "too large");
    return bytes_;
  }
  base::StatusOr<std::string> ReadKernelFile(const std::string& root, const std::string& name,
                                             uint64_t max_bytes) override {
    return ReadAll(root, name, max_bytes);
  }
  base::StatusOr<bool> Exists(const std::string&, const std::string&) override { return true; }
  base::StatusOr<std::unique_ptr<base::WritableFile>> Create(const std::string&, const std::string&,
                                                             int) override {
    return ReadOnly();
  }
  base::StatusOr<std::unique_ptr<base::WritableFile>> OpenForAppend(const std::string&,
                                                                    const std::string&,
                                                                    int) override {
    return ReadOnly();
  }
  base::Status WriteKernelFile(const std::string&, const std::string&, std::string_view) override {
    return ReadOnly();
  }
  base::Status WriteAtomically(const std::string&, const std::string&, std::string_view,
                               int) override {
    return ReadOnly();
  }
  base::Status Rename(const std::string&, const std::string&, const std::string&) override {
    return ReadOnly();
  }
  base::Status Remove(const std::string&, const std::string&) override { return ReadOnly(); }
  base::Status MakeDirs(const std::string&) override { return ReadOnly(); }
  base::StatusOr<std::unique_ptr<base::FileLock>> Lock(const std::string&,
                                                       const std::string&) override {
    return ReadOnly();
  }

 private:
  static base::Status ReadOnly() { return base::Fail(base::kIo, "read only"); }

  const std::string bytes_;
};

/// The key, id and folder of roots in the corpora.
inline constexpr char kRootFolder[] = "/root";
inline std::string RootKey() { return std::string(16, 'k'); }
inline std::string RootIdOf() { return std::string(16, 'i'); }
/// The session root of sealed messages in the corpora.
inline std::string SessionRoot() { return std::string(32, 'r'); }

}  // namespace soteria::fuzz
