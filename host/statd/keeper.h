// Keeps released questions where the operator wants them kept, for auditors: they are in the clear
// on the host anyway. One file each, named by the SHA-256 that the owner's ledger records for it;
// the same bytes are one file, however often they are asked. One thread; processes may share the
// folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::statd {

inline constexpr std::string_view kQuestionSuffix = ".question";

/// What one process keeps at most; what comes then isn't kept, and the log says so once.
struct KeeperLimits {
  size_t files = 10'000;
  uint64_t bytes = uint64_t{1} << 30;
};

class Keeper {
 public:
  /// Makes the folder, for its owner alone (0700). kInput where others may enter it: what is in
  /// there says more together than each release did.
  static base::StatusOr<Keeper> At(base::Files& files, std::string folder,
                                   KeeperLimits limits = {});

  /// Best effort: a question is answered whether or not it could be kept.
  void Keep(std::string_view question);

 private:
  Keeper(base::Files& files, std::string folder, KeeperLimits limits)
      : files_(&files), folder_(std::move(folder)), limits_(limits) {}

  base::Files* files_;
  std::string folder_;
  KeeperLimits limits_;
  size_t kept_files_ = 0;
  uint64_t kept_bytes_ = 0;
  bool full_ = false;
};

}  // namespace soteria::statd
