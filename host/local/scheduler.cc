#include "host/local/scheduler.h"

#include <algorithm>

#include "soteria/host.pb.h"
#include "src/base/errors.h"
#include "src/base/log.h"

namespace soteria::host {
namespace {

Bytes Share(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

template <class Message>
Outgoing ToMaster(FrameKind kind, uint64_t id, const Message& message) {
  return {Outgoing::To::kMaster,      0,  0,
          static_cast<uint8_t>(kind), id, Share(message.SerializeAsString())};
}

/// Puts the outputs of a further frame behind those that are there, without a copy where it can.
void Append(TaskDone& whole, TaskDone& more) {
  if (whole.outputs().empty() && whole.needs().empty()) {
    whole.Swap(&more);
  } else {
    whole.MergeFrom(more);
  }
}

Outgoing ToWorker(size_t worker, FrameKind kind, uint64_t id, Bytes payload) {
  return {Outgoing::To::kWorker, worker, 0, static_cast<uint8_t>(kind), id, std::move(payload)};
}

Place PlaceOf(uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  Place place;
  place.set_a(a);
  place.set_b(b);
  place.set_c(c);
  place.set_d(d);
  return place;
}

bool Same(const Place& x, const Place& y) {
  return x.a() == y.a() && x.b() == y.b() && x.c() == y.c() && x.d() == y.d();
}

/// A sealed message: whole, or its slices in order.
using Slices = std::vector<Cell>;

/// In a Blob or Result; a whole message carries neither number.
template <class Message>
void SetSlice(uint64_t slice, uint64_t slices, Message& message) {
  if (slices < 2) return;
  message.set_slice(slice);
  message.set_slices(slices);
}

base::Status Malformed() { return base::Fail(base::kProtocol, "malformed frame"); }

}  // namespace

// One task: a partition, or the merge of a node of the reduce tree.
struct Scheduler::Work {
  TaskKind kind = MAP;
  uint64_t level = 0;
  uint64_t index = 0;
  bool missed = false;  // its shuffle inputs were asked for once
};

struct Scheduler::Slot {
  std::optional<Work> work;
  uint64_t stage = 0;  // of `work`; may be a stage that has ended
  TaskDone partial;    // outputs of frames with `more`
};

struct Scheduler::Worker {
  bool ready = false;
  std::vector<Slot> slots;
  std::deque<Work> queue;
  uint64_t prepared_stage = 0;
  std::set<uint64_t> broadcasts;
};

struct Scheduler::Node {
  Slices sealed;
  bool done = false;
  uint64_t children = 0;  // that have answered
};

struct Scheduler::Stage {
  RunStage run;
  std::vector<std::vector<Node>> levels;  // [0] = partitions
  uint64_t partitions_done = 0;
  int64_t reported_ms = 0;

