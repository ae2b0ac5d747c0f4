// Operations: one for each ExecutePlan. A producer thread runs the plan and puts responses into the
// operation's buffer; whichever stream is attached (ExecutePlan first, ReattachExecute later) sends
// them. Responses stay until the client releases them, so that a client that lost its connection
// can go on after the last response it saw.
//
// Bounded: the producer waits while kUnsentBytesMax are unsent; of what was sent, only the last
// kSentBytesMax are kept. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/master/session.h"

namespace spark::connect {
class ExecutePlanResponse;
}

namespace soteria::connect {

inline constexpr size_t kUnsentBytesMax = size_t{1} << 30;
inline constexpr size_t kSentBytesMax = size_t{64} << 20;
/// Operations of one session that the server remembers, running or not.
inline constexpr size_t kOperationsMax = 1000;
inline constexpr int kTagsMax = 100;
/// Stages that one progress message lists: the latest ones, and all before them as one.
inline constexpr size_t kStagesMax = 500;

struct OperationIds {
  std::string session_id;
  std::string server_side_session_id;
  std::string operation_id;
};

class Operation {
 public:
  using ResponsePtr = std::shared_ptr<const spark::connect::ExecutePlanResponse>;

  /// `cancel_call` ends the session call that the producer is in, when there is one.
  Operation(OperationIds ids, bool reattachable, std::vector<std::string> tags,
            std::function<void()> cancel_call)
      : ids_(std::move(ids)),
        reattachable_(reattachable),
        tags_(std::move(tags)),
        cancel_call_(std::move(cancel_call)) {}

  const std::string& id() const { return ids_.operation_id; }
  bool reattachable() const { return reattachable_; }
  bool HasTag(const std::string& tag) const;

  // ---- the producer's side ----

  /// False once it was cancelled before it began: don't run it.
  bool Begin();
  /// Fills in ids and appends. kCancelled once the operation was cancelled.
  base::Status Send(spark::connect::ExecutePlanResponse&& response);
  void Progress(const master::StageProgress& progress);
  /// No more responses. A failure is what the stream ends with.
  void Finish(const base::Status& status);

  // ---- the streams' side ----

  struct Next {
    enum class Kind { kResponse, kEnd, kTimeout, kSuperseded, kLost };
    Kind kind = Kind::kTimeout;
    ResponsePtr response;
    base::Status status;  // of kEnd
  };

  /// Makes the caller's stream the attached one; an older one ends with kSuperseded.
  uint64_t Attach();
  void Detach(uint64_t attachment, int64_t now_ms);
  /// Waits for response number `index` (from 0).
  Next Wait(uint64_t attachment, uint64_t index, std::chrono::milliseconds timeout);
  /// Appends an execution_progress response when something moved since the last one.
  void PushProgress();
  /// Response number after the one with that id; nullopt when it is no longer (or never was) here.
  std::optional<uint64_t> IndexAfter(const std::string& response_id) const;
  uint64_t first_index() const;

  void ReleaseUntil(const std::string& response_id);
  /// Cancels it if it runs. True if it did.
  bool Cancel();

  enum class State { kRunning, kSucceeded, kFailed, kCancelled };
  State state() const;
  /// When the last stream detached; 0 while one is attached.
  int64_t detached_ms() const;

 private:
  struct Buffered {
    std::string id;
    ResponsePtr response;
    size_t bytes = 0;
  };

  void AppendLocked(spark::connect::ExecutePlanResponse&& response);
  void DropFrontLocked();

  const OperationIds ids_;
  const bool reattachable_;
  const std::vector<std::string> tags_;
  const std::function<void()> cancel_call_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Buffered> buffer_;  // [first_, first_ + size)
  uint64_t first_ = 0;
  uint64_t sent_ = 0;  // responses below were sent at least once
  size_t unsent_bytes_ = 0;
  size_t sent_bytes_ = 0;
  uint64_t attachment_ = 0;
  int64_t detached_ms_ = 0;
  std::map<uint64_t, master::StageProgress> stages_;
  master::StageProgress earlier_;  // than those, added up; under the number of the last
  bool stages_moved_ = false;
  bool running_ = false;
  bool cancelled_ = false;
  bool finished_ = false;
  base::Status result_;
};

}  // namespace soteria::connect
