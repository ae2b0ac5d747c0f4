#include "src/ledger/budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/folder_for_test.h"
#include "src/ledger/ledger.h"
#include "src/ledger/session_for_test.h"

namespace soteria::ledger {
namespace {

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

VersionRecord Record(char id, uint64_t spent) {
  return {.id = std::string(16, id), .version = 1, .index = DigestForTest(9), .spent = spent};
}

TEST(DebitTest, ExactlySpentButNotOneMore) {
  EXPECT_EQ(*Debit(0, 100, 100), 100u);
  EXPECT_EQ(*Debit(60, 100, 40), 100u);
  EXPECT_EQ(*Debit(100, 100, 0), 100u);
  const auto over = Debit(60, 100, 41);
  ASSERT_TRUE(base::Is(over.status(), base::kNotInManifest));
  EXPECT_NE(base::Message(over.status()).find("only 40 are left: raise budget in [statistics]"),
            std::string::npos);
  EXPECT_FALSE(Debit(100, 100, 1).ok());
}

TEST(DebitTest, SumsDontWrapAround) {
  EXPECT_FALSE(Debit(1, kMost, kMost).ok());
  EXPECT_FALSE(Debit(kMost, 100, 1).ok());
  EXPECT_FALSE(Debit(kMost, kMost, 1).ok());
  EXPECT_EQ(*Debit(kMost - 1, kMost, 1), kMost);
  EXPECT_EQ(*Debit(200, 100, 0), 200u);  // another Manifest's budget was larger
  EXPECT_FALSE(Debit(200, 100, 1).ok());
}

TEST(DebitAllTest, AllDataSetsOrNone) {
  std::vector<VersionRecord> records = {Record('b', 90), Record('a', 10)};
  const auto spendings = DebitAll(100, 10, &records);
  ASSERT_TRUE(spendings.ok()) << spendings.status();
  EXPECT_EQ(*spendings,
            (std::vector<Spending>{{.id = std::string(16, 'a'), .spent = 20, .left = 80},
                                   {.id = std::string(16, 'b'), .spent = 100, .left = 0}}));
  EXPECT_EQ(records, (std::vector<VersionRecord>{Record('a', 20), Record('b', 100)}));
  EXPECT_TRUE(base::Is(DebitAll(100, 1, &records).status(), base::kNotInManifest));
  EXPECT_EQ(records, (std::vector<VersionRecord>{Record('a', 20), Record('b', 100)}));
  std::vector<VersionRecord> twice = {Record('a', 0), Record('a', 0)};
  EXPECT_TRUE(base::Is(DebitAll(100, 1, &twice).status(), base::kInternal));
  std::vector<VersionRecord> over = {Record('a', 200)};
  EXPECT_EQ(DebitAll(100, 0, &over)->at(0).left, 0u);
}

class ReleaseTest : public testing::Test {
 protected:
  ReleaseTest() {
    EXPECT_TRUE(writer_.Append(HeadForTest(*key_), 1).ok());
    release_ = ReleaseForTest();
    release_.data_sets.clear();
  }
  base::Status Release(uint64_t numbers, std::vector<VersionRecord> records,
                       uint64_t budget = 100) {
    release_.budget_spent = numbers;
    return writer_.AppendRelease(release_, budget, std::move(records), 2);
  }
  ledger::Release Last() const {
    return std::get<ledger::Release>(ParseSignedEntry(store_.entries.back())->entry.event);
  }

  base::StatusOr<crypto::IdentityKey> key_ = crypto::IdentityKey::Generate();
  crypto::Secret mac_key_ = crypto::Secret::Adopt(std::string(32, 'm'));
  StoreForTest store_;
  LedgerWriter writer_{*key_, mac_key_, DigestForTest(1), {}, store_};
  ledger::Release release_;
};

TEST_F(ReleaseTest, EntryAndAllRecordsGoInOneStep) {
  ASSERT_TRUE(Release(30, {Record('b', 5), Record('a', 0)}).ok());
  ASSERT_EQ(store_.entries.size(), 2u);
  EXPECT_EQ(store_.records, (std::vector<VersionRecord>{Record('a', 30), Record('b', 35)}));
  EXPECT_EQ(Last().data_sets,
            (std::vector<Spending>{{.id = std::string(16, 'a'), .spent = 30, .left = 70},
                                   {.id = std::string(16, 'b'), .spent = 35, .left = 65}}));
  EXPECT_EQ(Last().budget_spent, 30u);
}

TEST_F(ReleaseTest, RefusedReleaseLeavesNoTraceAndTheSessionGoesOn) {
  EXPECT_TRUE(base::Is(Release(96, {Record('a', 0), Record('b', 5)}), base::kNotInManifest));
  EXPECT_EQ(store_.entries.size(), 1u);
  EXPECT_TRUE(store_.records.empty());
  EXPECT_TRUE(Release(95, {Record('a', 0), Record('b', 5)}).ok());
  EXPECT_TRUE(base::Is(Release(1, {Record('b', 5)}), base::kNotInManifest));
  EXPECT_TRUE(Release(5, {Record('a', 0)}).ok());
}

TEST_F(ReleaseTest, WhoForgetsWhatIsSpentIsReminded) {
  ASSERT_TRUE(Release(60, {Record('a', 0)}).ok());
  EXPECT_FALSE(Release(60, {Record('a', 0)}).ok());  // a stale record buys nothing
  ASSERT_TRUE(Release(40, {Record('a', 0)}).ok());
  EXPECT_EQ(Last().data_sets.at(0).spent, 100u);
  Access access = std::get<Access>(EventsForTest(*key_)[1]);
  ASSERT_TRUE(writer_.Append(access, 3, {Record('a', 0)}).ok());
  EXPECT_EQ(store_.records.back().spent, 100u);
}

TEST_F(ReleaseTest, OwnerWhoIsGoneGetsNothingReleased) {
  store_.fail = true;
  EXPECT_FALSE(Release(1, {Record('a', 0)}).ok());
  store_.fail = false;
  EXPECT_FALSE(Release(1, {Record('a', 0)}).ok());
  EXPECT_EQ(store_.entries.size(), 1u);
}

TEST_F(ReleaseTest, ThreadsShareOneBudget) {
  std::vector<std::thread> threads;
  std::atomic<int> released = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 5; ++j) {
        ledger::Release mine = ReleaseForTest();
        mine.data_sets.clear();
        mine.budget_spent = 10;
        if (writer_.AppendRelease(mine, 100, {Record('a', 0)}, 2).ok()) ++released;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(released, 10);
  EXPECT_EQ(store_.records.back().spent, 100u);
}

// The owner's end: what one session spent is spent for the next one, and stays so when the records
// or the ledger are put back.
class OwnerBudgetTest : public testing::Test {
 protected:
  struct FileStore : OwnerStore {
    FileStore(LedgerFile& into, Versions& records) : file(into), versions(records) {}
    base::Status Store(std::string_view entry, const std::vector<VersionRecord>& records) override {
      SOTERIA_RETURN_IF_ERROR(file.Append(entry));
      return versions.Store(records, file.end());
    }
    LedgerFile& file;
    Versions& versions;
  };

