// Statistics as questions: the same answer from sums and from rows, what may leave and what may
// not, the bound on what binning changes, and bytes from elsewhere.
#include "src/stats/statistic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "src/base/errors.h"
#include "src/stats/binary_metrics.h"
#include "src/stats/doubles.h"
#include "src/stats/multiclass_metrics.h"
#include "src/stats/regression_metrics.h"

namespace soteria::stats {
namespace {

struct Rows {
  std::vector<double> score, label, prediction;
};

/// A classifier that is right more often the larger `skill` is; a fixed linear congruence.
Rows Made(size_t rows, double skill) {
  Rows made;
  uint64_t state = 88172645463325252U;
  const auto next = [&state] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(state >> 11U) / static_cast<double>(uint64_t{1} << 53U);
  };
  for (size_t i = 0; i < rows; ++i) {
    const double label = next() < 0.3 ? 1.0 : 0.0;
    const double score = (1 - skill) * next() + skill * label;
    made.label.push_back(label);
    made.score.push_back(score);
    made.prediction.push_back(score > 0.5 ? 1.0 : 0.0);
  }
  return made;
}

std::string BinarySums(const Rows& rows) {
  BinaryCounts counts;
  counts.Add(rows.score.data(), rows.label.data(), nullptr, rows.score.size());
  return counts.Encode();
}

std::string ConfusionSums(const Rows& rows) {
  ConfusionCounts counts;
  for (size_t i = 0; i < rows.label.size(); ++i) {
    EXPECT_TRUE(counts.Add(rows.label[i], rows.prediction[i], 1).ok());
  }
  return counts.Encode();
}

Statistic Asked(StatisticKind kind, std::string metric) {
  Statistic statistic;
  statistic.kind = kind;
  statistic.metric = std::move(metric);
  return statistic;
}

/// All pairs: the definition of the area under the ROC curve (Mann and Whitney).
double AreaByPairs(const Rows& rows) {
  double right = 0, pairs = 0;
  for (size_t i = 0; i < rows.label.size(); ++i) {
    for (size_t j = 0; j < rows.label.size(); ++j) {
      if (rows.label[i] != 1 || rows.label[j] != 0) continue;
      ++pairs;
      if (rows.score[i] > rows.score[j]) ++right;
      if (rows.score[i] == rows.score[j]) right += 0.5;
    }
  }
  return right / pairs;
}

TEST(Statistic, RowsAndSumsGiveTheSame) {
  const Rows rows = Made(400, 0.3);
  std::vector<double> scored, predicted;
  for (size_t i = 0; i < rows.label.size(); ++i) {
    scored.insert(scored.end(), {rows.score[i], rows.label[i], 1, 0});
    predicted.insert(predicted.end(), {rows.prediction[i], rows.label[i], 1, 0});
  }
  for (const char* metric : {"areaUnderROC", "areaUnderPR"}) {
    const Statistic asked = Asked(StatisticKind::kBinary, metric);
    const auto sums = Compute(asked, {InputForm::kSums, BinarySums(rows)});
    const auto from_rows = Compute(asked, {InputForm::kRows, PackDoubles(scored)});
    ASSERT_TRUE(sums.ok() && from_rows.ok());
    EXPECT_EQ(*sums, *from_rows) << metric;
  }
  for (const char* metric : {"accuracy", "f1", "precisionOfLabels", "labels", "hammingLoss"}) {
    const Statistic asked = Asked(StatisticKind::kMulticlass, metric);
    const auto sums = Compute(asked, {InputForm::kSums, ConfusionSums(rows)});
    const auto from_rows = Compute(asked, {InputForm::kRows, PackDoubles(predicted)});
    ASSERT_TRUE(sums.ok() && from_rows.ok()) << metric;
    EXPECT_EQ(*sums, *from_rows) << metric;
  }
  EXPECT_NEAR((*Compute(Asked(StatisticKind::kBinary, "areaUnderROC"),
                        {InputForm::kSums, BinarySums(rows)}))[0],
              AreaByPairs(rows), 1e-12);
}

TEST(Statistic, EveryReleasedBinHasNoneOrEnough) {
  for (const double skill : {0.0, 0.3, 0.9}) {
    for (const uint64_t min_rows : {1U, 5U, 10U, 50U}) {
      for (const uint64_t bins : {2U, 10U, 1000U}) {
        const Rows rows = Made(600, skill);
        const auto made = MakeReleasable(Asked(StatisticKind::kBinary, "areaUnderROC"),
                                         {BinarySums(rows), {}}, min_rows, bins);
        ASSERT_TRUE(made.ok());
        const auto counts = BinaryCounts::Decode(made->input.bytes);
        ASSERT_TRUE(counts.ok());
        EXPECT_LE(counts->scores().size(), bins);
        EXPECT_EQ(made->numbers, 2 * counts->scores().size());
        EXPECT_EQ(made->rows, 600U);
        double positives = 0, all = 0;
        for (const ScoreWeights& bin : counts->scores()) {
          for (const double cell : {bin.positive, bin.negative}) {
            EXPECT_TRUE(cell == 0 || cell >= static_cast<double>(min_rows)) << cell;
          }
          positives += bin.positive;
          all += bin.positive + bin.negative;
          EXPECT_EQ(bin.score, std::trunc(bin.score)) << "a rank, not a row's score";
        }
        EXPECT_EQ(all, 600);
        EXPECT_EQ(positives, std::accumulate(rows.label.begin(), rows.label.end(), 0.0));
      }
    }
  }
}

TEST(Statistic, BinningChangesTheAreaByNoMoreThanTheBound) {
  for (const double skill : {0.05, 0.2, 0.5, 0.8}) {
    for (const uint64_t bins : {2U, 5U, 20U, 100U}) {
      const Rows rows = Made(500, skill);
      const Statistic asked = Asked(StatisticKind::kBinary, "areaUnderROC");
      const auto made = MakeReleasable(asked, {BinarySums(rows), {}}, 10, bins);
      ASSERT_TRUE(made.ok());
      const auto bound = BinningBound(made->input.bytes);
      ASSERT_TRUE(bound.ok());
      const double binned = (*Compute(asked, made->input))[0];
      EXPECT_LE(std::abs(binned - AreaByPairs(rows)), *bound + 1e-12);
      EXPECT_LE(*bound, 0.5);
    }
  }
}

TEST(Statistic, ATieOfAllScoresIsHalf) {
  Rows rows = Made(100, 0);
  std::fill(rows.score.begin(), rows.score.end(), 0.25);
  const auto made = MakeReleasable(Asked(StatisticKind::kBinary, "areaUnderROC"),
                                   {BinarySums(rows), {}}, 10, 100);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*Compute(Asked(StatisticKind::kBinary, "areaUnderROC"), made->input))[0], 0.5);
  EXPECT_EQ(*BinningBound(made->input.bytes), 0.5);
}

