#include "src/formats/orc_stream.h"

#include <arrow/util/compression.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/table/arrow_status.h"
#include "src/table/conditions.h"

namespace soteria::formats {
namespace {

constexpr size_t kHeadBytes = 3;  // before a block
constexpr uint64_t kGrownBytes = uint64_t{1} << 20;

int64_t ZigZag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (uint64_t{0} - (value & 1)));
}

/// What five bits say of a width.
int WidthOf(uint32_t code) {
  constexpr int kWide[] = {26, 28, 30, 32, 40, 48, 56, 64};
  return code < 24 ? static_cast<int>(code) + 1 : kWide[code - 24];
}

/// The least of these widths that has so many bits.
int WidthFor(int bits) {
  for (uint32_t code = 0; code < 32; ++code) {
    if (WidthOf(code) >= bits) return WidthOf(code);
  }
  return 64;
}

/// What a Zstandard frame says of its contents (RFC 8878, 3.1.1.1); nullopt: nothing, which none
/// does that was packed as a whole.
std::optional<uint64_t> SizeOfFrame(std::string_view frame) {
  constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
  constexpr size_t kDictionaryIdBytes[] = {0, 1, 2, 4};
  if (!frame.starts_with(kZstdMagic) || frame.size() <= kZstdMagic.size()) return std::nullopt;
  const auto head = static_cast<uint8_t>(frame[kZstdMagic.size()]);
  const bool whole = (head & 0x20) != 0;
  size_t bytes = size_t{1} << (head >> 6);
  if (bytes == 1 && !whole) return std::nullopt;
  const size_t at = kZstdMagic.size() + 1 + (whole ? 0 : 1) + kDictionaryIdBytes[head & 3U];
  if (frame.size() < at + bytes) return std::nullopt;
  uint64_t size = bytes == 2 ? 256 : 0;
  for (size_t i = 0; i < bytes; ++i)
    size += uint64_t{static_cast<uint8_t>(frame[at + i])} << (8 * i);
  return size;
}

}  // namespace

base::Status BadOrc(std::string_view what) {
  return base::FailQuotingData(table::kFailedReadFile, base::Cat("Malformed ORC file: ", what));
}

base::Status ReadOrcBytes(base::ReadableFile& file, uint64_t offset, std::span<char> out) {
  while (!out.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(const size_t read, file.ReadAt(offset, out));
    if (read == 0) return BadOrc("it ends early");
    offset += read;
    out = out.subspan(read);
  }
  return base::OkStatus();
}

base::Status OrcRoom::Keep(uint64_t bytes) {
  kept_ = std::min(kept_ + bytes, uint64_t{1} << 62);
  return Tell();
}

base::Status OrcRoom::Borrow(uint64_t bytes) {
  borrowed_ += bytes;
  return Tell();
}

base::Status OrcRoom::Tell() {
  constexpr uint64_t kStep = uint64_t{1} << 20;
  const uint64_t taken = kept_ + borrowed_;
  if (taken <= told_ || room_ == nullptr) return base::OkStatus();
  const uint64_t more = taken + taken / 8 + kStep;
  SOTERIA_RETURN_IF_ERROR(room_(more));
  told_ = more;
  return base::OkStatus();
}

OrcPacking::OrcPacking() = default;
OrcPacking::~OrcPacking() = default;
OrcPacking::OrcPacking(OrcPacking&&) noexcept = default;
OrcPacking& OrcPacking::operator=(OrcPacking&&) noexcept = default;

