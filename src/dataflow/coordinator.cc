#include "src/dataflow/coordinator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "soteria/host.pb.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/log.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/crypto/hash.h"
#include "src/dataflow/coverage.h"
#include "src/dataflow/slices.h"
#include "src/dataflow/task.h"
#include "src/dataflow/tree.h"

namespace soteria::dataflow {
namespace {

using crypto::MessageKind;
using crypto::Place;

// Frames that may wait while no stage is open; they can only be late repeats.
constexpr size_t kIdleInboxMax = 64;
constexpr uint64_t kIdleInboxBytesMax = uint64_t{64} << 20;
// Frames of a stage beyond the places it has: repeats, losses, progress.
constexpr size_t kInboxFramesSpare = 65'536;
// Write stages that failed and whose late results are still looked at.
constexpr size_t kFailedWritesMax = 256;
// Cells of one shuffle: hosts end the session of a master that asks for more.
constexpr uint64_t kCellsMax = uint64_t{1} << 26;

MessageKind AnswerKind(Terminal terminal) {
  switch (terminal) {
    case Terminal::kCollect:
      return MessageKind::kRows;
    case Terminal::kWrite:
      return MessageKind::kWritten;
    case Terminal::kReduce:
      return MessageKind::kPartial;
    case Terminal::kKeep:
    case Terminal::kShuffle:
      return MessageKind::kKept;
  }
  return MessageKind::kError;
}

Place FromProto(const host::Place& place) { return {place.a(), place.b(), place.c(), place.d()}; }

Coverage CoverageOf(const StageSpec& spec, const Tree& tree) {
  return spec.terminal == Terminal::kReduce ? Coverage::OfPlace(tree.PlaceOf(tree.root()))
                                            : Coverage::OfPartitions(spec.recipe->partitions);
}

/// The stage that is open: what it still lacks and what it has.
struct OpenStage {
  OpenStage(const StageSpec& the_spec, uint64_t the_number, const CoordinatorLimits& the_limits)
      : spec(the_spec),
        number(the_number),
        limits(the_limits),
        tree(the_spec.recipe->partitions),
        coverage(CoverageOf(the_spec, tree)) {}

  /// Whether a task of this stage has that place: a partition, or for a reduce a node.
  bool HasTask(const Place& place) const {
    if (spec.terminal != Terminal::kReduce) return coverage.Contains(place);
    const Node node{place.a, place.b};
    return tree.Contains(node) && place == tree.PlaceOf(node);
  }

  const StageSpec& spec;
  uint64_t number;
  CoordinatorLimits limits;
  base::Digest task{};
  Tree tree;
  Coverage coverage;
  StageResult result;
  std::map<uint64_t, std::string> pending;  // accepted outputs that wait for earlier partitions
  std::map<uint64_t, Joiner> joiners;       // of places that came in part, by their first number
  uint64_t joining_bytes = 0;               // held by joiners
  uint64_t held_bytes = 0;
  uint64_t next_output = 0;
  uint64_t losses = 0;
  std::map<std::array<uint64_t, 4>, uint64_t> place_losses;
};

}  // namespace

class Coordinator::Impl {
 public:
  Impl(HostLink& link, crypto::Sealer& sealer, const crypto::Opener& opener,
       CoordinatorLimits limits)
      : link_(link), sealer_(sealer), opener_(opener), limits_(limits) {}

  StatusOr<StageResult> Run(const StageSpec& spec, const OnOutput& on_output,
                            const OnProgress& on_progress);
  StatusOr<BroadcastRef> Broadcast(std::string_view plain);
  void Drop(std::optional<uint64_t> broadcast, std::optional<uint64_t> stage);
  void SetLive(std::vector<base::Digest> live);
  void SetLimits(const CoordinatorLimits& limits);
  void Cancel();
  void SetWithoutWorkers(Status why);
  void SetOnUnused(OnUnused on_unused) { on_unused_ = std::move(on_unused); }
  void GiveUpLate();
  Status WaitForWorkers(uint64_t workers, int64_t timeout_ms);
  HostResources resources() const;
  Counters counters() const;
  bool OnFrame(base::Frame frame);
  void OnClosed();

