// Connections for tests: socket pairs whose bytes a test may watch, alter or cut, and pairs of TLS
// channels over them. Shipped programs do not include this header. Threads as base::ByteStream.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "src/base/check.h"
#include "src/base/env.h"
#include "src/base/net.h"
#include "src/channel/channel.h"
#include "src/channel/tls_channel.h"
#include "src/crypto/openssl.h"

namespace soteria::channel {

using StreamPtr = std::unique_ptr<base::ByteStream>;

inline std::pair<StreamPtr, StreamPtr> StreamPairForTest() {
  auto fds = base::SocketPair();
  CHECK(fds.ok());
  return {base::StreamFromFd(fds->first), base::StreamFromFd(fds->second)};
}

/// What a test can do to the bytes that one end sends. Outlives the stream.
struct WireForTest {
  std::atomic<bool> flip_next = false;  // one bit in the middle of the next write
  std::atomic<uint64_t> bytes = 0;      // written so far
  base::ByteStream* raw = nullptr;      // Close() cuts the connection without a word
};

class WatchedStreamForTest : public base::ByteStream {
 public:
  WatchedStreamForTest(StreamPtr stream, WireForTest& wire)
      : stream_(std::move(stream)), wire_(wire) {
    wire_.raw = stream_.get();
  }
  base::StatusOr<size_t> Read(std::span<char> out) override { return stream_->Read(out); }
  base::Status Write(std::string_view bytes) override {
    wire_.bytes += bytes.size();
    if (!wire_.flip_next.exchange(false)) return stream_->Write(bytes);
    std::string altered(bytes);
    altered[altered.size() / 2] = static_cast<char>(altered[altered.size() / 2] ^ 0x10);
    return stream_->Write(altered);
  }
  void Close() override { stream_->Close(); }

 private:
  StreamPtr stream_;
  WireForTest& wire_;
};

inline const crypto::SelfSigned& CertificateForTest() {
  static const auto* const certificate =
      new crypto::SelfSigned(crypto::SelfSigned::Generate().value());
  return *certificate;
}

using ChannelPtr = std::unique_ptr<Channel>;
using ChannelOr = base::StatusOr<ChannelPtr>;

/// Both handshakes at once: (client's, server's).
inline std::pair<ChannelOr, ChannelOr> HandshakeForTest(
    StreamPtr client, StreamPtr server, uint64_t records_per_key = kRecordsPerKeyMax) {
  auto accepted = std::async(std::launch::async, [&] {
    return StartTls(std::move(server), &CertificateForTest(), records_per_key);
  });
  ChannelOr dialled = StartTls(std::move(client), nullptr, records_per_key);
  return {std::move(dialled), accepted.get()};
}

struct ChannelsForTest {
  explicit ChannelsForTest(uint64_t records_per_key = kRecordsPerKeyMax) {
    auto [a, b] = StreamPairForTest();
    auto [c, s] = HandshakeForTest(
        std::make_unique<WatchedStreamForTest>(std::move(a), client_wire),
        std::make_unique<WatchedStreamForTest>(std::move(b), server_wire), records_per_key);
    CHECK(c.ok() && s.ok());
    client = *std::move(c);
    server = *std::move(s);
  }

  WireForTest client_wire;  // what the client sends
  WireForTest server_wire;
  ChannelPtr client;
  ChannelPtr server;
};

}  // namespace soteria::channel
