// The scheduler as a state machine: events in, frames out.
#include "host/local/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/errors.h"

namespace soteria::host {
namespace {

using Key = std::tuple<TaskKind, uint64_t, uint64_t>;  // kind, place a, place b

/// A master and workers that keep what they were sent.
class Stage {
 public:
  Stage(size_t workers, size_t slots, std::vector<Fault> faults = {}, size_t cells_max = 1 << 20)
      : scheduler(workers, slots, std::move(faults), CellStore(testing::TempDir(), cells_max)) {}

  void Ready(size_t worker, int64_t now_ms = 0) {
    Actions actions;
    scheduler.WorkerReady(worker, now_ms, actions);
    Take(actions);
  }
  void Lose(size_t worker, int64_t now_ms = 0) {
    for (auto it = running.begin(); it != running.end();) {
      it = it->first.first == worker ? running.erase(it) : std::next(it);
    }
    Actions actions;
    scheduler.WorkerLost(worker, now_ms, actions);
    Take(actions);
  }
  base::Status Master(FrameKind kind, uint64_t id, std::string payload, int64_t now_ms = 0) {
    Actions actions;
    const base::Status status =
        scheduler.OnMaster({static_cast<uint8_t>(kind), id, std::move(payload)}, now_ms, actions);
    Take(actions);
    return status;
  }
  base::Status Run(Terminal terminal, uint64_t partitions, uint64_t targets = 0,
                   std::vector<uint64_t> inputs = {}, std::vector<uint64_t> broadcasts = {}) {
    RunStage run;
    run.set_stage(++number);
    run.set_terminal(terminal);
    run.set_partitions(partitions);
    run.set_fan_in(8);
    run.set_targets(targets);
    run.set_sealed_task("task " + std::to_string(number));
    for (const uint64_t stage : inputs) run.add_input_stages(stage);
    for (const uint64_t id : broadcasts) run.add_broadcasts(id);
    return Master(RUN_STAGE, number, run.SerializeAsString());
  }
  void Tick(int64_t now_ms) {
    Actions actions;
    scheduler.Tick(now_ms, actions);
    Take(actions);
  }

  /// Answers the task that runs there. `outputs` empty: one output at the task's place.
  base::Status Answer(size_t worker, size_t slot, Outcome outcome = OK,
                      std::vector<Blob> outputs = {}, std::vector<Need> needs = {}) {
    const Task task = running.at({worker, slot});
    TaskDone done;
    done.set_stage(task.stage());
    *done.mutable_place() = task.place();
    done.set_outcome(outcome);
    if (outputs.empty() && outcome == OK) outputs = {BlobAt(task.place(), "answer")};
    for (const Blob& blob : outputs) *done.add_outputs() = blob;
    for (const Need& need : needs) *done.add_needs() = need;
    return AnswerWith(worker, slot, done);
  }
  base::Status AnswerWith(size_t worker, size_t slot, const TaskDone& done) {
    if (!done.more()) running.erase({worker, slot});
    Actions actions;
    const base::Status status = scheduler.OnTaskDone(
        worker, slot, {static_cast<uint8_t>(TASK_DONE), done.stage(), done.SerializeAsString()},
        now_ms, actions);
    Take(actions);
    return status;
  }
  static Blob BlobAt(const Place& place, std::string sealed) {
    Blob blob;
    *blob.mutable_place() = place;
    blob.set_sealed(std::move(sealed));
    return blob;
  }
  static Place PlaceAt(uint64_t a, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0) {
    Place place;
    place.set_a(a);
    place.set_b(b);
    place.set_c(c);
    place.set_d(d);
    return place;
  }
  /// Answers whatever runs until nothing does.
  void AnswerAll() {
    while (!running.empty()) {
      const auto [worker, slot] = running.begin()->first;
      ASSERT_TRUE(Answer(worker, slot).ok());
    }
  }
  std::vector<Outgoing> OfKind(FrameKind kind) const {
    std::vector<Outgoing> found;
    for (const Outgoing& one : sent) {
      if (one.kind == kind) found.push_back(one);
    }
    return found;
  }
  template <class Message>
  std::vector<Message> Sent(FrameKind kind) const {
    std::vector<Message> found;
    for (const Outgoing& one : OfKind(kind)) found.emplace_back().ParseFromString(*one.payload);
    return found;
  }
  /// Which worker was given the partitions of the current stage.
  std::map<uint64_t, size_t> Given() const {
    std::map<uint64_t, size_t> given;
    for (const auto& [worker, task] : tasks) {
      if (task.stage() == number && task.kind() == MAP) given[task.place().a()] = worker;
    }
    return given;
  }

