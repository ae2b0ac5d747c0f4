// What may cross to the statistics process: random rules and random statistics, a host that writes
// down what it is sent and answers or lies. What crossed is what the owner's ledger has, and each
// of it is allowed by the rule; values reach the caller only as they should. Seeded: a failure
// names its case.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"
#include "src/crypto/identity.h"
#include "src/master/release_gate.h"
#include "src/master/statistics.h"
#include "src/master/statistics_process.h"
#include "src/stats/binary_metrics.h"
#include "src/stats/doubles.h"
#include "src/stats/multiclass_metrics.h"
#include "src/stats/regression_metrics.h"

namespace soteria::master {
namespace {

using stats::InputForm;
using stats::StatisticKind;

const std::string kPatients(16, 'p');
const std::string kVisits(16, 'v');
const std::vector<StatisticKind> kKinds = {StatisticKind::kBinary, StatisticKind::kMulticlass,
                                           StatisticKind::kRegression, StatisticKind::kSummary,
                                           StatisticKind::kClasses};

/// Keeps what crossed, and answers as the statistics process would, unless it lies.
class WatchingHost : public dataflow::HostLink {
 public:
  enum class Mood { kHonest, kLies, kSilent };
  base::Status Send(uint8_t kind, uint64_t id, std::string_view payload) override {
    EXPECT_EQ(kind, host::STATISTIC);
    crossed.emplace_back(payload);
    if (mood == Mood::kSilent) return base::OkStatus();
    base::Frame frame;
    frame.kind = host::STATISTIC_DONE;
    frame.id = id;
    const auto question = stats::DecodeQuestion(payload);
    EXPECT_TRUE(question.ok());
    const auto values = stats::Compute(question->statistic, question->input);
    frame.payload = std::string(1, '\0');
    if (values.ok()) frame.payload = '\1' + stats::PackDoubles(*values);
    if (mood == Mood::kLies) frame.payload = '\1' + stats::PackDoubles(std::vector<double>{kLie});
    EXPECT_TRUE(process->OnFrame(frame));
    return base::OkStatus();
  }
  static constexpr double kLie = -3.25;
  Mood mood = Mood::kHonest;
  StatisticsProcess* process = nullptr;
  std::vector<std::string> crossed;
};

/// Stores what the master reports, or refuses.
class WatchingOwner : public ledger::OwnerStore {
 public:
  base::Status Store(std::string_view entry,
                     const std::vector<ledger::VersionRecord>& versions) override {
    if (refuses) return base::Fail(base::kIo, "disk full");
    const auto event = ledger::ParseSignedEntry(entry).value().entry.event;
    if (const auto* release = std::get_if<ledger::Release>(&event)) releases.push_back(*release);
    for (const ledger::VersionRecord& record : versions) spent[record.id] = record.spent;
    return base::OkStatus();
  }
  bool refuses = false;
  std::vector<ledger::Release> releases;
  std::map<std::string, uint64_t> spent;
};

/// One session of a master under a rule, as far as statistics go.
class Scene {
 public:
  Scene(std::optional<policy::StatisticsRule> rule, const crypto::IdentityKey& identity,
        uint64_t spent_before = 0)
      : ledger_(identity, mac_key_, base::Digest{}, base::Digest{}, owner) {
    provisioned_.manifest.statistics = std::move(rule);
    for (const std::string& id : {kPatients, kVisits}) {
      provisioned_.versions[id] = {id, 1, base::Digest{}, spent_before};
      provisioned_.manifest.read.push_back({"/" + id, base::Hex(id)});
    }
    roots_ = std::make_unique<Roots>(provisioned_, *files_, crypto::OsRandom(), ledger_, clock_);
    gate = std::make_unique<ReleaseGate>(policy_, *roots_, ledger_, clock_);
    statistics =
        std::make_unique<Statistics>(*gate, process, crypto::Secret::Adopt(std::string(32, 'r')));
    host.process = &process;
    EXPECT_TRUE(ledger_.Append(ledger::Head{}, 1).ok());
  }

  static constexpr int64_t kAnswerMs = 30;
  WatchingHost host;
  WatchingOwner owner;
  StatisticsProcess process{host, kAnswerMs};
  std::unique_ptr<ReleaseGate> gate;
  std::unique_ptr<Statistics> statistics;

