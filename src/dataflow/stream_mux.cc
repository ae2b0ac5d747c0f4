#include "src/dataflow/stream_mux.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"

namespace soteria::dataflow {
namespace {

// A reader reports what it consumed in steps of this size, so that small reads cost no frames.
constexpr size_t kCreditStep = kStreamWindow / 4;

/// The state of one stream; its two ends are the mux (frames in) and the ByteStream (reads,
/// writes).
class StreamState {
 public:
  /// False when the sender broke its window.
  bool Receive(std::string bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) return true;
    if (bytes.size() > kStreamChunkMax || bytes.size() > kStreamWindow - unreported_) return false;
    unreported_ += bytes.size();
    if (!bytes.empty()) received_.push_back(std::move(bytes));
    changed_.notify_all();
    return true;
  }

  bool AddCredit(uint64_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (bytes > kStreamWindow - credit_) return false;
    credit_ += bytes;
    changed_.notify_all();
    return true;
  }

  /// The far end is gone: what was received can still be read.
  void End() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  /// This end is closed: nothing is read any more. False when it already was.
  bool CloseHere() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_here_) return false;
    closed_here_ = ended_ = true;
    received_.clear();
    changed_.notify_all();
    return true;
  }

  /// Waits for bytes; 0 at the end. `report` is the credit to send back, or 0.
  size_t Read(std::span<char> out, uint64_t& report) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return !received_.empty() || ended_; });
    size_t taken = 0;
    while (taken < out.size() && !received_.empty()) {
      const std::string_view front = std::string_view(received_.front()).substr(begin_);
      const size_t n = std::min(front.size(), out.size() - taken);
      std::memcpy(out.data() + taken, front.data(), n);
      taken += n;
      begin_ += n;
      if (n < front.size()) break;
      received_.pop_front();
      begin_ = 0;
    }
    consumed_ += taken;
    report = 0;
    if (consumed_ >= kCreditStep && !ended_) {
      report = consumed_;
      unreported_ -= consumed_;
      consumed_ = 0;
    }
    return taken;
  }

  /// Waits for credit; at most `wanted`, 0 when the stream has ended.
  size_t TakeCredit(size_t wanted) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return credit_ > 0 || ended_; });
    if (ended_) return 0;
    const size_t taken = std::min({wanted, static_cast<size_t>(credit_), kStreamChunkMax});
    credit_ -= taken;
    return taken;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> received_;
  size_t begin_ = 0;       // consumed bytes of received_.front()
  size_t consumed_ = 0;    // read, not yet reported
  size_t unreported_ = 0;  // received, not yet reported as consumed
  uint64_t credit_ = kStreamWindow;
  bool ended_ = false;
  bool closed_here_ = false;
};

}  // namespace

class StreamMux::Impl : public std::enable_shared_from_this<StreamMux::Impl> {
 public:
  explicit Impl(HostLink& link) : link_(link) {}

  StatusOr<std::unique_ptr<base::ByteStream>> Open();
  StatusOr<IncomingStream> Accept();
  bool OnFrame(const base::Frame& frame);
  void Close();

  Status Send(uint8_t kind, uint64_t id, std::string_view payload) {
    return link_.Send(kind, id, payload);
  }
  void CloseStream(uint64_t id, StreamState& state);

 private:
  struct Waiting {
    uint64_t id;
    std::shared_ptr<StreamState> state;
    StreamPeer peer;
  };

  std::unique_ptr<base::ByteStream> Wrap(uint64_t id, std::shared_ptr<StreamState> state);
  std::shared_ptr<StreamState> Find(uint64_t id);
  void OnOpen(const base::Frame& frame);
  void Refuse(uint64_t id);

  HostLink& link_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<uint64_t, std::shared_ptr<StreamState>> streams_;
  std::deque<Waiting> waiting_;
  uint64_t next_id_ = 1;
  bool closed_ = false;

  friend class MuxStream;
};

/// One end of a stream, as its user sees it.
class MuxStream : public base::ByteStream {
 public:
  MuxStream(std::shared_ptr<StreamMux::Impl> mux, uint64_t id, std::shared_ptr<StreamState> state)
      : mux_(std::move(mux)), id_(id), state_(std::move(state)) {}
  ~MuxStream() override { mux_->CloseStream(id_, *state_); }

  StatusOr<size_t> Read(std::span<char> out) override {
    uint64_t report = 0;
    const size_t taken = state_->Read(out, report);
    if (report > 0) {
      char bytes[8];
      base::PutLe64(report, bytes);
      SOTERIA_RETURN_IF_ERROR(mux_->Send(host::STREAM_CREDIT, id_, std::string_view(bytes, 8)));
    }
    return taken;
  }

  Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const size_t n = state_->TakeCredit(bytes.size());
      if (n == 0) return base::Fail(base::kIo, "the stream has ended");
      SOTERIA_RETURN_IF_ERROR(mux_->Send(host::STREAM_DATA, id_, bytes.substr(0, n)));
      bytes.remove_prefix(n);
    }
    return base::OkStatus();
  }

  void Close() override { mux_->CloseStream(id_, *state_); }

 private:
  std::shared_ptr<StreamMux::Impl> mux_;
  uint64_t id_;
  std::shared_ptr<StreamState> state_;
};

