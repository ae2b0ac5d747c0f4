// What the adversary tells the master.
#include <algorithm>

#include "soteria/host.pb.h"
#include "src/base/bytes.h"
#include "src/crypto/envelope.h"
#include "src/crypto/secret.h"
#include "tests/hostile/adversary.h"
#include "tests/hostile/host_frames.h"

namespace soteria::hostile {
namespace {

constexpr size_t kSenderOffset = 112;    // docs/formats/envelope.md
constexpr uint64_t kLossesTooMany = 17;  // of workers in one stage, docs/formats/task.md
constexpr uint64_t kRetriesTooMany = 5;  // of one place
constexpr uint64_t kFloodFrames = 70'000;

bool IsError(std::string_view sealed) {
  const auto header = crypto::ParseEnvelopeHeader(sealed);
  return header.ok() && header->kind == crypto::MessageKind::kError;
}

host::Outgoing Done(uint64_t stage, int outcome) {
  host::StageDone done;
  done.set_stage(stage);
  done.set_outcome(static_cast<host::Outcome>(outcome));
  return FrameToMaster(host::STAGE_DONE, stage, done);
}

host::Outgoing Retried(uint64_t stage, const host::Place& place) {
  host::Retried retried;
  retried.set_stage(stage);
  *retried.mutable_place() = place;
  return FrameToMaster(host::RETRIED, stage, retried);
}

}  // namespace

bool Adversary::TellAboutResult(Trick trick, Delivery& delivery) {
  const TrickInfo& info = InfoOf(trick);
  if (info.chance == Chance::kFirstResult && trick != Trick::kReorderResults) {
    return TellAboutStage(trick, delivery);
  }
  if (info.effect == Effect::kHarmless) return TellHarmless(trick, delivery);
  return AlterResult(trick, delivery);
}

bool Adversary::TellHarmless(Trick trick, Delivery& delivery) {
  host::Result& result = *delivery.result;
  const uint64_t stage = result.stage();
  const host::Outgoing frame = FrameToMaster(host::RESULT, stage, result);
  switch (trick) {
    case Trick::kRepeatResult:
      delivery.after.insert(delivery.after.end(), 1 + Below(3), frame);
      Told(trick);
      return true;
    case Trick::kReorderResults:
      if (memory_.stages[stage].terminal == host::REDUCE) return false;
      reordering_ = stage;  // told when they are let go
      return true;
    case Trick::kFalseSliceNumbers:
      result.set_slice(Below(5));
      result.set_slices(Below(5));
      Told(trick);
      return true;
    case Trick::kLateRepeat:
      if (delivery.altered) return false;
      late_.push_back({stage, frame, trick});
      return true;
    default: {  // kDropAndRetry
      const Name name{stage, KeyOf(result.place())};
      if (delivery.altered || tasks_.count(name) == 0 || IsError(result.sealed())) return false;
      delivery.before.push_back(Retried(stage, result.place()));
      Inject(name, Purpose::kRetry, tasks_[name]);
      retried_.insert(name);
      delivery.result.reset();
      Told(trick);
      return true;
    }
  }
}

bool Adversary::AlterResult(Trick trick, Delivery& delivery) {
  host::Result& result = *delivery.result;
  if (delivery.altered || retried_.count({delivery.stage, delivery.place}) > 0) return false;
  if (trick == Trick::kWithholdResult) {
    withheld_.insert({result.stage(), KeyOf(result.place())});
    delivery.result.reset();
    Told(trick);
    return true;
  }
  if (trick == Trick::kSwapResults) return SwapResults(delivery);
  if (trick == Trick::kDropResultSlice) {
    if (result.slices() < 2) return false;
    withheld_.insert({result.stage(), KeyOf(result.place())});  // a repeat would bring it
    delivery.result.reset();
    Told(trick);
    return true;
  }
  const std::string before = result.SerializeAsString();
  std::string& sealed = *result.mutable_sealed();
  if (trick == Trick::kFlipResult) {
    Flip(sealed);
  } else if (trick == Trick::kCutResult) {
    sealed.resize(1 + Below(sealed.size() - 1));
  } else if (trick == Trick::kEmptyResult) {
    sealed.clear();
  } else if (!Relabel(trick, result) && !Forge(trick, result) && !ReplaceSealed(trick, result)) {
    return false;
  }
  if (result.SerializeAsString() == before) return false;
  delivery.altered = true;
  Told(trick);
  return true;
}

bool Adversary::SwapResults(Delivery& delivery) {
  host::Result& result = *delivery.result;
  if (memory_.stages[result.stage()].terminal == host::REDUCE) return false;
  if (swap_ == nullptr || swap_->stage() != result.stage()) {
    if (swap_ == nullptr) swap_ = std::move(delivery.result);
    return false;
  }
  if (KeyOf(swap_->place()) == KeyOf(result.place())) return false;
  result.mutable_sealed()->swap(*swap_->mutable_sealed());
  delivery.before.push_back(FrameToMaster(host::RESULT, swap_->stage(), *swap_));
  swap_.reset();
  delivery.altered = true;
  Told(Trick::kSwapResults);
  return true;
}

bool Adversary::Relabel(Trick trick, host::Result& result) {
  const Shape& shape = memory_.stages[result.stage()];
  host::Place& place = *result.mutable_place();
  const bool reduce = shape.terminal == host::REDUCE;
  switch (trick) {
    case Trick::kRelabelResult:
      if (shape.partitions < 2) return false;
      if (reduce) {
        place.set_a(0);
        place.set_b(Below(shape.partitions));
      } else {
        place.set_a((place.a() + 1 + Below(shape.partitions - 1)) % shape.partitions);
      }
      return true;
    case Trick::kNowherePlace:
      if (Below(2) == 0) {
        place.set_a(place.a() + (reduce ? 1 : shape.partitions));
      } else {
        place.set_d(place.d() + 1);
      }
      return true;
    case Trick::kResultAsEarlierStage:
      if (result.stage() < 2) return false;
      result.set_stage(1 + Below(result.stage() - 1));
      return true;
    case Trick::kResultOfNoStage:
      result.set_stage(Below(2) == 0 ? 0 : result.stage() + 1 + Below(3));
      return true;
    default:
      return false;
  }
}

bool Adversary::Forge(Trick trick, host::Result& result) {
  std::string& sealed = *result.mutable_sealed();
  if (sealed.size() < crypto::kEnvelopeOverheadBytes) return false;
  switch (trick) {
    case Trick::kForgedSender:
      sealed[kSenderOffset] = static_cast<char>(sealed[kSenderOffset] + 1);
      return true;
    case Trick::kForgedBody: {
      if (memory_.results.size() < 2) return false;
      const auto other =
          std::next(memory_.results.begin(), static_cast<int64_t>(Below(memory_.results.size())));
      sealed = sealed.substr(0, crypto::kEnvelopeHeaderBytes) +
               other->second.substr(crypto::kEnvelopeHeaderBytes);
      return true;
    }
    case Trick::kForgedKey: {
      // Everything that the header says is true, but the key is one that the host made up.
      const auto header = crypto::ParseEnvelopeHeader(sealed);
      if (!header.ok()) return false;
      crypto::Sealer own(crypto::Secret::Adopt(std::string(32, 'h')), header->session,
                         header->sender);
      const std::string plain(sealed.size() - crypto::kEnvelopeOverheadBytes, '\0');
      const auto forged = own.Seal(header->stage, header->task, header->kind, header->place, plain);
      if (!forged.ok()) return false;
      sealed = *forged;
      return true;
    }
    default:
      return false;
  }
}

// Under the place that is due, what was made for another one.
bool Adversary::ReplaceSealed(Trick trick, host::Result& result) {
  const uint64_t stage = result.stage();
  const Shape& shape = memory_.stages[stage];
  const PlaceKey place = KeyOf(result.place());
  const auto use = [&](const std::map<Name, std::string>& from, const Name& name) {
    const auto found = from.find(name);
    if (found == from.end()) return false;
    result.set_sealed(found->second);
    return true;
  };
  switch (trick) {
    case Trick::kResultOfEarlierStage:
      for (uint64_t earlier = stage - 1; earlier > 0; --earlier) {
        if (use(memory_.results, {earlier, place})) return true;
      }
      return false;
    case Trick::kResultOfOtherSession:
      return setting_.other_session != nullptr &&
             use(setting_.other_session->results, {stage, place});
    case Trick::kLeafAsRoot:
    case Trick::kLeafAsResult: {
      if (shape.terminal != host::REDUCE || shape.partitions < 2) return false;
      const PlaceKey leaf = {0, Below(shape.partitions), shape.partitions, shape.fan_in};
      if (trick == Trick::kLeafAsResult) *result.mutable_place() = PlaceOf(leaf);
      return use(memory_.blobs, {stage, leaf});
    }
    case Trick::kCellAsResult:
      if (shape.terminal != host::SHUFFLE) return false;
      return use(memory_.blobs,
                 {stage, {place[0], Below(shape.targets), shape.partitions, shape.targets}});
    default:
      return false;
  }
}

bool Adversary::TellAboutStage(Trick trick, Delivery& delivery) {
  const uint64_t stage = delivery.stage;
  const Shape& shape = memory_.stages[stage];
  Frames& before = delivery.before;
  switch (trick) {
    case Trick::kFalseRetried:
    case Trick::kEndlessRetries:
      before.insert(before.end(), trick == Trick::kFalseRetried ? 1 : kRetriesTooMany,
                    Retried(stage, PlaceOf(delivery.place)));
      break;
    case Trick::kFalseWorkerLost:
    case Trick::kEndlessLosses:
      before.insert(before.end(), trick == Trick::kFalseWorkerLost ? 1 + Below(3) : kLossesTooMany,
                    RawToMaster(host::WORKER_LOST, 0, {}));
      break;
    case Trick::kFalseProgress: {
      host::Progress progress;
      progress.set_stage(stage + Below(3));
      progress.set_done(random_());
      progress.set_total(random_());
      before.push_back(FrameToMaster(host::PROGRESS, stage, progress));
      break;
    }
    case Trick::kFalseResources: {
      host::Resources resources;
      resources.set_workers_ready(Below(1'000));
      resources.set_workers(Below(1'000));
      resources.set_slots(Below(1'000));
      before.push_back(FrameToMaster(host::RESOURCES, 0, resources));
      break;
    }
    case Trick::kDoneOfEarlierStage:
      if (stage < 2) return false;
      before.push_back(Done(1 + Below(stage - 1), host::FAILED));
      break;
    case Trick::kClaimSuccess:
      before.push_back(Done(stage, host::OK));
      break;
    case Trick::kGiveUpFailed:
      before.push_back(Done(stage, host::FAILED));
      break;
    case Trick::kGiveUpRetry:
      before.push_back(Done(stage, host::RETRY));
      break;
    case Trick::kUnknownOutcome:
      before.push_back(Done(stage, Below(2) == 0 ? host::OUTCOME_NONE : host::MISS));
      break;
    case Trick::kDoneOfNoStage:
      before.push_back(Done(stage + 1 + Below(5), host::OK));
      break;
    case Trick::kRetriedNowhere:
      before.push_back(Retried(stage, PlaceOf({shape.partitions + 7, shape.partitions, 0, 1})));
      break;
    case Trick::kMalformedFrame: {
      const uint8_t kinds[] = {host::RESULT, host::STAGE_DONE, host::RETRIED, host::PROGRESS};
      before.push_back(RawToMaster(kinds[Below(4)], stage, std::string(40, '\xff')));
      break;
    }
    case Trick::kFlood:
      before.insert(before.end(), kFloodFrames, RawToMaster(host::PROGRESS, stage, {}));
      break;
    default:  // kHangUp
      hung_up_ = true;
      break;
  }
  Told(trick);
  return true;
}

}  // namespace soteria::hostile
