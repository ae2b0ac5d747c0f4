#include "src/dataflow/stream_mux.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "soteria/host.pb.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"

namespace soteria::dataflow {
namespace {

/// Keeps what the mux sends.
class SentFrames : public HostLink {
 public:
  Status Send(uint8_t kind, uint64_t id, std::string_view payload) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    frames_.push_back({kind, id, std::string(payload)});
    changed_.notify_all();
    return base::OkStatus();
  }
  base::Frame Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return !frames_.empty(); });
    base::Frame frame = std::move(frames_.front());
    frames_.pop_front();
    return frame;
  }
  size_t waiting() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return frames_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<base::Frame> frames_;
};

base::Frame FrameOf(host::FrameKind kind, uint64_t id, std::string payload = {}) {
  return {static_cast<uint8_t>(kind), id, std::move(payload)};
}

base::Frame OpenFrame(uint64_t id, host::StreamPeer peer = host::PEER_OWNER) {
  host::StreamOpen open;
  open.set_peer(peer);
  return FrameOf(host::STREAM_OPEN, id, open.SerializeAsString());
}

std::string Credit(uint64_t bytes) {
  std::string payload(8, '\0');
  base::PutLe64(bytes, payload.data());
  return payload;
}

std::string ReadSome(base::ByteStream& stream, size_t size) {
  std::string out(size, '\0');
  const auto read = stream.Read(std::span<char>(out));
  out.resize(read.ok() ? *read : 0);
  return out;
}

TEST(StreamMuxTest, OpensOddIdsAndSendsInOrder) {
  SentFrames sent;
  StreamMux mux(sent);
  auto stream = mux.Open();
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(sent.Next().kind, host::STREAM_OPEN);
  ASSERT_TRUE((*stream)->Write(std::string(kStreamChunkMax + 3, 'x')).ok());
  const base::Frame first = sent.Next();
  EXPECT_EQ(first.id % 2, 1U);
  EXPECT_EQ(first.payload.size(), kStreamChunkMax);
  EXPECT_EQ(sent.Next().payload, "xxx");
}

TEST(StreamMuxTest, AcceptsWhatTheHostOpens) {
  SentFrames sent;
  StreamMux mux(sent);
  EXPECT_TRUE(mux.OnFrame(OpenFrame(2, host::PEER_WORKER)));
  EXPECT_TRUE(mux.OnFrame(FrameOf(host::STREAM_DATA, 2, "hello")));
  auto incoming = mux.Accept();
  ASSERT_TRUE(incoming.ok());
  EXPECT_EQ(incoming->peer, StreamPeer::kWorker);
  EXPECT_EQ(ReadSome(*incoming->stream, 3), "hel");
  EXPECT_EQ(ReadSome(*incoming->stream, 10), "lo");
  mux.OnFrame(FrameOf(host::STREAM_DATA, 2, "rest"));
  mux.OnFrame(FrameOf(host::STREAM_CLOSE, 2));
  EXPECT_EQ(ReadSome(*incoming->stream, 10), "rest");  // what came before the end is read
  EXPECT_EQ(ReadSome(*incoming->stream, 10), "");
  EXPECT_TRUE(base::Is(incoming->stream->Write("x"), base::kIo));
}

TEST(StreamMuxTest, RefusesOddOrRepeatedIdsOfTheHost) {
  SentFrames sent;
  StreamMux mux(sent);
  mux.OnFrame(OpenFrame(3));
  EXPECT_EQ(sent.Next().kind, host::STREAM_CLOSE);
  mux.OnFrame(OpenFrame(4));
  EXPECT_EQ(sent.waiting(), 0U);
  mux.OnFrame(OpenFrame(4));
  EXPECT_EQ(sent.Next().kind, host::STREAM_CLOSE);
}

