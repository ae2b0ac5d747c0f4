#include "src/client/records.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "src/base/errors.h"
#include "src/client/owner_for_test.h"
#include "src/crypto/identity.h"

namespace soteria::client {
namespace {

const std::string kId(16, 'p');

class RecordsTest : public ::testing::Test {
 protected:
  RecordsTest() {
    manifest_.statistics.emplace();
    manifest_.statistics->kinds = {"binary"};
    manifest_.statistics->budget = 100;
  }
  std::unique_ptr<Records> Open() {
    auto records = Records::Open(test_.owner(), user_key_);
    EXPECT_TRUE(records.ok()) << records.status();
    (*records)->Expect(key_->public_der(), manifest_, {kId});
    return *std::move(records);
  }
  ledger::LedgerWriter Writer(Records& records, uint8_t session) {
    base::Digest id{};
    id.fill(session);
    return {*key_, user_key_, id, records.ledger_head(), records};
  }
  ledger::Head Head() const {
    ledger::Head head;
    head.identity = key_->public_der();
    return head;
  }
  static ledger::Release Release(uint64_t numbers) {
    ledger::Release release;
    release.level = ledger::Release::Level::kAggregate;
    release.kind = "binary";
    release.budget_spent = numbers;
    return release;
  }
  static ledger::VersionRecord Record() { return {.id = kId, .version = 1}; }
  uint64_t Spent() { return Open()->versions().Find(kId)->spent; }

