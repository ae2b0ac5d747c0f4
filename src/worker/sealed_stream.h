// A file as a stream of sealed chunks, written once from its beginning to its end and read the same
// way. A chunk authenticates what the file is for, its number and whether it is the last
// (docs/formats/spill.md), so that a file is the whole that was written under its key, or refused.
// One thread at a time.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"

namespace soteria::worker {

class SealedOutput : public arrow::io::OutputStream {
 public:
  /// `key` has sealed nothing before, nor will it again. `name` is bound to each chunk.
  SealedOutput(std::unique_ptr<base::WritableFile> file, crypto::Secret key, std::string name,
               size_t chunk_bytes);

  arrow::Status Write(const void* data, int64_t bytes) override;
  using arrow::io::OutputStream::Write;
  /// Seals the last chunk.
  arrow::Status Close() override;
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(plain_bytes_); }

  /// What failed first, as Arrow can't carry it.
  const base::Status& status() const { return status_; }
  uint64_t file_bytes() const { return file_bytes_; }

 private:
  base::Status Append(std::string_view bytes);
  base::Status SealChunk(bool last);

  const std::unique_ptr<base::WritableFile> file_;
  const crypto::Secret key_;
  const std::string name_;
  const size_t chunk_bytes_;
  std::string chunk_;
  uint64_t chunks_ = 0;
  uint64_t plain_bytes_ = 0;
  uint64_t file_bytes_ = 0;
  bool closed_ = false;
  base::Status status_;
};

class SealedInput : public arrow::io::InputStream {
 public:
  SealedInput(std::unique_ptr<base::ReadableFile> file, crypto::Secret key, std::string name,
              size_t chunk_bytes);

  /// Fewer bytes than asked for only at the end.
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override;
  arrow::Status Close() override;
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(plain_bytes_); }

  const base::Status& status() const { return status_; }
  /// kIntegrity unless everything was read.
  base::Status Finish();

 private:
  base::Status OpenChunk();

  const std::unique_ptr<base::ReadableFile> file_;
  const crypto::Secret key_;
  const std::string name_;
  const size_t chunk_bytes_;
  std::string chunk_;
  size_t chunk_at_ = 0;
  uint64_t chunks_ = 0;
  uint64_t plain_bytes_ = 0;
  uint64_t file_at_ = 0;
  bool last_seen_ = false;
  bool closed_ = false;
  base::Status status_;
};

}  // namespace soteria::worker
