#include "src/policy/gate.h"

#include <gtest/gtest.h>

#include "src/base/errors.h"

namespace soteria::policy {
namespace {

using ::testing::Test;

class GateTest : public Test {
 protected:
  GateTest() {
    manifest_.read.push_back({"/bucket/patients", "00112233445566778899aabbccddeeff", 3});
    manifest_.write.push_back(
        {"/bucket/models", "ffeeddccbbaa99887766554433221100", 2, {TeeKind::kSimulated}});
    manifest_.classes = {"org.apache.spark.ml.feature.*",
                         "org.apache.spark.ml.classification.LogisticRegression"};
  }

  static void ExpectRefused(const base::Status& status, const std::string& line) {
    EXPECT_TRUE(base::Is(status, base::kNotInManifest)) << base::Message(status);
    EXPECT_NE(base::Message(status).find(line), std::string::npos) << base::Message(status);
  }

  Manifest manifest_;
  Gate gate_{manifest_};
};

TEST_F(GateTest, AMistypedPathIsToldTheNearest) {
  manifest_.read.push_back({"/a/b", "01112233445566778899aabbccddeeff", 1});
  manifest_.read.push_back({"hdfs://nn:9000/data/visits", "02112233445566778899aabbccddeeff", 1});
  const auto told = [&](std::string_view path) {
    const std::string text = base::Message(gate_.MayRead(path).status());
    const size_t at = text.find("did you mean");
    return at == std::string::npos ? "" : text.substr(at);
  };
  EXPECT_EQ(told("/bucket/patinets"), "did you mean \"/bucket/patients\"?");
  EXPECT_EQ(told("/bucket/patient"), "did you mean \"/bucket/patients\"?");
  EXPECT_EQ(told("/buckets/patients"), "did you mean \"/bucket/patients\"?");
  EXPECT_EQ(told("/bucket/model/risk/data"), "did you mean \"/bucket/models/risk/data\"?");
  EXPECT_EQ(told("/patients"), "did you mean \"/bucket/patients\"?");
  EXPECT_EQ(told("hdfs://nn:9000/data/visit"), "did you mean \"hdfs://nn:9000/data/visits\"?");
  EXPECT_EQ(told("/else/where"), "");
  EXPECT_EQ(told("/a/c"), "");  // a name of one letter is no typo of another
  EXPECT_EQ(told("/" + std::string(3000, 'x')), "");
  ExpectRefused(gate_.MayRead("/bucket/patinets").status(), "add [[read]] path = ");
  ExpectRefused(gate_.MayWrite("/bucket/model").status(), "did you mean \"/bucket/models\"?");
}

TEST_F(GateTest, TablesAreKeptInTheRootOfThatNameOrTheFirst) {
  EXPECT_EQ(gate_.Warehouse(), "/bucket/models");
  manifest_.write.push_back({"/bucket/tables", "01112233445566778899aabbccddeeff", 1, {}});
  EXPECT_EQ(gate_.Warehouse(), "/bucket/models");
  manifest_.read.push_back({"/else/spark-warehouse", "03112233445566778899aabbccddeeff", 1});
  EXPECT_EQ(gate_.Warehouse(), "/else/spark-warehouse");
  manifest_.write.back().alias = "spark-warehouse";
  EXPECT_EQ(gate_.Warehouse(), "/bucket/tables");
  manifest_.write.clear();
  manifest_.read.pop_back();
  EXPECT_EQ(gate_.Warehouse(), std::nullopt);
}

TEST_F(GateTest, ReadsAListedRootAndBelow) {
  const auto root = gate_.MayRead("file:///bucket/patients");
  ASSERT_TRUE(root.ok()) << base::Message(root.status());
  EXPECT_EQ(root->path, "/bucket/patients");
  EXPECT_EQ(root->root, "/bucket/patients");
  EXPECT_EQ(root->relative, "");
  EXPECT_EQ(root->id, "00112233445566778899aabbccddeeff");
  EXPECT_EQ(root->min_version, 3u);
  EXPECT_EQ(root->data_set, &manifest_.read[0]);
  EXPECT_EQ(root->writable, nullptr);

  const auto below = gate_.MayRead("/bucket/patients/metadata/part-00000");
  ASSERT_TRUE(below.ok());
  EXPECT_EQ(below->root, "/bucket/patients");
  EXPECT_EQ(below->relative, "metadata/part-00000");
}

TEST_F(GateTest, AScriptsNameStandsForItsRoot) {
  manifest_.read.push_back({"/bucket/sample", "01112233445566778899aabbccddeeff", 1,
                            "data/mllib/sample_libsvm_data.txt"});
  manifest_.read.push_back(
      {"/bucket/tables", "02112233445566778899aabbccddeeff", 1, "s3a://lake/tables"});
  manifest_.write[0].alias = "out";
  const auto sample = gate_.MayRead("data/mllib/sample_libsvm_data.txt");
  ASSERT_TRUE(sample.ok()) << base::Message(sample.status());
  EXPECT_EQ(sample->path, "/bucket/sample");
  EXPECT_EQ(sample->relative, "");
  const auto below = gate_.MayRead("s3a://lake/tables/year=2024/");
  ASSERT_TRUE(below.ok()) << base::Message(below.status());
  EXPECT_EQ(below->path, "/bucket/tables/year=2024");
  EXPECT_EQ(below->relative, "year=2024");
  EXPECT_TRUE(gate_.MayWrite("out/model").ok());
  EXPECT_TRUE(gate_.MayRead("/bucket/sample").ok());
  for (const char* other : {"data/mllib", "data/mllib/sample_libsvm_data.txt2", "outer", "out/../x",
                            "out//x", "./out", "s3a://lake/tables2"}) {
    EXPECT_FALSE(gate_.MayRead(other).ok()) << other;
  }
  EXPECT_FALSE(gate_.MayWrite("s3a://lake/tables/x").ok());
}

TEST_F(GateTest, ReadsAWritableRoot) {
  const auto tree = gate_.MayRead("file:/bucket/models/lr/data");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->relative, "lr/data");
  EXPECT_EQ(tree->id, "ffeeddccbbaa99887766554433221100");
  EXPECT_EQ(tree->min_version, 2u);
  EXPECT_EQ(tree->data_set, nullptr);
  EXPECT_EQ(tree->writable, &manifest_.write[0]);
}

TEST_F(GateTest, KnowsARootByItsId) {
  const auto data = gate_.RootOf("00112233445566778899aabbccddeeff");
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(data->path, "/bucket/patients");
  EXPECT_EQ(data->relative, "");
  EXPECT_EQ(data->min_version, 3u);
  EXPECT_EQ(data->data_set, &manifest_.read[0]);
  const auto tree = gate_.RootOf("ffeeddccbbaa99887766554433221100");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->writable, &manifest_.write[0]);
  const std::string other(32, 'a');
  ExpectRefused(gate_.RootOf(other).status(), "add [[read]] with its path and id = \"" + other);
}