 private:
  Status Start(OpenStage& stage);
  Status Loop(OpenStage& stage, const OnOutput& on_output, const OnProgress& on_progress);
  StatusOr<base::Frame> NextFrame();
  void Finish(OpenStage& stage, const Status& status);
  std::vector<LiveRecipe> LiveFor(const StageSpec& spec);

  /// A failed status is fatal to the stage.
  Status Handle(OpenStage& stage, const base::Frame& frame, const OnProgress& on_progress);
  Status HandleResult(OpenStage& stage, const host::Result& result);
  Status HandleForeignStage(OpenStage& stage, const host::Result& result);
  /// Of a write stage that failed: what was written is left to nobody.
  void GiveUpWritten(OpenStage& stage);
  void GiveUpWritten(uint64_t stage, const crypto::EnvelopeHeader& header, std::string plain);
  Status HandleError(const OpenStage& stage, const host::Result& result, const Place& place);
  Status Accept(OpenStage& stage, const Place& place, std::string plain);
  /// Whether a message of so many bytes may be held.
  static Status CheckRoom(const OpenStage& stage, uint64_t bytes);
  /// The whole message once it is complete.
  static StatusOr<std::optional<std::string>> Join(OpenStage& stage, const Place& place, Part part);
  Status HandleDone(const OpenStage& stage, const host::StageDone& done);
  Status HandleRetried(OpenStage& stage, const host::Retried& retried);
  /// Whether it says no more than that a block of an earlier stage was built again.
  bool CountsKept(const base::Frame& frame);
  Status Deliver(OpenStage& stage, const OnOutput& on_output);

  HostLink& link_;
  crypto::Sealer& sealer_;
  const crypto::Opener& opener_;

  std::mutex run_mutex_;  // one stage at a time
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<base::Frame> inbox_;
  uint64_t inbox_bytes_ = 0;
  uint64_t inbox_bytes_max_ = kIdleInboxBytesMax;
  size_t inbox_frames_max_ = kIdleInboxMax;
  uint64_t open_stage_ = 0;  // 0: none
  Status without_workers_;
  bool overflowed_ = false;
  bool cancelled_ = false;
  bool closed_ = false;
  uint64_t next_stage_ = 1;
  uint64_t next_broadcast_ = 1;
  std::set<base::Digest> live_;
  std::set<base::Digest> kept_;  // of live_: those whose blocks were all built
  CoordinatorLimits limits_;
  HostResources resources_;
  Counters counters_;
  OnUnused on_unused_;
  std::map<uint64_t, WriteTarget> failed_writes_;  // by stage; under run_mutex_
};

std::vector<LiveRecipe> Coordinator::Impl::LiveFor(const StageSpec& spec) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (spec.terminal == Terminal::kKeep) live_.insert(spec.recipe->digest);
  std::vector<LiveRecipe> live;
  for (const base::Digest& digest : live_) live.push_back({digest, kept_.count(digest) > 0});
  return live;
}

Status Coordinator::Impl::Start(OpenStage& stage) {
  const StageSpec& spec = stage.spec;
  Task task;
  task.stage = stage.number;
  task.spec = spec;
  task.fan_in = stage.tree.fan_in();
  task.live = LiveFor(spec);
  if (task.live.size() > kLiveMax || spec.inputs.size() > kShuffleInputsMax ||
      spec.broadcasts.size() > kBroadcastsMax) {
    return base::Fail(base::kMemoryLimit, "a stage needs too many kept blocks or broadcasts");
  }
  if (spec.targets * spec.recipe->partitions > kCellsMax) {  // each at most kPartitionsMax
    return base::NotSupported(
        base::Cat("An exchange of more than ", kCellsMax, " pieces, partitions times targets,"),
        "coalesce before it");
  }
  const std::string plain = EncodeTask(task);
  if (plain.size() > crypto::kEnvelopePlainBytesMax) {
    return base::Fail(base::kMemoryLimit, "a stage's task is larger than 256 MiB");
  }
  SOTERIA_ASSIGN_OR_RETURN(std::string sealed, sealer_.Seal(stage.number, base::Digest{},
                                                            MessageKind::kTask, {}, plain));
  stage.task = TaskDigest(sealed, spec.broadcasts);
  host::RunStage run;
  run.set_stage(stage.number);
  run.set_terminal(static_cast<host::Terminal>(spec.terminal));
  run.set_partitions(spec.recipe->partitions);
  run.set_fan_in(task.fan_in);
  run.set_targets(spec.targets);
  run.set_input_bytes(spec.input_bytes);
  for (const ShuffleInput& input : spec.inputs) run.add_input_stages(input.stage);
  run.set_sealed_task(std::move(sealed));
  for (const BroadcastRef& broadcast : spec.broadcasts) run.add_broadcasts(broadcast.id);
  return link_.Send(host::RUN_STAGE, stage.number, run.SerializeAsString());
}

