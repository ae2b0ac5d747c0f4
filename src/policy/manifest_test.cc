#include "src/policy/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/policy/gate.h"

namespace soteria::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kMaster(64, 'a');
const std::string kWorker(64, 'b');
const std::string kId1(32, '1');
const std::string kId2(32, '2');
const std::string kKey =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004" + std::string(128, 'c');

// Lines 1 to 5 of every Manifest here.
std::string Head() {
  return "task = \"risk\"\n[tee]\nkinds = [\"simulated\"]\nmaster = [\"" + kMaster +
         "\"]\nworker = [\"" + kWorker + "\"]\n";
}
std::string Least() { return Head() + "simulated_key = \"" + kKey + "\"\n"; }  // 6 lines
std::string RealHead(const std::string& kinds) {
  return "task = \"risk\"\n[tee]\nkinds = " + kinds + "\nmaster = [\"" + kMaster +
         "\"]\nworker = [\"" + kWorker + "\"]\n";
}
std::string Root(const std::string& table, const std::string& path, const std::string& id) {
  return "[[" + table + "]]\npath = \"" + path + "\"\nid = \"" + id + "\"\n";
}

// Lines 7 to 9, behind Least.
std::string Partitioned() {
  return "[statistics]\nscheme = \"partitioned\"\nkinds = [\"binary\"]\n";
}

Manifest Parsed(const std::string& toml) {
  auto manifest = ParseManifest(toml);
  EXPECT_TRUE(manifest.ok()) << base::Message(manifest.status());
  return manifest.ok() ? *std::move(manifest) : Manifest{};
}

TEST(ParseManifestTest, DefaultsOfTheLeastManifest) {
  const Manifest manifest = Parsed(Least());
  EXPECT_EQ(manifest.task, "risk");
  EXPECT_THAT(manifest.tee.kinds, ElementsAre(TeeKind::kSimulated));
  EXPECT_EQ(base::Hex(base::View(manifest.tee.master_measurements.at(0))), kMaster);
  EXPECT_EQ(base::Hex(base::View(manifest.tee.worker_measurements.at(0))), kWorker);
  EXPECT_EQ(base::Hex(manifest.tee.simulated_key.value()), kKey);
  EXPECT_THAT(manifest.tee.platforms, IsEmpty());
  EXPECT_THAT(manifest.classes, IsEmpty());
  EXPECT_THAT(manifest.read, IsEmpty());
  EXPECT_THAT(manifest.write, IsEmpty());
  EXPECT_FALSE(manifest.rows);
  EXPECT_FALSE(manifest.metrics);
  EXPECT_FALSE(manifest.models);
  EXPECT_FALSE(manifest.statistics.has_value());
  EXPECT_EQ(manifest.max_workers, 256u);
  EXPECT_EQ(manifest.linger_s, 60u);
  EXPECT_EQ(manifest.reattest_s, 3600u);
  EXPECT_EQ(manifest.collect_bytes_max, 1073741824u);
  EXPECT_EQ(manifest.stage_attempts_max, 4u);
  EXPECT_EQ(manifest.outcomes_max, 1000u);
  EXPECT_EQ(manifest.text, Least());
}

TEST(ParseManifestTest, EveryKey) {
  const Manifest manifest = Parsed(
      RealHead("[\"sgx\", \"tdx\"]") +
      "platforms = [\"p1\", \"p2\"]\n[ml]\nclasses = [\"org.apache.spark.ml.*\", \"a.B\"]\n" +
      Root("read", "file:///d/one", kId1) + "min_version = 7\n" + Root("write", "/d/two/", kId2) +
      "min_version = 2\ntee_kinds = [\"tdx\"]\n[outputs]\nrows = true\nmetrics = true\n"
      "models = true\n[limits]\nmax_workers = 2\nlinger_s = 3\nreattest_s = 4\n"
      "collect_bytes_max = 5000\nstage_attempts_max = 6\noutcomes_max = 7\n");
  EXPECT_THAT(manifest.tee.kinds, ElementsAre(TeeKind::kSgx, TeeKind::kTdx));
  EXPECT_THAT(manifest.tee.platforms, ElementsAre("p1", "p2"));
  EXPECT_FALSE(manifest.tee.simulated_key.has_value());
  EXPECT_THAT(manifest.classes, ElementsAre("org.apache.spark.ml.*", "a.B"));
  ASSERT_EQ(manifest.read.size(), 1u);
  EXPECT_EQ(manifest.read[0].path, "/d/one");
  EXPECT_EQ(manifest.read[0].id, kId1);
  EXPECT_EQ(manifest.read[0].min_version, 7u);
  ASSERT_EQ(manifest.write.size(), 1u);
  EXPECT_EQ(manifest.write[0].path, "/d/two");
  EXPECT_EQ(manifest.write[0].id, kId2);
  EXPECT_EQ(manifest.write[0].min_version, 2u);
  EXPECT_THAT(manifest.write[0].tee, ElementsAre(TeeKind::kTdx));
  EXPECT_TRUE(manifest.rows && manifest.metrics && manifest.models);
  EXPECT_EQ(manifest.max_workers, 2u);
  EXPECT_EQ(manifest.linger_s, 3u);
  EXPECT_EQ(manifest.reattest_s, 4u);
  EXPECT_EQ(manifest.collect_bytes_max, 5000u);
  EXPECT_EQ(manifest.stage_attempts_max, 6u);
  EXPECT_EQ(manifest.outcomes_max, 7u);
}

