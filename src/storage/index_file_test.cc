#include <gtest/gtest.h>

#include <filesystem>

#include "src/base/errors.h"
#include "src/crypto/hash.h"
#include "src/storage/format.h"
#include "src/storage/root_for_test.h"

namespace soteria::storage {
namespace {

class IndexFileTest : public testing::Test {
 protected:
  Index Make() const {
    Index index;
    index.kind = RootKind::kTree;
    index.id = IdForTest('i');
    index.tee_kinds = {"sgx"};
    return index;
  }
  OpenedIndex Publish(const OpenedIndex* replaced, const std::string& name = "") {
    Index next = Make();
    if (!name.empty()) {
      FileEntry entry;
      entry.name = name;
      entry.object = name + ".sealed";
      entry.file_id = IdForTest(name[0]);
      entry.size = 16;
      entry.wrapped_key = std::string(44, name[0]);
      next.files = {entry};
    }
    auto opened = PublishIndex(*files_, random_, root_.path(), key_, next, replaced);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *opened;
  }
  base::StatusOr<OpenedIndex> Open() {
    return OpenIndex(*files_, root_.path(), key_, IdForTest('i'));
  }
  base::Status Fresh(const OpenedIndex& opened, const KnownVersion& known, uint64_t least = 1) {
    return CheckFresh(opened, &known, least, *files_, root_.path(), key_);
  }
  static KnownVersion Of(const OpenedIndex& opened) {
    return {.version = opened.index.version, .index = opened.digest};
  }

  RootForTest root_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  base::RandomForTest random_{1};
  crypto::Secret key_ = KeyForTest('k');
};

TEST_F(IndexFileTest, PublishesAndOpens) {
  EXPECT_TRUE(base::Is(Open().status(), base::kPathNotFound));
  EXPECT_NE(base::Message(Open().status()).find("Path does not exist"), std::string::npos);
  EXPECT_TRUE(base::Is(PeekIndex(*files_, root_.path()).status(), base::kPathNotFound));
  const OpenedIndex first = Publish(nullptr);
  EXPECT_EQ(first.index.version, 1u);
  const auto opened = Open();
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->index, first.index);
  EXPECT_EQ(opened->digest, first.digest);
  EXPECT_EQ(opened->digest, crypto::Sha256(root_.Bytes(kIndexName)));
  const auto header = PeekIndex(*files_, root_.path());
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->id, IdForTest('i'));
  EXPECT_EQ(header->version, 1u);
  EXPECT_EQ(header->kind, RootKind::kTree);
}

TEST_F(IndexFileTest, EveryFlippedBitIsRefused) {
  Publish(nullptr, "a");
  const std::string bytes = root_.Bytes(kIndexName);
  for (size_t i = 0; i < bytes.size(); ++i) {
    root_.Flip(kIndexName, i, static_cast<int>(i % 8));
    const auto opened = Open();
    ASSERT_FALSE(opened.ok()) << "byte " << i;
    ASSERT_TRUE(base::Is(opened.status(), base::kIntegrity)) << opened.status();
    root_.SetBytes(kIndexName, bytes);
  }
  EXPECT_TRUE(Open().ok());
}

TEST_F(IndexFileTest, CutOrExtendedIsRefused) {
  Publish(nullptr, "a");
  const std::string bytes = root_.Bytes(kIndexName);
  for (size_t n = 0; n < bytes.size(); ++n) {
    root_.SetBytes(kIndexName, bytes.substr(0, n));
    ASSERT_FALSE(Open().ok()) << n;
  }
  root_.SetBytes(kIndexName, bytes + "x");
  EXPECT_FALSE(Open().ok());
}

TEST_F(IndexFileTest, WrongKeyOrIdIsRefused) {
  Publish(nullptr);
  const auto other_key = OpenIndex(*files_, root_.path(), KeyForTest('l'), IdForTest('i'));
  EXPECT_TRUE(base::Is(other_key.status(), base::kIntegrity));
  const auto other_id = OpenIndex(*files_, root_.path(), key_, IdForTest('j'));
  EXPECT_TRUE(base::Is(other_id.status(), base::kIntegrity));
}

