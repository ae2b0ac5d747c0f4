// Files by their root: a normalised path without a scheme is a local file, any other is the host's
// to serve. As thread-safe as what is behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::dataflow {

class RoutedFiles : public base::Files {
 public:
  /// Both must outlive it.
  RoutedFiles(base::Files& local, base::Files& host) : local_(local), host_(host) {}

  base::StatusOr<std::unique_ptr<base::ReadableFile>> Open(
      const std::string& root, const std::string& name,
      std::optional<uint64_t> expected_size) override;
  base::StatusOr<std::unique_ptr<base::WritableFile>> Create(const std::string& root,
                                                             const std::string& name,
                                                             int mode) override;
  base::StatusOr<std::unique_ptr<base::WritableFile>> OpenForAppend(const std::string& root,
                                                                    const std::string& name,
                                                                    int mode) override;
  base::StatusOr<std::string> ReadAll(const std::string& root, const std::string& name,
                                      uint64_t max_bytes) override;
  base::StatusOr<std::string> ReadKernelFile(const std::string& root, const std::string& name,
                                             uint64_t max_bytes) override;
  base::Status WriteKernelFile(const std::string& root, const std::string& name,
                               std::string_view bytes) override;
  base::Status WriteAtomically(const std::string& root, const std::string& name,
                               std::string_view bytes, int mode) override;
  base::Status Rename(const std::string& root, const std::string& from,
                      const std::string& to) override;
  base::Status Remove(const std::string& root, const std::string& name) override;
  base::StatusOr<bool> Exists(const std::string& root, const std::string& name) override;
  base::Status MakeDirs(const std::string& path) override;
  base::StatusOr<std::unique_ptr<base::FileLock>> Lock(const std::string& root,
                                                       const std::string& name) override;

 private:
  base::Files& For(const std::string& root) const;

  base::Files& local_;
  base::Files& host_;
};

}  // namespace soteria::dataflow
