#include "src/channel/pump.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "src/base/errors.h"
#include "src/channel/wire_for_test.h"

namespace soteria::channel {
namespace {

std::string Pattern(size_t size, char step) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(i * static_cast<unsigned char>(step) + (i >> 8));
  }
  return bytes;
}

// Reads to the end.
std::string ReadAll(base::ByteStream& stream) {
  std::string all;
  std::string buffer(1 << 16, '\0');
  while (true) {
    const auto got = stream.Read(buffer);
    if (!got.ok() || *got == 0) return all;
    all.append(buffer, 0, *got);
  }
}

// near <-> [pump: plain | client channel] <== TLS ==> [pump: server channel | plain] <-> far
class PumpTest : public ::testing::Test {
 protected:
  PumpTest() {
    auto [near, near_inner] = StreamPairForTest();
    auto [far, far_inner] = StreamPairForTest();
    near_ = std::move(near);
    near_inner_ = std::move(near_inner);
    far_ = std::move(far);
    far_inner_ = std::move(far_inner);
    owner_ = std::async(std::launch::async,
                        [this] { return Pump(*near_inner_, channels_.client->stream()); });
    master_ = std::async(std::launch::async,
                         [this] { return Pump(channels_.server->stream(), *far_inner_); });
  }

  ChannelsForTest channels_;
  StreamPtr near_, near_inner_, far_, far_inner_;
  std::future<base::Status> owner_, master_;
};

TEST_F(PumpTest, CopiesBothWaysAndPassesEndsOn) {
  const std::string up = Pattern(9 << 20, 3);
  const std::string down = Pattern(11 << 20, 5);
  auto far_sends = std::async(std::launch::async,
                              [&] { return far_->Write(down).ok() && far_->CloseWrite().ok(); });
  auto near_sends = std::async(std::launch::async,
                               [&] { return near_->Write(up).ok() && near_->CloseWrite().ok(); });
  auto far_reads = std::async(std::launch::async, [&] { return ReadAll(*far_); });
  EXPECT_TRUE(ReadAll(*near_) == down);
  EXPECT_TRUE(far_reads.get() == up);
  EXPECT_TRUE(far_sends.get() && near_sends.get());
  EXPECT_TRUE(owner_.get().ok());
  EXPECT_TRUE(master_.get().ok());
}

TEST_F(PumpTest, OneDirectionGoesOnAfterTheOtherEnded) {
  ASSERT_TRUE(near_->Write("request").ok());
  ASSERT_TRUE(near_->CloseWrite().ok());
  EXPECT_EQ(ReadAll(*far_), "request");
  const std::string answer = Pattern(5 << 20, 7);
  auto sent = std::async(std::launch::async,
                         [&] { return far_->Write(answer).ok() && far_->CloseWrite().ok(); });
  EXPECT_TRUE(ReadAll(*near_) == answer);
  EXPECT_TRUE(sent.get());
  EXPECT_TRUE(owner_.get().ok());
  EXPECT_TRUE(master_.get().ok());
}

TEST_F(PumpTest, SmallPiecesPassAtOnce) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(near_->Write("ping").ok());
    std::string buffer(4, '\0');
    ASSERT_EQ(far_->Read(buffer).value(), 4u);
    ASSERT_TRUE(far_->Write("pong").ok());
    ASSERT_EQ(near_->Read(buffer).value(), 4u);
    EXPECT_EQ(buffer, "pong");
  }
  near_->Close();
  far_->Close();
  owner_.wait();
  master_.wait();
}

TEST_F(PumpTest, CutOffConnectionIsAnErrorAndClosesBothSides) {
  ASSERT_TRUE(near_->Write("some").ok());
  std::string buffer(4, '\0');
  ASSERT_EQ(far_->Read(buffer).value(), 4u);
  channels_.client_wire.raw->Close();
  EXPECT_TRUE(base::Is(master_.get(), base::kIntegrity));
  EXPECT_FALSE(owner_.get().ok());
  EXPECT_EQ(ReadAll(*far_), "");
  EXPECT_EQ(ReadAll(*near_), "");
}

TEST_F(PumpTest, AlteredBytesNeverReachTheOtherEnd) {
  channels_.client_wire.flip_next = true;
  ASSERT_TRUE(near_->Write(std::string(1000, 'x')).ok());
  EXPECT_EQ(ReadAll(*far_), "");
  EXPECT_TRUE(base::Is(master_.get(), base::kProtocol));
  owner_.wait();
}

TEST(PumpPlainTest, StreamWithoutHalfCloseEndsAltogether) {
  // The watched stream has base::ByteStream's own CloseWrite, which is unsupported.
  auto [a, a_inner] = StreamPairForTest();
  auto [b, b_inner] = StreamPairForTest();
  WireForTest wire;
  WatchedStreamForTest watched(std::move(b_inner), wire);
  auto pumped =
      std::async(std::launch::async, [&, &inner = *a_inner] { return Pump(inner, watched); });
  ASSERT_TRUE(a->Write("all").ok());
  ASSERT_TRUE(a->CloseWrite().ok());
  EXPECT_EQ(ReadAll(*b), "all");
  EXPECT_TRUE(base::Is(pumped.get(), base::kUnsupported));
}

}  // namespace
}  // namespace soteria::channel