TEST(ParseManifestTest, ARootMayHaveAScriptsName) {
  Manifest manifest =
      Parsed(Least() + Root("read", "/a", kId1) + "as = \"data/mllib/sample.txt\"\n" +
             Root("write", "/b", kId2) + "as = \"hdfs://nn/out/\"\n");
  EXPECT_EQ(manifest.read.at(0).alias, "data/mllib/sample.txt");
  EXPECT_EQ(manifest.write.at(0).alias, "hdfs://nn/out");
  const Manifest again = Parsed(WriteManifest(manifest));
  EXPECT_EQ(again.read.at(0).alias, manifest.read.at(0).alias);
  EXPECT_EQ(again.write.at(0).alias, manifest.write.at(0).alias);
}

TEST(ParseManifestTest, WritableRootTakesTheKindsOfTheManifest) {
  const Manifest manifest = Parsed(Least() + Root("write", "/w", kId1));
  EXPECT_THAT(manifest.write.at(0).tee, ElementsAre(TeeKind::kSimulated));
  EXPECT_EQ(manifest.write.at(0).min_version, 1u);
}

TEST(ParseManifestTest, DigestIsSha256OfTheBytes) {
  // FIPS 180-4 fixes SHA-256; the value is `sha256sum` of the file.
  const std::string toml = "task = \"t\"\n[tee]\nkinds = [\"sgx\"]\nmaster = [\"" + kMaster +
                           "\"]\nworker = [\"" + kWorker + "\"]\n";
  EXPECT_EQ(base::Hex(base::View(Parsed(toml).digest)),
            "6d825adb635d227455bb9a8501d071dee7f08da1b51a193123fa2f731eff3645");
  EXPECT_NE(Parsed(toml).digest, Parsed(toml + "\n").digest);
}

struct Bad {
  const char* name;
  std::string toml;
  std::string place;   // beginning of the message
  std::string remedy;  // somewhere in it
};

class BadManifestTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadManifestTest, NamesLineKeyAndRemedy) {
  const auto manifest = ParseManifest(GetParam().toml);
  ASSERT_FALSE(manifest.ok());
  EXPECT_TRUE(base::Is(manifest.status(), base::kManifest));
  const std::string message = base::Message(manifest.status());
  EXPECT_TRUE(message.starts_with(GetParam().place)) << message;
  EXPECT_THAT(message, HasSubstr(GetParam().remedy));
}

std::string Name(const ::testing::TestParamInfo<Bad>& param_info) { return param_info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Top, BadManifestTest,
    ::testing::Values(
        Bad{"Empty", "", "task: is missing", "task = "},
        Bad{"NotToml", "task = \n", "line 1: not TOML", ""},
        Bad{"NotUtf8", "task = \"\xff\"\n", "line 1: not TOML", ""},
        Bad{"KeyTwice", "task = \"a\"\ntask = \"b\"\n", "line 2: not TOML", ""},
        Bad{"TableTwice", Least() + "[tee]\n", "line 7: not TOML", ""},
        Bad{"Umlaut", "task = \xc3\xa4\n", "line 1: not TOML", ""},
        Bad{"UmlautBehindKey", "task \xc3\xa4 = 1\n", "line 1: not TOML", ""},
        Bad{"WideSpace",
            "task =\xe3\x80\x80"
            "1\n",
            "line 1: not TOML", ""},
        Bad{"BadTableName", "[{tee]\n", "line 1: not TOML", ""},
        Bad{"TooDeep", "task = " + std::string(2000, '[') + "\n", "line 1: not TOML", ""},
        Bad{"TaskNumber", "task = 1\n", "line 1: task: is a whole number", "task = \"...\""},
        Bad{"TaskEmpty", "task = \"\"\n", "line 1: task: ", "1 to 128"},
        Bad{"TaskLong", "task = \"" + std::string(129, 'x') + "\"\n", "line 1: task: ", "1 to 128"},
        Bad{"TaskControl", "task = \"a\\nb\"\n", "line 1: task: ", "control"},
        Bad{"NoTee", "task = \"a\"\n", "tee: is missing", "[tee]"},
        Bad{"TeeText", "task = \"a\"\ntee = \"sgx\"\n", "line 2: tee: is a string", "[tee]"},
        Bad{"UnknownTop", Least() + "[limit]\n", "line 7: limit: is not a key",
            "did you mean limits?"},
        Bad{"UnknownTopFar", Least() + "[measures]\n", "line 7: measures: is not a key",
            "known here: task, tee, ml, read, write, outputs, statistics, limits"},
        Bad{"UnknownDate", "task = \"a\"\nwhen = 2020-01-01\n" + Least().substr(14),
            "line 2: when: is not a key", ""}),
    Name);