  Scheduler scheduler;
  int64_t now_ms = 0;
  uint64_t number = 0;
  std::vector<Outgoing> sent;
  std::vector<size_t> kills;
  std::map<std::pair<size_t, size_t>, Task> running;
  std::vector<std::pair<size_t, Task>> tasks;

 private:
  void Take(const Actions& actions) {
    for (const Outgoing& one : actions.sends) {
      sent.push_back(one);
      if (one.kind != TASK) continue;
      Task task;
      ASSERT_TRUE(task.ParseFromString(*one.payload));
      tasks.emplace_back(one.worker, task);
      if (!task.more()) running[{one.worker, one.slot}] = task;
    }
    kills.insert(kills.end(), actions.kills.begin(), actions.kills.end());
  }
};

TEST(SchedulerTest, ContiguousRunsOnePullASlot) {
  Stage stage(2, 2);
  stage.Ready(0);
  stage.Ready(1);
  ASSERT_TRUE(stage.Run(COLLECT, 6).ok());
  EXPECT_EQ(stage.running.size(), 4U);
  stage.AnswerAll();
  const std::map<uint64_t, size_t> expected = {{0, 0}, {1, 0}, {2, 0}, {3, 1}, {4, 1}, {5, 1}};
  EXPECT_EQ(stage.Given(), expected);
  EXPECT_EQ(stage.Sent<Result>(RESULT).size(), 6U);
  ASSERT_EQ(stage.Sent<StageDone>(STAGE_DONE).size(), 1U);
  EXPECT_EQ(stage.Sent<StageDone>(STAGE_DONE)[0].outcome(), OK);
  EXPECT_EQ(stage.sent.back().kind, STAGE_DONE);
}

TEST(SchedulerTest, TheTaskGoesOnceToEachWorkerWithItsBroadcastsBefore) {
  Stage stage(2, 2);
  stage.Ready(0);
  stage.Ready(1);
  ASSERT_TRUE(stage.Master(BROADCAST, 9, "sealed").ok());
  EXPECT_TRUE(stage.OfKind(BROADCAST).empty());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(stage.Run(COLLECT, 8, 0, {}, {9}).ok());
    stage.AnswerAll();
  }
  EXPECT_EQ(stage.OfKind(BROADCAST).size(), 2U);  // once a worker, not once a stage
  EXPECT_EQ(stage.OfKind(STAGE_TASK).size(), 4U);
  std::map<size_t, std::vector<int>> order;
  for (const Outgoing& one : stage.sent) {
    if (one.to != Outgoing::To::kMaster) order[one.worker].push_back(one.kind);
  }
  for (const auto& [worker, kinds] : order) {
    EXPECT_EQ(kinds[0], BROADCAST);
    EXPECT_EQ(kinds[1], STAGE_TASK);
    EXPECT_EQ(kinds[2], TASK);
  }
  Drop drop;
  drop.add_broadcasts(9);
  ASSERT_TRUE(stage.Master(DROP, 0, drop.SerializeAsString()).ok());
  EXPECT_EQ(stage.OfKind(DROP).size(), 2U);
}

TEST(SchedulerTest, MergesANodeWhenItsChildrenAreIn) {
  Stage stage(1, 1);
  stage.Ready(0);
  ASSERT_TRUE(stage.Run(REDUCE, 9).ok());
  std::vector<Key> order;
  while (!stage.running.empty()) {
    const Task task = stage.running.begin()->second;
    order.emplace_back(task.kind(), task.place().a(), task.place().b());
    EXPECT_EQ(task.place().c(), 9U);
    EXPECT_EQ(task.place().d(), 8U);
    if (task.kind() == MERGE) {
      std::vector<std::string> inputs;
      for (const Blob& blob : task.inputs()) {
        EXPECT_EQ(blob.place().a() + 1, task.place().a());
        inputs.push_back(blob.sealed());
      }
      if (task.place().a() == 2) {
        EXPECT_EQ(inputs, (std::vector<std::string>{"1,0", "1,1"}));
      }
      if (task.place().a() == 1 && task.place().b() == 1) {
        EXPECT_EQ(inputs, (std::vector<std::string>{"0,8"}));
      }
    }
    const std::string name =
        std::to_string(task.place().a()) + "," + std::to_string(task.place().b());
    ASSERT_TRUE(stage.Answer(0, 0, OK, {Stage::BlobAt(task.place(), name)}).ok());
  }
  // Node (1, 0) is merged as soon as its eight partitions are in, before the ninth is run.
  EXPECT_EQ(order[8], Key(MERGE, 1, 0));
  EXPECT_EQ(order[9], Key(MAP, 0, 8));
  EXPECT_EQ(order.back(), Key(MERGE, 2, 0));
  const auto results = stage.Sent<Result>(RESULT);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].sealed(), "2,0");
}

