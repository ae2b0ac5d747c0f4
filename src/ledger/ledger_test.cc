#include "src/ledger/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "src/base/disk_for_test.h"
#include "src/base/errors.h"
#include "src/base/folder_for_test.h"
#include "src/crypto/hash.h"
#include "src/ledger/session_for_test.h"

namespace soteria::ledger {
namespace {

class LedgerTest : public testing::Test {
 protected:
  // Runs a session that chains to what is in the store; without its end if asked so.
  void Session(uint8_t id, bool with_end = true) {
    const auto key = crypto::IdentityKey::Generate();
    ASSERT_TRUE(key.ok());
    LedgerWriter writer(*key, mac_key_, DigestForTest(id), Head(), store_);
    std::vector<Event> events = EventsForTest(*key);
    if (!with_end) events.pop_back();
    for (const Event& event : events) {
      const auto status = writer.Append(event, 1'790'000'000'123 + time_++);
      ASSERT_TRUE(status.ok()) << status;
    }
  }
  base::Digest Head() const {
    return store_.entries.empty() ? base::Digest{} : EntryHash(store_.entries.back());
  }
  LedgerAnchor Anchor() const { return {.origin = {}, .head = Head()}; }
  Verdict VerdictOf(const std::vector<std::string>& entries, const LedgerAnchor* anchor = nullptr) {
    return VerifyLedger(FileOf(entries), anchor).verdict;
  }

