#include "src/client/grants.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/client/get.h"
#include "src/client/owner_for_test.h"
#include "src/client/put.h"
#include "src/client/remote_roots.h"
#include "src/client/root.h"
#include "src/storage/format.h"

namespace soteria::client {
namespace {

// Keys and records alone: nothing here needs a master, so real kinds serve as well as simulated.
class GrantsTest : public ::testing::Test {
 protected:
  GrantsTest() : key_(test_.Key()) {
    test_.Write("a.csv", "x\n1\n");
    id_ = PutData();
    manifest_.tee.kinds = {attest::TeeKind::kSgx};
    manifest_.read = {{test_.At("s/a"), id_, 1}};
    manifest_.write = {{test_.At("s/out"), std::string(32, 'c'), 1, {attest::TeeKind::kSgx}}};
  }
  std::string PutData(std::vector<attest::TeeKind> kinds = {}) {
    PutOptions put;
    put.tee_kinds = std::move(kinds);
    auto result = Put(test_.owner(), key_, test_.At("a.csv"), test_.At("s/a"), put, NoProgress);
    EXPECT_TRUE(result.ok()) << base::Message(result.status());
    return result->id_hex;
  }
  base::StatusOr<Grants> Prepare() {
    auto records = Records::Open(test_.owner(), key_);
    EXPECT_TRUE(records.ok()) << base::Message(records.status());
    return PrepareGrants(test_.owner(), key_, manifest_, **records);
  }

