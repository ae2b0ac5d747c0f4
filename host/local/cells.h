// Sealed messages that wait until a task asks for them: in memory, and in unlinked files beyond a
// limit, so that an exchange may be larger than the host's memory. They are sealed, so that a file
// tells no more than the frames did. A store belongs to one thread; its cells may be read and let
// go of by any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "host/local/payload.h"
#include "src/base/status.h"

namespace soteria::host {

/// What cells take in memory before further ones go to files.
inline constexpr size_t kCellsMemoryMax = size_t{256} << 20;

/// A file without a name, gone with the last of its cells.
class CellFile {
 public:
  /// In that folder. kIo: it can't be made.
  static base::StatusOr<std::shared_ptr<CellFile>> Make(const std::string& folder);
  ~CellFile();
  CellFile(const CellFile&) = delete;
  CellFile& operator=(const CellFile&) = delete;

  /// @returns where the bytes are
  base::StatusOr<uint64_t> Append(const std::string& bytes);
  base::StatusOr<std::string> Read(uint64_t offset, size_t size) const;

 private:
  explicit CellFile(int descriptor) : descriptor_(descriptor) {}

  const int descriptor_;
  uint64_t size_ = 0;
};

class Cell {
 public:
  explicit Cell(Bytes bytes) : size_(bytes->size()), bytes_(std::move(bytes)) {}
  Cell(std::shared_ptr<const CellFile> file, uint64_t offset, size_t size)
      : size_(size), file_(std::move(file)), offset_(offset) {}

  size_t size() const { return size_; }
  /// What can't be read any more comes back empty: no enclave takes that for a message.
  Bytes Read() const;

 private:
  size_t size_;
  Bytes bytes_;
  std::shared_ptr<const CellFile> file_;
  uint64_t offset_ = 0;
};

class CellStore {
 public:
  /// "" for the folder: everything stays in memory.
  explicit CellStore(std::string folder, size_t memory_max = kCellsMemoryMax)
      : folder_(std::move(folder)), memory_max_(memory_max) {}
  /// In memory while there is room, else in `file`, which is made when it is needed first. Where
  /// that fails the bytes stay in memory, and the log says why.
  Cell Keep(std::string bytes, std::shared_ptr<CellFile>& file);

 private:
  const std::string folder_;
  const size_t memory_max_;
  const std::shared_ptr<std::atomic<size_t>> held_ = std::make_shared<std::atomic<size_t>>(0);
  bool failed_ = false;  // was said
};

}  // namespace soteria::host
