// The stages of one piece of work (a collect, a fit, an evaluation) and what they leave behind in
// workers and host: broadcasts, shuffles, kept blocks. When the scope goes, so do they.
//
// One thread at a time uses a scope; different scopes may be used by different threads (the
// coordinator runs one stage at a time).
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/dataflow/coordinator.h"
#include "src/master/session.h"
#include "src/master/statistics.h"
#include "src/master/table_statistics.h"
#include "src/master/ungated.h"
#include "src/ml/work.h"
#include "src/plan/execute.h"
#include "src/plan/logical.h"

namespace soteria::master {

/// Which recipes' blocks the workers keep: one list for the whole session, counted, because scopes
/// may keep the same recipe. Thread-safe.
class LiveBlocks {
 public:
  explicit LiveBlocks(dataflow::Coordinator& coordinator) : coordinator_(coordinator) {}
  void Add(const base::Digest& recipe);
  void Remove(const base::Digest& recipe);
  bool Contains(const base::Digest& recipe) const;

 private:
  void Tell();  // mutex_ held

  dataflow::Coordinator& coordinator_;
  mutable std::mutex mutex_;
  std::map<base::Digest, uint64_t> live_;
};

/// The plans that the owner persisted, by canonical name, and which of their recipes are kept.
/// Thread-safe.
class Persisted {
 public:
  explicit Persisted(LiveBlocks& live) : live_(live) {}
  /// What is persisted already stays as it is.
  void Add(const plan::Plan& plan, int64_t now_micros);
  /// Also lets the workers drop the blocks.
  void Remove(const plan::Plan& plan);
  /// Removes all.
  void Clear();
  bool Contains(const plan::Plan& plan) const;
  /// When it was added, if it was.
  std::optional<int64_t> AddedMicros(const plan::Plan& plan) const;
  bool empty() const;
  /// Remembers that this plan's blocks are kept under `recipe`.
  /// False if nobody persists it any more: then the block is let go of.
  bool Keep(const plan::Plan& plan, const base::Digest& recipe);

 private:
  LiveBlocks& live_;
  mutable std::mutex mutex_;
  std::map<std::string, int64_t> plans_;  // and when they were added
  std::vector<std::pair<std::string, base::Digest>> kept_;
};

/// Whose stage runs: stages of all sessions queue here, so that an interrupt of one session never
/// ends another's work, and finds its own wherever it is: in a stage, in the queue, or between two
/// stages. Thread-safe.
class StageTurn {
 public:
  explicit StageTurn(dataflow::Coordinator& coordinator) : coordinator_(coordinator) {}

  /// One piece of a session's work, from its first stage to its last.
  class Piece {
   public:
    Piece(StageTurn& turn, const void* owner);
    Piece(const Piece&) = delete;
    Piece& operator=(const Piece&) = delete;
    ~Piece();
    bool cancelled() const { return cancelled_; }

   private:
    friend class StageTurn;
    StageTurn& turn_;
    const void* const owner_;
    std::atomic<bool> cancelled_ = false;  // set under the turn's mutex
  };

  /// Runs one stage of `piece` when its turn has come; kCancelled once that was cancelled.
  base::StatusOr<dataflow::StageResult> Run(
      const Piece& piece, const dataflow::StageSpec& spec,
      const std::function<base::Status(uint64_t, std::string)>& on_output,
      const dataflow::Coordinator::OnProgress& on_progress);
  /// Cancels all pieces of `owner`, for good.
  void Cancel(const void* owner);

 private:
  dataflow::Coordinator& coordinator_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Piece*> pieces_;
  const Piece* running_ = nullptr;
};

/// Rows of a plan that come of data and of stages of their own.
class StageRows : public plan::MadeRows {
 public:
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> Make(const InsideKey& key) const = 0;
};

class StageScope : public plan::Runner {
 public:
  /// Only what the gate runs may run stages. `persisted` is the session's, which also names the
  /// session to `turn`.
  StageScope(const InsideKey& key, dataflow::Coordinator& coordinator, StageTurn& turn,
             LiveBlocks& live, Persisted& persisted, int64_t now_micros, Progress progress);
  ~StageScope() override;

