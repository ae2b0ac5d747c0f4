#include "src/connect/operations.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "spark/connect/base.pb.h"
#include "src/base/errors.h"
#include "src/connect/errors.h"
#include "src/connect/session_state.h"

namespace soteria::connect {
namespace {

using spark::connect::ExecutePlanResponse;
using Kind = Operation::Next::Kind;
using std::chrono::milliseconds;

constexpr char kId[] = "01234567-89ab-4cde-8f01-23456789abcd";

std::shared_ptr<Operation> Make(bool reattachable = true, std::atomic<int>* cancels = nullptr) {
  return std::make_shared<Operation>(OperationIds{"session", "server", kId}, reattachable,
                                     std::vector<std::string>{"tag"}, [cancels] {
                                       if (cancels != nullptr) ++*cancels;
                                     });
}

ExecutePlanResponse Batch(size_t bytes) {
  ExecutePlanResponse response;
  response.mutable_arrow_batch()->set_data(std::string(bytes, 'x'));
  return response;
}

TEST(Operation, ResponsesComeInOrderWithIds) {
  const auto operation = Make();
  ASSERT_TRUE(operation->Begin());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(operation->Send(Batch(10)).ok());
  operation->Finish(base::OkStatus());
  const uint64_t stream = operation->Attach();
  std::set<std::string> ids;
  for (uint64_t i = 0; i < 3; ++i) {
    const auto next = operation->Wait(stream, i, milliseconds(0));
    ASSERT_EQ(next.kind, Kind::kResponse);
    EXPECT_EQ(next.response->session_id(), "session");
    EXPECT_EQ(next.response->server_side_session_id(), "server");
    EXPECT_EQ(next.response->operation_id(), kId);
    EXPECT_EQ(next.response->response_id().size(), 36U);
    ids.insert(next.response->response_id());
    EXPECT_EQ(operation->IndexAfter(next.response->response_id()), i + 1);
  }
  EXPECT_EQ(ids.size(), 3U);
  EXPECT_EQ(operation->Wait(stream, 3, milliseconds(0)).kind, Kind::kEnd);
  EXPECT_EQ(operation->state(), Operation::State::kSucceeded);
}

TEST(Operation, ReleasedResponsesAreGone) {
  const auto operation = Make();
  operation->Begin();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(operation->Send(Batch(10)).ok());
  const uint64_t stream = operation->Attach();
  const std::string first = operation->Wait(stream, 0, milliseconds(0)).response->response_id();
  const std::string second = operation->Wait(stream, 1, milliseconds(0)).response->response_id();
  operation->ReleaseUntil(second);
  operation->ReleaseUntil("unknown");
  EXPECT_EQ(operation->Wait(stream, 1, milliseconds(0)).kind, Kind::kLost);
  EXPECT_EQ(operation->Wait(stream, 2, milliseconds(0)).kind, Kind::kResponse);
  EXPECT_FALSE(operation->IndexAfter(first).has_value());
  EXPECT_EQ(operation->IndexAfter(second), 2U);
  EXPECT_FALSE(operation->IndexAfter("unknown").has_value());
  EXPECT_EQ(operation->first_index(), 2U);
}

TEST(Operation, KeepsABoundedTailOfWhatWasSent) {
  const auto operation = Make();
  operation->Begin();
  const uint64_t stream = operation->Attach();
  const size_t piece = kSentBytesMax / 4;
  for (uint64_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(operation->Send(Batch(piece)).ok());
    ASSERT_EQ(operation->Wait(stream, i, milliseconds(0)).kind, Kind::kResponse);
  }
  EXPECT_GE(operation->first_index(), 4U);
  EXPECT_LT(operation->first_index(), 8U);
}

TEST(Operation, WithoutReattachNothingIsKept) {
  const auto operation = Make(/*reattachable=*/false);
  operation->Begin();
  const uint64_t stream = operation->Attach();
  ASSERT_TRUE(operation->Send(Batch(10)).ok());
  ASSERT_EQ(operation->Wait(stream, 0, milliseconds(0)).kind, Kind::kResponse);
  EXPECT_EQ(operation->first_index(), 1U);
}

TEST(Operation, ALaterStreamTakesOver) {
  const auto operation = Make();
  const uint64_t first = operation->Attach();
  operation->Attach();
  EXPECT_EQ(operation->Wait(first, 0, milliseconds(1000)).kind, Kind::kSuperseded);
  operation->Detach(first, 77);  // the old one's leaving says nothing about the new one
  EXPECT_EQ(operation->detached_ms(), 0);
}

TEST(Operation, FailuresEndTheStream) {
  const auto operation = Make();
  operation->Begin();
  operation->Finish(base::Fail(base::kAnalysis, "no"));
  const auto next = operation->Wait(operation->Attach(), 0, milliseconds(0));
  EXPECT_EQ(next.kind, Kind::kEnd);
  EXPECT_TRUE(base::Is(next.status, base::kAnalysis));
  EXPECT_EQ(operation->state(), Operation::State::kFailed);
}

TEST(Operation, CancelEndsTheCallOnlyWhileItRuns) {
  std::atomic<int> cancels = 0;
  const auto waiting = Make(true, &cancels);
  EXPECT_TRUE(waiting->Cancel());
  EXPECT_FALSE(waiting->Begin());
  EXPECT_EQ(cancels, 0);

  const auto running = Make(true, &cancels);
  ASSERT_TRUE(running->Begin());
  EXPECT_TRUE(running->Cancel());
  EXPECT_FALSE(running->Cancel());
  EXPECT_EQ(cancels, 1);
  EXPECT_FALSE(running->Send(Batch(1)).ok());
  running->Progress({1, 0, 1});  // a call that began a moment later is told again
  EXPECT_EQ(cancels, 2);
  running->Finish(base::Fail(base::kCancelled, "x"));
  const auto next = running->Wait(running->Attach(), 0, milliseconds(0));
  EXPECT_TRUE(base::Is(next.status, kOperationCancelled));
  EXPECT_EQ(running->state(), Operation::State::kCancelled);

  const auto ended = Make(true, &cancels);
  ended->Begin();
  ended->Finish(base::OkStatus());
  EXPECT_FALSE(ended->Cancel());
}

TEST(Operation, ProgressIsSentWhenSomethingMoved) {
  const auto operation = Make();
  operation->Begin();
  operation->PushProgress();
  const uint64_t stream = operation->Attach();
  EXPECT_EQ(operation->Wait(stream, 0, milliseconds(0)).kind, Kind::kTimeout);
  operation->Progress({3, 1, 4});
  operation->Progress({3, 2, 4});
  operation->PushProgress();
  operation->PushProgress();
  const auto next = operation->Wait(stream, 0, milliseconds(0));
  ASSERT_EQ(next.kind, Kind::kResponse);
  const auto& progress = next.response->execution_progress();
  ASSERT_EQ(progress.stages_size(), 1);
  EXPECT_EQ(progress.stages(0).stage_id(), 3);
  EXPECT_EQ(progress.stages(0).num_tasks(), 4);
  EXPECT_EQ(progress.stages(0).num_completed_tasks(), 2);
  EXPECT_FALSE(progress.stages(0).done());
  EXPECT_EQ(progress.num_inflight_tasks(), 2);
  EXPECT_EQ(operation->Wait(stream, 1, milliseconds(0)).kind, Kind::kTimeout);
}

TEST(Operation, WhatWasDoneOnlyGrowsHoweverManyStagesAFitHas) {
  const auto operation = Make();
  operation->Begin();
  const uint64_t stream = operation->Attach();
  constexpr uint64_t kStages = 3 * kStagesMax;
  int64_t before = -1;
  for (uint64_t stage = 1; stage <= kStages; ++stage) {
    operation->Progress({stage, 0, 4});
    operation->Progress({stage, 4, 4});
    operation->Progress({0, 4 * stage, 4 * 2000});  // the iterations
    operation->PushProgress();
    const auto next = operation->Wait(stream, stage - 1, milliseconds(0));
    ASSERT_EQ(next.kind, Kind::kResponse);
    const auto& progress = next.response->execution_progress();
    ASSERT_LE(progress.stages_size(), static_cast<int>(kStagesMax) + 1);
    int64_t done = 0;
    for (const auto& one : progress.stages()) done += one.num_completed_tasks();
    ASSERT_EQ(done, static_cast<int64_t>(8 * stage));
    ASSERT_GT(done, before);
    before = done;
    ASSERT_EQ(progress.num_inflight_tasks(), 0) << "iterations are no tasks that run";
  }
}

TEST(SessionState, OperationsHaveOneIdEach) {
  SessionState state("id", nullptr);
  ASSERT_TRUE(state.Add(Make()).ok());
  EXPECT_TRUE(base::Is(state.Add(Make()), kOperationExists));
  EXPECT_NE(state.Find(kId), nullptr);
  state.Remove(kId);
  EXPECT_EQ(state.Find(kId), nullptr);
  state.Remove(kId);
}

TEST(SessionState, OldEndedOperationsMakeRoom) {
  SessionState state("id", nullptr);
  const auto add = [&](int i, bool ended) {
    char id[40];
    std::snprintf(id, sizeof(id), "%08d-0000-4000-8000-000000000000", i);
    auto operation = std::make_shared<Operation>(OperationIds{"s", "t", id}, true,
                                                 std::vector<std::string>{}, [] {});
    operation->Begin();
    if (ended) operation->Finish(base::OkStatus());
    return state.Add(operation);
  };
  ASSERT_TRUE(add(0, true).ok());
  for (size_t i = 1; i < kOperationsMax; ++i) ASSERT_TRUE(add(static_cast<int>(i), false).ok());
  EXPECT_TRUE(add(5000, false).ok());  // in the place of number 0
  EXPECT_EQ(state.Find("00000000-0000-4000-8000-000000000000"), nullptr);
  EXPECT_TRUE(base::Is(add(5001, false), base::kMemoryLimit));
}

TEST(SessionState, AbandonedOperationsEnd) {
  std::atomic<int> cancels = 0;
  SessionState state("id", nullptr);
  const auto operation = Make(true, &cancels);
  ASSERT_TRUE(state.Add(operation).ok());
  operation->Begin();
  const uint64_t stream = operation->Attach();
  state.Sweep(10 * kDetachedMsMax);
  EXPECT_NE(state.Find(kId), nullptr);
  operation->Detach(stream, 1000);
  state.Sweep(1000 + kDetachedMsMax);
  EXPECT_NE(state.Find(kId), nullptr);
  state.Sweep(1001 + kDetachedMsMax);
  EXPECT_EQ(state.Find(kId), nullptr);
  EXPECT_EQ(cancels, 1);
}

TEST(Views, NamesIgnoreCase) {
  Views views;
  ASSERT_TRUE(views.Create("Folk", nullptr, false).ok());
  EXPECT_TRUE(views.Find("FOLK").has_value());
  EXPECT_TRUE(base::Is(views.Create("folk", nullptr, false), kViewExists));
  EXPECT_TRUE(views.Create("folk", nullptr, true).ok());
  EXPECT_TRUE(views.Drop("fOlk"));
  EXPECT_FALSE(views.Drop("folk"));
  EXPECT_FALSE(views.Find("folk").has_value());
}

TEST(Workers, CountAndWait) {
  std::atomic<int> done = 0;
  std::atomic<bool> go = false;
  Workers workers;
  const auto work = [&] {
    while (!go) std::this_thread::sleep_for(milliseconds(1));
    ++done;
  };
  ASSERT_TRUE(workers.Run(work, 2).ok());
  ASSERT_TRUE(workers.Run(work, 2).ok());
  EXPECT_TRUE(base::Is(workers.Run(work, 2), base::kMemoryLimit));
  go = true;
  workers.Wait();
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace soteria::connect