INSTANTIATE_TEST_SUITE_P(
    Tee, BadManifestTest,
    ::testing::Values(
        Bad{"NoKinds", "task = \"a\"\n[tee]\n", "line 2: [tee] kinds: is missing", "kinds = "},
        Bad{"EmptyKinds", RealHead("[]"), "line 3: [tee] kinds: is empty", "kinds = "},
        Bad{"KindsText", RealHead("\"sgx\""), "line 3: [tee] kinds: is a string",
            "kinds = [\"...\"]"},
        Bad{"KindNumber", RealHead("[1]"), "line 3: [tee] kinds: is a whole number", "quotes"},
        Bad{"KindUnknown", RealHead("[\"SGX\"]"), "line 3: [tee] kinds: \"SGX\" is no TEE kind",
            "\"sgx\""},
        Bad{"KindTwice", RealHead("[\"sgx\", \"sgx\"]"), "line 3: [tee] kinds: \"sgx\"", "twice"},
        Bad{"Mixed", RealHead("[\"sgx\", \"simulated\"]"), "line 3: [tee] kinds: mixes",
            "[\"simulated\"] or real kinds"},
        Bad{"MixedOtherWay", RealHead("[\"simulated\", \"snp\"]"), "line 3: [tee] kinds: mixes",
            ""},
        Bad{"NoMaster", "task = \"a\"\n[tee]\nkinds = [\"sgx\"]\n",
            "line 2: [tee] master: is missing", "master = ["},
        Bad{"NoWorker", "task = \"a\"\n[tee]\nkinds = [\"sgx\"]\nmaster = [\"" + kMaster + "\"]\n",
            "line 2: [tee] worker: is missing", "worker = ["},
        Bad{"EmptyMaster", "task = \"a\"\n[tee]\nkinds = [\"sgx\"]\nmaster = []\n",
            "line 4: [tee] master: is empty", "64 hex digits"},
        Bad{"MasterText", "task = \"a\"\n[tee]\nkinds = [\"sgx\"]\nmaster = \"" + kMaster + "\"\n",
            "line 4: [tee] master: is a string", "master = ["},
        Bad{"MasterShort", "task = \"a\"\n[tee]\nkinds = [\"sgx\"]\nmaster = [\"abcd\"]\n",
            "line 4: [tee] master: ", "64 lower-case hex digits"},
        Bad{"MasterUpper",
            "task = \"a\"\n[tee]\nkinds = [\"sgx\"]\nmaster = [\"" + std::string(64, 'A') + "\"]\n",
            "line 4: [tee] master: ", "lower-case"},
        Bad{"MasterZero",
            "task = \"a\"\n[tee]\nkinds = [\"sgx\"]\nmaster = [\"" + std::string(64, '0') + "\"]\n",
            "line 4: [tee] master: is all zero", ""},
        Bad{"MasterTwice",
            "task = \"a\"\n[tee]\nkinds = [\"sgx\"]\nmaster = [\n\"" + kMaster + "\",\n\"" +
                kMaster + "\"]\n",
            "line 6: [tee] master: ", "twice"},
        Bad{"NoSimulatedKey", Head(), "line 2: [tee] simulated_key: is missing", "public key"},
        Bad{"SimulatedKeyReal", RealHead("[\"sgx\"]") + "simulated_key = \"" + kKey + "\"\n",
            "line 6: [tee] simulated_key: stands beside real kinds", "leave it out"},
        Bad{"SimulatedKeyShort", Head() + "simulated_key = \"abcd\"\n",
            "line 6: [tee] simulated_key: is no P-256 public key", "182"},
        Bad{"SimulatedKeyOther", Head() + "simulated_key = \"" + std::string(182, '3') + "\"\n",
            "line 6: [tee] simulated_key: is no P-256 public key", ""},
        Bad{"PlatformsEmpty", RealHead("[\"sgx\"]") + "platforms = []\n",
            "line 6: [tee] platforms: is empty", "leave the key out"},
        Bad{"PlatformsSimulated", Least() + "platforms = [\"a\"]\n",
            "line 7: [tee] platforms: has no meaning", ""},
        Bad{"PlatformBlank", RealHead("[\"sgx\"]") + "platforms = [\"\"]\n",
            "line 6: [tee] platforms: ", "1 to 256"},
        Bad{"PlatformTwice", RealHead("[\"sgx\"]") + "platforms = [\"a\", \"a\"]\n",
            "line 6: [tee] platforms: ", "twice"},
        Bad{"UnknownTee", Least() + "kind = [\"sgx\"]\n", "line 7: [tee] kind: is not a key",
            "did you mean kinds?"}),
    Name);

