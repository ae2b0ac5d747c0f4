// TCP and socket pairs as byte streams. The only place with sockets.
//
// Every TCP stream has TCP_NODELAY. Listening is on the loopback interface only. Failures are kIo
// with the address and the system's reason. Listener::Close may be called from any thread and ends
// a waiting Accept; one thread at a time accepts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::base {

/// How long a dial waits for an answer.
inline constexpr int kDialTimeoutMs = 10'000;

/// 127.0.0.1.
StatusOr<std::unique_ptr<ByteStream>> DialLoopback(uint16_t port);
/// A host name or numeric address; tries each of its addresses.
StatusOr<std::unique_ptr<ByteStream>> Dial(const std::string& host, uint16_t port);

class Listener {
 public:
  virtual ~Listener() = default;
  /// On 127.0.0.1; port 0 takes any free one. The error names the port when it is in use.
  static StatusOr<std::unique_ptr<Listener>> Loopback(uint16_t port);
  /// On a free port of all that `localhost` means, 127.0.0.1 and ::1, so that nobody else on this
  /// machine answers at either; on 127.0.0.1 alone where the machine has no ::1.
  static StatusOr<std::unique_ptr<Listener>> LocalHost();
  virtual uint16_t port() const = 0;
  /// Whether it listens on ::1 too.
  virtual bool has_ipv6() const = 0;
  /// Waits for a connection; kCancelled after Close.
  virtual StatusOr<std::unique_ptr<ByteStream>> Accept() = 0;
  virtual void Close() = 0;
};

/// Two connected Unix stream sockets, non-blocking and close-on-exec. The caller owns both.
StatusOr<std::pair<int, int>> SocketPair();
/// Takes ownership of a connected stream socket, blocking or not.
std::unique_ptr<ByteStream> StreamFromFd(int fd);

}  // namespace soteria::base
