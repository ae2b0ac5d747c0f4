// One root for another: storage shows a root of the owner's where the owner has another one. Each
// command that looks at storage has to notice, for data sets and trees.
#include "src/client/root.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/client/get.h"
#include "src/client/grants.h"
#include "src/client/manifest_file.h"
#include "src/client/owner_for_test.h"
#include "src/client/put.h"
#include "src/client/records.h"

namespace soteria::client {
namespace {

namespace fs = std::filesystem;

constexpr char kMeasurement[] = "00000000000000000000000000000000000000000000000000000000000000aa";

class RootTest : public ::testing::Test {
 protected:
  RootTest() : key_(test_.Key()) {
    test_.Write("a.csv", "x\n1\n");
    test_.Write("b.csv", "secret\n7\n");
    test_.Write("ta/m/part", "tree a");
    test_.Write("tb/m/part", "tree b");
  }

  base::StatusOr<PutResult> PutAt(const std::string& source, const std::string& dest,
                                  PutOptions options = {}) {
    options.tree = source.starts_with("t");
    return Put(test_.owner(), key_, test_.At(source), test_.At(dest), options, NoProgress);
  }
  std::string Id(const base::StatusOr<PutResult>& put) {
    EXPECT_TRUE(put.ok()) << put.status();
    return put.ok() ? put->id_hex : "";
  }
  base::StatusOr<GetResult> GetAt(const std::string& source,
                                  const std::optional<std::string>& id = std::nullopt) {
    fs::remove_all(test_.At("got"));
    return Get(test_.owner(), key_, test_.At(source), test_.At("got"), id, NoProgress);
  }
  base::StatusOr<policy::Manifest> NewAt(std::vector<RootPlace> read, std::vector<RootPlace> write,
                                         std::vector<SaidId> ids = {}) {
    ManifestOptions options;
    options.out = test_.At("m.toml");
    fs::remove(options.out);
    options.task = "t";
    options.tee_kinds = {attest::TeeKind::kSgx};
    options.master_measurement = options.worker_measurement = kMeasurement;
    options.read = std::move(read);
    options.write = std::move(write);
    options.ids = std::move(ids);
    return NewManifest(test_.owner(), key_, options);
  }
  base::StatusOr<Grants> Prepare(const policy::Manifest& manifest) {
    auto records = Records::Open(test_.owner(), key_);
    EXPECT_TRUE(records.ok()) << records.status();
    return PrepareGrants(test_.owner(), key_, manifest, **records);
  }
  policy::Manifest Listing(const std::string& path, const std::string& id, bool write) {
    policy::Manifest manifest;
    manifest.tee.kinds = {attest::TeeKind::kSgx};
    if (write) {
      manifest.write = {{test_.At(path), id, 1, manifest.tee.kinds}};
    } else {
      manifest.read = {{test_.At(path), id, 1}};
    }
    return manifest;
  }
  /// Storage shows at `to` what is at `from`.
  void Show(const std::string& from, const std::string& to) {
    fs::remove_all(test_.At(to));
    fs::create_directories(fs::path(test_.At(to)).parent_path());
    fs::copy(test_.At(from), test_.At(to), fs::copy_options::recursive);
  }
  /// Everything that is in storage, names and bytes.
  std::string Storage() {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(test_.At("s"))) {
      const std::string name = fs::relative(entry.path(), test_.path()).string();
      all += name + "\n" + (entry.is_regular_file() ? test_.Bytes(name) : "");
    }
    return all;
  }

  OwnerForTest test_;
  crypto::Secret key_;
};

struct Kind {
  const char* a;
  const char* b;
};

class OneRootForAnotherTest : public RootTest, public ::testing::WithParamInterface<Kind> {
 protected:
  OneRootForAnotherTest() {
    a_ = Id(PutAt(GetParam().a, "s/a"));
    b_ = Id(PutAt(GetParam().b, "s/b"));
    Show("s/b", "kept/b");
    Show("s/a", "s/b");
  }
  void ExpectRefused(const base::Status& status) {
    EXPECT_TRUE(base::Is(status, base::kIntegrity)) << status;
    for (const std::string& part : {a_, b_, test_.At("s/b"), test_.At("s/a")}) {
      EXPECT_NE(base::Message(status).find(part), std::string::npos) << part << "\n" << status;
    }
  }
  bool tree() const { return GetParam().a[0] == 't'; }

