#include "src/dataflow/task.h"

#include <gtest/gtest.h>

#include <functional>

#include "soteria/task.pb.h"
#include "src/base/errors.h"
#include "src/dataflow/tree.h"

namespace soteria::dataflow {
namespace {

base::Digest DigestOf(char fill) {
  base::Digest digest;
  digest.fill(static_cast<uint8_t>(fill));
  return digest;
}

Task SomeTask() {
  const RecipePtr files =
      MakeRecipe(DatasetSource{"/d", std::string(16, 'd'), 2, DigestOf('x'), {"a", "b"}},
                 {{"exec.f", "1"}}, 6);
  const RecipePtr spread = MakeRecipe(GatherCells(files, {kRoundRobin, ""}), {}, 4);
  Task task;
  task.stage = 7;
  task.spec.terminal = Terminal::kReduce;
  task.spec.recipe = MakeRecipe(GatherRange(spread), {{"exec.g", "2"}}, 2);
  task.spec.kernel = {"ml.k", std::string("\0k", 2)};
  task.spec.write = {"/w", std::string(16, 'w'), "m/data", "parquet", 3, "options", {"k", "l"}};
  task.spec.targets = 5;
  task.spec.partitioner.kind = kRoundRobin;
  task.spec.inputs = {{DigestOf('s'), 6, DigestOf('t')}};
  task.spec.broadcasts = {{DigestOf('b'), 1}, {DigestOf('c'), 2}};
  task.fan_in = FanIn(2);
  task.live = {{DigestOf('l'), true}, {DigestOf('m'), false}};
  return task;
}

TEST(TaskTest, ComesBackAsItWas) {
  const Task task = SomeTask();
  const auto back = DecodeTask(EncodeTask(task));
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ(EncodeTask(*back), EncodeTask(task));
  EXPECT_EQ(back->stage, 7U);
  EXPECT_EQ(back->spec.recipe->digest, task.spec.recipe->digest);
  EXPECT_EQ(back->spec.kernel.bytes, task.spec.kernel.bytes);
  EXPECT_EQ(back->spec.write.first_file, 3U);
  EXPECT_EQ(back->spec.write.options, "options");
  EXPECT_EQ(back->spec.write.keys, (std::vector<std::string>{"k", "l"}));
  EXPECT_EQ(back->spec.inputs[0].task, DigestOf('t'));
  EXPECT_EQ(back->spec.broadcasts[1].id, 2U);
  EXPECT_TRUE(back->live[0].kept);
  EXPECT_FALSE(back->live[1].kept);
}

TEST(TaskTest, TreeAndLocalSourcesComeBack) {
  for (const RecipePtr& recipe :
       {MakeRecipe(TreeSource{"/t",
                              std::string(16, 't'),
                              1,
                              DigestOf('i'),
                              {"a", "b"},
                              "text",
                              "{}",
                              {"k"},
                              {"=1", ""}},
                   {}, 2),
        MakeRecipe(TreeSource{"/t",
                              std::string(16, 't'),
                              1,
                              DigestOf('i'),
                              {"a", "a", "b"},
                              "csv",
                              "{}",
                              {},
                              {},
                              "options",
                              "",
                              {{0, 5}, {5, 9}, {0, 0}}},
                   {}, 3),
        MakeRecipe(LocalSource{DigestOf('b'), DigestOf('c'), {3, 3}}, {}, 2),
        MakeRecipe(GatherCheckpoint(
                       *MakeRecipe(DatasetSource{"/d", std::string(16, 'd'), 2, {}, {}}, {}, 3),
                       {{"/d"}, {}, true, true}),
                   {}, 3)}) {
    Task task = SomeTask();
    task.spec.recipe = recipe;
    const auto back = DecodeTask(EncodeTask(task));
    ASSERT_TRUE(back.ok()) << base::Message(back.status());
    EXPECT_EQ(EncodeTask(*back), EncodeTask(task));
    EXPECT_EQ(back->spec.recipe->digest, recipe->digest);
  }
}

// What made the cells stays where it is: a task is as small as what it is to do.
TEST(TaskTest, TheParentOfAShuffleTravelsByName) {
  Task task = SomeTask();
  const RecipePtr large = MakeRecipe(DatasetSource{"/d", std::string(16, 'd'), 2, {}, {}},
                                     {{"exec.f", std::string(100'000, 'f')}}, 6);
  task.spec.recipe = MakeRecipe(GatherCells(large, {kRoundRobin, ""}), {{"exec.g", "2"}}, 2);
  const std::string bytes = EncodeTask(task);
  EXPECT_LT(bytes.size(), 1'000U);
  const auto back = DecodeTask(bytes);
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ(back->spec.recipe->digest, task.spec.recipe->digest);
  EXPECT_EQ(ShufflesOf(*back->spec.recipe).at(0)->parent->digest, large->digest);
  task.spec.recipe = MakeRecipe(GatherRange(large), {}, 2);
  EXPECT_GT(EncodeTask(task).size(), 100'000U);
}

template <class Change>
Status Decoded(Change change) {
  task::Task raw;
  raw.ParseFromString(EncodeTask(SomeTask()));
  change(raw);
  return DecodeTask(raw.SerializeAsString()).status();
}

TEST(TaskTest, RefusesWhatNoMasterWrites) {
  EXPECT_TRUE(Decoded([](task::Task&) {}).ok());
  EXPECT_FALSE(DecodeTask("\xff\xff\xff").ok());
  EXPECT_FALSE(Decoded([](task::Task& t) { t.set_terminal(0); }).ok());
  EXPECT_FALSE(Decoded([](task::Task& t) { t.set_terminal(6); }).ok());
  EXPECT_FALSE(Decoded([](task::Task& t) { t.set_fan_in(9); }).ok());
  EXPECT_FALSE(Decoded([](task::Task& t) { t.clear_recipe(); }).ok());
  EXPECT_FALSE(Decoded([](task::Task& t) { t.mutable_recipe()->set_partitions(5); }).ok());
  EXPECT_FALSE(Decoded([](task::Task& t) { t.mutable_live(0)->set_digest("short"); }).ok());
  EXPECT_FALSE(Decoded([](task::Task& t) { t.mutable_recipe()->set_named("short"); }).ok());
  EXPECT_FALSE(Decoded([](task::Task& t) { t.mutable_broadcasts(0)->set_digest(""); }).ok());
  EXPECT_FALSE(Decoded([](task::Task& t) { t.mutable_inputs(0)->set_task_digest("x"); }).ok());
  EXPECT_FALSE(Decoded([](task::Task& t) {
                 t.set_terminal(static_cast<uint32_t>(Terminal::kShuffle));
                 t.set_targets(0);
               }).ok());
  EXPECT_FALSE(Decoded([](task::Task& t) {
                 for (size_t i = 0; i <= kBroadcastsMax; ++i) *t.add_broadcasts() = t.broadcasts(0);
               }).ok());
}

TEST(TaskTest, HalfOfARangeIsRefused) {
  Task task = SomeTask();
  task.spec.recipe = MakeRecipe(
      TreeSource{"/t", std::string(16, 't'), 1, DigestOf('i'), {"a"}, "csv", "{}", {}, {}}, {}, 1);
  task::Task raw;
  raw.ParseFromString(EncodeTask(task));
  EXPECT_TRUE(DecodeTask(raw.SerializeAsString()).ok());
  raw.mutable_recipe()->mutable_tree()->add_ranges(0);
  EXPECT_FALSE(DecodeTask(raw.SerializeAsString()).ok());
  raw.mutable_recipe()->mutable_tree()->add_ranges(5);
  EXPECT_TRUE(DecodeTask(raw.SerializeAsString()).ok());
}

TEST(TaskTest, GathersComeBackAndOddOnesAreRefused) {
  const RecipePtr files = MakeRecipe(
      DatasetSource{"/d", std::string(16, 'd'), 2, DigestOf('x'), {}}, {{"exec.f", "1"}}, 2);
  GatherSource join;
  join.inputs = {{files, Reads::kCells, 0, {kHash, "left"}}, {files, Reads::kAll, 0, {}}};
  join.combine = {kJoinOperator, "on"};
  GatherSource all;
  all.inputs = {{files, Reads::kOffset, 0, {}}, {MakeRecipe(join, {}, 2), Reads::kOffset, 2, {}}};
  Task task = SomeTask();
  task.spec.recipe = MakeRecipe(all, {{"exec.as", ""}}, 4);
  const std::string bytes = EncodeTask(task);
  const auto back = DecodeTask(bytes);
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ(EncodeTask(*back), bytes);
  EXPECT_EQ(back->spec.recipe->digest, task.spec.recipe->digest);
  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto cut = DecodeTask(std::string_view(bytes).substr(0, length));
    if (cut.ok()) {
      EXPECT_NE(EncodeTask(*cut), bytes);
    }
  }
  const auto changed = [&](const std::function<void(task::GatherSource&)>& change) {
    task::Task raw;
    raw.ParseFromString(bytes);
    change(*raw.mutable_recipe()->mutable_gather());
    return DecodeTask(raw.SerializeAsString()).ok();
  };
  EXPECT_TRUE(changed([](task::GatherSource&) {}));
  EXPECT_FALSE(changed([](task::GatherSource& g) { g.mutable_inputs(0)->set_reads(0); }));
  EXPECT_FALSE(changed([](task::GatherSource& g) { g.mutable_inputs(0)->set_reads(6); }));
  EXPECT_FALSE(changed([](task::GatherSource& g) { g.mutable_inputs(1)->set_first(1); }));
  EXPECT_FALSE(changed([](task::GatherSource& g) { g.mutable_inputs(0)->clear_parent(); }));
  EXPECT_FALSE(changed([](task::GatherSource& g) { g.clear_inputs(); }));
  EXPECT_FALSE(changed([](task::GatherSource& g) { g.mutable_combine()->set_kind("exec.f"); }));
  EXPECT_FALSE(changed([](task::GatherSource& g) {
    for (size_t i = 0; i < kGatherInputsMax; ++i) *g.add_inputs() = g.inputs(0);
  }));
}

TEST(TaskTest, RefusesARecipeNestedBeyondTheLimit) {
  EXPECT_FALSE(Decoded([](task::Task& t) {
                 for (int i = 0; i < kRecipeDepthMax; ++i) {
                   task::Recipe outer;
                   outer.set_partitions(2);
                   task::Input& input = *outer.mutable_gather()->add_inputs();
                   input.set_reads(static_cast<uint32_t>(Reads::kRange));
                   *input.mutable_parent() = t.recipe();
                   *t.mutable_recipe() = outer;
                 }
               }).ok());
}

// I4: a stale broadcast can't give an acceptable partial.
TEST(TaskTest, DigestCoversTheSealedTaskAndItsBroadcasts) {
  const std::vector<BroadcastRef> one = {{DigestOf('a'), 1}};
  const base::Digest digest = TaskDigest("sealed", one);
  EXPECT_EQ(digest, TaskDigest("sealed", {{DigestOf('a'), 9}}));  // the id is the host's
  EXPECT_NE(digest, TaskDigest("sealee", one));
  EXPECT_NE(digest, TaskDigest("sealed", {}));
  EXPECT_NE(digest, TaskDigest("sealed", {{DigestOf('b'), 1}}));
  EXPECT_NE(TaskDigest("s", {{DigestOf('a'), 1}, {DigestOf('b'), 2}}),
            TaskDigest("s", {{DigestOf('b'), 2}, {DigestOf('a'), 1}}));
}

TEST(TaskTest, AnswersComeBack) {
  const auto answer = DecodeAnswer(EncodeAnswer({"payload", 5, 6, 7}));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->payload, "payload");
  EXPECT_EQ(answer->rebuilds, 5U);
  EXPECT_EQ(answer->spilled_bytes, 6U);
  EXPECT_EQ(answer->opened_bytes, 7U);
  EXPECT_TRUE(DecodeAnswer(EncodeAnswer({"", 0})).ok());
  EXPECT_TRUE(base::Is(DecodeAnswer(std::string(23, '1')).status(), base::kProtocol));
  const auto kept = DecodeKept(EncodeKept({3, 1000}));
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->rows, 3U);
  EXPECT_EQ(kept->bytes, 1000U);
  EXPECT_FALSE(DecodeKept("x").ok());
}

}  // namespace
}  // namespace soteria::dataflow