StatusOr<StageResult> Coordinator::Impl::Run(const StageSpec& spec, const OnOutput& on_output,
                                             const OnProgress& on_progress) {
  const std::lock_guard<std::mutex> one_at_a_time(run_mutex_);
  uint64_t number = 0;
  CoordinatorLimits limits;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return base::Fail(base::kWorkerLost, "the connection to the host has ended");
    limits = limits_;
    number = next_stage_++;
    open_stage_ = number;
    cancelled_ = overflowed_ = false;
    inbox_frames_max_ = spec.recipe->partitions + kInboxFramesSpare;
    inbox_bytes_max_ = limits.HeldBy(spec.terminal) + base::kFrameBytesMax;
    ++counters_.stages;
    counters_.tasks += spec.recipe->partitions;
  }
  OpenStage stage(spec, number, limits);
  stage.result.stage = number;
  Status status = Start(stage);
  if (status.ok()) status = Loop(stage, on_output, on_progress);
  Finish(stage, status);
  SOTERIA_RETURN_IF_ERROR(status);
  return std::move(stage.result);
}

void Coordinator::Impl::Finish(OpenStage& stage, const Status& status) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_stage_ = 0;
    inbox_frames_max_ = kIdleInboxMax;
    inbox_bytes_max_ = kIdleInboxBytesMax;
    counters_.rebuilds += stage.result.rebuilds;
    counters_.spilled_bytes += stage.result.spilled_bytes;
    counters_.opened_bytes += stage.result.opened_bytes;
    counters_.repeats += stage.result.repeats;
    counters_.retries += stage.result.retries;
    counters_.workers_lost += stage.losses;
    if (status.ok()) {
      for (const base::Digest& digest : BlocksOf(*stage.spec.recipe)) {
        if (live_.count(digest) > 0) kept_.insert(digest);
      }
    }
  }
  if (!status.ok()) {
    base::Log(base::Level::kWarning, "stage {} ended in an error", stage.number);
    GiveUpWritten(stage);
    // The host learns that the stage is over and nothing else (I8). If it is gone, so is the stage.
    (void)link_.Send(host::CANCEL, stage.number, {});
  } else if (stage.spec.terminal == Terminal::kShuffle) {
    const StageSpec& spec = stage.spec;
    stage.result.shuffle = {ShuffleDigest(*spec.recipe, spec.targets, spec.partitioner),
                            stage.number, stage.task};
  }
}

void Coordinator::Impl::GiveUpWritten(OpenStage& stage) {
  if (stage.spec.terminal != Terminal::kWrite || on_unused_ == nullptr) return;
  for (auto& [partition, entry] : stage.pending) on_unused_(stage.spec.write, std::move(entry));
  stage.pending.clear();
  failed_writes_.emplace(stage.number, stage.spec.write);
  if (failed_writes_.size() > kFailedWritesMax) failed_writes_.erase(failed_writes_.begin());
}

void Coordinator::Impl::GiveUpWritten(uint64_t stage, const crypto::EnvelopeHeader& header,
                                      std::string plain) {
  const auto failed = failed_writes_.find(stage);
  if (failed == failed_writes_.end() || header.kind != MessageKind::kWritten) return;
  StatusOr<Answer> answer = DecodeAnswer(std::move(plain));
  if (answer.ok()) on_unused_(failed->second, std::move(answer->payload));
}

