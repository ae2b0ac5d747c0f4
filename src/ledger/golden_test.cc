// The golden ledger and version record in tests/golden must still open. To write new ones:
//   SOTERIA_WRITE_GOLDEN=DIR ledger_test --gtest_filter='Golden*'
#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

#include "src/ledger/ledger.h"
#include "src/ledger/session_for_test.h"

namespace soteria::ledger {
namespace {

crypto::Secret UserKey() {
  std::string bytes;
  for (char c = 0; c < 32; ++c) bytes.push_back(c);
  return crypto::Secret::Adopt(std::move(bytes));
}

std::string GoldenFolder() { return std::string(SOTERIA_SOURCE_DIR) + "/tests/golden"; }

// Two sessions, the first without its end.
void WriteGolden(const std::string& folder) {
  const auto files = base::PosixFiles();
  const crypto::Secret mac_key = crypto::Secret::Adopt(std::string(32, 'm'));
  StoreForTest store;
  base::Digest head{};
  for (const uint8_t session : {uint8_t{1}, uint8_t{2}}) {
    const auto key = crypto::IdentityKey::Generate();
    ASSERT_TRUE(key.ok());
    LedgerWriter writer(*key, mac_key, DigestForTest(session), head, store);
    std::vector<Event> events = EventsForTest(*key);
    if (session == 1) events.pop_back();
    for (const Event& event : events) ASSERT_TRUE(writer.Append(event, 1'790'000'000'000).ok());
    head = writer.head();
  }
  auto versions = Versions::Open(*files, folder + "/owner", "versions", UserKey());
  ASSERT_TRUE(versions.ok()) << versions.status();
  auto file = LedgerFile::Open(*files, folder + "/owner", "ledger", (*versions)->anchor());
  ASSERT_TRUE(file.ok()) << file.status();
  for (const std::string& entry : store.entries) ASSERT_TRUE((*file)->Append(entry).ok());
  VersionRecord record;
  record.id = "golden-data-set1";
  record.version = 2;
  record.index = DigestForTest(5);
  record.spent = 1;
  const std::vector<RootPath> paths = {{"/bucket/patients", record.id},
                                       {"hdfs://nn/patients", record.id}};
  ASSERT_TRUE((*versions)->Store({&record, 1}, (*file)->end(), paths).ok());
}

TEST(GoldenTest, Write) {
  const char* folder = std::getenv("SOTERIA_WRITE_GOLDEN");
  if (folder == nullptr) GTEST_SKIP() << "SOTERIA_WRITE_GOLDEN isn't set";
  WriteGolden(folder);
}

TEST(GoldenTest, LedgerAndVersionsOpen) {
  const auto files = base::PosixFiles();
  const auto versions =
      Versions::OpenReadOnly(*files, GoldenFolder() + "/owner", "versions", UserKey());
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_NE((*versions)->IdAt("/bucket/patients"), nullptr);
  EXPECT_EQ(*(*versions)->IdAt("/bucket/patients"), "golden-data-set1");
  ASSERT_TRUE((*versions)->anchor().tail.has_value());
  ASSERT_EQ((*versions)->All().size(), 1u);
  EXPECT_EQ((*versions)->All()[0].version, 2u);
  EXPECT_EQ((*versions)->All()[0].index, DigestForTest(5));
  const auto bytes = files->ReadAll(GoldenFolder() + "/owner", "ledger", kLedgerBytesMax);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const LedgerAnchor anchor = (*versions)->anchor();
  const LedgerReport report = VerifyLedger(*bytes, &anchor);
  EXPECT_EQ(report.verdict, Verdict::kCutOff) << report.reason;
  EXPECT_EQ(report.entries, 11u);
  ASSERT_EQ(report.sessions.size(), 2u);
  const std::vector<Entry>& entries = report.sessions[1].entries;
  ASSERT_EQ(entries.size(), 6u);
  EXPECT_EQ(std::get<Release>(entries[4].event).statistic, "roc");
  EXPECT_EQ(std::get<Access>(entries[2].event).mode, Access::Mode::kWrite);
}

// Of before there were paths and a tail: what it says still holds, and nothing is known of paths.
TEST(GoldenTest, VersionsOfTheFirstFormOpen) {
  const auto files = base::PosixFiles();
  const auto versions =
      Versions::OpenReadOnly(*files, GoldenFolder() + "/owner", "versions_1", UserKey());
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_EQ((*versions)->All().size(), 1u);
  EXPECT_EQ((*versions)->All()[0].version, 2u);
  EXPECT_FALSE((*versions)->anchor().tail.has_value());
  EXPECT_TRUE((*versions)->PathsOf("golden-data-set1").empty());
}

// Written by tests/e2e/test_ledger_format.py from the description of the format, not by this code.
TEST(GoldenTest, ReleasesOfBothForms) {
  const auto files = base::PosixFiles();
  const auto bytes = files->ReadAll(GoldenFolder() + "/owner", "ledger_releases", kLedgerBytesMax);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const LedgerReport report = VerifyLedger(*bytes, nullptr);
  ASSERT_EQ(report.verdict, Verdict::kWhole) << report.reason;
  const std::vector<Entry>& entries = report.sessions.at(0).entries;
  ASSERT_EQ(entries.size(), 10u);
  const auto& aggregate = std::get<Release>(entries[3].event);
  EXPECT_EQ(aggregate.level, Release::Level::kAggregate);
  EXPECT_EQ(aggregate.kind, "binary");
  EXPECT_EQ(aggregate.bytes, 16'400u);
  EXPECT_TRUE(aggregate.outside && !aggregate.unverified);
  EXPECT_EQ(aggregate.data_sets,
            (std::vector<Spending>{{.id = std::string(16, 'p'), .spent = 2'002, .left = 97'998},
                                   {.id = std::string(16, 'q'), .spent = 52'002, .left = 47'998}}));
  EXPECT_TRUE(std::get<Output>(entries[4].event).outside);
  const auto& scores = std::get<Release>(entries[5].event);
  EXPECT_EQ(scores.level, Release::Level::kScores);
  EXPECT_TRUE(scores.outside && scores.unverified);
  EXPECT_TRUE(std::get<Output>(entries[6].event).unverified);
  const auto& first_form = std::get<Release>(entries[7].event);
  EXPECT_EQ(first_form.level, Release::Level::kUnsaid);
  EXPECT_TRUE(first_form.data_sets.empty());
}

// As the one above.
TEST(GoldenTest, AdmissionsOfWorkers) {
  const auto files = base::PosixFiles();
  const auto bytes = files->ReadAll(GoldenFolder() + "/owner", "ledger_workers", kLedgerBytesMax);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const LedgerReport report = VerifyLedger(*bytes, nullptr);
  ASSERT_EQ(report.verdict, Verdict::kWhole) << report.reason;
  const std::vector<Entry>& entries = report.sessions.at(0).entries;
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(std::get<Admission>(entries[1].event), AdmissionForTest(1));
  EXPECT_EQ(std::get<Admission>(entries[3].event).sender, 200u);
  EXPECT_EQ(KindName(entries[3].event), "worker");
}

}  // namespace
}  // namespace soteria::ledger