TEST(Statistic, TooFewRowsOfALabelStayInside) {
  Rows rows = Made(100, 0.5);
  std::fill(rows.label.begin(), rows.label.end(), 0.0);
  for (size_t i = 0; i < 9; ++i) rows.label[i] = 1.0;
  const Statistic asked = Asked(StatisticKind::kBinary, "areaUnderROC");
  EXPECT_TRUE(MakeReleasable(asked, {BinarySums(rows), {}}, 9, 100).ok());
  EXPECT_TRUE(
      base::Is(MakeReleasable(asked, {BinarySums(rows), {}}, 10, 100).status(), kStaysInside));
  EXPECT_TRUE(base::Is(MakeReleasable(asked, {"", {}}, 1, 100).status(), kStaysInside));
}

TEST(Statistic, ConfusionCellsStayInsideAtTheEdge) {
  const Statistic asked = Asked(StatisticKind::kMulticlass, "accuracy");
  for (const double cell : {9.0, 10.0}) {
    const std::string exact = PackDoubles(std::vector<double>{0, 0, 0, 0, 40, 0, 1, cell});
    const auto made = MakeReleasable(asked, {exact, {}}, 10, 100);
    EXPECT_EQ(made.ok(), cell >= 10);
    if (made.ok()) {
      EXPECT_EQ(made->numbers, 2U);
    } else {
      EXPECT_TRUE(base::Is(made.status(), kStaysInside));
    }
  }
}

TEST(Statistic, OnlyTheLossLeavesForTheLoss) {
  const std::string exact = PackDoubles(std::vector<double>{12.5, 50, 0, 0, 49, 1, 1, 1});
  const auto made =
      MakeReleasable(Asked(StatisticKind::kMulticlass, "logLoss"), {exact, {}}, 10, 100);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->input.bytes, PackDoubles(std::vector<double>{12.5, 50}));
  EXPECT_EQ((*Compute(Asked(StatisticKind::kMulticlass, "logLoss"), made->input))[0], 0.25);
  const auto counts =
      MakeReleasable(Asked(StatisticKind::kMulticlass, "accuracy"),
                     {PackDoubles(std::vector<double>{12.5, 50, 0, 0, 50}), {}}, 10, 10);
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->input.bytes, PackDoubles(std::vector<double>{0, 0, 0, 0, 50}));
}