INSTANTIATE_TEST_SUITE_P(
    Roots, BadManifestTest,
    ::testing::Values(
        Bad{"ReadTable", Least() + "[read]\npath = \"/a\"\n", "line 7: read: is a table",
            "[[read]]"},
        Bad{"ReadTexts", "read = [\"/a\"]\n" + Least(), "line 1: read: is a string", "[[read]]"},
        Bad{"NoPath", Least() + "[[read]]\nid = \"" + kId1 + "\"\n",
            "line 7: [[read]] path: is missing", "path = "},
        Bad{"PathList", Least() + "[[read]]\npath = [\"/a\"]\n", "line 8: [[read]] path: is a list",
            "path = \"...\""},
        Bad{"PathDots", Least() + Root("read", "/a/../b", kId1), "line 8: [[read]] path: ", ".."},
        Bad{"PathScheme", Least() + Root("write", "S3A://b/c", kId1),
            "line 8: [[write]] path: ", "small letters"},
        Bad{"NoId", Least() + "[[read]]\npath = \"/a\"\n", "line 7: [[read]] id: is missing",
            "`put` prints"},
        Bad{"IdShort", Least() + Root("read", "/a", "12"),
            "line 9: [[read]] id: ", "32 lower-case hex digits"},
        Bad{"IdUpper", Least() + Root("read", "/a", std::string(32, 'F')),
            "line 9: [[read]] id: ", "lower-case"},
        Bad{"VersionZero", Least() + Root("read", "/a", kId1) + "min_version = 0\n",
            "line 10: [[read]] min_version: is 0", "from 1"},
        Bad{"VersionNegative", Least() + Root("read", "/a", kId1) + "min_version = -1\n",
            "line 10: [[read]] min_version: is -1", "from 1"},
        Bad{"VersionFraction", Least() + Root("read", "/a", kId1) + "min_version = 1.0\n",
            "line 10: [[read]] min_version: is a number with a fraction", "min_version = 1"},
        Bad{"SamePath", Least() + Root("read", "/a", kId1) + Root("read", "file:///a/", kId2),
            "line 11: [[read]] path: \"/a\" is listed already in line 8", ""},
        Bad{"SamePathReadWrite", Least() + Root("read", "/a", kId1) + Root("write", "/a", kId2),
            "line 11: [[write]] path: \"/a\" is listed already in line 8", "readable too"},
        Bad{"Nested", Least() + Root("read", "/a", kId1) + Root("write", "/a/b", kId2),
            "line 11: [[write]] path: ", "contain each other"},
        Bad{"NameTwice",
            Least() + Root("read", "/a", kId1) + "as = \"data/x\"\n" + Root("read", "/b", kId2) +
                "as = \"data/x/\"\n",
            "line 14: [[read]] as: ", "the same or contain each other"},
        Bad{"NameInName",
            Least() + Root("read", "/a", kId1) + "as = \"data\"\n" + Root("write", "/b", kId2) +
                "as = \"data/x\"\n",
            "line 14: [[write]] as: ", "the same or contain each other"},
        Bad{"NameOfAnotherPath",
            Least() + Root("read", "/a", kId1) + Root("read", "/b", kId2) +
                "as = \"file:///a/x\"\n",
            "line 13: [[read]] as: ", "the same or contain each other"},
        Bad{"PathOfAnotherName",
            Least() + Root("read", "/a", kId1) + "as = \"/b\"\n" + Root("read", "/b/c", kId2),
            "line 12: [[read]] path: ", "the same or contain each other"},
        Bad{"NameUpwards", Least() + Root("read", "/a", kId1) + "as = \"../x\"\n",
            "line 10: [[read]] as: ", "\"..\""},
        Bad{"NameWithGlob", Least() + Root("read", "/a", kId1) + "as = \"x/*.csv\"\n",
            "line 10: [[read]] as: ", "glob"},
        Bad{"NameEmpty", Least() + Root("read", "/a", kId1) + "as = \"\"\n",
            "line 10: [[read]] as: ", "1 to"},
        Bad{"NestedOtherWay", Least() + Root("read", "/a/b", kId1) + Root("read", "/a", kId2),
            "line 11: [[read]] path: ", "contain each other"},
        Bad{"SameId", Least() + Root("read", "/a", kId1) + Root("write", "/b", kId1),
            "line 12: [[write]] id: the same id is listed already in line 9", ""},
        Bad{"ReadKinds", Least() + Root("read", "/a", kId1) + "tee_kinds = [\"sgx\"]\n",
            "line 10: [[read]] tee_kinds: is not a key", "known here: path, id, min_version"},
        Bad{"WriteKindsEmpty", Least() + Root("write", "/a", kId1) + "tee_kinds = []\n",
            "line 10: [[write]] tee_kinds: is empty", "leave the key out"},
        Bad{"WriteKindsMixed", Least() + Root("write", "/a", kId1) + "tee_kinds = [\"sgx\"]\n",
            "line 10: [[write]] tee_kinds: mixes", ""},
        Bad{"WriteKindsUnknown", Least() + Root("write", "/a", kId1) + "tee_kinds = [\"tpm\"]\n",
            "line 10: [[write]] tee_kinds: \"tpm\"", "\"sgx\""}),
    Name);

