#include "src/client/endpoint.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "src/base/errors.h"
#include "src/base/net.h"
#include "src/channel/local_client_for_test.h"
#include "src/crypto/openssl.h"

namespace soteria::client {
namespace {

// The far end of the tunnels: TLS that echoes.
class Echo {
 public:
  Echo() : listener_(*base::Listener::Loopback(0)), certificate_(*crypto::SelfSigned::Generate()) {
    acceptor_ = std::thread([this] {
      while (true) {
        auto stream = listener_->Accept();
        if (!stream.ok()) return;
        auto channel = channel::TlsServer(*std::move(stream), certificate_);
        if (!channel.ok()) continue;
        std::shared_ptr<channel::Channel> shared = *std::move(channel);
        channels_.push_back(shared);
        threads_.emplace_back([shared] {
          char block[4096];
          while (true) {
            auto got = shared->stream().Read(block);
            if (!got.ok() || *got == 0) break;
            if (!shared->stream().Write({block, *got}).ok()) break;
          }
          shared->CloseWrite().IgnoreError();
        });
      }
    });
  }
  ~Echo() {
    listener_->Close();
    acceptor_.join();
    for (auto& channel : channels_) channel->Close();
    for (std::thread& thread : threads_) thread.join();
  }
  TunnelFactory Factory() {
    return [port = listener_->port()]() -> base::StatusOr<std::unique_ptr<channel::Channel>> {
      SOTERIA_ASSIGN_OR_RETURN(auto stream, base::DialLoopback(port));
      return channel::TlsClient(std::move(stream));
    };
  }

 private:
  std::unique_ptr<base::Listener> listener_;
  crypto::SelfSigned certificate_;
  std::vector<std::shared_ptr<channel::Channel>> channels_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

void IgnoreErrors(const base::Status&) {}

using Client = channel::LocalClientForTest;
using EndpointOr = base::StatusOr<std::unique_ptr<Endpoint>>;

channel::LocalClientOptions Trusting(const EndpointOr& endpoint) {
  channel::LocalClientOptions options;
  options.roots_pem = (*endpoint)->certificate_pem();
  return options;
}

std::unique_ptr<Client> Connect(const EndpointOr& endpoint) {
  auto client = std::make_unique<Client>((*endpoint)->port(), Trusting(endpoint));
  EXPECT_TRUE(client->connected());
  return client;
}

std::string ReadToEnd(base::ByteStream& stream) {
  std::string all;
  char block[4096];
  while (true) {
    auto got = stream.Read(block);
    if (!got.ok() || *got == 0) return all;
    all.append(block, *got);
  }
}

TEST(Endpoint, EachConnectionHasItsOwnTunnel) {
  Echo echo;
  std::atomic<int> tunnels = 0;
  TunnelFactory factory = echo.Factory();
  auto endpoint = Endpoint::Open(
      [&] {
        ++tunnels;
        return factory();
      },
      IgnoreErrors);
  ASSERT_TRUE(endpoint.ok());
  ASSERT_NE((*endpoint)->port(), 0);
  std::vector<std::unique_ptr<Client>> locals;
  for (int i = 0; i < 5; ++i) {
    locals.push_back(Connect(endpoint));
    ASSERT_TRUE(locals.back()->Write("connection " + std::to_string(i)));
  }
  for (int i = 0; i < 5; ++i) {
    locals[static_cast<size_t>(i)]->CloseWrite();
    EXPECT_EQ(locals[static_cast<size_t>(i)]->ReadToEnd(), "connection " + std::to_string(i));
  }
  EXPECT_EQ(tunnels, 5);
}

TEST(Endpoint, CarriesMuchMoreThanABuffer) {
  Echo echo;
  auto endpoint = Endpoint::Open(echo.Factory(), IgnoreErrors);
  auto local = Connect(endpoint);
  std::string sent(8 << 20, 'x');
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 2654435761U >> 13);
  constexpr size_t kPiece = 64 << 10;  // an echo that nobody reads would block both
  for (size_t at = 0; at < sent.size(); at += kPiece) {
    ASSERT_TRUE(local->Write(std::string_view(sent).substr(at, kPiece)));
    ASSERT_EQ(local->Read(kPiece), sent.substr(at, kPiece)) << at;
  }
}

TEST(Endpoint, ATunnelThatDoesNotOpenClosesItsConnectionOnly) {
  Echo echo;
  std::atomic<int> errors = 0;
  std::atomic<bool> fail = true;
  TunnelFactory factory = echo.Factory();
  auto endpoint = Endpoint::Open(
      [&]() -> base::StatusOr<std::unique_ptr<channel::Channel>> {
        if (fail) return base::Fail(base::kUnauthenticated, "no");
        return factory();
      },
      [&](const base::Status& why) {
        EXPECT_TRUE(base::Is(why, base::kUnauthenticated));
        ++errors;
      });
  EXPECT_EQ(Connect(endpoint)->ReadToEnd(), "");
  while (errors == 0) std::this_thread::yield();
  fail = false;
  auto local = Connect(endpoint);
  ASSERT_TRUE(local->Write("again"));
  EXPECT_EQ(local->Read(5), "again");
  EXPECT_EQ(errors, 1);
}

TEST(Endpoint, CloseEndsOpenConnections) {
  Echo echo;
  auto endpoint = Endpoint::Open(echo.Factory(), IgnoreErrors);
  auto local = Connect(endpoint);
  ASSERT_TRUE(local->Write("x"));
  ASSERT_EQ(local->Read(1), "x");
  std::thread closer([&] { (*endpoint)->Close(); });
  EXPECT_EQ(local->ReadToEnd(), "");
  closer.join();
  EXPECT_FALSE(base::DialLoopback((*endpoint)->port()).ok());
}

TEST(Endpoint, ManyShortConnectionsAreForgotten) {
  Echo echo;
  auto endpoint = Endpoint::Open(echo.Factory(), IgnoreErrors);
  for (size_t i = 0; i < kEndpointConnectionsMax + 20; ++i) {
    auto local = Connect(endpoint);
    ASSERT_TRUE(local->Write("x"));
    ASSERT_EQ(local->Read(1), "x") << i;
  }
}

// What `localhost` names is ours at every address, so that nobody else can answer there.
TEST(Endpoint, BothAddressesOfLocalHostAreServed) {
  Echo echo;
  auto endpoint = Endpoint::Open(echo.Factory(), IgnoreErrors);
  ASSERT_TRUE(endpoint.ok());
  if (!(*endpoint)->has_ipv6()) GTEST_SKIP() << "no ::1 on this machine";
  channel::LocalClientOptions options = Trusting(endpoint);
  for (const char* host : {"127.0.0.1", "[::1]"}) {
    options.host = host;
    Client local((*endpoint)->port(), options);
    ASSERT_TRUE(local.connected()) << host;
    ASSERT_TRUE(local.Write(host));
    EXPECT_EQ(local.Read(std::string_view(host).size()), host);
  }
}

class RefusingEndpoint : public ::testing::Test {
 protected:
  RefusingEndpoint()
      : endpoint_(Endpoint::Open(
            [this, factory = echo_.Factory()] {
              ++tunnels_;
              return factory();
            },
            [this](const base::Status& why) {
              EXPECT_TRUE(base::Is(why, base::kProtocol)) << base::Message(why);
              ++errors_;
            })) {}
  void ExpectRefused(const channel::LocalClientOptions& options) {
    const int before = errors_;
    Client client((*endpoint_)->port(), options);
    EXPECT_TRUE(client.dialled());
    EXPECT_FALSE(client.connected());
    WaitForErrors(before + 1);
  }
  void WaitForErrors(int count) {
    while (errors_ < count) std::this_thread::yield();
    EXPECT_EQ(tunnels_, 0);
  }

