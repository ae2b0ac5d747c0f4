// The TLS settings as a foreign peer sees them: OpenSSL's own client and server, set up
// differently.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "src/base/errors.h"
#include "src/channel/wire_for_test.h"

namespace soteria::channel {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, crypto::OpensslDelete<SSL_CTX_free>>;

// Counts what a foreign client sees.
struct Seen {
  int key_updates = 0;
  int tickets = 0;
  int certificate_requests = 0;
};

void Count(int is_write, int /*version*/, int type, const void* bytes, size_t size, SSL*,
           void* arg) {
  if (is_write != 0 || type != SSL3_RT_HANDSHAKE || size == 0) return;
  auto* seen = static_cast<Seen*>(arg);
  const auto message = static_cast<const unsigned char*>(bytes)[0];
  seen->key_updates += message == SSL3_MT_KEY_UPDATE ? 1 : 0;
  seen->tickets += message == SSL3_MT_NEWSESSION_TICKET ? 1 : 0;
  seen->certificate_requests += message == SSL3_MT_CERTIFICATE_REQUEST ? 1 : 0;
}

// OpenSSL's own client on a blocking socket.
class ForeignClient {
 public:
  ForeignClient() : context_(SSL_CTX_new(TLS_client_method())) {}
  SSL_CTX* context() { return context_.get(); }
  SSL* ssl() { return ssl_.get(); }
  Seen& seen() { return seen_; }

  // Takes the descriptor over. Whether the handshake succeeded.
  bool Connect(int fd, SSL_SESSION* session = nullptr) {
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_msg_callback(ssl_.get(), Count);
    SSL_set_msg_callback_arg(ssl_.get(), &seen_);
    if (session != nullptr) SSL_set_session(ssl_.get(), session);
    stream_ = base::StreamFromFd(fd);  // makes it blocking, closes it in the end
    SSL_set_fd(ssl_.get(), fd);
    return SSL_connect(ssl_.get()) == 1;
  }
  bool Write(const std::string& bytes) {
    size_t written = 0;
    return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1;
  }
  std::string Read(size_t size) {
    std::string out(size, '\0');
    size_t filled = 0;
    while (filled < size) {
      size_t got = 0;
      if (SSL_read_ex(ssl_.get(), out.data() + filled, size - filled, &got) != 1) break;
      filled += got;
    }
    out.resize(filled);
    return out;
  }
  void Hang() { stream_->Close(); }

 private:
  ContextPtr context_;
  SslPtr ssl_;
  StreamPtr stream_;
  Seen seen_;
};

class TlsPeerTest : public ::testing::Test {
 protected:
  TlsPeerTest() : fds_(base::SocketPair().value()) {}

  // Our server at the other end.
  std::future<ChannelOr> Serve(uint64_t records_per_key = kRecordsPerKeyMax) {
    return std::async(std::launch::async, [fd = fds_.second, records_per_key] {
      return StartTls(base::StreamFromFd(fd), &CertificateForTest(), records_per_key);
    });
  }
  void ExpectRefused() {
    auto served = Serve();
    EXPECT_FALSE(client_.Connect(fds_.first));
    client_.Hang();
    const ChannelOr server = served.get();
    EXPECT_TRUE(base::Is(server.status(), base::kProtocol)) << base::Message(server.status());
  }

