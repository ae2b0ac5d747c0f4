#include "src/ledger/versions.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/folder_for_test.h"

namespace soteria::ledger {
namespace {

VersionRecord Record(char id, uint64_t version, uint8_t index, uint64_t spent = 0) {
  VersionRecord record;
  record.id = std::string(16, id);
  record.version = version;
  record.index.fill(index);
  record.spent = spent;
  return record;
}

base::Digest Digest(uint8_t fill) {
  base::Digest digest;
  digest.fill(fill);
  return digest;
}

// Of a ledger whose last entry has that hash.
LedgerEnd End(uint8_t head) {
  return {.head = Digest(head),
          .tail = LedgerTail{.size = 1000,
                             .last_bytes = 100,
                             .open = true,
                             .session = Digest(7),
                             .sequence = 3,
                             .identity = "key"}};
}

class VersionsTest : public testing::Test {
 protected:
  base::StatusOr<std::unique_ptr<Versions>> Open() {
    return Versions::Open(*files_, folder_.path(), "versions", key_);
  }
  std::unique_ptr<Versions> Opened() {
    auto versions = Open();
    EXPECT_TRUE(versions.ok()) << versions.status();
    return std::move(versions).value();
  }
  static base::Status Store(Versions& versions, const VersionRecord& record) {
    return versions.Store({&record, 1}, std::nullopt);
  }

