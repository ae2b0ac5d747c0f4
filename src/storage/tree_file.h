// One file of a sealed tree as an object: 1 MiB chunks of AES-GCM under the file's own key. Inside
// this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"
#include "src/storage/arrow_io.h"
#include "src/storage/format.h"

namespace soteria::storage {

/// How many chunks, sealed bytes and plain bytes go with each other. A file has one chunk at least.
uint64_t TreeChunks(uint64_t plain_bytes);
uint64_t SealedTreeBytes(uint64_t plain_bytes);
/// kIntegrity for a size that no file has.
base::StatusOr<uint64_t> PlainTreeBytes(uint64_t sealed_bytes);

/// The plain bytes by place; Open verifies the size and the last chunk, Fill each other chunk when
/// it is read.
class TreeSource : public PlacedSource {
 public:
  static base::StatusOr<std::shared_ptr<TreeSource>> Open(base::Files& files,
                                                          const std::string& root,
                                                          std::string_view tree_id,
                                                          const FileEntry& entry,
                                                          const crypto::Secret& tree_key);

 protected:
  base::Status Fill(uint64_t position, std::span<char> out) override;

 private:
  TreeSource(std::unique_ptr<base::ReadableFile> file, std::string tree_id, std::string file_id,
             crypto::Secret key, uint64_t plain_bytes);
  base::StatusOr<std::shared_ptr<const std::string>> Chunk(uint64_t number);
  base::StatusOr<std::string> ReadSealed(uint64_t number);
  base::StatusOr<std::shared_ptr<const std::string>> OpenChunk(uint64_t number,
                                                               std::string_view sealed) const;

  const std::unique_ptr<base::ReadableFile> file_;
  const std::string tree_id_;
  const std::string file_id_;
  const crypto::Secret key_;
  const uint64_t chunks_;
  std::shared_ptr<const std::string> last_;  // the last chunk, verified at opening
  std::mutex mutex_;
  uint64_t recent_number_ = 0;
  std::shared_ptr<const std::string> recent_;  // the chunk that was read last
};

/// Seals `plain` into a new object, chunk by chunk; name and rows of the entry are the caller's.
/// kInput when its size isn't what it was.
base::StatusOr<FileEntry> WriteTreeObject(base::Files& files, base::Random& random,
                                          const std::string& root, std::string_view tree_id,
                                          const crypto::Secret& tree_key,
                                          base::ReadableFile& plain);

}  // namespace soteria::storage