/// A message in slices, as a worker answers it.
std::vector<Blob> SlicesAt(const Place& place, const std::string& name, uint64_t slices) {
  std::vector<Blob> blobs;
  for (uint64_t i = 0; i < slices; ++i) {
    blobs.push_back(Stage::BlobAt(place, name + " " + std::to_string(i)));
    blobs.back().set_slice(i);
    blobs.back().set_slices(slices);
  }
  return blobs;
}

TEST(SchedulerTest, SlicesOfAPartialAreKeptAndDeliveredTogether) {
  Stage stage(1, 1);
  stage.Ready(0);
  ASSERT_TRUE(stage.Run(REDUCE, 2).ok());
  ASSERT_TRUE(stage.Answer(0, 0, OK, SlicesAt(Stage::PlaceAt(0, 0, 2, 8), "zero", 3)).ok());
  ASSERT_TRUE(stage.Answer(0, 0).ok());
  const Task merge = stage.running.at({0, 0});
  ASSERT_EQ(merge.inputs_size(), 4);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(merge.inputs(i).sealed(), "zero " + std::to_string(i));
    EXPECT_EQ(merge.inputs(i).slice(), static_cast<uint64_t>(i));
    EXPECT_EQ(merge.inputs(i).slices(), 3U);
    EXPECT_EQ(merge.inputs(i).place().b(), 0U);
  }
  EXPECT_EQ(merge.inputs(3).sealed(), "answer");
  EXPECT_LE(merge.inputs(3).slices(), 1U);
  ASSERT_TRUE(stage.Answer(0, 0, OK, SlicesAt(merge.place(), "root", 2)).ok());
  const auto results = stage.Sent<Result>(RESULT);
  ASSERT_EQ(results.size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(results[i].sealed(), "root " + std::to_string(i));
    EXPECT_EQ(results[i].slice(), i);
    EXPECT_EQ(results[i].slices(), 2U);
    EXPECT_EQ(results[i].place().a(), 1U);
  }
  EXPECT_EQ(stage.Sent<StageDone>(STAGE_DONE)[0].outcome(), OK);
}