base::StatusOr<OrcPacking> OrcPacking::Make(OrcCodec codec, uint64_t block_bytes) {
  OrcPacking packing;
  if (codec == OrcCodec::kNone) return packing;
  if (block_bytes == 0 || block_bytes > kOrcBlockBytesMax) {
    return BadOrc(base::Cat("a compression block of ", block_bytes, " bytes"));
  }
  packing.block_bytes_ = block_bytes;
  arrow::util::GZipCodecOptions deflate;
  deflate.gzip_format = arrow::util::GZipFormat::DEFLATE;
  arrow::Compression::type type = arrow::Compression::UNCOMPRESSED;
  switch (codec) {
    case OrcCodec::kZlib:
      type = arrow::Compression::GZIP;
      break;
    case OrcCodec::kSnappy:
      type = arrow::Compression::SNAPPY;
      break;
    case OrcCodec::kLz4:
      type = arrow::Compression::LZ4;
      break;
    case OrcCodec::kZstd:
      type = arrow::Compression::ZSTD;
      packing.says_size_ = true;
      break;
    default:
      return base::NotSupported(
          base::Cat("The ORC compression ", codec == OrcCodec::kLzo ? "LZO" : "BROTLI"),
          "none, snappy, zlib, zstd or lz4");
  }
  if (codec == OrcCodec::kZlib) {
    SOTERIA_ARROW_ASSIGN(packing.codec_, arrow::util::Codec::Create(type, deflate));
  } else {
    SOTERIA_ARROW_ASSIGN(packing.codec_, arrow::util::Codec::Create(type));
  }
  return packing;
}

std::optional<std::span<const uint8_t>> OrcPacking::Unpack(std::string_view block) const {
  const uint64_t size = says_size_ ? SizeOfFrame(block).value_or(0) : block_bytes_;
  if (size == 0 || size > block_bytes_) return std::nullopt;
  unpacked_.resize(size);
  const auto made = codec_->Decompress(static_cast<int64_t>(block.size()),
                                       reinterpret_cast<const uint8_t*>(block.data()),
                                       static_cast<int64_t>(size), unpacked_.data());
  if (!made.ok() || *made < 0 || *made > static_cast<int64_t>(size)) return std::nullopt;
  return std::span(unpacked_).first(static_cast<size_t>(*made));
}

base::Status OrcPacking::Pack(std::string_view bytes, std::string* out) const {
  if (!packed()) {
    *out += bytes;
    return base::OkStatus();
  }
  std::vector<uint8_t> packed;
  while (!bytes.empty()) {
    const std::string_view block = bytes.substr(0, block_bytes_);
    bytes.remove_prefix(block.size());
    const auto* const data = reinterpret_cast<const uint8_t*>(block.data());
    const auto size = static_cast<int64_t>(block.size());
    packed.resize(static_cast<size_t>(codec_->MaxCompressedLen(size, data)));
    SOTERIA_ARROW_ASSIGN(
        const int64_t made,
        codec_->Compress(size, data, static_cast<int64_t>(packed.size()), packed.data()));
    const bool original = made >= size;
    const auto head = static_cast<uint32_t>(original ? size * 2 + 1 : made * 2);
    for (size_t i = 0; i < kHeadBytes; ++i) out->push_back(static_cast<char>(head >> (8 * i)));
    if (original) {
      *out += block;
    } else {
      out->append(reinterpret_cast<const char*>(packed.data()), static_cast<size_t>(made));
    }
  }
  return base::OkStatus();
}

OrcStream::OrcStream(base::ReadableFile& file, const OrcPacking& packing, uint64_t offset,
                     uint64_t length, OrcBorrowed* held)
    : file_(file), packing_(packing), held_(held), offset_(offset), left_(length) {}

base::Status OrcStream::Failure() const {
  return failure_.ok() ? BadOrc("a stream ends early") : failure_;
}

/// Before what had so many bytes has as many as are wanted.
bool OrcStream::Hold(size_t wanted, size_t had) {
  if (held_ == nullptr || wanted <= had) return true;
  failure_ = held_->Take(wanted - had);
  return failure_.ok();
}

