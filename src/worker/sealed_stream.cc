#include "src/worker/sealed_stream.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/crypto/aead.h"

namespace soteria::worker {
namespace {

constexpr char kLabel[] = "soteria/1 spill chunk";

std::string NonceOf(uint64_t chunk) {
  std::string nonce(crypto::kAeadNonceBytes, '\0');
  base::PutLe64(chunk, nonce.data());
  return nonce;
}

std::string ContextOf(const std::string& name, uint64_t chunk, bool last) {
  base::FieldWriter fields;
  fields.Add(kLabel).Add(name).AddU64(chunk).AddBool(last);
  return fields.Take();
}

arrow::Status Failed() { return arrow::Status::IOError("see the stream's own status"); }

}  // namespace

SealedOutput::SealedOutput(std::unique_ptr<base::WritableFile> file, crypto::Secret key,
                           std::string name, size_t chunk_bytes)
    : file_(std::move(file)),
      key_(std::move(key)),
      name_(std::move(name)),
      chunk_bytes_(chunk_bytes) {
  chunk_.reserve(chunk_bytes_);
}

base::Status SealedOutput::SealChunk(bool last) {
  SOTERIA_ASSIGN_OR_RETURN(
      const std::string sealed,
      crypto::AeadSeal(key_, NonceOf(chunks_), ContextOf(name_, chunks_, last), chunk_));
  ++chunks_;
  chunk_.clear();
  file_bytes_ += sealed.size();
  return file_->Append(sealed);
}

base::Status SealedOutput::Append(std::string_view bytes) {
  plain_bytes_ += bytes.size();
  while (!bytes.empty()) {
    // A full chunk waits until it is known that more comes.
    if (chunk_.size() == chunk_bytes_) SOTERIA_RETURN_IF_ERROR(SealChunk(false));
    const size_t part = std::min(bytes.size(), chunk_bytes_ - chunk_.size());
    chunk_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
  }
  return base::OkStatus();
}

arrow::Status SealedOutput::Write(const void* data, int64_t bytes) {
  if (!status_.ok() || closed_ || bytes < 0) return Failed();
  status_ = Append({static_cast<const char*>(data), static_cast<size_t>(bytes)});
  return status_.ok() ? arrow::Status::OK() : Failed();
}

arrow::Status SealedOutput::Close() {
  if (std::exchange(closed_, true)) return arrow::Status::OK();
  if (status_.ok()) status_ = SealChunk(true);
  if (status_.ok()) status_ = file_->Close();
  return status_.ok() ? arrow::Status::OK() : Failed();
}

SealedInput::SealedInput(std::unique_ptr<base::ReadableFile> file, crypto::Secret key,
                         std::string name, size_t chunk_bytes)
    : file_(std::move(file)),
      key_(std::move(key)),
      name_(std::move(name)),
      chunk_bytes_(chunk_bytes) {}

base::Status SealedInput::OpenChunk() {
  const uint64_t rest = file_->size() - file_at_;
  const uint64_t size = std::min<uint64_t>(rest, chunk_bytes_ + crypto::kAeadTagBytes);
  std::string sealed(size, '\0');
  SOTERIA_ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(file_at_, sealed));
  if (got != size) return base::Fail(base::kIntegrity, "a spilled block became shorter");
  file_at_ += size;
  last_seen_ = size == rest;
  auto opened =
      crypto::AeadOpen(key_, NonceOf(chunks_), ContextOf(name_, chunks_, last_seen_), sealed);
  if (!opened.ok()) return base::WithContext(opened.status(), "a spilled block");
  ++chunks_;
  chunk_ = *std::move(opened);
  chunk_at_ = 0;
  return base::OkStatus();
}

arrow::Result<int64_t> SealedInput::Read(int64_t bytes, void* out) {
  if (!status_.ok() || bytes < 0) return Failed();
  auto* target = static_cast<char*>(out);
  int64_t done = 0;
  while (done < bytes) {
    if (chunk_at_ == chunk_.size()) {
      if (last_seen_) break;
      status_ = OpenChunk();
      if (!status_.ok()) return Failed();
      continue;
    }
    const size_t part = std::min(static_cast<size_t>(bytes - done), chunk_.size() - chunk_at_);
    std::memcpy(target + done, chunk_.data() + chunk_at_, part);
    chunk_at_ += part;
    done += static_cast<int64_t>(part);
  }
  plain_bytes_ += static_cast<uint64_t>(done);
  return done;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> SealedInput::Read(int64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> buffer,
                        arrow::AllocateResizableBuffer(bytes));
  ARROW_ASSIGN_OR_RAISE(const int64_t got, Read(bytes, buffer->mutable_data()));
  if (got < bytes) ARROW_RETURN_NOT_OK(buffer->Resize(got, /*shrink_to_fit=*/false));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Status SealedInput::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

base::Status SealedInput::Finish() {
  SOTERIA_RETURN_IF_ERROR(status_);
  if (last_seen_ && chunk_at_ == chunk_.size()) return base::OkStatus();
  return base::Fail(base::kIntegrity, "a spilled block has more than it should");
}

}  // namespace soteria::worker