  base::StatusOr<dataflow::StageResult> Run(
      const dataflow::StageSpec& spec,
      const std::function<base::Status(uint64_t, std::string)>& on_output) override;
  base::StatusOr<dataflow::BroadcastRef> Broadcast(std::string_view plain) override;
  bool IsKept(const plan::Plan& node) const override { return persisted_.Contains(node); }
  int64_t NowMicros() const override { return now_micros_; }
  int64_t KeptAtMicros(const plan::Plan& node) const override {
    return persisted_.AddedMicros(node).value_or(now_micros_);
  }
  base::Status OnLowered(const plan::Plan& node, const plan::Lowered& lowered) override;
  /// After UseStatistics, by the Manifest's rule.
  base::Status OnGroups(const plan::Plan& plan, const plan::Lowered& input,
                        const plan::Lowered& groups) override;
  base::StatusOr<std::shared_ptr<arrow::Table>> FinishAggregate(const plan::Plan& plan,
                                                                const plan::Lowered& input,
                                                                std::string_view partial) override;
  base::StatusOr<std::shared_ptr<arrow::Table>> RowsOf(const plan::MadeRows& rows) override;
  base::StatusOr<plan::Lowered> BlocksOf(
      const std::shared_ptr<plan::CheckpointedRows>& rows) override;
  base::Digest ContentDigest(std::string_view bytes) override;

  /// From now on aggregates may be finished outside. They outlive the scope.
  void UseStatistics(const Statistics& statistics) { statistics_ = &statistics; }
  /// Of all aggregates so far.
  Provenance aggregates_from() const { return aggregates_from_; }

  /// Runs a shuffle whose cells are the caller's to drop.
  base::StatusOr<dataflow::StageResult> RunToKeep(const dataflow::StageSpec& shuffle);
  /// Keeps the blocks of `lowered` in the workers as long as this scope lives.
  base::Status Keep(const plan::Lowered& lowered) override;
  /// The same for a stage to come, whose tasks make them.
  void KeepOnceMade(const plan::Lowered& lowered);
  /// Lets go of blocks that Keep kept.
  void Drop(const plan::Lowered& lowered) override;
  void DropKept();
  void set_progress(Progress progress) { progress_ = std::move(progress); }
  /// Whether the owner has called this work off. Every stage from then on is kCancelled.
  bool cancelled() const { return piece_.cancelled(); }
  void ShowProgress(const StageProgress& progress) const {
    if (!progress_) return;
    progress_(key_.shows_progress() ? progress : StageProgress{1, 0, 1});
  }

 private:
  const InsideKey key_;
  dataflow::Coordinator& coordinator_;
  StageTurn& turn_;
  const StageTurn::Piece piece_;
  LiveBlocks& live_;
  Persisted& persisted_;
  const int64_t now_micros_;
  Progress progress_;
  /// Asks them, all of one kind and about the same rows, by the Manifest's rule.
  base::Status Ask(const plan::Plan& plan, const plan::Lowered& input,
                   const std::vector<TableQuestion>& questions);

  const Statistics* statistics_ = nullptr;  // null: all inside
  Provenance aggregates_from_;
  std::vector<dataflow::BroadcastRef> broadcasts_;
  std::vector<uint64_t> shuffles_;
  std::vector<std::shared_ptr<plan::CheckpointedRows>> checkpoints_;  // that its stages read
  std::vector<base::Digest> kept_;
};

/// ml::Work over the blocks of a lowered input, which outlive it where the scope keeps them; those
/// that it makes itself go with it.
class StageWork : public ml::Work {
 public:
  StageWork(StageScope& scope, plan::Lowered input) : scope_(scope), input_(std::move(input)) {}
  StageWork(const StageWork&) = delete;
  StageWork& operator=(const StageWork&) = delete;
  ~StageWork() override;
  base::StatusOr<std::string> Reduce(const ml::Kernel& kernel) override;
  base::Status Advance(const ml::Step& step) override;
  base::StatusOr<std::unique_ptr<ml::Work>> Exchange(const ml::Route& route,
                                                     uint64_t targets) override;
  uint64_t partitions() const override { return input_.recipe->partitions; }
  bool cancelled() const override { return scope_.cancelled(); }
  void Progress(uint64_t iteration, uint64_t iterations_max) override {
    scope_.ShowProgress({0, iteration * partitions(), iterations_max * partitions()});
  }

 private:
  /// Keeps `next` and works on it from now on.
  base::Status MoveTo(plan::Lowered next);

  StageScope& scope_;
  plan::Lowered input_;
  bool own_ = false;  // this, and not the scope, is to let go of input_
};

}  // namespace soteria::master
