// Frames between an enclave and its host. On the wire: u32 little-endian length of what follows, u8
// kind, u64 little-endian id, payload. The length is at most kFrameBytesMax.
//
// The peer is untrusted: a frame carries no authority, and memory for a payload grows with the
// bytes that really arrive, not with the length that was declared. Send is thread-safe and keeps
// frames whole; Receive is for one thread; Close is for any thread and ends both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::base {

/// Bound on the wire length, that is on kind, id and payload together.
inline constexpr size_t kFrameBytesMax = size_t{256} << 20;
/// Kind and id.
inline constexpr size_t kFrameHeaderBytes = 9;
inline constexpr size_t kFramePayloadBytesMax = kFrameBytesMax - kFrameHeaderBytes;

struct Frame {
  uint8_t kind = 0;
  uint64_t id = 0;
  std::string payload;
};

class FrameConnection {
 public:
  explicit FrameConnection(std::unique_ptr<ByteStream> stream);
  ~FrameConnection();
  FrameConnection(const FrameConnection&) = delete;
  FrameConnection& operator=(const FrameConnection&) = delete;

  /// The next frame. kIo at the end of the stream, also in the middle of a frame; kProtocol for a
  /// length out of bounds. After an error the connection is useless.
  StatusOr<Frame> Receive();
  /// kProtocol when the payload is too large; then nothing was sent.
  Status Send(uint8_t kind, uint64_t id, std::string_view payload);
  void Close();

 private:
  Status ReadExactly(char* out, size_t size);
  Status ReadPayload(size_t size, std::string& payload);

  std::unique_ptr<ByteStream> stream_;
  std::mutex send_mutex_;
  std::string buffer_;  // received, not yet consumed: [begin_, end_)
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace soteria::base