TEST(SchedulerTest, SlicesOfRowsAndOfCells) {
  Stage stage(1, 1);
  stage.Ready(0);
  ASSERT_TRUE(stage.Run(COLLECT, 1).ok());
  ASSERT_TRUE(stage.Answer(0, 0, OK, SlicesAt(Stage::PlaceAt(0), "rows", 2)).ok());
  auto results = stage.Sent<Result>(RESULT);
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[1].slice(), 1U);
  EXPECT_EQ(results[1].slices(), 2U);
  ASSERT_TRUE(stage.Run(SHUFFLE, 1, 2).ok());
  std::vector<Blob> outputs = SlicesAt(Stage::PlaceAt(0, 0, 1, 2), "zero", 2);
  for (const Blob& blob : SlicesAt(Stage::PlaceAt(0, 1, 1, 2), "one", 3)) outputs.push_back(blob);
  outputs.push_back(Stage::BlobAt(Stage::PlaceAt(0), "receipt"));
  ASSERT_TRUE(stage.Answer(0, 0, OK, outputs).ok());
  EXPECT_EQ(stage.Sent<Result>(RESULT).size(), 3U);  // the receipt
  ASSERT_TRUE(stage.Run(COLLECT, 1, 0, {2}).ok());
  Need need;
  need.set_stage(2);
  need.set_target(1);
  ASSERT_TRUE(stage.Answer(0, 0, MISS, {}, {need}).ok());
  const Task again = stage.running.at({0, 0});
  ASSERT_EQ(again.inputs_size(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(again.inputs(i).sealed(), "one " + std::to_string(i));
    EXPECT_EQ(again.inputs(i).slice(), static_cast<uint64_t>(i));
    EXPECT_EQ(again.inputs(i).slices(), 3U);
    EXPECT_EQ(again.inputs(i).stage(), 2U);
  }
}

TEST(SchedulerTest, AReduceOfOnePartitionNeedsNoMerge) {
  Stage stage(1, 1);
  stage.Ready(0);
  ASSERT_TRUE(stage.Run(REDUCE, 1).ok());
  ASSERT_TRUE(stage.Answer(0, 0).ok());
  EXPECT_EQ(stage.tasks.size(), 1U);
  EXPECT_EQ(stage.Sent<Result>(RESULT).size(), 1U);
}

TEST(SchedulerTest, ALossRepeatsOnlyWhatWasRunning) {
  Stage stage(2, 1);
  stage.Ready(0);
  stage.Ready(1);
  ASSERT_TRUE(stage.Run(REDUCE, 8).ok());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(stage.Answer(1, 0).ok());  // 4 and 5
  EXPECT_EQ(stage.running.at({1, 0}).place().b(), 6U);
  stage.Lose(1);
  const auto retried = stage.Sent<Retried>(RETRIED);
  ASSERT_EQ(retried.size(), 1U);
  EXPECT_EQ(retried[0].place().b(), 6U);
  EXPECT_EQ(stage.OfKind(WORKER_LOST).size(), 1U);
  stage.AnswerAll();
  std::map<uint64_t, int> times;
  for (const auto& [worker, task] : stage.tasks) {
    if (task.kind() == MAP) ++times[task.place().b()];
  }
  for (const auto& [partition, count] : times) EXPECT_EQ(count, partition == 6 ? 2 : 1);
  EXPECT_EQ(times.size(), 8U);
  EXPECT_EQ(stage.Sent<StageDone>(STAGE_DONE)[0].outcome(), OK);
}

TEST(SchedulerTest, PartitionsStayWithTheirWorkerAndANewWorkerGetsItsShare) {
  Stage stage(2, 4);
  stage.Ready(0);
  stage.Ready(1);
  ASSERT_TRUE(stage.Run(KEEP, 8).ok());
  stage.AnswerAll();
  const auto first = stage.Given();
  ASSERT_TRUE(stage.Run(REDUCE, 8).ok());
  stage.AnswerAll();
  stage.Lose(1);
  ASSERT_TRUE(stage.Run(KEEP, 8).ok());
  stage.AnswerAll();
  for (const auto& [partition, worker] : stage.Given()) EXPECT_EQ(worker, 0U);
  stage.Ready(1);
  ASSERT_TRUE(stage.Run(KEEP, 8).ok());
  stage.AnswerAll();
  size_t kept = 0, moved = 0;
  for (const auto& [partition, worker] : stage.Given()) {
    worker == 1 ? ++moved : ++kept;
    if (first.at(partition) == 0) {
      EXPECT_EQ(worker, 0U) << partition;
    }
  }
  EXPECT_EQ(kept, 4U);
  EXPECT_EQ(moved, 4U);
}

