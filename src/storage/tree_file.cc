#include "src/storage/tree_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/aead.h"
#include "src/crypto/hash.h"
#include "src/storage/object.h"
#include "src/storage/tree.h"

namespace soteria::storage {

using base::Cat;
using base::Status;
using base::StatusOr;

namespace {

constexpr uint64_t kSealedChunkBytes = kTreeChunkBytes + crypto::kAeadTagBytes;

Status Refuse(std::string text) { return base::Fail(base::kIntegrity, std::move(text)); }

std::string KeyAad(std::string_view tree_id, std::string_view file_id) {
  return base::FieldWriter().Add("soteria/1 tree key").Add(tree_id).Add(file_id).Take();
}

// I9: a chunk can't be moved, repeated, cut off or taken to another file.
std::string ChunkAad(std::string_view tree_id, std::string_view file_id, uint64_t number,
                     bool last) {
  base::FieldWriter aad;
  aad.Add("soteria/1 tree chunk").Add(tree_id).Add(file_id).AddU64(number).AddBool(last);
  return aad.Take();
}

// The key seals one file once, so the chunk's number is a nonce.
std::string ChunkNonce(uint64_t number) {
  std::string nonce(crypto::kAeadNonceBytes, '\0');
  base::PutLe64(number, nonce.data());
  return nonce;
}

}  // namespace

uint64_t TreeChunks(uint64_t plain_bytes) {
  return std::max<uint64_t>(1, (plain_bytes + kTreeChunkBytes - 1) / kTreeChunkBytes);
}

uint64_t SealedTreeBytes(uint64_t plain_bytes) {
  return plain_bytes + TreeChunks(plain_bytes) * crypto::kAeadTagBytes;
}

StatusOr<uint64_t> PlainTreeBytes(uint64_t sealed_bytes) {
  const uint64_t chunks = (sealed_bytes + kSealedChunkBytes - 1) / kSealedChunkBytes;
  if (sealed_bytes > kFileBytesMax || chunks * crypto::kAeadTagBytes > sealed_bytes ||
      SealedTreeBytes(sealed_bytes - chunks * crypto::kAeadTagBytes) != sealed_bytes) {
    return Refuse("a tree's file has an impossible size");
  }
  return sealed_bytes - chunks * crypto::kAeadTagBytes;
}

TreeSource::TreeSource(std::unique_ptr<base::ReadableFile> file, std::string tree_id,
                       std::string file_id, crypto::Secret key, uint64_t plain_bytes)
    : PlacedSource(plain_bytes),
      file_(std::move(file)),
      tree_id_(std::move(tree_id)),
      file_id_(std::move(file_id)),
      key_(std::move(key)),
      chunks_(TreeChunks(plain_bytes)) {}

StatusOr<std::shared_ptr<TreeSource>> TreeSource::Open(base::Files& files, const std::string& root,
                                                       std::string_view tree_id,
                                                       const FileEntry& entry,
                                                       const crypto::Secret& tree_key) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t plain_bytes, PlainTreeBytes(entry.size));
  StatusOr<std::unique_ptr<base::ReadableFile>> file = files.Open(root, entry.object, entry.size);
  if (!file.ok()) {
    if (!base::Is(file.status(), base::kPathNotFound)) return file.status();
    return Refuse("a file that the index names is missing");
  }
  if ((*file)->size() != entry.size) return Refuse("a file has another size");
  SOTERIA_ASSIGN_OR_RETURN(
      crypto::Secret key,
      crypto::UnwrapSecret(tree_key, entry.wrapped_key, KeyAad(tree_id, entry.file_id)));
  std::shared_ptr<TreeSource> source(new TreeSource(std::move(file).value(), std::string(tree_id),
                                                    entry.file_id, std::move(key), plain_bytes));
  const uint64_t last = source->chunks_ - 1;
  SOTERIA_ASSIGN_OR_RETURN(const std::string sealed, source->ReadSealed(last));
  if (crypto::Sha256(sealed) != entry.check) {
    return Refuse("a file's last chunk isn't the one that the index names");
  }
  SOTERIA_ASSIGN_OR_RETURN(source->last_, source->OpenChunk(last, sealed));
  return source;
}

StatusOr<std::string> TreeSource::ReadSealed(uint64_t number) {
  const uint64_t at = number * kSealedChunkBytes;
  std::string sealed(std::min(kSealedChunkBytes, file_->size() - at), '\0');
  SOTERIA_RETURN_IF_ERROR(ReadExactly(*file_, at, sealed));
  return sealed;
}