/// Bytes as they are stored, of pieces: a sealed file is dear to read a little at a time.
bool OrcStream::Raw(std::span<char> out) {
  while (!out.empty()) {
    if (piece_at_ == piece_.size()) {
      if (left_ == 0) return false;
      const size_t next = std::min(left_, kOrcPieceBytes);
      if (!Hold(next, piece_.capacity())) return false;
      piece_.resize(next);
      piece_at_ = 0;
      failure_ = ReadOrcBytes(file_, offset_, piece_);
      if (!failure_.ok()) {
        left_ = 0;
        piece_.clear();
        return false;
      }
      offset_ += piece_.size();
      left_ -= piece_.size();
    }
    const size_t taken = std::min(out.size(), piece_.size() - piece_at_);
    std::memcpy(out.data(), piece_.data() + piece_at_, taken);
    piece_at_ += taken;
    out = out.subspan(taken);
  }
  return true;
}

bool OrcStream::FillPlain() {
  const size_t next = std::min(left_, kOrcPieceBytes);
  if (!Hold(next, block_.capacity())) return false;
  block_.resize(next);
  failure_ = ReadOrcBytes(file_, offset_, {reinterpret_cast<char*>(block_.data()), block_.size()});
  if (!failure_.ok()) left_ = block_.size();
  offset_ += block_.size();
  left_ -= block_.size();
  if (!failure_.ok()) block_.clear();
  return !block_.empty();
}

bool OrcStream::Fill() {
  at_ = 0;
  block_.clear();
  if (!failure_.ok()) return false;
  if (!packing_.packed()) return FillPlain();
  while (block_.empty()) {
    std::array<char, kHeadBytes> head{};
    if (!Raw(head)) return false;
    uint32_t length = 0;
    for (size_t i = 0; i < kHeadBytes; ++i) {
      length |= uint32_t{static_cast<uint8_t>(head[i])} << (8 * i);
    }
    const bool original = (length & 1) != 0;
    length >>= 1;
    if (length > left_ + (piece_.size() - piece_at_)) return false;
    if (original && length > packing_.block_bytes()) {
      failure_ = BadOrc("a block is longer than the file says");
      return false;
    }
    if (!Hold(length, packed_.capacity())) return false;
    packed_.resize(length);
    if (!Raw(packed_)) return false;
    std::span<const uint8_t> block(reinterpret_cast<const uint8_t*>(packed_.data()), length);
    if (!original) {
      const auto unpacked = packing_.Unpack(packed_);
      if (!unpacked.has_value()) {
        failure_ = BadOrc("a block can't be unpacked");
        return false;
      }
      block = *unpacked;
    }
    if (!Hold(block.size(), block_.capacity())) return false;
    block_.assign(block.begin(), block.end());
  }
  return true;
}

bool OrcStream::Next(std::span<uint8_t> out) {
  while (!out.empty()) {
    if (at_ == block_.size() && !Fill()) return false;
    const size_t taken = std::min(out.size(), block_.size() - at_);
    std::memcpy(out.data(), block_.data() + at_, taken);
    at_ += taken;
    out = out.subspan(taken);
  }
  return true;
}

bool OrcStream::Append(uint64_t bytes, std::string* out) {
  while (bytes > 0) {
    if (at_ == block_.size() && !Fill()) return false;
    const size_t taken = std::min<uint64_t>(std::min(bytes, kGrownBytes), block_.size() - at_);
    out->append(reinterpret_cast<const char*>(block_.data()) + at_, taken);
    at_ += taken;
    bytes -= taken;
  }
  return true;
}

bool OrcStream::AppendBlock(std::string* out) {
  if (at_ == block_.size() && !Fill()) return false;
  out->append(reinterpret_cast<const char*>(block_.data()) + at_, block_.size() - at_);
  at_ = block_.size();
  return true;
}

bool OrcStream::NextVarint(uint64_t* out) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    uint8_t byte = 0;
    if (!Next(&byte)) return false;
    value |= uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) != 0) continue;
    *out = value;
    return true;
  }
  failure_ = BadOrc("a number of more than 64 bits");
  return false;
}

