// A worker's task runner with real sealing; the test plays the master and a host that may cheat.
#pragma once

#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"
#include "src/dataflow/tree.h"
#include "src/exec/aggregate.h"
#include "src/exec/operator.h"
#include "src/table/ipc.h"
#include "src/worker/task_runner.h"

namespace soteria::worker {

using crypto::MessageKind;
using crypto::Place;
using dataflow::Terminal;

inline crypto::Secret RootOf(char fill) { return crypto::Secret::Adopt(std::string(32, fill)); }

inline std::shared_ptr<arrow::Table> Numbers(int64_t rows) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(i).ok());
  std::shared_ptr<arrow::Array> array;
  EXPECT_TRUE(builder.Finish(&array).ok());
  return arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64())}), {array});
}

inline std::vector<int64_t> Values(const std::string& ipc) {
  const auto table = table::FromIpcStream(ipc);
  EXPECT_TRUE(table.ok()) << base::Message(table.status());
  std::vector<int64_t> values;
  for (const auto& chunk : (*table)->column(0)->chunks()) {
    const auto& numbers = static_cast<const arrow::Int64Array&>(*chunk);
    for (int64_t i = 0; i < numbers.length(); ++i) values.push_back(numbers.Value(i));
  }
  return values;
}

class TaskRunnerTest : public ::testing::Test {
 protected:
  TaskRunnerTest() {
    ipc_ = *table::ToIpcStream(*Numbers(100));
    broadcast_.id = 1;
    sealed_broadcast_ = *master_.Seal(0, base::Digest{}, MessageKind::kBroadcast, {}, ipc_);
    broadcast_.digest = crypto::Sha256(sealed_broadcast_);
    SendBroadcast(book_);
  }
  void SendBroadcast(StageBook& book) { book.OnFrame({host::BROADCAST, 1, sealed_broadcast_}); }

  /// 0..99 in as many partitions of ten as asked for, at most ten.
  dataflow::RecipePtr Rows(uint64_t partitions, std::vector<dataflow::OperatorBytes> chain = {}) {
    dataflow::LocalSource source{broadcast_.digest, crypto::Sha256(ipc_), {}};
    for (uint64_t p = 1; p < partitions; ++p) source.row_ends.push_back(10 * p);
    source.row_ends.push_back(100);
    return dataflow::MakeRecipe(source, std::move(chain), partitions);
  }
  static dataflow::OperatorBytes Limit(int64_t n) {
    const auto op = exec::LocalLimit(n);
    return {std::string(op->kind()), op->Encode()};
  }
  dataflow::StageSpec Spec(Terminal terminal, dataflow::RecipePtr recipe) {
    dataflow::StageSpec spec;
    spec.terminal = terminal;
    spec.recipe = std::move(recipe);
    spec.broadcasts = {broadcast_};
    if (terminal == Terminal::kReduce) {
      spec.kernel = {"exec.aggregate", Sum().Encode()};
    }
    return spec;
  }
  static exec::Aggregate Sum() {
    return *exec::Aggregate::Make({{"sum", exec::Column("x"), "total"}}, *Numbers(0)->schema());
  }

