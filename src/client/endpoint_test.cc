#include "src/client/endpoint.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "src/base/errors.h"
#include "src/base/net.h"
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
  std::vector<std::unique_ptr<base::ByteStream>> locals;
  for (int i = 0; i < 5; ++i) {
    locals.push_back(*base::DialLoopback((*endpoint)->port()));
    ASSERT_TRUE(locals.back()->Write("connection " + std::to_string(i)).ok());
  }
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(locals[static_cast<size_t>(i)]->CloseWrite().ok());
    EXPECT_EQ(ReadToEnd(*locals[static_cast<size_t>(i)]), "connection " + std::to_string(i));
  }
  EXPECT_EQ(tunnels, 5);
}

TEST(Endpoint, CarriesMuchMoreThanABuffer) {
  Echo echo;
  auto endpoint = Endpoint::Open(echo.Factory(), IgnoreErrors);
  auto local = *base::DialLoopback((*endpoint)->port());
  std::string sent(8 << 20, 'x');
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 2654435761U >> 13);
  std::thread writer([&] {
    EXPECT_TRUE(local->Write(sent).ok());
    EXPECT_TRUE(local->CloseWrite().ok());
  });
  EXPECT_EQ(ReadToEnd(*local), sent);
  writer.join();
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
  auto refused = *base::DialLoopback((*endpoint)->port());
  EXPECT_EQ(ReadToEnd(*refused), "");
  EXPECT_EQ(errors, 1);
  fail = false;
  auto local = *base::DialLoopback((*endpoint)->port());
  ASSERT_TRUE(local->Write("again").ok());
  ASSERT_TRUE(local->CloseWrite().ok());
  EXPECT_EQ(ReadToEnd(*local), "again");
}

TEST(Endpoint, CloseEndsOpenConnections) {
  Echo echo;
  auto endpoint = Endpoint::Open(echo.Factory(), IgnoreErrors);
  auto local = *base::DialLoopback((*endpoint)->port());
  ASSERT_TRUE(local->Write("x").ok());
  char block[8];
  ASSERT_TRUE(local->Read(block).ok());
  std::thread closer([&] { (*endpoint)->Close(); });
  EXPECT_EQ(ReadToEnd(*local), "");
  closer.join();
  EXPECT_FALSE(base::DialLoopback((*endpoint)->port()).ok());
}

TEST(Endpoint, ManyShortConnectionsAreForgotten) {
  Echo echo;
  auto endpoint = Endpoint::Open(echo.Factory(), IgnoreErrors);
  for (size_t i = 0; i < kEndpointConnectionsMax + 20; ++i) {
    auto local = *base::DialLoopback((*endpoint)->port());
    ASSERT_TRUE(local->Write("x").ok());
    ASSERT_TRUE(local->CloseWrite().ok());
    ASSERT_EQ(ReadToEnd(*local), "x") << i;
  }
}

}  // namespace
}  // namespace soteria::client
