#include "src/master/data_behind.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include "src/exec/join.h"
#include "src/exec/window.h"

namespace soteria::master {
namespace {

using storage::FileEntry;
using storage::Origin;

const std::string kPatients(16, 'p');
const std::string kVisits(16, 'v');
const std::string kTree(16, 't');

std::string Write(char fill) { return std::string(storage::kIdBytes, fill); }

FileEntry File(Origin origin) {
  FileEntry file;
  file.origin = std::move(origin);
  return file;
}
Origin Put() { return {.made = Origin::Made::kPut}; }
Origin Job(char write, std::vector<std::string> ids, bool once = true) {
  return {Origin::Made::kJob, Write(write), once, std::move(ids)};
}

dataflow::RowOrigins Of(std::vector<Origin> origins) {
  std::vector<FileEntry> files;
  for (Origin& origin : origins) files.push_back(File(std::move(origin)));
  std::vector<const FileEntry*> entries;
  for (const FileEntry& file : files) entries.push_back(&file);
  return OriginsOf(kTree, entries);
}

DataBehind Reading(dataflow::RowOrigins origins) {
  dataflow::TreeSource source{"/t", kTree, 1, {}, {"f"}, "parquet", {}, {}, {}, {}};
  source.origins = std::move(origins);
  return BehindOf(*dataflow::MakeRecipe(std::move(source), {}, 1));
}

TEST(DataBehind, WhatTheOwnerPutIsItsOwnOrigin) {
  const auto origins = Of({Put(), Put()});
  EXPECT_EQ(origins.ids, std::vector<std::string>{kTree});
  EXPECT_TRUE(origins.once && origins.stored);
  EXPECT_TRUE(Reading(origins).MayBeCounted());
  const auto data =
      BehindOf(*dataflow::MakeRecipe(dataflow::DatasetSource{"/d", kPatients, 1, {}, {}}, {}, 1));
  EXPECT_TRUE(data.MayBeCounted());
  EXPECT_EQ(data.Pays(), std::vector<std::string>{kPatients});
}

TEST(DataBehind, OperatorsThatMayRepeatARowMakeItNobodys) {
  const dataflow::DatasetSource source{"/d", kPatients, 1, {}, {}};
  const auto once = [&](const char* kind) {
    return BehindOf(*dataflow::MakeRecipe(source, {{kind, ""}}, 1)).MayBeCounted();
  };
  EXPECT_TRUE(once("exec.project") && once("exec.filter") && once("ml.transform"));
  EXPECT_FALSE(once("exec.generate"));
  EXPECT_FALSE(once("exec.expand"));
  EXPECT_FALSE(once("exec.sample_again"));
  EXPECT_FALSE(once("exec.not_known_yet"));
}

TEST(DataBehind, GroupsAreNobodysThatIsKnownButWhatIsReadIsPaidFor) {
  const dataflow::DatasetSource source{"/d", kPatients, 1, {}, {}};
  for (const char* kind : {"exec.partial_groups", "exec.finish_groups"}) {
    const auto data = BehindOf(*dataflow::MakeRecipe(source, {{kind, ""}}, 1));
    EXPECT_FALSE(data.known || data.once || data.MayBeCounted());
    EXPECT_EQ(data.Pays(), std::vector<std::string>{kPatients});
  }
}

TEST(DataBehind, WhatAJobWroteIsItsOriginsAndNoLongerAsStored) {
  const auto origins = Of({Job('1', {kPatients}), Job('1', {kPatients}), Job('2', {kVisits})});
  EXPECT_TRUE(origins.once);
  EXPECT_FALSE(origins.stored);
  const DataBehind read = Reading(origins);
  EXPECT_TRUE(read.MayBeCounted());
  EXPECT_EQ(read.Pays(), (std::vector<std::string>{kPatients, kTree, kVisits}));
  // Through another write and another tree the origins are the same, and not this tree.
  const Origin next = OriginOfWrite(read, Write('3'));
  EXPECT_EQ(next, Job('3', {kPatients, kVisits}));
}

TEST(DataBehind, WhatMayHoldARowTwiceIsNotCounted) {
  EXPECT_FALSE(Of({Job('1', {kPatients}), Job('2', {kPatients})}).once) << "appended";
  EXPECT_FALSE(Of({Job('1', {kPatients, kVisits}), Job('2', {kVisits})}).once);
  EXPECT_FALSE(Of({Put(), Job('1', {kTree})}).once) << "read from a tree and written back to it";
  EXPECT_FALSE(Of({Job('1', {kPatients}, false)}).once);
  const DataBehind twice = Reading(Of({Job('1', {kPatients}), Job('2', {kPatients})}));
  EXPECT_FALSE(twice.MayBeCounted());
  // Nor does writing them once more make them distinct.
  EXPECT_EQ(OriginOfWrite(twice, Write('3')), Job('3', {kPatients}, false));
}

bool CountedAsText(const std::string& name, const std::string& format, Origin origin = Put()) {
  FileEntry file = File(std::move(origin));
  file.name = name;
  const dataflow::RowOrigins origins = OriginsOfText(kTree, format, {&file});
  EXPECT_EQ(origins.once, origins.stored);
  EXPECT_FALSE(origins.ids.empty()) << "whoever pays stays known";
  return Reading(origins).MayBeCounted();
}

TEST(DataBehind, LinesThatAJobChoseAreNotCounted) {
  for (const char* format : {"text", "csv", "json", "libsvm"}) {
    EXPECT_FALSE(CountedAsText("out/part-00000.txt", format, Job('1', {kPatients}))) << format;
    EXPECT_TRUE(CountedAsText("a/people.txt", format)) << format;
  }
  // One such file among what the owner put is enough.
  FileEntry put = File(Put());
  FileEntry job = File(Job('1', {kPatients}));
  put.name = job.name = "a.csv";
  const dataflow::RowOrigins both = OriginsOfText(kTree, "csv", {&put, &job, &put});
  EXPECT_FALSE(both.once || both.stored);
  EXPECT_EQ(both.ids, (std::vector<std::string>{kPatients, kTree}));
}

TEST(DataBehind, LinesOfFilesOfAnotherFormatAreNotCounted) {
  EXPECT_TRUE(CountedAsText("a.b/people.csv", "csv"));
  EXPECT_TRUE(CountedAsText("PEOPLE.CSV.gz", "csv"));
  EXPECT_TRUE(CountedAsText("adult.data", "csv"));
  EXPECT_TRUE(CountedAsText("a.x/people", "csv"));
  EXPECT_TRUE(CountedAsText("notes.txt.gz", "text"));
  EXPECT_TRUE(CountedAsText("people.jsonl", "json"));
  EXPECT_TRUE(CountedAsText("heart_scale", "libsvm"));
  for (const char* name : {"people.csv", "people.json", "people.parquet", "people.json.gz",
                           "people.xml", "people", ".txt/people", "people.txt.csv"}) {
    EXPECT_FALSE(CountedAsText(name, "text")) << name;
  }
  EXPECT_FALSE(CountedAsText("people.json", "csv"));
  EXPECT_FALSE(CountedAsText("people.csv", "json"));
  EXPECT_FALSE(CountedAsText("people.parquet", "libsvm"));
  EXPECT_FALSE(CountedAsText("people.zip", "csv"));
  EXPECT_FALSE(CountedAsText("people.csv.GZ", "csv")) << "read as it is";
}

TEST(DataBehind, RowsOfNobodyAreNotCounted) {
  EXPECT_FALSE(Reading(Of({Origin(), Job('1', {kPatients})})).MayBeCounted()) << "an older tree";
  EXPECT_FALSE(Reading(Of({Job('1', {}, false)})).MayBeCounted());
  const DataBehind local =
      BehindOf(*dataflow::MakeRecipe(dataflow::LocalSource{{}, {}, {1}}, {}, 1));
  EXPECT_FALSE(local.MayBeCounted());
  EXPECT_EQ(OriginOfWrite(local, Write('1')), Job('1', {}, false));
  // Beside rows of somebody they make all of the folder uncountable.
  EXPECT_FALSE(Of({Job('1', {kPatients}), Job('2', {}, false)}).once);
  DataBehind many{{}, {}, true};
  for (size_t i = 0; i <= storage::kOriginsMax; ++i) {
    many.origins.push_back(std::string(15, 'o') + static_cast<char>(i));
  }
  EXPECT_EQ(OriginOfWrite(many, Write('1')), Job('1', {}, false));
}

TEST(DataBehind, ShufflesAndCoalescesOnlyRearrange) {
  const auto read =
      dataflow::MakeRecipe(dataflow::DatasetSource{"/d", kPatients, 1, {}, {}}, {}, 4);
  const auto dealt =
      dataflow::MakeRecipe(dataflow::GatherCells(read, {dataflow::kRoundRobin, ""}), {}, 3);
  const auto joined = dataflow::MakeRecipe(dataflow::GatherRange(dealt), {}, 2);
  EXPECT_EQ(BehindOf(*joined).Pays(), std::vector<std::string>{kPatients});
  EXPECT_TRUE(BehindOf(*joined).MayBeCounted());
}

// What was let go of still pays.
TEST(DataBehind, ACheckpointIsOfWhatItWasMadeOf) {
  const auto read =
      dataflow::MakeRecipe(dataflow::DatasetSource{"/d", kPatients, 1, {}, {}}, {}, 4);
  const auto spread = dataflow::MakeRecipe(read->source, {{"exec.explode", ""}}, 4);
  for (const auto& of : {read, spread}) {
    const auto kept =
        dataflow::MakeRecipe(dataflow::GatherCheckpoint(*of, BehindOf(*of)), {}, of->partitions);
    EXPECT_EQ(BehindOf(*kept).Pays(), std::vector<std::string>{kPatients});
    EXPECT_EQ(BehindOf(*kept).MayBeCounted(), of == read);
    EXPECT_TRUE(BehindOf(*kept).known);
  }
}

dataflow::RecipePtr Data(const std::string& id, uint64_t partitions = 2) {
  return dataflow::MakeRecipe(dataflow::DatasetSource{"/d", id, 1, {}, {}}, {}, partitions);
}

DataBehind Together(exec::JoinKind kind, const dataflow::RecipePtr& left,
                    const dataflow::RecipePtr& right) {
  const auto schema = arrow::schema({});
  dataflow::GatherSource source;
  source.inputs = {{left, dataflow::Reads::kSame, 0, {}}, {right, dataflow::Reads::kAll, 0, {}}};
  source.combine = {dataflow::kJoinOperator,
                    exec::Join::Make(kind, nullptr, *schema, *schema)->Encode()};
  return BehindOf(*dataflow::MakeRecipe(std::move(source), {}, left->partitions));
}

DataBehind UnionOf(const dataflow::RecipePtr& first, const dataflow::RecipePtr& second) {
  dataflow::GatherSource source;
  source.inputs = {{first, dataflow::Reads::kOffset, 0, {}},
                   {second, dataflow::Reads::kOffset, first->partitions, {}}};
  return BehindOf(
      *dataflow::MakeRecipe(std::move(source), {}, first->partitions + second->partitions));
}

TEST(DataBehind, AUnionCountsItsRowsWhereNoneCanBeTwice) {
  const DataBehind two = UnionOf(Data(kPatients), Data(kVisits));
  EXPECT_TRUE(two.MayBeCounted());
  EXPECT_EQ(two.Pays(), (std::vector<std::string>{kPatients, kVisits}));
  const DataBehind twice = UnionOf(Data(kPatients), Data(kPatients));
  EXPECT_FALSE(twice.MayBeCounted());
  EXPECT_EQ(twice.Pays(), std::vector<std::string>{kPatients});
  const auto brought = dataflow::MakeRecipe(dataflow::LocalSource{{}, {}, {1}}, {}, 1);
  EXPECT_FALSE(UnionOf(Data(kPatients), brought).MayBeCounted()) << "rows of nobody beside them";
}

TEST(DataBehind, AJoinRepeatsRowsAndChosenRowsAreThemselves) {
  using exec::JoinKind;
  for (const JoinKind kind :
       {JoinKind::kInner, JoinKind::kLeftOuter, JoinKind::kRightOuter, JoinKind::kFullOuter}) {
    const DataBehind joined = Together(kind, Data(kPatients), Data(kVisits));
    EXPECT_FALSE(joined.MayBeCounted());
    EXPECT_EQ(joined.Pays(), (std::vector<std::string>{kPatients, kVisits}));
  }
  for (const JoinKind kind :
       {JoinKind::kLeftSemi, JoinKind::kLeftAnti, JoinKind::kIntersectAll, JoinKind::kExceptAll}) {
    const DataBehind chosen = Together(kind, Data(kPatients), Data(kVisits));
    EXPECT_TRUE(chosen.MayBeCounted());
    EXPECT_EQ(chosen.Pays(), (std::vector<std::string>{kPatients, kVisits}));
    EXPECT_TRUE(Together(kind, Data(kPatients), Data(kPatients)).MayBeCounted());
    // Rows of nobody may be made of somebody's.
    const auto brought = dataflow::MakeRecipe(dataflow::LocalSource{{}, {}, {1}}, {}, 1);
    EXPECT_FALSE(Together(kind, Data(kPatients), brought).MayBeCounted());
    EXPECT_FALSE(Together(kind, brought, Data(kPatients)).MayBeCounted());
  }
}

// Every partition of a gather has all rows of an input that is read whole.
TEST(DataBehind, RowsThatEveryPartitionHasAreNotOnce) {
  dataflow::GatherSource all;
  all.inputs = {{Data(kPatients), dataflow::Reads::kAll, 0, {}}};
  EXPECT_FALSE(BehindOf(*dataflow::MakeRecipe(std::move(all), {}, 3)).MayBeCounted());
}

// lag and the like bring one row's value to others, a sum over a window brings it to all.
TEST(DataBehind, RowsBesideAWindowAreNotCounted) {
  const exec::OperatorPtr window = exec::Window({}, {{{"count", nullptr, "n"}, {}}});
  const dataflow::OperatorBytes op{std::string(window->kind()), window->Encode()};
  const auto beside =
      dataflow::MakeRecipe(dataflow::DatasetSource{"/d", kPatients, 1, {}, {}}, {op}, 1);
  EXPECT_FALSE(BehindOf(*beside).MayBeCounted());
  EXPECT_EQ(BehindOf(*beside).Pays(), std::vector<std::string>{kPatients});
  const auto dealt =
      dataflow::MakeRecipe(dataflow::GatherCells(beside, {dataflow::kRoundRobin, ""}), {}, 3);
  EXPECT_FALSE(BehindOf(*dealt).MayBeCounted());
  EXPECT_FALSE(UnionOf(beside, Data(kVisits)).MayBeCounted());
  EXPECT_FALSE(Together(exec::JoinKind::kLeftSemi, beside, Data(kVisits)).MayBeCounted());
  EXPECT_TRUE(Together(exec::JoinKind::kLeftSemi, Data(kVisits), beside).MayBeCounted())
      << "it chooses rows of others, and pays";
}

}  // namespace
}  // namespace soteria::master