  base::FolderForTest folder_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  crypto::Secret key_ = crypto::Secret::Adopt(std::string(32, 'u'));
};

TEST_F(VersionsTest, RemembersAcrossOpenings) {
  {
    auto versions = Opened();
    EXPECT_TRUE(versions->is_new());
    EXPECT_EQ(versions->Find(std::string(16, 'a')), nullptr);
    const std::vector<VersionRecord> both = {Record('a', 3, 1, 5), Record('b', 1, 2)};
    ASSERT_TRUE(versions->Store(both, End(9)).ok());
    EXPECT_FALSE(versions->is_new());
  }
  auto versions = Opened();
  EXPECT_FALSE(versions->is_new());
  ASSERT_NE(versions->Find(std::string(16, 'a')), nullptr);
  EXPECT_EQ(*versions->Find(std::string(16, 'a')), Record('a', 3, 1, 5));
  EXPECT_EQ(versions->All().size(), 2u);
  EXPECT_EQ(versions->anchor().head, Digest(9));
  EXPECT_EQ(versions->anchor().tail, End(9).tail);
  EXPECT_EQ(versions->anchor().origin, base::Digest{});
  struct stat info {};
  ASSERT_EQ(stat(folder_.At("versions").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(VersionsTest, LockedWhileOpen) {
  auto first = Opened();
  EXPECT_TRUE(base::Is(Open().status(), base::kConflict));
  first.reset();
  EXPECT_TRUE(Open().ok());
}

TEST_F(VersionsTest, ReadOnlyNeedsNoLockAndChangesNothing) {
  const auto none = Versions::OpenReadOnly(*files_, folder_.path() + "/nowhere", "versions", key_);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_TRUE((*none)->is_new());
  auto writer = Opened();
  ASSERT_TRUE(Store(*writer, Record('a', 3, 1)).ok());
  const auto reader = Versions::OpenReadOnly(*files_, folder_.path(), "versions", key_);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_NE((*reader)->Find(std::string(16, 'a')), nullptr);
  EXPECT_TRUE(base::Is(Store(**reader, Record('a', 4, 1)), base::kConflict));
  EXPECT_TRUE(base::Is((*reader)->Import(writer->Export(), true), base::kConflict));
  EXPECT_EQ((*reader)->Find(std::string(16, 'a'))->version, 3u);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/nowhere"));
}

TEST_F(VersionsTest, RemembersWhichRootIsAtAPath) {
  const std::string a(16, 'a'), b(16, 'b');
  {
    auto versions = Opened();
    EXPECT_EQ(versions->IdAt("/s/a"), nullptr);
    const std::vector<RootPath> paths = {{"/s/a", a}, {"hdfs://nn/a", a}, {"/s/b", b}};
    ASSERT_TRUE(versions->Store({}, std::nullopt, paths).ok());
    const RootPath moved{"/s/b", a};
    ASSERT_TRUE(versions->Store({}, End(1), {&moved, 1}).ok());
    for (const RootPath& bad :
         {RootPath{"", a}, RootPath{"/s", "short"}, RootPath{std::string(4097, 'x'), a}}) {
      EXPECT_TRUE(base::Is(versions->Store({}, std::nullopt, {&bad, 1}), base::kIntegrity));
    }
  }
  auto versions = Opened();
  ASSERT_NE(versions->IdAt("/s/b"), nullptr);
  EXPECT_EQ(*versions->IdAt("/s/b"), a);
  EXPECT_EQ(versions->IdAt("/s"), nullptr);
  EXPECT_EQ(versions->PathsOf(a), (std::vector<std::string>{"/s/a", "/s/b", "hdfs://nn/a"}));
  EXPECT_TRUE(versions->PathsOf(b).empty());
}

TEST_F(VersionsTest, MoreThanTheFileMayHoldIsRefusedBeforeItIsWritten) {
  auto versions = Opened();
  std::vector<RootPath> paths;
  for (int i = 0; i < 9000; ++i) {
    paths.push_back({std::to_string(i) + std::string(4000, 'p'), std::string(16, 'a')});
  }
  EXPECT_TRUE(base::Is(versions->Store({}, std::nullopt, paths), base::kIntegrity));
  EXPECT_EQ(versions->IdAt(paths[0].path), nullptr);
  paths.resize(8000);
  EXPECT_TRUE(versions->Store({}, std::nullopt, paths).ok());
}

TEST_F(VersionsTest, EveryFlippedBitAndCutIsRefused) {
  const VersionRecord record = Record('a', 3, 1);
  const RootPath path{"/s/a", record.id};
  ASSERT_TRUE(Opened()->Store({&record, 1}, End(1), {&path, 1}).ok());
  const std::string bytes = folder_.Bytes("versions");
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    folder_.SetBytes("versions", changed);
    ASSERT_TRUE(base::Is(Open().status(), base::kIntegrity)) << i;
    folder_.SetBytes("versions", bytes.substr(0, i));
    ASSERT_TRUE(base::Is(Open().status(), base::kIntegrity)) << i;
  }
  folder_.SetBytes("versions", bytes + "x");
  EXPECT_FALSE(Open().ok());
  folder_.SetBytes("versions", bytes);
  EXPECT_TRUE(Open().ok());
}

TEST_F(VersionsTest, AnotherUserKeyIsRefused) {
  ASSERT_TRUE(Store(*Opened(), Record('a', 3, 1)).ok());
  const crypto::Secret other = crypto::Secret::Adopt(std::string(32, 'v'));
  const auto opened = Versions::Open(*files_, folder_.path(), "versions", other);
  EXPECT_TRUE(base::Is(opened.status(), base::kIntegrity));
}

TEST_F(VersionsTest, NeverGoesDown) {
  auto versions = Opened();
  ASSERT_TRUE(Store(*versions, Record('a', 3, 1, 7)).ok());
  EXPECT_TRUE(base::Is(Store(*versions, Record('a', 2, 1, 7)), base::kRolledBack));
  EXPECT_TRUE(base::Is(Store(*versions, Record('a', 3, 2, 7)), base::kRolledBack));
  EXPECT_TRUE(base::Is(Store(*versions, Record('a', 4, 2, 6)), base::kRolledBack));
  EXPECT_TRUE(Store(*versions, Record('a', 3, 1, 7)).ok());
  EXPECT_TRUE(Store(*versions, Record('a', 4, 2, 8)).ok());
  EXPECT_EQ(*versions->Find(std::string(16, 'a')), Record('a', 4, 2, 8));
}

TEST_F(VersionsTest, ARefusedRecordChangesNothing) {
  auto versions = Opened();
  ASSERT_TRUE(Store(*versions, Record('b', 3, 1)).ok());
  const std::vector<VersionRecord> mixed = {Record('a', 1, 1), Record('b', 2, 1)};
  EXPECT_FALSE(versions->Store(mixed, End(1)).ok());
  EXPECT_EQ(versions->Find(std::string(16, 'a')), nullptr);
  EXPECT_EQ(versions->anchor().head, base::Digest{});
  VersionRecord bad = Record('c', 1, 1);
  bad.id = "short";
  EXPECT_FALSE(Store(*versions, bad).ok());
  EXPECT_FALSE(Store(*versions, Record('c', 0, 1)).ok());
}

TEST_F(VersionsTest, ExportAndImportMerge) {
  std::string exported;
  {
    auto versions = Opened();
    const std::vector<VersionRecord> records = {Record('a', 5, 1, 2), Record('b', 1, 2, 9)};
    ASSERT_TRUE(versions->Store(records, End(9)).ok());
    exported = versions->Export();
  }
  auto other = Versions::Open(*files_, folder_.path(), "other", key_);
  ASSERT_TRUE(other.ok());
  const std::vector<VersionRecord> mine = {Record('b', 4, 3, 1), Record('c', 1, 1)};
  ASSERT_TRUE((*other)->Store(mine, std::nullopt).ok());
  ASSERT_TRUE((*other)->Import(exported, /*ledger_copied=*/false).ok());
  EXPECT_EQ(*(*other)->Find(std::string(16, 'a')), Record('a', 5, 1, 2));
  EXPECT_EQ(*(*other)->Find(std::string(16, 'b')), Record('b', 4, 3, 9));
  EXPECT_EQ((*other)->All().size(), 3u);
  EXPECT_EQ((*other)->anchor(), (LedgerAnchor{.origin = Digest(9), .head = Digest(9)}));
}

TEST_F(VersionsTest, PathsComeAlongAndWhatIsHereStays) {
  const std::string a(16, 'a'), b(16, 'b');
  std::string exported;
  {
    auto versions = Opened();
    const std::vector<RootPath> there = {{"/s/a", a}, {"/s/b", a}, {"/s/c", b}};
    ASSERT_TRUE(versions->Store({}, std::nullopt, there).ok());
    exported = versions->Export();
  }
  auto other = Versions::Open(*files_, folder_.path(), "other", key_);
  const std::vector<RootPath> here = {{"/s/b", b}, {"/s/c", b}};
  ASSERT_TRUE((*other)->Store({}, std::nullopt, here).ok());
  std::vector<RootPath> kept;
  ASSERT_TRUE((*other)->Import(exported, false, &kept).ok());
  EXPECT_EQ(kept, (std::vector<RootPath>{{"/s/b", a}}));
  EXPECT_EQ(*(*other)->IdAt("/s/a"), a);
  EXPECT_EQ(*(*other)->IdAt("/s/b"), b);
}

TEST_F(VersionsTest, ImportKeepsTheLedgerThatIsHere) {
  auto versions = Opened();
  ASSERT_TRUE(versions->Store({}, End(9)).ok());
  const std::string exported = versions->Export();
  auto with_file = Versions::Open(*files_, folder_.path(), "b", key_);
  ASSERT_TRUE((*with_file)->Import(exported, /*ledger_copied=*/true).ok());
  EXPECT_EQ((*with_file)->anchor(), (LedgerAnchor{.origin = {}, .head = Digest(9)}));
  ASSERT_TRUE((*with_file)->Store({}, End(10)).ok());
  ASSERT_TRUE((*with_file)->Import(exported, true).ok());
  EXPECT_EQ((*with_file)->anchor().head, Digest(10));
}

TEST_F(VersionsTest, ImportRefusesForkedAlteredAndForeignRecords) {
  auto versions = Opened();
  ASSERT_TRUE(Store(*versions, Record('a', 5, 1)).ok());
  std::string exported = versions->Export();
  auto other = Versions::Open(*files_, folder_.path(), "other", key_);
  ASSERT_TRUE(Store(**other, Record('a', 5, 2)).ok());
  EXPECT_TRUE(base::Is((*other)->Import(exported, false), base::kRolledBack));
  exported[20] = static_cast<char>(exported[20] ^ 1);
  EXPECT_TRUE(base::Is((*other)->Import(exported, false), base::kIntegrity));
  EXPECT_FALSE((*other)->Import("", false).ok());
  EXPECT_EQ(*(*other)->Find(std::string(16, 'a')), Record('a', 5, 2));
}

}  // namespace
}  // namespace soteria::ledger