  crypto::Secret mac_key_ = crypto::Secret::Adopt(std::string(32, 'm'));
  StoreForTest store_;
  int64_t time_ = 0;
};

TEST_F(LedgerTest, WholeLedgerOfTwoSessions) {
  Session(1);
  Session(2);
  const LedgerAnchor anchor = Anchor();
  const LedgerReport report = VerifyLedger(FileOf(store_.entries), &anchor);
  EXPECT_EQ(report.verdict, Verdict::kWhole) << report.reason;
  EXPECT_EQ(report.entries, 12u);
  EXPECT_EQ(report.head, anchor.head);
  ASSERT_EQ(report.sessions.size(), 2u);
  EXPECT_EQ(report.sessions[1].session, DigestForTest(2));
  EXPECT_EQ(report.sessions[1].head.task, "risk");
  EXPECT_EQ(report.sessions[1].entries.size(), 6u);
  EXPECT_TRUE(report.sessions[1].ended);
  EXPECT_EQ(report.sessions[0].began_ms, 1'790'000'000'123);
}

TEST_F(LedgerTest, EmptyLedgerIsWhole) {
  const LedgerAnchor none;
  EXPECT_EQ(VerifyLedger("", nullptr).verdict, Verdict::kWhole);
  EXPECT_EQ(VerifyLedger("", &none).verdict, Verdict::kWhole);
}

TEST_F(LedgerTest, SessionWithoutEndIsCutOff) {
  Session(1, /*with_end=*/false);
  EXPECT_EQ(VerdictOf(store_.entries), Verdict::kCutOff);
  Session(2);  // the next session goes on after it
  const LedgerReport report = VerifyLedger(FileOf(store_.entries), nullptr);
  EXPECT_EQ(report.verdict, Verdict::kCutOff);
  EXPECT_NE(report.reason.find("0101010101010101"), std::string::npos) << report.reason;
  EXPECT_FALSE(report.sessions[0].ended);
  EXPECT_TRUE(report.sessions[1].ended);
}

TEST_F(LedgerTest, EveryFlippedBitIsBroken) {
  Session(1);
  const LedgerAnchor anchor = Anchor();
  const std::string bytes = FileOf(store_.entries);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    // Nor does it take the anchor to see it.
    const LedgerAnchor* known = i % 8 == 0 ? &anchor : nullptr;
    ASSERT_EQ(VerifyLedger(changed, known).verdict, Verdict::kBroken) << "byte " << i;
  }
}

TEST_F(LedgerTest, TruncatedIsBrokenForWhoKnowsTheHead) {
  Session(1);
  Session(2);
  const LedgerAnchor anchor = Anchor();
  const std::string bytes = FileOf(store_.entries);
  size_t at = 0;
  for (const std::string& entry : store_.entries) {  // between entries and within each
    for (const size_t n : {at, at + 1, at + 4, at + entry.size() / 2, at + entry.size() + 3}) {
      ASSERT_EQ(VerifyLedger(bytes.substr(0, n), &anchor).verdict, Verdict::kBroken) << n;
    }
    at += 4 + entry.size();
  }
  ASSERT_EQ(at, bytes.size());
}

TEST_F(LedgerTest, ReorderedRepeatedRemovedEntriesAreBroken) {
  Session(1);
  const std::vector<std::string>& good = store_.entries;
  for (size_t i = 0; i + 1 < good.size(); ++i) {
    std::vector<std::string> changed = good;
    std::swap(changed[i], changed[i + 1]);
    EXPECT_EQ(VerdictOf(changed), Verdict::kBroken) << i;
    changed = good;
    changed.insert(changed.begin() + static_cast<ptrdiff_t>(i), good[i]);
    EXPECT_EQ(VerdictOf(changed), Verdict::kBroken) << i;
    if (i == 0) continue;  // without its head, below
    changed = good;
    changed.erase(changed.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_EQ(VerdictOf(changed), Verdict::kBroken) << i;
  }
  std::vector<std::string> headless(good.begin() + 1, good.end());
  EXPECT_EQ(VerdictOf(headless), Verdict::kBroken);
}

TEST_F(LedgerTest, ForkedLedgerIsBroken) {
  Session(1);
  const std::vector<std::string> common = store_.entries;
  Session(2);
  const LedgerAnchor seen = Anchor();
  store_.entries = common;
  Session(3);  // genuine as well, but not the continuation that the owner saw
  EXPECT_EQ(VerdictOf(store_.entries), Verdict::kWhole);
  EXPECT_EQ(VerdictOf(store_.entries, &seen), Verdict::kBroken);
}

TEST_F(LedgerTest, FrontCutAwayIsBrokenForWhoKnowsTheOrigin) {
  Session(1);
  Session(2);
  const LedgerAnchor anchor = Anchor();
  const std::vector<std::string> second(store_.entries.begin() + 6, store_.entries.end());
  EXPECT_EQ(VerdictOf(second, &anchor), Verdict::kBroken);
  const LedgerAnchor carried_on = {.origin = EntryHash(store_.entries[5]), .head = anchor.head};
  EXPECT_EQ(VerdictOf(second, &carried_on), Verdict::kWhole);
}

TEST_F(LedgerTest, OneEntryMayBeAheadOfTheRecordButNotTwo) {
  Session(1);
  LedgerAnchor anchor{.origin = {}, .head = EntryHash(store_.entries[4])};
  EXPECT_EQ(VerdictOf(store_.entries, &anchor), Verdict::kWhole);
  anchor.head = EntryHash(store_.entries[3]);
  EXPECT_EQ(VerdictOf(store_.entries, &anchor), Verdict::kBroken);
}

TEST_F(LedgerTest, EntriesOfAnotherKeyOrSessionAreBroken) {
  const auto key = crypto::IdentityKey::Generate(), other = crypto::IdentityKey::Generate();
  const std::vector<Event> events = EventsForTest(*key);
  Entry head{.previous = {}, .session = DigestForTest(1), .time_ms = 1, .event = events[0]};
  const auto first = SignEntry(head, *key);
  ASSERT_TRUE(first.ok()) << first.status();
  Entry next{.previous = EntryHash(*first),
             .session = DigestForTest(1),
             .sequence = 1,
             .time_ms = 2,
             .event = events[1]};
  EXPECT_EQ(VerdictOf({*first, *SignEntry(next, *key)}), Verdict::kCutOff);
  EXPECT_EQ(VerdictOf({*first, *SignEntry(next, *other)}), Verdict::kBroken);
  next.session = DigestForTest(2);
  EXPECT_EQ(VerdictOf({*first, *SignEntry(next, *key)}), Verdict::kBroken);
  next.session = DigestForTest(1);
  next.sequence = 2;
  EXPECT_EQ(VerdictOf({*first, *SignEntry(next, *key)}), Verdict::kBroken);
  EXPECT_EQ(VerdictOf({*SignEntry(head, *other)}), Verdict::kBroken);
  head.sequence = 1;
  EXPECT_EQ(VerdictOf({*SignEntry(head, *key)}), Verdict::kBroken);
}

TEST_F(LedgerTest, NothingFollowsAnEnd) {
  const auto key = crypto::IdentityKey::Generate();
  const std::vector<Event> events = EventsForTest(*key);
  std::vector<std::string> entries;
  base::Digest previous{};
  for (const size_t i : {size_t{0}, size_t{5}, size_t{1}}) {
    const Entry entry{.previous = previous,
                      .session = DigestForTest(1),
                      .sequence = entries.size(),
                      .event = events[i]};
    entries.push_back(*SignEntry(entry, *key));
    previous = EntryHash(entries.back());
  }
  EXPECT_EQ(VerdictOf({entries[0], entries[1]}), Verdict::kWhole);
  EXPECT_EQ(VerdictOf(entries), Verdict::kBroken);
}

TEST_F(LedgerTest, EvidenceIsAskedAboutForEachHead) {
  Session(1);
  Session(2);
  int asked = 0;
  const auto accept = [&asked](const ledger::Head& head) {
    ++asked;
    EXPECT_EQ(head.evidence, "evidence");
    return base::OkStatus();
  };
  EXPECT_EQ(VerifyLedger(FileOf(store_.entries), nullptr, accept).verdict, Verdict::kWhole);
  EXPECT_EQ(asked, 2);
  const auto refuse = [](const ledger::Head&) { return base::Fail(base::kEvidence, "no"); };
  const LedgerReport report = VerifyLedger(FileOf(store_.entries), nullptr, refuse);
  EXPECT_EQ(report.verdict, Verdict::kBroken);
  EXPECT_FALSE(report.sessions[0].evidence.ok());
}

TEST_F(LedgerTest, EntriesRoundTripAndLimitsHold) {
  const auto key = crypto::IdentityKey::Generate();
  for (const Event& event : EventsForTest(*key)) {
    const Entry entry{.previous = DigestForTest(7),
                      .session = DigestForTest(8),
                      .sequence = 4,
                      .time_ms = 5,
                      .event = event};
    const auto bytes = SignEntry(entry, *key);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const auto parsed = ParseSignedEntry(*bytes);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->entry, entry);
    EXPECT_TRUE(VerifyEntry(*parsed, key->public_der()).ok());
    EXPECT_FALSE(ParseSignedEntry(*bytes + std::string("\x1a\x00", 2)).ok());  // a field more
  }
  ledger::Head head = HeadForTest(*key);
  head.task = std::string(kTextBytesMax + 1, 'x');
  EXPECT_FALSE(SignEntry({.event = head}, *key).ok());
  head = HeadForTest(*key);
  head.evidence = std::string(kEvidenceBytesMax + 1, 'x');
  EXPECT_FALSE(SignEntry({.event = head}, *key).ok());
  Access access;
  access.id = "short";
  EXPECT_FALSE(SignEntry({.event = access}, *key).ok());
  access.id = std::string(16, 'a');
  for (const char* bad : {"\xff\xfe", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "a\xc3",
                          "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80"}) {
    access.path = bad;
    EXPECT_FALSE(SignEntry({.event = access}, *key).ok()) << bad;
  }
  for (const char* good : {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    access.path = good;
    EXPECT_TRUE(SignEntry({.event = access}, *key).ok()) << good;
  }
  EXPECT_FALSE(ParseSignedEntry(std::string(kEntryBytesMax + 1, 'x')).ok());
}

TEST_F(LedgerTest, AnOutcomeIsAnOutputOfItsOwnKind) {
  const auto key = crypto::IdentityKey::Generate();
  Output outcome;
  outcome.kind = Output::Kind::kOutcome;
  outcome.rule = "[limits] outcomes_max = 1000";
  outcome.what = "DIVIDE_BY_ZERO";
  outcome.content = DigestForTest(6);
  const auto parsed = ParseSignedEntry(*SignEntry({.event = outcome}, *key));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(std::get<Output>(parsed->entry.event), outcome);
  EXPECT_EQ(KindName(parsed->entry.event), "outcome");
  LedgerReport report;
  report.sessions.emplace_back().entries = {parsed->entry};
  EXPECT_NE(RenderText(report).find("outcome DIVIDE_BY_ZERO, 0 rows, by [limits] outcomes_max"),
            std::string::npos)
      << RenderText(report);
  EXPECT_NE(RenderJson(report).find("\"kind\": \"outcome\""), std::string::npos);
  outcome.kind = static_cast<Output::Kind>(5);
  EXPECT_FALSE(SignEntry({.event = outcome}, *key).ok());
}

TEST_F(LedgerTest, AdmissionsSayWhichWorker) {
  const auto key = crypto::IdentityKey::Generate();
  const auto accepted = [&key](const Event& event) {
    const auto bytes = SignEntry({.event = event}, *key);
    if (!bytes.ok()) return false;
    EXPECT_EQ(ParseSignedEntry(*bytes)->entry.event, event);
    EXPECT_FALSE(ParseSignedEntry(*bytes + std::string("\x1a\x00", 2)).ok());
    return true;
  };
  EXPECT_TRUE(accepted(AdmissionForTest(1)));
  EXPECT_TRUE(accepted(AdmissionForTest(~uint64_t{0})));
  EXPECT_FALSE(accepted(AdmissionForTest(0)));
  Admission worker = AdmissionForTest(1);
  worker.tee = "";
  EXPECT_FALSE(accepted(worker));
  worker.tee = std::string(kTextBytesMax + 1, 's');
  EXPECT_FALSE(accepted(worker));
  worker.tee = "\xff";
  EXPECT_FALSE(accepted(worker));
}

TEST_F(LedgerTest, ReleasesSayTheirLevelAndWhatGoesWithIt) {
  const auto key = crypto::IdentityKey::Generate();
  const auto accepted = [&key](const Event& event) {
    const auto bytes = SignEntry({.event = event}, *key);
    if (!bytes.ok()) return false;
    EXPECT_EQ(ParseSignedEntry(*bytes)->entry.event, event);
    return true;
  };
  const Release good = ReleaseForTest();
  EXPECT_TRUE(accepted(good));
  Release release = good;
  release.level = Release::Level::kScores;
  release.unverified = true;
  release.data_sets.clear();  // rows that the script sent belong to none
  EXPECT_TRUE(accepted(release));
  release.outside = false;
  EXPECT_FALSE(accepted(release));
  release = good;
  release.level = Release::Level::kUnsaid;
  EXPECT_FALSE(accepted(release));
  EXPECT_NE(base::Message(SignEntry({.event = release}, *key).status()).find("without level"),
            std::string::npos);
  release.level = static_cast<Release::Level>(3);
  EXPECT_FALSE(accepted(release));
  release = good;
  release.kind.clear();
  EXPECT_FALSE(accepted(release));
  release = good;
  std::swap(release.data_sets[0], release.data_sets[1]);
  EXPECT_FALSE(accepted(release));
  release = good;
  release.data_sets[1].id = release.data_sets[0].id;
  EXPECT_FALSE(accepted(release));
  release.data_sets[1].id = "short";
  EXPECT_FALSE(accepted(release));
  release = good;
  release.data_sets[1].spent = release.budget_spent - 1;  // less than this release alone
  EXPECT_FALSE(accepted(release));
  release = good;
  release.kind = "\xff";
  EXPECT_FALSE(accepted(release));
  release = good;
  release.data_sets.clear();
  for (size_t i = 0; i <= kSpendingsMax; ++i) {
    std::string id(16, '\0');
    base::PutLe32(static_cast<uint32_t>(i % 256 << 24 | i / 256), id.data());
    release.data_sets.push_back({.id = id, .spent = 24, .left = 1});
  }
  std::sort(release.data_sets.begin(), release.data_sets.end(),
            [](const Spending& a, const Spending& b) { return a.id < b.id; });
  EXPECT_FALSE(accepted(release));
  release.data_sets.pop_back();
  EXPECT_TRUE(accepted(release));
  Output output = std::get<Output>(EventsForTest(*key)[3]);
  output.outside = true;
  EXPECT_TRUE(accepted(output));
  output.unverified = true;
  EXPECT_TRUE(accepted(output));
  output.outside = false;
  EXPECT_FALSE(accepted(output));
}

TEST_F(LedgerTest, ReleasesAreRenderedInFull) {
  const auto key = crypto::IdentityKey::Generate();
  LedgerWriter writer(*key, mac_key_, DigestForTest(1), {}, store_);
  ASSERT_TRUE(writer.Append(HeadForTest(*key), 1).ok());
  ASSERT_TRUE(writer.Append(ReleaseForTest(), 2).ok());
  Output output = std::get<Output>(EventsForTest(*key)[3]);
  output.outside = output.unverified = true;
  ASSERT_TRUE(writer.Append(output, 3).ok());
  const LedgerReport report = VerifyLedger(FileOf(store_.entries), nullptr);
  const std::string text = RenderText(report);
  for (const char* part :
       {"(binary, aggregate), 1000 rows, 24 numbers in 400 bytes, by [statistics] kinds, SHA-256 "
        "0404",
        ", computed outside, binned\n",
        "of data set 70707070707070707070707070707070: spent 48, left 52",
        ", computed outside, UNVERIFIED"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  const auto json = nlohmann::json::parse(RenderJson(report), nullptr, false);
  const auto& release = json["sessions"][0]["entries"][1];
  EXPECT_EQ(release["number"], 2);
  EXPECT_EQ(release["level"], "aggregate");
  EXPECT_EQ(release["statistic_kind"], "binary");
  EXPECT_EQ(release["numbers"], 24);
  EXPECT_EQ(release["bytes"], 400);
  EXPECT_EQ(release["rule"], "[statistics] kinds");
  EXPECT_EQ(release["outside"], true);
  EXPECT_EQ(release["unverified"], false);
  EXPECT_EQ(release["sha256"], base::Hex(base::View(DigestForTest(4))));
  EXPECT_EQ(release["data_sets"][1]["budget_left"], 76);
  EXPECT_EQ(json["sessions"][0]["entries"][2]["outside"], true);
}

TEST_F(LedgerTest, WriterKeepsTheOrderAndStopsForGoodWhenTheOwnerIsGone) {
  const auto key = crypto::IdentityKey::Generate();
  const std::vector<Event> events = EventsForTest(*key);
  LedgerWriter writer(*key, mac_key_, DigestForTest(1), {}, store_);
  EXPECT_FALSE(writer.Append(events[1], 1).ok());  // no head yet
  ASSERT_TRUE(writer.Append(events[0], 1).ok());
  EXPECT_FALSE(writer.Append(events[0], 1).ok());  // a second head
  VersionRecord record;
  record.id = std::string(16, 'r');
  ASSERT_TRUE(writer.Append(events[2], 2, {record}).ok());
  ASSERT_EQ(store_.records.size(), 1u);
  EXPECT_EQ(writer.head(), Head());
  store_.fail = true;
  EXPECT_FALSE(writer.Append(events[3], 3).ok());
  store_.fail = false;
  EXPECT_FALSE(writer.Append(events[3], 3).ok());
  EXPECT_EQ(store_.entries.size(), 2u);
  StoreForTest other;
  LedgerWriter second(*key, mac_key_, DigestForTest(2), {}, other);
  ASSERT_TRUE(second.Append(events[0], 1).ok());
  ASSERT_TRUE(second.Append(events[5], 1).ok());
  EXPECT_FALSE(second.Append(events[1], 1).ok());  // after the end
}

TEST_F(LedgerTest, ConcealIsHmacUnderTheOwnersKey) {
  const auto key = crypto::IdentityKey::Generate();
  const LedgerWriter writer(*key, mac_key_, DigestForTest(1), {}, store_);
  EXPECT_EQ(writer.Conceal("rows"), crypto::HmacSha256(mac_key_, "rows"));
  EXPECT_NE(writer.Conceal("rows"), crypto::Sha256("rows"));
}

TEST_F(LedgerTest, FileGrowsByCheckedEntriesOnly) {
  base::FolderForTest folder;
  const auto files = base::PosixFiles();
  Session(1);
  Session(2);
  LedgerAnchor anchor;
  {
    auto file = LedgerFile::Open(*files, folder.path(), "ledger", anchor);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_FALSE((*file)->Append(store_.entries[1]).ok());
    for (size_t i = 0; i < 4; ++i) ASSERT_TRUE((*file)->Append(store_.entries[i]).ok());
    EXPECT_FALSE((*file)->Append(store_.entries[3]).ok());
    EXPECT_FALSE((*file)->Append("garbage").ok());
    EXPECT_EQ((*file)->head(), EntryHash(store_.entries[3]));
    anchor.head = (*file)->head();
  }
  auto file = LedgerFile::Open(*files, folder.path(), "ledger", anchor);
  ASSERT_TRUE(file.ok()) << file.status();
  for (size_t i = 4; i < 12; ++i) ASSERT_TRUE((*file)->Append(store_.entries[i]).ok());
  EXPECT_EQ(folder.Bytes("ledger"), FileOf(store_.entries));
}

TEST_F(LedgerTest, TornTailIsCutOffAndGoneIsGone) {
  base::FolderForTest folder;
  const auto files = base::PosixFiles();
  Session(1);
  const std::string whole = FileOf(store_.entries);
  const LedgerAnchor anchor = Anchor();
  for (const size_t torn : {size_t{1}, size_t{3}, size_t{4}, size_t{40}}) {
    folder.SetBytes("ledger", whole + FileOf({std::string(100, 'x')}).substr(0, torn));
    EXPECT_EQ(VerifyLedger(folder.Bytes("ledger"), &anchor).verdict, Verdict::kBroken);
    const auto file = LedgerFile::Open(*files, folder.path(), "ledger", anchor);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(folder.Bytes("ledger"), whole);
  }
  // A tear before the recorded head is no tear: that entry had been acknowledged.
  folder.SetBytes("ledger", whole.substr(0, whole.size() - 3));
  EXPECT_TRUE(base::Is(LedgerFile::Open(*files, folder.path(), "ledger", anchor).status(),
                       base::kIntegrity));
  folder.SetBytes("ledger", "");
  EXPECT_TRUE(base::Is(LedgerFile::Open(*files, folder.path(), "ledger", anchor).status(),
                       base::kIntegrity));
}

// A ledger file and the records that go with it, as the owner keeps them.
class LedgerTailTest : public LedgerTest {
 protected:
  base::StatusOr<std::unique_ptr<LedgerFile>> Open() {
    return LedgerFile::Open(disk_, folder_.path(), "ledger", anchor_);
  }
  // All sessions so far are in the file and on record.
  void Keep(size_t entries) {
    auto file = Open();
    ASSERT_TRUE(file.ok()) << file.status();
    for (; kept_ < entries; ++kept_) ASSERT_TRUE((*file)->Append(store_.entries[kept_]).ok());
    const LedgerEnd end = (*file)->end();
    anchor_.head = end.head;
    anchor_.tail = end.tail;
  }
  uint64_t BytesToOpen() {
    disk_.bytes_read = 0;
    const auto file = Open();
    EXPECT_TRUE(file.ok()) << file.status();
    return disk_.bytes_read;
  }
  void ExpectRefused(const std::string& bytes, const char* what) {
    folder_.SetBytes("ledger", bytes);
    const auto file = Open();
    EXPECT_TRUE(base::Is(file.status(), base::kIntegrity)) << what << ": " << file.status();
    EXPECT_EQ(folder_.Bytes("ledger"), bytes) << what;  // a refusal changes nothing
  }

  base::FolderForTest folder_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  base::DiskForTest disk_{*files_};
  LedgerAnchor anchor_;
  size_t kept_ = 0;
};

TEST_F(LedgerTailTest, OpeningReadsTheLastEntryHoweverLongTheFileIs) {
  Session(1);
  Keep(6);
  const uint64_t little = BytesToOpen();
  EXPECT_EQ(little, 4 + store_.entries[5].size());
  for (uint8_t session = 2; session < 40; ++session) Session(session);
  Keep(store_.entries.size());
  EXPECT_LE(BytesToOpen(), little + 16);
  EXPECT_GT(folder_.Bytes("ledger").size(), 30 * little);
  // And goes on as if it had read everything.
  Session(40);
  Keep(store_.entries.size());
  EXPECT_EQ(VerifyLedger(folder_.Bytes("ledger"), &anchor_).verdict, Verdict::kWhole);
  EXPECT_EQ(folder_.Bytes("ledger"), FileOf(store_.entries));
}

TEST_F(LedgerTailTest, RecordsWithoutATailVerifyTheWholeFile) {
  Session(1);
  Session(2);
  Keep(12);
  anchor_.tail.reset();
  EXPECT_EQ(BytesToOpen(), folder_.Bytes("ledger").size());
  std::string altered = folder_.Bytes("ledger");
  altered[60] = static_cast<char>(altered[60] ^ 1);
  ExpectRefused(altered, "altered in its middle");
}

TEST_F(LedgerTailTest, AFileThatWasCutExtendedOrAlteredAtItsEndIsRefused) {
  Session(1);
  Session(2);
  Keep(12);
  const std::string whole = folder_.Bytes("ledger");
  for (size_t cut = 1; cut < whole.size(); cut += 37) {
    ExpectRefused(whole.substr(0, whole.size() - cut), "cut");
  }
  ExpectRefused("", "emptied");
  ExpectRefused(whole.substr(1), "cut in front");
  const size_t last = store_.entries.back().size() + 4;
  for (size_t i = 1; i <= last; ++i) {
    std::string altered = whole;
    altered[whole.size() - i] = static_cast<char>(altered[whole.size() - i] ^ (1 << (i % 8)));
    ExpectRefused(altered, "altered");
  }
  ExpectRefused(whole + whole.substr(whole.size() - last), "its last entry again");
  ExpectRefused(whole + FileOf({"garbage"}), "garbage");
  ExpectRefused(whole + std::string(4, '\0'), "an impossible length");
  ExpectRefused(whole + std::string(3 << 20, '\1'), "much more");
  Session(3);
  const std::vector<std::string> more(store_.entries.begin() + 12, store_.entries.begin() + 14);
  ExpectRefused(whole + FileOf(more), "two entries");
  std::filesystem::remove(folder_.At("ledger"));
  EXPECT_TRUE(base::Is(Open().status(), base::kIntegrity));
  // What is altered before the last entry is for the full verification.
  std::string middle = whole;
  middle[60] = static_cast<char>(middle[60] ^ 1);
  folder_.SetBytes("ledger", middle);
  EXPECT_TRUE(Open().ok());
  EXPECT_EQ(VerifyLedger(middle, &anchor_).verdict, Verdict::kBroken);
}

// Of every place where a crash can come between the two files, in a session and at its ends.
TEST_F(LedgerTailTest, OneEntryBehindTheRecordsIsTakenOverAndATornOneCutOff) {
  Session(1);
  Session(2);
  for (size_t known = 1; known + 1 < 12; ++known) {
    std::filesystem::remove(folder_.At("ledger"));
    anchor_ = LedgerAnchor{};
    kept_ = 0;
    Keep(known);
    const std::vector<std::string> ahead(
        store_.entries.begin(), store_.entries.begin() + static_cast<ptrdiff_t>(known) + 1);
    const std::string bytes = FileOf(ahead);
    for (const size_t torn : {size_t{0}, size_t{1}, size_t{4}, size_t{50}}) {
      folder_.SetBytes("ledger", bytes + FileOf({store_.entries[known + 1]}).substr(0, torn));
      auto file = Open();
      ASSERT_TRUE(file.ok()) << known << ": " << file.status();
      ASSERT_TRUE((*file)->unrecorded().has_value());
      EXPECT_EQ((*file)->head(), EntryHash(ahead.back()));
      EXPECT_EQ(folder_.Bytes("ledger"), bytes);
      // The session of the file goes on from there.
      EXPECT_TRUE((*file)->Append(store_.entries[known + 1]).ok()) << known;
    }
    std::string forged = bytes;
    forged[bytes.size() - 5] = static_cast<char>(forged[bytes.size() - 5] ^ 1);
    ExpectRefused(forged, "an entry whose signature doesn't verify");
  }
}

TEST_F(LedgerTest, RendersForPeopleAndPrograms) {
  Session(1, /*with_end=*/false);
  Session(2);
  const LedgerReport report = VerifyLedger(FileOf(store_.entries), nullptr);
  const std::string text = RenderText(report);
  for (const char* part :
       {"session 0101010101010101  2026-09-21T14:13:20.123Z", "NOT PROTECTED", "CUT OFF",
        "write   /bucket/models version 3", "UNVERIFIED", "ledger cut off, 11 entries",
        "succeeded, 12 stages, 96 tasks, 0 retries, 2 workers"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  const auto json = nlohmann::json::parse(RenderJson(report), nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["verdict"], "cut off");
  ASSERT_EQ(json["sessions"].size(), 2u);
  EXPECT_EQ(json["sessions"][1]["entries"][4]["kind"], "release");
  EXPECT_EQ(json["sessions"][1]["entries"][4]["unverified"], true);
  EXPECT_EQ(json["sessions"][1]["entries"][3]["rows"], 1000);
}

TEST_F(LedgerTest, TextCantSteerATerminal) {
  const auto key = crypto::IdentityKey::Generate();
  ledger::Head head = HeadForTest(*key);
  head.task = "x\x1b[2J\r\xc2\x9b";
  LedgerWriter writer(*key, mac_key_, DigestForTest(1), {}, store_);
  ASSERT_TRUE(writer.Append(head, 1).ok());
  const std::string text = RenderText(VerifyLedger(FileOf(store_.entries), nullptr));
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find('\r'), text.npos);
  EXPECT_EQ(text.find("\xc2\x9b"), text.npos);
  EXPECT_NE(text.find("x?[2J??"), text.npos) << text;
}

}  // namespace
}  // namespace soteria::ledger
