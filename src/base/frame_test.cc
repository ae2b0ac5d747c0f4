#include "src/base/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/net.h"

namespace soteria::base {
namespace {

/// What a peer sent, in pieces of at most `piece` bytes; notes how much memory the reader offered.
class Script : public ByteStream {
 public:
  Script(std::string bytes, size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  StatusOr<size_t> Read(std::span<char> out) override {
    const size_t taken = std::min({out.size(), piece_, bytes_.size() - at_});
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), taken, out.begin());
    at_ += taken;
    largest_read_ = std::max(largest_read_, out.size());
    return taken;
  }
  Status Write(std::string_view bytes) override {
    written_ += bytes;
    return OkStatus();
  }
  void Close() override {}
  const std::string& written() const { return written_; }
  size_t largest_read() const { return largest_read_; }

 private:
  std::string bytes_;
  size_t piece_;
  size_t at_ = 0;
  size_t largest_read_ = 0;
  std::string written_;
};

std::string Wire(uint8_t kind, uint64_t id, std::string_view payload) {
  auto script = std::make_unique<Script>("", 1);
  Script& seen = *script;
  FrameConnection connection(std::move(script));
  EXPECT_TRUE(connection.Send(kind, id, payload).ok());
  return seen.written();
}

std::string Length(uint32_t length) {
  std::string bytes(4, '\0');
  PutLe32(length, bytes.data());
  return bytes;
}

TEST(Frame, BytesOnTheWire) {
  EXPECT_EQ(Hex(Wire(7, 0x0102030405060708, "ab")),
            "0b000000"
            "07"
            "0807060504030201"
            "6162");
  EXPECT_EQ(Hex(Wire(255, 0, "")),
            "09000000"
            "ff"
            "0000000000000000");
}

TEST(Frame, ComesBackWhateverThePieces) {
  std::string payload;
  for (int i = 0; i < 200'000; ++i) payload += static_cast<char>(i * 7);
  const std::string wire = Wire(1, 2, payload) + Wire(3, 4, "") + Wire(5, 6, "x");
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{13}, size_t{65536}, size_t{1} << 20}) {
    FrameConnection connection(std::make_unique<Script>(wire, piece));
    const auto first = connection.Receive();
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(first->kind, 1);
    EXPECT_EQ(first->id, 2U);
    EXPECT_EQ(first->payload, payload);
    const auto second = connection.Receive();
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(second->kind, 3);
    EXPECT_EQ(second->payload, "");
    const auto third = connection.Receive();
    ASSERT_TRUE(third.ok());
    EXPECT_EQ(third->id, 6U);
    EXPECT_EQ(third->payload, "x");
    EXPECT_TRUE(Is(connection.Receive().status(), kIo));
  }
}

TEST(Frame, RefusesLengthsOutOfBounds) {
  for (const uint32_t length :
       {0U, 1U, 8U, static_cast<uint32_t>(kFrameBytesMax) + 1, 0xFFFFFFFFU}) {
    const std::string wire = Length(length) + std::string(64, 'x');
    FrameConnection connection(std::make_unique<Script>(wire, 1000));
    EXPECT_TRUE(Is(connection.Receive().status(), kProtocol)) << length;
  }
}

TEST(Frame, RefusesEveryTruncation) {
  const std::string wire = Wire(1, 2, "payload");
  for (size_t size = 0; size < wire.size(); ++size) {
    FrameConnection connection(std::make_unique<Script>(wire.substr(0, size), 1000));
    EXPECT_TRUE(Is(connection.Receive().status(), kIo)) << size;
  }
}

// A peer that declares 256 MiB and sends a few bytes must not make us fill 256 MiB.
TEST(Frame, MemoryGrowsWithWhatArrives) {
  const std::string wire = Length(static_cast<uint32_t>(kFrameBytesMax)) + std::string(1000, 'x');
  auto script = std::make_unique<Script>(wire, 100);
  const Script& seen = *script;
  FrameConnection connection(std::move(script));
  EXPECT_TRUE(Is(connection.Receive().status(), kIo));
  EXPECT_LE(seen.largest_read(), size_t{1} << 20);
}

