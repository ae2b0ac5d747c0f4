// PosixFiles: base/env.h's Files by openat, one component after another, never through a symbolic
// link.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <limits>
#include <utility>
#include <vector>

#include "src/base/env.h"
#include "src/base/errors.h"
#include "src/base/fd.h"
#include "src/base/text.h"

namespace soteria::base {
namespace {

constexpr size_t kComponentsMax = 64;
constexpr size_t kComponentBytesMax = 255;
constexpr size_t kTransferBytesMax = size_t{1} << 30;  // of one read or write call
constexpr int kTemporaryNamesMax = 100;
constexpr mode_t kFolderMode = 0755;
constexpr mode_t kLockMode = 0600;

/// The failure `error` at `what`, which names a path.
Status Failed(int error, std::string_view what) {
  switch (error) {
    case ENOENT:
      return Fail(kPathNotFound, Cat("Path does not exist: ", what));
    case EEXIST:
      return Fail(kPathExists, Cat("Path already exists: ", what));
    case ELOOP:
    case ENOTDIR:
    case EISDIR:
    case ENXIO:
      return Fail(kIntegrity, Cat("not a regular file reached without links: ", what));
    case ENOTEMPTY:
      return Fail(kConflict, Cat("not empty: ", what));
    default:
      return Fail(kIo, Cat(what, ": ", Reason(error)));
  }
}

bool PlainComponent(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.size() <= kComponentBytesMax &&
         part.find('\0') == std::string_view::npos;
}

StatusOr<std::vector<std::string>> Components(std::string_view path) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (!PlainComponent(part) || parts.size() == kComponentsMax) {
      return Fail(kIllegalArgument, Cat("not a plain relative name: ", path));
    }
    parts.emplace_back(part);
    begin = end + 1;
  }
  return parts;
}

/// Makes `path`, which is absolute, folder by folder.
Status MakeFolders(const std::string& path) {
  if (path.empty() || path[0] != '/') return Fail(kIllegalArgument, Cat("not absolute: ", path));
  for (size_t end = 1; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string prefix = path.substr(0, end);
    if (mkdir(prefix.c_str(), kFolderMode) != 0 && errno != EEXIST) {
      struct stat there = {};
      const int error = errno;  // a read-only parent that exists is no failure
      if (stat(prefix.c_str(), &there) != 0 || !S_ISDIR(there.st_mode))
        return Failed(error, prefix);
    }
  }
  struct stat made = {};
  if (stat(path.c_str(), &made) != 0) return Failed(errno, path);
  if (!S_ISDIR(made.st_mode)) return Failed(ENOTDIR, path);
  return OkStatus();
}

/// A file's folder, opened, and its last component.
struct Spot {
  OwnedFd folder;
  std::string leaf;
  std::string path;  // for messages
};

enum class Missing { kFail, kMake };

StatusOr<Spot> Find(const std::string& root, const std::string& name, Missing missing) {
  if (root.empty() || root[0] != '/') return Fail(kIllegalArgument, Cat("not absolute: ", root));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<std::string> parts, Components(name));
  if (missing == Missing::kMake) SOTERIA_RETURN_IF_ERROR(MakeFolders(root));
  Spot spot;
  spot.path = Cat(root, "/", name);
  spot.leaf = std::move(parts.back());
  parts.pop_back();
  spot.folder = OwnedFd(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!spot.folder.ok()) return Failed(errno, spot.path);
  for (const std::string& part : parts) {
    if (missing == Missing::kMake && mkdirat(spot.folder.get(), part.c_str(), kFolderMode) != 0 &&
        errno != EEXIST) {
      return Failed(errno, spot.path);
    }
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    spot.folder = OwnedFd(openat(spot.folder.get(), part.c_str(), kFlags));
    if (!spot.folder.ok()) return Failed(errno, spot.path);
  }
  return spot;
}

StatusOr<OwnedFd> OpenAt(const Spot& spot, int flags, mode_t mode = 0) {
  // O_NONBLOCK: a FIFO in the place of a file must not hold us up.
  constexpr int kAlways = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  OwnedFd fd(openat(spot.folder.get(), spot.leaf.c_str(), flags | kAlways, mode));
  if (!fd.ok()) return Failed(errno, spot.path);
  return fd;
}

