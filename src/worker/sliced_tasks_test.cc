// Answers and inputs in slices, with slices small enough that everything is cut.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "src/dataflow/slices.h"
#include "src/worker/task_runner_for_test.h"

namespace soteria::worker {
namespace {

constexpr uint64_t kSmall = 10;

class SlicedTasksTest : public ShuffleTest {
 protected:
  TaskOutput Run(TaskRunner& runner, bool merge, Place place, std::vector<SealedBlob> inputs = {}) {
    return runner.Run({stage_, merge, place, std::move(inputs)});
  }
  /// What the master makes of an answer in slices.
  std::string Joined(const TaskOutput& output, MessageKind kind, Place place) {
    EXPECT_EQ(output.outcome, TaskOutcome::kOk);
    EXPECT_GT(output.outputs.size(), 1U);
    dataflow::Joiner joiner;
    for (size_t i = 0; i < output.outputs.size(); ++i) {
      EXPECT_EQ(output.outputs[i].slice, i);
      EXPECT_EQ(output.outputs[i].slices, output.outputs.size());
      EXPECT_EQ(output.outputs[i].place, place);
      auto part =
          dataflow::OpenPart(opener_, output.outputs[i].sealed, {stage_, digest_, kind, place});
      EXPECT_TRUE(part.ok() && joiner.Add(*std::move(part)).ok());
    }
    EXPECT_TRUE(joiner.complete());
    const auto answer = dataflow::DecodeAnswer(joiner.Take());
    return answer.ok() ? answer->payload : std::string();
  }
  bool Refused(Place place, std::vector<SealedBlob> inputs, bool merge) {
    return base::Is(Error(Run(sliced_, merge, place, std::move(inputs)), place), base::kIntegrity);
  }
  static void Append(std::vector<SealedBlob>& all, const std::vector<SealedBlob>& more) {
    all.insert(all.end(), more.begin(), more.end());
  }