  OwnerForTest test_;
  crypto::Secret key_;
  std::string id_;
  policy::Manifest manifest_;
};

TEST_F(GrantsTest, GivesTheListedKeysAndMakesWritableRoots) {
  auto grants = Prepare();
  ASSERT_TRUE(grants.ok()) << base::Message(grants.status());
  ASSERT_EQ(grants->keys.size(), 2U);
  EXPECT_EQ(grants->keys[0].id, *base::FromHex(id_));
  EXPECT_EQ(grants->keys[0].key.Expose(), storage::DatasetKey(key_, *base::FromHex(id_)).Expose());
  EXPECT_EQ(grants->created, std::vector<std::string>{test_.At("s/out")});
  EXPECT_TRUE(grants->unrecorded.empty());
  auto records = Records::Open(test_.owner(), key_);
  auto known = KnownRoots::Load(test_.owner(), (*records)->versions());
  auto root = FindRoot(test_.files(), test_.At("s/out"), key_, *known, std::nullopt);
  records->reset();
  ASSERT_TRUE(root.ok() && root->has_value());
  EXPECT_EQ((*root)->opened.index.version, 1U);
  EXPECT_EQ((*root)->opened.index.kind, storage::RootKind::kTree);
  EXPECT_TRUE((*root)->opened.index.files.empty());
  auto again = Prepare();
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->created.empty());
}

TEST_F(GrantsTest, KeepsTheKeyFromKindsThatTheIndexForbids) {
  manifest_.tee.kinds = {attest::TeeKind::kSimulated};
  auto grants = Prepare();
  EXPECT_TRUE(base::Is(grants.status(), base::kEvidence)) << base::Message(grants.status());
  EXPECT_NE(base::Message(grants.status()).find("--allow-simulated"), std::string::npos);
  // Every kind of the Manifest counts: a master of one kind hands keys to workers of the other.
  PutData({attest::TeeKind::kSgx});
  manifest_.tee.kinds = {attest::TeeKind::kSgx, attest::TeeKind::kTdx};
  EXPECT_TRUE(base::Is(Prepare().status(), base::kEvidence));
}

TEST_F(GrantsTest, AMissingSetAnotherKeyAndAnotherIdAreRefused) {
  manifest_.read[0].path = test_.At("s/none");
  EXPECT_TRUE(base::Is(Prepare().status(), base::kPathNotFound));
  manifest_.read[0] = {test_.At("s/a"), std::string(32, 'd'), 1};
  EXPECT_TRUE(base::Is(Prepare().status(), base::kManifest));
  manifest_.read[0].id = id_;
  manifest_.read[0].min_version = 2;
  EXPECT_TRUE(base::Is(Prepare().status(), base::kRolledBack));
}

TEST_F(GrantsTest, AWritableRootThatVanishedIsARollBack) {
  ASSERT_TRUE(Prepare().ok());
  std::filesystem::remove_all(test_.At("s/out"));
  auto grants = Prepare();
  EXPECT_TRUE(base::Is(grants.status(), base::kRolledBack)) << base::Message(grants.status());
}

TEST_F(GrantsTest, AnOlderCopyIsARollBack) {
  std::filesystem::copy(test_.At("s/a"), test_.At("old"));
  PutData();
  std::filesystem::remove_all(test_.At("s/a"));
  std::filesystem::rename(test_.At("old"), test_.At("s/a"));
  EXPECT_TRUE(base::Is(Prepare().status(), base::kRolledBack));
}

TEST_F(GrantsTest, ADataSetIsNotWritable) {
  manifest_.write[0] = {test_.At("s/a"), id_, 1, {attest::TeeKind::kSgx}};
  manifest_.read.clear();
  EXPECT_TRUE(base::Is(Prepare().status(), base::kManifest));
}

TEST_F(GrantsTest, SaysWhatWasNeverSeenHere) {
  std::filesystem::remove(test_.At("home/versions"));
  auto grants = Prepare();
  ASSERT_TRUE(grants.ok()) << base::Message(grants.status());
  EXPECT_EQ(grants->unrecorded, std::vector<std::string>{test_.At("s/a")});
  EXPECT_TRUE(Prepare()->unrecorded.empty());  // seen now
}

// A root that only the cluster reaches: what counts is what this machine noted of it.
class RemoteGrantsTest : public GrantsTest {
 protected:
  RemoteGrantsTest() {
    manifest_.read = {{"hdfs://nn/a", id_, 1}};
    manifest_.write = {{"hdfs://nn/out", std::string(32, 'c'), 1, {attest::TeeKind::kSgx}}};
    Note("hdfs://nn/a", {id_, {"sgx", "snp", "tdx"}, false});
    Note("hdfs://nn/out", {std::string(32, 'c'), {"sgx"}, true});
  }
  void Note(const std::string& path, RemoteRoot root) {
    auto remote = RemoteRoots::Load(test_.owner());
    ASSERT_TRUE(remote.ok());
    remote->Note(path, std::move(root));
    ASSERT_TRUE(remote->Save(test_.owner()).ok());
  }
};

TEST_F(RemoteGrantsTest, KeysGoWithTheOwnersRecordAndNothingIsMade) {
  auto grants = Prepare();
  ASSERT_TRUE(grants.ok()) << base::Message(grants.status());
  ASSERT_EQ(grants->keys.size(), 2U);
  ASSERT_EQ(grants->versions.size(), 1U);  // of the data set; the other doesn't exist yet
  EXPECT_EQ(grants->versions[0].id, *base::FromHex(id_));
  EXPECT_EQ(grants->versions[0].version, 1U);
  EXPECT_TRUE(grants->created.empty());
  EXPECT_TRUE(grants->unrecorded.empty());
  std::filesystem::remove(test_.At("home/versions"));
  EXPECT_EQ(Prepare()->unrecorded, std::vector<std::string>{"hdfs://nn/a"});
}

TEST_F(RemoteGrantsTest, KeepsTheKeyFromKindsThatWereNotNoted) {
  manifest_.tee.kinds = {attest::TeeKind::kSimulated};
  EXPECT_TRUE(base::Is(Prepare().status(), base::kEvidence));
  manifest_.tee.kinds = {attest::TeeKind::kSgx};
  EXPECT_TRUE(Prepare().ok());
  PutData({attest::TeeKind::kTdx});  // the owner narrows it, in the local copy
  EXPECT_TRUE(base::Is(Prepare().status(), base::kEvidence));
}

TEST_F(RemoteGrantsTest, AnUnknownPathOrAnotherIdIsRefused) {
  manifest_.read[0].path = "hdfs://nn/b";
  auto unknown = Prepare();
  EXPECT_TRUE(base::Is(unknown.status(), base::kInput));
  EXPECT_NE(base::Message(unknown.status()).find("hdfs://nn/b=COPY"), std::string::npos);
  manifest_.read[0] = {"hdfs://nn/a", std::string(32, 'd'), 1};
  EXPECT_TRUE(base::Is(Prepare().status(), base::kManifest));
}

TEST_F(RemoteGrantsTest, PutAndGetSayWhatToDoInstead) {
  auto put = Put(test_.owner(), key_, test_.At("a.csv"), "hdfs://nn/a", {}, NoProgress);
  EXPECT_TRUE(base::Is(put.status(), base::kUnsupported));
  EXPECT_NE(base::Message(put.status()).find("hadoop fs -put"), std::string::npos);
  auto get = Get(test_.owner(), key_, "hdfs://nn/a", test_.At("got"), std::nullopt, NoProgress);
  EXPECT_TRUE(base::Is(get.status(), base::kUnsupported));
  EXPECT_NE(base::Message(get.status()).find("hadoop fs -get"), std::string::npos);
}

}  // namespace
}  // namespace soteria::client