  // A session that releases that many numbers of data set 'a'.
  base::Status Session(uint8_t id, uint64_t numbers) {
    SOTERIA_ASSIGN_OR_RETURN(auto versions,
                             Versions::Open(*files_, folder_.path(), "versions", user_key_));
    SOTERIA_ASSIGN_OR_RETURN(
        auto file, LedgerFile::Open(*files_, folder_.path(), "ledger", versions->anchor()));
    SOTERIA_ASSIGN_OR_RETURN(const auto key, crypto::IdentityKey::Generate());
    FileStore store(*file, *versions);
    LedgerWriter writer(key, user_key_, DigestForTest(id), file->head(), store);
    SOTERIA_RETURN_IF_ERROR(writer.Append(HeadForTest(key), 1));
    const VersionRecord* known = versions->Find(std::string(16, 'a'));
    ledger::Release release = ReleaseForTest();
    release.budget_spent = numbers;
    SOTERIA_RETURN_IF_ERROR(
        writer.AppendRelease(release, 100, {known == nullptr ? Record('a', 0) : *known}, 2));
    return writer.Append(End{.succeeded = true}, 3);
  }

  base::FolderForTest folder_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  crypto::Secret user_key_ = crypto::Secret::Adopt(std::string(32, 'u'));
};

TEST_F(OwnerBudgetTest, SpentAcrossSessions) {
  ASSERT_TRUE(Session(1, 60).ok());
  EXPECT_TRUE(base::Is(Session(2, 41), base::kNotInManifest));
  EXPECT_TRUE(Session(3, 40).ok());
  EXPECT_TRUE(base::Is(Session(4, 1), base::kNotInManifest));
}

TEST_F(OwnerBudgetTest, PuttingBackRecordOrLedgerIsNoticed) {
  ASSERT_TRUE(Session(1, 60).ok());
  const std::string old_versions = folder_.Bytes("versions"), old_ledger = folder_.Bytes("ledger");
  ASSERT_TRUE(Session(2, 40).ok());
  const std::string versions = folder_.Bytes("versions"), ledger = folder_.Bytes("ledger");
  folder_.SetBytes("versions", old_versions);
  EXPECT_TRUE(base::Is(Session(3, 40), base::kIntegrity));
  folder_.SetBytes("versions", versions);
  folder_.SetBytes("ledger", old_ledger);
  EXPECT_TRUE(base::Is(Session(3, 1), base::kIntegrity));
  folder_.SetBytes("ledger", ledger);
  EXPECT_TRUE(base::Is(Session(3, 1), base::kNotInManifest));
}

TEST_F(OwnerBudgetTest, TheEntryThatRecordsDontKnowOfIsAtHand) {
  ASSERT_TRUE(Session(1, 60).ok());
  const auto versions = Versions::Open(*files_, folder_.path(), "versions", user_key_);
  LedgerAnchor anchor = (*versions)->anchor();
  anchor.tail.reset();  // the head alone says where the records are
  const auto unrecorded = [&] {
    auto file = LedgerFile::Open(*files_, folder_.path(), "ledger", anchor);
    EXPECT_TRUE(file.ok()) << file.status();
    return (*file)->unrecorded();
  };
  EXPECT_FALSE(unrecorded().has_value());
  // Head, release, end: cut behind the release, and with a record that knows the head only.
  const std::string all = folder_.Bytes("ledger");
  const size_t head_bytes = 4 + base::GetLe32(all.data());
  const size_t release_bytes = 4 + base::GetLe32(all.data() + head_bytes);
  folder_.SetBytes("ledger", all.substr(0, head_bytes + release_bytes));
  anchor.head = EntryHash(std::string_view(all).substr(4, head_bytes - 4));
  ASSERT_TRUE(unrecorded().has_value());
  EXPECT_EQ(std::get<ledger::Release>(unrecorded()->event).data_sets.at(0).spent, 60u);
}

}  // namespace
}  // namespace soteria::ledger