bool OrcBytes::Next(std::span<uint8_t> out) {
  while (!out.empty()) {
    if (run_ == 0 && literal_ == 0) {
      uint8_t head = 0;
      if (!stream_.Next(&head)) return false;
      if (head < 0x80) {
        if (!stream_.Next(&value_)) return false;
        run_ = size_t{head} + 3;
      } else {
        literal_ = size_t{0x100} - head;
      }
    }
    const size_t taken = std::min(out.size(), run_ + literal_);
    if (run_ > 0) {
      std::fill_n(out.begin(), taken, value_);
      run_ -= taken;
    } else {
      if (!stream_.Next(out.first(taken))) return false;
      literal_ -= taken;
    }
    out = out.subspan(taken);
  }
  return true;
}

bool OrcBits::Next(std::span<uint8_t> out) {
  for (uint8_t& bit : out) {
    if (bits_ == 0) {
      if (!bytes_.Next({&byte_, 1})) return false;
      bits_ = 8;
    }
    bit = static_cast<uint8_t>((byte_ >> --bits_) & 1);
  }
  return true;
}

base::Status OrcInts::Failure() const {
  return malformed_ ? BadOrc("a run of whole numbers that isn't one") : stream_.Failure();
}

bool OrcInts::Malformed() {
  malformed_ = true;
  return false;
}

int64_t OrcInts::Signed(uint64_t value) const {
  return with_sign_ ? ZigZag(value) : static_cast<int64_t>(value);
}

bool OrcInts::Next(std::span<int64_t> out) {
  while (!out.empty()) {
    if (at_ == size_) {
      at_ = 0;
      size_ = 0;
      if (malformed_ || !Fill()) return false;
    }
    const size_t taken = std::min(out.size(), size_ - at_);
    std::copy_n(run_.begin() + static_cast<ptrdiff_t>(at_), taken, out.begin());
    at_ += taken;
    out = out.subspan(taken);
  }
  return true;
}

bool OrcInts::Fill() {
  if (form_ == Form::kFirst) return FillFirst();
  uint8_t head = 0;
  if (!stream_.Next(&head)) return false;
  switch (head >> 6) {
    case 0:
      return FillRepeated(head);
    case 1:
      return FillDirect(head);
    case 2:
      return FillPatched(head);
    default:
      return FillDelta(head);
  }
}

bool OrcInts::FillFirst() {
  uint8_t head = 0;
  uint64_t value = 0;
  if (!stream_.Next(&head)) return false;
  if (head < 0x80) {
    uint8_t step = 0;
    if (!stream_.Next(&step) || !stream_.NextVarint(&value)) return false;
    size_ = size_t{head} + 3;
    auto at = static_cast<uint64_t>(Signed(value));
    const auto by = static_cast<uint64_t>(int64_t{static_cast<int8_t>(step)});
    for (size_t i = 0; i < size_; ++i, at += by) run_[i] = static_cast<int64_t>(at);
    return true;
  }
  const size_t values = size_t{0x100} - head;
  for (size_t i = 0; i < values; ++i) {
    if (!stream_.NextVarint(&value)) return false;
    run_[i] = Signed(value);
  }
  size_ = values;
  return true;
}

bool OrcInts::FillRepeated(uint8_t head) {
  uint64_t value = 0;
  for (int bytes = ((head >> 3) & 7) + 1; bytes > 0; --bytes) {
    uint8_t byte = 0;
    if (!stream_.Next(&byte)) return false;
    value = value << 8 | byte;
  }
  size_ = size_t{head & 7U} + 3;
  std::fill_n(run_.begin(), size_, Signed(value));
  return true;
}

bool OrcInts::Length(uint8_t head, size_t* length) {
  uint8_t low = 0;
  if (!stream_.Next(&low)) return false;
  *length = (size_t{head & 1U} << 8 | low) + 1;
  return true;
}