  Place PlaceOfWork(const Work& work) const {
    if (run.terminal() != REDUCE) return PlaceOf(work.index, 0, 0, 0);
    return PlaceOf(work.level, work.index, run.partitions(), run.fan_in());
  }
  uint64_t ChildrenOf(uint64_t level, uint64_t index) const {
    const uint64_t first = index * run.fan_in();
    return std::min<uint64_t>(run.fan_in(), levels[level - 1].size() - first);
  }
};

struct Scheduler::Shuffle {
  uint64_t partitions = 0;
  uint64_t targets = 0;
  std::vector<Slices> cells;            // [p * targets + q]
  std::shared_ptr<CellFile> file = {};  // of those that aren't in memory
};

// What a task is given: one message of another task.
struct Scheduler::Input {
  uint64_t stage = 0;
  Place place;
  const Slices& sealed;
};

Scheduler::Scheduler(size_t workers, size_t slots, std::vector<Fault> faults, CellStore cells)
    : slots_(slots), workers_(workers), faults_(std::move(faults)), cells_(std::move(cells)) {
  for (Worker& worker : workers_) worker.slots.resize(slots);
}
Scheduler::~Scheduler() = default;

size_t Scheduler::ReadyWorkers() const {
  return static_cast<size_t>(
      std::count_if(workers_.begin(), workers_.end(), [](const Worker& w) { return w.ready; }));
}

void Scheduler::SendResources(Actions& actions) {
  Resources resources;
  resources.set_workers_ready(ReadyWorkers());
  resources.set_workers(workers_.size());
  resources.set_slots(slots_);
  actions.sends.push_back(ToMaster(RESOURCES, 0, resources));
}

void Scheduler::MasterReady(Actions& actions) { SendResources(actions); }

void Scheduler::WorkerReady(size_t worker, int64_t, Actions& actions) {
  workers_[worker].ready = true;
  idle_since_ms_.reset();
  SendResources(actions);
  std::deque<Work> waiting;
  waiting.swap(homeless_);
  if (stage_ != nullptr && !waiting.empty()) ShareOut(stage_->run.partitions());
  for (const Work& work : waiting) Enqueue(work, false);
  Dispatch(actions);
}

void Scheduler::WorkerLost(size_t index, int64_t now_ms, Actions& actions) {
  Worker& worker = workers_[index];
  const bool was_ready = worker.ready;
  std::deque<Work> queue;
  queue.swap(worker.queue);
  std::vector<Slot> slots(slots_);
  slots.swap(worker.slots);
  worker.ready = false;
  worker.prepared_stage = 0;
  worker.broadcasts.clear();
  if (!was_ready) return;
  base::Log(base::Level::kWarning, "worker {} lost", index);
  actions.sends.push_back(ToMaster(WORKER_LOST, 0, Resources()));
  SendResources(actions);
  if (stage_ == nullptr) return;
  if (ReadyWorkers() == 0) idle_since_ms_ = now_ms;
  ShareOut(stage_->run.partitions());
  for (const Slot& slot : slots) {
    if (slot.work.has_value() && slot.stage == stage_->run.stage()) Again(*slot.work, actions);
  }
  for (const Work& work : queue) Enqueue(work, false);
  Dispatch(actions);
}

void Scheduler::Again(const Work& work, Actions& actions) {
  Retried retried;
  retried.set_stage(stage_->run.stage());
  *retried.mutable_place() = stage_->PlaceOfWork(work);
  actions.sends.push_back(ToMaster(RETRIED, stage_->run.stage(), retried));
  Work fresh = work;
  fresh.missed = false;
  Enqueue(fresh, true);
}

// Keeps a partition where it was if that worker is ready; then evens the numbers out.
void Scheduler::ShareOut(uint64_t partitions) {
  const size_t ready = ReadyWorkers();
  if (ready == 0) return;
  std::vector<size_t> ready_workers;
  for (size_t w = 0; w < workers_.size(); ++w) {
    if (workers_[w].ready) ready_workers.push_back(w);
  }
  auto [found, fresh] = owners_.try_emplace(partitions);
  std::vector<size_t>& owner = found->second;
  if (fresh) {
    for (uint64_t p = 0; p < partitions; ++p)
      owner.push_back(ready_workers[p * ready / partitions]);
    return;
  }
  std::vector<uint64_t> load(workers_.size(), 0);
  for (const size_t w : owner) ++load[w];
  const auto lighter = [&](size_t x, size_t y) { return load[x] < load[y]; };
  const auto move_to_lightest = [&](size_t& where) {
    --load[where];
    where = *std::min_element(ready_workers.begin(), ready_workers.end(), lighter);
    ++load[where];
  };
  for (size_t& w : owner) {
    if (!workers_[w].ready) move_to_lightest(w);
  }
  const uint64_t most = (partitions + ready - 1) / ready;
  for (auto w = owner.rbegin(); w != owner.rend(); ++w) {
    if (load[*w] > most) move_to_lightest(*w);
  }
}

size_t Scheduler::WorkerFor(const Work& work) const {
  if (work.kind == MAP) return owners_.at(stage_->run.partitions())[work.index];
  size_t best = workers_.size();
  size_t best_load = 0;
  for (size_t w = 0; w < workers_.size(); ++w) {
    if (!workers_[w].ready) continue;
    size_t load = workers_[w].queue.size();
    for (const Slot& slot : workers_[w].slots) load += slot.work.has_value() ? 1U : 0U;
    if (best == workers_.size() || load < best_load) {
      best = w;
      best_load = load;
    }
  }
  return best;
}

void Scheduler::Enqueue(const Work& work, bool in_front) {
  if (ReadyWorkers() == 0) {
    homeless_.push_back(work);
    return;
  }
  std::deque<Work>& queue = workers_[WorkerFor(work)].queue;
  in_front ? queue.push_front(work) : queue.push_back(work);
}

base::Status Scheduler::OnMaster(base::Frame frame, int64_t now_ms, Actions& actions) {
  switch (frame.kind) {
    case RUN_STAGE:
      return StartStage(frame, now_ms, actions);
    case BROADCAST:
      broadcasts_[frame.id] = Share(std::move(frame.payload));
      return base::OkStatus();
    case CANCEL:
      if (stage_ != nullptr && stage_->run.stage() == frame.id) EndStage(OUTCOME_NONE, actions);
      return base::OkStatus();
    case DROP: {
      Drop drop;
      if (!drop.ParseFromString(frame.payload)) return Malformed();
      for (const uint64_t stage : drop.stages()) shuffles_.erase(stage);
      for (const uint64_t id : drop.broadcasts()) broadcasts_.erase(id);
      const Bytes payload = Share(std::move(frame.payload));
      for (size_t w = 0; w < workers_.size(); ++w) {
        for (const uint64_t id : drop.broadcasts()) workers_[w].broadcasts.erase(id);
        if (workers_[w].ready) actions.sends.push_back(ToWorker(w, DROP, 0, payload));
      }
      return base::OkStatus();
    }
    default:
      return Malformed();
  }
}

base::Status Scheduler::StartStage(const base::Frame& frame, int64_t now_ms, Actions& actions) {
  auto stage = std::make_unique<Stage>();
  RunStage& run = stage->run;
  if (!run.ParseFromString(frame.payload) || run.stage() == 0 || run.partitions() == 0 ||
      run.partitions() > kPartitionsMax || run.fan_in() < 2 || run.terminal() == TERMINAL_NONE ||
      run.targets() > kPartitionsMax || run.targets() * run.partitions() > kCellsMax) {
    return Malformed();
  }
  if (stage_ != nullptr) return base::Fail(base::kProtocol, "a stage is open");
  stage->levels.emplace_back(run.partitions());
  if (run.terminal() == REDUCE) {
    ++reduces_;
    while (stage->levels.back().size() > 1) {
      stage->levels.emplace_back((stage->levels.back().size() + run.fan_in() - 1) / run.fan_in());
    }
  }
  if (run.terminal() == SHUFFLE) {
    Shuffle& shuffle = shuffles_[run.stage()];
    shuffle = {run.partitions(), run.targets(), {}};
    shuffle.cells.resize(run.partitions() * run.targets());
  }
  stage->reported_ms = now_ms;
  stage_ = std::move(stage);
  if (ReadyWorkers() == 0) idle_since_ms_ = now_ms;
  ShareOut(stage_->run.partitions());
  for (uint64_t p = 0; p < stage_->run.partitions(); ++p) Enqueue({MAP, 0, p, false}, false);
  CheckFaults(actions);
  Dispatch(actions);
  return base::OkStatus();
}

void Scheduler::EndStage(int outcome, Actions& actions) {
  const uint64_t number = stage_->run.stage();
  if (outcome != OK) {
    // Its answers are of no use any more, but for what they say of files that are in the way now.
    shuffles_.erase(number);
    if (stage_->run.terminal() == WRITE) failed_writes_.insert(number);
    if (failed_writes_.size() > kFailedWritesMax) failed_writes_.erase(failed_writes_.begin());
    for (size_t w = 0; w < workers_.size(); ++w) {
      if (workers_[w].prepared_stage != number) continue;
      actions.sends.push_back(ToWorker(w, CANCEL, number, Share({})));
    }
  }
  if (outcome != OUTCOME_NONE) {
    StageDone done;
    done.set_stage(number);
    done.set_outcome(static_cast<Outcome>(outcome));
    actions.sends.push_back(ToMaster(STAGE_DONE, number, done));
  }
  for (Worker& worker : workers_) worker.queue.clear();
  homeless_.clear();
  idle_since_ms_.reset();
  stage_.reset();
}

void Scheduler::Dispatch(Actions& actions) {
  if (stage_ == nullptr) return;
  for (size_t w = 0; w < workers_.size(); ++w) {
    Worker& worker = workers_[w];
    for (size_t s = 0; worker.ready && s < slots_ && !worker.queue.empty(); ++s) {
      if (worker.slots[s].work.has_value()) continue;
      Work work = worker.queue.front();
      worker.queue.pop_front();
      Hand(w, s, std::move(work), actions);
    }
  }
}

void Scheduler::PrepareWorker(size_t index, Actions& actions) {
  Worker& worker = workers_[index];
  const RunStage& run = stage_->run;
  if (worker.prepared_stage == run.stage()) return;
  worker.prepared_stage = run.stage();
  for (const uint64_t id : run.broadcasts()) {
    const auto found = broadcasts_.find(id);
    if (found == broadcasts_.end() || !worker.broadcasts.insert(id).second) continue;
    actions.sends.push_back(ToWorker(index, BROADCAST, id, found->second));
  }
  StageTask task;
  task.set_stage(run.stage());
  task.set_sealed_task(run.sealed_task());
  *task.mutable_broadcasts() = run.broadcasts();
  actions.sends.push_back(
      ToWorker(index, STAGE_TASK, run.stage(), Share(task.SerializeAsString())));
}

void Scheduler::Hand(size_t worker, size_t slot, Work work, Actions& actions) {
  PrepareWorker(worker, actions);
  std::vector<Input> inputs;
  if (work.kind == MERGE) {
    const std::vector<Node>& below = stage_->levels[work.level - 1];
    const uint64_t first = work.index * stage_->run.fan_in();
    for (uint64_t i = first; i < first + stage_->ChildrenOf(work.level, work.index); ++i) {
      inputs.push_back({stage_->run.stage(),
                        PlaceOf(work.level - 1, i, stage_->run.partitions(), stage_->run.fan_in()),
                        below[i].sealed});
    }
  }
  SendTask(worker, slot, work, inputs, actions);
}

void Scheduler::SendTask(size_t worker, size_t slot, const Work& work,
                         const std::vector<Input>& inputs, Actions& actions) {
  Slot& state = workers_[worker].slots[slot];
  state.work = work;
  state.stage = stage_->run.stage();
  state.partial.Clear();
  Task task;
  task.set_stage(stage_->run.stage());
  task.set_kind(work.kind);
  *task.mutable_place() = stage_->PlaceOfWork(work);
  std::vector<std::pair<Blob, Cell>> blobs;  // without and with what is sealed
  const auto send = [&](bool more) {
    task.set_more(more);
    const auto make = [task, blobs = std::exchange(blobs, {})]() mutable {
      for (auto& [blob, sealed] : blobs) {
        blob.set_sealed(*sealed.Read());
        *task.add_inputs() = std::move(blob);
      }
      return task.SerializeAsString();
    };
    actions.sends.push_back({Outgoing::To::kSlot, worker, slot, static_cast<uint8_t>(TASK),
                             stage_->run.stage(), Payload(make)});
  };
  size_t bytes = 0;
  for (const Input& input : inputs) {
    for (size_t slice = 0; slice < input.sealed.size(); ++slice) {
      const Cell& sealed = input.sealed[slice];
      if (!blobs.empty() && bytes + sealed.size() > kInputsFrameBytes) {
        send(true);
        bytes = 0;
      }
      bytes += sealed.size();
      Blob blob;
      blob.set_stage(input.stage);
      *blob.mutable_place() = input.place;
      SetSlice(slice, input.sealed.size(), blob);
      blobs.emplace_back(std::move(blob), sealed);
    }
  }
  send(false);
}

base::Status Scheduler::OnTaskDone(size_t worker, size_t slot, const base::Frame& frame,
                                   int64_t now_ms, Actions& actions) {
  TaskDone done;
  Slot& state = workers_[worker].slots[slot];
  if (!done.ParseFromString(frame.payload) || !state.work.has_value() ||
      done.stage() != state.stage) {
    return Malformed();
  }
  const bool stale = stage_ == nullptr || stage_->run.stage() != state.stage;
  if (!stale && !Same(done.place(), stage_->PlaceOfWork(*state.work))) return Malformed();
  if (done.more()) {
    if (!stale) Append(state.partial, done);
    return base::OkStatus();
  }
  base::Status status;
  if (stale) {
    state.work.reset();
    GiveBackWritten(done, actions);
  } else {
    Append(state.partial, done);
    TaskDone whole = std::move(state.partial);
    state.partial.Clear();
    status = Complete(worker, slot, whole, actions);
  }
  ReportProgress(now_ms, actions);
  Dispatch(actions);
  return status;
}

void Scheduler::ReportProgress(int64_t now_ms, Actions& actions) {
  if (stage_ == nullptr || stage_->run.terminal() != REDUCE) return;
  if (now_ms - stage_->reported_ms < kProgressMs) return;
  stage_->reported_ms = now_ms;
  Progress progress;
  progress.set_stage(stage_->run.stage());
  progress.set_done(stage_->partitions_done);
  progress.set_total(stage_->run.partitions());
  actions.sends.push_back(ToMaster(PROGRESS, stage_->run.stage(), progress));
}

void Scheduler::GiveBackWritten(TaskDone& done, Actions& actions) {
  if (done.outcome() != OK || failed_writes_.count(done.stage()) == 0) return;
  for (Blob& blob : *done.mutable_outputs()) {
    Result result;
    result.set_stage(done.stage());
    *result.mutable_place() = blob.place();
    SetSlice(blob.slice(), blob.slices(), result);
    result.set_allocated_sealed(blob.release_sealed());
    actions.sends.push_back(ToMaster(RESULT, done.stage(), result));
  }
}

base::Status Scheduler::Complete(size_t worker, size_t slot, TaskDone& done, Actions& actions) {
  Slot& state = workers_[worker].slots[slot];
  const Work work = *state.work;
  switch (done.outcome()) {
    case OK:
      state.work.reset();
      return KeepOutputs(work, done, actions);
    case MISS:
      return CompleteMiss(worker, slot, done, actions);
    case RETRY:
      state.work.reset();
      // Whatever the worker lacks, it is sent again before the task is.
      workers_[worker].prepared_stage = 0;
      for (const uint64_t id : stage_->run.broadcasts()) workers_[worker].broadcasts.erase(id);
      Again(work, actions);
      return base::OkStatus();
    default:
      break;
  }
  state.work.reset();
  for (Blob& blob : *done.mutable_outputs()) {
    Result result;
    result.set_stage(done.stage());
    *result.mutable_place() = blob.place();
    result.set_allocated_sealed(blob.release_sealed());
    actions.sends.push_back(ToMaster(RESULT, done.stage(), result));
  }
  EndStage(FAILED, actions);
  return base::OkStatus();
}

base::Status Scheduler::CompleteMiss(size_t worker, size_t slot, const TaskDone& done,
                                     Actions& actions) {
  Work work = *workers_[worker].slots[slot].work;
  std::vector<Input> inputs;
  bool found = !work.missed && done.needs_size() > 0;
  for (const Need& need : done.needs()) {
    const auto shuffle = shuffles_.find(need.stage());
    if (shuffle == shuffles_.end() || need.target() >= shuffle->second.targets) {
      found = false;
      break;
    }
    const Shuffle& cells = shuffle->second;
    for (uint64_t p = 0; p < cells.partitions; ++p) {
      // One that is missing has none: the reader sees it.
      inputs.push_back({need.stage(), PlaceOf(p, need.target(), cells.partitions, cells.targets),
                        cells.cells[p * cells.targets + need.target()]});
    }
  }
  if (!found) {
    workers_[worker].slots[slot].work.reset();
    EndStage(FAILED, actions);
    return base::OkStatus();
  }
  work.missed = true;
  SendTask(worker, slot, work, inputs, actions);
  return base::OkStatus();
}

base::Status Scheduler::KeepOutputs(const Work& work, TaskDone& done, Actions& actions) {
  Node& node = stage_->levels[work.level][work.index];
  if (node.done) return base::OkStatus();  // given out twice after a loss
  if (stage_->run.terminal() == REDUCE) {
    if (done.outputs().empty()) return Malformed();
    if (work.level + 1 == stage_->levels.size()) {
      SendRoot(work, done, actions);
      return base::OkStatus();
    }
    Slices sealed;
    for (Blob& blob : *done.mutable_outputs()) {
      sealed.emplace_back(Share(std::move(*blob.mutable_sealed())));
    }
    KeepPartial(work, std::move(sealed), actions);
    return base::OkStatus();
  }
  Shuffle* shuffle = nullptr;
  if (stage_->run.terminal() == SHUFFLE) shuffle = &shuffles_[stage_->run.stage()];
  for (Blob& blob : *done.mutable_outputs()) {
    const Place& place = blob.place();
    // A shuffle's cells stay here; its receipt and every other answer go to the master.
    if (shuffle != nullptr && place.d() != 0) {
      if (place.a() != work.index || place.b() >= shuffle->targets) return Malformed();
      shuffle->cells[place.a() * shuffle->targets + place.b()].push_back(
          cells_.Keep(std::move(*blob.mutable_sealed()), shuffle->file));
      continue;
    }
    Result result;
    result.set_stage(done.stage());
    *result.mutable_place() = place;
    SetSlice(blob.slice(), blob.slices(), result);
    result.set_allocated_sealed(blob.release_sealed());
    actions.sends.push_back(ToMaster(RESULT, done.stage(), result));
  }
  node.done = true;
  if (++stage_->partitions_done == stage_->run.partitions()) EndStage(OK, actions);
  return base::OkStatus();
}

void Scheduler::SendRoot(const Work& work, TaskDone& done, Actions& actions) {
  stage_->levels[work.level][work.index].done = true;
  if (work.level > 0) {  // what it is made of
    for (Node& node : stage_->levels[work.level - 1]) node.sealed.clear();
  }
  const auto slices = static_cast<size_t>(done.outputs_size());
  for (size_t slice = 0; slice < slices; ++slice) {
    Result result;
    result.set_stage(stage_->run.stage());
    *result.mutable_place() = stage_->PlaceOfWork(work);
    result.set_allocated_sealed(done.mutable_outputs(static_cast<int>(slice))->release_sealed());
    SetSlice(slice, slices, result);
    actions.sends.push_back(ToMaster(RESULT, stage_->run.stage(), result));
  }
  EndStage(OK, actions);
}

void Scheduler::KeepPartial(const Work& work, std::vector<Cell> sealed, Actions& actions) {
  Node& node = stage_->levels[work.level][work.index];
  node.done = true;
  node.sealed = std::move(sealed);
  if (work.kind == MERGE) {
    std::vector<Node>& below = stage_->levels[work.level - 1];
    const uint64_t first = work.index * stage_->run.fan_in();
    for (uint64_t i = 0; i < stage_->ChildrenOf(work.level, work.index); ++i) {
      below[first + i].sealed.clear();
    }
  }
  const uint64_t parent = work.index / stage_->run.fan_in();
  Node& above = stage_->levels[work.level + 1][parent];
  if (++above.children == stage_->ChildrenOf(work.level + 1, parent)) {
    Enqueue({MERGE, work.level + 1, parent, false}, true);
  }
  if (work.level == 0) {
    ++stage_->partitions_done;
    CheckFaults(actions);
  }
}

void Scheduler::CheckFaults(Actions& actions) {
  if (stage_->run.terminal() != REDUCE) return;
  std::erase_if(faults_, [&](const Fault& fault) {
    if (fault.reduce != reduces_ || fault.after > stage_->partitions_done) return false;
    if (fault.worker < workers_.size()) actions.kills.push_back(fault.worker);
    return true;
  });
}

void Scheduler::Tick(int64_t now_ms, Actions& actions) {
  if (stage_ == nullptr || !idle_since_ms_.has_value()) return;
  if (now_ms - *idle_since_ms_ >= kNoWorkerTimeoutMs) EndStage(RETRY, actions);
}

}  // namespace soteria::host