void Coordinator::Impl::GiveUpLate() {
  const std::lock_guard<std::mutex> no_stage(run_mutex_);
  std::deque<base::Frame> late;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    late.swap(inbox_);
    inbox_bytes_ = 0;
  }
  for (const base::Frame& frame : late) {
    host::Result result;
    if (frame.kind != host::RESULT || !result.ParseFromString(frame.payload)) continue;
    auto opened = opener_.Open(result.sealed());
    if (!opened.ok() || opened->first.stage != result.stage()) continue;
    GiveUpWritten(result.stage(), opened->first, std::move(opened->second));
  }
}

StatusOr<base::Frame> Coordinator::Impl::NextFrame() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] {
    return cancelled_ || closed_ || overflowed_ || !without_workers_.ok() || !inbox_.empty();
  });
  if (!without_workers_.ok()) return without_workers_;
  if (cancelled_) return base::Fail(base::kCancelled, "the operation was cancelled");
  if (overflowed_) {
    return base::Fail(base::kCollectLimit, "the host delivers more than a stage may hold");
  }
  if (inbox_.empty()) return base::Fail(base::kWorkerLost, "the connection to the host has ended");
  base::Frame frame = std::move(inbox_.front());
  inbox_.pop_front();
  inbox_bytes_ -= frame.payload.size();
  return frame;
}

Status Coordinator::Impl::Loop(OpenStage& stage, const OnOutput& on_output,
                               const OnProgress& on_progress) {
  const uint64_t tasks = stage.spec.recipe->partitions;
  if (on_progress != nullptr) on_progress(stage.number, 0, tasks);
  while (!stage.coverage.complete()) {
    SOTERIA_ASSIGN_OR_RETURN(const base::Frame frame, NextFrame());
    SOTERIA_RETURN_IF_ERROR(Handle(stage, frame, on_progress));
    SOTERIA_RETURN_IF_ERROR(Deliver(stage, on_output));
  }
  if (on_progress != nullptr) on_progress(stage.number, tasks, tasks);
  return base::OkStatus();
}

Status Coordinator::Impl::Deliver(OpenStage& stage, const OnOutput& on_output) {
  while (!stage.pending.empty() && stage.pending.begin()->first == stage.next_output) {
    std::string plain = std::move(stage.pending.begin()->second);
    stage.pending.erase(stage.pending.begin());
    if (on_output == nullptr) {
      stage.result.outputs.push_back(std::move(plain));
    } else {
      stage.held_bytes -= plain.size();
      SOTERIA_RETURN_IF_ERROR(on_output(stage.next_output, std::move(plain)));
    }
    ++stage.next_output;
  }
  return base::OkStatus();
}

Status Coordinator::Impl::Handle(OpenStage& stage, const base::Frame& frame,
                                 const OnProgress& on_progress) {
  const Status malformed = base::Fail(base::kProtocol, "the host sent a malformed frame");
  switch (frame.kind) {
    case host::RESULT: {
      host::Result result;
      if (!result.ParseFromString(frame.payload)) return malformed;
      SOTERIA_RETURN_IF_ERROR(HandleResult(stage, result));
      if (on_progress != nullptr && stage.spec.terminal != Terminal::kReduce) {
        on_progress(stage.number, stage.coverage.filled(), stage.coverage.total());
      }
      return base::OkStatus();
    }
    case host::STAGE_DONE: {
      host::StageDone done;
      if (!done.ParseFromString(frame.payload)) return malformed;
      return HandleDone(stage, done);
    }
    case host::RETRIED: {
      host::Retried retried;
      if (!retried.ParseFromString(frame.payload)) return malformed;
      return HandleRetried(stage, retried);
    }
    case host::WORKER_LOST:
      if (++stage.losses > stage.limits.stage_losses_max) {
        return base::Fail(base::kAttempts, base::Cat("the stage lost more than ",
                                                     stage.limits.stage_losses_max, " workers"));
      }
      return base::OkStatus();
    case host::PROGRESS: {
      // Only shown, never acted on (I6).
      host::Progress progress;
      if (!progress.ParseFromString(frame.payload)) return malformed;
      if (on_progress != nullptr && progress.stage() == stage.number) {
        const uint64_t tasks = stage.spec.recipe->partitions;
        on_progress(stage.number, std::min(progress.done(), tasks), tasks);
      }
      return base::OkStatus();
    }
    default:
      return malformed;
  }
}

