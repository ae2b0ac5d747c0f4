#include "host/local/peer.h"

#include <utility>

#include "src/base/log.h"

namespace soteria::host {

Peer::Peer(std::unique_ptr<base::FrameConnection> connection, Recorder& recorder, std::string name)
    : connection_(std::move(connection)), recorder_(recorder), name_(std::move(name)) {}

Peer::~Peer() {
  const bool enclave = !name_.ends_with("-statistics");
  const base::Literal whose =
      enclave ? base::Literal("enclave") : base::Literal("statistics process");
  base::Log(base::Level::kInfo, "{}: {} bytes from it, {} bytes to it", whose, bytes_in_.load(),
            bytes_out_.load());
}

base::StatusOr<base::Frame> Peer::Receive() {
  base::StatusOr<base::Frame> frame = connection_->Receive();
  if (!frame.ok()) return frame;
  bytes_in_ += frame->payload.size();
  recorder_.Frame(name_, "in", frame->kind, frame->id, frame->payload);
  return frame;
}

void Peer::Post(uint8_t kind, uint64_t id, Payload payload) {
  const std::lock_guard<std::mutex> lock(mutex_);
  outbox_.push_back({kind, id, std::move(payload)});
}

void Peer::Flush() {
  std::unique_lock<std::mutex> lock(mutex_);
  // Who is flushing already takes what was posted meanwhile, so order is kept without waiting.
  if (flushing_) return;
  flushing_ = true;
  while (!outbox_.empty()) {
    const Posted next = std::move(outbox_.front());
    outbox_.pop_front();
    lock.unlock();
    const std::string& payload = *next.payload;
    bytes_out_ += payload.size();
    recorder_.Frame(name_, "out", next.kind, next.id, payload);
    if (!connection_->Send(next.kind, next.id, payload).ok()) connection_->Close();
    lock.lock();
  }
  flushing_ = false;
}

}  // namespace soteria::host