  std::pair<int, int> fds_;
  ForeignClient client_;
};

TEST_F(TlsPeerTest, Tls13WithAes256IsWhatIsSpoken) {
  auto served = Serve();
  ASSERT_TRUE(client_.Connect(fds_.first));
  const ChannelOr server = served.get();
  ASSERT_TRUE(server.ok()) << base::Message(server.status());
  EXPECT_EQ(SSL_version(client_.ssl()), TLS1_3_VERSION);
  EXPECT_STREQ(SSL_get_cipher_name(client_.ssl()), "TLS_AES_256_GCM_SHA384");
}

TEST_F(TlsPeerTest, Tls12ClientIsRefused) {
  SSL_CTX_set_max_proto_version(client_.context(), TLS1_2_VERSION);
  ExpectRefused();
}

TEST_F(TlsPeerTest, OtherCiphersAreRefused) {
  SSL_CTX_set_ciphersuites(client_.context(), "TLS_CHACHA20_POLY1305_SHA256");
  ExpectRefused();
}

TEST_F(TlsPeerTest, OtherGroupsAreRefused) {
  SSL_CTX_set1_groups_list(client_.context(), "P-521:ffdhe2048");
  ExpectRefused();
}

TEST_F(TlsPeerTest, Tls12ServerIsRefused) {
  auto dialled = std::async(std::launch::async,
                            [fd = fds_.second] { return TlsClient(base::StreamFromFd(fd)); });
  const ContextPtr context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_use_certificate(context.get(), CertificateForTest().certificate());
  SSL_CTX_use_PrivateKey(context.get(), CertificateForTest().key());
  const SslPtr ssl(SSL_new(context.get()));
  const StreamPtr stream = base::StreamFromFd(fds_.first);
  SSL_set_fd(ssl.get(), fds_.first);
  EXPECT_NE(SSL_accept(ssl.get()), 1);
  stream->Close();
  EXPECT_FALSE(dialled.get().ok());
}

TEST_F(TlsPeerTest, NoTicketsNoClientCertificateNoResumption) {
  auto served = Serve();
  ASSERT_TRUE(client_.Connect(fds_.first));
  const ChannelOr server = served.get();
  ASSERT_TRUE(server.ok());
  ASSERT_TRUE((*server)->stream().Write("x").ok());
  EXPECT_EQ(client_.Read(1), "x");  // whatever followed the handshake has been read by now
  EXPECT_EQ(client_.seen().tickets, 0);
  EXPECT_EQ(client_.seen().certificate_requests, 0);
  SSL_SESSION* session = SSL_get0_session(client_.ssl());
  EXPECT_EQ(SSL_SESSION_is_resumable(session), 0);

  const std::pair<int, int> again = base::SocketPair().value();
  auto served_again = std::async(std::launch::async, [&] {
    return TlsServer(base::StreamFromFd(again.second), CertificateForTest());
  });
  ForeignClient second;
  ASSERT_TRUE(second.Connect(again.first, session));
  EXPECT_TRUE(served_again.get().ok());
  EXPECT_EQ(SSL_session_reused(second.ssl()), 0);
}

TEST_F(TlsPeerTest, KeysAreUpdatedAfterTheirRecords) {
  auto served = Serve(4);
  ASSERT_TRUE(client_.Connect(fds_.first));
  const ChannelOr server = served.get();
  ASSERT_TRUE(server.ok());
  for (int record = 0; record < 12; ++record) {
    ASSERT_TRUE((*server)->stream().Write("0123").ok());
  }
  EXPECT_EQ(client_.Read(48).size(), 48u);
  EXPECT_EQ(client_.seen().key_updates, 2);  // before the 5th and the 9th record
}

TEST_F(TlsPeerTest, KeyUpdatesThatThePeerAsksForAreAnswered) {
  auto served = Serve();
  ASSERT_TRUE(client_.Connect(fds_.first));
  const ChannelOr server = served.get();
  ASSERT_TRUE(server.ok());
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(SSL_key_update(client_.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_TRUE(client_.Write(std::string("\x02\0\0\0hi", 6)));
    EXPECT_EQ((*server)->Receive(2).value(), "hi");
    ASSERT_TRUE((*server)->stream().Write("yo").ok());
    EXPECT_EQ(client_.Read(2), "yo");
  }
  EXPECT_EQ(client_.seen().key_updates, 50);
}

TEST(TlsErrorQueueTest, LeftoversOfOtherCallsDoNotMatter) {
  ChannelsForTest pair;
  auto sent = std::async(std::launch::async, [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the receiver finds nothing first
    return pair.client->Send("hi").ok();
  });
  ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
  const auto received = pair.server->Receive(2);
  EXPECT_TRUE(received.ok()) << base::Message(received.status());
  EXPECT_TRUE(sent.get());
}

}  // namespace
}  // namespace soteria::channel