INSTANTIATE_TEST_SUITE_P(
    Rest, BadManifestTest,
    ::testing::Values(
        Bad{"ClassesText", Least() + "[ml]\nclasses = \"a\"\n", "line 8: [ml] classes: is a string",
            "classes = [\"...\"]"},
        Bad{"ClassBlank", Least() + "[ml]\nclasses = [\"\"]\n",
            "line 8: [ml] classes: ", "full name"},
        Bad{"ClassSpace", Least() + "[ml]\nclasses = [\"a b\"]\n",
            "line 8: [ml] classes: ", "full name"},
        Bad{"ClassLong", Least() + "[ml]\nclasses = [\"" + std::string(257, 'a') + "\"]\n",
            "line 8: [ml] classes: ", "full name"},
        Bad{"ClassTwice", Least() + "[ml]\nclasses = [\"a\",\n\"a\"]\n",
            "line 9: [ml] classes: ", "twice"},
        Bad{"MlUnknown", Least() + "[ml]\nclass = [\"a\"]\n", "line 8: [ml] class: is not a key",
            "did you mean classes?"},
        Bad{"RowsText", Least() + "[outputs]\nrows = \"yes\"\n",
            "line 8: [outputs] rows: is a string", "rows = true"},
        Bad{"RowsNumber", Least() + "[outputs]\nrows = 1\n",
            "line 8: [outputs] rows: is a whole number", "rows = true"},
        Bad{"OutputUnknown", Least() + "[outputs]\nrow = true\n",
            "line 8: [outputs] row: is not a key", "did you mean rows?"},
        Bad{"WorkersZero", Least() + "[limits]\nmax_workers = 0\n",
            "line 8: [limits] max_workers: is 0", "from 1 to 65536"},
        Bad{"WorkersMany", Least() + "[limits]\nmax_workers = 65537\n",
            "line 8: [limits] max_workers: is 65537", "from 1 to 65536"},
        Bad{"WorkersHuge", Least() + "[limits]\nmax_workers = 99999999999999999999\n",
            "line 8: not TOML", ""},
        Bad{"LingerZero", Least() + "[limits]\nlinger_s = 0\n", "line 8: [limits] linger_s: is 0",
            "from 1 to 604800"},
        Bad{"ReattestLong", Least() + "[limits]\nreattest_s = 604801\n",
            "line 8: [limits] reattest_s: is 604801", "to 604800"},
        Bad{"CollectSmall", Least() + "[limits]\ncollect_bytes_max = 1023\n",
            "line 8: [limits] collect_bytes_max: is 1023", "from 1024 to 68719476736"},
        Bad{"CollectText", Least() + "[limits]\ncollect_bytes_max = \"1 GiB\"\n",
            "line 8: [limits] collect_bytes_max: is a string", "collect_bytes_max = 1073741824"},
        Bad{"OutcomesNone", Least() + "[limits]\noutcomes_max = 0\n",
            "line 8: [limits] outcomes_max: is 0", "from 1 to 1000000000"},
        Bad{"AttemptsMany", Least() + "[limits]\nstage_attempts_max = 101\n",
            "line 8: [limits] stage_attempts_max: is 101", "from 1 to 100"},
        Bad{"LimitUnknown", Least() + "[limits]\nmax_worker = 3\n",
            "line 8: [limits] max_worker: is not a key", "did you mean max_workers?"}),
    Name);