Status Coordinator::Impl::HandleResult(OpenStage& stage, const host::Result& result) {
  if (result.stage() != stage.number) return HandleForeignStage(stage, result);
  const Place place = FromProto(result.place());
  SOTERIA_ASSIGN_OR_RETURN(const crypto::EnvelopeHeader header,
                           crypto::ParseEnvelopeHeader(result.sealed()));
  if (header.kind == MessageKind::kError) return HandleError(stage, result, place);
  // I4: exactly this session, stage, task, kind and place, or nothing.
  SOTERIA_ASSIGN_OR_RETURN(
      Part part, OpenPart(opener_, result.sealed(),
                          {stage.number, stage.task, AnswerKind(stage.spec.terminal), place}));
  if (!stage.coverage.Contains(place)) {
    return base::Fail(base::kIntegrity, "the host delivered a result for no place of the stage");
  }
  if (stage.coverage.Filled(place)) {
    ++stage.result.repeats;
    return base::OkStatus();
  }
  SOTERIA_ASSIGN_OR_RETURN(std::optional<std::string> plain, Join(stage, place, std::move(part)));
  if (!plain.has_value()) return base::OkStatus();
  CHECK(stage.coverage.Offer(place) == Verdict::kAccept);
  return Accept(stage, place, *std::move(plain));
}

Status Coordinator::Impl::CheckRoom(const OpenStage& stage, uint64_t bytes) {
  const uint64_t limit = stage.limits.HeldBy(stage.spec.terminal);
  // Twice: a task may have been executed twice at a time, and slices of both come in.
  if (stage.held_bytes + bytes <= limit && stage.joining_bytes <= 2 * limit) {
    return base::OkStatus();
  }
  if (stage.spec.terminal == Terminal::kReduce) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("the result of a reduce is larger than ", limit, " bytes"));
  }
  return base::Fail(base::kCollectLimit,
                    base::Cat("the result is larger than collect_bytes_max (", limit, " bytes)"));
}

StatusOr<std::optional<std::string>> Coordinator::Impl::Join(OpenStage& stage, const Place& place,
                                                             Part part) {
  SOTERIA_RETURN_IF_ERROR(CheckRoom(stage, part.total));
  Joiner& joiner = stage.joiners[place.a];
  stage.joining_bytes -= joiner.pending_bytes();
  const StatusOr<Joiner::Added> added = joiner.Add(std::move(part));
  stage.joining_bytes += joiner.pending_bytes();
  SOTERIA_RETURN_IF_ERROR(added);
  SOTERIA_RETURN_IF_ERROR(CheckRoom(stage, 0));
  if (*added == Joiner::Added::kRepeat) ++stage.result.repeats;
  if (*added != Joiner::Added::kComplete) return std::optional<std::string>();
  std::optional<std::string> plain = joiner.Take();
  stage.joiners.erase(place.a);
  return plain;
}

Status Coordinator::Impl::HandleForeignStage(OpenStage& stage, const host::Result& result) {
  if (result.stage() == 0 || result.stage() > stage.number) {
    return base::Fail(base::kIntegrity, "the host delivered a result for a stage that never was");
  }
  SOTERIA_ASSIGN_OR_RETURN(auto opened, opener_.Open(result.sealed()));
  if (opened.first.stage != result.stage()) {
    return base::Fail(base::kIntegrity, "the host delivered a result as that of another stage");
  }
  GiveUpWritten(result.stage(), opened.first, std::move(opened.second));
  ++stage.result.repeats;  // an authentic message of a closed stage
  return base::OkStatus();
}

Status Coordinator::Impl::HandleError(const OpenStage& stage, const host::Result& result,
                                      const Place& place) {
  if (!stage.HasTask(place)) {
    return base::Fail(base::kIntegrity, "the host delivered an error for no place of the stage");
  }
  SOTERIA_ASSIGN_OR_RETURN(
      const std::string plain,
      opener_.OpenAs(result.sealed(), stage.number, stage.task, MessageKind::kError, place));
  Status error;
  SOTERIA_RETURN_IF_ERROR(base::DecodeStatus(plain, &error));
  if (error.ok()) return base::Fail(base::kProtocol, "a worker reported no error as an error");
  return error;
}

