// One enclave's frame connection with an ordered outbox: frames are posted under whatever lock
// decides their order and sent after it, by whichever thread flushes first. Receive belongs to one
// thread; the rest is thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "host/local/recorder.h"
#include "src/base/frame.h"
#include "src/base/status.h"

namespace soteria::host {

class Peer {
 public:
  Peer(std::unique_ptr<base::FrameConnection> connection, Recorder& recorder, std::string name);

  base::StatusOr<base::Frame> Receive();
  void Post(uint8_t kind, uint64_t id, std::shared_ptr<const std::string> payload);
  /// Sends what was posted. A connection that fails is closed; its reader sees the end.
  void Flush();
  void Close() { connection_->Close(); }

 private:
  struct Posted {
    uint8_t kind;
    uint64_t id;
    std::shared_ptr<const std::string> payload;
  };

  const std::unique_ptr<base::FrameConnection> connection_;
  Recorder& recorder_;
  const std::string name_;
  std::mutex mutex_;
  std::deque<Posted> outbox_;
  bool flushing_ = false;
};

}  // namespace soteria::host
