// What the adversary tells a worker's slot to do, and with which inputs.
#include <algorithm>

#include "soteria/host.pb.h"
#include "tests/hostile/adversary.h"
#include "tests/hostile/host_frames.h"

namespace soteria::hostile {
namespace {

// Stages that a worker still has when it is given another one.
constexpr uint64_t kStagesBack = 3;

}  // namespace

void Adversary::OfferTask(host::Outgoing out, Frames& sends) {
  host::Task task;

  if (!task.ParseFromString(*out.payload)) return;
  Outstanding given;
  given.name = {task.stage(), KeyOf(task.place())};
  tasks_[given.name] = *out.payload;
  if (!task.more()) {
    const bool altered = AddAlternates(task);
    Chance chance = task.kind() == host::MERGE ? Chance::kMerge : Chance::kRead;
    if (task.inputs_size() == 0) chance = Chance::kMap;
    for (Step* step : altered ? std::vector<Step*>() : Due(chance)) {
      step->done = chance == Chance::kMap ? MisdirectTask(step->trick, out.worker, task, given)
                                          : TellAboutInputs(step->trick, task, given);
      if (step->done) break;  // one trick a task: a repeat would hide what is missing
    }
    outstanding_[{out.worker, out.slot}].push_back(given);
  }
  out.payload = std::make_shared<const std::string>(task.SerializeAsString());
  sends.push_back(std::move(out));
}

bool Adversary::TellAboutInputs(Trick trick, host::Task& task, Outstanding& given) {
  auto& inputs = *task.mutable_inputs();
  const int count = inputs.size();
  const auto any = [&] { return static_cast<int>(Below(static_cast<uint64_t>(count))); };
  const auto remove = [&](int at) { inputs.DeleteSubrange(at, 1); };
  switch (trick) {
    case Trick::kLateErrorRepeat:
    case Trick::kErrorOfEarlierStage:
    case Trick::kProvokedError:
      return ProvokeError(trick, task);  // told when the error is used
    case Trick::kReorderInputs:
      if (count < 2) return false;
      std::shuffle(inputs.begin(), inputs.end(), random_);
      break;
    case Trick::kRepeatInput:
      *inputs.Add() = host::Blob(inputs[any()]);
      break;
    case Trick::kHideError:
      given.hide_error = true;
      remove(any());
      return true;  // told when it was hidden
    case Trick::kWithholdChild:
      remove(any());
      break;
    case Trick::kDropSlice: {
      const int at = any();
      if (inputs[at].slices() < 2) return false;
      remove(at);
      break;
    }
    case Trick::kWithholdCell:
      if (count < 2) return false;
      remove(any());
      break;
    case Trick::kTruncateShuffle:
      if (count < 2) return false;
      inputs.DeleteSubrange((count + 1) / 2, count - (count + 1) / 2);
      break;
    case Trick::kWithholdAllCells:
      inputs.Clear();
      break;
    case Trick::kFlipChild:
    case Trick::kFlipCell:
      Flip(*inputs[any()].mutable_sealed());
      break;
    default: {
      const std::string before = task.SerializeAsString();
      if (!ReplaceInput(trick, task) || task.SerializeAsString() == before) return false;
    }
  }
  Told(trick);
  return true;
}

// One of the inputs, or two, are something else than the task needs.
bool Adversary::ReplaceInput(Trick trick, host::Task& task) {
  auto& inputs = *task.mutable_inputs();
  const auto count = static_cast<uint64_t>(inputs.size());
  const int at = static_cast<int>(Below(count));
  host::Blob& input = inputs[at];
  const PlaceKey place = KeyOf(input.place());
  const auto use = [&](const std::map<Name, std::string>& from, const Name& name) {
    const auto found = from.find(name);
    if (found == from.end()) return false;
    input.set_sealed(found->second);
    return true;
  };
  switch (trick) {
    case Trick::kSwapChildren:
    case Trick::kSwapCells: {
      if (count < 2) return false;
      const int other =
          static_cast<int>((static_cast<uint64_t>(at) + 1 + Below(count - 1)) % count);
      if (KeyOf(inputs[other].place()) == place) return false;  // slices of one message
      input.mutable_sealed()->swap(*inputs[other].mutable_sealed());
      return true;
    }
    case Trick::kChildTwice:
    case Trick::kCellTwice: {
      if (count < 2) return false;
      const int other =
          static_cast<int>((static_cast<uint64_t>(at) + 1 + Below(count - 1)) % count);
      if (Below(2) == 0) *input.mutable_place() = inputs[other].place();
      input.set_sealed(inputs[other].sealed());
      return true;
    }
    case Trick::kChildOfOtherNode:
    case Trick::kCellOfOtherTarget: {
      // {level, index, P, F} and {p, q, P, Q}: another index or target, the rest the same.
      const bool child = trick == Trick::kChildOfOtherNode;
      const uint64_t fan_in = memory_.stages[task.stage()].fan_in;
      for (const auto& [name, sealed] : memory_.blobs) {
        const auto& [a, b, c, d] = name.second;
        if (name.first != input.stage() || a != place[0] || c != place[2] || d != place[3] ||
            b == place[1] || (child && b / fan_in == place[1] / fan_in)) {
          continue;
        }
        input.set_sealed(sealed);
        if (child && Below(2) == 0) *input.mutable_place() = PlaceOf(name.second);
        return true;
      }
      return false;
    }
    case Trick::kChildOfEarlierStage:
    case Trick::kCellOfOtherShuffle:
      for (uint64_t earlier = input.stage() - 1; earlier > 0; --earlier) {
        if (use(memory_.blobs, {earlier, place})) return true;
      }
      return false;
    default:  // kChildOfOtherSession, kCellOfOtherSession
      return setting_.other_session != nullptr &&
             use(setting_.other_session->blobs, {input.stage(), place});
  }
}

bool Adversary::MisdirectTask(Trick trick, size_t worker, host::Task& task, Outstanding& given) {
  const Shape& shape = memory_.stages[task.stage()];
  const bool reduce = shape.terminal == host::REDUCE;
  const uint64_t index = reduce ? task.place().b() : task.place().a();
  if (shape.reads_shuffle) return false;  // it comes again with its inputs
  Name altered = given.name;
  uint64_t& place = altered.second[reduce ? 1 : 0];
  switch (trick) {
    case Trick::kTaskForOtherPlace:
      if (shape.partitions < 2) return false;
      place = (index + 1 + Below(shape.partitions - 1)) % shape.partitions;
      break;
    case Trick::kTaskForNoPlace:
      place = index + shape.partitions;
      break;
    default: {  // kTaskOfEarlierStage
      uint64_t earlier = 0;
      for (uint64_t s = task.stage() - 1; s > 0 && s + kStagesBack >= task.stage(); --s) {
        const Shape& old = memory_.stages[s];
        if (old.reads_shuffle || old.terminal == host::SHUFFLE || index >= old.partitions ||
            given_[worker].count({host::STAGE_TASK, s}) == 0) {
          continue;
        }
        earlier = s;
        break;
      }
      if (earlier == 0) return false;
      const Shape& old = memory_.stages[earlier];
      altered = {earlier, {index, 0, 0, 0}};
      if (old.terminal == host::REDUCE) altered.second = {0, index, old.partitions, old.fan_in};
    }
  }
  task.set_stage(altered.first);
  *task.mutable_place() = PlaceOf(altered.second);
  given.altered = altered;
  given.alteration = trick;
  return true;  // told when it was answered
}

}  // namespace soteria::hostile