TEST(SchedulerTest, WaitsForAWorkerAndGivesUpInTheEnd) {
  Stage stage(1, 1);
  ASSERT_TRUE(stage.Run(COLLECT, 2).ok());
  EXPECT_TRUE(stage.tasks.empty());
  stage.Tick(kNoWorkerTimeoutMs - 1);
  stage.Ready(0, kNoWorkerTimeoutMs - 1);
  EXPECT_EQ(stage.running.size(), 1U);
  stage.Lose(0, kNoWorkerTimeoutMs);
  stage.Tick(2 * kNoWorkerTimeoutMs - 1);
  EXPECT_TRUE(stage.OfKind(STAGE_DONE).empty());
  stage.Tick(2 * kNoWorkerTimeoutMs);
  ASSERT_EQ(stage.OfKind(STAGE_DONE).size(), 1U);
  EXPECT_EQ(stage.Sent<StageDone>(STAGE_DONE)[0].outcome(), RETRY);
  stage.Ready(0);
  EXPECT_TRUE(stage.running.empty());
}

/// By what cells may take in memory: all of it, or some of them.
class ShuffleTest : public testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(Memory, ShuffleTest, testing::Values(0, 15, 1 << 20));

TEST_P(ShuffleTest, KeepsCellsAndSuppliesThemOnAMiss) {
  Stage stage(1, 1, {}, GetParam());
  stage.Ready(0);
  ASSERT_TRUE(stage.Run(SHUFFLE, 3, 2).ok());
  for (uint64_t p = 0; p < 3; ++p) {
    std::vector<Blob> outputs;
    for (uint64_t q = 0; q < 2; ++q) {
      outputs.push_back(Stage::BlobAt(Stage::PlaceAt(p, q, 3, 2),
                                      "cell " + std::to_string(p) + std::to_string(q)));
    }
    outputs.push_back(Stage::BlobAt(Stage::PlaceAt(p), "receipt"));
    ASSERT_TRUE(stage.Answer(0, 0, OK, outputs).ok());
  }
  EXPECT_EQ(stage.Sent<Result>(RESULT).size(), 3U);  // the receipts
  ASSERT_TRUE(stage.Run(COLLECT, 2, 0, {1}).ok());
  Need need;
  need.set_stage(1);
  need.set_target(1);
  stage.tasks.clear();
  ASSERT_TRUE(stage.Answer(0, 0, MISS, {}, {need}).ok());
  ASSERT_EQ(stage.tasks.size(), 1U);
  const Task& again = stage.tasks[0].second;
  ASSERT_EQ(again.inputs_size(), 3);
  for (int p = 0; p < 3; ++p) {
    EXPECT_EQ(again.inputs(p).sealed(), "cell " + std::to_string(p) + "1");
    EXPECT_EQ(again.inputs(p).stage(), 1U);
    EXPECT_EQ(again.inputs(p).place().b(), 1U);
  }
  // A worker that misses again after that can't be helped.
  ASSERT_TRUE(stage.Answer(0, 0, MISS, {}, {need}).ok());
  EXPECT_EQ(stage.Sent<StageDone>(STAGE_DONE).back().outcome(), FAILED);
  // Dropped: gone.
  Drop drop;
  drop.add_stages(1);
  ASSERT_TRUE(stage.Master(DROP, 0, drop.SerializeAsString()).ok());
  ASSERT_TRUE(stage.Run(COLLECT, 2, 0, {1}).ok());
  ASSERT_TRUE(stage.Answer(0, 0, MISS, {}, {need}).ok());
  EXPECT_EQ(stage.Sent<StageDone>(STAGE_DONE).back().outcome(), FAILED);
}

TEST(SchedulerTest, BigInputsComeInSeveralFrames) {
  Stage stage(1, 1);
  stage.Ready(0);
  ASSERT_TRUE(stage.Run(SHUFFLE, 3, 1).ok());
  for (uint64_t p = 0; p < 3; ++p) {
    ASSERT_TRUE(stage
                    .Answer(0, 0, OK,
                            {Stage::BlobAt(Stage::PlaceAt(p, 0, 3, 1),
                                           std::string(kInputsFrameBytes / 2 + 1, 'x'))})
                    .ok());
  }
  ASSERT_TRUE(stage.Run(COLLECT, 1, 0, {1}).ok());
  stage.tasks.clear();
  Need need;
  need.set_stage(1);
  ASSERT_TRUE(stage.Answer(0, 0, MISS, {}, {need}).ok());
  ASSERT_EQ(stage.tasks.size(), 3U);
  EXPECT_TRUE(stage.tasks[0].second.more());
  EXPECT_TRUE(stage.tasks[1].second.more());
  EXPECT_FALSE(stage.tasks[2].second.more());
}