 private:
  Provisioned provisioned_;
  policy::Gate policy_{provisioned_.manifest};
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  EnclaveClock clock_{base::SystemClock(), 0};
  crypto::Secret mac_key_ = crypto::Secret::Adopt(std::string(32, 'm'));
  ledger::LedgerWriter ledger_;
  std::unique_ptr<Roots> roots_;
};

using Chance = std::mt19937_64;
uint64_t Below(Chance& chance, uint64_t bound) { return chance() % bound; }
template <class T>
T One(Chance& chance, std::vector<T> of) {
  return of[Below(chance, of.size())];
}
double Unit(Chance& chance) { return static_cast<double>(chance() >> 11U) * 0x1p-53; }

std::optional<policy::StatisticsRule> AnyRule(Chance& chance) {
  if (Below(chance, 12) == 0) return std::nullopt;
  policy::StatisticsRule rule;
  for (const StatisticKind kind : kKinds) {
    const std::string name(stats::KindName(kind));
    if (Below(chance, 2) == 0) {
      rule.kinds.push_back(name);
    } else if (Below(chance, 2) == 0) {
      rule.inside.push_back(name);
    }
  }
  rule.budget = One<uint64_t>(chance, {1, 9, 40, 200, 2'000});
  if (Below(chance, 3) == 0) {
    rule.release = policy::ReleaseLevel::kScores;
    rule.unverified = Below(chance, 2) == 0;
  } else {
    rule.min_rows = One<uint64_t>(chance, {1, 2, 5, 10, 30});
    rule.bins = One<uint64_t>(chance, {2, 3, 10, 1'000});
  }
  return rule;
}

/// (score or prediction, label, weight, loss) a row.
std::vector<double> AnyRows(Chance& chance, StatisticKind kind) {
  std::vector<double> rows;
  const uint64_t count = Below(chance, 70);
  const bool coarse = Below(chance, 2) == 0;  // many ties
  for (uint64_t i = 0; i < count; ++i) {
    const double label = static_cast<double>(Below(chance, 3) == 0);
    double score = coarse ? static_cast<double>(Below(chance, 4)) / 4 : Unit(chance);
    if (kind == StatisticKind::kMulticlass) score = Below(chance, 8) == 0 ? 1 - label : label;
    rows.insert(rows.end(), {score, label, 1.0, Unit(chance)});
  }
  return rows;
}

stats::Statistic AnyAsked(Chance& chance, StatisticKind kind) {
  stats::Statistic asked;
  asked.kind = kind;
  switch (kind) {
    case StatisticKind::kBinary:
      asked.metric = One<std::string>(chance, {"areaUnderROC", "areaUnderPR"});
      break;
    case StatisticKind::kMulticlass:
      asked.metric = One<std::string>(chance, {"accuracy", "f1", "logLoss", "hammingLoss"});
      break;
    case StatisticKind::kRegression:
      asked.metric = One<std::string>(chance, {"rmse", "mae", "r2", "var"});
      break;
    case StatisticKind::kSummary:
      asked.metric =
          One<std::string>(chance, {"mean", "stddev", "vectorMean", "vectorSum", "vectorVariance",
                                    "vectorStd", "vectorNormL1", "vectorNormL2"});
      break;
    case StatisticKind::kClasses:
      asked.metric = "distribution";
      break;
    case StatisticKind::kRanking:
    case StatisticKind::kClustering:  // never leaves
      break;
  }
  return asked;
}

bool IsOfTable(StatisticKind kind) {
  return kind == StatisticKind::kSummary || kind == StatisticKind::kClasses;
}

/// Of one column: how many of its values count, their mean, and the sum of squared distances from
/// it.
struct Moments {
  double count = 0, mean = 0, spread = 0;
};
Moments MomentsOf(const std::vector<double>& rows, size_t column, bool zeros) {
  Moments moments;
  for (size_t i = column; i < rows.size(); i += stats::kNumbersOfRow) {
    if (!zeros && rows[i] == 0) continue;
    ++moments.count;
    const double distance = rows[i] - moments.mean;
    moments.mean += distance / moments.count;
    moments.spread += distance * (rows[i] - moments.mean);
  }
  return moments;
}

bool HasSpreads(std::string_view metric) {
  return metric == "vectorVariance" || metric == "vectorStd";
}

/// Of scores and labels as a table's columns, or as vectors; classes: rows of each label
/// (docs/formats/statistics.md).
std::string TableSumsOf(const stats::Statistic& asked, const std::vector<double>& rows) {
  const auto count = static_cast<double>(rows.size() / stats::kNumbersOfRow);
  std::vector<double> sums;
  if (asked.kind == StatisticKind::kClasses) {
    const double ones = MomentsOf(rows, 1, false).count;
    if (count > ones) sums.push_back(count - ones);
    if (ones > 0) sums.push_back(ones);
    return stats::PackDoubles(sums);
  }
  const bool columns = asked.metric == "mean" || asked.metric == "stddev";
  if (!columns) sums.push_back(count);
  for (const size_t column : {0U, 1U}) {
    const Moments moments = MomentsOf(rows, column, columns);
    sums.push_back(moments.count);
    if (asked.metric == "mean") sums.push_back(moments.mean * moments.count);
    if (asked.metric == "stddev") sums.push_back(moments.spread);
    if (!columns) sums.push_back(moments.mean);
    if (HasSpreads(asked.metric)) sums.push_back(moments.spread);
  }
  return stats::PackDoubles(sums);
}

std::string SumsOf(const stats::Statistic& asked, const std::vector<double>& rows) {
  if (IsOfTable(asked.kind)) return TableSumsOf(asked, rows);
  stats::BinaryCounts binary;
  stats::ConfusionCounts confusion;
  stats::RegressionSums regression;
  for (size_t i = 0; i < rows.size(); i += stats::kNumbersOfRow) {
    binary.Add(&rows[i], &rows[i + 1], nullptr, 1);
    EXPECT_TRUE(confusion.Add(rows[i + 1], rows[i], 1).ok());
    confusion.AddLoss(rows[i + 3], 1);
    regression.Add(rows[i], rows[i + 1], 1);
  }
  if (asked.kind == StatisticKind::kBinary) return binary.Encode();
  return asked.kind == StatisticKind::kMulticlass ? confusion.Encode() : regression.Encode();
}

/// The released counts of rows, read by hand from docs/formats/statistics.md.
std::vector<double> CellsOf(const stats::Question& question) {
  const std::vector<double> numbers = stats::UnpackDoubles(question.input.bytes).value();
  std::vector<double> cells;
  switch (question.statistic.kind) {
    case StatisticKind::kBinary:
      for (size_t i = 0; i < numbers.size(); i += 3) {
        cells.insert(cells.end(), {numbers[i + 1], numbers[i + 2]});
      }
      break;
    case StatisticKind::kMulticlass:
      for (size_t i = 4; i < numbers.size(); i += 3) cells.push_back(numbers[i]);
      break;
    case StatisticKind::kRegression:
      cells.push_back(numbers[0]);
      break;
    case StatisticKind::kSummary: {
      const std::string& metric = question.statistic.metric;
      if (metric == "mean" || metric == "stddev") {
        for (size_t i = 0; i < numbers.size(); i += 2) cells.push_back(numbers[i]);
        break;
      }
      for (size_t i = 1; i < numbers.size(); i += HasSpreads(metric) ? 3U : 2U) {
        cells.insert(cells.end(), {numbers[i], numbers[0] - numbers[i]});
      }
      break;
    }
    case StatisticKind::kClasses:
      cells = numbers;
      break;
    case StatisticKind::kRanking:
    case StatisticKind::kClustering:
      break;
  }
  return cells;
}

void CheckOneCrossing(const policy::StatisticsRule& rule, const std::string& bytes,
                      const ledger::Release& entry) {
  ASSERT_EQ(crypto::Sha256(bytes), entry.content);
  EXPECT_EQ(bytes.size(), entry.bytes);
  const stats::Question question = stats::DecodeQuestion(bytes).value();
  const std::string kind(stats::KindName(question.statistic.kind));
  EXPECT_EQ(entry.kind, kind);
  EXPECT_EQ(std::count(rule.kinds.begin(), rule.kinds.end(), kind), 1) << kind;
  EXPECT_TRUE(entry.outside);
  EXPECT_TRUE(rule.unverified || !entry.unverified);
  if (question.input.form == InputForm::kRows) {
    EXPECT_EQ(rule.release, policy::ReleaseLevel::kScores);
    EXPECT_EQ(entry.level, ledger::Release::Level::kScores);
    EXPECT_EQ(entry.budget_spent, question.input.bytes.size() / sizeof(double));
    return;
  }
  EXPECT_EQ(entry.level, ledger::Release::Level::kAggregate);
  EXPECT_GE(entry.rows, rule.min_rows);
  EXPECT_GT(entry.budget_spent, 0U);
  const std::vector<double> cells = CellsOf(question);
  for (const double cell : cells) {
    EXPECT_TRUE(cell == 0 || cell >= static_cast<double>(rule.min_rows)) << cell;
  }
  if (question.statistic.kind == StatisticKind::kBinary) {
    EXPECT_LE(cells.size(), 2 * rule.bins);
    EXPECT_EQ(entry.budget_spent, cells.size());
  }
}

/// All that crossed in a session against its ledger and its rule.
void CheckCrossings(const std::optional<policy::StatisticsRule>& rule, const Scene& scene,
                    uint64_t spent_before) {
  ASSERT_EQ(scene.host.crossed.size(), scene.owner.releases.size());
  if (!rule.has_value()) {
    EXPECT_TRUE(scene.host.crossed.empty());
    return;
  }
  std::map<std::string, uint64_t> spent = {{kPatients, spent_before}, {kVisits, spent_before}};
  for (size_t i = 0; i < scene.host.crossed.size(); ++i) {
    const ledger::Release& entry = scene.owner.releases[i];
    CheckOneCrossing(*rule, scene.host.crossed[i], entry);
    ASSERT_FALSE(entry.data_sets.empty()) << "a release that costs nobody anything";
    for (const ledger::Spending& spending : entry.data_sets) {
      spent[spending.id] += entry.budget_spent;
      EXPECT_EQ(spending.spent, spent[spending.id]);
      EXPECT_LE(spending.spent, rule->budget);
      EXPECT_EQ(spending.left, rule->budget - spending.spent);
      EXPECT_EQ(scene.owner.spent.at(spending.id) >= spending.spent, true);
    }
  }
}

/// One call as the session makes it; what it may end in.
void AskOnce(Chance& chance, const std::optional<policy::StatisticsRule>& rule, Scene& scene) {
  const StatisticKind kind = One(chance, kKinds);
  const stats::Statistic asked = AnyAsked(chance, kind);
  const std::vector<double> rows = AnyRows(chance, kind);
  const std::vector<std::string> roots = One<std::vector<std::string>>(
      chance, {{kPatients}, {kVisits}, {kPatients, kVisits}, {kPatients}, {}});
  const DataBehind data = {roots, roots, Below(chance, 8) != 0};
  const bool enough = Below(chance, 8) != 0;
  const bool weighted = !IsOfTable(kind) && Below(chance, 6) == 0;
  const bool lies = Below(chance, 8) == 0;
  scene.host.mood = lies ? WatchingHost::Mood::kLies : WatchingHost::Mood::kHonest;
  const size_t before = scene.host.crossed.size();
  const bool answers = scene.statistics->ByAnswers(kind, data);
  const std::string sums = SumsOf(asked, rows);
  stats::ExactSums exact{sums, std::nullopt};
  if (weighted) exact.rows = sums;  // all weights are 1
  const auto value =
      answers ? scene.statistics->OfAnswers(asked, stats::PackDoubles(rows), "work", "what", data)
              : scene.statistics->OfSums(asked, exact, "what", data, enough);
  const bool left = scene.host.crossed.size() > before;
  if (!data.once || roots.empty() || (!answers && !enough)) {
    EXPECT_FALSE(left);
  }
  if (!value.ok()) {
    if (left && !lies) {  // only what no enclave computes leaves without having a value
      const stats::Question released = stats::DecodeQuestion(scene.host.crossed.back()).value();
      EXPECT_FALSE(stats::Compute(asked, released.input).ok()) << base::Message(value.status());
      EXPECT_TRUE(rule->unverified);
    }
    return;
  }
  EXPECT_EQ(value->from.placement == Placement::kOutside, left);
  EXPECT_FALSE(left && rows.empty());
  if (left && lies) {
    ASSERT_TRUE(rule->unverified) << "a lie passed for a value";
    EXPECT_TRUE(value->from.unverified);
    return;
  }
  // From outside or inside, it is the value of what left, else of the exact sums.
  const stats::Input input = left ? stats::DecodeQuestion(scene.host.crossed.back())->input
                                  : stats::Input{InputForm::kSums, sums};
  const std::vector<double> own = stats::Compute(asked, input).value();
  EXPECT_EQ(stats::PackDoubles(value->numbers), stats::PackDoubles(own));
}

TEST(Release, NothingOutsideTheManifestsListForRandomRulesAndStatistics) {
  constexpr uint64_t kCases = 2'500;
  const auto identity = crypto::IdentityKey::Generate().value();
  size_t crossed = 0;
  std::map<std::string, size_t> of_kind;
  for (uint64_t seed = 0; seed < kCases && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(base::Cat("case ", seed));
    Chance chance(seed);
    const auto rule = AnyRule(chance);
    const uint64_t spent = Below(chance, 3) == 0 ? Below(chance, 60) : 0;
    Scene scene(rule, identity, spent);
    for (uint64_t calls = 1 + Below(chance, 6); calls > 0; --calls) AskOnce(chance, rule, scene);
    CheckCrossings(rule, scene, spent);
    crossed += scene.host.crossed.size();
    for (const ledger::Release& release : scene.owner.releases) ++of_kind[release.kind];
  }
  EXPECT_GT(crossed, kCases / 4) << "too little was released for this to say anything";
  for (const StatisticKind kind : kKinds) {
    EXPECT_GT(of_kind[std::string(stats::KindName(kind))], kCases / 40) << stats::KindName(kind);
  }
}

class ReleaseEdge : public testing::Test {
 protected:
  static policy::StatisticsRule Rule(uint64_t budget) {
    policy::StatisticsRule rule;
    rule.kinds = {"binary", "multiclass", "regression"};
    rule.min_rows = 10;
    rule.budget = budget;
    return rule;
  }
  static DataBehind OfPatients() { return {{kPatients}, {kPatients}, true}; }
  /// Nine numbers.
  static base::StatusOr<StatisticValue> Moments(Scene& scene, double rows = 10) {
    stats::RegressionSums sums;
    for (int i = 0; i < static_cast<int>(rows); ++i) sums.Add(i, i + 1, 1);
    stats::Statistic asked;
    asked.kind = StatisticKind::kRegression;
    asked.metric = "mse";
    return scene.statistics->OfSums(asked, {sums.Encode(), {}}, "what", OfPatients(), true);
  }
  static base::StatusOr<StatisticValue> Rows(Scene& scene) {
    stats::Statistic asked;
    asked.kind = StatisticKind::kRegression;
    asked.metric = "mse";
    std::vector<double> rows;
    for (int i = 0; i < 40; ++i) rows.insert(rows.end(), {i + 0.5, 0.0 + i, 1, 0});
    return scene.statistics->OfAnswers(asked, stats::PackDoubles(rows), "work", "what",
                                       OfPatients());
  }

  const crypto::IdentityKey identity_ = crypto::IdentityKey::Generate().value();
};

TEST_F(ReleaseEdge, ABudgetIsSpentToTheLastNumberAndNoFurther) {
  Scene exact(Rule(18), identity_);
  EXPECT_TRUE(Moments(exact).ok());
  EXPECT_TRUE(Moments(exact).ok());
  EXPECT_TRUE(base::Is(Moments(exact).status(), base::kNotInManifest));
  EXPECT_EQ(exact.host.crossed.size(), 2U);
  EXPECT_EQ(exact.owner.spent.at(kPatients), 18U);
  Scene short_of_one(Rule(17), identity_);
  EXPECT_TRUE(Moments(short_of_one).ok());
  EXPECT_TRUE(base::Is(Moments(short_of_one).status(), base::kNotInManifest));
  EXPECT_EQ(short_of_one.host.crossed.size(), 1U);
  // Another job, whose owner remembers; and one whose rule allows less than is spent already.
  Scene later(Rule(18), identity_, 18);
  EXPECT_FALSE(Moments(later).ok());
  Scene lower(Rule(5), identity_, 18);
  EXPECT_FALSE(Moments(lower).ok());
  EXPECT_TRUE(later.host.crossed.empty() && lower.host.crossed.empty());
}

TEST_F(ReleaseEdge, OneRowTooFewStaysInside) {
  Scene scene(Rule(100), identity_);
  const auto inside = Moments(scene, 9);
  ASSERT_TRUE(inside.ok());
  EXPECT_EQ(inside->from.placement, Placement::kEnclave);
  EXPECT_TRUE(scene.host.crossed.empty() && scene.owner.releases.empty());
  EXPECT_EQ(Moments(scene, 10)->from.placement, Placement::kOutside);
}

TEST_F(ReleaseEdge, WhatASilentProcessWasSentIsPaidFor) {
  Scene scene(Rule(18), identity_);
  scene.host.mood = WatchingHost::Mood::kSilent;
  EXPECT_TRUE(base::Is(Moments(scene).status(), kStatistics));
  EXPECT_EQ(scene.owner.spent.at(kPatients), 9U);
  // Asked again in the session: the same bytes, paid for again.
  scene.host.mood = WatchingHost::Mood::kHonest;
  EXPECT_TRUE(Moments(scene).ok());
  ASSERT_EQ(scene.owner.releases.size(), 2U);
  EXPECT_EQ(scene.owner.releases[0].content, scene.owner.releases[1].content);
  EXPECT_EQ(scene.owner.spent.at(kPatients), 18U);
  EXPECT_FALSE(Moments(scene).ok());
}

TEST_F(ReleaseEdge, RowsLeaveInTheSameOrderForTheSameWorkAndInAnotherElsewhere) {
  policy::StatisticsRule rule = Rule(1'000);
  rule.release = policy::ReleaseLevel::kScores;
  Scene scene(rule, identity_);
  EXPECT_TRUE(Rows(scene).ok());
  EXPECT_TRUE(Rows(scene).ok());
  ASSERT_EQ(scene.host.crossed.size(), 2U);
  EXPECT_EQ(scene.host.crossed[0], scene.host.crossed[1]);
  const auto rows =
      stats::UnpackDoubles(stats::DecodeQuestion(scene.host.crossed[0])->input.bytes).value();
  std::vector<double> labels;
  for (size_t i = 1; i < rows.size(); i += stats::kNumbersOfRow) labels.push_back(rows[i]);
  EXPECT_FALSE(std::is_sorted(labels.begin(), labels.end())) << "the order of the source";
  std::sort(labels.begin(), labels.end());
  for (size_t i = 0; i < labels.size(); ++i) EXPECT_EQ(labels[i], static_cast<double>(i));
}

TEST_F(ReleaseEdge, NothingLeavesUntilTheOwnerHasTheEntry) {
  Scene scene(Rule(100), identity_);
  scene.owner.refuses = true;
  EXPECT_FALSE(Moments(scene).ok());
  EXPECT_TRUE(scene.host.crossed.empty());
  scene.owner.refuses = false;  // too late: the owner's head is unknown now
  EXPECT_FALSE(Moments(scene).ok());
  EXPECT_TRUE(scene.host.crossed.empty());
}

TEST_F(ReleaseEdge, TheGateItselfRefusesRowsKindsAndWhatNoBudgetIsFor) {
  policy::StatisticsRule rule = Rule(100);
  rule.kinds = {"regression"};
  Scene scene(rule, identity_);
  ReleaseGate::Leaving leaving;
  leaving.question.statistic.kind = StatisticKind::kRegression;
  leaving.numbers = 1;
  leaving.data = {kPatients};
  EXPECT_TRUE(scene.gate->Release(leaving).ok());
  leaving.question.input.form = InputForm::kRows;
  EXPECT_TRUE(base::Is(scene.gate->Release(leaving).status(), base::kNotInManifest));
  leaving.question.input.form = InputForm::kSums;
  leaving.question.statistic.kind = StatisticKind::kBinary;
  EXPECT_TRUE(base::Is(scene.gate->Release(leaving).status(), base::kNotInManifest));
  leaving.question.statistic.kind = StatisticKind::kRegression;
  for (const std::vector<std::string>& data :
       {std::vector<std::string>{}, {kPatients, kPatients}}) {
    leaving.data = data;
    EXPECT_TRUE(base::Is(scene.gate->Release(leaving).status(), base::kInternal));
  }
  // An origin that the Manifest doesn't list has no budget here: what to list is in the text.
  leaving.data = {kPatients, std::string(16, '?')};
  const base::Status refused = scene.gate->Release(leaving).status();
  EXPECT_TRUE(base::Is(refused, base::kNotInManifest));
  EXPECT_NE(base::Message(refused).find("add [[read]] with its path and id = \"" +
                                        base::Hex(std::string(16, '?'))),
            std::string::npos);
  EXPECT_EQ(scene.owner.releases.size(), 1U);
}

}  // namespace
}  // namespace soteria::master
