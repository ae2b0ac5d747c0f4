// Tasks as a worker runs them.
#include "src/worker/task_runner.h"

#include <arrow/scalar.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/dataflow/feature_columns.h"
#include "src/exec/partition.h"
#include "src/exec/prefix.h"
#include "src/table/cut_short.h"
#include "src/worker/task_runner_for_test.h"

namespace soteria::worker {
namespace {

TEST_F(TaskRunnerTest, CollectsRows) {
  Start(Spec(Terminal::kCollect, Rows(3, {Limit(4)})));
  EXPECT_EQ(Values(Payload(Map({0}), MessageKind::kRows, {0})), (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(Values(Payload(Map({2}), MessageKind::kRows, {2})),
            (std::vector<int64_t>{20, 21, 22, 23}));
}

dataflow::OperatorBytes Of(const exec::OperatorPtr& op) {
  return {std::string(op->kind()), op->Encode()};
}

exec::ExprPtr Number(int64_t value) { return exec::Literal(arrow::MakeScalar(value)); }

/// x, and an error in the rows from `at` on.
dataflow::OperatorBytes StopsAt(int64_t at) {
  const auto x = exec::Column("x");
  return Of(exec::Project({{"x", exec::Call("if", {exec::Call(">=", {x, Number(at)}),
                                                   exec::Call("div", {x, Number(0)}), x})}}));
}

dataflow::OperatorBytes From(int64_t least) {
  return Of(exec::Filter(exec::Call(">=", {exec::Column("x"), Number(least)})));
}

TEST_F(TaskRunnerTest, AnErrorBehindALimitIsNone) {
  const auto rows = [&](std::vector<dataflow::OperatorBytes> chain) -> std::string {
    Start(Spec(Terminal::kCollect, Rows(1, std::move(chain))));
    const TaskOutput output = Map({0});
    if (output.outcome != TaskOutcome::kOk) return base::ConditionName(Error(output, {0}));
    std::string text;
    for (const int64_t x : Values(Payload(output, MessageKind::kRows, {0}))) {
      text += base::Cat(x, " ");
    }
    return text;
  };
  const std::string zero = base::kDivideByZero.name;
  EXPECT_EQ(rows({StopsAt(3), Limit(3)}), "0 1 2 ");
  EXPECT_EQ(rows({StopsAt(3), Limit(4)}), zero);
  EXPECT_EQ(rows({StopsAt(0), Limit(0)}), "");
  EXPECT_EQ(rows({StopsAt(7), From(5), Limit(2)}), "5 6 ");
  EXPECT_EQ(rows({StopsAt(7), From(5), Limit(3)}), zero);
  EXPECT_EQ(rows({From(90), StopsAt(97), Limit(7)}), "90 91 92 93 94 95 96 ");
  EXPECT_EQ(rows({StopsAt(200), From(98), Limit(9)}), "98 99 ");
  // A sort needs all rows.
  EXPECT_EQ(rows({StopsAt(3), Of(exec::LocalSort()), Limit(1)}), zero);
  EXPECT_EQ(rows({Of(exec::LocalSort()), StopsAt(3), Limit(3)}), "0 1 2 ");
  // What follows the limit sees its rows only.
  EXPECT_EQ(rows({Limit(3), StopsAt(3)}), "0 1 2 ");
  EXPECT_EQ(rows({StopsAt(5), Limit(5), StopsAt(4), Limit(4)}), "0 1 2 3 ");
}

TEST_F(TaskRunnerTest, AnErrorBehindALimitIsNoneInJoinedPartitions) {
  const auto rows = [&](int64_t at, std::vector<dataflow::OperatorBytes> chain) -> std::string {
    const auto source = dataflow::GatherRange(Rows(3, {StopsAt(at)}));
    Start(Spec(Terminal::kCollect, dataflow::MakeRecipe(source, std::move(chain), 1)));
    const TaskOutput output = Map({0});
    if (output.outcome != TaskOutcome::kOk) return base::ConditionName(Error(output, {0}));
    auto table = *table::FromIpcStream(Payload(output, MessageKind::kRows, {0}));
    const base::Status error = table::TakeError(&table);
    return base::Cat(table == nullptr ? -1 : table->num_rows(), " ", base::ConditionName(error));
  };
  // Partitions of 10, 10 and 80 rows.
  EXPECT_EQ(rows(15, {Limit(15)}), "15 ");
  EXPECT_EQ(rows(15, {Limit(16)}), "DIVIDE_BY_ZERO");
  EXPECT_EQ(rows(20, {Limit(20)}), "20 ");
  EXPECT_EQ(rows(20, {From(5), Limit(15)}), "15 ");
  EXPECT_EQ(rows(20, {From(5), Limit(16)}), "DIVIDE_BY_ZERO");
  EXPECT_EQ(rows(15, {From(5), Of(exec::LocalTake(16))}), "10 DIVIDE_BY_ZERO");
  EXPECT_EQ(rows(15, {Of(exec::LocalTake(16))}), "15 DIVIDE_BY_ZERO");
  EXPECT_EQ(rows(0, {Of(exec::LocalTake(1))}), "0 DIVIDE_BY_ZERO");
  EXPECT_EQ(rows(15, {}), "DIVIDE_BY_ZERO");
  EXPECT_EQ(rows(15, {Of(exec::LocalSort()), Limit(1)}), "DIVIDE_BY_ZERO");
}

TEST_F(TaskRunnerTest, RowsBeforeAnErrorComeWithIt) {
  const auto taken = [&](std::vector<dataflow::OperatorBytes> chain, int64_t rows) {
    chain.push_back(Of(exec::LocalTake(rows)));
    Start(Spec(Terminal::kCollect, Rows(1, std::move(chain))));
    auto table = *table::FromIpcStream(Payload(Map({0}), MessageKind::kRows, {0}));
    const base::Status error = table::TakeError(&table);
    return base::Cat(table == nullptr ? -1 : table->num_rows(), " ", base::ConditionName(error));
  };
  EXPECT_EQ(taken({StopsAt(3)}, 3), "3 ");
  EXPECT_EQ(taken({StopsAt(3)}, 4), "3 DIVIDE_BY_ZERO");
  EXPECT_EQ(taken({StopsAt(7), From(5)}, 3), "2 DIVIDE_BY_ZERO");
  EXPECT_EQ(taken({StopsAt(0)}, 1), "0 DIVIDE_BY_ZERO");
  EXPECT_EQ(taken({StopsAt(3), Of(exec::LocalSort())}, 1), "-1 DIVIDE_BY_ZERO");
}

TEST_F(TaskRunnerTest, ReducesThroughTheTree) {
  Start(Spec(Terminal::kReduce, Rows(10)));
  std::vector<SealedBlob> leaves = Leaves();
  std::vector<SealedBlob> first(leaves.rbegin() + 2, leaves.rend());  // in any order
  TaskOutput a = Merge(NodeAt(1, 0), std::move(first));
  TaskOutput b = Merge(NodeAt(1, 1), {leaves[8], leaves[9]});
  ASSERT_EQ(a.outcome, TaskOutcome::kOk);
  ASSERT_EQ(b.outcome, TaskOutcome::kOk);
  const TaskOutput root = Merge(NodeAt(2, 0), {b.outputs[0], a.outputs[0]});
  const auto total = Sum().Finish(Payload(root, MessageKind::kPartial, NodeAt(2, 0)));
  ASSERT_TRUE(total.ok());
  const auto cell = (*total)->column(0)->GetScalar(0);
  EXPECT_EQ((*cell)->ToString(), "4950");
}

// I5: the complete set of one node's children, or none.
TEST_F(TaskRunnerTest, RefusesIncompleteOrForeignChildren) {
  Start(Spec(Terminal::kReduce, Rows(10)));
  const std::vector<SealedBlob> leaves = Leaves();
  const Place node = NodeAt(1, 1);
  const auto refused = [&](std::vector<SealedBlob> inputs) {
    return base::Is(Error(Merge(node, std::move(inputs)), node), base::kIntegrity);
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({leaves[8]}));
  EXPECT_TRUE(refused({leaves[8], leaves[8]}));
  EXPECT_TRUE(refused({leaves[8], leaves[9], leaves[0]}));
  SealedBlob lying = leaves[0];  // a partial of partition 0 passed off as that of 9
  lying.place = leaves[9].place;
  EXPECT_TRUE(refused({leaves[8], lying}));
  SealedBlob cut = leaves[9];
  cut.sealed.pop_back();
  EXPECT_TRUE(refused({leaves[8], cut}));
  TaskOutput whole = Merge(NodeAt(1, 1), {leaves[9], leaves[8]});
  EXPECT_EQ(whole.outcome, TaskOutcome::kOk);
  // A node is no child of its own level.
  EXPECT_TRUE(refused({leaves[8], leaves[9], whole.outputs[0]}));
  // An authentic repeat changes nothing.
  EXPECT_EQ(Merge(node, {leaves[8], leaves[9], leaves[8]}).outcome, TaskOutcome::kOk);
}

TEST_F(TaskRunnerTest, RefusesPartialsOfAnotherStage) {
  Start(Spec(Terminal::kReduce, Rows(2)));
  const std::vector<SealedBlob> old = Leaves();
  Start(Spec(Terminal::kReduce, Rows(2)));
  const std::vector<SealedBlob> now = Leaves();
  EXPECT_TRUE(
      base::Is(Error(Merge(NodeAt(1, 0), {now[0], old[1]}), NodeAt(1, 0)), base::kIntegrity));
  EXPECT_EQ(Merge(NodeAt(1, 0), {now[0], now[1]}).outcome, TaskOutcome::kOk);
}

TEST_F(TaskRunnerTest, RefusesPlacesThatTheStageDoesntHave) {
  Start(Spec(Terminal::kReduce, Rows(2)));
  for (const Place& place : {Place{0, 2, 2, 8}, Place{0, 0, 3, 8}, Place{0, 0, 2, 9},
                             Place{1, 0, 2, 8}, Place{0, 0, 0, 0}}) {
    EXPECT_TRUE(base::Is(Error(Map(place), place), base::kIntegrity));
  }
  for (const Place& place : {Place{0, 0, 2, 8}, Place{2, 0, 2, 8}, Place{1, 1, 2, 8}}) {
    EXPECT_TRUE(base::Is(Error(Merge(place, {}), place), base::kIntegrity));
  }
  Start(Spec(Terminal::kCollect, Rows(2)));
  for (const Place& place : {Place{2}, Place{0, 1}, Place{0, 0, 0, 1}}) {
    EXPECT_TRUE(base::Is(Error(Map(place), place), base::kIntegrity));
  }
  EXPECT_TRUE(base::Is(Error(Merge({1, 0, 2, 8}, {}), {1, 0, 2, 8}), base::kIntegrity));
}

TEST_F(TaskRunnerTest, KeepsBlocksAndCountsRebuilds) {
  const dataflow::RecipePtr kept = Rows(2, {Limit(50)});
  Start(Spec(Terminal::kKeep, kept), {{kept->digest, false}});
  const auto block = dataflow::DecodeKept(Payload(Map({1}), MessageKind::kKept, {1}));
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(block->rows, 50U);
  EXPECT_EQ(rebuilds_, 0U);
  EXPECT_EQ(cache_.size(), 1U);
  // Partition 1 is here, partition 0 was kept by a worker that is gone.
  const dataflow::RecipePtr longer = Rows(2, {Limit(50), Limit(3)});
  Start(Spec(Terminal::kCollect, longer), {{kept->digest, true}});
  EXPECT_EQ(Values(Payload(Map({1}), MessageKind::kRows, {1})), (std::vector<int64_t>{10, 11, 12}));
  EXPECT_EQ(rebuilds_, 0U);
  EXPECT_EQ(Values(Payload(Map({0}), MessageKind::kRows, {0})), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(rebuilds_, 1U);
  EXPECT_EQ(cache_.size(), 2U);
  EXPECT_EQ(Values(Payload(Map({0}), MessageKind::kRows, {0})), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(rebuilds_, 0U);
  // Off the list: gone with the next task.
  Start(Spec(Terminal::kCollect, Rows(1)));
  EXPECT_EQ(Map({0}).outcome, TaskOutcome::kOk);
  EXPECT_EQ(cache_.size(), 0U);
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(TaskRunnerTest, ReducesSumRebuildsUpTheTree) {
  const dataflow::RecipePtr rows = Rows(2);
  Start(Spec(Terminal::kReduce, rows), {{rows->digest, true}});
  const std::vector<SealedBlob> leaves = Leaves();
  Payload(Merge(NodeAt(1, 0), leaves), MessageKind::kPartial, NodeAt(1, 0));
  EXPECT_EQ(rebuilds_, 2U);
}

TEST_F(ShuffleTest, MissesThenReadsAllSources) {
  Shuffle(false);
  std::vector<int64_t> all;
  for (uint64_t q = 0; q < 3; ++q) {
    const TaskOutput miss = Map({q});
    EXPECT_EQ(miss.outcome, TaskOutcome::kMiss);
    EXPECT_TRUE(miss.outputs.empty());
    EXPECT_EQ(miss.needs, (std::vector<ShuffleTarget>{{shuffle_stage_, q}}));
    std::vector<SealedBlob> reversed(cells_[q].rbegin(), cells_[q].rend());
    const auto values = Values(Payload(Map({q}, reversed), MessageKind::kRows, {q}));
    // Rows keep the order of their source, sources their order: ascending here.
    EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
    all.insert(all.end(), values.begin(), values.end());
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 100U);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], static_cast<int64_t>(i));
}

TEST_F(ShuffleTest, ACoalesceNamesAllItsTargetsAtOnce) {
  Shuffle(true);
  EXPECT_EQ(Map({0}).needs, (std::vector<ShuffleTarget>{
                                {shuffle_stage_, 0}, {shuffle_stage_, 1}, {shuffle_stage_, 2}}));
  std::vector<SealedBlob> inputs;
  for (const auto& [q, cells] : cells_) inputs.insert(inputs.end(), cells.begin(), cells.end());
  EXPECT_EQ(Values(Payload(Map({0}, inputs), MessageKind::kRows, {0})).size(), 100U);
}

// A join of the two shuffles of one table: by residues, and with itself.
class JoinTest : public TaskRunnerTest {
 protected:
  dataflow::OperatorBytes ByValue() {
    return {dataflow::kHash, exec::EncodeHashPartitioner({exec::Input(0, {"x"})})};
  }
  /// Runs the shuffle and adds its cells and its name.
  void Shuffle(const dataflow::RecipePtr& parent) {
    dataflow::StageSpec spec = Spec(Terminal::kShuffle, parent);
    spec.targets = 2;
    spec.partitioner = ByValue();
    Start(spec);
    for (uint64_t p = 0; p < parent->partitions; ++p) {
      TaskOutput output = Map({p});
      ASSERT_EQ(output.outcome, TaskOutcome::kOk);
      for (uint64_t q = 0; q < 2; ++q) cells_[{stage_, q}].push_back(output.outputs[q]);
    }
    inputs_.push_back({dataflow::ShuffleDigest(*parent, 2, ByValue()), stage_, digest_});
  }
  void Join(exec::JoinKind kind, const dataflow::RecipePtr& left,
            const dataflow::RecipePtr& right) {
    Shuffle(left);
    Shuffle(right);
    const auto schema = Numbers(0)->schema();
    const auto same = exec::Call("==", {exec::Input(0, {"x"}), exec::Input(1, {"x"})});
    dataflow::GatherSource source;
    source.inputs = {{left, dataflow::Reads::kCells, 0, ByValue()},
                     {right, dataflow::Reads::kCells, 0, ByValue()}};
    source.combine = {dataflow::kJoinOperator,
                      exec::Join::Make(kind, same, *schema, *schema)->Encode()};
    dataflow::StageSpec read = Spec(Terminal::kCollect, dataflow::MakeRecipe(source, {}, 2));
    read.inputs = inputs_;
    Start(read);
  }
  std::vector<SealedBlob> Cells(uint64_t target) {
    std::vector<SealedBlob> all;
    for (const auto& input : inputs_) {
      const auto& cells = cells_[{input.stage, target}];
      all.insert(all.end(), cells.begin(), cells.end());
    }
    return all;
  }

  std::map<std::pair<uint64_t, uint64_t>, std::vector<SealedBlob>> cells_;  // stage and target
  std::vector<dataflow::ShuffleInput> inputs_;
};

TEST_F(JoinTest, NeedsTheCellsOfBothInputsAndGivesTheSameBits) {
  Join(exec::JoinKind::kLeftSemi, Rows(3), Rows(2, {Limit(5)}));
  EXPECT_EQ(Map({1}).needs,
            (std::vector<ShuffleTarget>{{inputs_[0].stage, 1}, {inputs_[1].stage, 1}}));
  std::vector<int64_t> all;
  for (uint64_t q = 0; q < 2; ++q) {
    const std::string rows = Payload(Map({q}, Cells(q)), MessageKind::kRows, {q});
    std::vector<SealedBlob> reversed = Cells(q);
    std::reverse(reversed.begin(), reversed.end());
    EXPECT_EQ(Payload(Map({q}, reversed), MessageKind::kRows, {q}), rows);
    for (const int64_t value : Values(rows)) all.push_back(value);
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<int64_t>{0, 1, 2, 3, 4, 10, 11, 12, 13, 14}));
}

TEST_F(JoinTest, ACellThatIsMissingOfEitherInputEndsTheStage) {
  Join(exec::JoinKind::kInner, Rows(3), Rows(2, {Limit(5)}));
  for (size_t gone = 0; gone < 5; ++gone) {
    std::vector<SealedBlob> cells = Cells(0);
    cells.erase(cells.begin() + static_cast<std::ptrdiff_t>(gone));
    const base::Status status = Error(Map({0}, cells), {0});
    EXPECT_TRUE(base::Is(status, base::kIntegrity)) << gone;
  }
  // Of one input none at all: asked for, and only that.
  const auto& left = cells_[{inputs_[0].stage, 0}];
  const TaskOutput miss = Map({0}, left);
  EXPECT_EQ(miss.outcome, TaskOutcome::kMiss);
  EXPECT_EQ(miss.needs.size(), 1U);
  // One input's cell in the other's place.
  std::vector<SealedBlob> swapped = Cells(0);
  swapped[3].sealed = swapped[0].sealed;
  EXPECT_TRUE(base::Is(Error(Map({0}, swapped), {0}), base::kIntegrity));
}

TEST_F(JoinTest, AnErrorWaitsForWhatComesBeforeIt) {
  const dataflow::RecipePtr parent = Rows(2);
  const dataflow::RecipePtr fails = Rows(1, {StopsAt(0)});
  Shuffle(parent);
  const auto cells = dataflow::MakeRecipe(dataflow::GatherCells(parent, ByValue()), {}, 2);
  dataflow::GatherSource both;
  both.inputs = {{cells, dataflow::Reads::kOffset, 0, {}},
                 {fails, dataflow::Reads::kOffset, 2, {}}};
  const auto joined = dataflow::GatherRange(dataflow::MakeRecipe(both, {}, 3));
  for (const int64_t limit : {5, 500}) {
    dataflow::StageSpec read =
        Spec(Terminal::kCollect, dataflow::MakeRecipe(joined, {Limit(limit)}, 1));
    read.inputs = inputs_;
    Start(read);
    EXPECT_EQ(Map({0}).outcome, TaskOutcome::kMiss) << "the rows before it aren't here";
    std::vector<SealedBlob> all = Cells(0);
    for (const SealedBlob& cell : Cells(1)) all.push_back(cell);
    const TaskOutput output = Map({0}, all);
    if (limit == 5) {
      EXPECT_EQ(Values(Payload(output, MessageKind::kRows, {0})).size(), 5U);
    } else {
      EXPECT_EQ(base::ConditionName(Error(output, {0})), base::kDivideByZero.name);
    }
  }
}

TEST_F(JoinTest, ATableWithItselfIsShuffledOnce) {
  Join(exec::JoinKind::kInner, Rows(2), Rows(2));
  const TaskOutput miss = Map({0});
  EXPECT_EQ(miss.needs.size(), 1U);
  inputs_.pop_back();
  uint64_t rows = 0;
  for (uint64_t q = 0; q < 2; ++q) {
    rows += Values(Payload(Map({q}, Cells(q)), MessageKind::kRows, {q})).size();
  }
  EXPECT_EQ(rows, 100U);
}

// How many rows have a key of that target, sizes say only roughly.
TEST_F(JoinTest, CellsByKeysHaveFewSizes) {
  std::set<size_t> keyed;
  for (int64_t rows = 60; rows < 90; ++rows) {
    const dataflow::RecipePtr parent = Rows(1, {Limit(rows)});
    dataflow::StageSpec spec = Spec(Terminal::kShuffle, parent);
    spec.targets = 1;
    spec.partitioner = ByValue();
    Start(spec);
    keyed.insert(Map({0}).outputs[0].sealed.size());
  }
  EXPECT_LE(keyed.size(), 8U) << "of thirty";
}

TEST_F(TaskRunnerTest, AUnionHasThePartitionsOfItsInputs) {
  dataflow::GatherSource source;
  source.inputs = {{Rows(2), dataflow::Reads::kOffset, 0, {}},
                   {Rows(3, {Limit(4)}), dataflow::Reads::kOffset, 2, {}}};
  Start(Spec(Terminal::kCollect, dataflow::MakeRecipe(source, {Limit(11)}, 5)));
  std::vector<size_t> rows;
  for (uint64_t p = 0; p < 5; ++p) {
    rows.push_back(Values(Payload(Map({p}), MessageKind::kRows, {p})).size());
  }
  EXPECT_EQ(rows, (std::vector<size_t>{10, 11, 4, 4, 4}));
}

TEST_F(TaskRunnerTest, AJoinThatDoesNotFitIsRefusedBeforeItIsMade) {
  const auto schema = Numbers(0)->schema();
  const dataflow::RecipePtr rows = Rows(1);
  dataflow::GatherSource square;
  square.inputs = {{rows, dataflow::Reads::kSame, 0, {}}, {rows, dataflow::Reads::kAll, 0, {}}};
  square.combine = {dataflow::kJoinOperator,
                    exec::Join::Make(exec::JoinKind::kInner, nullptr, *schema, *schema)->Encode()};
  // 100 million pairs in 16 MiB.
  const dataflow::RecipePtr pairs = dataflow::MakeRecipe(square, {}, 1);
  dataflow::GatherSource fourth = square;
  fourth.inputs = {{pairs, dataflow::Reads::kSame, 0, {}}, {pairs, dataflow::Reads::kAll, 0, {}}};
  Start(Spec(Terminal::kCollect, dataflow::MakeRecipe(fourth, {}, 1)));
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kMemoryLimit));
}

TEST_F(ShuffleTest, RefusesIncompleteSwappedOrForeignCells) {
  Shuffle(false);
  const auto refused = [&](std::vector<SealedBlob> inputs) {
    return base::Is(Error(Map({0}, std::move(inputs)), {0}), base::kIntegrity);
  };
  EXPECT_TRUE(refused({cells_[0][0]}));
  EXPECT_TRUE(refused({cells_[0][1], cells_[0][1]}));
  SealedBlob swapped = cells_[1][1];  // for target 1, claimed for target 0
  swapped.place = cells_[0][1].place;
  EXPECT_TRUE(refused({cells_[0][0], swapped}));
  SealedBlob twin = cells_[0][0];
  twin.place = cells_[0][1].place;
  EXPECT_TRUE(refused({cells_[0][0], twin}));
  SealedBlob beyond = cells_[0][1];
  beyond.place.a = 2;
  EXPECT_TRUE(refused({cells_[0][0], cells_[0][1], beyond}));
  EXPECT_EQ(Map({0}, {cells_[0][0], cells_[0][1]}).outcome, TaskOutcome::kOk);
}

// A checkpoint, each partition in the one cell of its own.
class CheckpointTest : public TaskRunnerTest {
 protected:
  void Keep(const dataflow::RecipePtr& of) {
    const uint64_t partitions = of->partitions;
    dataflow::StageSpec spec = Spec(Terminal::kShuffle, of);
    spec.targets = partitions;
    spec.partitioner.kind = dataflow::kSame;
    Start(spec);
    cells_.clear();
    for (uint64_t p = 0; p < partitions; ++p) {
      TaskOutput output = Map({p});
      ASSERT_EQ(output.outcome, TaskOutcome::kOk);
      ASSERT_EQ(output.outputs.size(), 2U);  // the cell and the receipt
      Payload(output, MessageKind::kKept, {p});
      cells_.push_back(output.outputs[0]);
    }
    kept_stage_ = stage_;
    const base::Digest name = dataflow::ShuffleDigest(*of, partitions, {dataflow::kSame, {}});
    dataflow::StageSpec read =
        Spec(Terminal::kCollect,
             dataflow::MakeRecipe(dataflow::GatherCheckpoint(*of, {}), {}, partitions));
    read.inputs = {{name, kept_stage_, digest_}};
    read.broadcasts.clear();  // nothing that the rows were made of is needed
    Start(read);
  }
  std::vector<SealedBlob> cells_;
  uint64_t kept_stage_ = 0;
};

TEST_F(CheckpointTest, EachPartitionIsReadFromItsCell) {
  Keep(Rows(2));
  std::vector<int64_t> all;
  for (uint64_t p = 0; p < 2; ++p) {
    EXPECT_EQ(Map({p}).needs, (std::vector<ShuffleTarget>{{kept_stage_, p}}));
    const auto values = Values(Payload(Map({p}, {cells_[p]}), MessageKind::kRows, {p}));
    EXPECT_EQ(values.size(), p == 0 ? 10U : 90U);
    all.insert(all.end(), values.begin(), values.end());
  }
  ASSERT_EQ(all.size(), 100U);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], static_cast<int64_t>(i));
}

