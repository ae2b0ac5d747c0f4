#include "host/statd/keeper.h"

#include <sys/stat.h>

#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/log.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"

namespace soteria::statd {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kOthers = 0077;
constexpr int kFileMode = 0600;

}  // namespace

base::StatusOr<Keeper> Keeper::At(base::Files& files, std::string folder, KeeperLimits limits) {
  const size_t slash = folder.rfind('/');
  if (slash == std::string::npos || slash + 1 == folder.size()) {
    return base::Fail(base::kInput, "released questions are kept in an absolute folder");
  }
  if (slash > 0) SOTERIA_RETURN_IF_ERROR(files.MakeDirs(folder.substr(0, slash)));
  ::mkdir(folder.c_str(), kFolderMode);  // may be there
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
    return base::Fail(base::kInput, base::Cat(folder, " can't be made"));
  }
  if ((found.st_mode & kOthers) != 0) {
    return base::Fail(base::kInput, base::Cat(folder, " is open to others; chmod 700 it"));
  }
  return Keeper(files, std::move(folder), limits);
}

void Keeper::Keep(std::string_view question) {
  const base::Digest digest = crypto::Sha256(question);
  const std::string name = base::Cat(base::Hex(base::View(digest)), kQuestionSuffix);
  const auto there = files_->Exists(folder_, name);
  if (there.ok() && *there) return;
  if (kept_files_ >= limits_.files || question.size() > limits_.bytes - kept_bytes_) {
    if (!std::exchange(full_, true)) {
      base::Log(base::Level::kWarning, "released questions are kept no more: {} files, {} bytes",
                kept_files_, kept_bytes_);
    }
    return;
  }
  if (!files_->WriteAtomically(folder_, name, question, kFileMode).ok()) {
    base::Log(base::Level::kError, "a released question can't be kept");
    return;
  }
  ++kept_files_;
  kept_bytes_ += question.size();
}

}  // namespace soteria::statd