TEST(SchedulerTest, OutputsInSeveralFramesCountOnce) {
  Stage stage(1, 1);
  stage.Ready(0);
  ASSERT_TRUE(stage.Run(SHUFFLE, 1, 2).ok());
  TaskDone done;
  done.set_stage(1);
  *done.mutable_place() = Stage::PlaceAt(0);
  done.set_more(true);
  *done.add_outputs() = Stage::BlobAt(Stage::PlaceAt(0, 0, 1, 2), "a");
  ASSERT_TRUE(stage.AnswerWith(0, 0, done).ok());
  EXPECT_TRUE(stage.OfKind(STAGE_DONE).empty());
  done.set_more(false);
  done.set_outcome(OK);
  *done.mutable_outputs(0) = Stage::BlobAt(Stage::PlaceAt(0, 1, 1, 2), "b");
  ASSERT_TRUE(stage.AnswerWith(0, 0, done).ok());
  EXPECT_EQ(stage.OfKind(STAGE_DONE).size(), 1U);
}

TEST(SchedulerTest, AFailureGoesToTheMasterAndEndsTheStage) {
  Stage stage(2, 1);
  stage.Ready(0);
  stage.Ready(1);
  ASSERT_TRUE(stage.Run(COLLECT, 8).ok());
  ASSERT_TRUE(stage.Answer(1, 0, FAILED, {Stage::BlobAt(Stage::PlaceAt(4), "sealed error")}).ok());
  const auto results = stage.Sent<Result>(RESULT);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].sealed(), "sealed error");
  EXPECT_EQ(results[0].place().a(), 4U);
  EXPECT_EQ(stage.Sent<StageDone>(STAGE_DONE)[0].outcome(), FAILED);
  EXPECT_EQ(stage.OfKind(CANCEL).size(), 2U);
  // The other worker's answer is stale; its slot is free for the next stage.
  ASSERT_TRUE(stage.Run(COLLECT, 2).ok());
  EXPECT_EQ(stage.running.at({0, 0}).stage(), 1U);
  ASSERT_TRUE(stage.Answer(0, 0).ok());
  EXPECT_EQ(stage.running.at({0, 0}).stage(), 2U);
  EXPECT_EQ(stage.Sent<Result>(RESULT).size(), 1U);
}

TEST(SchedulerTest, AWorkerMayAskForARetry) {
  Stage stage(1, 1);
  stage.Ready(0);
  ASSERT_TRUE(stage.Master(BROADCAST, 9, "sealed").ok());
  ASSERT_TRUE(stage.Run(COLLECT, 1, 0, {}, {9}).ok());
  ASSERT_TRUE(stage.Answer(0, 0, RETRY).ok());
  EXPECT_EQ(stage.OfKind(RETRIED).size(), 1U);
  // It may lack the stage: that is sent again, with its broadcasts, before the task.
  std::vector<int> kinds;
  for (const Outgoing& one : stage.sent) {
    if (one.to != Outgoing::To::kMaster) kinds.push_back(one.kind);
  }
  EXPECT_EQ(kinds, (std::vector<int>{BROADCAST, STAGE_TASK, TASK, BROADCAST, STAGE_TASK, TASK}));
  stage.AnswerAll();
  EXPECT_EQ(stage.Sent<StageDone>(STAGE_DONE)[0].outcome(), OK);
}

TEST(SchedulerTest, CancelStopsHandingOutAndLaterStagesRun) {
  Stage stage(1, 1);
  stage.Ready(0);
  ASSERT_TRUE(stage.Run(COLLECT, 4).ok());
  ASSERT_TRUE(stage.Master(CANCEL, 1, "").ok());
  EXPECT_TRUE(stage.OfKind(STAGE_DONE).empty());
  ASSERT_TRUE(stage.Answer(0, 0).ok());
  EXPECT_TRUE(stage.running.empty());
  ASSERT_TRUE(stage.Run(COLLECT, 4).ok());
  stage.AnswerAll();
  EXPECT_EQ(stage.Sent<StageDone>(STAGE_DONE)[0].stage(), 2U);
  ASSERT_TRUE(stage.Master(CANCEL, 2, "").ok());  // too late: nothing happens
}