TEST(Frame, ReceivesNoMoreMemoryThanDeclared) {
  const size_t size = (size_t{11} << 20) + 12345;  // several steps
  const std::string wire = Wire(1, 2, std::string(size, 'y'));
  FrameConnection connection(std::make_unique<Script>(wire, size_t{1} << 20));
  const auto frame = connection.Receive();
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame->payload, std::string(size, 'y'));
  EXPECT_LE(frame->payload.capacity(), size);
}

TEST(Frame, RefusesToSendTooMuch) {
  auto script = std::make_unique<Script>("", 1);
  const Script& seen = *script;
  FrameConnection connection(std::move(script));
  const std::string payload(kFramePayloadBytesMax + 1, '\0');
  EXPECT_TRUE(Is(connection.Send(1, 2, payload), kProtocol));
  EXPECT_EQ(seen.written(), "");
}

std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> Streams() {
  const auto fds = SocketPair();
  EXPECT_TRUE(fds.ok());
  return {StreamFromFd(fds->first), StreamFromFd(fds->second)};
}

TEST(Frame, LargestFrameOverASocket) {
  auto [near, far] = Streams();
  FrameConnection sender(std::move(near));
  FrameConnection receiver(std::move(far));
  std::string payload(kFramePayloadBytesMax, 'z');
  payload.back() = 'e';
  std::thread thread([&] { EXPECT_TRUE(sender.Send(9, 10, payload).ok()); });
  const auto frame = receiver.Receive();
  thread.join();
  ASSERT_TRUE(frame.ok());
  EXPECT_TRUE(frame->payload == payload);
}

/// Lets another thread in after each part that it is given.
class SlowStream : public ByteStream {
 public:
  StatusOr<size_t> Read(std::span<char>) override { return size_t{0}; }
  Status Write(std::string_view bytes) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      written_ += bytes;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    return OkStatus();
  }
  void Close() override {}
  const std::string& written() const { return written_; }

 private:
  std::mutex mutex_;
  std::string written_;
};

TEST(Frame, HeaderAndPayloadStayTogether) {
  constexpr uint64_t kThreads = 4;
  constexpr uint64_t kFrames = 20;
  auto stream = std::make_unique<SlowStream>();
  const SlowStream& seen = *stream;
  FrameConnection sender(std::move(stream));
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&sender, t] {
      for (uint64_t i = 0; i < kFrames; ++i) {
        EXPECT_TRUE(sender.Send(static_cast<uint8_t>(t), i, std::string(t + 1, 'p')).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  FrameConnection receiver(std::make_unique<Script>(seen.written(), 1000));
  for (uint64_t i = 0; i < kThreads * kFrames; ++i) {
    const auto frame = receiver.Receive();
    ASSERT_TRUE(frame.ok());
    ASSERT_EQ(frame->payload, std::string(frame->kind + size_t{1}, 'p'));
  }
}

TEST(Frame, ThreadsSendWholeFrames) {
  constexpr uint64_t kThreads = 4;
  constexpr uint64_t kFrames = 200;
  auto [near, far] = Streams();
  FrameConnection sender(std::move(near));
  FrameConnection receiver(std::move(far));
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&sender, t] {
      const std::string payload(10'000 + t, static_cast<char>('a' + t));
      for (uint64_t i = 0; i < kFrames; ++i) {
        EXPECT_TRUE(sender.Send(static_cast<uint8_t>(t), i, payload).ok());
      }
    });
  }
  std::vector<uint64_t> next(kThreads, 0);
  for (uint64_t i = 0; i < kThreads * kFrames; ++i) {
    const auto frame = receiver.Receive();
    ASSERT_TRUE(frame.ok());
    ASSERT_LT(frame->kind, kThreads);
    EXPECT_EQ(frame->id, next[frame->kind]++);
    EXPECT_EQ(frame->payload,
              std::string(10'000 + frame->kind, static_cast<char>('a' + frame->kind)));
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Frame, CloseEndsAWaitingReceive) {
  auto [near, far] = Streams();
  FrameConnection connection(std::move(near));
  std::thread closer([&] { connection.Close(); });
  EXPECT_FALSE(connection.Receive().ok());
  closer.join();
  EXPECT_FALSE(connection.Send(1, 2, "x").ok());
}

}  // namespace
}  // namespace soteria::base