  crypto::Sealer another_{root_, session_, 2};
  TaskRunner sliced_{book_, cache_, budget_, sources_, opener_, sealer_, kSmall * 100};
  TaskRunner tiny_{book_, cache_, budget_, sources_, opener_, sealer_, kSmall};
  TaskRunner other_{book_, cache_, budget_, sources_, opener_, another_, kSmall};
};

TEST_F(SlicedTasksTest, RowsTravelInSlices) {
  Start(Spec(Terminal::kCollect, Rows(1)));
  const TaskOutput whole = Map({0});
  ASSERT_EQ(whole.outputs.size(), 1U);
  EXPECT_EQ(whole.outputs[0].slices, 1U);
  EXPECT_EQ(Joined(Run(sliced_, false, {0}), MessageKind::kRows, {0}),
            Payload(whole, MessageKind::kRows, {0}));
}

TEST_F(SlicedTasksTest, AMergeJoinsItsChildren) {
  Start(Spec(Terminal::kReduce, Rows(2)));
  const Place node = NodeAt(1, 0);
  const TaskOutput zero = Run(tiny_, false, NodeAt(0, 0));
  const TaskOutput one = Run(tiny_, false, NodeAt(0, 1));
  const TaskOutput zero_again = Run(other_, false, NodeAt(0, 0));
  const TaskOutput one_whole = Map(NodeAt(0, 1));
  ASSERT_GT(zero.outputs.size(), 2U);
  ASSERT_EQ(zero_again.outputs.size(), zero.outputs.size());
  const std::string expected =
      Payload(Merge(node, {Map(NodeAt(0, 0)).outputs[0], one_whole.outputs[0]}),
              MessageKind::kPartial, node);

  std::vector<SealedBlob> inputs = one.outputs;
  Append(inputs, zero.outputs);
  std::reverse(inputs.begin(), inputs.end());
  EXPECT_EQ(Joined(Run(tiny_, true, node, inputs), MessageKind::kPartial, node), expected);
  // Slices of two executions, mixed, and one child whole.
  inputs = {one_whole.outputs[0]};
  for (size_t i = 0; i < zero.outputs.size(); ++i) {
    inputs.push_back(zero_again.outputs[i]);
    if (i > 0) inputs.push_back(zero.outputs[i]);
  }
  EXPECT_EQ(Joined(Run(tiny_, true, node, inputs), MessageKind::kPartial, node), expected);
  // I5: one slice missing, also when another execution has it.
  inputs = {one_whole.outputs[0]};
  Append(inputs, {zero.outputs.begin() + 1, zero.outputs.end()});
  EXPECT_TRUE(Refused(node, inputs, true));
  inputs.push_back(zero_again.outputs[0]);
  EXPECT_TRUE(Refused(node, inputs, true));
  inputs.push_back(zero.outputs[1]);  // a repeat
  EXPECT_TRUE(Refused(node, inputs, true));
  // A slice of partition 1 as one of partition 0.
  inputs = zero.outputs;
  Append(inputs, one.outputs);
  inputs[0].sealed = one.outputs[0].sealed;
  EXPECT_TRUE(Refused(node, inputs, true));
}

TEST_F(SlicedTasksTest, AReaderJoinsTheCellsOfAShuffle) {
  Shuffle(false);
  const uint64_t reader = stage_;
  stage_ = shuffle_stage_;
  const TaskOutput again = Run(tiny_, false, {1});
  ASSERT_EQ(again.outcome, TaskOutcome::kOk);
  std::vector<SealedBlob> cell;  // (1, 0)
  for (const SealedBlob& blob : again.outputs) {
    if (blob.place == cells_[0][1].place) cell.push_back(blob);
  }
  ASSERT_GT(cell.size(), 2U);
  stage_ = reader;
  const auto expected =
      Values(Payload(Map({0}, {cells_[0][0], cells_[0][1]}), MessageKind::kRows, {0}));
  std::vector<SealedBlob> inputs = cell;
  inputs.push_back(cells_[0][0]);
  EXPECT_EQ(Values(Payload(Map({0}, inputs), MessageKind::kRows, {0})), expected);
  inputs.erase(inputs.begin() + 1);
  EXPECT_TRUE(Refused({0}, inputs, false));
  inputs.push_back(cell[0]);
  EXPECT_TRUE(Refused({0}, inputs, false));
  inputs = cell;
  inputs.push_back(cells_[0][0]);
  inputs[1].place = cells_[0][0].place;
  EXPECT_TRUE(Refused({0}, inputs, false));
}

TEST_F(SlicedTasksTest, SlicesThatWaitToBeSentAreTheWorkersMemory) {
  Start(Spec(Terminal::kCollect, Rows(1)));
  {
    const TaskOutput output = Run(sliced_, false, {0});
    uint64_t bytes = 0;
    for (const SealedBlob& blob : output.outputs) bytes += blob.sealed.size();
    EXPECT_EQ(budget_.used(), bytes);
  }
  EXPECT_EQ(budget_.used(), 0U);
  MemoryBudget small(1'000);
  BlockCache cache(small, spill_);
  TaskRunner runner(book_, cache, small, sources_, opener_, sealer_, 100);
  EXPECT_TRUE(base::Is(Error(Run(runner, false, {0}), {0}), base::kMemoryLimit));
  EXPECT_EQ(small.used(), 0U);
}

TEST_F(SlicedTasksTest, MoreSlicesThanAllowedAreATypedError) {
  TaskRunner runner(book_, cache_, budget_, sources_, opener_, sealer_, 1);
  Start(Spec(Terminal::kCollect, Rows(1)));
  EXPECT_TRUE(base::Is(Error(Run(runner, false, {0}), {0}), base::kCollectLimit));
  EXPECT_EQ(budget_.used(), 0U);
}

}  // namespace
}  // namespace soteria::worker
