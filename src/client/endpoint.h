// The local Spark Connect endpoint: a port of this machine's loopback whose connections each get a
// tunnel of their own to the master. Bytes are passed through unread: HTTP/2 is between PySpark and
// the master, and so is the bearer token, which the master checks on every call.
//
// Must hold: what the owner's script is told (`localhost` and a port) is this endpoint and nobody
// else. Both addresses of `localhost` are ours, and the script sends its token, its plans and its
// rows only to who holds the key of this endpoint's certificate, which never leaves this object. No
// tunnel is opened for a client before its TLS handshake is over.
//
// When the session is lost, Refuse cuts off what is open and answers every call from then on with
// the reason (refusal.h), for as long as the endpoint lives.
//
// Open starts a thread that accepts, and one for each connection; Close (or the destructor) ends
// them all. Refuse and Close may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "src/base/status.h"
#include "src/channel/channel.h"

namespace soteria::client {

/// Connections at a time; more are closed at once.
inline constexpr size_t kEndpointConnectionsMax = 64;
/// For a local client's TLS handshake.
inline constexpr int64_t kLocalHandshakeMs = 10'000;

using TunnelFactory = std::function<base::StatusOr<std::unique_ptr<channel::Channel>>()>;

class Endpoint {
 public:
  /// On a free loopback port, with a new certificate. `on_error` hears why a client was turned away
  /// (any thread).
  static base::StatusOr<std::unique_ptr<Endpoint>> Open(
      TunnelFactory open_tunnel, std::function<void(const base::Status&)> on_error,
      int64_t handshake_ms = kLocalHandshakeMs);
  virtual ~Endpoint() = default;

  virtual uint16_t port() const = 0;
  /// Whether it has ::1 too, which a machine may lack.
  virtual bool has_ipv6() const = 0;
  /// What clients must trust, and only they need to know.
  virtual const std::string& certificate_pem() const = 0;
  /// From now on every call fails with `why`; the first reason stays.
  virtual void Refuse(const base::Status& why) = 0;
  virtual void Close() = 0;
};

}  // namespace soteria::client
