#include "src/apps/worker/spill_folder.h"

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::apps {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "soteria-spill-";
constexpr char kLockName[] = "lock";
constexpr size_t kNameBytes = 16;
constexpr int kAttemptsMax = 3;
constexpr int kEntriesMax = 100'000;  // of the parent that are looked at

// A folder whose lock is free belongs to no living worker. What can't be looked into or removed is
// somebody else's.
void RemoveStale(base::Files& files, const std::string& parent) {
  std::error_code error;
  fs::directory_iterator entry(parent, error);
  for (int i = 0; !error && entry != fs::directory_iterator() && i < kEntriesMax; ++i) {
    const fs::path path = entry->path();
    std::error_code ignored;
    const bool ours = path.filename().string().starts_with(kPrefix) &&
                      fs::symlink_status(path, ignored).type() == fs::file_type::directory;
    if (ours && files.Lock(path.string(), kLockName).ok()) fs::remove_all(path, ignored);
    entry.increment(error);
  }
}

}  // namespace

SpillFolder::SpillFolder(std::string path, std::unique_ptr<base::FileLock> lock)
    : path_(std::move(path)), lock_(std::move(lock)) {}

SpillFolder::~SpillFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

base::StatusOr<std::unique_ptr<SpillFolder>> SpillFolder::Make(base::Files& files,
                                                               base::Random& random,
                                                               const std::string& parent) {
  RemoveStale(files, parent);
  base::Status status;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    std::array<uint8_t, kNameBytes> name;
    SOTERIA_RETURN_IF_ERROR(random.Fill(name));
    const std::string path = base::Cat(
        parent, "/", kPrefix, base::Hex({reinterpret_cast<const char*>(name.data()), name.size()}));
    auto lock = files.Lock(path, kLockName);
    status = lock.status();
    if (base::Is(status, base::kConflict)) continue;  // another worker took it for a stale one
    if (!status.ok()) break;
    std::error_code ignored;
    fs::permissions(path, fs::perms::owner_all, ignored);
    return std::make_unique<SpillFolder>(path, *std::move(lock));
  }
  return base::WithContext(status, "the folder for spilled blocks");
}

}  // namespace soteria::apps
