#include "src/channel/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "src/base/errors.h"
#include "src/channel/wire_for_test.h"

namespace soteria::channel {
namespace {

using ::testing::HasSubstr;

std::string Pattern(size_t size, uint32_t seed) {
  std::string bytes(size, '\0');
  uint32_t state = seed * 2654435761u + 1;
  for (char& c : bytes) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return bytes;
}

void ExpectMessage(const base::StatusOr<std::string>& got, const std::string& want) {
  ASSERT_TRUE(got.ok()) << base::Message(got.status());
  EXPECT_TRUE(*got == want) << got->size() << " bytes instead of " << want.size();
}

TEST(ChannelTest, ShakesHandsOverLoopback) {
  const auto listener = base::Listener::Loopback(0).value();
  auto dialled = std::async(
      std::launch::async, [&] { return TlsClient(base::DialLoopback(listener->port()).value()); });
  const ChannelOr server = TlsServer(listener->Accept().value(), CertificateForTest());
  const ChannelOr client = dialled.get();
  ASSERT_TRUE(server.ok()) << base::Message(server.status());
  ASSERT_TRUE(client.ok()) << base::Message(client.status());
  ASSERT_TRUE((*client)->Send("hello").ok());
  ExpectMessage((*server)->Receive(5), "hello");
  ASSERT_TRUE((*server)->Send("answer").ok());
  ExpectMessage((*client)->Receive(100), "answer");
}

TEST(ChannelTest, ExporterIsOneSessionsOwn) {
  ChannelsForTest one;
  ChannelsForTest other;
  const auto value = one.client->ExportKey("EXPORTER-a", "nonce", 32);
  ASSERT_TRUE(value.ok()) << base::Message(value.status());
  EXPECT_EQ(value->size(), 32u);
  EXPECT_EQ(one.server->ExportKey("EXPORTER-a", "nonce", 32).value(), *value);
  EXPECT_NE(one.server->ExportKey("EXPORTER-b", "nonce", 32).value(), *value);
  EXPECT_NE(one.server->ExportKey("EXPORTER-a", "Nonce", 32).value(), *value);
  EXPECT_NE(other.server->ExportKey("EXPORTER-a", "nonce", 32).value(), *value);
  EXPECT_FALSE(one.client->ExportKey("EXPORTER-a", "nonce", 0).ok());
  EXPECT_FALSE(one.client->ExportKey("EXPORTER-a", "nonce", 65).ok());
}

TEST(ChannelTest, MessagesOfManySizesArriveWholeInOrder) {
  ChannelsForTest pair;
  const size_t sizes[] = {0,     1,     2,      16379,  16380,  16381,   16384,
                          16385, 65536, 131068, 131072, 131073, 1048576, 5000001};
  auto sent = std::async(std::launch::async, [&] {
    for (const size_t size : sizes) {
      if (!pair.client->Send(Pattern(size, static_cast<uint32_t>(size))).ok()) return false;
    }
    return true;
  });
  for (const size_t size : sizes) {
    ExpectMessage(pair.server->Receive(size), Pattern(size, static_cast<uint32_t>(size)));
  }
  EXPECT_TRUE(sent.get());
}

TEST(ChannelTest, BothDirectionsProgressAtOnce) {
  // Far more than the sockets buffer: if a blocked sender kept its own receiver from working, both
  // ends would wait for ever.
  ChannelsForTest pair;
  const std::string up = Pattern(20 << 20, 1);
  const std::string down = Pattern(24 << 20, 2);
  auto client_sends = std::async(std::launch::async, [&] { return pair.client->Send(up).ok(); });
  auto server_sends = std::async(std::launch::async, [&] { return pair.server->Send(down).ok(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // let both senders block
  auto client_receives =
      std::async(std::launch::async, [&] { return pair.client->Receive(down.size()); });
  ExpectMessage(pair.server->Receive(up.size()), up);
  ExpectMessage(client_receives.get(), down);
  EXPECT_TRUE(client_sends.get());
  EXPECT_TRUE(server_sends.get());
}

TEST(ChannelTest, SendersTakeTurns) {
  ChannelsForTest pair;
  const std::string a = Pattern(300000, 3);
  const std::string b = Pattern(300000, 4);
  const auto send = [&](const std::string& message) {
    for (int i = 0; i < 20; ++i) {
      if (!pair.client->Send(message).ok()) return false;
    }
    return true;
  };
  auto first = std::async(std::launch::async, send, std::cref(a));
  auto second = std::async(std::launch::async, send, std::cref(b));
  int of_a = 0;
  for (int i = 0; i < 40; ++i) {
    const auto message = pair.server->Receive(300000);
    ASSERT_TRUE(message.ok());
    ASSERT_TRUE(*message == a || *message == b);
    of_a += *message == a ? 1 : 0;
  }
  EXPECT_EQ(of_a, 20);
  EXPECT_TRUE(first.get() && second.get());
}

TEST(ChannelTest, OversizedMessagesAreRefused) {
  ChannelsForTest pair;
  ASSERT_TRUE(pair.client->Send(std::string(101, 'x')).ok());
  const auto refused = pair.server->Receive(100);
  EXPECT_TRUE(base::Is(refused.status(), base::kProtocol)) << base::Message(refused.status());

  ChannelsForTest other;
  ASSERT_TRUE(other.client->stream().Write("\xff\xff\xff\xff").ok());
  EXPECT_TRUE(base::Is(other.server->Receive(SIZE_MAX).status(), base::kProtocol));
}

TEST(ChannelTest, SendRefusesMoreThanTheLimitBeforeSending) {
  ChannelsForTest pair;
  const uint64_t before = pair.client_wire.bytes;
  const std::string small;
  const std::string_view huge(small.data(), kMessageBytesMax + 1);  // never read
  EXPECT_TRUE(base::Is(pair.client->Send(huge), base::kProtocol));
  EXPECT_EQ(pair.client_wire.bytes, before);
}

TEST(ChannelTest, AnnouncedButMissingBytesTakeNoMemory) {
  ChannelsForTest pair;
  const std::string length("\x00\x00\x00\x10", 4);  // 256 MiB
  ASSERT_TRUE(pair.client->stream().Write(length + "only this").ok());
  ASSERT_TRUE(pair.client->CloseWrite().ok());
  EXPECT_TRUE(base::Is(pair.server->Receive(kMessageBytesMax).status(), base::kIntegrity));
}

TEST(ChannelTest, CleanCloseBetweenMessagesIsAnEnd) {
  ChannelsForTest pair;
  ASSERT_TRUE(pair.client->Send("last").ok());
  pair.client->Close();
  ExpectMessage(pair.server->Receive(10), "last");
  const auto end = pair.server->Receive(10);
  EXPECT_TRUE(base::Is(end.status(), base::kIo));
  EXPECT_THAT(base::Message(end.status()), HasSubstr("closed by the peer"));
}

TEST(ChannelTest, CloseNotifyInsideAMessageIsTruncation) {
  for (const std::string& part : {std::string("\x05", 1), std::string("\x05\0\0\0abcd", 8)}) {
    ChannelsForTest pair;
    ASSERT_TRUE(pair.client->stream().Write(part).ok());
    ASSERT_TRUE(pair.client->CloseWrite().ok());
    EXPECT_TRUE(base::Is(pair.server->Receive(10).status(), base::kIntegrity)) << part.size();
  }
}

TEST(ChannelTest, EndOfStreamWithoutCloseNotifyIsTruncation) {
  ChannelsForTest inside;
  ASSERT_TRUE(inside.client->stream().Write(std::string("\x05\0\0\0abcd", 8)).ok());
  inside.client_wire.raw->Close();
  EXPECT_TRUE(base::Is(inside.server->Receive(10).status(), base::kIntegrity));

  ChannelsForTest between;
  ASSERT_TRUE(between.client->Send("whole").ok());
  between.client_wire.raw->Close();
  ExpectMessage(between.server->Receive(10), "whole");
  EXPECT_TRUE(base::Is(between.server->Receive(10).status(), base::kIntegrity));
  char byte = 0;
  EXPECT_TRUE(base::Is(between.server->stream().Read({&byte, 1}).status(), base::kIntegrity));
}

TEST(ChannelTest, HalfCloseLeavesTheOtherDirectionOpen) {
  ChannelsForTest pair;
  ASSERT_TRUE(pair.client->CloseWrite().ok());
  ASSERT_TRUE(pair.client->CloseWrite().ok());
  EXPECT_TRUE(base::Is(pair.client->Send("more"), base::kIo));
  char byte = 0;
  EXPECT_EQ(pair.server->stream().Read({&byte, 1}).value(), 0u);
  const std::string large = Pattern(3 << 20, 5);
  auto sent = std::async(std::launch::async, [&] { return pair.server->Send(large).ok(); });
  ExpectMessage(pair.client->Receive(large.size()), large);
  EXPECT_TRUE(sent.get());
}

TEST(ChannelTest, AlteredBytesAreRefusedForGood) {
  ChannelsForTest pair;
  pair.client_wire.flip_next = true;
  ASSERT_TRUE(pair.client->Send("first").ok());
  ASSERT_TRUE(pair.client->Send("second").ok());
  EXPECT_TRUE(base::Is(pair.server->Receive(10).status(), base::kProtocol));
  EXPECT_FALSE(pair.server->Receive(10).ok());
}

TEST(ChannelTest, CloseUnblocksAReceiver) {
  ChannelsForTest pair;
  auto received = std::async(std::launch::async, [&] { return pair.client->Receive(10); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  pair.client->Close();
  EXPECT_TRUE(base::Is(received.get().status(), base::kIo));
}

TEST(ChannelTest, CloseUnblocksASender) {
  ChannelsForTest pair;
  const std::string large = Pattern(8 << 20, 6);
  const uint64_t before = pair.client_wire.bytes;
  auto sent = std::async(std::launch::async, [&] { return pair.client->Send(large); });
  // The length has gone out as a write of its own; then the sender fills the socket and blocks.
  while (pair.client_wire.bytes < before + kTlsBufferBytes) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  ASSERT_NE(sent.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  pair.client->Close();
  EXPECT_FALSE(sent.get().ok());
  // The peer must not take the piece that arrived for the whole.
  const auto received = pair.server->Receive(large.size());
  EXPECT_TRUE(base::Is(received.status(), base::kIntegrity)) << base::Message(received.status());
}

TEST(ChannelTest, DataRightBehindTheHandshakeIsNotLost) {
  auto [a, b] = StreamPairForTest();
  const std::string large = Pattern(150000, 7);
  auto dialled = std::async(std::launch::async, [&, stream = std::move(a)]() mutable {
    ChannelOr client = TlsClient(std::move(stream));
    if (client.ok()) (*client)->Send(large).IgnoreError();
    return client;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const ChannelOr server = TlsServer(std::move(b), CertificateForTest());
  ASSERT_TRUE(server.ok()) << base::Message(server.status());
  ExpectMessage((*server)->Receive(large.size()), large);
  EXPECT_TRUE(dialled.get().ok());
}

TEST(ChannelTest, PeersThatSpeakNoTlsAreRefused) {
  auto [a, b] = StreamPairForTest();
  ASSERT_TRUE(b->Write("GET / HTTP/1.1\r\n\r\n").ok());
  const ChannelOr client = TlsClient(std::move(a));
  EXPECT_TRUE(base::Is(client.status(), base::kProtocol)) << base::Message(client.status());

  auto [c, d] = StreamPairForTest();
  ASSERT_TRUE(d->Write(std::string(200, '\x16')).ok());
  EXPECT_FALSE(TlsServer(std::move(c), CertificateForTest()).ok());
}

TEST(ChannelTest, PeerThatLeavesDuringTheHandshakeIsAnError) {
  auto [a, b] = StreamPairForTest();
  b->Close();
  EXPECT_FALSE(TlsClient(std::move(a)).ok());
  auto [c, d] = StreamPairForTest();
  ASSERT_TRUE(d->Write("\x16\x03\x01").ok());
  ASSERT_TRUE(d->CloseWrite().ok());
  const ChannelOr server = TlsServer(std::move(c), CertificateForTest());
  EXPECT_TRUE(base::Is(server.status(), base::kIntegrity)) << base::Message(server.status());
}

TEST(ChannelTest, EndlessHandshakeIsRefused) {
  auto [a, b] = StreamPairForTest();
  auto served = std::async(std::launch::async,
                           [&] { return TlsServer(std::move(b), CertificateForTest()).status(); });
  // A ClientHello that says it has 130,000 bytes; OpenSSL itself would wait for all of them.
  std::string hello("\x01\x01\xfb\xd0", 4);
  hello.resize(5 << 14, 'x');
  for (size_t at = 0; at < hello.size(); at += 1 << 14) {
    const std::string record = std::string("\x16\x03\x01\x40\x00", 5) + hello.substr(at, 1 << 14);
    a->Write(record).IgnoreError();
  }
  const bool decided = served.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  a->Close();
  EXPECT_TRUE(decided);
  const base::Status status = served.get();
  EXPECT_TRUE(base::Is(status, base::kProtocol));
  EXPECT_THAT(base::Message(status), HasSubstr("too long"));
}

TEST(ChannelTest, KeyUpdatesLoseNothing) {
  ChannelsForTest pair(2);  // a new key every two records
  const std::string large = Pattern(2 << 20, 8);
  auto up = std::async(std::launch::async, [&] { return pair.client->Send(large).ok(); });
  auto down = std::async(std::launch::async, [&] { return pair.server->Send(large).ok(); });
  auto received =
      std::async(std::launch::async, [&] { return pair.client->Receive(large.size()); });
  ExpectMessage(pair.server->Receive(large.size()), large);
  ExpectMessage(received.get(), large);
  EXPECT_TRUE(up.get() && down.get());
}

}  // namespace
}  // namespace soteria::channel
