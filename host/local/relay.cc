#include "host/local/relay.h"

#include <algorithm>
#include <deque>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/bytes.h"

namespace soteria::host {
namespace {

std::shared_ptr<const std::string> Share(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

void SendNow(Peer& peer, FrameKind kind, uint64_t id, std::string payload) {
  peer.Post(static_cast<uint8_t>(kind), id, Share(std::move(payload)));
  peer.Flush();
}

std::string OpenPayload(StreamPeer who) {
  StreamOpen open;
  open.set_peer(who);
  return open.SerializeAsString();
}

}  // namespace

/// What waits for an owner's socket, and how much the master lets us send.
class Relay::OwnerStream {
 public:
  /// False when the master broke the window.
  bool Push(std::string bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (bytes.size() > kStreamWindow - queued_) return false;
    queued_ += bytes.size();
    queue_.push_back(std::move(bytes));
    changed_.notify_all();
    return true;
  }

  /// Empty at the end.
  std::string Pop() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || !queue_.empty(); });
    if (queue_.empty()) return {};
    std::string bytes = std::move(queue_.front());
    queue_.pop_front();
    return bytes;
  }

  void Written(size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    queued_ -= bytes;
  }

  void AddCredit(uint64_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    credit_ = std::min<uint64_t>(kStreamWindow, credit_ + std::min<uint64_t>(bytes, kStreamWindow));
    changed_.notify_all();
  }

  /// Waits until something may be sent; 0 at the end.
  size_t Allowance() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || credit_ > 0; });
    return ended_ ? 0 : static_cast<size_t>(std::min<uint64_t>(credit_, kStreamChunkMax));
  }

  void Spend(size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    credit_ -= bytes;
  }

  void End() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  size_t queued_ = 0;
  uint64_t credit_ = kStreamWindow;
  bool ended_ = false;
};

void Relay::SetMaster(std::shared_ptr<Peer> master) {
  const std::lock_guard<std::mutex> lock(mutex_);
  master_ = std::move(master);
  changed_.notify_all();
}

std::shared_ptr<Peer> Relay::WaitForMaster() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || master_ != nullptr; });
  return closed_ ? nullptr : master_;
}

uint64_t Relay::Add(Route route) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_ || routes_.size() >= kStreamsMax) return 0;
  const uint64_t id = next_id_;
  next_id_ += 2;
  if (route.worker != nullptr) worker_routes_[{route.worker.get(), route.worker_id}] = id;
  routes_[id] = std::move(route);
  return id;
}

bool Relay::FromWorker(const std::shared_ptr<Peer>& worker, const base::Frame& frame) {
  if (frame.kind < STREAM_OPEN || frame.kind > STREAM_CREDIT) return false;
  std::shared_ptr<Peer> master;
  uint64_t id = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    master = master_;
    const auto found = worker_routes_.find({worker.get(), frame.id});
    if (found != worker_routes_.end()) id = found->second;
  }
  if (frame.kind == STREAM_OPEN) {
    if (id == 0 && (master = WaitForMaster()) != nullptr) id = Add({worker, nullptr, frame.id});
    if (id == 0) {
      SendNow(*worker, STREAM_CLOSE, frame.id, {});
    } else {
      SendNow(*master, STREAM_OPEN, id, OpenPayload(PEER_WORKER));
    }
    return true;
  }
  if (id == 0 || master == nullptr) return true;  // closed meanwhile
  if (frame.kind == STREAM_CLOSE) {
    const std::lock_guard<std::mutex> lock(mutex_);
    worker_routes_.erase({worker.get(), frame.id});
    routes_.erase(id);
  }
  SendNow(*master, static_cast<FrameKind>(frame.kind), id, frame.payload);
  return true;
}

bool Relay::FromMaster(const base::Frame& frame) {
  if (frame.kind < STREAM_OPEN || frame.kind > STREAM_CREDIT) return false;
  Route route;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = routes_.find(frame.id);
    if (found == routes_.end()) return true;
    route = found->second;
    if (frame.kind == STREAM_CLOSE) {
      worker_routes_.erase({route.worker.get(), route.worker_id});
      routes_.erase(found);
    }
  }
  if (route.worker != nullptr) {
    SendNow(*route.worker, static_cast<FrameKind>(frame.kind), route.worker_id, frame.payload);
    return true;
  }
  if (frame.kind == STREAM_CLOSE ||
      (frame.kind == STREAM_DATA && !route.owner->Push(frame.payload))) {
    route.owner->End();
  }
  if (frame.kind == STREAM_CREDIT && frame.payload.size() == 8) {
    route.owner->AddCredit(base::GetLe64(frame.payload.data()));
  }
  return true;
}

void Relay::WorkerGone(const Peer* worker) {
  std::vector<uint64_t> ids;
  std::shared_ptr<Peer> master;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    master = master_;
    std::erase_if(routes_, [&](const auto& entry) {
      if (entry.second.worker.get() != worker) return false;
      ids.push_back(entry.first);
      return true;
    });
    std::erase_if(worker_routes_, [&](const auto& entry) { return entry.first.first == worker; });
  }
  if (master == nullptr) return;
  for (const uint64_t id : ids) SendNow(*master, STREAM_CLOSE, id, {});
}

void Relay::WriteToOwner(OwnerStream& owner, base::ByteStream& stream, uint64_t id, Peer& master,
                         const std::string& name) {
  size_t consumed = 0;
  while (true) {
    const std::string bytes = owner.Pop();
    if (bytes.empty()) break;
    recorder_.Bytes(name, "out", bytes);
    if (!stream.Write(bytes).ok()) break;
    owner.Written(bytes.size());
    consumed += bytes.size();
    if (consumed < kStreamWindow / 4) continue;
    char credit[8];
    base::PutLe64(consumed, credit);
    SendNow(master, STREAM_CREDIT, id, std::string(credit, sizeof(credit)));
    consumed = 0;
  }
  stream.Close();
}

void Relay::ServeOwner(std::shared_ptr<base::ByteStream> stream, const std::string& name) {
  const std::shared_ptr<Peer> master = WaitForMaster();
  if (master == nullptr) return;
  auto owner = std::make_shared<OwnerStream>();
  const uint64_t id = Add({nullptr, owner, 0});
  if (id == 0) return;
  SendNow(*master, STREAM_OPEN, id, OpenPayload(PEER_OWNER));
  std::thread writer([&] { WriteToOwner(*owner, *stream, id, *master, name); });
  std::string buffer(kStreamChunkMax, '\0');
  while (true) {
    const size_t allowance = owner->Allowance();
    if (allowance == 0) break;
    const auto read = stream->Read(std::span<char>(buffer.data(), allowance));
    if (!read.ok() || *read == 0) break;
    owner->Spend(*read);
    recorder_.Bytes(name, "in", std::string_view(buffer).substr(0, *read));
    SendNow(*master, STREAM_DATA, id, buffer.substr(0, *read));
  }
  bool open = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    open = routes_.erase(id) > 0;
  }
  if (open) SendNow(*master, STREAM_CLOSE, id, {});
  owner->End();
  writer.join();
}

void Relay::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  for (auto& [id, route] : routes_) {
    if (route.owner != nullptr) route.owner->End();
  }
  routes_.clear();
  worker_routes_.clear();
  changed_.notify_all();
}

}  // namespace soteria::host