TEST(Statistic, MomentsOfTooFewRowsStayInside) {
  RegressionSums sums;
  for (int i = 0; i < 10; ++i) sums.Add(i, i + 1, 1);
  const Statistic asked = Asked(StatisticKind::kRegression, "mse");
  EXPECT_TRUE(base::Is(MakeReleasable(asked, {sums.Encode(), {}}, 11, 10).status(), kStaysInside));
  const auto made = MakeReleasable(asked, {sums.Encode(), {}}, 10, 10);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->rows, 10U);
  EXPECT_EQ((*Compute(asked, made->input))[0], 1.0);
}

/// The example of MLlib's own tests: the curves by hand.
std::string MllibsExample() {
  const std::vector<double> score = {0.1, 0.1, 0.4, 0.6, 0.6, 0.6, 0.8};
  const std::vector<double> label = {0, 1, 0, 0, 1, 1, 1};
  BinaryCounts counts;
  counts.Add(score.data(), label.data(), nullptr, score.size());
  return counts.Encode();
}

using Numbers = std::vector<double>;

Numbers Curve(const char* name, const Input& input) {
  const auto values = Compute(Asked(StatisticKind::kBinary, name), input);
  EXPECT_TRUE(values.ok()) << name;
  return values.ok() ? *values : Numbers();
}

// One row is enough for it: that somebody has such a value would leave.
TEST(Statistic, ANumberThatIsntFiniteStaysInside) {
  const double big = std::numeric_limits<double>::max();
  for (const double odd : {std::nan(""), std::numeric_limits<double>::infinity(), -big}) {
    RegressionSums sums;
    for (int i = 0; i < 20; ++i) sums.Add(i, i == 7 ? odd : i + 1, 1);
    const auto moments =
        MakeReleasable(Asked(StatisticKind::kRegression, "mae"), {sums.Encode(), {}}, 5, 10);
    EXPECT_TRUE(base::Is(moments.status(), kStaysInside));
  }
  for (const double odd : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const auto mean =
        MakeReleasable(Asked(StatisticKind::kSummary, "mean"),
                       {PackDoubles(std::vector<double>{20, 1.5, 20, odd}), {}}, 5, 10);
    EXPECT_TRUE(base::Is(mean.status(), kStaysInside));
  }
  EXPECT_TRUE(MakeReleasable(Asked(StatisticKind::kSummary, "mean"),
                             {PackDoubles(std::vector<double>{20, 1.5, 20, 7}), {}}, 5, 10)
                  .ok());
}

TEST(Statistic, CurvesAreTheirPoints) {
  const Input exact{InputForm::kSums, MllibsExample()};
  const Numbers roc = {0, 0, 0, 0.25, 1.0 / 3, 0.75, 2.0 / 3, 0.75, 1, 1, 1, 1};
  const Numbers pr = {0, 1, 0.25, 1, 0.75, 0.75, 0.75, 0.6, 1, 4.0 / 7};
  EXPECT_EQ(Curve("roc", exact), roc);
  EXPECT_EQ(Curve("pr", exact), pr);
  EXPECT_EQ(Curve("precisionByThreshold", exact),
            (Numbers{0.8, 1, 0.6, 0.75, 0.4, 0.6, 0.1, 4.0 / 7}));
  EXPECT_EQ(Curve("recallByThreshold", exact), (Numbers{0.8, 0.25, 0.6, 0.75, 0.4, 0.75, 0.1, 1}));
  const Numbers f1 = Curve("fMeasureByThreshold", exact);
  const Numbers by_hand = {0.8, 0.4, 0.6, 0.75, 0.4, 2.0 / 3, 0.1, 8.0 / 11};
  ASSERT_EQ(f1.size(), by_hand.size());
  for (size_t i = 0; i < f1.size(); ++i) EXPECT_NEAR(f1[i], by_hand[i], 1e-15) << i;
  // Where nothing is merged, ranks give the same curves as scores.
  for (const char* name : {"roc", "pr"}) {
    const auto made = MakeReleasable(Asked(StatisticKind::kBinary, name), {exact.bytes, {}}, 1, 10);
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(Curve(name, made->input), Curve(name, exact));
  }
}