StatusOr<uint64_t> RegularFileSize(const OwnedFd& fd, const std::string& path) {
  struct stat info = {};
  if (fstat(fd.get(), &info) != 0) return Failed(errno, path);
  if (!S_ISREG(info.st_mode)) return Fail(kIntegrity, Cat("not a regular file: ", path));
  return static_cast<uint64_t>(info.st_size);
}

/// Bytes from `offset`, fewer than asked for only at the end.
StatusOr<size_t> ReadFully(const OwnedFd& fd, uint64_t offset, std::span<char> out,
                           const std::string& path) {
  size_t done = 0;
  while (done < out.size()) {
    const size_t step = std::min(out.size() - done, kTransferBytesMax);
    const ssize_t got = pread(fd.get(), out.data() + done, step, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed(errno, path);
    done += static_cast<size_t>(got);
  }
  return done;
}

Status WriteFully(const OwnedFd& fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd.get(), bytes.data(), std::min(bytes.size(), kTransferBytesMax));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Failed(errno, path);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return OkStatus();
}

Status SyncFd(const OwnedFd& fd, const std::string& path) {
  if (fsync(fd.get()) != 0) return Failed(errno, path);
  return OkStatus();
}

class PosixReadableFile : public ReadableFile {
 public:
  PosixReadableFile(OwnedFd fd, uint64_t size, std::string path)
      : fd_(std::move(fd)), size_(size), path_(std::move(path)) {}

  StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    if (offset >= size_) return size_t{0};
    const std::span<char> wanted = out.first(std::min<uint64_t>(out.size(), size_ - offset));
    SOTERIA_ASSIGN_OR_RETURN(const size_t got, ReadFully(fd_, offset, wanted, path_));
    if (got < wanted.size()) return Fail(kIntegrity, Cat("became shorter: ", path_));
    return got;
  }
  uint64_t size() const override { return size_; }

 private:
  OwnedFd fd_;
  uint64_t size_;
  std::string path_;
};

class PosixWritableFile : public WritableFile {
 public:
  PosixWritableFile(OwnedFd fd, Spot spot) : fd_(std::move(fd)), spot_(std::move(spot)) {}

  Status Append(std::string_view bytes) override {
    if (!fd_.ok()) return Fail(kIo, Cat("closed: ", spot_.path));
    return WriteFully(fd_, bytes, spot_.path);
  }
  Status Sync() override {
    if (!fd_.ok()) return Fail(kIo, Cat("closed: ", spot_.path));
    SOTERIA_RETURN_IF_ERROR(SyncFd(fd_, spot_.path));
    if (std::exchange(entry_synced_, true)) return OkStatus();
    return SyncFd(spot_.folder, spot_.path);
  }
  Status Close() override {
    if (!fd_.ok()) return OkStatus();
    if (close(fd_.Release()) != 0) return Failed(errno, spot_.path);
    return OkStatus();
  }

 private:
  OwnedFd fd_;
  Spot spot_;
  bool entry_synced_ = false;
};

class PosixFileLock : public FileLock {
 public:
  explicit PosixFileLock(OwnedFd fd) : fd_(std::move(fd)) {}

 private:
  OwnedFd fd_;  // closing it gives the lock back
};

