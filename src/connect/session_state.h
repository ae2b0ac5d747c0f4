// What the front keeps for one Spark Connect session of the owner: configuration, temporary views,
// operations. The objects themselves (models, plans' data) are the master session's. Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/connect/artifacts.h"
#include "src/connect/config.h"
#include "src/connect/operations.h"
#include "src/master/master.h"
#include "src/plan/logical.h"

namespace soteria::connect {

inline constexpr size_t kViewsMax = 10'000;
/// Pivots that a session remembers at once.
inline constexpr size_t kPivotsMax = 256;
/// Larger ones are asked for again.
inline constexpr int64_t kPivotBytesMax = int64_t{1} << 20;
/// A stream that went away and did not come back: its operation ends.
inline constexpr int64_t kDetachedMsMax = 5 * 60 * 1000;

/// The database that Spark keeps global temporary views in.
inline constexpr std::string_view kGlobalViews = "global_temp";
/// What the others may be qualified by.
inline constexpr std::string_view kSessionViews = "session";

/// Temporary views: names of plans, compared without case. Global ones are named apart; a session
/// has its own of these too.
class Views {
 public:
  std::optional<plan::PlanPtr> Find(const std::string& name, bool global = false) const;
  /// kViewExists unless `replace`.
  base::Status Create(const std::string& name, plan::PlanPtr plan, bool replace,
                      bool global = false);
  bool Drop(const std::string& name, bool global = false);
  /// The names, in lower case, in order.
  std::vector<std::string> Names(bool global) const;

 private:
  using Key = std::pair<bool, std::string>;  // global, name in lower case
  mutable std::mutex mutex_;
  std::map<Key, plan::PlanPtr> views_;
};

/// What pivots found in columns, by the names of the plans that said it, so that a DataFrame that
/// is asked for again asks nothing. The gate let them out.
class Pivots {
 public:
  using Values = std::shared_ptr<arrow::Array>;
  /// nullptr: not known.
  Values Find(const std::string& name) const;
  void Add(const std::string& name, Values values);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Values> values_;
};

/// Checkpoints that a session has at once.
inline constexpr size_t kCheckpointsMax = 1'000;

/// Plans that DataFrame.checkpoint names. Thread-safe.
class Checkpoints {
 public:
  /// Its name. kMemoryLimit.
  base::StatusOr<std::string> Add(plan::PlanPtr plan);
  /// nullptr: there is none.
  plan::PlanPtr Find(const std::string& name) const;
  void Set(const std::string& name, plan::PlanPtr plan);
  void Remove(const std::string& name);

 private:
  mutable std::mutex mutex_;
  uint64_t next_ = 1;
  std::map<std::string, plan::PlanPtr> plans_;
};

class SessionState {
 public:
  SessionState(std::string id, std::shared_ptr<master::Session> session)
      : id_(std::move(id)), session_(std::move(session)) {}

  const std::string& id() const { return id_; }
  master::Session& session() { return *session_; }
  const std::shared_ptr<master::Session>& session_ptr() const { return session_; }
  Config& config() { return config_; }
  Views& views() { return views_; }
  Pivots& pivots() { return pivots_; }
  Artifacts& artifacts() { return artifacts_; }
  Checkpoints& checkpoints() { return checkpoints_; }
  /// Held while an operation runs a session call, so that a cancel ends the right one.
  std::mutex& call_mutex() { return call_mutex_; }

  /// kOperationExists for an id in use; kMemoryLimit for too many.
  base::Status Add(const std::shared_ptr<Operation>& operation);
  std::shared_ptr<Operation> Find(const std::string& operation_id) const;
  std::vector<std::shared_ptr<Operation>> All() const;
  /// Cancels it if it still runs, and forgets it.
  void Remove(const std::string& operation_id);
  /// Ends operations that nobody has listened to for kDetachedMsMax.
  void Sweep(int64_t now_ms);
  void CancelAll();

 private:
  const std::string id_;
  const std::shared_ptr<master::Session> session_;
  Config config_;
  Views views_;
  Pivots pivots_;
  Artifacts artifacts_;
  Checkpoints checkpoints_;
  std::mutex call_mutex_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Operation>> operations_;
  std::vector<std::string> order_;  // oldest first
};

/// The sessions that have been seen, by their id.
class Sessions {
 public:
  explicit Sessions(master::Master& master) : master_(master) {}

  base::StatusOr<std::shared_ptr<SessionState>> For(const std::string& id);
  std::shared_ptr<SessionState> Find(const std::string& id) const;
  void Release(const std::string& id);
  void CancelAll();

 private:
  master::Master& master_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<SessionState>> sessions_;
};

/// Threads that run operations; counts them, so that a shutdown can wait.
class Workers {
 public:
  ~Workers() { Wait(); }
  /// kMemoryLimit while `max` run already.
  base::Status Run(std::function<void()> work, size_t max);
  void Wait();

 private:
  std::mutex mutex_;
  std::condition_variable idle_;
  size_t running_ = 0;
};

}  // namespace soteria::connect
