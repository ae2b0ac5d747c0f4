#include "src/client/endpoint.h"

#include <chrono>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "src/base/errors.h"
#include "src/base/net.h"
#include "src/channel/pump.h"
#include "src/client/opening_guard.h"
#include "src/client/refusal.h"
#include "src/crypto/openssl.h"

namespace soteria::client {
namespace {

// A client's bytes are answered in pieces of this size, since an answer is larger than its call.
constexpr size_t kRefusedBytes = 4 * 1024;
// Until the next try when accepting failed (no descriptors left, say).
constexpr auto kAcceptAgain = std::chrono::milliseconds(100);

using ChannelOr = base::StatusOr<std::unique_ptr<channel::Channel>>;

class LoopbackEndpoint : public Endpoint {
 public:
  LoopbackEndpoint(std::unique_ptr<base::Listener> listener, crypto::SelfSigned certificate,
                   std::string certificate_pem, TunnelFactory open_tunnel,
                   std::function<void(const base::Status&)> on_error, int64_t handshake_ms)
      : listener_(std::move(listener)),
        certificate_(std::move(certificate)),
        certificate_pem_(std::move(certificate_pem)),
        open_tunnel_(std::move(open_tunnel)),
        on_error_(std::move(on_error)),
        handshakes_(handshake_ms) {
    acceptor_ = std::thread([this] { AcceptAll(); });
  }

  ~LoopbackEndpoint() override { Close(); }

  uint16_t port() const override { return listener_->port(); }
  bool has_ipv6() const override { return listener_->has_ipv6(); }
  const std::string& certificate_pem() const override { return certificate_pem_; }

  void Refuse(const base::Status& why) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!refused_.ok()) return;
    refused_ = why;
    for (Connection& connection : connections_) CloseEnds(connection);
  }

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
    std::shared_ptr<base::ByteStream> local;
    std::unique_ptr<channel::Channel> tunnel;
    std::thread thread;
    bool done = false;
  };

  // The local stream itself: ending TLS in order could wait for a client that doesn't read.
  static void CloseEnds(Connection& connection) {
    connection.local->Close();
    if (connection.tunnel != nullptr) connection.tunnel->Close();
  }

  void AcceptAll() {
    while (true) {
      base::StatusOr<std::unique_ptr<base::ByteStream>> local = listener_->Accept();
      if (base::Is(local.status(), base::kCancelled)) return;
      if (!local.ok()) {
        on_error_(local.status());
        std::this_thread::sleep_for(kAcceptAgain);
        continue;
      }
      RemoveDone();
      const std::lock_guard<std::mutex> lock(mutex_);
      if (closed_ || connections_.size() >= kEndpointConnectionsMax) {
        (*local)->Close();
        continue;
      }
      connections_.emplace_back();
      Connection& connection = connections_.back();
      connection.local = *std::move(local);
      connection.thread = std::thread([this, &connection] { Run(connection); });
    }
  }

  void Run(Connection& connection) {
    const base::Status served = Serve(connection);
    bool tell = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      CloseEnds(connection);
      tell = !served.ok() && !closed_ && refused_.ok();
    }
    if (tell) on_error_(served);
    const std::lock_guard<std::mutex> lock(mutex_);
    connection.done = true;
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

  ChannelOr ShakeHands(const std::shared_ptr<base::ByteStream>& local) {
    const OpeningGuards::Guard guard(handshakes_, local);
    ChannelOr client = channel::TlsServerOfHttp2(Forwarding(local), certificate_);
    if (client.ok()) return client;
    return base::WithContext(client.status(), "the client didn't finish the TLS handshake");
  }

  base::Status refused() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return refused_;
  }

  // Why the client was turned away; OK when it was served, however that ended.
  base::Status Serve(Connection& connection) {
    SOTERIA_ASSIGN_OR_RETURN(const auto client, ShakeHands(connection.local));
    if (const base::Status why = refused(); !why.ok()) {
      Answer(client->stream(), why);
      return base::OkStatus();
    }
    SOTERIA_ASSIGN_OR_RETURN(auto tunnel, open_tunnel_());
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      connection.tunnel = std::move(tunnel);
      if (closed_ || !refused_.ok()) return base::OkStatus();
    }
    // A broken pipe is what the command sees of a lost master; the session reports the reason.
    channel::Pump(connection.tunnel->stream(), client->stream()).IgnoreError();
    return base::OkStatus();
  }

  static void Answer(base::ByteStream& client, const base::Status& why) {
    Refusal refusal(why);
    base::Status sent = client.Write(refusal.Greeting());
    char block[kRefusedBytes];
    while (sent.ok()) {
      const base::StatusOr<size_t> got = client.Read(block);
      if (!got.ok() || *got == 0) return;
      const base::StatusOr<std::string> answer = refusal.Answer({block, *got});
      sent = answer.ok() ? client.Write(*answer) : answer.status();
    }
  }

  std::unique_ptr<base::Listener> listener_;
  const crypto::SelfSigned certificate_;
  const std::string certificate_pem_;
  TunnelFactory open_tunnel_;
  std::function<void(const base::Status&)> on_error_;
  OpeningGuards handshakes_;
  std::mutex close_mutex_;
  std::mutex mutex_;  // guards connections_, refused_ and closed_
  std::list<Connection> connections_;
  base::Status refused_;
  bool closed_ = false;
  std::thread acceptor_;
};

}  // namespace

base::StatusOr<std::unique_ptr<Endpoint>> Endpoint::Open(
    TunnelFactory open_tunnel, std::function<void(const base::Status&)> on_error,
    int64_t handshake_ms) {
  SOTERIA_ASSIGN_OR_RETURN(auto certificate, crypto::SelfSigned::ForLocalHost());
  SOTERIA_ASSIGN_OR_RETURN(std::string pem, certificate.CertificatePem());
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::Listener> listener, base::Listener::LocalHost());
  return std::unique_ptr<Endpoint>(std::make_unique<LoopbackEndpoint>(
      std::move(listener), std::move(certificate), std::move(pem), std::move(open_tunnel),
      std::move(on_error), handshake_ms));
}

}  // namespace soteria::client
