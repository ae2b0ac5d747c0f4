// Releases computed again: from a ledger as the master writes it and files as a cluster keeps them.
#include "src/client/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/client/key_file.h"
#include "src/client/owner_for_test.h"
#include "src/crypto/hash.h"
#include "src/stats/doubles.h"
#include "src/stats/statistic.h"

namespace soteria::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kClass[] = "org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator";

// `right` of 40 rows are right: the accuracy is right / 40.
std::string QuestionOf(double right) {
  stats::Question question;
  question.statistic.kind = stats::StatisticKind::kMulticlass;
  question.statistic.metric = "accuracy";
  question.input.bytes =
      stats::PackDoubles(std::vector<double>{0, 0, 0, 0, right, 0, 1, 40 - right});
  return stats::EncodeQuestion(question);
}

// docs/formats/ledger.md: fields (3, the number).
std::string OneNumber(double value) {
  return base::FieldWriter().AddU64(3).AddDouble(value).Take();
}

class ReplayTest : public testing::Test {
 protected:
  ReplayTest() : folder_(test_.At("kept")), key_(LedgerMacKey(test_.Key())) {
    std::filesystem::create_directories(folder_);
    ledger::SessionReport session;
    session.first = 1;
    report_.sessions.push_back(session);
    Add(ledger::Head{});
  }

  void Add(ledger::Event event) {
    ledger::Entry entry;
    entry.event = std::move(event);
    report_.sessions.back().entries.push_back(std::move(entry));
  }
  static ledger::Release ReleaseOf(const std::string& question) {
    ledger::Release release;
    release.statistic = base::Cat(kClass, ".accuracy");
    release.rows = 40;
    release.level = ledger::Release::Level::kAggregate;
    release.kind = "multiclass";
    release.bytes = question.size();
    release.content = crypto::Sha256(question);
    release.outside = true;
    return release;
  }
  void AddOutput(double value) {
    ledger::Output output;
    output.kind = ledger::Output::Kind::kMetrics;
    output.what = kClass;
    output.outside = true;
    output.content = crypto::HmacSha256(key_, OneNumber(value));
    Add(output);
  }
  std::string Keep(const std::string& question) const {
    const std::string name =
        base::Cat(base::Hex(base::View(crypto::Sha256(question))), ".question");
    return test_.Write("kept/" + name, question);
  }
  ReplayReport Run(const crypto::Secret* key, std::optional<size_t> session = std::nullopt) {
    return Replay(test_.files(), report_, session, folder_, key).value();
  }

  OwnerForTest test_;
  std::string folder_;
  crypto::Secret key_;
  ledger::LedgerReport report_;
};

TEST_F(ReplayTest, TheSameBytesGiveTheSameValue) {
  Keep(QuestionOf(30));
  Add(ReleaseOf(QuestionOf(30)));
  AddOutput(0.75);
  const ReplayReport replay = Run(&key_);
  ASSERT_EQ(replay.releases.size(), 1U);
  const Replayed& one = replay.releases[0];
  EXPECT_EQ(one.entry, 2U);
  EXPECT_EQ(one.metric, "accuracy");
  EXPECT_THAT(one.values, ElementsAre(0.75));
  EXPECT_EQ(one.owner, Replayed::Owner::kSame);
  EXPECT_EQ(one.output, 3U);
  EXPECT_TRUE(replay.good());
  EXPECT_TRUE(replay.extra.empty());
  const std::vector<std::string> lines = ReplayLines(replay);
  EXPECT_THAT(lines[0], HasSubstr("accuracy, aggregate, 40 rows: 0.75, which the owner got (#3)"));
  EXPECT_EQ(lines.back(), "replayed 1 of 1 releases");
}

TEST_F(ReplayTest, NeedsNoKey) {
  Keep(QuestionOf(30));
  Add(ReleaseOf(QuestionOf(30)));
  AddOutput(0.5);
  const ReplayReport replay = Run(nullptr);
  EXPECT_EQ(replay.releases[0].owner, Replayed::Owner::kNotCompared);
  EXPECT_TRUE(replay.good());
}

TEST_F(ReplayTest, AnotherValueThanTheOwnerGotIsSaid) {
  Keep(QuestionOf(30));
  ledger::Release release = ReleaseOf(QuestionOf(30));
  release.unverified = true;
  Add(release);
  AddOutput(0.123);
  const ReplayReport replay = Run(&key_);
  EXPECT_EQ(replay.releases[0].owner, Replayed::Owner::kAnother);
  EXPECT_FALSE(replay.good());
  EXPECT_THAT(ReplayLines(replay)[0],
              HasSubstr("ANOTHER VALUE reached the owner (#3), unverified"));
}

TEST_F(ReplayTest, AValueThatNeverCameIsNoFault) {
  Keep(QuestionOf(30));
  Add(ReleaseOf(QuestionOf(30)));
  const ReplayReport replay = Run(&key_);
  EXPECT_EQ(replay.releases[0].owner, Replayed::Owner::kNone);
  EXPECT_TRUE(replay.good());
}