TEST_F(CheckpointTest, AnotherPartitionsCellIsRefused) {
  Keep(Rows(2));
  const auto refused = [&](std::vector<SealedBlob> inputs) {
    return base::Is(Error(Map({0}, std::move(inputs)), {0}), base::kIntegrity);
  };
  SealedBlob moved = cells_[1];
  moved.place = cells_[0].place;
  EXPECT_TRUE(refused({moved}));
  moved.place = {1, 0, 2, 2};  // a place of a shuffle, and of no checkpoint
  EXPECT_TRUE(refused({moved}));
  EXPECT_TRUE(refused({cells_[0], moved}));
}

TEST_F(CheckpointTest, TargetsAreThePartitions) {
  dataflow::StageSpec spec = Spec(Terminal::kShuffle, Rows(2));
  spec.targets = 3;
  spec.partitioner.kind = dataflow::kSame;
  Start(spec);
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kProtocol));
}

// Sizes of cells don't tell how many rows a filter left.
TEST_F(CheckpointTest, CellsArePadded) {
  std::vector<size_t> sizes;
  for (const int64_t rows : {50, 51}) {
    Keep(Rows(1, {Limit(rows)}));
    sizes.push_back(cells_.at(0).sealed.size());
  }
  EXPECT_EQ(sizes[0], sizes[1]);
}

