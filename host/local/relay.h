// Pipes byte streams: an owner's TCP connection to the master, a worker's stream to the master.
// What passes is the ciphertext of attested channels. Windows are end to end (STREAM_CREDIT), so
// nothing queues here but what an owner's socket has not taken yet, at most one window.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "host/local/peer.h"
#include "host/local/recorder.h"
#include "src/base/env.h"
#include "src/base/frame.h"

namespace soteria::host {

inline constexpr size_t kStreamChunkMax = 256 * 1024;
inline constexpr size_t kStreamWindow = 4 * 1024 * 1024;
inline constexpr size_t kStreamsMax = 4'096;

class Relay {
 public:
  explicit Relay(Recorder& recorder) : recorder_(recorder) {}

  void SetMaster(std::shared_ptr<Peer> master);
  /// STREAM_* frames; false for any other kind.
  bool FromMaster(const base::Frame& frame);
  bool FromWorker(const std::shared_ptr<Peer>& worker, const base::Frame& frame);
  void WorkerGone(const Peer* worker);
  /// Serves one owner's connection to its end, in the caller's thread and one more. Without a
  /// master it waits for one.
  void ServeOwner(std::shared_ptr<base::ByteStream> stream, const std::string& name);
  /// Ends all streams and unblocks ServeOwner, now and in future.
  void Close();

 private:
  class OwnerStream;
  struct Route {
    std::shared_ptr<Peer> worker;  // or
    std::shared_ptr<OwnerStream> owner;
    uint64_t worker_id = 0;
  };

  std::shared_ptr<Peer> WaitForMaster();
  uint64_t Add(Route route);
  void WriteToOwner(OwnerStream& owner, base::ByteStream& stream, uint64_t id, Peer& master,
                    const std::string& name);

  Recorder& recorder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Peer> master_;
  std::map<uint64_t, Route> routes_;  // by the id on the master's connection: even, given out here
  std::map<std::pair<const Peer*, uint64_t>, uint64_t> worker_routes_;
  uint64_t next_id_ = 2;
  bool closed_ = false;
};

}  // namespace soteria::host