INSTANTIATE_TEST_SUITE_P(
    Statistics, BadManifestTest,
    ::testing::Values(
        Bad{"StatisticsText", "statistics = \"partitioned\"\n" + Least(),
            "line 1: statistics: is a string", "[statistics]"},
        Bad{"SchemeUnknown", Least() + "[statistics]\nscheme = \"outside\"\n",
            "line 8: [statistics] scheme: \"outside\" is no scheme", "\"partitioned\""},
        Bad{"SchemeBool", Least() + "[statistics]\nscheme = true\n",
            "line 8: [statistics] scheme: is true or false", "scheme = \"...\""},
        Bad{"BaselineKinds", Least() + "[statistics]\nkinds = [\"binary\"]\n",
            "line 8: [statistics] kinds: has no meaning", "write scheme = \"partitioned\""},
        Bad{"BaselineRelease",
            Least() + "[statistics]\nscheme = \"baseline\"\nrelease = \"aggregate\"\n",
            "line 9: [statistics] release: has no meaning", "leave it out"},
        Bad{"BaselineInside", Least() + "[statistics]\ninside = []\n",
            "line 8: [statistics] inside: has no meaning", ""},
        Bad{"BaselineMinRows", Least() + "[statistics]\nmin_rows = 10\n",
            "line 8: [statistics] min_rows: has no meaning", ""},
        Bad{"BaselineBins", Least() + "[statistics]\nbins = 10\n",
            "line 8: [statistics] bins: has no meaning", ""},
        Bad{"BaselineBudget", Least() + "[statistics]\nbudget = 10\n",
            "line 8: [statistics] budget: has no meaning", ""},
        Bad{"BaselineUnverified", Least() + "[statistics]\nunverified = false\n",
            "line 8: [statistics] unverified: has no meaning", ""},
        Bad{"NoStatisticKinds", Least() + "[statistics]\nscheme = \"partitioned\"\n",
            "line 7: [statistics] kinds: is missing",
            "kinds = [\"binary\", \"multiclass\", \"regression\", \"summary\", \"classes\"]"},
        Bad{"StatisticKindsEmpty", Least() + "[statistics]\nscheme = \"partitioned\"\nkinds = []\n",
            "line 9: [statistics] kinds: is empty", "scheme = \"baseline\""},
        Bad{"StatisticKindUnknown",
            Least() + "[statistics]\nscheme = \"partitioned\"\nkinds = [\"roc\"]\n",
            "line 9: [statistics] kinds: \"roc\" is no kind", "\"multiclass\""},
        Bad{"StatisticKindTwice",
            Least() + "[statistics]\nscheme = \"partitioned\"\nkinds = [\"binary\",\n\"binary\"]\n",
            "line 10: [statistics] kinds: \"binary\"", "twice"},
        Bad{"InsideUnknown", Least() + Partitioned() + "inside = [\"all\"]\n",
            "line 10: [statistics] inside: \"all\" is no kind", "\"regression\""},
        Bad{"InsideTwice", Least() + Partitioned() + "inside = [\"multiclass\", \"multiclass\"]\n",
            "line 10: [statistics] inside: \"multiclass\"", "twice"},
        Bad{"InsideAndOutside", Least() + Partitioned() + "inside = [\"binary\"]\n",
            "line 10: [statistics] inside: \"binary\" is in kinds too", "one of the two"},
        Bad{"LevelUnknown", Least() + Partitioned() + "release = \"rows\"\n",
            "line 10: [statistics] release: \"rows\" is no level", "\"aggregate\" or \"scores\""},
        Bad{"MinRowsZero", Least() + Partitioned() + "min_rows = 0\n",
            "line 10: [statistics] min_rows: is 0", "from 1 to 1000000000"},
        Bad{"MinRowsMany", Least() + Partitioned() + "min_rows = 1000000001\n",
            "line 10: [statistics] min_rows: is 1000000001", "to 1000000000"},
        Bad{"BinsOne", Least() + Partitioned() + "bins = 1\n", "line 10: [statistics] bins: is 1",
            "from 2 to 1000000"},
        Bad{"BinsMany", Least() + Partitioned() + "bins = 1000001\n",
            "line 10: [statistics] bins: is 1000001", "to 1000000"},
        Bad{"BudgetZero", Least() + Partitioned() + "budget = 0\n",
            "line 10: [statistics] budget: is 0", "from 1 to 281474976710656"},
        Bad{"BudgetNegative", Least() + Partitioned() + "budget = -1\n",
            "line 10: [statistics] budget: is -1", "from 1"},
        Bad{"BinsOfScores", Least() + Partitioned() + "release = \"scores\"\nbins = 10\n",
            "line 11: [statistics] bins: has no meaning", "leave it out"},
        Bad{"MinRowsOfScores", Least() + Partitioned() + "release = \"scores\"\nmin_rows = 10\n",
            "line 11: [statistics] min_rows: has no meaning", "leave it out"},
        Bad{"UnverifiedAggregate", Least() + Partitioned() + "unverified = true\n",
            "line 10: [statistics] unverified: is for release = \"scores\" only", "leave it out"},
        Bad{"StatisticsUnknown", Least() + Partitioned() + "min_row = 3\n",
            "line 10: [statistics] min_row: is not a key", "did you mean min_rows?"}),
    Name);