TEST_F(TaskRunnerTest, ATaskThatIsNotTheMastersIsRefused) {
  dataflow::Task task;
  task.stage = stage_ = 1;
  task.spec = Spec(Terminal::kCollect, Rows(1));
  task.fan_in = dataflow::FanIn(1);
  const std::string plain = dataflow::EncodeTask(task);
  // Sealed by another worker.
  const std::string by_worker = *sealer_.Seal(1, base::Digest{}, MessageKind::kTask, {}, plain);
  digest_ = dataflow::TaskDigest(by_worker, {});
  Hand(by_worker);
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kIntegrity));
  // For another stage.
  stage_ = 2;
  const std::string other_stage = *master_.Seal(1, base::Digest{}, MessageKind::kTask, {}, plain);
  digest_ = dataflow::TaskDigest(other_stage, {});
  Hand(other_stage);
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kIntegrity));
  // Of another session.
  stage_ = 3;
  const crypto::Secret other = RootOf('o');
  crypto::Sealer foreign(other, crypto::SessionId(other), 0);
  const std::string of_session = *foreign.Seal(3, base::Digest{}, MessageKind::kTask, {}, plain);
  digest_ = dataflow::TaskDigest(of_session, {});
  Hand(of_session);
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kIntegrity));
  // Garbage, and nothing at all.
  for (const char* bytes : {"garbage", ""}) {
    ++stage_;
    digest_ = dataflow::TaskDigest(bytes[0] == 0 ? " " : bytes, {});
    Hand(bytes);
    EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kIntegrity));
  }
}

