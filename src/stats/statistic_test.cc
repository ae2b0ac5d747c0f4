// Statistics as questions: the same answer from sums and from rows, what may leave and what may
// not, the bound on what binning changes, and bytes from elsewhere.
#include "src/stats/statistic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

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
                                         BinarySums(rows), min_rows, bins);
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
      const auto made = MakeReleasable(asked, BinarySums(rows), 10, bins);
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
  const auto made =
      MakeReleasable(Asked(StatisticKind::kBinary, "areaUnderROC"), BinarySums(rows), 10, 100);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*Compute(Asked(StatisticKind::kBinary, "areaUnderROC"), made->input))[0], 0.5);
  EXPECT_EQ(*BinningBound(made->input.bytes), 0.5);
}

TEST(Statistic, TooFewRowsOfALabelStayInside) {
  Rows rows = Made(100, 0.5);
  std::fill(rows.label.begin(), rows.label.end(), 0.0);
  for (size_t i = 0; i < 9; ++i) rows.label[i] = 1.0;
  const Statistic asked = Asked(StatisticKind::kBinary, "areaUnderROC");
  EXPECT_TRUE(MakeReleasable(asked, BinarySums(rows), 9, 100).ok());
  EXPECT_TRUE(base::Is(MakeReleasable(asked, BinarySums(rows), 10, 100).status(), kStaysInside));
  EXPECT_TRUE(base::Is(MakeReleasable(asked, "", 1, 100).status(), kStaysInside));
}

TEST(Statistic, ConfusionCellsStayInsideAtTheEdge) {
  const Statistic asked = Asked(StatisticKind::kMulticlass, "accuracy");
  for (const double cell : {9.0, 10.0}) {
    const std::string exact = PackDoubles(std::vector<double>{0, 0, 0, 0, 40, 0, 1, cell});
    const auto made = MakeReleasable(asked, exact, 10, 100);
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
  const auto made = MakeReleasable(Asked(StatisticKind::kMulticlass, "logLoss"), exact, 10, 100);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->input.bytes, PackDoubles(std::vector<double>{12.5, 50}));
  EXPECT_EQ((*Compute(Asked(StatisticKind::kMulticlass, "logLoss"), made->input))[0], 0.25);
  const auto counts = MakeReleasable(Asked(StatisticKind::kMulticlass, "accuracy"),
                                     PackDoubles(std::vector<double>{12.5, 50, 0, 0, 50}), 10, 10);
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->input.bytes, PackDoubles(std::vector<double>{0, 0, 0, 0, 50}));
}

TEST(Statistic, MomentsOfTooFewRowsStayInside) {
  RegressionSums sums;
  for (int i = 0; i < 10; ++i) sums.Add(i, i + 1, 1);
  const Statistic asked = Asked(StatisticKind::kRegression, "mse");
  EXPECT_TRUE(base::Is(MakeReleasable(asked, sums.Encode(), 11, 10).status(), kStaysInside));
  const auto made = MakeReleasable(asked, sums.Encode(), 10, 10);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->rows, 10U);
  EXPECT_EQ((*Compute(asked, made->input))[0], 1.0);
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