  Echo echo_;
  std::atomic<int> tunnels_ = 0;
  std::atomic<int> errors_ = 0;
  EndpointOr endpoint_;
};

// Nothing of a client that doesn't speak TLS reaches the master.
TEST_F(RefusingEndpoint, Plaintext) {
  const char* const firsts[] = {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"};
  for (int i = 0; i < 2; ++i) {
    auto local = *base::DialLoopback((*endpoint_)->port());
    ASSERT_TRUE(local->Write(firsts[i]).ok());
    EXPECT_LT(ReadToEnd(*local).size(), 10U);  // TLS's alert
    WaitForErrors(i + 1);
  }
}

TEST_F(RefusingEndpoint, OlderTls) {
  channel::LocalClientOptions options = Trusting(endpoint_);
  options.version_max = TLS1_2_VERSION;
  ExpectRefused(options);
}

TEST_F(RefusingEndpoint, WhoDoesNotAskForHttp2) {
  channel::LocalClientOptions options = Trusting(endpoint_);
  options.alpn = std::string("\x08http/1.1", 9);
  ExpectRefused(options);
  options.alpn.clear();
  Client client((*endpoint_)->port(), options);  // learns of it after its own last message
  EXPECT_EQ(client.ReadToEnd(), "");
  WaitForErrors(2);
}

// The client does it, which is the point: it sends nothing to who can't show the certificate.
TEST_F(RefusingEndpoint, WhoTrustsAnotherSessionsEndpoint) {
  const auto other = Endpoint::Open(echo_.Factory(), IgnoreErrors);
  ExpectRefused(Trusting(other));
  ExpectRefused({});
}

TEST_F(RefusingEndpoint, AHandshakeThatNeverEnds) {
  const auto impatient = Endpoint::Open(echo_.Factory(), IgnoreErrors, 100);
  auto local = *base::DialLoopback((*impatient)->port());
  EXPECT_EQ(ReadToEnd(*local), "");
}

// What a client needs to make a call, and nothing of the call itself.
std::string Call(uint32_t stream) {
  std::string headers("\0\0\0\x01\x04\0\0\0", 8);
  return headers + static_cast<char>(stream);
}

TEST(Endpoint, ALostSessionIsToldToEveryCall) {
  Echo echo;
  auto endpoint = Endpoint::Open(echo.Factory(), IgnoreErrors);
  auto before = Connect(endpoint);
  ASSERT_TRUE(before->Write("x"));
  ASSERT_EQ(before->Read(1), "x");
  (*endpoint)->Refuse(base::Fail(base::kMasterLost, "the host is gone"));
  (*endpoint)->Refuse(base::Fail(base::kMasterLost, "another reason"));
  EXPECT_EQ(before->ReadToEnd(), "");
  for (int i = 0; i < 2; ++i) {
    auto after = Connect(endpoint);
    ASSERT_TRUE(after->Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Call(1) + Call(3)));
    after->CloseWrite();
    const std::string answer = after->ReadToEnd();
    const size_t first = answer.find("[SOTERIA.MASTER_LOST] the host is gone");
    ASSERT_NE(first, std::string::npos);
    EXPECT_NE(answer.find("the host is gone", first + 30), std::string::npos);
    EXPECT_EQ(answer.find("another reason"), std::string::npos);
  }
  auto odd = Connect(endpoint);
  ASSERT_TRUE(odd->Write("GET / HTTP/1.1\r\n\r\n"));
  odd->ReadToEnd();  // ends, and the endpoint lives on
  EXPECT_TRUE(Connect(endpoint)->connected());
}

}  // namespace
}  // namespace soteria::client
