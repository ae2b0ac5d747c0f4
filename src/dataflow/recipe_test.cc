#include "src/dataflow/recipe.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/crypto/hash.h"
#include "src/dataflow/feature_columns.h"

namespace soteria::dataflow {
namespace {

base::Digest DigestOf(char fill) {
  base::Digest digest;
  digest.fill(static_cast<uint8_t>(fill));
  return digest;
}

DatasetSource SomeDataset() { return {"/data/a", std::string(16, 'a'), 3, DigestOf('i'), {"x"}}; }
TreeSource SomeTree() {
  return {"/data/t",
          std::string(16, 't'),
          1,
          DigestOf('j'),
          {"m/part-0", "m/part-1"},
          "parquet",
          "",
          {},
          {}};
}
RecipePtr Parent() { return MakeRecipe(SomeDataset(), {{"exec.filter", "f"}}, 4); }

// The running hash that docs/formats/task.md gives, written out a second time.
TEST(RecipeTest, DigestIsARunningHashOverTheChain) {
  const RecipePtr recipe = MakeRecipe(SomeDataset(), {{"exec.a", "1"}, {"exec.b", "2"}}, 4);
  base::FieldWriter source;
  source.Add("soteria/1 recipe").AddU64(4).Add("dataset").Add(std::string(16, 'a')).AddU64(3);
  source.Add(base::View(DigestOf('i'))).AddU64(1).Add("x");
  base::Digest digest = crypto::Sha256(source.bytes());
  std::vector<base::Digest> expected = {digest};
  for (const auto& [kind, bytes] : {std::pair("exec.a", "1"), std::pair("exec.b", "2")}) {
    digest =
        crypto::Sha256(base::FieldWriter().Add(base::View(digest)).Add(kind).Add(bytes).Take());
    expected.push_back(digest);
  }
  EXPECT_EQ(recipe->prefixes, expected);
  EXPECT_EQ(recipe->digest, expected.back());
}

GatherSource Union(const std::vector<RecipePtr>& parents) {
  GatherSource source;
  uint64_t first = 0;
  for (const RecipePtr& parent : parents) {
    source.inputs.push_back({parent, Reads::kOffset, first, {}});
    first += parent->partitions;
  }
  return source;
}

TEST(RecipeTest, EveryPartOfTheContentChangesTheDigest) {
  std::set<base::Digest> seen;
  size_t made = 0;
  const auto add = [&](Source source, std::vector<OperatorBytes> chain, uint64_t partitions) {
    seen.insert(MakeRecipe(std::move(source), std::move(chain), partitions)->digest);
    ++made;
  };
  add(SomeDataset(), {}, 4);
  add(SomeDataset(), {}, 5);
  add(SomeDataset(), {{"exec.filter", "f"}}, 4);
  add(SomeDataset(), {{"exec.filter", "g"}}, 4);
  add(SomeDataset(), {{"exec.filte", "rf"}}, 4);
  add(SomeDataset(), {{"exec.filter", "f"}, {"exec.filter", "f"}}, 4);
  const auto dataset = [&](const std::function<void(DatasetSource&)>& change) {
    DatasetSource source = SomeDataset();
    change(source);
    add(source, {}, 4);
  };
  dataset([](DatasetSource& s) { s.id[3] = 'b'; });
  dataset([](DatasetSource& s) { s.version = 4; });
  dataset([](DatasetSource& s) { s.index[31] ^= 1; });
  dataset([](DatasetSource& s) { s.columns = {}; });
  dataset([](DatasetSource& s) { s.columns = {"x", "y"}; });
  dataset([](DatasetSource& s) { s.columns = {"xy"}; });
  const auto tree = [&](const std::function<void(TreeSource&)>& change) {
    TreeSource source = SomeTree();
    change(source);
    add(source, {}, 2);
  };
  tree([](TreeSource&) {});
  tree([](TreeSource& s) { s.version = 2; });
  tree([](TreeSource& s) { s.index[0] ^= 1; });
  tree([](TreeSource& s) { s.format = "text"; });
  tree([](TreeSource& s) { std::swap(s.files[0], s.files[1]); });
  tree([](TreeSource& s) { s.schema = "{}"; });
  tree([](TreeSource& s) {
    s.schema = "{}";
    s.keys = {"k"};
    s.values.assign(s.files.size(), "=1");
  });
  tree([](TreeSource& s) {
    s.schema = "{}";
    s.keys = {"k"};
    s.values.assign(s.files.size(), "");
  });
  const auto ranged = [&](std::vector<FileRange> ranges) {
    tree([&](TreeSource& s) {
      s.format = "csv";
      s.ranges = std::move(ranges);
    });
  };
  ranged({});
  ranged({{0, 7}, {7, 9}});
  ranged({{0, 7}, {7, 8}});
  ranged({{0, 7}, {0, 0}});
  add(LocalSource{{}, DigestOf('c'), {3, 7}}, {}, 2);
  add(LocalSource{{}, DigestOf('d'), {3, 7}}, {}, 2);
  add(LocalSource{{}, DigestOf('c'), {4, 7}}, {}, 2);
  add(GatherCells(Parent(), {kRoundRobin, ""}), {}, 3);
  add(GatherCells(MakeRecipe(SomeDataset(), {}, 4), {kRoundRobin, ""}), {}, 3);
  add(GatherCells(Parent(), {kRoundRobin, ""}), {}, 1);
  add(GatherCells(Parent(), {kSingle, ""}), {}, 1);
  add(GatherCells(Parent(), {kHash, "k"}), {}, 3);
  add(GatherCells(Parent(), {kHash, "l"}), {}, 3);
  add(GatherCells(Parent(), {kRange, "k"}), {}, 3);
  add(GatherCells(Parent(), {kSame, ""}), {}, 4);
  add(NamedSource{DigestOf('k')}, {}, 4);
  add(GatherRange(Parent()), {}, 3);
  add(GatherRange(Parent()), {}, 1);
  const RecipePtr other = MakeRecipe(SomeDataset(), {}, 4);
  const auto two = [&](Reads left, Reads right, const OperatorBytes& combine) {
    add(GatherSource{{{Parent(), left, 0, {}}, {other, right, 0, {}}}, combine}, {}, 4);
  };
  two(Reads::kSame, Reads::kSame, {});
  two(Reads::kSame, Reads::kAll, {});
  two(Reads::kAll, Reads::kSame, {});
  two(Reads::kSame, Reads::kSame, {kJoinOperator, ""});
  two(Reads::kSame, Reads::kSame, {kJoinOperator, "on"});
  two(Reads::kSame, Reads::kAll, {kJoinOperator, "on"});
  add(Union({Parent(), other}), {}, 8);
  add(Union({other, Parent()}), {}, 8);
  EXPECT_EQ(seen.size(), made);
}

TEST(RecipeTest, RefusesGathersThatDoNotFitTheirInputs) {
  const auto refused = [](GatherSource source, uint64_t partitions) {
    return base::Is(CheckedRecipe(std::move(source), {}, partitions).status(), base::kProtocol);
  };
  const OperatorBytes join = {kJoinOperator, ""};
  const auto with = [](std::vector<Input> inputs, OperatorBytes combine = {}) {
    return GatherSource{std::move(inputs), std::move(combine)};
  };
  const Input same = {Parent(), Reads::kSame, 0, {}};
  EXPECT_TRUE(refused(with({}), 4));
  EXPECT_TRUE(refused(with(std::vector<Input>(kGatherInputsMax + 1, same)), 4));
  EXPECT_FALSE(refused(with(std::vector<Input>(kGatherInputsMax, same)), 4));
  EXPECT_TRUE(refused(with({same}), 3));
  EXPECT_TRUE(refused(with({same}, join), 4));
  EXPECT_TRUE(refused(with({same, same, same}, join), 4));
  EXPECT_FALSE(refused(with({same, same}, join), 4));
  EXPECT_TRUE(refused(with({same, same}, {"exec.filter", ""}), 4));
  EXPECT_TRUE(refused(with({same, same}, {"", "bytes"}), 4));
  EXPECT_TRUE(refused(with({{Parent(), Reads::kSame, 1, {}}}), 4));
  EXPECT_TRUE(refused(with({{Parent(), Reads::kSame, 0, {kHash, ""}}}), 4));
  EXPECT_TRUE(refused(with({{nullptr, Reads::kAll, 0, {}}}), 4));
  // A union's inputs follow each other, and nothing else is among them.
  const auto at = [](uint64_t first) { return Input{Parent(), Reads::kOffset, first, {}}; };
  EXPECT_FALSE(refused(with({at(0), at(4)}), 8));
  EXPECT_TRUE(refused(with({at(0), at(4)}), 9));
  EXPECT_TRUE(refused(with({at(0), at(5)}), 9));
  EXPECT_TRUE(refused(with({at(4), at(0)}), 8));
  EXPECT_TRUE(refused(with({at(0), {Parent(), Reads::kAll, 0, {}}}), 4));
  EXPECT_TRUE(refused(with({at(0), at(4)}, join), 8));
  EXPECT_TRUE(refused(with({at(~uint64_t{0})}), 4));
}

// A recipe of itself and itself is twice as long, and so on.
TEST(RecipeTest, RefusesARecipeOfTooManyOthers) {
  RecipePtr recipe = Parent();
  int doubled = 0;
  for (;; ++doubled) {
    const Input same = {recipe, Reads::kSame, 0, {}};
    const auto twice = CheckedRecipe(GatherSource{{same, same}, {}}, {}, 4);
    if (!twice.ok()) break;
    recipe = *twice;
    ASSERT_LT(doubled, 20);
  }
  EXPECT_EQ(doubled, 10);  // 2^11 - 1 recipes
  EXPECT_EQ(BlocksOf(*recipe).size(), 12U);
}

// I7, block names: where the bytes lie and which broadcast carries them is no content.
TEST(RecipeTest, TransportIsNoPartOfTheDigest) {
  DatasetSource moved = SomeDataset();
  moved.root = "/elsewhere";
  EXPECT_EQ(MakeRecipe(moved, {}, 4)->digest, MakeRecipe(SomeDataset(), {}, 4)->digest);
  EXPECT_EQ(MakeRecipe(LocalSource{DigestOf('1'), DigestOf('c'), {5}}, {}, 1)->digest,
            MakeRecipe(LocalSource{DigestOf('2'), DigestOf('c'), {5}}, {}, 1)->digest);
}

TEST(RecipeTest, RefusesWhatNoPlanMakes) {
  const auto refused = [](Source source, std::vector<OperatorBytes> chain, uint64_t partitions) {
    return base::Is(CheckedRecipe(std::move(source), std::move(chain), partitions).status(),
                    base::kProtocol);
  };
  EXPECT_TRUE(refused(SomeDataset(), {}, 0));
  EXPECT_TRUE(refused(SomeDataset(), {}, kPartitionsMax + 1));
  DatasetSource short_id = SomeDataset();
  short_id.id.pop_back();
  EXPECT_TRUE(refused(short_id, {}, 4));
  EXPECT_TRUE(refused(SomeTree(), {}, 3));
  TreeSource few = SomeTree();
  few.schema = "{}";
  few.keys = {"k"};
  EXPECT_FALSE(CheckedRecipe(few, {}, few.files.size()).ok());  // a value for each file
  few.values.assign(few.files.size(), "=1");
  EXPECT_TRUE(CheckedRecipe(few, {}, few.files.size()).ok());
  few.schema.clear();
  EXPECT_FALSE(CheckedRecipe(few, {}, few.files.size()).ok());  // the schema says the types
  TreeSource other = SomeTree();
  other.format = "xlsx";
  EXPECT_TRUE(refused(other, {}, 2));
  for (const std::vector<FileRange>& ranges : {std::vector<FileRange>{{0, 1}},
                                               {{0, 1}, {2, 2}},
                                               {{0, 1}, {2, 1}},
                                               {{0, 1}, {2, 0}},
                                               {{0, 1}, {1, 2}, {2, 3}}}) {
    other.format = "text";
    other.ranges = ranges;
    EXPECT_TRUE(refused(other, {}, 2));
  }
  other.ranges = {{0, 1}, {1, 2}};
  EXPECT_TRUE(CheckedRecipe(other, {}, 2).ok());
  other.format = "parquet";
  EXPECT_TRUE(refused(other, {}, 2));
  EXPECT_TRUE(refused(LocalSource{{}, {}, {7, 3}}, {}, 2));
  EXPECT_TRUE(refused(LocalSource{{}, {}, {7}}, {}, 2));
  EXPECT_TRUE(refused(GatherCells(nullptr, {kRoundRobin, ""}), {}, 2));
  EXPECT_TRUE(refused(GatherCells(Parent(), {"hash?", ""}), {}, 2));
  EXPECT_TRUE(refused(GatherCells(Parent(), {kSingle, ""}), {}, 2));
  EXPECT_TRUE(refused(GatherRange(Parent()), {}, 5));
  const OperatorBytes features = FeaturesOperator({"f", "y", std::nullopt});
  EXPECT_TRUE(refused(SomeDataset(), {features, {"exec.drop", ""}}, 4));
  const RecipePtr blocks = MakeRecipe(SomeDataset(), {features}, 4);
  EXPECT_TRUE(refused(GatherRange(blocks), {}, 2));
  EXPECT_TRUE(refused(GatherCells(blocks, {kHash, ""}), {}, 2));
  EXPECT_TRUE(CheckedRecipe(GatherCells(blocks, {kRoute, ""}), {}, 2).ok());
  EXPECT_TRUE(refused(SomeDataset(), std::vector<OperatorBytes>(kChainMax + 1), 4));
}

TEST(RecipeTest, RefusesARecipeThatIsTooDeep) {
  RecipePtr recipe = Parent();
  for (int depth = 2; depth <= kRecipeDepthMax; ++depth) {
    const auto deeper = CheckedRecipe(GatherRange(recipe), {}, 4);
    ASSERT_TRUE(deeper.ok()) << depth;
    recipe = *deeper;
  }
  EXPECT_FALSE(CheckedRecipe(GatherRange(recipe), {}, 4).ok());
}

TEST(RecipeTest, DepthBeginsAgainBehindAShuffle) {
  RecipePtr recipe = Parent();
  for (int i = 0; i < 3 * kRecipeDepthMax; ++i) {
    const RecipePtr whole = MakeRecipe(GatherRange(recipe), {}, 4);
    recipe = MakeRecipe(GatherCells(whole, {kRoundRobin, ""}), {}, 4);
    EXPECT_EQ(recipe->depth, 2);
    EXPECT_EQ(recipe->size, 2U);
  }
}

// A loop of checkpoints never gets deeper, and what reads one is named as what reads the whole.
TEST(RecipeTest, DepthBeginsAgainAtACheckpoint) {
  RecipePtr recipe = Parent();
  for (int i = 0; i < 3 * kRecipeDepthMax; ++i) {
    const RecipePtr whole = MakeRecipe(GatherRange(recipe), {}, 4);
    recipe = MakeRecipe(GatherCheckpoint(*whole, {}), {}, 4);
    EXPECT_EQ(recipe->digest, MakeRecipe(GatherCells(whole, {kSame, ""}), {}, 4)->digest);
    EXPECT_EQ(recipe->depth, 2);
    EXPECT_EQ(recipe->size, 2U);
    ASSERT_EQ(ShufflesOf(*recipe).size(), 1U);
    EXPECT_EQ(ShuffleDigest(*ShufflesOf(*recipe)[0]->parent, 4, {kSame, ""}),
              ShuffleDigest(*whole, 4, {kSame, ""}));
  }
}

TEST(RecipeTest, WhatIsNamedIsReadByItsCellsAlone) {
  const RecipePtr kept = MakeRecipe(NamedSource{DigestOf('k')}, {}, 4);
  EXPECT_TRUE(CheckedRecipe(GatherCells(kept, {kSame, ""}), {}, 4).ok());
  EXPECT_FALSE(CheckedRecipe(GatherCells(kept, {kSame, ""}), {}, 3).ok());
  EXPECT_TRUE(CheckedRecipe(GatherCells(kept, {kRoundRobin, ""}), {}, 3).ok());
  EXPECT_FALSE(CheckedRecipe(GatherRange(kept), {}, 4).ok());
  EXPECT_FALSE(CheckedRecipe(NamedSource{DigestOf('k')}, {{"exec.drop", "d"}}, 4).ok());
}

// Spark's CoalescedRDD without locality: group i is [i*n/g, (i+1)*n/g).
TEST(RecipeTest, CoalescedRangesAreContiguousAndComplete) {
  EXPECT_EQ(CoalescedRange(10, 3, 0), (std::pair<uint64_t, uint64_t>{0, 3}));
  EXPECT_EQ(CoalescedRange(10, 3, 1), (std::pair<uint64_t, uint64_t>{3, 6}));
  EXPECT_EQ(CoalescedRange(10, 3, 2), (std::pair<uint64_t, uint64_t>{6, 10}));
  EXPECT_EQ(CoalescedRange(4, 4, 2), (std::pair<uint64_t, uint64_t>{2, 3}));
}

TEST(RecipeTest, BlocksReachThroughParentsButNotBeyondAShuffle) {
  const RecipePtr parent = Parent();
  const RecipePtr coalesced = MakeRecipe(GatherRange(parent), {{"exec.drop", "d"}}, 2);
  EXPECT_EQ(BlocksOf(*coalesced).size(), 4U);
  const RecipePtr shuffled = MakeRecipe(GatherCells(parent, {kRoundRobin, ""}), {}, 2);
  EXPECT_EQ(BlocksOf(*shuffled).size(), 1U);
  const RecipePtr both = MakeRecipe(GatherRange(shuffled), {}, 1);
  ASSERT_EQ(ShufflesOf(*both).size(), 1U);
  EXPECT_EQ(ShufflesOf(*both)[0]->parent, parent);
  EXPECT_TRUE(ShufflesOf(*coalesced).empty());
}

TEST(RecipeTest, FeatureColumnsComeBack) {
  for (const table::FeatureColumns& columns :
       {table::FeatureColumns{"features", "label", "w"},
        table::FeatureColumns{"f", std::nullopt, "", false},
        table::FeatureColumns{"", std::nullopt, std::nullopt}}) {
    const auto back = DecodeFeatureColumns(FeaturesOperator(columns).bytes);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->features, columns.features);
    EXPECT_EQ(back->label, columns.label);
    EXPECT_EQ(back->weight, columns.weight);
    EXPECT_EQ(back->finite, columns.finite);
  }
  const std::string bytes = FeaturesOperator({"f", "y", "w"}).bytes;
  EXPECT_FALSE(DecodeFeatureColumns(bytes.substr(0, bytes.size() - 1)).ok());
  EXPECT_FALSE(DecodeFeatureColumns(bytes + bytes).ok());
}

}  // namespace
}  // namespace soteria::dataflow
