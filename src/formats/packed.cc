#include "src/formats/packed.h"

#include <arrow/util/compression.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"
#include "src/table/conditions.h"

namespace soteria::formats {
namespace {

constexpr size_t kReadBytes = size_t{1} << 18;

base::StatusOr<std::unique_ptr<arrow::util::Codec>> Codec() {
  SOTERIA_ARROW_ASSIGN(auto codec, arrow::util::Codec::Create(arrow::Compression::GZIP));
  return codec;
}

base::Status NoGzip() {
  return base::FailQuotingData(
      table::kFailedReadFile,
      "Encountered error while reading file. It isn't what its name says, gzip, or ends early");
}

/// The text from its front; begins anew for whoever looks back.
class GzipFile : public base::ReadableFile {
 public:
  GzipFile(std::unique_ptr<base::ReadableFile> packed, std::unique_ptr<arrow::util::Codec> codec)
      : packed_(std::move(packed)), codec_(std::move(codec)), input_(kReadBytes) {}

  base::Status Count(uint64_t bytes_max, const Room& room) {
    std::vector<char> out(kReadBytes);
    SOTERIA_RETURN_IF_ERROR(Begin());
    for (;;) {
      SOTERIA_ASSIGN_OR_RETURN(const size_t made, Next(out));
      if (made == 0) break;
      if (at_ > bytes_max) {
        return base::Fail(base::kMemoryLimit,
                          base::Cat("a gzip file holds more than ", bytes_max, " bytes"));
      }
      if (room != nullptr) SOTERIA_RETURN_IF_ERROR(room(TextRoom(at_)));
    }
    size_ = at_;
    return Begin();
  }

  base::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    if (offset < at_) SOTERIA_RETURN_IF_ERROR(Begin());
    std::vector<char> skipped(offset > at_ ? kReadBytes : 0);
    while (at_ < offset) {
      const auto left = static_cast<size_t>(std::min<uint64_t>(offset - at_, skipped.size()));
      SOTERIA_ASSIGN_OR_RETURN(const size_t made, Next(std::span(skipped).first(left)));
      if (made == 0) return size_t{0};
    }
    return Next(out);
  }
  uint64_t size() const override { return size_; }

 private:
  base::Status Begin() {
    SOTERIA_ARROW_ASSIGN(unpacker_, codec_->MakeDecompressor());
    read_ = at_ = 0;
    from_ = to_ = 0;
    within_ = false;
    return base::OkStatus();
  }

  /// Bytes of input at hand; false at the end.
  base::StatusOr<bool> HasInput() {
    if (from_ < to_) return true;
    SOTERIA_ASSIGN_OR_RETURN(to_, packed_->ReadAt(read_, input_));
    from_ = 0;
    read_ += to_;
    return to_ > 0;
  }

  /// At least one byte of text, or none at the end.
  base::StatusOr<size_t> Next(std::span<char> out) {
    size_t made = 0;
    while (made == 0 && !out.empty()) {
      SOTERIA_ASSIGN_OR_RETURN(const bool more, HasInput());
      if (!more && !within_) break;
      // What is left inside may need no more input.
      const auto step = unpacker_->Decompress(
          static_cast<int64_t>(to_ - from_),
          reinterpret_cast<const uint8_t*>(input_.data()) + from_, static_cast<int64_t>(out.size()),
          reinterpret_cast<uint8_t*>(out.data()));
      if (!step.ok()) return NoGzip();
      from_ += static_cast<size_t>(step->bytes_read);
      made = static_cast<size_t>(step->bytes_written);
      within_ = !unpacker_->IsFinished();
      if (!within_) SOTERIA_ARROW_RETURN(unpacker_->Reset());
      if (made == 0 && !more && within_) return NoGzip();  // ends within a member
      if (made == 0 && more && step->bytes_read == 0 && within_) return NoGzip();
    }
    at_ += made;
    return made;
  }

  const std::unique_ptr<base::ReadableFile> packed_;
  const std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::util::Decompressor> unpacker_;
  std::vector<char> input_;
  size_t from_ = 0;  // of the input: what isn't unpacked yet
  size_t to_ = 0;
  uint64_t read_ = 0;  // of the packed file
  uint64_t at_ = 0;    // of the text
  uint64_t size_ = 0;
  bool within_ = false;  // a member
};

}  // namespace

base::StatusOr<std::string> Gzip(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(const auto codec, Codec());
  const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data());
  const auto size = static_cast<int64_t>(bytes.size());
  std::string packed(static_cast<size_t>(codec->MaxCompressedLen(size, data)), '\0');
  SOTERIA_ARROW_ASSIGN(const int64_t used,
                       codec->Compress(size, data, static_cast<int64_t>(packed.size()),
                                       reinterpret_cast<uint8_t*>(packed.data())));
  packed.resize(static_cast<size_t>(used));
  return packed;
}

bool IsGzip(std::string_view name) { return name.ends_with(".gz"); }

base::StatusOr<std::unique_ptr<base::ReadableFile>> OpenGzip(
    std::unique_ptr<base::ReadableFile> packed, const Room& room, uint64_t bytes_max) {
  SOTERIA_ASSIGN_OR_RETURN(auto codec, Codec());
  auto file = std::make_unique<GzipFile>(std::move(packed), std::move(codec));
  SOTERIA_RETURN_IF_ERROR(file->Count(bytes_max, room));
  return std::unique_ptr<base::ReadableFile>(std::move(file));
}

}  // namespace soteria::formats
