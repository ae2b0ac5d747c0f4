// The Spark Connect service at the master's door. It speaks gRPC over sockets that somebody else
// has connected and authenticated (the near end of an attested channel), and turns messages into
// calls on master::Master; it holds no keys and makes no decision of its own about what may leave
// (I3: rows and numbers come as master::Permitted only).
//
// Every RPC must carry the bearer token that master::Master::AuthoriseToken accepts. All methods
// may be called from any thread.
#pragma once

#include <memory>

#include "src/master/master.h"

namespace soteria::connect {

class Server {
 public:
  virtual ~Server() = default;

  /// Starts serving. `master` must outlive the server. Null when gRPC refuses to start.
  static std::unique_ptr<Server> Start(master::Master& master);

  /// Serves HTTP/2 on a connected, non-blocking stream socket, which it owns from now on.
  virtual void AddConnection(int fd) = 0;

  /// Cancels what runs, waits for it and ends all connections. Later connections are closed at
  /// once.
  virtual void Shutdown() = 0;
};

}  // namespace soteria::connect
