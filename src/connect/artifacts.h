// The blobs that a script's local data come in beside its plans: each is named by the SHA-256 of
// what it holds, which is checked before it is kept. A session holds only so many bytes of them,
// which count from when a blob is announced, and frees them when it ends. Nothing else that Spark
// calls an artifact (files, archives, modules) is taken.
//
// Artifacts is thread-safe; an ArtifactReader belongs to the thread of one call.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace spark::connect {
class AddArtifactsRequest;
class AddArtifactsRequest_ArtifactChunk;
class AddArtifactsResponse;
}  // namespace spark::connect

namespace soteria::connect {

/// Bytes of all blobs of a session, and how many they may be.
inline constexpr uint64_t kArtifactBytesMax = uint64_t{512} << 20;
inline constexpr size_t kArtifactsMax = 100'000;
/// Tables made of blobs that a session remembers.
inline constexpr size_t kArtifactTablesMax = 256;

class Artifacts {
 public:
  using Blob = std::shared_ptr<arrow::Buffer>;
  using Table = std::shared_ptr<arrow::Table>;

  /// Is there a blob of this name, "cache/" and 64 hex digits?
  bool Has(std::string_view name) const;
  /// nullptr: none of that hash.
  Blob Find(const std::string& hash) const;

  /// Room for a blob that is to come. kMemoryLimit.
  base::Status Admit(uint64_t bytes);
  /// Gives room back.
  void Withdraw(uint64_t bytes);
  /// kIllegalArgument unless the bytes, for which there is room, are what the hash says. One that
  /// is there already gives its room back.
  base::Status Add(const std::string& hash, std::string bytes);

  /// What was made of blobs before, by a name for all that it is made of; nullptr.
  Table FindTable(const std::string& name) const;
  void KeepTable(const std::string& name, Table table);

 private:
  mutable std::mutex mutex_;
  uint64_t bytes_ = 0;
  size_t coming_ = 0;
  std::map<std::string, Blob, std::less<>> blobs_;
  std::map<std::string, Table> tables_;
  uint64_t tables_bytes_ = 0;
};

/// What one AddArtifacts call brings, message by message.
class ArtifactReader {
 public:
  explicit ArtifactReader(Artifacts& artifacts) : artifacts_(artifacts) {}
  ~ArtifactReader();
  ArtifactReader(const ArtifactReader&) = delete;
  ArtifactReader& operator=(const ArtifactReader&) = delete;

  /// kUnsupported for anything but a blob; kIllegalArgument where the parts aren't what was
  /// announced.
  base::Status Add(const spark::connect::AddArtifactsRequest& request,
                   spark::connect::AddArtifactsResponse* response);
  /// That nothing is incomplete.
  base::Status Finish() const;

 private:
  base::Status Begin(std::string_view name, uint64_t bytes);
  base::Status Append(const spark::connect::AddArtifactsRequest_ArtifactChunk& chunk,
                      spark::connect::AddArtifactsResponse* response);
  base::Status End(spark::connect::AddArtifactsResponse* response);

  Artifacts& artifacts_;
  bool open_ = false;  // a blob has begun and not ended
  std::string hash_;
  uint64_t announced_ = 0;
  int64_t chunks_ = 0;  // that are still to come
  std::string bytes_;
};

}  // namespace soteria::connect
