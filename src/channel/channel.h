// A TLS 1.3 channel over a base::ByteStream (docs/formats/channel.md).
//
// TLS alone says nothing about the peer: certificates are self-signed and nobody looks at them. No
// secret goes out before VerifyPeer or CheckResume of attested.h has succeeded on this very
// channel (I2). TLS 1.3 only; no tickets, resumption, 0-RTT or client certificate.
//
// Messages are a u32 little-endian length and that many bytes inside TLS, at most
// kMessageBytesMax. Instead of messages, raw bytes can pass through stream(); use one or the other
// at a time.
//
// Must hold: bytes arrive complete and in order or not at all. The end of the underlying stream
// without TLS's close_notify, and close_notify inside a message, are kIntegrity; close_notify
// between messages is kIo "channel closed by the peer".
//
// Threads: one may receive while another sends; both make progress (neither waits on the network
// while it holds the lock around TLS). Several senders or several receivers take turns. Close() may
// come from any thread and unblocks the others. It waits as long as sending a few bytes does; a
// second call, from any thread, unblocks that too. Destroy when no other thread is inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::crypto {
class SelfSigned;
}

namespace soteria::channel {

inline constexpr size_t kMessageBytesMax = size_t{256} << 20;
inline constexpr size_t kTlsBufferBytes = 128 * 1024;
/// A sending key seals at most this many TLS records (RFC 8446, 5.5, says 2^24.5), then is updated.
inline constexpr uint64_t kRecordsPerKeyMax = uint64_t{1} << 23;

class Channel {
 public:
  virtual ~Channel() = default;

  /// RFC 8446 exporter of this TLS session: equal on both ends, different in any other session.
  virtual base::StatusOr<std::string> ExportKey(std::string_view label, std::string_view context,
                                                size_t bytes) = 0;
  virtual base::Status Send(std::string_view message) = 0;
  /// The next message; kProtocol when it announces more than `max_bytes`.
  virtual base::StatusOr<std::string> Receive(size_t max_bytes) = 0;

  /// The bytes inside TLS. Read gives 0 after the peer's close_notify and kIntegrity if the stream
  /// ended without one. Lives as long as the channel; its Close is the channel's.
  virtual base::ByteStream& stream() = 0;
  /// Sends close_notify: no more bytes from here; receiving goes on.
  virtual base::Status CloseWrite() = 0;
  /// close_notify, unless a sender is at work, then closes the underlying stream. A second call
  /// doesn't try the first.
  virtual void Close() = 0;
};

/// Shakes hands as the client or as the server and returns the (still unverified) channel.
base::StatusOr<std::unique_ptr<Channel>> TlsClient(std::unique_ptr<base::ByteStream> stream);
base::StatusOr<std::unique_ptr<Channel>> TlsServer(std::unique_ptr<base::ByteStream> stream,
                                                   const crypto::SelfSigned& certificate);
/// The server of a client that isn't ours (gRPC on the same machine, which knows `certificate`):
/// the same settings, and the client must ask for HTTP/2 by ALPN (RFC 7301).
base::StatusOr<std::unique_ptr<Channel>> TlsServerOfHttp2(std::unique_ptr<base::ByteStream> stream,
                                                          const crypto::SelfSigned& certificate);

}  // namespace soteria::channel
