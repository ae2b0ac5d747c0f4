#include "src/base/frame.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::base {
namespace {

constexpr size_t kPrefixBytes = 4;
constexpr size_t kBufferBytes = 64 * 1024;
/// A payload's pages are touched in steps of this, as its bytes arrive.
constexpr size_t kStepBytes = size_t{1} << 20;

}  // namespace

FrameConnection::FrameConnection(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {
  buffer_.resize(kBufferBytes);
}

FrameConnection::~FrameConnection() { Close(); }

Status FrameConnection::ReadExactly(char* out, size_t size) {
  while (size > 0) {
    if (begin_ < end_) {
      const size_t taken = std::min(size, end_ - begin_);
      std::memcpy(out, buffer_.data() + begin_, taken);
      begin_ += taken;
      out += taken;
      size -= taken;
      continue;
    }
    const bool direct = size >= buffer_.size();  // large pieces aren't copied twice
    const std::span<char> target = direct ? std::span<char>(out, size) : std::span<char>(buffer_);
    SOTERIA_ASSIGN_OR_RETURN(const size_t got, stream_->Read(target));
    if (got == 0) return Fail(kIo, "the connection ended");
    if (direct) {
      out += got;
      size -= got;
    } else {
      begin_ = 0;
      end_ = got;
    }
  }
  return OkStatus();
}

Status FrameConnection::ReadPayload(size_t size, std::string& payload) {
  payload.reserve(size);  // address space only: a declared length costs no memory
  while (payload.size() < size) {
    const size_t filled = payload.size();
    const size_t step = std::min(size - filled, kStepBytes);
    payload.resize(filled + step);
    SOTERIA_RETURN_IF_ERROR(ReadExactly(payload.data() + filled, step));
  }
  return OkStatus();
}

StatusOr<Frame> FrameConnection::Receive() {
  std::array<char, kPrefixBytes + kFrameHeaderBytes> head;
  SOTERIA_RETURN_IF_ERROR(ReadExactly(head.data(), kPrefixBytes));
  const size_t length = GetLe32(head.data());
  if (length < kFrameHeaderBytes || length > kFrameBytesMax) {
    return Fail(kProtocol, Cat("a frame of ", length, " bytes"));
  }
  SOTERIA_RETURN_IF_ERROR(ReadExactly(head.data() + kPrefixBytes, kFrameHeaderBytes));
  Frame frame;
  frame.kind = static_cast<uint8_t>(head[kPrefixBytes]);
  frame.id = GetLe64(head.data() + kPrefixBytes + 1);
  SOTERIA_RETURN_IF_ERROR(ReadPayload(length - kFrameHeaderBytes, frame.payload));
  return frame;
}

Status FrameConnection::Send(uint8_t kind, uint64_t id, std::string_view payload) {
  if (payload.size() > kFramePayloadBytesMax) {
    return Fail(kProtocol, Cat("a frame's payload of ", payload.size(), " bytes is too large"));
  }
  std::array<char, kPrefixBytes + kFrameHeaderBytes> head;
  PutLe32(static_cast<uint32_t>(kFrameHeaderBytes + payload.size()), head.data());
  head[kPrefixBytes] = static_cast<char>(kind);
  PutLe64(id, head.data() + kPrefixBytes + 1);
  const std::string_view parts[] = {{head.data(), head.size()}, payload};
  const std::lock_guard<std::mutex> lock(send_mutex_);
  return stream_->WriteParts(parts);
}

void FrameConnection::Close() { stream_->Close(); }

}  // namespace soteria::base
