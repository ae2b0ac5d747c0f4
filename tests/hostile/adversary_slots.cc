// What slots answer, and tasks that the adversary hands out on its own.
#include <algorithm>

#include "soteria/host.pb.h"
#include "tests/hostile/adversary.h"
#include "tests/hostile/host_frames.h"

namespace soteria::hostile {

bool Adversary::FromSlot(size_t worker, size_t slot, base::Frame& frame) {
  host::TaskDone done;
  auto& queue = outstanding_[{worker, slot}];
  if (queue.empty() || !done.ParseFromString(frame.payload)) return true;
  const Outstanding given = queue.front();
  if (!done.more()) queue.pop_front();
  if (given.purpose != Purpose::kNone) {
    std::unique_ptr<host::TaskDone>& whole = partly_[{worker, slot}];
    if (whole == nullptr) whole = std::make_unique<host::TaskDone>();
    whole->MergeFrom(done);
    if (done.more()) return false;
    const std::unique_ptr<host::TaskDone> taken = std::move(whole);
    InjectedDone(given, *taken);
    return false;
  }
  bool swallow = false;
  if (given.altered.has_value()) {
    Restore(given, done);
  } else if (given.hide_error && done.outcome() == host::FAILED) {
    done.set_outcome(host::OK);
    Told(Trick::kHideError);
  } else if (!given.hide_error && done.outcome() == host::OK) {
    Remember(done);
    if (!done.more()) {
      for (Step* step : Due(Chance::kAnswer)) {
        step->done = TellAboutAnswer(step->trick, worker, done, given.name, swallow);
        if (step->done) break;
      }
    }
  }
  frame.payload = done.SerializeAsString();
  return !swallow;
}

void Adversary::Remember(const host::TaskDone& done) {
  for (const host::Blob& blob : done.outputs()) {
    memory_.blobs[{done.stage(), KeyOf(blob.place())}] = blob.sealed();
  }
}

// The scheduler gets the answer that it waits for, made of the answer to what the slot was told.
void Adversary::Restore(const Outstanding& given, host::TaskDone& done) {
  done.set_stage(given.name.first);
  *done.mutable_place() = PlaceOf(given.name.second);
  for (host::Blob& blob : *done.mutable_outputs()) {
    blob.set_stage(given.name.first);
    if (KeyOf(blob.place()) == given.altered->second) {
      *blob.mutable_place() = done.place();
    } else {
      blob.mutable_place()->set_a(given.name.second[0]);  // a cell of its shuffle
    }
  }
  if (!done.more() && (done.outcome() == host::OK || done.outcome() == host::FAILED)) {
    if (given.alteration.has_value()) Told(*given.alteration);
    misdirected_.insert(given.name);
  }
}

bool Adversary::TellAboutAnswer(Trick trick, size_t worker, host::TaskDone& done, const Name& name,
                                bool& swallow) {
  switch (trick) {
    case Trick::kMixSlices:
    case Trick::kRunOnExtraWorker:
    case Trick::kRunTwice: {
      const auto task = tasks_.find(name);
      if (task == tasks_.end()) return false;
      const bool mix = trick == Trick::kMixSlices;
      const auto sliced = [](const host::Blob& blob) { return blob.slices() > 1; };
      // Only what goes into another task; a result counts as soon as one run's slices are there.
      const bool inner =
          memory_.stages[name.first].terminal == host::SHUFFLE ||
          (memory_.stages[name.first].terminal == host::REDUCE &&
           memory_.results.count(name) == 0 && name.second[0] == 0 && name.second[2] > 1);
      if (mix && (!inner || std::none_of(done.outputs().begin(), done.outputs().end(), sliced)))
        return false;
      const bool extra = trick == Trick::kRunOnExtraWorker;
      if (extra && ready_.count(setting_.workers) == 0) return false;
      Inject(name, mix ? Purpose::kMix : extra ? Purpose::kOnExtra : Purpose::kTwice, task->second);
      return true;
    }
    case Trick::kLoseWorker:
      kills_.push_back(worker);
      swallow = true;
      break;
    case Trick::kOkBecomesRetry:
      done.set_outcome(host::RETRY);
      done.clear_outputs();
      break;
    case Trick::kOkBecomesMiss:
      done.set_outcome(host::MISS);
      done.clear_outputs();
      break;
    default:
      done.set_outcome(host::FAILED);
      break;
  }
  Told(trick);
  return true;
}

// What the stage needs and the worker has not been given.
void Adversary::Prepare(size_t worker, uint64_t stage) {
  const auto give = [&](uint8_t kind, uint64_t id, const std::string& payload) {
    if (!given_[worker].insert({kind, id}).second) return;
    own_.push_back({{host::Outgoing::To::kWorker, worker, 0, kind, id,
                     std::make_shared<const std::string>(payload)},
                    {}});
  };
  for (const uint64_t id : memory_.stages[stage].broadcasts) {
    const auto found = memory_.broadcasts.find(id);
    if (found != memory_.broadcasts.end()) give(host::BROADCAST, id, found->second);
  }
  host::StageTask task;
  task.set_stage(stage);
  task.set_sealed_task(memory_.stage_tasks[stage]);
  for (const uint64_t id : memory_.stages[stage].broadcasts) task.add_broadcasts(id);
  give(host::STAGE_TASK, stage, task.SerializeAsString());
}

void Adversary::Inject(const Name& name, Purpose purpose, std::string_view payload) {
  if (Blocks(purpose)) ++blocking_;
  if (ready_.empty()) {
    if (purpose == Purpose::kRetry) homeless_.push_back(name);
    if (purpose == Purpose::kProvoke) --blocking_;
    return;
  }
  size_t worker = *std::next(ready_.begin(), static_cast<int64_t>(Below(ready_.size())));
  if (purpose == Purpose::kOnExtra) worker = setting_.workers;
  const size_t slot = Below(setting_.slots);
  Prepare(worker, name.first);
  Outstanding given;
  given.purpose = purpose;
  given.name = name;
  own_.push_back({{host::Outgoing::To::kSlot, worker, slot, host::TASK, name.first,
                   std::make_shared<const std::string>(payload)},
                  given});
}

void Adversary::InjectedDone(const Outstanding& given, const host::TaskDone& done) {
  const Shape& shape = memory_.stages[given.name.first];
  if (given.purpose == Purpose::kDiscard) return;
  if (Blocks(given.purpose)) --blocking_;
  Frames results;
  const bool wants_error = given.purpose >= Purpose::kProvoke;
  if (given.purpose == Purpose::kOnExtra) Told(Trick::kRunOnExtraWorker);
  for (const host::Blob& blob : done.outputs()) {
    if ((done.outcome() == host::FAILED) != wants_error) break;
    host::Result result;
    result.set_stage(given.name.first);
    *result.mutable_place() = blob.place();
    result.set_sealed(blob.sealed());
    result.set_slice(blob.slice());
    result.set_slices(blob.slices());
    const PlaceKey place = KeyOf(blob.place());
    host::Outgoing frame = FrameToMaster(host::RESULT, given.name.first, result);
    if (given.purpose == Purpose::kKeepError) {
      late_.push_back({given.name.first, frame, Trick::kLateErrorRepeat});
    } else if (given.purpose == Purpose::kReplayError) {
      late_.push_back({given.name.first, frame, Trick::kErrorOfEarlierStage, true});
    } else if (given.purpose == Purpose::kProvoke) {
      own_.push_back({std::move(frame), {}});
      Told(Trick::kProvokedError);
    } else if (memory_.results.count({given.name.first, place}) > 0) {
      if (given.purpose == Purpose::kMix) continue;
      if (given.purpose == Purpose::kTwice) Told(Trick::kRunTwice);
      ToMaster(std::move(frame), results);
    } else if (shape.terminal == host::REDUCE || place[3] != 0) {
      alternates_[{given.name.first, place}].push_back(blob.sealed());  // an input of other tasks
      if (given.purpose == Purpose::kMix) to_mix_.insert({given.name.first, place});
    }
  }
  for (host::Outgoing& frame : results) own_.push_back({std::move(frame), {}});
  if (blocking_ == 0) Unblock();
}

// The same input from another run: beside the first, in its place, or one slice of it among those
// of the first.
bool Adversary::AddAlternates(host::Task& task) {
  std::map<Name, int> inputs;
  for (const host::Blob& input : task.inputs()) ++inputs[{input.stage(), KeyOf(input.place())}];
  bool altered = false;
  for (const auto& [name, count] : inputs) {
    const auto found = alternates_.find(name);
    if (found == alternates_.end()) continue;
    const bool mix = to_mix_.count(name) > 0;
    if (mix && (count < 2 || found->second.size() != static_cast<size_t>(count))) continue;
    AddAlternate(name, mix, task);
    Told(mix ? Trick::kMixSlices : Trick::kRunTwice);
    altered = true;
  }
  return altered;
}

void Adversary::AddAlternate(const Name& name, bool mix, host::Task& task) {
  const std::vector<std::string>& others = alternates_[name];
  const bool replace = !mix && Below(2) == 0;
  std::vector<host::Blob> blobs;
  size_t slice = 0;
  for (const host::Blob& input : task.inputs()) {
    const bool same = Name{input.stage(), KeyOf(input.place())} == name;
    if (same && replace) continue;
    blobs.push_back(input);
    // The first slice of the other run, the rest of this one.
    if (same && mix && slice++ == 0) blobs.back().set_sealed(others.front());
  }
  for (size_t i = 0; i < others.size() && !mix; ++i) {
    host::Blob& blob = blobs.emplace_back();
    blob.set_stage(name.first);
    *blob.mutable_place() = PlaceOf(name.second);
    blob.set_sealed(others[i]);
  }
  task.mutable_inputs()->Assign(blobs.begin(), blobs.end());
}

bool Adversary::ProvokeError(Trick trick, const host::Task& task) {
  host::Task incomplete = task;
  incomplete.mutable_inputs()->RemoveLast();
  Purpose purpose = Purpose::kProvoke;
  if (trick == Trick::kLateErrorRepeat) purpose = Purpose::kKeepError;
  if (trick == Trick::kErrorOfEarlierStage) purpose = Purpose::kReplayError;
  Inject({task.stage(), KeyOf(task.place())}, purpose, incomplete.SerializeAsString());
  return true;
}

}  // namespace soteria::hostile