StatusOr<std::shared_ptr<const std::string>> TreeSource::OpenChunk(uint64_t number,
                                                                   std::string_view sealed) const {
  StatusOr<std::string> plain =
      crypto::AeadOpen(key_, ChunkNonce(number),
                       ChunkAad(tree_id_, file_id_, number, number == chunks_ - 1), sealed);
  if (!plain.ok()) return Refuse(Cat("chunk ", number, " of a tree's file was altered"));
  return std::make_shared<const std::string>(std::move(plain).value());
}

StatusOr<std::shared_ptr<const std::string>> TreeSource::Chunk(uint64_t number) {
  if (number == chunks_ - 1) return last_;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (recent_ != nullptr && recent_number_ == number) return recent_;
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string sealed, ReadSealed(number));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const std::string> plain, OpenChunk(number, sealed));
  const std::lock_guard<std::mutex> lock(mutex_);
  recent_number_ = number;
  recent_ = plain;
  return plain;
}

Status TreeSource::Fill(uint64_t position, std::span<char> out) {
  while (!out.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<const std::string> chunk,
                             Chunk(position / kTreeChunkBytes));
    const uint64_t within = position % kTreeChunkBytes;
    const size_t bytes = std::min<size_t>(out.size(), chunk->size() - within);
    std::memcpy(out.data(), chunk->data() + within, bytes);
    position += bytes;
    out = out.subspan(bytes);
  }
  return base::OkStatus();
}

namespace {

/// The next bytes of a file that has them, at most a chunk.
Status ReadChunk(base::ReadableFile& plain, uint64_t at, std::string* chunk) {
  chunk->resize(static_cast<size_t>(std::min(kTreeChunkBytes, plain.size() - at)));
  for (size_t have = 0; have < chunk->size();) {
    SOTERIA_ASSIGN_OR_RETURN(
        const size_t read,
        plain.ReadAt(at + have, std::span(chunk->data() + have, chunk->size() - have)));
    if (read == 0) return base::Fail(base::kInput, "the file became shorter while it was read");
    have += read;
  }
  if (at + chunk->size() < plain.size()) return base::OkStatus();
  char more = 0;
  SOTERIA_ASSIGN_OR_RETURN(const size_t read, plain.ReadAt(plain.size(), std::span(&more, 1)));
  if (read == 0) return base::OkStatus();
  return base::Fail(base::kInput, "the file became longer while it was read");
}

StatusOr<FileEntry> Fill(NewObject& object, base::Random& random, std::string_view tree_id,
                         const crypto::Secret& tree_key, base::ReadableFile& plain) {
  SOTERIA_ASSIGN_OR_RETURN(
      object.wrapped_key,
      crypto::WrapSecret(tree_key, object.file_key, KeyAad(tree_id, object.file_id), random));
  FileEntry entry;
  const uint64_t chunks = TreeChunks(plain.size());
  std::string chunk;
  for (uint64_t number = 0; number < chunks; ++number) {
    const bool last = number == chunks - 1;
    SOTERIA_RETURN_IF_ERROR(ReadChunk(plain, number * kTreeChunkBytes, &chunk));
    SOTERIA_ASSIGN_OR_RETURN(
        const std::string sealed,
        crypto::AeadSeal(object.file_key, ChunkNonce(number),
                         ChunkAad(tree_id, object.file_id, number, last), chunk));
    SOTERIA_RETURN_IF_ERROR(object.file->Append(sealed));
    entry.size += sealed.size();
    if (last) entry.check = crypto::Sha256(sealed);
  }
  SOTERIA_RETURN_IF_ERROR(object.file->Sync());
  SOTERIA_RETURN_IF_ERROR(object.file->Close());
  entry.object = object.name;
  entry.file_id = std::move(object.file_id);
  entry.wrapped_key = std::move(object.wrapped_key);
  return entry;
}

}  // namespace

StatusOr<FileEntry> WriteTreeObject(base::Files& files, base::Random& random,
                                    const std::string& root, std::string_view tree_id,
                                    const crypto::Secret& tree_key, base::ReadableFile& plain) {
  SOTERIA_ASSIGN_OR_RETURN(NewObject object,
                           CreateObject(files, random, root, tree_key, ".sealed"));
  StatusOr<FileEntry> entry = Fill(object, random, tree_id, tree_key, plain);
  if (!entry.ok()) {  // its part would keep a full disk full
    object.file.reset();
    files.Remove(root, object.name).IgnoreError();
  }
  return entry;
}

}  // namespace soteria::storage
