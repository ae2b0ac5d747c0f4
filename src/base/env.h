// The only way to the world: clock, randomness, byte streams and files as interfaces, bound in each
// program's main and passed in, so that tests and fault injection are other implementations.
//
// Files: `root` is absolute, `name` is relative to it and has plain components only (none empty,
// "." or ".."). Opening goes by openat below the root, follows no symbolic link below it and takes
// regular files only: what a host puts there must not lead elsewhere. What exists in the wrong kind
// or size is kIntegrity, what does not exist kPathNotFound, a failing disk kIo. Implementations of
// Clock, Random and Files are thread-safe; a file object is used by one thread at a time, except
// ReadAt, which any may call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::base {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since the epoch, as the host says.
  virtual int64_t NowMs() = 0;
  /// Milliseconds that never go back.
  virtual int64_t MonotonicMs() = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual Status Fill(std::span<uint8_t> out) = 0;
};

/// An ordered stream of bytes in both directions. One thread may read while another writes;
/// Close may be called from any thread and unblocks both.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Waits for at least one byte. 0 means the end (also after Close).
  virtual StatusOr<size_t> Read(std::span<char> out) = 0;
  /// All of it, or an error.
  virtual Status Write(std::string_view bytes) = 0;
  /// The parts one after another, in as few system calls as the stream can.
  virtual Status WriteParts(std::span<const std::string_view> parts);
  /// Ends the writing direction: the peer reads to the end, while this side may still read.
  /// kUnsupported where the stream has no directions of its own.
  virtual Status CloseWrite();
  virtual void Close() = 0;
};

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Reads up to out.size() bytes; fewer only at the end of the file.
  virtual StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) = 0;
  /// Size when it was opened.
  virtual uint64_t size() const = 0;
};

class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status Append(std::string_view bytes) = 0;
  /// Data and size are on the disk when it returns.
  virtual Status Sync() = 0;
  /// Closing twice is OK. A file that is destroyed open is closed without a report.
  virtual Status Close() = 0;
};

/// Holds a lock until destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class Files {
 public:
  virtual ~Files() = default;
  /// kIntegrity when `expected_size` is given and differs, or when it is not a regular file.
  virtual StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& root,
                                                       const std::string& name,
                                                       std::optional<uint64_t> expected_size) = 0;
  /// A new file (kPathExists if there is one); makes the root and folders within it.
  virtual StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& root,
                                                         const std::string& name, int mode) = 0;
  /// An existing or new file, written at its end; makes the root. For logs and ledgers.
  virtual StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& root,
                                                                const std::string& name,
                                                                int mode) = 0;
  /// kIntegrity when it is larger than `max_bytes` or changes its size meanwhile.
  virtual StatusOr<std::string> ReadAll(const std::string& root, const std::string& name,
                                        uint64_t max_bytes) = 0;
  /// A file of the kernel (procfs, configfs, a device), whose size says nothing: reads to its end.
  /// Takes character devices too. kIntegrity when there is more than `max_bytes`.
  virtual StatusOr<std::string> ReadKernelFile(const std::string& root, const std::string& name,
                                               uint64_t max_bytes) = 0;
  /// Writes all of `bytes` to an existing file of the kernel in one system call.
  virtual Status WriteKernelFile(const std::string& root, const std::string& name,
                                 std::string_view bytes) = 0;
  /// Other readers and a crash see the old or the new bytes, never a mixture; durable when it
  /// returns.
  virtual Status WriteAtomically(const std::string& root, const std::string& name,
                                 std::string_view bytes, int mode) = 0;
  /// Within one root; replaces `to`; durable when it returns.
  virtual Status Rename(const std::string& root, const std::string& from,
                        const std::string& to) = 0;
  /// A regular file or an empty folder.
  virtual Status Remove(const std::string& root, const std::string& name) = 0;
  /// Whether there is anything under that name, of whatever kind.
  virtual StatusOr<bool> Exists(const std::string& root, const std::string& name) = 0;
  /// Makes the absolute `path` and its parents (0755 below umask).
  virtual Status MakeDirs(const std::string& path) = 0;
  /// Takes the lock file at once or fails with kConflict; makes it when missing.
  virtual StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& root,
                                                   const std::string& name) = 0;
};

/// The real file system.
std::unique_ptr<Files> PosixFiles();
/// The real clock.
Clock& SystemClock();

}  // namespace soteria::base