TEST_F(GateTest, RefusesUnlistedReadsNamingTheLine) {
  for (const char* path : {"/bucket/patients2", "/bucket", "/bucket/patient", "/other"}) {
    ExpectRefused(gate_.MayRead(path).status(), std::string("add [[read]] path = \"") + path);
  }
}

TEST_F(GateTest, WritesBelowWritableRootsOnly) {
  const auto rule = gate_.MayWrite("file:///bucket/models/lr");
  ASSERT_TRUE(rule.ok());
  EXPECT_EQ(*rule, &manifest_.write[0]);
  EXPECT_TRUE(gate_.MayWrite("/bucket/models").ok());
  ExpectRefused(gate_.MayWrite("/bucket/patients").status(),
                "add [[write]] path = \"/bucket/patients\"");
  ExpectRefused(gate_.MayWrite("/bucket/models2/x").status(), "add [[write]]");
}

TEST_F(GateTest, SpellingsThatCouldLeadElsewhereAreRefused) {
  for (const char* path : {"/bucket/patients/../secrets", "/bucket/patients/%2e%2e/secrets",
                           "/bucket/patients//x", "/bucket/*", "s3a://bucket/patients"}) {
    EXPECT_FALSE(gate_.MayRead(path).ok()) << path;
    EXPECT_FALSE(gate_.MayWrite(path).ok()) << path;
  }
  EXPECT_FALSE(gate_.MayWrite("/bucket/models/../patients").ok());
}

