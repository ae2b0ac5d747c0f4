#include "src/attest/simulated.h"

#include <gtest/gtest.h>

#ifdef SOTERIA_SIMULATED

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"

namespace soteria::attest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kReport(kReportDataBytes, 'r');

base::Digest Filled(uint8_t byte) {
  base::Digest digest{};
  digest.fill(byte);
  return digest;
}

class SimulatedTest : public ::testing::Test {
 protected:
  SimulatedTest()
      : key_(crypto::IdentityKey::Generate().value()),
        source_(crypto::IdentityKey::FromPem(key_.ToPem().value()).value(), Filled(5)) {
    endorsements_.simulated_keys = {key_.public_der()};
  }

  // A quote with these parts, signed over `signed_measurement` and `signed_report`.
  std::string Quote(std::string_view measurement, std::string_view report,
                    std::string_view signed_measurement, std::string_view signed_report) {
    base::FieldWriter signed_bytes;
    signed_bytes.Add("simulated").Add(signed_measurement).Add(signed_report);
    base::FieldWriter quote;
    quote.Add(measurement).Add(report).Add(key_.public_der());
    quote.Add(key_.Sign(signed_bytes.bytes()).value());
    return quote.Take();
  }
  base::StatusOr<Claims> VerifyQuote(std::string quote) {
    return Verify({TeeKind::kSimulated, std::move(quote)}, endorsements_, 0);
  }
  static void ExpectRefused(const base::StatusOr<Claims>& claims, const std::string& why) {
    ASSERT_FALSE(claims.ok());
    EXPECT_TRUE(base::Is(claims.status(), base::kEvidence));
    EXPECT_THAT(base::Message(claims.status()), HasSubstr(why));
  }

  crypto::IdentityKey key_;
  SimulatedSource source_;
  Endorsements endorsements_;
};

TEST_F(SimulatedTest, EvidenceTurnsIntoClaims) {
  const auto evidence = source_.Get(kReport);
  ASSERT_TRUE(evidence.ok()) << base::Message(evidence.status());
  const auto claims = Verify(*evidence, endorsements_, 0);
  ASSERT_TRUE(claims.ok()) << base::Message(claims.status());
  EXPECT_EQ(claims->kind, TeeKind::kSimulated);
  EXPECT_EQ(claims->measurement, Filled(5));
  EXPECT_EQ(claims->report_data, kReport);
  EXPECT_EQ(claims->signer, key_.public_der());
  EXPECT_FALSE(claims->debug);
}

TEST_F(SimulatedTest, ReportDataOfAnotherSizeIsRefused) {
  for (const size_t size : {size_t{0}, size_t{32}, size_t{63}, size_t{65}}) {
    EXPECT_TRUE(base::Is(source_.Get(std::string(size, 'r')).status(), base::kEvidence)) << size;
  }
}

TEST_F(SimulatedTest, OnlyEndorsedKeysSign) {
  const Evidence evidence = source_.Get(kReport).value();
  ExpectRefused(Verify(evidence, {}, 0), "isn't endorsed");
  Endorsements others;
  others.simulated_keys = {crypto::IdentityKey::Generate().value().public_der()};
  ExpectRefused(Verify(evidence, others, 0), "isn't endorsed");
  others.simulated_keys.push_back(key_.public_der());
  EXPECT_TRUE(Verify(evidence, others, 0).ok());
}

TEST_F(SimulatedTest, AnotherKeyCannotSignInTheEndorsedKeysName) {
  const auto thief = crypto::IdentityKey::Generate().value();
  base::FieldWriter signed_bytes;
  signed_bytes.Add("simulated").Add(base::View(Filled(5))).Add(kReport);
  base::FieldWriter quote;
  quote.Add(base::View(Filled(5))).Add(kReport).Add(key_.public_der());
  quote.Add(thief.Sign(signed_bytes.bytes()).value());
  ExpectRefused(VerifyQuote(quote.Take()), "signature");
}

TEST_F(SimulatedTest, SignatureCoversMeasurementAndReportData) {
  const std::string five(32, '\5');
  const std::string six(32, '\6');
  const std::string other_report(kReportDataBytes, 's');
  EXPECT_TRUE(VerifyQuote(Quote(five, kReport, five, kReport)).ok());
  ExpectRefused(VerifyQuote(Quote(six, kReport, five, kReport)), "signature");
  ExpectRefused(VerifyQuote(Quote(five, other_report, five, kReport)), "signature");
}