TEST_F(ReplayTest, PartsOfTablesAreNotComparedWithTheTable) {
  stats::Question mean;
  mean.statistic.kind = stats::StatisticKind::kSummary;
  mean.statistic.metric = "mean";
  mean.input.bytes = stats::PackDoubles(std::vector<double>{40, 30});
  const std::string question = stats::EncodeQuestion(mean);
  Keep(question);
  ledger::Release release = ReleaseOf(question);
  release.kind = "summary";
  release.statistic = "summary.mean";
  Add(release);
  const ReplayReport replay = Run(&key_);
  EXPECT_THAT(replay.releases[0].values, ElementsAre(0.75));
  EXPECT_EQ(replay.releases[0].owner, Replayed::Owner::kNotCompared);
  EXPECT_TRUE(replay.good());
}

TEST_F(ReplayTest, ReleasesThatWereUnderWayAtOnceFindTheirOwnValues) {
  for (const double right : {30.0, 10.0}) {
    Keep(QuestionOf(right));
    Add(ReleaseOf(QuestionOf(right)));
  }
  AddOutput(0.25);
  AddOutput(0.75);
  const ReplayReport replay = Run(&key_);
  EXPECT_TRUE(replay.good());
  EXPECT_EQ(replay.releases[0].output, 5U);
  EXPECT_EQ(replay.releases[1].output, 4U);
}

TEST_F(ReplayTest, MissingAlteredAndExtraAreSaid) {
  const std::string path = Keep(QuestionOf(30));
  Keep(QuestionOf(7));
  test_.Write("kept/notes.txt", "not a question");
  Add(ReleaseOf(QuestionOf(30)));
  Add(ReleaseOf(QuestionOf(20)));
  test_.Write("kept/" + std::filesystem::path(path).filename().string(), QuestionOf(31));
  const ReplayReport replay = Run(&key_);
  EXPECT_EQ(replay.releases[0].bytes, Replayed::Bytes::kAltered);
  EXPECT_EQ(replay.releases[1].bytes, Replayed::Bytes::kMissing);
  EXPECT_EQ(replay.extra.size(), 1U);
  EXPECT_FALSE(replay.good());
  const std::vector<std::string> lines = ReplayLines(replay);
  EXPECT_THAT(lines[0], HasSubstr("ALTERED"));
  EXPECT_THAT(lines[1], HasSubstr("MISSING"));
  EXPECT_THAT(lines[2], HasSubstr("extra: "));
  EXPECT_EQ(lines[3], "replayed 0 of 2 releases");
}

TEST_F(ReplayTest, AnExtraFileAloneIsNoFault) {
  Keep(QuestionOf(7));
  const ReplayReport replay = Run(nullptr);
  EXPECT_EQ(replay.extra.size(), 1U);
  EXPECT_TRUE(replay.good());
}

TEST_F(ReplayTest, BytesThatDontFitTheirEntryAreSaid) {
  const std::string question = QuestionOf(30);
  Keep(question);
  const auto with = [&](const std::function<void(ledger::Release&)>& alter) {
    ledger::Release release = ReleaseOf(question);
    alter(release);
    report_.sessions.back().entries.resize(1);
    Add(release);
    const ReplayReport replay = Run(nullptr);
    EXPECT_FALSE(replay.good());
    return replay.releases[0].wrong;
  };
  EXPECT_EQ(with([](auto& r) { r.level = ledger::Release::Level::kScores; }),
            "the entry has another level");
  EXPECT_EQ(with([](auto& r) { r.kind = "binary"; }), "the entry has another kind");
  EXPECT_EQ(with([](auto& r) { ++r.bytes; }), "the entry has another size");
  Keep("no question");
  EXPECT_NE(with([](auto& r) { r.content = crypto::Sha256("no question"); }), "");
}

TEST_F(ReplayTest, OneSessionOrAll) {
  Keep(QuestionOf(30));
  Keep(QuestionOf(10));
  Add(ReleaseOf(QuestionOf(30)));
  ledger::SessionReport second;
  second.first = 3;
  report_.sessions.push_back(second);
  Add(ledger::Head{});
  Add(ReleaseOf(QuestionOf(10)));
  EXPECT_EQ(Run(nullptr).releases.size(), 2U);
  const ReplayReport last = Run(nullptr, 1);
  ASSERT_EQ(last.releases.size(), 1U);
  EXPECT_EQ(last.releases[0].entry, 4U);
  EXPECT_EQ(last.elsewhere, 1U);
  EXPECT_TRUE(last.extra.empty());
  EXPECT_TRUE(
      base::Is(Replay(test_.files(), report_, std::nullopt, test_.At("none"), nullptr).status(),
               base::kInput));
}

}  // namespace
}  // namespace soteria::client