  /// Seals the task as the master does and hands it to the worker's book.
  void Start(dataflow::StageSpec spec, std::vector<dataflow::LiveRecipe> live = {}) {
    dataflow::Task task;
    task.stage = ++stage_;
    task.fan_in = dataflow::FanIn(spec.recipe->partitions);
    task.live = std::move(live);
    task.spec = std::move(spec);
    const std::string sealed =
        *master_.Seal(stage_, base::Digest{}, MessageKind::kTask, {}, dataflow::EncodeTask(task));
    digest_ = dataflow::TaskDigest(sealed, task.spec.broadcasts);
    partitions_ = task.spec.recipe->partitions;
    tasks_[stage_] = sealed;
    Hand(sealed);
  }
  void Hand(const std::string& sealed) { Send(book_, stage_, sealed); }
  /// A STAGE_TASK frame of the host.
  static void Send(StageBook& book, uint64_t stage, const std::string& sealed) {
    host::StageTask frame;
    frame.set_stage(stage);
    frame.set_sealed_task(sealed);
    book.OnFrame({host::STAGE_TASK, stage, frame.SerializeAsString()});
  }
  TaskOutput Map(Place place, std::vector<SealedBlob> inputs = {}) {
    return runner_.Run({stage_, false, place, std::move(inputs)});
  }
  TaskOutput Merge(Place place, std::vector<SealedBlob> inputs) {
    return runner_.Run({stage_, true, place, std::move(inputs)});
  }
  Place NodeAt(uint64_t level, uint64_t index) {
    return dataflow::Tree(partitions_).PlaceOf({level, index});
  }
  /// The plain payload of the answer, opened as the master does.
  std::string Payload(const TaskOutput& output, MessageKind kind, Place place) {
    EXPECT_EQ(output.outcome, TaskOutcome::kOk);
    if (output.outputs.empty()) return {};
    const auto plain = opener_.OpenAs(output.outputs.back().sealed, stage_, digest_, kind, place);
    EXPECT_TRUE(plain.ok());
    if (!plain.ok()) return {};
    const auto answer = dataflow::DecodeAnswer(*plain);
    rebuilds_ = answer->rebuilds;
    return answer->payload;
  }
  base::Status Error(const TaskOutput& output, Place place) {
    EXPECT_EQ(output.outcome, TaskOutcome::kFailed);
    EXPECT_EQ(output.outputs.size(), 1U);
    if (output.outputs.size() != 1) return base::OkStatus();
    const auto plain =
        opener_.OpenAs(output.outputs[0].sealed, stage_, digest_, MessageKind::kError, place);
    EXPECT_TRUE(plain.ok());
    base::Status status;
    EXPECT_TRUE(base::DecodeStatus(*plain, &status).ok());
    return status;
  }
  /// All leaf partials of the open reduce stage, as the host holds them.
  std::vector<SealedBlob> Leaves() {
    std::vector<SealedBlob> leaves;
    for (uint64_t p = 0; p < partitions_; ++p) {
      TaskOutput output = Map(NodeAt(0, p));
      EXPECT_EQ(output.outcome, TaskOutcome::kOk);
      leaves.push_back(std::move(output.outputs[0]));
    }
    return leaves;
  }

  crypto::Secret root_ = RootOf('r');
  base::Digest session_ = crypto::SessionId(root_);
  crypto::Sealer master_{root_, session_, 0};
  crypto::Sealer sealer_{root_, session_, 1};
  crypto::Opener opener_{root_, session_};
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  base::RandomForTest random_{1};
  MemoryBudget budget_{16 << 20};
  SpillStore spill_{*files_, random_, base::Cat(::testing::TempDir(), "spill-", getpid())};
  BlockCache cache_{budget_, spill_};
  Sources sources_{*files_, random_};
  StageBookLimits limits_{64, 4, 256 << 20, std::chrono::milliseconds(300),
                          std::chrono::milliseconds(60)};
  StageBook book_{opener_, limits_};
  TaskRunner runner_{book_, cache_, budget_, sources_, opener_, sealer_};
  std::string ipc_;
  std::string sealed_broadcast_;
  std::map<uint64_t, std::string> tasks_;  // sealed, by stage
  dataflow::BroadcastRef broadcast_;
  uint64_t stage_ = 0;
  uint64_t partitions_ = 0;
  uint64_t rebuilds_ = 0;
  base::Digest digest_{};
};

class ShuffleTest : public TaskRunnerTest {
 protected:
  /// Runs the shuffle of Rows(2) to three targets and starts a collect behind it.
  void Shuffle(bool coalesced) {
    const dataflow::RecipePtr parent = Rows(2);
    dataflow::StageSpec spec = Spec(Terminal::kShuffle, parent);
    spec.targets = 3;
    spec.partitioner.kind = dataflow::kRoundRobin;
    Start(spec);
    for (uint64_t p = 0; p < 2; ++p) {
      TaskOutput output = Map({p});
      ASSERT_EQ(output.outcome, TaskOutcome::kOk);
      ASSERT_EQ(output.outputs.size(), 4U);  // a cell a target and the receipt
      Payload(output, MessageKind::kKept, {p});
      for (uint64_t q = 0; q < 3; ++q) cells_[q].push_back(output.outputs[q]);
    }
    shuffle_stage_ = stage_;
    const dataflow::OperatorBytes partitioner = {dataflow::kRoundRobin, ""};
    dataflow::RecipePtr reader =
        dataflow::MakeRecipe(dataflow::GatherCells(parent, partitioner), {}, 3);
    if (coalesced) reader = dataflow::MakeRecipe(dataflow::GatherRange(reader), {}, 1);
    dataflow::StageSpec read = Spec(Terminal::kCollect, reader);
    read.inputs = {{dataflow::ShuffleDigest(*parent, 3, partitioner), shuffle_stage_, digest_}};
    Start(read);
    reader_digest_ = digest_;
  }
  std::map<uint64_t, std::vector<SealedBlob>> cells_;
  uint64_t shuffle_stage_ = 0;
  base::Digest reader_digest_{};
};

}  // namespace soteria::worker