TEST_F(SimulatedTest, MalformedQuotesAreRefused) {
  const std::string five(32, '\5');
  const std::string whole = Quote(five, kReport, five, kReport);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(VerifyQuote(whole.substr(0, size)).ok()) << size;
  }
  ExpectRefused(VerifyQuote(whole + "x"), "malformed");
  const std::string four(31, '\4');
  ExpectRefused(VerifyQuote(Quote(four, kReport, four, kReport)), "measurement");
  ExpectRefused(VerifyQuote(Quote(five, "short", five, "short")), "report data");
}

TEST_F(SimulatedTest, EveryFlippedBitIsRefused) {
  const std::string five(32, '\5');
  const std::string whole = Quote(five, kReport, five, kReport);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_FALSE(VerifyQuote(flipped).ok()) << at;
  }
}

TEST(MappedFilesTest, TakesExecutableFileMappingsOnce) {
  const auto files = MappedFiles(
      "00400000-00452000 r--p 00000000 08:02 173521      /usr/bin/worker\n"
      "00452000-00552000 r-xp 00052000 08:02 173521      /usr/bin/worker\n"
      "35b1800000-35b1820000 r-xp 00000000 08:02 135522  /usr/lib/ld-2.36.so\n"
      "35b1820000-35b1830000 r-xp 00020000 08:02 135522  /usr/lib/ld-2.36.so\n"
      "7f00000000-7f00001000 r--p 00000000 08:02 99      /usr/lib/locale/locale-archive\n"
      "7f00002000-7f00003000 r-xp 00000000 08:02 98      /opt/a b/libx.so\n"
      "7f00010000-7f00011000 rwxp 00000000 00:00 0 \n"
      "7ffb2c0d2000-7ffb2c0d4000 r-xp 00000000 00:00 0   [vdso]\n");
  ASSERT_TRUE(files.ok()) << base::Message(files.status());
  EXPECT_THAT(*files, ElementsAre("/opt/a b/libx.so", "/usr/bin/worker", "/usr/lib/ld-2.36.so"));
}

TEST(MappedFilesTest, RefusesCodeWithoutItsFile) {
  for (const char* path : {"/tmp/libx.so (deleted)", "/memfd:x (deleted)", "anon_inode:x"}) {
    const auto files = MappedFiles(base::Cat("00-10 r-xp 0 08:02 1   ", path, "\n"));
    EXPECT_TRUE(base::Is(files.status(), base::kIo)) << path;
  }
}

TEST(MappedFilesTest, NumberOfFilesIsLimited) {
  std::string maps;
  for (size_t i = 0; i <= kMappedFilesMax; ++i)
    maps += base::Cat("0-1 r-xp 0 08:02 1 /lib/", i, "\n");
  EXPECT_FALSE(MappedFiles(maps).ok());
}

class MeasureTest : public ::testing::Test {
 protected:
  MeasureTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "measureXXXXXX").string();
    root_ = mkdtemp(pattern.data());
    std::filesystem::create_directories(root_ / "one");
    std::filesystem::create_directories(root_ / "two");
    Put("worker", "program");
    Put("one/libb.so", "b");
    Put("two/liba.so", "a");
  }
  ~MeasureTest() override { std::filesystem::remove_all(root_); }

  std::string Path(const std::string& name) const { return (root_ / name).string(); }
  void Put(const std::string& name, const std::string& bytes) const {
    std::ofstream(root_ / name, std::ios::binary) << bytes;
  }
  std::string Hex(const std::string& program, const std::vector<std::string>& libraries) {
    const auto digest = Measure(*files_, program, libraries);
    EXPECT_TRUE(digest.ok()) << base::Message(digest.status());
    return digest.ok() ? base::Hex(base::View(*digest)) : "";
  }

  std::filesystem::path root_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
};

TEST_F(MeasureTest, IsTheDocumentedHash) {
  // Computed with Python's hashlib from the documented fields.
  EXPECT_EQ(Hex(Path("worker"), {Path("one/libb.so"), Path("two/liba.so")}),
            "dde5c5874a40e8e573d8ca600377332e497d9fc10efd99589f0053975e2835b0");
}

TEST_F(MeasureTest, FollowsBaseNamesNotPlacesOrOrder) {
  const std::string before = Hex(Path("worker"), {Path("one/libb.so"), Path("two/liba.so")});
  EXPECT_EQ(Hex(Path("worker"), {Path("two/liba.so"), Path("one/libb.so")}), before);
  std::filesystem::rename(Path("two/liba.so"), Path("one/liba.so"));
  EXPECT_EQ(Hex(Path("worker"), {Path("one/liba.so"), Path("one/libb.so")}), before);
}

