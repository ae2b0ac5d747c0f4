// The streams that an ORC file's stripes are cut in: bytes in packed blocks, and the run lengths of
// bytes, bits and whole numbers in them. Internal to formats. Each Next is told how many values are
// wanted; false where the stream has fewer, or isn't one, and Failure then says which. What a
// stream holds in memory is bounded, whatever it says: a piece of the file and one block. A stream
// belongs to one thread.
#pragma once

#include <arrow/util/type_fwd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/reader_rows.h"

namespace soteria::formats {

/// As ORC numbers them.
enum class OrcCodec : uint8_t {
  kNone = 0,
  kZlib = 1,
  kSnappy = 2,
  kLzo = 3,
  kLz4 = 4,
  kZstd = 5,
  kBrotli = 6
};

/// Of a block, packed or not: its length has 23 bits.
inline constexpr uint64_t kOrcBlockBytesMax = (uint64_t{1} << 23) - 1;
/// Of a stream as it is stored, at a time.
inline constexpr uint64_t kOrcPieceBytes = uint64_t{1} << 20;

/// How the file's blocks are packed.
class OrcPacking {
 public:
  OrcPacking();
  ~OrcPacking();
  OrcPacking(OrcPacking&&) noexcept;
  OrcPacking& operator=(OrcPacking&&) noexcept;
  /// kUnsupported for a codec that isn't done.
  static base::StatusOr<OrcPacking> Make(OrcCodec codec, uint64_t block_bytes);

  bool packed() const { return codec_ != nullptr; }
  uint64_t block_bytes() const { return block_bytes_; }
  /// The block's bytes, until the next call; nullopt for what is none. One thread at a time.
  std::optional<std::span<const uint8_t>> Unpack(std::string_view block) const;
  /// `bytes` in blocks, each behind its length.
  base::Status Pack(std::string_view bytes, std::string* out) const;

 private:
  std::unique_ptr<arrow::util::Codec> codec_;
  uint64_t block_bytes_ = 0;
  mutable std::vector<uint8_t> unpacked_;
  bool says_size_ = false;  // the codec's blocks say how long they are, and it must be known
};

/// Counts the memory of a read: what stays, and what is there for a while.
class OrcRoom {
 public:
  explicit OrcRoom(const Room& room) : room_(room) {}
  base::Status Keep(uint64_t bytes);
  base::Status Borrow(uint64_t bytes);
  void Return(uint64_t bytes) { borrowed_ -= bytes; }

 private:
  base::Status Tell();

  const Room& room_;
  uint64_t kept_ = 0;
  uint64_t borrowed_ = 0;
  uint64_t told_ = 0;
};

/// What is there for as long as the object is.
class OrcBorrowed {
 public:
  explicit OrcBorrowed(OrcRoom& room) : room_(room) {}
  ~OrcBorrowed() { room_.Return(bytes_); }
  OrcBorrowed(const OrcBorrowed&) = delete;
  OrcBorrowed& operator=(const OrcBorrowed&) = delete;
  base::Status Take(uint64_t bytes) {
    bytes_ += bytes;
    return room_.Borrow(bytes);
  }

 private:
  OrcRoom& room_;
  uint64_t bytes_ = 0;
};

/// A malformed file.
base::Status BadOrc(std::string_view what);
/// Exactly out.size() bytes.
base::Status ReadOrcBytes(base::ReadableFile& file, uint64_t offset, std::span<char> out);

class OrcStream {
 public:
  /// A stream that is not there is one of no bytes. What it holds is taken from `held`, if there is
  /// one, which must outlive it.
  OrcStream(base::ReadableFile& file, const OrcPacking& packing, uint64_t offset, uint64_t length,
            OrcBorrowed* held = nullptr);

  bool Next(uint8_t* out) {
    if (at_ == block_.size() && !Fill()) return false;
    *out = block_[at_++];
    return true;
  }
  bool Next(std::span<uint8_t> out);
  /// So many bytes behind `out`, which grows as they come.
  bool Append(uint64_t bytes, std::string* out);
  /// All that is left of a block behind `out`; false at the end, and for a failure.
  bool AppendBlock(std::string* out);
  /// A number in groups of seven bits.
  bool NextVarint(uint64_t* out);
  /// Of a Next that was false.
  base::Status Failure() const;
  /// Other than that the stream ended.
  const base::Status& failure() const { return failure_; }

 private:
  bool Fill();
  bool FillPlain();
  bool Raw(std::span<char> out);
  bool Hold(size_t wanted, size_t had);

  base::ReadableFile& file_;
  const OrcPacking& packing_;
  OrcBorrowed* held_;
  uint64_t offset_;  // of what isn't read yet
  uint64_t left_;
  std::string piece_;
  size_t piece_at_ = 0;
  std::string packed_;
  std::vector<uint8_t> block_;
  size_t at_ = 0;
  base::Status failure_;
};

class OrcBytes {
 public:
  explicit OrcBytes(OrcStream stream) : stream_(std::move(stream)) {}
  bool Next(std::span<uint8_t> out);
  base::Status Failure() const { return stream_.Failure(); }

 private:
  OrcStream stream_;
  size_t run_ = 0;      // values left of a run,
  size_t literal_ = 0;  // or of values one by one
  uint8_t value_ = 0;
};

class OrcBits {
 public:
  explicit OrcBits(OrcStream stream) : bytes_(std::move(stream)) {}
  /// 1 or 0 each.
  bool Next(std::span<uint8_t> out);
  base::Status Failure() const { return bytes_.Failure(); }

 private:
  OrcBytes bytes_;
  uint8_t byte_ = 0;
  int bits_ = 0;  // left of it
};

/// Whole numbers in either of ORC's two forms of runs.
class OrcInts {
 public:
  enum class Form : uint8_t { kFirst, kSecond };
  OrcInts(OrcStream stream, Form form, bool with_sign)
      : stream_(std::move(stream)), form_(form), with_sign_(with_sign) {}
  bool Next(std::span<int64_t> out);
  base::Status Failure() const;

 private:
  bool Fill();
  bool FillFirst();
  bool FillRepeated(uint8_t head);
  bool FillDirect(uint8_t head);
  bool FillPatched(uint8_t head);
  bool FillDelta(uint8_t head);
  bool Length(uint8_t head, size_t* length);
  bool Packed(int width, std::span<uint64_t> out);
  int64_t Signed(uint64_t value) const;
  bool Malformed();

  OrcStream stream_;
  const Form form_;
  const bool with_sign_;
  std::array<int64_t, 512> run_ = {};  // the longest
  size_t at_ = 0;
  size_t size_ = 0;
  bool malformed_ = false;
};

}  // namespace soteria::formats
