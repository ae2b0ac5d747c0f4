#include "src/client/endpoint.h"

#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "src/base/net.h"
#include "src/channel/pump.h"

namespace soteria::client {
namespace {

class LoopbackEndpoint : public Endpoint {
 public:
  LoopbackEndpoint(std::unique_ptr<base::Listener> listener, TunnelFactory open_tunnel,
                   std::function<void(const base::Status&)> on_error)
      : listener_(std::move(listener)),
        open_tunnel_(std::move(open_tunnel)),
        on_error_(std::move(on_error)) {
    acceptor_ = std::thread([this] { AcceptAll(); });
  }

  ~LoopbackEndpoint() override { Close(); }

  uint16_t port() const override { return listener_->port(); }

  void Close() override {
    const std::lock_guard<std::mutex> only_one(close_mutex_);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      closed_ = true;
      for (Connection& connection : connections_) CloseEnds(connection);
    }
    listener_->Close();
    if (acceptor_.joinable()) acceptor_.join();
    for (Connection& connection : connections_) {
      if (connection.thread.joinable()) connection.thread.join();
    }
    connections_.clear();
  }

 private:
  struct Connection {
    std::unique_ptr<base::ByteStream> local;
    std::unique_ptr<channel::Channel> tunnel;
    std::thread thread;
    bool done = false;
  };

  static void CloseEnds(Connection& connection) {
    connection.local->Close();
    if (connection.tunnel != nullptr) connection.tunnel->Close();
  }

  void AcceptAll() {
    while (true) {
      base::StatusOr<std::unique_ptr<base::ByteStream>> local = listener_->Accept();
      if (!local.ok()) return;
      RemoveDone();
      const std::lock_guard<std::mutex> lock(mutex_);
      if (closed_ || connections_.size() >= kEndpointConnectionsMax) {
        (*local)->Close();
        continue;
      }
      connections_.emplace_back();
      Connection& connection = connections_.back();
      connection.local = *std::move(local);
      connection.thread = std::thread([this, &connection] { Serve(connection); });
    }
  }

  void RemoveDone() {
    std::list<Connection> done;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (auto it = connections_.begin(); it != connections_.end();) {
        auto next = std::next(it);
        if (it->done) done.splice(done.end(), connections_, it);
        it = next;
      }
    }
    for (Connection& connection : done) connection.thread.join();
  }

  void Serve(Connection& connection) {
    base::StatusOr<std::unique_ptr<channel::Channel>> tunnel = open_tunnel_();
    bool go_on = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (tunnel.ok()) connection.tunnel = *std::move(tunnel);
      go_on = connection.tunnel != nullptr && !closed_;
    }
    if (!tunnel.ok()) on_error_(tunnel.status());
    // A broken pipe is what the command sees of a lost master; the session reports the reason.
    if (go_on) channel::Pump(connection.tunnel->stream(), *connection.local).IgnoreError();
    const std::lock_guard<std::mutex> lock(mutex_);
    CloseEnds(connection);
    connection.done = true;
  }

  std::unique_ptr<base::Listener> listener_;
  TunnelFactory open_tunnel_;
  std::function<void(const base::Status&)> on_error_;
  std::mutex close_mutex_;
  std::mutex mutex_;  // guards connections_ and closed_
  std::list<Connection> connections_;
  bool closed_ = false;
  std::thread acceptor_;
};

}  // namespace

base::StatusOr<std::unique_ptr<Endpoint>> Endpoint::Open(
    TunnelFactory open_tunnel, std::function<void(const base::Status&)> on_error) {
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::Listener> listener, base::Listener::Loopback(0));
  return std::unique_ptr<Endpoint>(std::make_unique<LoopbackEndpoint>(
      std::move(listener), std::move(open_tunnel), std::move(on_error)));
}

}  // namespace soteria::client