TEST_F(IndexFileTest, SymlinkAndFifoAreRefused) {
  Publish(nullptr);
  root_.SetBytes("elsewhere", root_.Bytes(kIndexName));
  root_.MakeLink(kIndexName, root_.At("elsewhere"));
  EXPECT_FALSE(Open().ok());
  root_.MakeFifo(kIndexName);
  EXPECT_FALSE(Open().ok());
}

TEST_F(IndexFileTest, VersionsChainAndOldOnesStay) {
  const OpenedIndex first = Publish(nullptr);
  const OpenedIndex second = Publish(&first, "a");
  EXPECT_EQ(second.index.version, 2u);
  EXPECT_EQ(second.index.previous, first.digest);
  const auto at = OpenIndexAt(*files_, root_.path(), key_, IdForTest('i'), 1, first.digest);
  ASSERT_TRUE(at.ok()) << at.status();
  EXPECT_EQ(at->index, first.index);
  EXPECT_TRUE(OpenIndexAt(*files_, root_.path(), key_, IdForTest('i'), 2, second.digest).ok());
  EXPECT_FALSE(OpenIndexAt(*files_, root_.path(), key_, IdForTest('i'), 2, first.digest).ok());
  EXPECT_FALSE(OpenIndexAt(*files_, root_.path(), key_, IdForTest('i'), 3, {}).ok());
}

TEST_F(IndexFileTest, SecondOfTwoWritersConflicts) {
  const OpenedIndex first = Publish(nullptr);
  Publish(&first, "a");
  const std::string winner = root_.Bytes(kIndexName);
  const auto late = PublishIndex(*files_, random_, root_.path(), key_, Make(), &first);
  EXPECT_TRUE(base::Is(late.status(), base::kConflict)) << late.status();
  const auto again = PublishIndex(*files_, random_, root_.path(), key_, Make(), nullptr);
  EXPECT_TRUE(base::Is(again.status(), base::kConflict)) << again.status();
  EXPECT_EQ(root_.Bytes(kIndexName), winner);
}

TEST_F(IndexFileTest, AWriterWithinAnothersPublishConflicts) {
  const OpenedIndex first = Publish(nullptr);
  const auto lock = files_->Lock(root_.path(), std::string(kLockName));
  ASSERT_TRUE(lock.ok());
  const auto other = PublishIndex(*files_, random_, root_.path(), key_, Make(), &first);
  EXPECT_TRUE(base::Is(other.status(), base::kConflict)) << other.status();
}

TEST_F(IndexFileTest, AnotherRootsIndexCantFollow) {
  const OpenedIndex first = Publish(nullptr);
  Index other = Make();
  other.id = IdForTest('o');
  EXPECT_FALSE(PublishIndex(*files_, random_, root_.path(), key_, other, &first).ok());
}

TEST_F(IndexFileTest, ReplacedObjectsGoOnlyAfterwards) {
  const OpenedIndex first = Publish(nullptr);
  root_.SetBytes("a.sealed", "0123456789abcdef");
  const OpenedIndex second = Publish(&first, "a");
  EXPECT_TRUE(std::filesystem::exists(root_.At("a.sealed")));
  root_.SetBytes("stranger", "not named by any index");
  Publish(&second, "b");
  EXPECT_FALSE(std::filesystem::exists(root_.At("a.sealed")));
  EXPECT_TRUE(std::filesystem::exists(root_.At("stranger")));
}

