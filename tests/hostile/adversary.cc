#include "tests/hostile/adversary.h"

#include <algorithm>

#include "soteria/host.pb.h"
#include "tests/hostile/host_frames.h"

namespace soteria::hostile {

Adversary::Adversary(std::vector<Step> script, uint64_t seed, Setting setting)
    : script_(std::move(script)), random_(seed), setting_(std::move(setting)) {
  if (setting_.extra_worker) ready_.insert(setting_.workers);
}
Adversary::~Adversary() = default;

std::vector<Step*> Adversary::Due(Chance chance, bool first) {
  std::vector<Step*> due;
  if (resting_) return due;
  for (Step& step : script_) {
    const Chance wanted = InfoOf(step.trick).chance;
    const bool fits =
        wanted == chance ||
        (wanted == Chance::kFirstResult && chance == Chance::kResult && first) ||
        (wanted == Chance::kInputs && (chance == Chance::kMerge || chance == Chance::kRead));
    if (step.done || !fits) continue;
    if (step.after > 0) {
      --step.after;
      continue;
    }
    due.push_back(&step);
  }
  return due;
}

void Adversary::Flip(std::string& bytes) {
  if (bytes.empty()) return;
  const uint64_t at = Below(bytes.size());
  bytes[at] = static_cast<char>(static_cast<uint8_t>(bytes[at]) ^ (1U << Below(8)));
}

void Adversary::FromMaster(const base::Frame& frame) {
  if (frame.kind == host::BROADCAST) memory_.broadcasts[frame.id] = frame.payload;
  host::RunStage run;
  if (frame.kind != host::RUN_STAGE || !run.ParseFromString(frame.payload)) return;
  memory_.stages[run.stage()] = {run.terminal(),
                                 run.partitions(),
                                 run.fan_in(),
                                 run.targets(),
                                 run.input_stages_size() > 0,
                                 {run.broadcasts().begin(), run.broadcasts().end()}};
  memory_.stage_tasks[run.stage()] = run.sealed_task();
}

void Adversary::Rewrite(host::Actions& actions) {
  Frames sends;
  for (host::Outgoing& out : actions.sends) Offer(std::move(out), sends);
  for (OwnFrame& own : own_) {
    if (own.task.has_value()) {
      outstanding_[{own.frame.worker, own.frame.slot}].push_back(*own.task);
    }
    sends.push_back(std::move(own.frame));
  }
  own_.clear();
  actions.sends = std::move(sends);
  actions.kills.insert(actions.kills.end(), kills_.begin(), kills_.end());
  kills_.clear();
}

void Adversary::Offer(host::Outgoing out, Frames& sends) {
  switch (out.kind) {
    case host::RESULT:
      return OfferResult(out, sends);
    case host::STAGE_DONE:
      return OfferDone(out, sends);
    case host::BROADCAST:
      return OfferBroadcast(std::move(out), sends);
    case host::STAGE_TASK:
      return OfferStageTask(std::move(out), sends);
    case host::TASK:
      return OfferTask(std::move(out), sends);
    default:
      sends.push_back(std::move(out));
  }
}

// The last gate before the master: what is withheld, held for another order, or has to wait.
void Adversary::ToMaster(host::Outgoing out, Frames& sends) {
  if (hung_up_) return;
  if (out.kind == host::RESULT) {
    host::Result result;
    if (!withheld_.empty() && result.ParseFromString(*out.payload) &&
        withheld_.count({result.stage(), KeyOf(result.place())}) > 0) {
      return;
    }
    if (reordering_ == out.id) {
      held_.push_back(std::move(out));
      return;
    }
  }
  if (blocking_ > 0 && (out.kind == host::RESULT || out.kind == host::STAGE_DONE)) {
    blocked_.push_back(std::move(out));
    return;
  }
  sends.push_back(std::move(out));
}

void Adversary::OfferResult(const host::Outgoing& out, Frames& sends) {
  Delivery delivery;
  delivery.result = std::make_unique<host::Result>();
  if (!delivery.result->ParseFromString(*out.payload)) return;
  const uint64_t stage = delivery.stage = delivery.result->stage();
  delivery.place = KeyOf(delivery.result->place());
  delivery.altered = misdirected_.count({stage, delivery.place}) > 0;
  memory_.results[{stage, delivery.place}] = delivery.result->sealed();
  SendLate(stage, *delivery.result, sends);
  const bool first = begun_.insert(stage).second;
  for (Step* step : Due(Chance::kResult, first)) {
    if (delivery.result == nullptr) break;
    step->done = TellAboutResult(step->trick, delivery);
  }
  for (host::Outgoing& frame : delivery.before) ToMaster(std::move(frame), sends);
  if (delivery.result != nullptr) {
    host::Outgoing sent = FrameToMaster(host::RESULT, stage, *delivery.result);
    ToMaster(std::move(sent), sends);
  }
  for (host::Outgoing& frame : delivery.after) ToMaster(std::move(frame), sends);
}

void Adversary::SendLate(uint64_t stage, const host::Result& result, Frames& sends) {
  std::vector<LateFrame> later;
  for (LateFrame& late : late_) {
    if (late.stage >= stage) {
      later.push_back(std::move(late));
      continue;
    }
    if (late.as_current) {
      host::Result relabelled;
      if (!relabelled.ParseFromString(*late.frame.payload)) continue;
      relabelled.set_stage(stage);
      *relabelled.mutable_place() = result.place();
      late.frame = FrameToMaster(host::RESULT, stage, relabelled);
    }
    sends.push_back(std::move(late.frame));
    if (late.trick.has_value()) Told(*late.trick);
  }
  late_ = std::move(later);
}

void Adversary::ReleaseHeld(uint64_t stage, Frames& sends) {
  if (swap_ != nullptr && swap_->stage() == stage) {
    ToMaster(FrameToMaster(host::RESULT, stage, *swap_), sends);
    swap_.reset();
  }
  if (reordering_ != stage) return;
  reordering_.reset();
  if (held_.size() > 1) Told(Trick::kReorderResults);
  std::shuffle(held_.begin(), held_.end(), random_);
  for (host::Outgoing& frame : held_) ToMaster(std::move(frame), sends);
  held_.clear();
}

void Adversary::OfferDone(const host::Outgoing& out, Frames& sends) {
  host::StageDone done;
  if (!done.ParseFromString(*out.payload)) return;
  ReleaseHeld(done.stage(), sends);
  if (done.outcome() == host::OK) {
    for (Step* step : Due(Chance::kDone)) {
      step->done = true;
      Told(step->trick);
      if (step->trick == Trick::kDelayDone) late_.push_back({done.stage(), out, {}});
      return;
    }
  }
  ToMaster(out, sends);
}

void Adversary::OfferBroadcast(host::Outgoing out, Frames& sends) {
  const bool fresh = given_[out.worker].insert({out.kind, out.id}).second;

  const auto& seen = memory_.broadcasts;
  for (Step* step : fresh ? Due(Chance::kBroadcast) : std::vector<Step*>()) {
    std::string payload = *out.payload;
    const auto older = seen.lower_bound(out.id);
    if (step->trick == Trick::kRepeatBroadcast) {
      sends.push_back(out);
    } else if (step->trick == Trick::kStaleBroadcast) {
      if (older == seen.begin()) continue;
      payload = std::prev(older)->second;
    } else if (step->trick == Trick::kBroadcastOfOtherSession) {
      if (setting_.other_session == nullptr) continue;
      const auto found = setting_.other_session->broadcasts.find(out.id);
      if (found == setting_.other_session->broadcasts.end()) continue;
      payload = found->second;
    } else {
      Flip(payload);
    }
    step->done = true;
    Told(step->trick);
    if (step->trick == Trick::kWithholdBroadcast) return;
    out.payload = std::make_shared<const std::string>(std::move(payload));
    break;
  }
  sends.push_back(std::move(out));
}

void Adversary::OfferStageTask(host::Outgoing out, Frames& sends) {
  const bool fresh = given_[out.worker].insert({out.kind, out.id}).second;

  host::StageTask task;
  if (!task.ParseFromString(*out.payload)) return;
  for (Step* step : fresh ? Due(Chance::kStageTask) : std::vector<Step*>()) {
    const auto& seen = memory_.stage_tasks;
    if (step->trick == Trick::kRepeatStageTask) {
      sends.push_back(out);
    } else if (step->trick == Trick::kStaleStageTask) {
      const auto now = seen.lower_bound(task.stage());
      if (now == seen.begin()) continue;
      task.set_sealed_task(std::prev(now)->second);
    } else if (step->trick == Trick::kStageTaskOfOtherSession) {
      if (setting_.other_session == nullptr) continue;
      const auto found = setting_.other_session->stage_tasks.find(task.stage());
      if (found == setting_.other_session->stage_tasks.end()) continue;
      task.set_sealed_task(found->second);
    } else {
      Flip(*task.mutable_sealed_task());
    }
    step->done = true;
    Told(step->trick);
    break;
  }
  out.payload = std::make_shared<const std::string>(task.SerializeAsString());
  sends.push_back(std::move(out));
}

void Adversary::WorkerReady(size_t worker) {
  ready_.insert(worker);
  const std::vector<Name> again = std::move(homeless_);
  homeless_.clear();
  for (const Name& name : again) {
    --blocking_;
    Inject(name, Purpose::kRetry, tasks_[name]);
  }
}

void Adversary::WorkerLost(size_t worker) {
  given_.erase(worker);
  ready_.erase(worker);
  std::vector<Outstanding> again;
  for (size_t slot = 0; slot < setting_.slots; ++slot) {
    for (const Outstanding& lost : outstanding_[{worker, slot}]) {
      if (Blocks(lost.purpose)) again.push_back(lost);
    }
    outstanding_[{worker, slot}].clear();
    partly_.erase({worker, slot});
  }
  for (const Outstanding& lost : again) {
    if (Blocks(lost.purpose)) --blocking_;
    if (lost.purpose == Purpose::kRetry) Inject(lost.name, lost.purpose, tasks_[lost.name]);
  }
  if (blocking_ == 0) Unblock();
}

void Adversary::Arm(std::vector<Step> script, uint64_t seed) {
  script_ = std::move(script);
  random_.seed(seed);
  told_.clear();
  resting_ = false;
  for (auto& [slot, queue] : outstanding_) {
    for (Outstanding& given : queue) {
      given.alteration.reset();
      given.hide_error = false;
      if (given.purpose != Purpose::kNone) given.purpose = Purpose::kDiscard;
    }
  }
  homeless_.clear();
  withheld_.clear();
  misdirected_.clear();
  retried_.clear();
  reordering_.reset();
  held_.clear();
  swap_.reset();
  late_.clear();
  blocking_ = 0;
  blocked_.clear();
}

// The end of a stage comes last: a retry's result may have come after it.
void Adversary::Unblock() {
  std::stable_partition(blocked_.begin(), blocked_.end(),
                        [](const host::Outgoing& frame) { return frame.kind == host::RESULT; });
  for (host::Outgoing& frame : blocked_) own_.push_back({std::move(frame), {}});
  blocked_.clear();
}

}  // namespace soteria::hostile