TEST(Statistic, TablesOfThresholdsStayInside) {
  for (const char* name : {"fMeasureByThreshold", "precisionByThreshold", "recallByThreshold"}) {
    const auto made =
        MakeReleasable(Asked(StatisticKind::kBinary, name), {MllibsExample(), {}}, 1, 10);
    EXPECT_TRUE(base::Is(made.status(), kStaysInside)) << name;
  }
}

/// A sum of weighted rows, with that of their number.
template <class Sums, class AddRow>
Counted<Sums> WeightedSums(const std::vector<double>& weights, const AddRow& add) {
  Counted<Sums> counted;
  counted.rows.emplace();
  for (size_t i = 0; i < weights.size(); ++i) {
    add(i, weights[i], counted.sums);
    add(i, CountedRow(weights[i]), *counted.rows);
  }
  return counted;
}

Counted<BinaryCounts> WeightedScores(const Rows& rows, const std::vector<double>& weights) {
  return WeightedSums<BinaryCounts>(weights, [&](size_t i, double weight, BinaryCounts& to) {
    to.Add(&rows.score[i], &rows.label[i], &weight, 1);
  });
}

TEST(Statistic, WeightedBinsCountRowsAndReleaseWeights) {
  const Rows rows = Made(300, 0.3);
  std::vector<double> weights;
  for (size_t i = 0; i < rows.score.size(); ++i) {
    weights.push_back(i % 3 == 0 ? 0 : 0.125 * static_cast<double>(i % 7 + 1));
  }
  const Statistic asked = Asked(StatisticKind::kBinary, "areaUnderROC");
  const ExactSums exact = WeightedScores(rows, weights).Exact();
  for (const uint64_t min_rows : {5U, 20U}) {
    const auto made = MakeReleasable(asked, exact, min_rows, 1000);
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(made->rows, 200U);
    const auto bins = BinaryCounts::Decode(made->input.bytes);
    ASSERT_TRUE(bins.ok());
    // Rows of each bin, by walking down the scores until its weights are full.
    std::vector<size_t> order(rows.score.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return rows.score[a] > rows.score[b]; });
    size_t at = 0;
    for (const ScoreWeights& bin : bins->scores()) {
      double weight[2] = {0, 0};
      uint64_t count[2] = {0, 0};
      const auto is_full = [&] { return weight[1] == bin.positive && weight[0] == bin.negative; };
      while (!is_full() && at < order.size()) {
        const size_t label = rows.label[order[at]] > 0.5 ? 1 : 0;
        weight[label] += weights[order[at]];
        count[label] += weights[order[at]] > 0 ? 1U : 0U;
        ++at;
      }
      ASSERT_TRUE(is_full()) << "weights of eighths add up exactly";
      for (const uint64_t n : count) EXPECT_TRUE(n == 0 || n >= min_rows) << n;
    }
    const double bound = *BinningBound(made->input.bytes);
    const double inside = (*Compute(asked, {InputForm::kSums, exact.sums}))[0];
    EXPECT_LE(std::abs((*Compute(asked, made->input))[0] - inside), bound + 1e-12);
  }
}

TEST(Statistic, RowsWithoutWeightHideNobody) {
  // Ten rows a cell; one of them has all the weight but in the first case.
  for (const size_t heavy : {size_t{10}, size_t{1}}) {
    std::vector<double> weights(20, 0.0);
    for (size_t i = 0; i < heavy; ++i) weights[i] = weights[i + 10] = 2;
    const auto label = [](size_t i) { return i < 10 ? 0.0 : 1.0; };
    const auto cells =
        WeightedSums<ConfusionCounts>(weights, [&](size_t i, double w, ConfusionCounts& to) {
          EXPECT_TRUE(to.Add(label(i), label(i), w).ok());
          to.AddLoss(0.5, w);
        });
    const auto moments = WeightedSums<RegressionSums>(
        weights, [&](size_t i, double w, RegressionSums& to) { to.Add(label(i), 0.5, w); });
    Rows rows;
    for (size_t i = 0; i < weights.size(); ++i) {
      rows.score.push_back(static_cast<double>(i));
      rows.label.push_back(label(i));
    }
    const auto leaves = [](StatisticKind kind, const char* metric, const ExactSums& exact) {
      const auto made = MakeReleasable(Asked(kind, metric), exact, 10, 100);
      EXPECT_TRUE(made.ok() || base::Is(made.status(), kStaysInside));
      return made.ok();
    };
    const bool enough = heavy == 10;
    EXPECT_EQ(leaves(StatisticKind::kMulticlass, "accuracy", cells.Exact()), enough);
    EXPECT_EQ(leaves(StatisticKind::kMulticlass, "logLoss", cells.Exact()), enough);
    EXPECT_EQ(leaves(StatisticKind::kRegression, "mse", moments.Exact()), enough);
    EXPECT_EQ(leaves(StatisticKind::kBinary, "roc", WeightedScores(rows, weights).Exact()), enough);
  }
}