Status Coordinator::Impl::Accept(OpenStage& stage, const Place& place, std::string plain) {
  SOTERIA_ASSIGN_OR_RETURN(Answer answer, DecodeAnswer(std::move(plain)));
  stage.result.rebuilds += answer.rebuilds;
  stage.result.spilled_bytes += answer.spilled_bytes;
  stage.result.opened_bytes += answer.opened_bytes;
  if (stage.spec.terminal == Terminal::kReduce) {
    stage.result.root_partial = std::move(answer.payload);
    return base::OkStatus();
  }
  stage.held_bytes += answer.payload.size();
  stage.pending.emplace(place.a, std::move(answer.payload));
  return base::OkStatus();
}

Status Coordinator::Impl::HandleDone(const OpenStage& stage, const host::StageDone& done) {
  if (done.stage() < stage.number) return base::OkStatus();  // of a stage that ended before
  if (done.stage() > stage.number) {
    return base::Fail(base::kIntegrity, "the host ended a stage that never was");
  }
  switch (done.outcome()) {
    case host::OK:  // I5: the loop ends when every place is filled, and only then
      return base::Fail(base::kIntegrity,
                        base::Cat("the host ended the stage with ",
                                  stage.coverage.total() - stage.coverage.filled(), " of ",
                                  stage.coverage.total(), " results missing"));
    case host::RETRY:
      return base::Fail(base::kWorkerLost, "no worker was there to run the stage");
    default:
      return base::Fail(base::kStageFailed, "the host gave the stage up");
  }
}

Status Coordinator::Impl::HandleRetried(OpenStage& stage, const host::Retried& retried) {
  if (retried.stage() != stage.number) return base::OkStatus();
  const Place place = FromProto(retried.place());
  if (!stage.HasTask(place)) {
    return base::Fail(base::kProtocol, "the host retries a place that the stage doesn't have");
  }
  ++stage.result.retries;
  if (++stage.place_losses[{place.a, place.b, place.c, place.d}] > stage.limits.place_losses_max) {
    return base::Fail(base::kAttempts, base::Cat("a task was lost with its worker more than ",
                                                 stage.limits.place_losses_max, " times"));
  }
  return base::OkStatus();
}

StatusOr<BroadcastRef> Coordinator::Impl::Broadcast(std::string_view plain) {
  if (plain.size() > crypto::kEnvelopePlainBytesMax) {
    return base::Fail(base::kMemoryLimit, "a broadcast is larger than 256 MiB");
  }
  BroadcastRef broadcast;
  SOTERIA_ASSIGN_OR_RETURN(
      const std::string sealed,
      sealer_.Seal(0, base::Digest{}, MessageKind::kBroadcast, Place{}, plain));
  broadcast.digest = crypto::Sha256(sealed);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    broadcast.id = next_broadcast_++;
  }
  SOTERIA_RETURN_IF_ERROR(link_.Send(host::BROADCAST, broadcast.id, sealed));
  return broadcast;
}

void Coordinator::Impl::Drop(std::optional<uint64_t> broadcast, std::optional<uint64_t> stage) {
  host::Drop drop;
  if (broadcast.has_value()) drop.add_broadcasts(*broadcast);
  if (stage.has_value()) drop.add_stages(*stage);
  // Frees memory only; a host that is gone holds none.
  (void)link_.Send(host::DROP, 0, drop.SerializeAsString());
}

void Coordinator::Impl::SetLive(std::vector<base::Digest> live) {
  const std::lock_guard<std::mutex> lock(mutex_);
  live_ = std::set<base::Digest>(live.begin(), live.end());
  std::erase_if(kept_, [&](const base::Digest& digest) { return live_.count(digest) == 0; });
}

void Coordinator::Impl::SetLimits(const CoordinatorLimits& limits) {
  const std::lock_guard<std::mutex> lock(mutex_);
  limits_ = limits;
}

void Coordinator::Impl::Cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (open_stage_ == 0) return;
  cancelled_ = true;
  changed_.notify_all();
}

