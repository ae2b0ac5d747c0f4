// The local Spark Connect endpoint: a loopback port whose connections each get a tunnel of their
// own to the master. Bytes are passed through unread: HTTP/2 is between PySpark and the master, and
// so is the bearer token, which the master checks on every call.
//
// Open starts a thread that accepts, and one for each connection; Close (or the destructor) ends
// them all. Close may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "src/base/status.h"
#include "src/channel/channel.h"

namespace soteria::client {

/// Connections at a time; more are closed at once.
inline constexpr size_t kEndpointConnectionsMax = 64;

using TunnelFactory = std::function<base::StatusOr<std::unique_ptr<channel::Channel>>()>;

class Endpoint {
 public:
  /// On a free loopback port. `on_error` hears why a tunnel could not be opened (any thread).
  static base::StatusOr<std::unique_ptr<Endpoint>> Open(
      TunnelFactory open_tunnel, std::function<void(const base::Status&)> on_error);
  virtual ~Endpoint() = default;

  virtual uint16_t port() const = 0;
  virtual void Close() = 0;
};

}  // namespace soteria::client
