#include "src/client/manifest_file.h"

#include <gtest/gtest.h>

#include <utility>

#include "src/attest/build.h"
#include "src/base/errors.h"
#include "src/client/cluster.h"
#include "src/client/owner_for_test.h"
#include "src/client/put.h"
#include "src/client/root.h"

namespace soteria::client {
namespace {

constexpr char kMasterHex[] = "00000000000000000000000000000000000000000000000000000000000000aa";
constexpr char kWorkerHex[] = "00000000000000000000000000000000000000000000000000000000000000bb";

class ManifestFileTest : public ::testing::Test {
 protected:
  ManifestFileTest() : key_(test_.Key()) {
    Program("soteria-master", kMasterHex);
    Program("soteria-worker", kWorkerHex);
    test_.Write("a.csv", "x\n1\n");
    options_.out = test_.At("risk.toml");
    options_.task = "risk";
    options_.tee_kinds = {attest::TeeKind::kSgx};
    options_.master_measurement = kMasterHex;
    options_.worker_measurement = kWorkerHex;
    options_.platforms = {"machine-1"};
    options_.read = {{test_.At("s/a")}};
    options_.write = {{test_.At("s/models")}};
    options_.classes = {"org.apache.spark.ml.classification.*"};
    options_.metrics = true;
    options_.program_dir = test_.At("bin");
    options_.cluster_dir = test_.At("cluster");
  }
  void Program(const std::string& name, const std::string& says) {
    test_.WriteProgram("bin/" + name, "#!/bin/sh\n[ \"$1\" = --measure ] && echo " + says + "\n");
  }
  PutResult PutData(bool allow_simulated = false) {
    PutOptions put;
    put.allow_simulated = allow_simulated;
    auto result = Put(test_.owner(), key_, test_.At("a.csv"), test_.At("s/a"), put, NoProgress);
    EXPECT_TRUE(result.ok()) << base::Message(result.status());
    return *result;
  }
  base::StatusOr<policy::Manifest> New() { return NewManifest(test_.owner(), key_, options_); }

