// Each way to manipulate a ledger is named, with the entry's number, without the owner's records.
#include "src/ledger/diagnosis.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/ledger/ledger.h"
#include "src/ledger/session_for_test.h"

namespace soteria::ledger {
namespace {

class DiagnosisTest : public testing::Test {
 protected:
  // The entries of a session of six that chains to `previous`.
  std::vector<std::string> Session(uint8_t id, const base::Digest& previous, bool with_end = true) {
    const auto key = crypto::IdentityKey::Generate();
    StoreForTest store;
    LedgerWriter writer(*key, mac_key_, DigestForTest(id), previous, store);
    std::vector<Event> events = EventsForTest(*key);
    if (!with_end) events.pop_back();
    for (const Event& event : events) EXPECT_TRUE(writer.Append(event, 1).ok());
    return store.entries;
  }
  DiagnosisTest() {
    entries_ = Session(1, {});
    for (std::string& entry : Session(2, EntryHash(entries_.back()))) {
      entries_.push_back(std::move(entry));
    }
  }
  static LedgerReport Verified(const std::vector<std::string>& entries) {
    return VerifyLedger(FileOf(entries), nullptr);
  }
  static void ExpectBroken(const std::vector<std::string>& entries, const std::string& reason) {
    const LedgerReport report = Verified(entries);
    EXPECT_EQ(report.verdict, Verdict::kBroken);
    EXPECT_NE(report.reason.find(reason), std::string::npos) << report.reason;
  }

  crypto::Secret mac_key_ = crypto::Secret::Adopt(std::string(32, 'm'));
  std::vector<std::string> entries_;
};

TEST_F(DiagnosisTest, Whole) {
  EXPECT_EQ(Verified(entries_).verdict, Verdict::kWhole);
  EXPECT_EQ(Verified(entries_).sessions.at(0).first, 1u);
  EXPECT_EQ(Verified(entries_).sessions.at(1).first, 7u);
}

TEST_F(DiagnosisTest, Altered) {
  std::vector<std::string> changed = entries_;
  const size_t at = changed[3].find("outputs.metrics");
  ASSERT_NE(at, std::string::npos);
  changed[3].replace(at, 15, "outputs.matrics");
  ExpectBroken(changed, "entry 4 is altered: it isn't signed by its session's key");
  changed = entries_;
  changed[3].back() = static_cast<char>(changed[3].back() ^ 1);  // of the signature
  ExpectBroken(changed, "entry 4 is altered");
  changed[3] = "garbage";
  ExpectBroken(changed, "entry 4 is altered: ledger entry: doesn't parse");
  changed = entries_;
  const size_t head = changed[6].find("risk");
  changed[6].replace(head, 4, "rist");
  ExpectBroken(changed, "entry 7 is altered");
  const LedgerReport report = VerifyLedger(FileOf(entries_) + std::string(8, '\xff'), nullptr);
  EXPECT_EQ(report.reason, "entry 13 is altered: its length is impossible");
}

TEST_F(DiagnosisTest, TruncatedWithinAnEntryOrASession) {
  const std::string bytes = FileOf(entries_);
  EXPECT_EQ(VerifyLedger(bytes.substr(0, bytes.size() - 5), nullptr).reason,
            "the file is truncated: it ends within entry 12");
  std::vector<std::string> cut(entries_.begin(), entries_.begin() + 9);
  EXPECT_EQ(Verified(cut).verdict, Verdict::kCutOff);
  EXPECT_EQ(Verified(cut).reason, "session 0202020202020202 has no end entry behind entry 9");
}

TEST_F(DiagnosisTest, FrontIsMissing) {
  ExpectBroken({entries_.begin() + 2, entries_.end()},
               "entry 1 isn't the head of a session: what stood before it is missing");
  const LedgerAnchor anchor = {.origin = {}, .head = EntryHash(entries_.back())};
  const LedgerReport report = VerifyLedger(FileOf({entries_.begin() + 6, entries_.end()}), &anchor);
  EXPECT_EQ(report.verdict, Verdict::kBroken);
  EXPECT_NE(report.reason.find("entry 1 doesn't begin where the owner's ledger begins"),
            std::string::npos)
      << report.reason;
  // Without the owner's records that is a ledger whose beginning lies elsewhere.
  EXPECT_EQ(Verified({entries_.begin() + 6, entries_.end()}).origin, EntryHash(entries_[5]));
}

TEST_F(DiagnosisTest, Missing) {
  std::vector<std::string> changed = entries_;
  changed.erase(changed.begin() + 2, changed.begin() + 4);
  ExpectBroken(changed, "2 entries are missing before entry 3: it is number 4 of its session");
  changed = entries_;
  changed.erase(changed.begin() + 5);  // the end of the first session
  ExpectBroken(changed, "entry 6 begins session 0202020202020202, which follows no entry");
}

TEST_F(DiagnosisTest, ReorderedAndRepeated) {
  std::vector<std::string> changed = entries_;
  std::swap(changed[2], changed[3]);
  ExpectBroken(changed, "entry 3 is out of order: it follows entry 4");
  changed = entries_;
  std::swap(changed[0], changed[1]);
  ExpectBroken(changed, "entry 1 is out of order: it follows entry 2");
  changed = entries_;
  changed.insert(changed.begin() + 4, entries_[1]);
  ExpectBroken(changed, "entry 5 repeats entry 2");
}

TEST_F(DiagnosisTest, Forked) {
  // Two sessions, both genuine, that carry on the same ledger.
  std::vector<std::string> changed = entries_;
  for (std::string& entry : Session(3, EntryHash(entries_[5]))) changed.push_back(std::move(entry));
  ExpectBroken(changed, "the ledger forks: entry 7 and entry 13 both follow entry 6");
}

TEST_F(DiagnosisTest, Spliced) {
  const std::vector<std::string> other = Session(3, DigestForTest(77));
  std::vector<std::string> changed = entries_;
  changed.insert(changed.begin() + 6, other.begin(), other.end());
  ExpectBroken(changed, "entry 7 begins session 0303030303030303, which follows no entry");
  changed = entries_;
  changed.insert(changed.begin() + 3, other[2]);
  ExpectBroken(changed, "entry 4 belongs to session 0303030303030303 and was spliced in");
}

TEST_F(DiagnosisTest, EvidenceOfASessionIsNamedByItsHead) {
  int heads = 0;
  const auto refuse_second = [&heads](const Head&) {
    return ++heads == 2 ? base::Fail(base::kEvidence, "no") : base::OkStatus();
  };
  const LedgerReport report = VerifyLedger(FileOf(entries_), nullptr, refuse_second);
  EXPECT_EQ(report.reason, "entry 7: the session's evidence was refused: no");
}

}  // namespace
}  // namespace soteria::ledger