/// Numbers of `width` bits, the highest bit first.
bool OrcInts::Packed(int width, std::span<uint64_t> out) {
  uint8_t byte = 0;
  int bits = 0;  // left of it
  for (uint64_t& value : out) {
    value = 0;
    for (int wanted = width; wanted > 0;) {
      if (bits == 0) {
        if (!stream_.Next(&byte)) return false;
        bits = 8;
      }
      const int taken = std::min(wanted, bits);
      const auto mask = static_cast<uint64_t>((1 << taken) - 1);
      value = value << taken | ((uint64_t{byte} >> (bits - taken)) & mask);
      bits -= taken;
      wanted -= taken;
    }
  }
  return true;
}

bool OrcInts::FillDirect(uint8_t head) {
  size_t values = 0;
  if (!Length(head, &values)) return false;
  std::array<uint64_t, 512> packed;
  if (!Packed(WidthOf((head >> 1) & 31U), {packed.data(), values})) return false;
  for (size_t i = 0; i < values; ++i) run_[i] = Signed(packed[i]);
  size_ = values;
  return true;
}

bool OrcInts::FillPatched(uint8_t head) {
  size_t values = 0;
  uint8_t third = 0;
  uint8_t fourth = 0;
  if (!Length(head, &values) || !stream_.Next(&third) || !stream_.Next(&fourth)) return false;
  const int width = WidthOf((head >> 1) & 31U);
  const int base_bytes = (third >> 5) + 1;
  const int patch_width = WidthOf(third & 31U);
  const int gap_width = (fourth >> 5) + 1;
  const size_t patches = fourth & 31U;
  if (patch_width + width > 64 || patch_width + gap_width > 64) return Malformed();
  uint64_t base = 0;
  for (int i = 0; i < base_bytes; ++i) {
    uint8_t byte = 0;
    if (!stream_.Next(&byte)) return false;
    base = base << 8 | byte;
  }
  const uint64_t sign = uint64_t{1} << (8 * base_bytes - 1);
  if ((base & sign) != 0) base = uint64_t{0} - (base & ~sign);
  std::array<uint64_t, 512> packed;
  std::array<uint64_t, 32> patch;
  if (!Packed(width, {packed.data(), values})) return false;
  if (!Packed(WidthFor(patch_width + gap_width), {patch.data(), patches})) return false;
  const uint64_t mask = patch_width == 64 ? ~uint64_t{0} : (uint64_t{1} << patch_width) - 1;
  size_t at = 0;
  for (size_t i = 0; i < patches; ++i) {
    at += static_cast<size_t>(patch_width == 64 ? 0 : patch[i] >> patch_width);
    const uint64_t high = patch[i] & mask;
    if (at >= values) return Malformed();
    if (high != 0) packed[at] |= high << width;
  }
  for (size_t i = 0; i < values; ++i) run_[i] = static_cast<int64_t>(base + packed[i]);
  size_ = values;
  return true;
}

bool OrcInts::FillDelta(uint8_t head) {
  size_t values = 0;
  uint64_t first = 0;
  uint64_t step = 0;
  if (!Length(head, &values) || !stream_.NextVarint(&first) || !stream_.NextVarint(&step)) {
    return false;
  }
  auto at = static_cast<uint64_t>(Signed(first));
  const int64_t by = ZigZag(step);
  const uint32_t code = (head >> 1) & 31U;
  run_[0] = static_cast<int64_t>(at);
  if (values > 1) run_[1] = static_cast<int64_t>(at += static_cast<uint64_t>(by));
  if (code == 0) {
    for (size_t i = 2; i < values; ++i)
      run_[i] = static_cast<int64_t>(at += static_cast<uint64_t>(by));
  } else if (values > 2) {
    std::array<uint64_t, 512> packed;
    if (!Packed(WidthOf(code), {packed.data(), values - 2})) return false;
    for (size_t i = 2; i < values; ++i) {
      at += by < 0 ? uint64_t{0} - packed[i - 2] : packed[i - 2];
      run_[i] = static_cast<int64_t>(at);
    }
  }
  size_ = values;
  return true;
}

}  // namespace soteria::formats
