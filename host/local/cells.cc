#include "host/local/cells.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "src/base/errors.h"
#include "src/base/log.h"
#include "src/base/text.h"

namespace soteria::host {
namespace {

base::Status Failure(const char* what) {
  return base::Fail(base::kIo, base::Cat("exchange file: ", what, ": ", std::strerror(errno)));
}

/// Bytes in memory, counted while they are there.
struct Held {
  Held(std::string its, std::shared_ptr<std::atomic<size_t>> all)
      : bytes(std::move(its)), count(std::move(all)) {
    *count += bytes.size();
  }
  ~Held() { *count -= bytes.size(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  const std::string bytes;
  const std::shared_ptr<std::atomic<size_t>> count;
};

}  // namespace

base::StatusOr<std::shared_ptr<CellFile>> CellFile::Make(const std::string& folder) {
  std::error_code ignored;  // whether it is there shows next
  std::filesystem::create_directories(folder, ignored);
  int descriptor = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) {  // not every file system has files without a name
    std::string name = folder + "/exchange-XXXXXX";
    descriptor = mkostemp(name.data(), O_CLOEXEC);
    if (descriptor < 0) return Failure("can't be made");
    unlink(name.c_str());
  }
  return std::shared_ptr<CellFile>(new CellFile(descriptor));
}

CellFile::~CellFile() { close(descriptor_); }

base::StatusOr<uint64_t> CellFile::Append(const std::string& bytes) {
  const uint64_t offset = size_;
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = pwrite(descriptor_, bytes.data() + written, bytes.size() - written,
                             static_cast<off_t>(offset + written));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failure("can't be written");
    written += static_cast<size_t>(n);
  }
  size_ = offset + bytes.size();
  return offset;
}

base::StatusOr<std::string> CellFile::Read(uint64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  size_t read = 0;
  while (read < size) {
    const ssize_t n =
        pread(descriptor_, bytes.data() + read, size - read, static_cast<off_t>(offset + read));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failure("can't be read");
    read += static_cast<size_t>(n);
  }
  return bytes;
}

Bytes Cell::Read() const {
  if (file_ == nullptr) return bytes_;
  auto bytes = file_->Read(offset_, size_);
  if (!bytes.ok()) {
    base::Log(base::Level::kWarning, "an exchange file can't be read");
    return std::make_shared<const std::string>();
  }
  return std::make_shared<const std::string>(*std::move(bytes));
}

Cell CellStore::Keep(std::string bytes, std::shared_ptr<CellFile>& file) {
  const size_t size = bytes.size();
  if (!folder_.empty() && *held_ + size > memory_max_) {
    if (file == nullptr) {
      auto made = CellFile::Make(folder_);
      if (made.ok()) file = *std::move(made);
    }
    if (file != nullptr) {
      const auto offset = file->Append(bytes);
      if (offset.ok()) return Cell(file, *offset, size);
    }
    if (!failed_) {
      base::Log(base::Level::kWarning, "no file for exchanged rows (error {}): they stay in memory",
                errno);
    }
    failed_ = true;
  }
  const auto held = std::make_shared<const Held>(std::move(bytes), held_);
  return Cell(Bytes(held, &held->bytes));
}

}  // namespace soteria::host
