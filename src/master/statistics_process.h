// Outside stages: released questions go out by the host connection to whichever statistics process
// the host chooses, numbers come back. What comes back is nobody's word yet (I6).
//
// Thread-safe. The thread that reads the connection calls OnFrame, which never blocks; Ask waits.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/base/frame.h"
#include "src/base/status.h"
#include "src/dataflow/host_link.h"
#include "src/master/released.h"

namespace soteria::master {

/// The untrusted statistics process gave no answer, or another than the enclave's own (I6).
inline constexpr base::Condition kStatistics = {"SOTERIA.STATISTICS", base::exception_class::kSpark,
                                                "", absl::StatusCode::kAborted};

/// How long an answer may take: a host schedules it like any stage.
inline constexpr int64_t kAnswerMs = 120'000;
/// Numbers in an answer: a statistic has at most one for each label.
inline constexpr size_t kAnswerNumbersMax = size_t{1} << 20;

class StatisticsProcess {
 public:
  explicit StatisticsProcess(dataflow::HostLink& host, int64_t answer_ms = kAnswerMs)
      : host_(host), answer_ms_(answer_ms) {}

  /// The numbers that the process says, or nothing when it says that there are none. kStatistics
  /// when no answer comes in time, or one that isn't one.
  base::StatusOr<std::optional<std::vector<double>>> Ask(const Released<std::string>& question);
  /// True when the frame was an answer. One that nobody waits for is dropped.
  bool OnFrame(const base::Frame& frame);
  void OnClosed();

 private:
  dataflow::HostLink& host_;
  const int64_t answer_ms_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, std::optional<std::string>> waiting_;  // by question -> its answer
  uint64_t next_ = 1;
  bool closed_ = false;
};

}  // namespace soteria::master
