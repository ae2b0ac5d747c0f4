// Files of base as Arrow's streams, inside this folder. Sources are thread-safe (Arrow prefetches
// from its I/O threads), a sink belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "arrow/buffer.h"
#include "arrow/io/interfaces.h"
#include "arrow/result.h"
#include "arrow/status.h"
#include "src/base/bytes.h"
#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::storage {

/// base's failure as Arrow's, and back again by StatusOfArrow with its condition kept.
arrow::Status ToArrow(const base::Status& status);

/// Runs what may throw (Parquet does, in about a hundred places) and gives a Status instead.
/// Failures that didn't begin as one of ours become `condition`; their text counts as quoting data.
base::Status Guarded(const base::Condition& condition, const std::function<arrow::Status()>& body);

/// A source of fixed size that is read at places.
class PlacedSource : public arrow::io::RandomAccessFile {
 public:
  explicit PlacedSource(uint64_t size) : size_(static_cast<int64_t>(size)) {}

  arrow::Status Close() override;
  bool closed() const override;
  arrow::Result<int64_t> Tell() const override;
  arrow::Status Seek(int64_t position) override;
  arrow::Result<int64_t> GetSize() override { return size_; }
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override;
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t bytes) override;

 protected:
  /// Fills `out`, which lies within the size. Any thread.
  virtual base::Status Fill(uint64_t position, std::span<char> out) = 0;

 private:
  const int64_t size_;
  mutable std::mutex mutex_;
  int64_t position_ = 0;
  bool closed_ = false;
};

/// A file as it is.
class PlainSource : public PlacedSource {
 public:
  /// `file` must outlive the source.
  explicit PlainSource(base::ReadableFile& file) : PlacedSource(file.size()), file_(file) {}

 protected:
  base::Status Fill(uint64_t position, std::span<char> out) override;

 private:
  base::ReadableFile& file_;
};

/// A file whose last bytes were verified, and from then on come from memory: they are never read
/// twice.
class TailedSource : public PlacedSource {
 public:
  TailedSource(std::unique_ptr<base::ReadableFile> file, std::string tail);

 protected:
  base::Status Fill(uint64_t position, std::span<char> out) override;

 private:
  const std::unique_ptr<base::ReadableFile> file_;
  const std::string tail_;
  const uint64_t tail_at_;
};

/// Exactly out.size() bytes; fewer are kIntegrity ("the file became shorter").
base::Status ReadExactly(base::ReadableFile& file, uint64_t position, std::span<char> out);

/// A new file, written in order, that can keep a copy of its end.
class FileSink : public arrow::io::OutputStream {
 public:
  explicit FileSink(std::unique_ptr<base::WritableFile> file) : file_(std::move(file)) {}

  arrow::Status Write(const void* data, int64_t bytes) override;
  arrow::Status Close() override;
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(size_); }

  /// Keeps what is written from now on.
  void KeepTail() { keep_ = true; }
  const std::string& tail() const { return tail_; }
  uint64_t size() const { return size_; }
  /// Everything written so far is on the disk.
  base::Status Sync();

 private:
  const std::unique_ptr<base::WritableFile> file_;
  uint64_t size_ = 0;
  bool closed_ = false;
  bool keep_ = false;
  std::string tail_;
};

/// Bytes in memory, without the copy that Arrow's own buffer stream needs at its end.
class StringSink : public arrow::io::OutputStream {
 public:
  explicit StringSink(size_t expected_bytes) { bytes_.reserve(expected_bytes); }

  arrow::Status Write(const void* data, int64_t bytes) override;
  arrow::Status Close() override;
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(bytes_.size()); }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
  bool closed_ = false;
};

}  // namespace soteria::storage