std::unique_ptr<base::ByteStream> StreamMux::Impl::Wrap(uint64_t id,
                                                        std::shared_ptr<StreamState> state) {
  return std::make_unique<MuxStream>(shared_from_this(), id, std::move(state));
}

StatusOr<std::unique_ptr<base::ByteStream>> StreamMux::Impl::Open() {
  auto state = std::make_shared<StreamState>();
  uint64_t id = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return base::Fail(base::kIo, "the connection to the host has ended");
    if (streams_.size() >= kStreamsMax) return base::Fail(base::kIo, "too many open streams");
    id = next_id_;
    next_id_ += 2;
    streams_[id] = state;
  }
  host::StreamOpen open;
  open.set_peer(host::PEER_MASTER);
  SOTERIA_RETURN_IF_ERROR(Send(host::STREAM_OPEN, id, open.SerializeAsString()));
  return Wrap(id, std::move(state));
}

StatusOr<IncomingStream> StreamMux::Impl::Accept() {
  std::unique_lock<std::mutex> lock(mutex_);
  arrived_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
  if (closed_) return base::Fail(base::kIo, "the connection to the host has ended");
  Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  lock.unlock();
  return IncomingStream{Wrap(next.id, std::move(next.state)), next.peer};
}

std::shared_ptr<StreamState> StreamMux::Impl::Find(uint64_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

void StreamMux::Impl::Refuse(uint64_t id) {
  // A host that can't be told is one that is gone.
  (void)Send(host::STREAM_CLOSE, id, {});
}

void StreamMux::Impl::OnOpen(const base::Frame& frame) {
  host::StreamOpen open;
  bool accepted = false;
  if (frame.id % 2 == 0 && open.ParseFromString(frame.payload)) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!closed_ && streams_.count(frame.id) == 0 && streams_.size() < kStreamsMax &&
        waiting_.size() < kStreamsWaitingMax) {
      auto state = std::make_shared<StreamState>();
      streams_[frame.id] = state;
      waiting_.push_back(
          {frame.id, std::move(state),
           open.peer() == host::PEER_WORKER ? StreamPeer::kWorker : StreamPeer::kOwner});
      accepted = true;
      arrived_.notify_one();
    }
  }
  if (!accepted) Refuse(frame.id);
}

bool StreamMux::Impl::OnFrame(const base::Frame& frame) {
  switch (frame.kind) {
    case host::STREAM_OPEN:
      OnOpen(frame);
      return true;
    case host::STREAM_DATA:
    case host::STREAM_CREDIT: {
      // A frame for a stream that was closed here meanwhile is nothing wrong.
      const std::shared_ptr<StreamState> state = Find(frame.id);
      if (state == nullptr) return true;
      const bool fits =
          frame.kind == host::STREAM_DATA
              ? state->Receive(frame.payload)
              : frame.payload.size() == 8 && state->AddCredit(base::GetLe64(frame.payload.data()));
      if (!fits) CloseStream(frame.id, *state);
      return true;
    }
    case host::STREAM_CLOSE: {
      const std::shared_ptr<StreamState> state = Find(frame.id);
      if (state == nullptr) return true;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        streams_.erase(frame.id);
      }
      state->End();
      return true;
    }
    default:
      return false;
  }
}

void StreamMux::Impl::CloseStream(uint64_t id, StreamState& state) {
  if (!state.CloseHere()) return;
  bool open = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    open = streams_.erase(id) > 0 && !closed_;
  }
  if (open) Refuse(id);
}

void StreamMux::Impl::Close() {
  std::map<uint64_t, std::shared_ptr<StreamState>> streams;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    streams.swap(streams_);
    waiting_.clear();
    arrived_.notify_all();
  }
  for (auto& [id, state] : streams) state->End();
}

StreamMux::StreamMux(HostLink& link) : impl_(std::make_shared<Impl>(link)) {}
StreamMux::~StreamMux() { impl_->Close(); }
StatusOr<std::unique_ptr<base::ByteStream>> StreamMux::Open() { return impl_->Open(); }
StatusOr<IncomingStream> StreamMux::Accept() { return impl_->Accept(); }
bool StreamMux::OnFrame(const base::Frame& frame) { return impl_->OnFrame(frame); }
void StreamMux::Close() { impl_->Close(); }

}  // namespace soteria::dataflow
