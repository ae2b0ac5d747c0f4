// Files that only the host can reach (any path with a scheme but file:), as base's Files: each
// operation is a FILE_REQUEST on the enclave's host connection and waits for its FILE_REPLY. Roots
// are normalised paths such as "hdfs://namenode:9000/bucket/patients".
//
// Must hold: nothing that comes back is believed. A range that is longer or shorter than asked for,
// or a size that isn't the expected one, is kIntegrity; what the bytes are is checked by whoever
// reads them, as with local files (I9). An answer that nobody waits for is dropped. What the host
// can't do is kIo, and so is no answer within the time, or the connection's end.
//
// Thread-safe. The thread that reads the connection calls OnFrame, which never blocks; every other
// call waits for the host. Files that were opened here must not outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/frame.h"
#include "src/base/status.h"
#include "src/dataflow/host_link.h"

namespace soteria::dataflow {

/// Bytes in one request or answer.
inline constexpr size_t kFileRangeBytesMax = size_t{8} << 20;
/// Ranges of one read that are asked for at once.
inline constexpr size_t kFileRangesInFlightMax = 4;
/// How long the host may take to answer.
inline constexpr int64_t kFileAnswerMs = 30'000;

class HostFiles : public base::Files {
 public:
  /// Both must outlive it.
  HostFiles(HostLink& link, base::Random& random, int64_t answer_ms = kFileAnswerMs);
  ~HostFiles() override;
  HostFiles(const HostFiles&) = delete;
  HostFiles& operator=(const HostFiles&) = delete;

  /// True when the frame was a FILE_REPLY that can be parsed.
  bool OnFrame(const base::Frame& frame);
  /// The connection ended: whoever waits, and whoever comes later, gets kIo.
  void Close();

  StatusOr<std::unique_ptr<base::ReadableFile>> Open(
      const std::string& root, const std::string& name,
      std::optional<uint64_t> expected_size) override;
  /// `mode` is the host's business.
  StatusOr<std::unique_ptr<base::WritableFile>> Create(const std::string& root,
                                                       const std::string& name, int mode) override;
  StatusOr<std::string> ReadAll(const std::string& root, const std::string& name,
                                uint64_t max_bytes) override;
  /// A new file beside it, which is then renamed; as atomic as the host's rename is.
  Status WriteAtomically(const std::string& root, const std::string& name, std::string_view bytes,
                         int mode) override;
  Status Rename(const std::string& root, const std::string& from, const std::string& to) override;
  Status Remove(const std::string& root, const std::string& name) override;
  /// Files only.
  StatusOr<bool> Exists(const std::string& root, const std::string& name) override;
  /// Folders come into being with their files.
  Status MakeDirs(const std::string& path) override;
  /// Excludes other threads of this process. Against another master of the same owner, who could
  /// not be kept out by anything that a host says, stand the owner's version records, which one
  /// session at a time holds.
  StatusOr<std::unique_ptr<base::FileLock>> Lock(const std::string& root,
                                                 const std::string& name) override;
  /// kUnsupported, as the two below: for local files only.
  StatusOr<std::unique_ptr<base::WritableFile>> OpenForAppend(const std::string& root,
                                                              const std::string& name,
                                                              int mode) override;
  StatusOr<std::string> ReadKernelFile(const std::string& root, const std::string& name,
                                       uint64_t max_bytes) override;
  Status WriteKernelFile(const std::string& root, const std::string& name,
                         std::string_view bytes) override;

 private:
  class Calls;
  class Readable;
  class Writable;
  class Locks;
  class HeldLock;

  const std::unique_ptr<Calls> calls_;
  const std::shared_ptr<Locks> locks_;
  base::Random& random_;
};

}  // namespace soteria::dataflow