TEST(StatisticsTest, BaselineIsTheDefault) {
  EXPECT_FALSE(Parsed(Least() + "[statistics]\n").statistics.has_value());
  EXPECT_FALSE(Parsed(Least() + "[statistics]\nscheme = \"baseline\"\n").statistics.has_value());
}

TEST(StatisticsTest, DefaultsAndEveryKey) {
  StatisticsRule rule;
  rule.kinds = {"binary"};
  EXPECT_EQ(Parsed(Least() + Partitioned()).statistics, rule);
  EXPECT_EQ(rule.release, ReleaseLevel::kAggregate);
  EXPECT_EQ(rule.min_rows, 10u);
  EXPECT_EQ(rule.bins, 1000u);
  EXPECT_EQ(rule.budget, 100'000u);
  EXPECT_FALSE(rule.unverified);
  rule.inside = {"multiclass", "regression"};
  rule.min_rows = 1'000'000'000;
  rule.bins = 2;
  rule.budget = uint64_t{1} << 48;
  EXPECT_EQ(Parsed(Least() + Partitioned() +
                   "release = \"aggregate\"\ninside = [\"multiclass\", \"regression\"]\n"
                   "min_rows = 1000000000\nbins = 2\nbudget = 281474976710656\n"
                   "unverified = false\n")
                .statistics,
            rule);
  const Manifest scores =
      Parsed(Least() +
             "[statistics]\nscheme = \"partitioned\"\nrelease = \"scores\"\n"
             "kinds = [\"binary\", \"summary\", \"classes\"]\nunverified = true\n");
  EXPECT_EQ(scores.statistics.value().release, ReleaseLevel::kScores);
  EXPECT_THAT(scores.statistics->kinds, ElementsAre("binary", "summary", "classes"));
  EXPECT_TRUE(scores.statistics->unverified);
}

TEST(StatisticsTest, WarningsSayWhatIsShown) {
  const std::string quiet = Least() + Root("read", "/a", kId1) + "[outputs]\nmetrics = true\n";
  EXPECT_THAT(Parsed(quiet + Partitioned()).warnings(), IsEmpty());
  EXPECT_THAT(Parsed(quiet + Partitioned() + "release = \"scores\"\n").warnings(),
              ElementsAre(HasSubstr("shows the host the model's answers on these rows")));
  EXPECT_THAT(
      Parsed(quiet + Partitioned() + "release = \"scores\"\nunverified = true\n").warnings(),
      ElementsAre(HasSubstr("scores"), HasSubstr("CrossValidator")));
  EXPECT_THAT(Parsed(quiet + Partitioned() + "min_rows = 1\n").warnings(),
              ElementsAre(HasSubstr("a single row")));
  EXPECT_THAT(Parsed(Least() + Root("read", "/a", kId1) + Partitioned()).warnings(),
              ElementsAre(HasSubstr("metrics = false")));
  EXPECT_THAT(Parsed(Least() + Root("read", "/a", kId1) +
                     "[statistics]\nscheme = \"partitioned\"\nkinds = [\"summary\", \"classes\"]\n")
                  .warnings(),
              IsEmpty());
}

TEST(ParseManifestTest, SizesAreLimited) {
  std::string large = Least() + "#" + std::string(kManifestBytesMax, 'x');
  EXPECT_TRUE(base::Is(ParseManifest(large).status(), base::kManifest));
  large.resize(kManifestBytesMax);
  EXPECT_TRUE(ParseManifest(large).ok());

  std::string classes = Least() + "[ml]\nclasses = [";
  for (size_t i = 0; i <= kManifestListMax; ++i) classes += base::Cat("\"c", i, "\",");
  const auto too_many = ParseManifest(classes + "]\n");
  ASSERT_FALSE(too_many.ok());
  EXPECT_THAT(base::Message(too_many.status()), HasSubstr("more than 1024"));

  std::string roots = Least();
  for (size_t i = 0; i <= kManifestListMax; ++i) {
    const std::string number = base::Cat(100000 + i);
    roots += Root("read", "/r" + number, std::string(26, '0') + number);
  }
  const auto too_many_roots = ParseManifest(roots);
  ASSERT_FALSE(too_many_roots.ok());
  EXPECT_THAT(base::Message(too_many_roots.status()), HasSubstr("more than 1024"));
}

TEST(WarningsTest, SayWhatTheOwnerShouldKnow) {
  EXPECT_THAT(Parsed(Least() + Root("read", "/a", kId1)).warnings(), IsEmpty());
  EXPECT_THAT(Parsed(RealHead("[\"sgx\"]") + Root("read", "/a", kId1)).warnings(),
              ElementsAre(HasSubstr("platforms")));
  EXPECT_THAT(
      Parsed(RealHead("[\"sgx\"]") + "platforms = [\"p\"]\n" + Root("read", "/a", kId1)).warnings(),
      IsEmpty());
  EXPECT_THAT(Parsed(Least()).warnings(), ElementsAre(HasSubstr("[[read]]")));
  EXPECT_THAT(Parsed(Least() + "[ml]\nclasses = [\"*\"]\n" + Root("read", "/a", kId1)).warnings(),
              ElementsAre(HasSubstr("every class")));
  EXPECT_THAT(Parsed(RealHead("[\"sgx\"]") + "platforms = [\"p\"]\n" + Root("write", "/a", kId1) +
                     "tee_kinds = [\"tdx\"]\n")
                  .warnings(),
              ElementsAre(HasSubstr("lacks sgx")));
}

void ExpectSame(const Manifest& a, const Manifest& b) {
  EXPECT_EQ(a.task, b.task);
  EXPECT_EQ(a.tee.kinds, b.tee.kinds);
  EXPECT_EQ(a.tee.master_measurements, b.tee.master_measurements);
  EXPECT_EQ(a.tee.worker_measurements, b.tee.worker_measurements);
  EXPECT_EQ(a.tee.platforms, b.tee.platforms);
  EXPECT_EQ(a.tee.simulated_key, b.tee.simulated_key);
  EXPECT_EQ(a.classes, b.classes);
  ASSERT_EQ(a.read.size(), b.read.size());
  for (size_t i = 0; i < a.read.size(); ++i) {
    EXPECT_EQ(a.read[i].path, b.read[i].path);
    EXPECT_EQ(a.read[i].id, b.read[i].id);
    EXPECT_EQ(a.read[i].min_version, b.read[i].min_version);
  }
  ASSERT_EQ(a.write.size(), b.write.size());
  for (size_t i = 0; i < a.write.size(); ++i) {
    EXPECT_EQ(a.write[i].path, b.write[i].path);
    EXPECT_EQ(a.write[i].id, b.write[i].id);
    EXPECT_EQ(a.write[i].min_version, b.write[i].min_version);
    EXPECT_EQ(a.write[i].tee, b.write[i].tee);
  }
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.metrics, b.metrics);
  EXPECT_EQ(a.models, b.models);
  EXPECT_EQ(a.statistics, b.statistics);
  EXPECT_EQ(a.max_workers, b.max_workers);
  EXPECT_EQ(a.linger_s, b.linger_s);
  EXPECT_EQ(a.reattest_s, b.reattest_s);
  EXPECT_EQ(a.collect_bytes_max, b.collect_bytes_max);
  EXPECT_EQ(a.stage_attempts_max, b.stage_attempts_max);
  EXPECT_EQ(a.outcomes_max, b.outcomes_max);
}

