// The control connection to the owner: heartbeats both ways, and what the owner must store before
// the master goes on (ledger entries and version records). The owner may come back on a new
// connection (after a resume proof); requests that were not answered are sent again.
//
// Thread-safe. Serve blocks its thread as long as the connection lives; Store blocks until the
// owner has answered.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/channel/channel.h"
#include "src/ledger/ledger.h"

namespace soteria::master {

inline constexpr int64_t kHeartbeatMs = 1'000;
inline constexpr int64_t kSilenceMaxMs = 10'000;
inline constexpr int64_t kStoreWaitMs = 60'000;
inline constexpr size_t kControlBytesMax = size_t{1} << 20;

/// Counters that the owner sees at the end of a session.
struct SessionCounters {
  uint64_t stages = 0;
  uint64_t tasks = 0;
  uint64_t rebuilds = 0;
  uint64_t retries = 0;
  uint64_t repeats = 0;
  uint64_t workers_admitted = 0;
  uint64_t workers_lost = 0;
  uint64_t spilled_bytes = 0;  // sealed out to disk by workers short of memory
  uint64_t opened_bytes = 0;   // and opened again
};

class OwnerLink : public ledger::OwnerStore {
 public:
  /// `on_end` runs once, on its own thread, when the owner ends the session; it returns the
  /// counters, which are the reply.
  OwnerLink(base::Clock& clock, std::function<SessionCounters(bool succeeded)> on_end);
  ~OwnerLink() override;

  /// From now on the owner is connected: by the connection that Serve() gets next.
  void Attach(std::shared_ptr<channel::Channel> channel);

  /// Serves one control connection until it ends or falls silent. A second connection takes the
  /// place of the first.
  base::Status Serve(std::shared_ptr<channel::Channel> channel);

  base::Status Store(std::string_view entry,
                     const std::vector<ledger::VersionRecord>& versions) override;

  /// Blocks until the owner is there. kMasterLost once the host is gone.
  base::Status AwaitOwner();

  /// Fails the Store that waits and all later ones: the host is gone.
  void Stop();

  /// Milliseconds since the owner was last heard.
  int64_t SilentMs() const;
  bool connected() const;

 private:
  struct Waiting {
    uint64_t sequence = 0;
    std::string message;
    std::optional<base::Status> answer;
  };

  base::Status OnMessage(channel::Channel& channel, std::string_view bytes);
  void SendHeartbeats(const std::shared_ptr<channel::Channel>& channel);
  void Answer(uint64_t sequence, base::Status status);
  void End(const std::shared_ptr<channel::Channel>& channel, bool succeeded);

  base::Clock& clock_;
  std::function<SessionCounters(bool)> on_end_;
  std::mutex store_mutex_;  // one Store at a time
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<channel::Channel> channel_;
  std::optional<Waiting> waiting_;
  uint64_t next_sequence_ = 1;
  int64_t heard_ms_ = 0;
  bool ending_ = false;
  bool stopped_ = false;
};

}  // namespace soteria::master