  std::string a_, b_;
};

TEST_P(OneRootForAnotherTest, GetRefuses) {
  ExpectRefused(GetAt("s/b").status());
  EXPECT_FALSE(fs::exists(test_.At("got")));
  if (tree()) ExpectRefused(GetAt("s/b/m").status());
  if (tree()) ExpectRefused(GetAt("s/b/m/part").status());
}

TEST_P(OneRootForAnotherTest, PutRefusesAndChangesNothing) {
  const std::string before = Storage();
  ExpectRefused(PutAt(GetParam().b, "s/b").status());
  EXPECT_EQ(Storage(), before);
  // In the other direction too: the owner's a isn't what storage has at a now.
  Show("kept/b", "s/a");
  EXPECT_TRUE(base::Is(PutAt(GetParam().a, "s/a").status(), base::kIntegrity));
}

TEST_P(OneRootForAnotherTest, ManifestNewRefuses) {
  ExpectRefused(NewAt({{test_.At("s/b")}}, {}).status());
  ExpectRefused(NewAt({}, {{test_.At("s/b")}}).status());
  EXPECT_FALSE(fs::exists(test_.At("m.toml")));
}

TEST_P(OneRootForAnotherTest, RunRefuses) {
  // The Manifest of before the swap, and one that storage would like.
  EXPECT_TRUE(base::Is(Prepare(Listing("s/b", b_, false)).status(), base::kIntegrity));
  auto swapped = Prepare(Listing("s/b", a_, false));
  EXPECT_TRUE(base::Is(swapped.status(), base::kManifest)) << swapped.status();
  EXPECT_NE(base::Message(swapped.status()).find("soteria manifest new"), std::string::npos);
  if (tree()) {
    EXPECT_TRUE(base::Is(Prepare(Listing("s/b", b_, true)).status(), base::kIntegrity));
    EXPECT_TRUE(base::Is(Prepare(Listing("s/b", a_, true)).status(), base::kManifest));
  }
}

TEST_P(OneRootForAnotherTest, TheOwnersWordStandsAboveTheRecords) {
  ASSERT_TRUE(GetAt("s/b", a_).ok());  // put there by the owner
  EXPECT_TRUE(GetAt("s/b").ok());      // and remembered
  EXPECT_TRUE(base::Is(GetAt("s/b", b_).status(), base::kConflict));
  Show("kept/b", "s/b");
  EXPECT_TRUE(base::Is(GetAt("s/b").status(), base::kIntegrity));
}

TEST_P(OneRootForAnotherTest, TheSameInSpellingsOfThePath) {
  for (const char* spelling : {"/s/b", "//s/./b", "/s/x/../b", "/s/b/"}) {
    for (const char* scheme : {"", "file:", "file://"}) {
      const std::string text = scheme + (test_.path() + spelling);
      const auto path = StoragePath(text, "/");
      if (!path.ok()) continue;  // refused before anything is looked up
      const auto got = Get(test_.owner(), key_, *path, test_.At("got"), std::nullopt, NoProgress);
      EXPECT_TRUE(base::Is(got.status(), base::kIntegrity)) << text << ": " << got.status();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, OneRootForAnotherTest,
                         ::testing::Values(Kind{"a.csv", "b.csv"}, Kind{"ta", "tb"}),
                         [](const auto& info) { return info.index == 0 ? "Sets" : "Trees"; });

// A root that storage shows in a folder of a tree doesn't hide what the tree has there.
TEST_F(RootTest, ARootInAFolderOfATreeIsNotLookedAt) {
  Id(PutAt("ta", "s/a"));
  Id(PutAt("tb", "s/b"));
  Show("s/b", "s/a/m");
  ASSERT_TRUE(GetAt("s/a/m").ok());
  EXPECT_EQ(test_.Bytes("got/part"), "tree a");
  // Nor does one above what the owner has below.
  Id(PutAt("tb", "s/c/below"));
  Show("s/a/_soteria_index", "s/c/_soteria_index");
  ASSERT_TRUE(GetAt("s/c/below/m").ok());
  EXPECT_EQ(test_.Bytes("got/part"), "tree b");
  fs::remove_all(test_.At("s/c/below"));
  EXPECT_TRUE(base::Is(GetAt("s/c/below/m").status(), base::kPathNotFound));
}

TEST_F(RootTest, APathWithoutARecordNeedsTheOwnersWord) {
  const std::string a = Id(PutAt("a.csv", "s/a"));
  const std::string b = Id(PutAt("b.csv", "s/b"));
  Show("s/a", "s/copy");
  Show("s/a", "s/second");
  for (const base::Status& status : {GetAt("s/copy").status(), PutAt("a.csv", "s/copy").status(),
                                     NewAt({{test_.At("s/copy")}}, {}).status()}) {
    EXPECT_TRUE(base::Is(status, base::kInput)) << status;
    EXPECT_NE(base::Message(status).find("--id " + a), std::string::npos) << status;
    EXPECT_NE(base::Message(status).find(test_.At("s/a")), std::string::npos) << status;
  }
  EXPECT_TRUE(base::Is(GetAt("s/copy", b).status(), base::kConflict));
  EXPECT_TRUE(base::Is(GetAt("s/copy", "no id").status(), base::kInput));
  ASSERT_TRUE(GetAt("s/copy", a).ok());
  EXPECT_TRUE(GetAt("s/copy").ok());
  PutOptions said;
  said.id_hex = a;
  auto put = PutAt("a.csv", "s/second", said);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(put->version, 2U);
  EXPECT_EQ(put->id_hex, a);
  EXPECT_EQ(PutAt("a.csv", "s/second")->version, 3U);
}

TEST_F(RootTest, AManifestTakesTheOwnersWord) {
  const std::string a = Id(PutAt("a.csv", "s/a"));
  const std::string b = Id(PutAt("b.csv", "s/b"));
  Show("s/a", "s/c1");
  Show("s/b", "s/c2");
  EXPECT_TRUE(base::Is(NewAt({{test_.At("s/c1")}}, {}, {{b}}).status(), base::kConflict));
  EXPECT_TRUE(base::Is(NewAt({{test_.At("s/a")}}, {}, {{a}}).status(), base::kInput));  // for none
  const std::vector<RootPlace> both = {{test_.At("s/c1")}, {test_.At("s/c2")}};
  EXPECT_TRUE(base::Is(NewAt(both, {}, {{a}, {b}}).status(), base::kInput));  // which is which?
  EXPECT_TRUE(base::Is(NewAt(both, {}, {{a, test_.At("s/c2")}, {b, test_.At("s/c1")}}).status(),
                       base::kConflict));
  auto made = NewAt(both, {}, {{a, test_.At("s/c1")}, {b, test_.At("s/c2")}});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->read[0].id, a);
  EXPECT_EQ(made->read[1].id, b);
  EXPECT_TRUE(NewAt(both, {}).ok());  // remembered
  EXPECT_TRUE(Prepare(*made).ok());
  auto said = ParseSaidId(a + "=s/x", "/w");
  ASSERT_TRUE(said.ok());
  EXPECT_EQ(said->path, "/w/s/x");
  EXPECT_FALSE(ParseSaidId("s/x=" + a, "/w").ok());
}

TEST_F(RootTest, WhatIsGoneIsStartedAfresh) {
  const std::string first = Id(PutAt("a.csv", "s/a"));
  Show("s/a", "kept");
  fs::remove_all(test_.At("s/a"));
  auto again = PutAt("a.csv", "s/a");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_NE(again->id_hex, first);
  EXPECT_EQ(again->version, 1U);
  EXPECT_EQ(again->gone_hex, first);
  EXPECT_TRUE(GetAt("s/a").ok());
  EXPECT_EQ(PutAt("a.csv", "s/a")->gone_hex, "");
  Show("kept", "s/a");  // storage had it all the time
  EXPECT_TRUE(base::Is(GetAt("s/a").status(), base::kIntegrity));
}

TEST_F(RootTest, NewGivesUpWhatStorageHas) {
  const std::string first = Id(PutAt("a.csv", "s/a"));
  PutOptions options;
  options.is_new = true;
  auto put = PutAt("b.csv", "s/a", options);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_NE(put->id_hex, first);
  EXPECT_EQ(put->version, 1U);
  size_t objects = 0;
  for (const auto& entry : fs::directory_iterator(test_.At("s/a"))) {
    objects += entry.path().extension() == ".parquet" ? 1U : 0U;
  }
  EXPECT_EQ(objects, 1U);  // the old one's are gone
  EXPECT_TRUE(GetAt("s/a").ok());
  test_.Write("s/a/_soteria_index", "rubbish");
  EXPECT_TRUE(base::Is(PutAt("b.csv", "s/a").status(), base::kIntegrity));
  EXPECT_TRUE(PutAt("b.csv", "s/a", options).ok());
  // A put of a new root that fails leaves the old one as it was.
  test_.Write("bad.csv", "a,b\n1\n");
  EXPECT_FALSE(PutAt("bad.csv", "s/a", options).ok());
  EXPECT_TRUE(GetAt("s/a").ok());
}

// Behind its index, before the version record.
TEST_F(RootTest, APutThatWasKilledGoesOn) {
  const std::string id = Id(PutAt("a.csv", "s/a"));
  Owner elsewhere{test_.files(), test_.owner().clock, test_.owner().random,
                  Home{test_.At("elsewhere")}};
  {
    auto versions = OpenVersions(elsewhere, key_);
    ASSERT_TRUE(versions.ok());
    const ledger::RootPath at{test_.At("s/a"), *base::FromHex(id)};
    ASSERT_TRUE((*versions)->Store({}, std::nullopt, {&at, 1}).ok());
  }
  auto put = Put(elsewhere, key_, test_.At("a.csv"), test_.At("s/a"), {}, NoProgress);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(put->version, 2U);
}

TEST_F(RootTest, NothingIsPutAmongOtherFiles) {
  test_.Write("s/mine/keep.txt", "keep");
  test_.Write("s/hidden/.profile", "keep");
  fs::create_directories(test_.At("s/folders/below"));
  test_.Write("s/file", "keep");
  const std::string before = Storage();
  PutOptions is_new;
  is_new.is_new = true;
  for (const char* place : {"s/mine", "s/hidden", "s/folders", "s/file"}) {
    for (const PutOptions& options : {PutOptions(), is_new}) {
      EXPECT_TRUE(base::Is(PutAt("a.csv", place, options).status(), base::kPathExists)) << place;
      EXPECT_TRUE(base::Is(PutAt("ta", place, options).status(), base::kPathExists)) << place;
    }
    EXPECT_TRUE(base::Is(NewAt({}, {{test_.At(place)}}).status(), base::kPathExists)) << place;
    auto run = Prepare(Listing(place, std::string(32, 'c'), true));
    EXPECT_TRUE(base::Is(run.status(), base::kPathExists)) << run.status();
  }
  EXPECT_EQ(Storage(), before);
  // What a root of ours left there is no hindrance.
  Id(PutAt("a.csv", "s/a"));
  fs::remove(test_.At("s/a/_soteria_index"));
  EXPECT_TRUE(PutAt("a.csv", "s/a").ok());
  fs::create_directories(test_.At("s/empty"));
  EXPECT_TRUE(PutAt("a.csv", "s/empty").ok());
}

TEST_F(RootTest, ADeletedOutputFolderIsStartedAfreshByANewManifest) {
  auto manifest = NewAt({}, {{test_.At("s/models")}});
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(NewAt({}, {{test_.At("s/models")}})->write[0].id, manifest->write[0].id);
  ASSERT_TRUE(Prepare(*manifest).ok());
  Show("s/models", "kept");
  fs::remove_all(test_.At("s/models"));
  auto refused = Prepare(*manifest);
  EXPECT_TRUE(base::Is(refused.status(), base::kRolledBack)) << refused.status();
  EXPECT_NE(base::Message(refused.status()).find("soteria manifest new --write"),
            std::string::npos);
  auto fresh = NewAt({}, {{test_.At("s/models")}});
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_NE(fresh->write[0].id, manifest->write[0].id);
  auto grants = Prepare(*fresh);
  ASSERT_TRUE(grants.ok()) << grants.status();
  EXPECT_EQ(grants->created.size(), 1U);
  EXPECT_TRUE(Prepare(*fresh).ok());
  // The old folder under the new Manifest, and the old Manifest with the old folder.
  Show("kept", "s/models");
  EXPECT_TRUE(base::Is(Prepare(*fresh).status(), base::kIntegrity));
  EXPECT_TRUE(base::Is(Prepare(*manifest).status(), base::kManifest));
}

TEST_F(RootTest, AManifestIsNotMadeOfAnOlderCopy) {
  Id(PutAt("a.csv", "s/a"));
  Show("s/a", "kept");
  Id(PutAt("a.csv", "s/a"));
  Show("kept", "s/a");
  EXPECT_TRUE(base::Is(NewAt({{test_.At("s/a")}}, {}).status(), base::kRolledBack));
}

TEST_F(RootTest, ACopyOfWhatOnlyTheClusterReachesIsTheRecordedRoot) {
  const std::string a = Id(PutAt("a.csv", "s/a"));
  const std::string b = Id(PutAt("b.csv", "s/b"));
  ASSERT_TRUE(NewAt({{"hdfs://nn/a", test_.At("s/a")}}, {}).ok());
  // Storage gave another root for a copy; one at a path of its own, or in the place of a known one.
  Show("s/b", "down");
  for (const char* copy : {"down", "s/b"}) {
    auto swapped = NewAt({{"hdfs://nn/a", test_.At(copy)}}, {});
    EXPECT_TRUE(base::Is(swapped.status(), base::kIntegrity)) << swapped.status();
    EXPECT_NE(base::Message(swapped.status()).find("hdfs://nn/a"), std::string::npos);
  }
  Show("s/a", "s/b");
  EXPECT_TRUE(base::Is(NewAt({{"hdfs://nn/b", test_.At("s/b")}}, {}).status(), base::kIntegrity));
  // Neither place nor copy is known.
  EXPECT_TRUE(base::Is(NewAt({{"hdfs://nn/c", test_.At("down")}}, {}).status(), base::kInput));
  EXPECT_TRUE(NewAt({{"hdfs://nn/c", test_.At("down")}}, {}, {{b}}).ok());
  EXPECT_TRUE(NewAt({{"hdfs://nn/c"}}, {}).ok());
  // And at run: the records' root is what the Manifest has to list.
  policy::Manifest manifest;
  manifest.tee.kinds = {attest::TeeKind::kSgx};
  manifest.read = {{"hdfs://nn/a", b, 1}};
  EXPECT_TRUE(base::Is(Prepare(manifest).status(), base::kManifest));
  manifest.read = {{"hdfs://nn/a", a, 1}};
  EXPECT_TRUE(Prepare(manifest).ok());
}

TEST_F(RootTest, WhichRootIsWhereTravelsWithTheRecords) {
  const std::string a = Id(PutAt("a.csv", "s/a"));
  const std::string b = Id(PutAt("b.csv", "s/b"));
  const std::string exported = (*Records::Open(test_.owner(), key_))->versions().Export();
  Owner elsewhere{test_.files(), test_.owner().clock, test_.owner().random,
                  Home{test_.At("elsewhere")}};
  const auto get = [&](const std::string& path) {
    fs::remove_all(test_.At("got"));
    return Get(elsewhere, key_, test_.At(path), test_.At("got"), std::nullopt, NoProgress);
  };
  EXPECT_TRUE(base::Is(get("s/a").status(), base::kInput));
  {
    auto versions = OpenVersions(elsewhere, key_);
    const ledger::RootPath other{test_.At("s/b"), std::string(16, 'o')};
    ASSERT_TRUE((*versions)->Store({}, std::nullopt, {&other, 1}).ok());
  }
  std::vector<ledger::RootPath> kept;
  ASSERT_TRUE(ImportVersions(elsewhere, key_, exported, &kept).ok());
  EXPECT_EQ(kept, (std::vector<ledger::RootPath>{{test_.At("s/b"), *base::FromHex(b)}}));
  EXPECT_TRUE(get("s/a").ok());
  EXPECT_TRUE(base::Is(get("s/b").status(), base::kIntegrity));
}

}  // namespace
}  // namespace soteria::client