TEST_F(GateTest, UsesListedClassesOnly) {
  EXPECT_TRUE(gate_.MayUse("org.apache.spark.ml.feature.VectorAssembler").ok());
  EXPECT_TRUE(gate_.MayUse("org.apache.spark.ml.classification.LogisticRegression").ok());
  ExpectRefused(
      gate_.MayUse("org.apache.spark.ml.classification.LogisticRegressionModel"),
      "add \"org.apache.spark.ml.classification.LogisticRegressionModel\" to [ml] classes");
  ExpectRefused(gate_.MayUse("org.apache.spark.ml.featureX"), "[ml] classes");
  ExpectRefused(gate_.MayUse(""), "[ml] classes");
}

TEST_F(GateTest, EmptyManifestAllowsNothing) {
  const Manifest empty;
  const Gate gate(empty);
  ExpectRefused(gate.MayRead("/a").status(), "[[read]]");
  ExpectRefused(gate.MayWrite("/a").status(), "[[write]]");
  ExpectRefused(gate.MayUse("a"), "[ml] classes");
  for (const Output output : {Output::kRows, Output::kMetrics, Output::kModels}) {
    ExpectRefused(gate.MayOutput(output),
                  "add " + std::string(OutputName(output)) + " = true to [outputs]");
  }
}

TEST_F(GateTest, EachOutputHasItsOwnLine) {
  manifest_.rows = true;
  EXPECT_TRUE(gate_.MayOutput(Output::kRows).ok());
  EXPECT_FALSE(gate_.MayOutput(Output::kMetrics).ok());
  EXPECT_FALSE(gate_.MayOutput(Output::kModels).ok());
  manifest_.rows = false;
  manifest_.metrics = true;
  EXPECT_FALSE(gate_.MayOutput(Output::kRows).ok());
  EXPECT_TRUE(gate_.MayOutput(Output::kMetrics).ok());
  EXPECT_FALSE(gate_.MayOutput(Output::kModels).ok());
  manifest_.metrics = false;
  manifest_.models = true;
  EXPECT_FALSE(gate_.MayOutput(Output::kRows).ok());
  EXPECT_FALSE(gate_.MayOutput(Output::kMetrics).ok());
  EXPECT_TRUE(gate_.MayOutput(Output::kModels).ok());
}

TEST_F(GateTest, OnlyListedKindsOfStatisticsAreReleased) {
  manifest_.metrics = true;  // what the owner may fetch says nothing about what others may see
  EXPECT_EQ(gate_.statistics(), nullptr);
  ExpectRefused(gate_.MayRelease("binary"), "scheme = \"partitioned\" and kinds = [\"binary\"]");
  manifest_.statistics.emplace();
  manifest_.statistics->kinds = {"binary"};
  manifest_.statistics->inside = {"multiclass"};
  EXPECT_EQ(gate_.statistics(), &*manifest_.statistics);
  EXPECT_TRUE(gate_.MayRelease("binary").ok());
  ExpectRefused(gate_.MayRelease("multiclass"), "move \"multiclass\" to [statistics] kinds");
  ExpectRefused(gate_.MayRelease("regression"), "add \"regression\" to [statistics] kinds");
  ExpectRefused(gate_.MayRelease(""), "[statistics] kinds");
  ExpectRefused(gate_.MayRelease("binary2"), "[statistics] kinds");
  ExpectRefused(gate_.MayRelease("*"), "[statistics] kinds");
}

TEST(MatchesGlobTest, StarsAndQuestionMarks) {
  EXPECT_TRUE(MatchesGlob("", ""));
  EXPECT_FALSE(MatchesGlob("", "a"));
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("*", "abc"));
  EXPECT_TRUE(MatchesGlob("a*c", "abbc"));
  EXPECT_TRUE(MatchesGlob("a*c", "ac"));
  EXPECT_FALSE(MatchesGlob("a*c", "ab"));
  EXPECT_TRUE(MatchesGlob("a?c", "abc"));
  EXPECT_FALSE(MatchesGlob("a?c", "ac"));
  EXPECT_TRUE(MatchesGlob("*.ml.*Model", "org.ml.x.ml.KMeansModel"));
  EXPECT_FALSE(MatchesGlob("*.ml.*Model", "org.ml.KMeansModels"));
  EXPECT_TRUE(MatchesGlob("**a**", "xxaxx"));
  EXPECT_FALSE(MatchesGlob("a.b", "axb"));
}

TEST(MatchesGlobTest, ManyStarsStayFast) {
  std::string glob;
  for (int i = 0; i < 100; ++i) glob += "a*";
  EXPECT_FALSE(MatchesGlob(glob + "b", std::string(4096, 'a')));
}

}  // namespace
}  // namespace soteria::policy