  OwnerForTest test_;
  crypto::Secret key_;
  ManifestOptions options_;
};

TEST_F(ManifestFileTest, FillsInIdsVersionsAndMeasurements) {
  PutData();
  PutResult second = PutData();
  auto made = New();
  ASSERT_TRUE(made.ok()) << base::Message(made.status());
  auto manifest = policy::ParseManifest(test_.Bytes("risk.toml"));
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->digest, made->digest);
  EXPECT_EQ(manifest->task, "risk");
  ASSERT_EQ(manifest->read.size(), 1U);
  EXPECT_EQ(manifest->read[0].path, test_.At("s/a"));
  EXPECT_EQ(manifest->read[0].id, second.id_hex);
  EXPECT_EQ(manifest->read[0].min_version, 2U);
  ASSERT_EQ(manifest->write.size(), 1U);
  EXPECT_EQ(manifest->write[0].id.size(), 32U);
  EXPECT_EQ(base::Hex(base::View(manifest->tee.master_measurements.at(0))), kMasterHex);
  EXPECT_EQ(base::Hex(base::View(manifest->tee.worker_measurements.at(0))), kWorkerHex);
  EXPECT_TRUE(manifest->metrics);
  EXPECT_FALSE(manifest->rows || manifest->models);
  // A writable root isn't made before a session needs it.
  EXPECT_FALSE(*test_.files().Exists(test_.At("s"), "models"));
}

TEST_F(ManifestFileTest, AWritableRootKeepsTheIdThatWasDrawn) {
  PutData();
  std::string id = New()->write[0].id;
  options_.out = test_.At("second.toml");
  EXPECT_EQ(New()->write[0].id, id);
  options_.out = test_.At("third.toml");
  options_.write = {{test_.At("s/other")}};
  EXPECT_NE(New()->write[0].id, id);
}

TEST_F(ManifestFileTest, NeverOverwrites) {
  PutData();
  test_.Write("risk.toml", "mine");
  EXPECT_TRUE(base::Is(New().status(), base::kPathExists));
  EXPECT_EQ(test_.Bytes("risk.toml"), "mine");
}

TEST_F(ManifestFileTest, RefusesWhatCannotWork) {
  EXPECT_TRUE(base::Is(New().status(), base::kPathNotFound));  // nothing put yet
  PutData();
  options_.write = {{test_.At("s/a")}};
  EXPECT_TRUE(base::Is(New().status(), base::kInput));  // a data set isn't writable
  options_.write.clear();
  options_.tee_kinds.clear();
  EXPECT_TRUE(base::Is(New().status(), base::kInput));  // nobody could join
  EXPECT_EQ(test_.Bytes("risk.toml"), "");
}

// What a program prints about itself is a hash of its files, which no hardware measures.
TEST_F(ManifestFileTest, RealKindsTakeNoMeasurementFromAProgram) {
  PutData();
  using attest::TeeKind;
  for (const std::vector<TeeKind>& kinds : {std::vector{TeeKind::kSgx},
                                            {TeeKind::kTdx},
                                            {TeeKind::kSnp},
                                            {TeeKind::kSgx, TeeKind::kTdx}}) {
    options_.tee_kinds = kinds;
    for (const auto& [master, worker] : {std::pair("", ""), {kMasterHex, ""}, {"", kWorkerHex}}) {
      options_.master_measurement = master;
      options_.worker_measurement = worker;
      auto made = New();
      EXPECT_TRUE(base::Is(made.status(), base::kInput)) << made.status();
      EXPECT_NE(base::Message(made.status()).find("-measurement HEX"), std::string::npos);
    }
  }
  for (const char* bad : {"sgx", "00", "zz"}) {
    options_.master_measurement = bad;
    options_.worker_measurement = kWorkerHex;
    EXPECT_TRUE(base::Is(New().status(), base::kInput)) << bad;
  }
  options_.master_measurement = kMasterHex;
  options_.tee_kinds = {TeeKind::kSgx, TeeKind::kSimulated};
  EXPECT_TRUE(base::Is(New().status(), base::kInput));
  EXPECT_EQ(test_.Bytes("risk.toml"), "");
}

TEST_F(ManifestFileTest, SimulatedNeedsTheOwnersWordAndAClusterKey) {
  if (!attest::kSimulatedBuild) GTEST_SKIP() << "hardware build";
  PutData();
  options_.simulated = true;
  EXPECT_TRUE(base::Is(New().status(), base::kInput));  // --tee-kinds too
  options_.tee_kinds.clear();
  ASSERT_TRUE(EnsureSimulatedKey(test_.files(), options_.cluster_dir).ok());
  EXPECT_TRUE(base::Is(New().status(), base::kInput));  // platforms and measurements too
  options_.platforms.clear();
  options_.master_measurement.clear();
  EXPECT_TRUE(base::Is(New().status(), base::kInput));
  options_.worker_measurement.clear();
  EXPECT_TRUE(base::Is(New().status(), base::kEvidence));  // put without --allow-simulated
  const std::string cluster_dir = std::exchange(options_.cluster_dir, test_.At("none"));
  EXPECT_TRUE(base::Is(New().status(), base::kInput));  // no key pair
  options_.cluster_dir = cluster_dir;
  PutData(true);
  auto manifest = New();
  ASSERT_TRUE(manifest.ok()) << base::Message(manifest.status());
  EXPECT_EQ(manifest->tee.simulated_key, *SimulatedPublicKey(test_.files(), options_.cluster_dir));
  EXPECT_NE(Summary(*manifest).find("NOT PROTECTED"), std::string::npos);
  EXPECT_EQ(base::Hex(base::View(manifest->tee.worker_measurements.at(0))), kWorkerHex);
  options_.out = test_.At("second.toml");
  Program("soteria-worker", "not hexadecimal");
  EXPECT_TRUE(base::Is(New().status(), base::kInput));
  options_.program_dir = test_.At("nowhere");
  EXPECT_TRUE(base::Is(New().status(), base::kInput));
  EXPECT_EQ(test_.Bytes("second.toml"), "");
}

TEST_F(ManifestFileTest, TheSummaryNamesEverything) {
  PutData();
  options_.platforms.clear();
  std::string summary = Summary(*New());
  for (const std::string& part :
       {std::string("risk"), std::string("sgx"), std::string(kMasterHex), test_.At("s/a"),
        test_.At("s/models"), std::string("classification.*"), std::string("metrics"),
        std::string("warning: ")}) {
    EXPECT_NE(summary.find(part), std::string::npos) << part;
  }
}

TEST_F(ManifestFileTest, TheSchemeIsWrittenAndSummarised) {
  PutData();
  EXPECT_FALSE(New()->statistics.has_value());
  EXPECT_NE(Summary(*policy::ParseManifest(test_.Bytes("risk.toml"))).find("scheme baseline"),
            std::string::npos);
  auto all = StatisticsOf("partitioned", "", {});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ((*all)->kinds,
            (std::vector<std::string>{"binary", "multiclass", "regression", "summary", "classes"}));
  EXPECT_TRUE((*all)->inside.empty());
  auto some = StatisticsOf("partitioned", "scores", {"multiclass"});
  ASSERT_TRUE(some.ok());
  EXPECT_EQ((*some)->inside,
            (std::vector<std::string>{"binary", "regression", "summary", "classes"}));
  options_.statistics = *some;
  options_.out = test_.At("scores.toml");
  auto made = New();
  ASSERT_TRUE(made.ok()) << base::Message(made.status());
  EXPECT_EQ(policy::ParseManifest(test_.Bytes("scores.toml"))->statistics, *some);
  const std::string summary = Summary(*made);
  for (const char* part :
       {"scores of multiclass statistics (scheme partitioned)",
        "inside: binary, regression, summary, classes",
        "at most 100000 numbers of one data set ever", "values checked inside",
        "warning: [statistics] release = \"scores\" shows the host the model's answers"}) {
    EXPECT_NE(summary.find(part), std::string::npos) << part << "\n" << summary;
  }
}

TEST_F(ManifestFileTest, ASchemeThatDoesNotExistOrFitIsRefused) {
  for (const auto& refused :
       {StatisticsOf("outside", "", {}), StatisticsOf("baseline", "scores", {}),
        StatisticsOf("baseline", "", {"binary"}), StatisticsOf("partitioned", "rows", {})}) {
    EXPECT_TRUE(base::Is(refused.status(), base::kInput));
  }
  PutData();
  options_.statistics = *StatisticsOf("partitioned", "", {"roc"});
  auto made = New();
  EXPECT_TRUE(base::Is(made.status(), base::kManifest)) << made.status();
  EXPECT_FALSE(*test_.files().Exists(test_.At(""), "risk.toml"));
}

TEST_F(ManifestFileTest, ARootThatOnlyTheClusterReachesIsLookedUpInItsCopy) {
  const std::string id = PutData().id_hex;
  options_.read = {{"hdfs://nn/a", test_.At("s/a")}};
  options_.write = {{"hdfs://nn/models"}};
  auto first = New();
  ASSERT_TRUE(first.ok()) << base::Message(first.status());
  EXPECT_EQ(first->read[0].path, "hdfs://nn/a");
  EXPECT_EQ(first->read[0].id, id);
  EXPECT_EQ(first->write[0].path, "hdfs://nn/models");
  EXPECT_EQ(first->write[0].id.size(), 32U);

  PutData();  // version 2, and no copy is needed any more
  options_.read = {{"hdfs://nn/a"}};
  options_.out = test_.At("second.toml");
  auto second = New();
  ASSERT_TRUE(second.ok()) << base::Message(second.status());
  EXPECT_EQ(second->read[0].id, id);
  EXPECT_EQ(second->read[0].min_version, 2U);
  EXPECT_EQ(second->write[0].id, first->write[0].id);
}

TEST_F(ManifestFileTest, AnUnknownRootNeedsItsCopyAndAllowedKinds) {
  PutData();
  options_.read = {{"hdfs://nn/a"}};
  auto unknown = New();
  EXPECT_TRUE(base::Is(unknown.status(), base::kInput));
  EXPECT_NE(base::Message(unknown.status()).find("hdfs://nn/a=COPY"), std::string::npos)
      << base::Message(unknown.status());
  options_.read = {{"hdfs://nn/a", test_.At("s/none")}};
  EXPECT_TRUE(base::Is(New().status(), base::kPathNotFound));
  options_.read = {{"hdfs://nn/a", test_.At("s/a")}};
  options_.tee_kinds = {attest::TeeKind::kTdx};
  options_.write = {{"hdfs://nn/models"}};
  ASSERT_TRUE(New().ok());
  options_.out = test_.At("second.toml");
  options_.read.clear();
  options_.tee_kinds = {attest::TeeKind::kSnp};  // models was noted for tdx
  EXPECT_TRUE(base::Is(New().status(), base::kEvidence));
}

TEST_F(ManifestFileTest, ADamagedNoteOfRemoteRootsIsSaid) {
  for (const char* damaged : {"[", "[]", "{\"hdfs://nn/a\": 1}", "{\"hdfs://nn/a\": {}}",
                              "{\"a\": {\"id\": \"x\", \"tee_kinds\": [1]}}"}) {
    test_.Write("home/remote.json", damaged);
    options_.read.clear();
    EXPECT_TRUE(base::Is(New().status(), base::kInput)) << damaged;
  }
}

}  // namespace
}  // namespace soteria::client