TEST(WriteManifestTest, ReadsBackToTheSameValues) {
  const std::string sources[] = {
      Least(),
      Least() + "[ml]\nclasses = [\"a.*\", \"b.C\"]\n" + Root("read", "/a b/\\\"c", kId1) +
          "min_version = 4\n[outputs]\nmodels = true\n",
      RealHead("[\"snp\", \"tdx\"]") + "platforms = [\"a\\\"b\\\\c\", \"\xc3\xa9\"]\n" +
          Root("read", "/d/one", kId1) + Root("write", "hdfs://n:9000/d/two", kId2) +
          "tee_kinds = [\"tdx\"]\n[outputs]\nrows = true\nmetrics = true\n[limits]\n"
          "max_workers = 2\nlinger_s = 3\nreattest_s = 4\ncollect_bytes_max = 5000\n"
          "stage_attempts_max = 6\n",
      Least() + Partitioned() + "inside = [\"multiclass\"]\nmin_rows = 3\nbins = 4\nbudget = 5\n",
      Least() + Partitioned() + "release = \"scores\"\nbudget = 6\nunverified = true\n"};
  for (const std::string& source : sources) {
    const Manifest before = Parsed(source);
    const std::string written = WriteManifest(before);
    const auto after = ParseManifest(written);
    ASSERT_TRUE(after.ok()) << base::Message(after.status()) << "\n" << written;
    ExpectSame(before, *after);
    EXPECT_EQ(WriteManifest(*after), written);
  }
}

}  // namespace
}  // namespace soteria::policy