void Coordinator::Impl::SetWithoutWorkers(Status why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  without_workers_ = std::move(why);
  changed_.notify_all();
}

Status Coordinator::Impl::WaitForWorkers(uint64_t workers, int64_t timeout_ms) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return closed_ || resources_.workers_ready >= workers; });
  if (resources_.workers_ready >= workers && !closed_) return base::OkStatus();
  return base::Fail(base::kWorkerLost,
                    base::Cat(resources_.workers_ready, " of ", workers, " workers are ready"));
}

HostResources Coordinator::Impl::resources() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return resources_;
}

Counters Coordinator::Impl::counters() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return counters_;
}

bool Coordinator::Impl::OnFrame(base::Frame frame) {
  switch (frame.kind) {
    case host::RESOURCES: {
      host::Resources resources;
      const bool parsed = resources.ParseFromString(frame.payload);
      const std::lock_guard<std::mutex> lock(mutex_);
      if (parsed) {
        resources_ = {resources.workers_ready(), resources.workers(), resources.slots()};
      }
      changed_.notify_all();
      return true;
    }
    case host::RESULT:
    case host::STAGE_DONE:
    case host::RETRIED:
    case host::WORKER_LOST:
    case host::PROGRESS:
      break;
    default:
      return false;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (frame.kind == host::RETRIED && CountsKept(frame)) return true;
  if (open_stage_ == 0 && frame.kind != host::RESULT) return true;  // of a stage that has ended
  // Never blocks: the frames that the sink of a result waits for come in by this same thread.
  if (inbox_.size() >= inbox_frames_max_ ||
      inbox_bytes_ + frame.payload.size() > inbox_bytes_max_) {
    overflowed_ = true;
  } else {
    inbox_bytes_ += frame.payload.size();
    inbox_.push_back(std::move(frame));
  }
  changed_.notify_all();
  return true;
}

bool Coordinator::Impl::CountsKept(const base::Frame& frame) {
  // Only shown, never acted on (I6).
  host::Retried retried;
  if (!retried.ParseFromString(frame.payload) || !retried.kept()) return false;
  ++counters_.rebuilds;
  return true;
}

void Coordinator::Impl::OnClosed() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

Coordinator::Coordinator(HostLink& link, crypto::Sealer& sealer, const crypto::Opener& opener,
                         CoordinatorLimits limits)
    : impl_(std::make_unique<Impl>(link, sealer, opener, limits)) {}
Coordinator::~Coordinator() = default;

StatusOr<StageResult> Coordinator::Run(const StageSpec& spec, const OnOutput& on_output,
                                       const OnProgress& on_progress) {
  return impl_->Run(spec, on_output, on_progress);
}
StatusOr<BroadcastRef> Coordinator::Broadcast(std::string_view plain) {
  return impl_->Broadcast(plain);
}
void Coordinator::DropBroadcast(const BroadcastRef& broadcast) {
  impl_->Drop(broadcast.id, std::nullopt);
}
void Coordinator::SetLive(std::vector<base::Digest> live) { impl_->SetLive(std::move(live)); }
void Coordinator::SetLimits(CoordinatorLimits limits) { impl_->SetLimits(limits); }
void Coordinator::DropShuffle(uint64_t stage) { impl_->Drop(std::nullopt, stage); }
void Coordinator::Cancel() { impl_->Cancel(); }
void Coordinator::SetOnUnused(OnUnused on_unused) { impl_->SetOnUnused(std::move(on_unused)); }
void Coordinator::GiveUpLate() { impl_->GiveUpLate(); }
void Coordinator::SetWithoutWorkers(Status why) { impl_->SetWithoutWorkers(std::move(why)); }
Status Coordinator::WaitForWorkers(uint64_t workers, int64_t timeout_ms) {
  return impl_->WaitForWorkers(workers, timeout_ms);
}
HostResources Coordinator::resources() const { return impl_->resources(); }
Counters Coordinator::counters() const { return impl_->counters(); }
bool Coordinator::OnFrame(base::Frame frame) { return impl_->OnFrame(std::move(frame)); }
void Coordinator::OnClosed() { impl_->OnClosed(); }

}  // namespace soteria::dataflow
