// The folder that a worker's spilled blocks lie in: fresh, below one that the host names, and gone
// with the worker. A worker that is killed leaves its folder behind, as worthless as the key of its
// files is gone; the next one that is started with the same parent removes it. One thread.
#pragma once

#include <memory>
#include <string>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::apps {

class SpillFolder {
 public:
  /// `parent` is absolute; it is made when missing.
  static base::StatusOr<std::unique_ptr<SpillFolder>> Make(base::Files& files, base::Random& random,
                                                           const std::string& parent);
  /// Of a folder that is locked.
  SpillFolder(std::string path, std::unique_ptr<base::FileLock> lock);
  ~SpillFolder();
  SpillFolder(const SpillFolder&) = delete;
  SpillFolder& operator=(const SpillFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  std::unique_ptr<base::FileLock> lock_;  // held by a folder's living worker
};

}  // namespace soteria::apps
