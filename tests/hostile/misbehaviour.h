// What a lying host may do to the frames between its enclaves: one enumerator a trick, with the
// frame that gives the opportunity and what has to come of it (docs/formats/frames.md). The table
// is the one place that says which tricks are harmless and which error each of the others must end
// in. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::hostile {

enum class Trick : uint8_t {
  // Changes nothing.
  kRepeatResult,
  kReorderResults,
  kLateRepeat,
  kDropAndRetry,
  kRunTwice,
  kRunOnExtraWorker,
  kReorderInputs,
  kRepeatInput,
  kRepeatStageTask,
  kRepeatBroadcast,
  kWithholdBroadcast,
  kLoseWorker,
  kOkBecomesRetry,
  kFalseRetried,
  kFalseWorkerLost,
  kFalseProgress,
  kFalseResources,
  kDropDone,
  kDelayDone,
  kDoneOfEarlierStage,
  kLateErrorRepeat,
  kFalseSliceNumbers,
  // A result of the open stage that isn't one.
  kWithholdResult,
  kDropResultSlice,
  kFlipResult,
  kCutResult,
  kEmptyResult,
  kSwapResults,
  kRelabelResult,
  kNowherePlace,
  kResultOfEarlierStage,
  kResultAsEarlierStage,
  kResultOfNoStage,
  kResultOfOtherSession,
  kForgedSender,
  kForgedBody,
  kForgedKey,
  kLeafAsRoot,
  kLeafAsResult,
  kCellAsResult,
  kErrorOfEarlierStage,
  kProvokedError,
  // Lies about the stage itself.
  kClaimSuccess,
  kGiveUpFailed,
  kGiveUpRetry,
  kUnknownOutcome,
  kDoneOfNoStage,
  kEndlessRetries,
  kEndlessLosses,
  kRetriedNowhere,
  kMalformedFrame,
  kFlood,
  kHangUp,
  // Inputs of a task.
  kWithholdChild,
  kFlipChild,
  kSwapChildren,
  kChildTwice,
  kChildOfOtherNode,
  kChildOfEarlierStage,
  kChildOfOtherSession,
  kHideError,
  kDropSlice,
  kMixSlices,
  kWithholdCell,
  kTruncateShuffle,
  kWithholdAllCells,
  kFlipCell,
  kSwapCells,
  kCellTwice,
  kCellOfOtherTarget,
  kCellOfOtherShuffle,
  kCellOfOtherSession,
  // What a worker is told about a stage.
  kStaleBroadcast,
  kFlipBroadcast,

  kBroadcastOfOtherSession,
  kStaleStageTask,
  kFlipStageTask,
  kStageTaskOfOtherSession,
  kTaskForOtherPlace,
  kTaskForNoPlace,
  kTaskOfEarlierStage,
  // What a worker said.
  kOkBecomesMiss,
  kOkBecomesFailed,
};
inline constexpr size_t kTricks = static_cast<size_t>(Trick::kOkBecomesFailed) + 1;

/// The frame that gives the opportunity.
enum class Chance : uint8_t {
  kResult,       // the first delivery of a RESULT
  kFirstResult,  // the first RESULT of a stage
  kDone,         // STAGE_DONE with OK
  kInputs,       // a TASK with inputs: one of the next two
  kMerge,        // a TASK with the children of a node
  kRead,         // a TASK with the cells of a shuffle
  kMap,          // a TASK without inputs
  kStageTask,
  kBroadcast,
  kAnswer,  // TASK_DONE with OK
};

enum class Effect : uint8_t {
  kHarmless,  // the right result
  kFatal,     // one of the errors
  kEither,    // one of the errors, or the right result
};

struct TrickInfo {
  Trick trick = Trick::kRepeatResult;
  const char* name = nullptr;
  Chance chance = Chance::kResult;
  Effect effect = Effect::kHarmless;
  uint64_t tries = 1;                          // fires at one of the first so many opportunities
  std::vector<const base::Condition*> errors;  // what it may end in
  bool frames_only = true;                     // needs no more than frames between real processes
};

const TrickInfo& InfoOf(Trick trick);
/// By its name in the table.
std::optional<Trick> TrickOf(std::string_view name);
std::span<const TrickInfo> AllTricks();

}  // namespace soteria::hostile
