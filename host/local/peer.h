// One enclave's frame connection with an ordered outbox: frames are posted under whatever lock
// decides their order and sent after it, by whichever thread flushes first. What it carried is
// logged when it goes. Receive belongs to one thread; the rest is thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "host/local/payload.h"
#include "host/local/recorder.h"
#include "src/base/frame.h"
#include "src/base/status.h"

namespace soteria::host {

class Peer {
 public:
  Peer(std::unique_ptr<base::FrameConnection> connection, Recorder& recorder, std::string name);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  base::StatusOr<base::Frame> Receive();
  void Post(uint8_t kind, uint64_t id, Payload payload);
  /// Sends what was posted. A connection that fails is closed; its reader sees the end.
  void Flush();
  void Close() { connection_->Close(); }

 private:
  struct Posted {
    uint8_t kind;
    uint64_t id;
    Payload payload;
  };

  const std::unique_ptr<base::FrameConnection> connection_;
  Recorder& recorder_;
  const std::string name_;
  std::atomic<uint64_t> bytes_in_ = 0;  // of payloads
  std::atomic<uint64_t> bytes_out_ = 0;
  std::mutex mutex_;
  std::deque<Posted> outbox_;
  bool flushing_ = false;
};

}  // namespace soteria::host