  policy::Manifest manifest_;
  OwnerForTest test_;
  crypto::Secret user_key_ = test_.Key();
  base::StatusOr<crypto::IdentityKey> key_ = crypto::IdentityKey::Generate();
};

TEST_F(RecordsTest, WhatAReleaseTakesIsKept) {
  {
    auto records = Open();
    auto writer = Writer(*records, 1);
    ASSERT_TRUE(writer.Append(Head(), 1).ok());
    ASSERT_TRUE(writer.AppendRelease(Release(40), 100, {Record()}, 2).ok());
    ASSERT_TRUE(writer.AppendRelease(Release(60), 100, {Record()}, 3).ok());
    EXPECT_TRUE(
        base::Is(writer.AppendRelease(Release(1), 100, {Record()}, 4), base::kNotInManifest));
  }
  EXPECT_EQ(Spent(), 100U);
}

TEST_F(RecordsTest, AReleaseWithoutItsRecordsIsRefused) {
  auto records = Open();
  auto writer = Writer(*records, 1);
  ASSERT_TRUE(writer.Append(Head(), 1, {Record()}).ok());
  ledger::Release release = Release(40);
  release.data_sets = {{.id = kId, .spent = 40, .left = 60}};
  const base::Digest head = records->ledger_head();
  EXPECT_TRUE(base::Is(writer.Append(release, 2), base::kProtocol));
  ledger::VersionRecord less = Record();
  less.spent = 39;
  ledger::Entry entry{.previous = head, .sequence = 1, .event = release};
  entry.session.fill(1);
  const auto bytes = ledger::SignEntry(entry, *key_);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_TRUE(base::Is(records->Store(*bytes, {less}), base::kProtocol));
  less.spent = 40;
  EXPECT_TRUE(records->Store(*bytes, {less}).ok());
}

// As a master would whose gate is broken.
TEST_F(RecordsTest, AReleaseThatTheManifestDoesNotListIsRefused) {
  using Level = ledger::Release::Level;
  uint8_t session = 0;
  ledger::Release scores = Release(40), another = Release(40), unverified = Release(40);
  scores.level = Level::kScores;
  another.kind = "regression";
  unverified.outside = unverified.unverified = true;
  for (const auto& [release, budget] :
       {std::pair(scores, 100), {another, 100}, {unverified, 100}, {Release(101), 200}}) {
    auto records = Open();
    auto writer = Writer(*records, ++session);
    ASSERT_TRUE(writer.Append(Head(), 1, {Record()}).ok());
    EXPECT_TRUE(
        base::Is(writer.AppendRelease(release, static_cast<uint64_t>(budget), {Record()}, 2),
                 base::kProtocol));
    EXPECT_EQ(records->versions().Find(kId)->spent, 0U);
  }
  manifest_.statistics->release = policy::ReleaseLevel::kScores;
  manifest_.statistics->unverified = true;
  manifest_.statistics->kinds = {"regression", "binary"};
  manifest_.statistics->budget = 200;
  unverified.level = Level::kScores;
  {
    auto records = Open();
    auto writer = Writer(*records, 9);
    ASSERT_TRUE(writer.Append(Head(), 1).ok());
    EXPECT_TRUE(writer.AppendRelease(unverified, 200, {Record()}, 2).ok());
    EXPECT_TRUE(base::Is(writer.AppendRelease(another, 200, {}, 3), base::kProtocol));
  }
  manifest_.statistics.reset();  // scheme = "baseline"
  auto records = Open();
  auto writer = Writer(*records, 10);
  ASSERT_TRUE(writer.Append(Head(), 1).ok());
  EXPECT_TRUE(base::Is(writer.AppendRelease(Release(1), 200, {*records->versions().Find(kId)}, 2),
                       base::kProtocol));
}

// As a master would whose admission is broken: it gets an error before the worker gets a key.
TEST_F(RecordsTest, AWorkerThatTheManifestDoesNotAdmitIsRefused) {
  manifest_.tee.kinds = {attest::TeeKind::kSgx};
  manifest_.tee.worker_measurements = {base::Digest{7}};
  const ledger::Admission good{.sender = 1, .tee = "sgx", .measurement = base::Digest{7}};
  ledger::Admission another = good, of_master = good, no_kind = good;
  another.tee = "simulated";
  no_kind.tee = "SGX";
  of_master.measurement = base::Digest{8};
  uint8_t session = 0;
  for (const ledger::Admission& worker : {another, no_kind, of_master}) {
    auto records = Open();
    auto writer = Writer(*records, ++session);
    ASSERT_TRUE(writer.Append(Head(), 1).ok());
    EXPECT_TRUE(base::Is(writer.Append(worker, 2), base::kEvidence));
  }
  auto records = Open();
  auto writer = Writer(*records, ++session);
  ASSERT_TRUE(writer.Append(Head(), 1).ok());
  EXPECT_TRUE(writer.Append(good, 2).ok());
}

TEST_F(RecordsTest, RecordsPutBackByOneStepGiveNoBudgetBack) {
  std::string before;
  {
    auto records = Open();
    auto writer = Writer(*records, 1);
    ASSERT_TRUE(writer.Append(Head(), 1, {Record()}).ok());
    before = test_.Bytes("home/versions");
    ASSERT_TRUE(writer.AppendRelease(Release(40), 100, {Record()}, 2).ok());
  }
  test_.Write("home/versions", before);
  EXPECT_EQ(Spent(), 40U);
  // And for good: the record says so now, and the next session goes on from it.
  auto records = Open();
  auto writer = Writer(*records, 2);
  ASSERT_TRUE(writer.Append(Head(), 3).ok());
  EXPECT_TRUE(base::Is(writer.AppendRelease(Release(61), 100, {*records->versions().Find(kId)}, 4),
                       base::kNotInManifest));
}

TEST_F(RecordsTest, RecordsPutBackFurtherAreRefused) {
  std::string before;
  {
    auto records = Open();
    auto writer = Writer(*records, 1);
    ASSERT_TRUE(writer.Append(Head(), 1, {Record()}).ok());
    before = test_.Bytes("home/versions");
    ASSERT_TRUE(writer.AppendRelease(Release(40), 100, {Record()}, 2).ok());
    ASSERT_TRUE(writer.Append(ledger::End{}, 3).ok());
  }
  test_.Write("home/versions", before);
  EXPECT_TRUE(base::Is(Records::Open(test_.owner(), user_key_).status(), base::kIntegrity));
}

}  // namespace
}  // namespace soteria::client