TEST(StreamMuxTest, RefusesMoreStreamsThanMayWait) {
  SentFrames sent;
  StreamMux mux(sent);
  for (uint64_t i = 0; i < kStreamsWaitingMax; ++i) mux.OnFrame(OpenFrame(2 + 2 * i));
  EXPECT_EQ(sent.waiting(), 0U);
  mux.OnFrame(OpenFrame(100'000));
  EXPECT_EQ(sent.Next().kind, host::STREAM_CLOSE);
}

TEST(StreamMuxTest, AWriterWaitsForCredit) {
  SentFrames sent;
  StreamMux mux(sent);
  auto stream = mux.Open();
  ASSERT_TRUE(stream.ok());
  std::thread writer(
      [&] { EXPECT_TRUE((*stream)->Write(std::string(kStreamWindow + 5, 'y')).ok()); });
  size_t received = 0;
  EXPECT_EQ(sent.Next().kind, host::STREAM_OPEN);
  while (received < kStreamWindow) received += sent.Next().payload.size();
  EXPECT_EQ(received, kStreamWindow);
  EXPECT_EQ(sent.waiting(), 0U);
  mux.OnFrame(FrameOf(host::STREAM_CREDIT, 1, Credit(5)));
  EXPECT_EQ(sent.Next().payload, "yyyyy");
  writer.join();
}

TEST(StreamMuxTest, AReaderGivesCreditBack) {
  SentFrames sent;
  StreamMux mux(sent);
  mux.OnFrame(OpenFrame(2));
  auto incoming = mux.Accept();
  ASSERT_TRUE(incoming.ok());
  uint64_t credited = 0;
  // Far more than a window passes as long as somebody reads.
  for (int i = 0; i < 64; ++i) {
    mux.OnFrame(FrameOf(host::STREAM_DATA, 2, std::string(kStreamChunkMax, 'z')));
    EXPECT_EQ(ReadSome(*incoming->stream, kStreamChunkMax).size(), kStreamChunkMax);
    while (sent.waiting() > 0) {
      const base::Frame frame = sent.Next();
      ASSERT_EQ(frame.kind, host::STREAM_CREDIT);
      credited += base::GetLe64(frame.payload.data());
    }
  }
  EXPECT_EQ(credited, 64 * kStreamChunkMax);
}

TEST(StreamMuxTest, AHostThatBreaksTheWindowLosesTheStream) {
  for (const base::Frame& frame :
       {FrameOf(host::STREAM_CREDIT, 2, Credit(1)), FrameOf(host::STREAM_CREDIT, 2, "short"),
        FrameOf(host::STREAM_DATA, 2, std::string(kStreamChunkMax + 1, 'w'))}) {
    SentFrames sent;
    StreamMux mux(sent);
    mux.OnFrame(OpenFrame(2));
    auto incoming = mux.Accept();
    ASSERT_TRUE(incoming.ok());
    mux.OnFrame(frame);
    EXPECT_EQ(sent.Next().kind, host::STREAM_CLOSE);
    EXPECT_EQ(ReadSome(*incoming->stream, 1), "");
  }
  SentFrames sent;
  StreamMux mux(sent);
  mux.OnFrame(OpenFrame(2));
  for (size_t i = 0; i <= kStreamWindow / kStreamChunkMax; ++i) {
    EXPECT_EQ(sent.waiting(), 0U);
    mux.OnFrame(FrameOf(host::STREAM_DATA, 2, std::string(kStreamChunkMax, 'w')));
  }
  EXPECT_EQ(sent.Next().kind, host::STREAM_CLOSE);
}

TEST(StreamMuxTest, CloseUnblocksEverybody) {
  SentFrames sent;
  StreamMux mux(sent);
  auto stream = mux.Open();
  ASSERT_TRUE(stream.ok());
  std::thread reader([&] { EXPECT_EQ(ReadSome(**stream, 1), ""); });
  std::thread acceptor([&] { EXPECT_TRUE(base::Is(mux.Accept().status(), base::kIo)); });
  mux.Close();
  reader.join();
  acceptor.join();
  EXPECT_FALSE(mux.Open().ok());
}

TEST(StreamMuxTest, LeavesOtherFramesAlone) {
  SentFrames sent;
  StreamMux mux(sent);
  EXPECT_FALSE(mux.OnFrame(FrameOf(host::RESULT, 1)));
  EXPECT_TRUE(mux.OnFrame(FrameOf(host::STREAM_DATA, 77, "for nobody")));
}

}  // namespace
}  // namespace soteria::dataflow