TEST_F(MeasureTest, PatchedProgramOrLibraryAndAnExtraOneChangeIt) {
  const std::string before = Hex(Path("worker"), {Path("one/libb.so"), Path("two/liba.so")});
  EXPECT_NE(Hex(Path("worker"), {Path("one/libb.so")}), before);
  Put("two/libc.so", "a");
  EXPECT_NE(Hex(Path("worker"), {Path("one/libb.so"), Path("two/liba.so"), Path("two/libc.so")}),
            before);
  EXPECT_NE(Hex(Path("worker"), {Path("one/libb.so"), Path("two/libc.so")}), before);
  Put("one/libb.so", "B");
  EXPECT_NE(Hex(Path("worker"), {Path("one/libb.so"), Path("two/liba.so")}), before);
  Put("one/libb.so", "b");
  EXPECT_EQ(Hex(Path("worker"), {Path("one/libb.so"), Path("two/liba.so")}), before);
  Put("worker", "progran");
  EXPECT_NE(Hex(Path("worker"), {Path("one/libb.so"), Path("two/liba.so")}), before);
}

TEST_F(MeasureTest, MissingFilesAndRelativeNamesAreErrors) {
  EXPECT_FALSE(Measure(*files_, Path("absent"), {}).ok());
  EXPECT_FALSE(Measure(*files_, Path("worker"), {Path("absent.so")}).ok());
  EXPECT_FALSE(Measure(*files_, "worker", {}).ok());
  EXPECT_FALSE(Measure(*files_, Path("one") + "/", {}).ok());
}

TEST(MeasureSelfTest, IsStable) {
  const auto files = base::PosixFiles();
  const auto once = MeasureSelf(*files);
  ASSERT_TRUE(once.ok()) << base::Message(once.status());
  EXPECT_EQ(MeasureSelf(*files).value(), *once);
}

// This program again, as a child that prints its own measurement.
constexpr const char* kChildVariable = "SOTERIA_MEASURE_CHILD_FOR_TEST";

std::string ChildMeasurement(const std::string& program, const std::string& environment) {
  const std::string command = base::Cat(environment, " ", kChildVariable, "=1 ", program,
                                        " --gtest_filter=MeasureSelfTest.Child 2>&1");
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "";
  std::string output;
  char buffer[4096];
  while (const size_t got = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, got);
  pclose(pipe);
  const size_t at = output.find("measurement=");
  return at == std::string::npos ? "" : output.substr(at + 12, 64);
}

TEST(MeasureSelfTest, Child) {
  if (std::getenv(kChildVariable) == nullptr) GTEST_SKIP() << "only as a child";
  const auto files = base::PosixFiles();
  std::printf("measurement=%s\n", base::Hex(base::View(MeasureSelf(*files).value())).c_str());
}

TEST(MeasureSelfTest, PatchedProgramAndPreloadedLibraryAreSeen) {
  namespace fs = std::filesystem;
  const fs::path self = fs::read_symlink("/proc/self/exe");
  const std::string plain = ChildMeasurement(self.string(), "");
  ASSERT_EQ(plain.size(), 64u);
  EXPECT_EQ(ChildMeasurement(self.string(), ""), plain);

  std::string pattern = (fs::temp_directory_path() / "patchedXXXXXX").string();
  const fs::path folder = mkdtemp(pattern.data());
  fs::copy_file(self, folder / "copy");
  EXPECT_EQ(ChildMeasurement((folder / "copy").string(), ""), plain);
  std::ofstream(folder / "copy", std::ios::app | std::ios::binary) << 'x';
  const std::string patched = ChildMeasurement((folder / "copy").string(), "");
  EXPECT_EQ(patched.size(), 64u);
  EXPECT_NE(patched, plain);

  // Some library that this program doesn't load by itself.
  void* library = dlopen("libcrypt.so.1", RTLD_NOW);
  if (library == nullptr) library = dlopen("libutil.so.1", RTLD_NOW);
  ASSERT_NE(library, nullptr);
  dlclose(library);
  // The address sanitizer, where it is built in, insists on being the first library otherwise.
  const std::string preloaded = ChildMeasurement(
      self.string(), "ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=libcrypt.so.1:libutil.so.1");
  EXPECT_EQ(preloaded.size(), 64u);
  EXPECT_NE(preloaded, plain);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace soteria::attest

#endif  // SOTERIA_SIMULATED
