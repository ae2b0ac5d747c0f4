#include "src/storage/arrow_io.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include "parquet/exception.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::storage {

using base::Cat;
using base::Status;

namespace {

// Carries our status through Arrow and Parquet, whose exceptions keep it.
class OurDetail : public arrow::StatusDetail {
 public:
  explicit OurDetail(Status status) : status_(std::move(status)) {}
  const char* type_id() const override { return kTypeId; }
  std::string ToString() const override { return base::Message(status_); }
  const Status& status() const { return status_; }

  static constexpr const char* kTypeId = "soteria::storage::OurDetail";

 private:
  Status status_;
};

Status FromArrowOrOurs(const base::Condition& condition, const arrow::Status& status) {
  if (status.ok()) return base::OkStatus();
  if (status.detail() != nullptr && status.detail()->type_id() == OurDetail::kTypeId) {
    return static_cast<const OurDetail&>(*status.detail()).status();
  }
  if (status.IsOutOfMemory()) return base::Fail(base::kMemoryLimit, "out of memory for a file");
  return base::FailQuotingData(condition, Cat("Parquet: ", status.ToString()));
}

}  // namespace

arrow::Status ToArrow(const Status& status) {
  if (status.ok()) return arrow::Status::OK();
  return arrow::Status(arrow::StatusCode::IOError, base::Message(status),
                       std::make_shared<OurDetail>(status));
}

Status Guarded(const base::Condition& condition, const std::function<arrow::Status()>& body) {
  try {
    return FromArrowOrOurs(condition, body());
  } catch (const parquet::ParquetStatusException& e) {
    return FromArrowOrOurs(condition, e.status());
  } catch (const std::bad_alloc&) {
    return base::Fail(base::kMemoryLimit, "out of memory for a file");
  } catch (const std::exception& e) {
    return base::FailQuotingData(condition, Cat("Parquet: ", std::string_view(e.what())));
  }
}

Status ReadExactly(base::ReadableFile& file, uint64_t position, std::span<char> out) {
  SOTERIA_ASSIGN_OR_RETURN(const size_t bytes, file.ReadAt(position, out));
  if (bytes == out.size()) return base::OkStatus();
  return base::Fail(base::kIntegrity, "a file became shorter while it was read");
}

arrow::Status PlacedSource::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  return arrow::Status::OK();
}

bool PlacedSource::closed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return closed_;
}

arrow::Result<int64_t> PlacedSource::Tell() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return position_;
}

arrow::Status PlacedSource::Seek(int64_t position) {
  if (position < 0 || position > size_) return arrow::Status::IOError("seek beyond the file");
  const std::lock_guard<std::mutex> lock(mutex_);
  position_ = position;
  return arrow::Status::OK();
}

arrow::Result<int64_t> PlacedSource::Read(int64_t bytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t position, Tell());
  ARROW_ASSIGN_OR_RAISE(const int64_t done, ReadAt(position, bytes, out));
  ARROW_RETURN_NOT_OK(Seek(position + done));
  return done;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> PlacedSource::Read(int64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(const int64_t position, Tell());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out, ReadAt(position, bytes));
  ARROW_RETURN_NOT_OK(Seek(position + out->size()));
  return out;
}

arrow::Result<int64_t> PlacedSource::ReadAt(int64_t position, int64_t bytes, void* out) {
  if (position < 0 || bytes < 0) return arrow::Status::IOError("read at a negative place");
  if (position >= size_) return 0;
  bytes = std::min(bytes, size_ - position);
  ARROW_RETURN_NOT_OK(ToArrow(Fill(static_cast<uint64_t>(position),
                                   {static_cast<char*>(out), static_cast<size_t>(bytes)})));
  return bytes;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> PlacedSource::ReadAt(int64_t position,
                                                                   int64_t bytes) {
  if (position < 0 || bytes < 0) return arrow::Status::IOError("read at a negative place");
  bytes = position >= size_ ? 0 : std::min(bytes, size_ - position);
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> buffer,
                        arrow::AllocateResizableBuffer(bytes));
  ARROW_RETURN_NOT_OK(ReadAt(position, bytes, buffer->mutable_data()).status());
  return buffer;
}

Status PlainSource::Fill(uint64_t position, std::span<char> out) {
  return ReadExactly(file_, position, out);
}

TailedSource::TailedSource(std::unique_ptr<base::ReadableFile> file, std::string tail)
    : PlacedSource(file->size()),
      file_(std::move(file)),
      tail_(std::move(tail)),
      tail_at_(file_->size() - tail_.size()) {}

Status TailedSource::Fill(uint64_t position, std::span<char> out) {
  if (position < tail_at_) {
    const size_t before = static_cast<size_t>(std::min<uint64_t>(out.size(), tail_at_ - position));
    SOTERIA_RETURN_IF_ERROR(ReadExactly(*file_, position, out.first(before)));
    out = out.subspan(before);
    position += before;
  }
  if (!out.empty()) std::memcpy(out.data(), tail_.data() + (position - tail_at_), out.size());
  return base::OkStatus();
}

arrow::Status FileSink::Write(const void* data, int64_t bytes) {
  if (bytes < 0 || closed_) return arrow::Status::IOError("write to a closed file");
  const std::string_view view(static_cast<const char*>(data), static_cast<size_t>(bytes));
  ARROW_RETURN_NOT_OK(ToArrow(file_->Append(view)));
  size_ += view.size();
  if (keep_) tail_ += view;
  return arrow::Status::OK();
}

arrow::Status FileSink::Close() {
  if (closed_) return arrow::Status::OK();
  closed_ = true;
  return ToArrow(file_->Close());
}

Status FileSink::Sync() { return file_->Sync(); }

arrow::Status StringSink::Write(const void* data, int64_t bytes) {
  if (bytes < 0 || closed_) return arrow::Status::IOError("write to a closed stream");
  bytes_.append(static_cast<const char*>(data), static_cast<size_t>(bytes));
  return arrow::Status::OK();
}

arrow::Status StringSink::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

}  // namespace soteria::storage