TEST_F(TaskRunnerTest, ABroadcastThatIsNotTheTasksIsRefused) {
  // The host delivers other bytes under the id.
  dataflow::StageSpec spec = Spec(Terminal::kCollect, Rows(1));
  const std::string other = *master_.Seal(0, base::Digest{}, MessageKind::kBroadcast, {}, ipc_);
  book_.OnFrame({host::BROADCAST, 2, other});
  spec.broadcasts[0].id = 2;
  Start(spec);
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kIntegrity));
  // Sealed by a worker.
  const std::string by_worker = *sealer_.Seal(0, base::Digest{}, MessageKind::kBroadcast, {}, ipc_);
  book_.OnFrame({host::BROADCAST, 4, by_worker});
  spec.broadcasts[0] = {crypto::Sha256(by_worker), 4};
  Start(spec);
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kIntegrity));
  // Rows that are not those that the recipe names.
  auto recipe = std::make_shared<dataflow::Recipe>(*Rows(1));
  auto source = std::get<dataflow::LocalSource>(recipe->source);
  source.content[0] ^= 1;
  Start(Spec(Terminal::kCollect, dataflow::MakeRecipe(source, {}, 1)));
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kIntegrity));
}

TEST_F(TaskRunnerTest, DataErrorsAndUnknownKindsAreTyped) {
  Start(Spec(Terminal::kCollect, Rows(1, {{"exec.nonsense", ""}})));
  EXPECT_FALSE(Error(Map({0}), {0}).ok());
  Start(Spec(Terminal::kCollect, Rows(1, {{"sql.project", ""}})));
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kProtocol));
  dataflow::StageSpec spec = Spec(Terminal::kReduce, Rows(1));
  spec.kernel = {"ml.nonsense", ""};
  Start(spec);
  EXPECT_FALSE(Error(Map(NodeAt(0, 0)), NodeAt(0, 0)).ok());
  Start(Spec(Terminal::kCollect,
             Rows(1, {dataflow::FeaturesOperator({"nowhere", std::nullopt, std::nullopt})})));
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kUnresolvedColumn));
  // No key: what the Manifest doesn't list can't be read.
  Start(Spec(Terminal::kCollect,
             dataflow::MakeRecipe(
                 dataflow::DatasetSource{"/nowhere", std::string(16, 'n'), 1, {}, {}}, {}, 1)));
  EXPECT_TRUE(base::Is(Error(Map({0}), {0}), base::kKey));
}

TEST_F(TaskRunnerTest, InputsBeyondTheMemoryLimitAreATypedError) {
  Start(Spec(Terminal::kReduce, Rows(1)));
  SealedBlob big{1, {}, std::string((16 << 20) + 1, 'x')};
  EXPECT_TRUE(base::Is(Error(Map(NodeAt(0, 0), {big}), NodeAt(0, 0)), base::kMemoryLimit));
  EXPECT_EQ(budget_.used(), 0U);
}

}  // namespace
}  // namespace soteria::worker
