// Outside stages: what the master has released is answered by the statistics process. A question is
// kept until its answer and goes to each process that takes the place of one that ended; one answer
// reaches the master, an empty one when there is none after all. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "host/local/peer.h"
#include "src/base/env.h"
#include "src/base/frame.h"

namespace soteria::host {

/// Processes that are asked one question.
inline constexpr int kOutsideAttemptsMax = 4;
/// As long as the master waits.
inline constexpr int64_t kOutsideMsMax = 120'000;

class OutsideStages {
 public:
  explicit OutsideStages(base::Clock& clock) : clock_(clock) {}

  /// There is a process, or will be soon; the cookie admits its connection.
  void Expect(const std::string& cookie);
  /// Takes the connection of the expected process over if there is none.
  bool Admits(const std::string& cookie) const;
  void Connected(const std::shared_ptr<Peer>& process);
  /// Until the connection ends.
  void Serve(const std::shared_ptr<Peer>& process);

  /// A question of the master. Blocks while the process doesn't read it.
  void Ask(base::Frame question, const std::shared_ptr<Peer>& master);
  /// Once a second.
  void Tick();
  void Close();

 private:
  struct Question {
    std::shared_ptr<const std::string> bytes;
    std::shared_ptr<Peer> master;
    int64_t asked_ms = 0;
    int attempts = 0;
  };
  using Questions = std::map<uint64_t, Question>;

  /// Posts the question if there is a process.
  void GiveOut(uint64_t id, Question& question);
  /// Posts an empty answer; what comes after the question.
  Questions::iterator GiveUp(Questions::iterator question);

  base::Clock& clock_;
  mutable std::mutex mutex_;
  std::string cookie_;
  std::shared_ptr<Peer> process_;
  Questions questions_;  // that wait for their answer
};

}  // namespace soteria::host