class RealFiles : public Files {
 public:
  StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& root, const std::string& name,
                                               std::optional<uint64_t> expected_size) override {
    SOTERIA_ASSIGN_OR_RETURN(const Spot spot, Find(root, name, Missing::kFail));
    SOTERIA_ASSIGN_OR_RETURN(OwnedFd fd, OpenAt(spot, O_RDONLY));
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t size, RegularFileSize(fd, spot.path));
    if (expected_size.has_value() && *expected_size != size) {
      return Fail(kIntegrity, Cat(spot.path, " has ", size, " bytes, not ", *expected_size));
    }
    return std::make_unique<PosixReadableFile>(std::move(fd), size, spot.path);
  }

  StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& root, const std::string& name,
                                                 int mode) override {
    return OpenToWrite(root, name, O_WRONLY | O_CREAT | O_EXCL, mode);
  }

  StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& root,
                                                        const std::string& name,
                                                        int mode) override {
    return OpenToWrite(root, name, O_WRONLY | O_CREAT | O_APPEND, mode);
  }

  StatusOr<std::string> ReadAll(const std::string& root, const std::string& name,
                                uint64_t max_bytes) override {
    SOTERIA_ASSIGN_OR_RETURN(const Spot spot, Find(root, name, Missing::kFail));
    SOTERIA_ASSIGN_OR_RETURN(const OwnedFd fd, OpenAt(spot, O_RDONLY));
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t size, RegularFileSize(fd, spot.path));
    if (size > max_bytes) {
      return Fail(kIntegrity, Cat(spot.path, " has ", size, " bytes, more than ", max_bytes));
    }
    std::string bytes(size, '\0');
    SOTERIA_ASSIGN_OR_RETURN(const size_t got, ReadFully(fd, 0, bytes, spot.path));
    char more = 0;
    SOTERIA_ASSIGN_OR_RETURN(const size_t extra, ReadFully(fd, size, {&more, 1}, spot.path));
    if (got != size || extra != 0) return Fail(kIntegrity, Cat("changed its size: ", spot.path));
    return bytes;
  }

  StatusOr<std::string> ReadKernelFile(const std::string& root, const std::string& name,
                                       uint64_t max_bytes) override {
    constexpr size_t kStepBytes = 4096;
    SOTERIA_ASSIGN_OR_RETURN(const Spot spot, Find(root, name, Missing::kFail));
    SOTERIA_ASSIGN_OR_RETURN(const OwnedFd fd, OpenKernelFile(spot, O_RDONLY));
    std::string bytes;
    for (;;) {
      const size_t before = bytes.size();
      bytes.resize(before + kStepBytes);
      const ssize_t got = read(fd.get(), bytes.data() + before, kStepBytes);
      const int error = errno;
      bytes.resize(before + (got > 0 ? static_cast<size_t>(got) : 0));
      if (got == 0) return bytes;
      if (got < 0 && error != EINTR) return Failed(error, spot.path);
      if (bytes.size() > max_bytes) {
        return Fail(kIntegrity, Cat(spot.path, " has more than ", max_bytes, " bytes"));
      }
    }
  }

  Status WriteKernelFile(const std::string& root, const std::string& name,
                         std::string_view bytes) override {
    SOTERIA_ASSIGN_OR_RETURN(const Spot spot, Find(root, name, Missing::kFail));
    SOTERIA_ASSIGN_OR_RETURN(const OwnedFd fd, OpenKernelFile(spot, O_WRONLY));
    ssize_t put = 0;
    do {
      put = write(fd.get(), bytes.data(), bytes.size());
    } while (put < 0 && errno == EINTR);
    if (put < 0) return Failed(errno, spot.path);
    if (static_cast<size_t>(put) != bytes.size()) {
      return Fail(kIo, Cat(spot.path, " took ", put, " of ", bytes.size(), " bytes"));
    }
    return OkStatus();
  }

  Status WriteAtomically(const std::string& root, const std::string& name, std::string_view bytes,
                         int mode) override {
    SOTERIA_ASSIGN_OR_RETURN(Spot spot, Find(root, name, Missing::kMake));
    const std::string leaf = spot.leaf;
    SOTERIA_ASSIGN_OR_RETURN(OwnedFd fd, CreateTemporary(spot, mode));
    Status status = WriteFully(fd, bytes, spot.path);
    if (status.ok()) status = SyncFd(fd, spot.path);
    if (status.ok() && close(fd.Release()) != 0) status = Failed(errno, spot.path);
    const int folder = spot.folder.get();
    if (status.ok() && renameat(folder, spot.leaf.c_str(), folder, leaf.c_str()) != 0) {
      status = Failed(errno, spot.path);
    }
    if (!status.ok()) {
      unlinkat(folder, spot.leaf.c_str(), 0);
      return status;
    }
    return SyncFd(spot.folder, spot.path);
  }

  Status Rename(const std::string& root, const std::string& from, const std::string& to) override {
    SOTERIA_ASSIGN_OR_RETURN(const Spot source, Find(root, from, Missing::kFail));
    SOTERIA_ASSIGN_OR_RETURN(const Spot target, Find(root, to, Missing::kFail));
    if (renameat(source.folder.get(), source.leaf.c_str(), target.folder.get(),
                 target.leaf.c_str()) != 0) {
      return Failed(errno, Cat(source.path, " to ", target.path));
    }
    SOTERIA_RETURN_IF_ERROR(SyncFd(target.folder, target.path));
    return SyncFd(source.folder, source.path);
  }

  Status Remove(const std::string& root, const std::string& name) override {
    SOTERIA_ASSIGN_OR_RETURN(const Spot spot, Find(root, name, Missing::kFail));
    int removed = unlinkat(spot.folder.get(), spot.leaf.c_str(), 0);
    if (removed != 0 && errno == EISDIR) {
      removed = unlinkat(spot.folder.get(), spot.leaf.c_str(), AT_REMOVEDIR);
    }
    if (removed != 0) return Failed(errno, spot.path);
    return OkStatus();
  }

  StatusOr<bool> Exists(const std::string& root, const std::string& name) override {
    StatusOr<Spot> spot = Find(root, name, Missing::kFail);
    if (Is(spot.status(), kPathNotFound)) return false;
    if (!spot.ok()) return spot.status();
    struct stat info = {};
    if (fstatat(spot->folder.get(), spot->leaf.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
      return true;
    if (errno == ENOENT) return false;
    return Failed(errno, spot->path);
  }

  Status MakeDirs(const std::string& path) override { return MakeFolders(path); }

  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& root,
                                           const std::string& name) override {
    SOTERIA_ASSIGN_OR_RETURN(const Spot spot, Find(root, name, Missing::kMake));
    SOTERIA_ASSIGN_OR_RETURN(OwnedFd fd, OpenAt(spot, O_RDWR | O_CREAT, kLockMode));
    SOTERIA_RETURN_IF_ERROR(RegularFileSize(fd, spot.path));
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return Failed(errno, spot.path);
      return Fail(kConflict, Cat("another process holds ", spot.path));
    }
    // Whoever held it may have removed it meanwhile: another file of that name is another lock.
    struct stat held = {};
    struct stat there = {};
    if (fstat(fd.get(), &held) != 0 ||
        fstatat(spot.folder.get(), spot.leaf.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0 ||
        held.st_ino != there.st_ino || held.st_dev != there.st_dev) {
      return Fail(kConflict, Cat("another process just gave back ", spot.path));
    }
    return std::make_unique<PosixFileLock>(std::move(fd));
  }

 private:
  static StatusOr<std::unique_ptr<WritableFile>> OpenToWrite(const std::string& root,
                                                             const std::string& name, int flags,
                                                             int mode) {
    SOTERIA_ASSIGN_OR_RETURN(Spot spot, Find(root, name, Missing::kMake));
    SOTERIA_ASSIGN_OR_RETURN(OwnedFd fd, OpenAt(spot, flags, static_cast<mode_t>(mode)));
    SOTERIA_RETURN_IF_ERROR(RegularFileSize(fd, spot.path));
    return std::make_unique<PosixWritableFile>(std::move(fd), std::move(spot));
  }

  static StatusOr<OwnedFd> OpenKernelFile(const Spot& spot, int flags) {
    SOTERIA_ASSIGN_OR_RETURN(OwnedFd fd, OpenAt(spot, flags));
    struct stat info = {};
    if (fstat(fd.get(), &info) != 0) return Failed(errno, spot.path);
    if (!S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode)) {
      return Fail(kIntegrity, Cat("neither a file nor a device: ", spot.path));
    }
    const int blocking = fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK;
    if (fcntl(fd.get(), F_SETFL, blocking) != 0) return Failed(errno, spot.path);
    return fd;
  }

  /// A new file beside the wanted one; `spot.leaf` becomes its name.
  StatusOr<OwnedFd> CreateTemporary(Spot& spot, int mode) {
    const std::string leaf = spot.leaf;
    for (int attempt = 0; attempt < kTemporaryNamesMax; ++attempt) {
      spot.leaf = Cat(".", leaf.substr(0, kComponentBytesMax / 2), ".", getpid(), ".",
                      temporaries_.fetch_add(1), ".tmp");
      auto fd = OpenAt(spot, O_WRONLY | O_CREAT | O_EXCL, static_cast<mode_t>(mode));
      if (!Is(fd.status(), kPathExists)) return fd;
    }
    return Fail(kConflict, Cat("too many temporary files beside ", spot.path));
  }

  std::atomic<uint64_t> temporaries_ = 0;
};

}  // namespace

std::unique_ptr<Files> PosixFiles() { return std::make_unique<RealFiles>(); }

}  // namespace soteria::base