TEST_F(IndexFileTest, FreshnessAcceptsWhatFollowsTheKnownVersion) {
  const OpenedIndex first = Publish(nullptr);
  const OpenedIndex second = Publish(&first, "a");
  const OpenedIndex third = Publish(&second, "b");
  const OpenedIndex fourth = Publish(&third, "c");
  for (const OpenedIndex& known : {first, second, third, fourth}) {
    EXPECT_TRUE(Fresh(fourth, Of(known)).ok()) << known.index.version;
  }
  EXPECT_TRUE(CheckFresh(fourth, nullptr, 4, *files_, root_.path(), key_).ok());
}

TEST_F(IndexFileTest, RolledBackIsRefused) {
  const OpenedIndex first = Publish(nullptr);
  const std::string old = root_.Bytes(kIndexName);
  const OpenedIndex second = Publish(&first, "a");
  root_.SetBytes(kIndexName, old);  // the host puts version 1 back
  const auto opened = Open();
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(base::Is(Fresh(*opened, Of(second)), base::kRolledBack));
  EXPECT_TRUE(
      base::Is(CheckFresh(*opened, nullptr, 2, *files_, root_.path(), key_), base::kRolledBack));
}

TEST_F(IndexFileTest, EqualVersionOfOtherContentIsRefused) {
  const OpenedIndex first = Publish(nullptr);
  KnownVersion known = Of(first);
  known.index[0] ^= 1;
  EXPECT_TRUE(base::Is(Fresh(first, known), base::kRolledBack));
}

TEST_F(IndexFileTest, ForkedIsRefused) {
  const OpenedIndex first = Publish(nullptr);
  const std::string fork_point = root_.Bytes(kIndexName);
  const OpenedIndex seen = Publish(&first, "a");
  root_.SetBytes(kIndexName, fork_point);  // the host starts over from version 1 ...
  const OpenedIndex other = Publish(&first, "b");
  const OpenedIndex third = Publish(&other, "c");  // ... and gets further than what was seen
  EXPECT_TRUE(base::Is(Fresh(third, Of(seen)), base::kRolledBack));
  const OpenedIndex fourth = Publish(&third, "d");
  EXPECT_TRUE(base::Is(Fresh(fourth, Of(seen)), base::kRolledBack));
}

TEST_F(IndexFileTest, BrokenChainIsRefused) {
  const OpenedIndex first = Publish(nullptr);
  const OpenedIndex second = Publish(&first, "a");
  const OpenedIndex third = Publish(&second, "b");
  const std::string name = std::string(kIndexName) + ".2";
  const std::string bytes = root_.Bytes(name);
  std::filesystem::remove(root_.At(name));
  EXPECT_TRUE(base::Is(Fresh(third, Of(first)), base::kRolledBack));
  root_.SetBytes(name, root_.Bytes(std::string(kIndexName) + ".1"));
  EXPECT_TRUE(base::Is(Fresh(third, Of(first)), base::kRolledBack));
  root_.SetBytes(name, bytes);
  EXPECT_TRUE(Fresh(third, Of(first)).ok());
}

TEST_F(IndexFileTest, EndlessChainIsRefused) {
  OpenedIndex opened = Publish(nullptr);
  opened.index.version = kChainStepsMax + 2;
  EXPECT_TRUE(base::Is(Fresh(opened, {.version = 1, .index = {}}), base::kRolledBack));
}

TEST_F(IndexFileTest, DatasetKeysDifferByIdAndUserKey) {
  const crypto::Secret user = crypto::Secret::Adopt(std::string(32, 'u'));
  const crypto::Secret other = crypto::Secret::Adopt(std::string(32, 'v'));
  const crypto::Secret key = DatasetKey(user, IdForTest('a'));
  EXPECT_EQ(key.size(), 16u);
  EXPECT_EQ(key.Expose(), DatasetKey(user, IdForTest('a')).Expose());
  EXPECT_NE(key.Expose(), DatasetKey(user, IdForTest('b')).Expose());
  EXPECT_NE(key.Expose(), DatasetKey(other, IdForTest('a')).Expose());
}

}  // namespace
}  // namespace soteria::storage