TEST(Statistic, AWeightlessCellStaysInside) {
  Counted<ConfusionCounts> cells;
  cells.rows.emplace();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(cells.sums.Add(0, 0, 3).ok() && cells.rows->Add(0, 0, 1).ok());
  }
  const Statistic asked = Asked(StatisticKind::kMulticlass, "accuracy");
  const auto made = MakeReleasable(asked, cells.Exact(), 10, 100);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->input.bytes, PackDoubles(Numbers{0, 0, 0, 0, 30}));
  EXPECT_EQ(made->rows, 10U);
  EXPECT_TRUE(cells.sums.Add(1, 0, 0).ok() && cells.rows->Add(1, 0, 0).ok());
  EXPECT_TRUE(base::Is(MakeReleasable(asked, cells.Exact(), 1, 100).status(), kStaysInside));
}

TEST(Statistic, ExactSumsRoundTripAndRefuseOthers) {
  const Rows rows = Made(20, 0.3);
  auto one = WeightedScores(rows, std::vector<double>(20, 0.5));
  const auto other = WeightedScores(Made(30, 0.6), std::vector<double>(30, 2.0));
  const auto back = Counted<BinaryCounts>::Decode(one.Encode());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->Encode(), one.Encode());
  // Adding to nothing gives the same; to others, both sums.
  Counted<BinaryCounts> total;
  ASSERT_TRUE(total.Merge(one).ok() && total.Merge({}).ok());
  EXPECT_EQ(total.Encode(), one.Encode());
  ASSERT_TRUE(total.Merge(other).ok());
  ASSERT_TRUE(one.sums.Merge(other.sums).ok() && one.rows->Merge(*other.rows).ok());
  EXPECT_EQ(total.Encode(), one.Encode());
  const std::string bytes = one.Encode();
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(Counted<BinaryCounts>::Decode(bytes.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(ExactSums::Decode(bytes + "x").ok());
  // Rows of other scores than the weights'.
  const ExactSums mixed{BinarySums(rows), BinarySums(Made(20, 0.6))};
  EXPECT_TRUE(base::Is(MakeReleasable(Asked(StatisticKind::kBinary, "roc"), mixed, 1, 10).status(),
                       base::kProtocol));
}

TEST(Statistic, QuestionsComeBackAsTheyWere) {
  Question asked;
  asked.statistic = {StatisticKind::kMulticlass, "fMeasureByLabel", 0.5, 2, 7, true};
  asked.input = {InputForm::kRows, std::string("\0x", 2)};
  const auto back = DecodeQuestion(EncodeQuestion(asked));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(EncodeQuestion(*back), EncodeQuestion(asked));
  EXPECT_EQ(back->statistic.metric, "fMeasureByLabel");
  EXPECT_EQ(back->input.bytes, asked.input.bytes);
}

TEST(Statistic, RefusesWhatIsNoQuestionOrInput) {
  const std::string good = EncodeQuestion({});
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(DecodeQuestion(good.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(DecodeQuestion(good + "x").ok());
  for (const size_t at : {size_t{8}, good.size() - 16}) {  // kind; form
    std::string bad = good;
    bad[at] = 9;
    EXPECT_FALSE(DecodeQuestion(bad).ok()) << at;
  }
  for (const StatisticKind kind :
       {StatisticKind::kBinary, StatisticKind::kMulticlass, StatisticKind::kRegression}) {
    for (const InputForm form : {InputForm::kSums, InputForm::kRows}) {
      EXPECT_FALSE(Compute(Asked(kind, "accuracy"), {form, "seven b"}).ok());
    }
    EXPECT_FALSE(Compute(Asked(kind, "nonsense"),
                         {InputForm::kRows, PackDoubles(std::vector<double>{1, 1, 1, 0})})
                     .ok());
  }
  EXPECT_FALSE(Compute(Asked(static_cast<StatisticKind>(7), "mse"), {}).ok());
}

}  // namespace
}  // namespace soteria::stats
