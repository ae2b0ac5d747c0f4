#include "tests/hostile/misbehaviour.h"

#include "src/base/check.h"
#include "src/base/errors.h"

namespace soteria::hostile {
namespace {

using base::kAttempts;
using base::kCollectLimit;
using base::kIntegrity;
using base::kProtocol;
using base::kStageFailed;
using base::kWorkerLost;

using C = Chance;
using T = Trick;

std::vector<TrickInfo> Harmless() {
  const auto no_harm = Effect::kHarmless;
  return {
      {T::kRepeatResult, "repeat_result", C::kResult, no_harm, 12, {}},
      {T::kReorderResults, "reorder_results", C::kFirstResult, no_harm, 5, {}},
      {T::kLateRepeat, "late_repeat", C::kResult, no_harm, 12, {}},
      {T::kDropAndRetry, "drop_and_retry", C::kResult, no_harm, 8, {}},
      {T::kRunTwice, "run_twice", C::kAnswer, no_harm, 12, {}},
      {T::kRunOnExtraWorker, "run_on_extra_worker", C::kAnswer, no_harm, 12, {}},
      {T::kReorderInputs, "reorder_inputs", C::kInputs, no_harm, 4, {}},
      {T::kRepeatInput, "repeat_input", C::kInputs, no_harm, 4, {}},
      {T::kRepeatStageTask, "repeat_stage_task", C::kStageTask, no_harm, 5, {}},
      {T::kRepeatBroadcast, "repeat_broadcast", C::kBroadcast, no_harm, 2, {}},
      {T::kWithholdBroadcast, "withhold_broadcast", C::kBroadcast, no_harm, 2, {}},
      {T::kLoseWorker, "lose_worker", C::kAnswer, no_harm, 12, {}},
      {T::kOkBecomesRetry, "ok_becomes_retry", C::kAnswer, no_harm, 12, {}},
      {T::kFalseRetried, "false_retried", C::kFirstResult, no_harm, 5, {}},
      {T::kFalseWorkerLost, "false_worker_lost", C::kFirstResult, no_harm, 5, {}},
      {T::kFalseProgress, "false_progress", C::kFirstResult, no_harm, 5, {}},
      {T::kFalseResources, "false_resources", C::kFirstResult, no_harm, 5, {}},
      {T::kDropDone, "drop_done", C::kDone, no_harm, 5, {}},
      {T::kDelayDone, "delay_done", C::kDone, no_harm, 5, {}},
      {T::kDoneOfEarlierStage, "done_of_earlier_stage", C::kFirstResult, no_harm, 4, {}},
      {T::kFalseSliceNumbers, "false_slice_numbers", C::kResult, no_harm, 12, {}},
      {T::kLateErrorRepeat, "late_error_repeat", C::kMerge, no_harm, 1, {}},
  };
}

std::vector<TrickInfo> Results() {
  const auto fatal = Effect::kFatal;
  return {
      // Without its STAGE_DONE it ends in the host's time-out; an error may be withheld, too.
      {T::kWithholdResult,
       "withhold_result",
       C::kResult,
       fatal,
       12,
       {&kIntegrity, &kWorkerLost, &kStageFailed}},
      {T::kDropResultSlice,
       "drop_result_slice",
       C::kResult,
       fatal,
       12,
       {&kIntegrity, &kWorkerLost}},
      {T::kFlipResult, "flip_result", C::kResult, fatal, 12, {&kIntegrity}},
      {T::kCutResult, "cut_result", C::kResult, fatal, 12, {&kIntegrity}},
      {T::kEmptyResult, "empty_result", C::kResult, fatal, 12, {&kIntegrity}},
      {T::kSwapResults, "swap_results", C::kResult, fatal, 10, {&kIntegrity}},
      {T::kRelabelResult, "relabel_result", C::kResult, fatal, 10, {&kIntegrity}},
      {T::kNowherePlace, "nowhere_place", C::kResult, fatal, 12, {&kIntegrity}},
      {T::kResultOfEarlierStage, "result_of_earlier_stage", C::kResult, fatal, 6, {&kIntegrity}},
      {T::kResultAsEarlierStage, "result_as_earlier_stage", C::kResult, fatal, 6, {&kIntegrity}},
      {T::kResultOfNoStage, "result_of_no_stage", C::kResult, fatal, 12, {&kIntegrity}},
      {T::kResultOfOtherSession, "result_of_other_session", C::kResult, fatal, 10, {&kIntegrity}},
      {T::kForgedSender, "forged_sender", C::kResult, fatal, 12, {&kIntegrity}},
      {T::kForgedBody, "forged_body", C::kResult, fatal, 8, {&kIntegrity}},
      {T::kForgedKey, "forged_key", C::kResult, fatal, 12, {&kIntegrity}},
      {T::kLeafAsRoot, "leaf_as_root", C::kResult, fatal, 1, {&kIntegrity}},
      {T::kLeafAsResult, "leaf_as_result", C::kResult, fatal, 1, {&kIntegrity}},
      {T::kCellAsResult, "cell_as_result", C::kResult, fatal, 2, {&kIntegrity}},
      {T::kErrorOfEarlierStage, "error_of_earlier_stage", C::kMerge, fatal, 1, {&kIntegrity}},
      {T::kProvokedError, "provoked_error", C::kMerge, fatal, 2, {&kIntegrity}},
  };
}

std::vector<TrickInfo> Stages() {
  const auto fatal = Effect::kFatal;
  return {
      {T::kClaimSuccess, "claim_success", C::kFirstResult, fatal, 5, {&kIntegrity}},
      {T::kGiveUpFailed, "give_up_failed", C::kFirstResult, fatal, 5, {&kStageFailed}},
      {T::kGiveUpRetry, "give_up_retry", C::kFirstResult, fatal, 5, {&kWorkerLost}},
      {T::kUnknownOutcome, "unknown_outcome", C::kFirstResult, fatal, 5, {&kStageFailed}},
      {T::kDoneOfNoStage, "done_of_no_stage", C::kFirstResult, fatal, 5, {&kIntegrity}},
      {T::kEndlessRetries, "endless_retries", C::kFirstResult, fatal, 5, {&kAttempts}},
      {T::kEndlessLosses, "endless_losses", C::kFirstResult, fatal, 5, {&kAttempts}},
      {T::kRetriedNowhere, "retried_nowhere", C::kFirstResult, fatal, 5, {&kProtocol}},
      {T::kMalformedFrame, "malformed_frame", C::kFirstResult, fatal, 5, {&kProtocol}},
      {T::kFlood, "flood", C::kFirstResult, fatal, 5, {&kCollectLimit}, false},
      {T::kHangUp, "hang_up", C::kFirstResult, fatal, 5, {&kWorkerLost}, false},
  };
}

std::vector<TrickInfo> Inputs() {
  const auto fatal = Effect::kFatal;
  return {
      {T::kWithholdChild, "withhold_child", C::kMerge, fatal, 2, {&kIntegrity}},
      {T::kFlipChild, "flip_child", C::kMerge, fatal, 2, {&kIntegrity}},
      {T::kSwapChildren, "swap_children", C::kMerge, fatal, 2, {&kIntegrity}},
      {T::kChildTwice, "child_twice", C::kMerge, fatal, 2, {&kIntegrity}},
      {T::kChildOfOtherNode, "child_of_other_node", C::kMerge, fatal, 2, {&kIntegrity}},
      {T::kChildOfEarlierStage, "child_of_earlier_stage", C::kMerge, fatal, 1, {&kIntegrity}},
      {T::kChildOfOtherSession, "child_of_other_session", C::kMerge, fatal, 2, {&kIntegrity}},
      {T::kHideError, "hide_error", C::kMerge, fatal, 2, {&kIntegrity}},
      {T::kDropSlice, "drop_slice", C::kInputs, fatal, 3, {&kIntegrity}},
      {T::kMixSlices, "mix_slices", C::kAnswer, fatal, 4, {&kIntegrity}},
      {T::kWithholdCell, "withhold_cell", C::kRead, fatal, 3, {&kIntegrity}},
      {T::kTruncateShuffle, "truncate_shuffle", C::kRead, fatal, 3, {&kIntegrity}},
      {T::kWithholdAllCells, "withhold_all_cells", C::kRead, fatal, 3, {&kStageFailed}},
      {T::kFlipCell, "flip_cell", C::kRead, fatal, 3, {&kIntegrity}},
      {T::kSwapCells, "swap_cells", C::kRead, fatal, 3, {&kIntegrity}},
      {T::kCellTwice, "cell_twice", C::kRead, fatal, 3, {&kIntegrity}},
      {T::kCellOfOtherTarget, "cell_of_other_target", C::kRead, fatal, 2, {&kIntegrity}},
      {T::kCellOfOtherShuffle, "cell_of_other_shuffle", C::kRead, fatal, 1, {&kIntegrity}},
      {T::kCellOfOtherSession, "cell_of_other_session", C::kRead, fatal, 3, {&kIntegrity}},
  };
}

std::vector<TrickInfo> Tasks() {
  const auto fatal = Effect::kFatal;
  return {
      {T::kStaleBroadcast, "stale_broadcast", C::kBroadcast, fatal, 1, {&kIntegrity}},
      {T::kFlipBroadcast, "flip_broadcast", C::kBroadcast, fatal, 2, {&kIntegrity}},

      {T::kBroadcastOfOtherSession,
       "broadcast_of_other_session",
       C::kBroadcast,
       fatal,
       2,
       {&kIntegrity}},
      {T::kStaleStageTask, "stale_stage_task", C::kStageTask, fatal, 5, {&kIntegrity}},
      {T::kFlipStageTask, "flip_stage_task", C::kStageTask, fatal, 5, {&kIntegrity}},
      {T::kStageTaskOfOtherSession,
       "stage_task_of_other_session",
       C::kStageTask,
       fatal,
       5,
       {&kIntegrity}},
      {T::kTaskForOtherPlace, "task_for_other_place", C::kMap, fatal, 12, {&kIntegrity}},
      {T::kTaskForNoPlace, "task_for_no_place", C::kMap, fatal, 12, {&kIntegrity}},
      {T::kTaskOfEarlierStage, "task_of_earlier_stage", C::kMap, fatal, 6, {&kIntegrity}},
      {T::kOkBecomesMiss, "ok_becomes_miss", C::kAnswer, fatal, 12, {&kStageFailed}},
      {T::kOkBecomesFailed,
       "ok_becomes_failed",
       C::kAnswer,
       Effect::kEither,
       12,
       {&kStageFailed, &kIntegrity}},
  };
}

std::vector<TrickInfo> MakeTable() {
  std::vector<TrickInfo> table(kTricks);
  for (const auto& part : {Harmless(), Results(), Stages(), Inputs(), Tasks()}) {
    for (const TrickInfo& info : part) table[static_cast<size_t>(info.trick)] = info;
  }
  for (const TrickInfo& info : table) CHECK(info.name != nullptr);
  return table;
}

const std::vector<TrickInfo>& Table() {
  static const std::vector<TrickInfo> table = MakeTable();
  return table;
}

}  // namespace

const TrickInfo& InfoOf(Trick trick) { return Table()[static_cast<size_t>(trick)]; }
std::optional<Trick> TrickOf(std::string_view name) {
  for (const TrickInfo& info : Table()) {
    if (name == info.name) return info.trick;
  }
  return std::nullopt;
}
std::span<const TrickInfo> AllTricks() { return Table(); }

}  // namespace soteria::hostile