// Files that were written when their stage had failed: the master has to hear of them.
TEST(SchedulerTest, LateAnswersOfAWriteThatFailedAreHandedOn) {
  for (const auto& [terminal, results] : {std::pair(WRITE, 1U), {COLLECT, 0U}}) {
    Stage stage(1, 1);
    stage.Ready(0);
    ASSERT_TRUE(stage.Run(terminal, 4).ok());
    ASSERT_TRUE(stage.Master(CANCEL, 1, "").ok());
    ASSERT_TRUE(stage.Answer(0, 0).ok());
    EXPECT_EQ(stage.OfKind(RESULT).size(), results);
  }
}

TEST(SchedulerTest, FaultsKillAtTheGivenPartial) {
  Stage stage(2, 1, {{2, 3, 1}, {2, 0, 0}});
  stage.Ready(0);
  stage.Ready(1);
  ASSERT_TRUE(stage.Run(REDUCE, 8).ok());
  stage.AnswerAll();
  ASSERT_TRUE(stage.Run(COLLECT, 8).ok());  // counts reduce stages only
  stage.AnswerAll();
  EXPECT_TRUE(stage.kills.empty());
  ASSERT_TRUE(stage.Run(REDUCE, 8).ok());
  EXPECT_EQ(stage.kills, (std::vector<size_t>{0}));
  ASSERT_TRUE(stage.Answer(0, 0).ok());
  ASSERT_TRUE(stage.Answer(0, 0).ok());
  EXPECT_EQ(stage.kills.size(), 1U);
  ASSERT_TRUE(stage.Answer(1, 0).ok());
  EXPECT_EQ(stage.kills, (std::vector<size_t>{0, 1}));
}

TEST(SchedulerTest, ALongReduceReportsItsProgress) {
  Stage stage(1, 1);
  stage.Ready(0);
  ASSERT_TRUE(stage.Run(REDUCE, 8).ok());
  ASSERT_TRUE(stage.Answer(0, 0).ok());
  EXPECT_TRUE(stage.OfKind(PROGRESS).empty());
  stage.now_ms = kProgressMs;
  ASSERT_TRUE(stage.Answer(0, 0).ok());
  ASSERT_TRUE(stage.Answer(0, 0).ok());
  const auto progress = stage.Sent<Progress>(PROGRESS);
  ASSERT_EQ(progress.size(), 1U);
  EXPECT_EQ(progress[0].done(), 2U);
  EXPECT_EQ(progress[0].total(), 8U);
}

TEST(SchedulerTest, MalformedFramesAreRefused) {
  Stage stage(1, 1);
  stage.Ready(0);
  EXPECT_TRUE(base::Is(stage.Master(RUN_STAGE, 1, "\xff"), base::kProtocol));
  EXPECT_TRUE(base::Is(stage.Master(DROP, 1, "\xff"), base::kProtocol));
  EXPECT_TRUE(base::Is(stage.Master(TASK, 1, ""), base::kProtocol));
  EXPECT_FALSE(stage.Run(COLLECT, 0).ok());
  EXPECT_FALSE(stage.Run(COLLECT, kPartitionsMax + 1).ok());
  EXPECT_FALSE(stage.Run(TERMINAL_NONE, 1).ok());
  EXPECT_FALSE(stage.Run(SHUFFLE, kPartitionsMax, kPartitionsMax).ok());
  ASSERT_TRUE(stage.Run(COLLECT, 1).ok());
  EXPECT_FALSE(stage.Run(COLLECT, 1).ok());  // one at a time
  TaskDone done;
  done.set_stage(99);
  EXPECT_FALSE(stage.AnswerWith(0, 0, done).ok());
}

}  // namespace
}  // namespace soteria::host
