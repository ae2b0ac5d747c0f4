// The metrics by hand and by closed forms, merging in any grouping, and bytes from elsewhere.
// Against stock Spark they are tested through the evaluators (src/ml/evaluators).
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/stats/binary_metrics.h"
#include "src/stats/doubles.h"
#include "src/stats/multiclass_metrics.h"
#include "src/stats/regression_metrics.h"

namespace soteria::stats {
namespace {

const std::vector<double> kScore = {0.9, 0.8, 0.8, 0.6, 0.3, 0.1};
const std::vector<double> kLabel = {1, 1, 0, 0, 1, 0};

BinaryCounts Counts(size_t first, size_t end) {
  BinaryCounts counts;
  counts.Add(kScore.data() + first, kLabel.data() + first, nullptr, end - first);
  return counts;
}

TEST(BinaryMetrics, Curves) {
  const BinaryMetrics metrics(Counts(0, 6), 0);
  const auto roc = metrics.Roc();
  ASSERT_EQ(roc.size(), 7U);
  EXPECT_EQ(roc[2].x, 1.0 / 3);
  EXPECT_EQ(roc[2].y, 2.0 / 3);
  // Of nine pairs six are in order, one is tied.
  EXPECT_NEAR(metrics.AreaUnderRoc(), 6.5 / 9, 1e-15);
  const auto pr = metrics.PrecisionRecall();
  EXPECT_EQ(pr[0].x, 0.0);
  EXPECT_EQ(pr[0].y, 1.0);
  EXPECT_EQ(pr[2].y, 2.0 / 3);
  const auto f = metrics.FMeasureByThreshold(1.0);
  EXPECT_EQ(f[0].x, 0.9);
  EXPECT_NEAR(f[0].y, 0.5, 1e-15);
  EXPECT_EQ(metrics.RecallByThreshold()[1].y, 2.0 / 3);
  EXPECT_EQ(metrics.PrecisionByThreshold()[1].y, 2.0 / 3);
}

TEST(BinaryMetrics, BinsGroupNeighbours) {
  // Five distinct scores: two bins group by two, three don't group.
  EXPECT_EQ(BinaryMetrics(Counts(0, 6), 2).PrecisionByThreshold().size(), 3U);
  EXPECT_EQ(BinaryMetrics(Counts(0, 6), 2).PrecisionByThreshold()[1].x, 0.6);
  EXPECT_EQ(BinaryMetrics(Counts(0, 6), 3).PrecisionByThreshold().size(), 5U);
}

TEST(BinaryCounts, AnyCutGivesTheSame) {
  const std::string whole = Counts(0, 6).Encode();
  for (size_t cut = 0; cut <= 6; ++cut) {
    BinaryCounts left = Counts(0, cut);
    ASSERT_TRUE(left.Merge(Counts(cut, 6)).ok());
    EXPECT_EQ(left.Encode(), whole);
  }
  BinaryCounts added = Counts(0, 2);
  added.Add(kScore.data() + 2, kLabel.data() + 2, nullptr, 4);
  EXPECT_EQ(added.Encode(), whole);
}

TEST(BinaryCounts, StrangeScores) {
  const double score[] = {std::nan(""), 0.0, -0.0, std::numeric_limits<double>::infinity(), 1};
  const double label[] = {1, 0, 1, 1, 0};
  BinaryCounts counts;
  counts.Add(score, label, nullptr, 5);
  ASSERT_EQ(counts.scores().size(), 4U);
  EXPECT_TRUE(std::isnan(counts.scores()[0].score));
  EXPECT_TRUE(std::isinf(counts.scores()[1].score));
  EXPECT_EQ(counts.scores()[3].positive, 1);
  EXPECT_EQ(counts.scores()[3].negative, 1);
  EXPECT_TRUE(BinaryCounts::Decode(counts.Encode()).ok());
}

TEST(BinaryCounts, RefusesOtherBytes) {
  const std::string bytes = Counts(0, 6).Encode();
  EXPECT_EQ(BinaryCounts::Decode(bytes)->Encode(), bytes);
  EXPECT_EQ(bytes.size(), 5U * 24);
  EXPECT_TRUE(base::Is(BinaryCounts::Decode(bytes.substr(1)).status(), base::kProtocol));
  EXPECT_TRUE(base::Is(BinaryCounts::Decode(bytes.substr(0, 8)).status(), base::kProtocol));
  const std::string twice = bytes.substr(0, 24) + bytes.substr(0, 24);
  EXPECT_TRUE(base::Is(BinaryCounts::Decode(twice).status(), base::kProtocol));
}

TEST(MulticlassMetrics, ByHand) {
  ConfusionCounts counts;
  const double rows[][2] = {{0, 0}, {0, 1}, {1, 1}, {1, 1}, {2, 0}, {2, 3}};  // label, prediction
  for (const auto& row : rows) ASSERT_TRUE(counts.Add(row[0], row[1], 1.0).ok());
  const MulticlassMetrics metrics(counts);
  EXPECT_EQ(metrics.labels(), (std::vector<double>{0, 1, 2}));  // 3 is only ever predicted
  EXPECT_EQ(metrics.Accuracy(), 0.5);
  EXPECT_EQ(metrics.HammingLoss(), 0.5);
  EXPECT_EQ(metrics.Precision(0).value(), 0.5);
  EXPECT_EQ(metrics.Precision(1).value(), 2.0 / 3);
  EXPECT_EQ(metrics.Precision(2).value(), 0.0);
  EXPECT_EQ(metrics.Recall(1).value(), 1.0);
  EXPECT_EQ(metrics.FalsePositiveRate(1).value(), 0.25);
  EXPECT_NEAR(metrics.FMeasure(1, 2.0).value(), 5 * (2.0 / 3) / (4 * (2.0 / 3) + 1), 1e-15);
  EXPECT_EQ(metrics.FMeasure(2, 1.0).value(), 0.0);
  EXPECT_TRUE(base::Is(metrics.Precision(3).status(), base::kIllegalArgument));
}

TEST(MulticlassMetrics, OneLabelHasNoFalsePositiveRate) {  // Spark: nan
  ConfusionCounts counts;
  ASSERT_TRUE(counts.Add(1, 1, 1).ok());
  EXPECT_TRUE(std::isnan(MulticlassMetrics(counts).FalsePositiveRate(1).value()));
}

TEST(ConfusionCounts, MergeAndRefusals) {
  ConfusionCounts left, right, whole;
  for (int i = 0; i < 20; ++i) {
    ConfusionCounts& part = i < 7 ? left : right;
    ASSERT_TRUE(part.Add(i % 3, i % 2, 1.0).ok());
    ASSERT_TRUE(whole.Add(i % 3, i % 2, 1.0).ok());
    part.AddLoss(0.5, 2);
    whole.AddLoss(0.5, 2);
  }
  ASSERT_TRUE(left.Merge(right).ok());
  const std::string bytes = whole.Encode();
  EXPECT_EQ(left.Encode(), bytes);
  EXPECT_EQ(ConfusionCounts::Decode(bytes)->Encode(), bytes);
  EXPECT_EQ(MulticlassMetrics(whole).LogLoss(), 0.5);
  EXPECT_FALSE(whole.Add(std::nan(""), 0, 1).ok());
  for (size_t n = 0; n < bytes.size(); ++n) {
    if (n >= 16 && (n - 16) % 24 == 0) continue;  // fewer cells are cells too
    EXPECT_TRUE(base::Is(ConfusionCounts::Decode(bytes.substr(0, n)).status(), base::kProtocol));
  }
  const std::string twice = bytes.substr(0, 40) + bytes.substr(16, 24);
  EXPECT_TRUE(base::Is(ConfusionCounts::Decode(twice).status(), base::kProtocol));
}

TEST(RegressionSums, ClosedForms) {
  // Predictions 1 above labels 0..9: every error is 1; labels have variance 8.25 (10 of them).
  RegressionSums sums;
  for (int i = 0; i < 10; ++i) sums.Add(i + 1, i, 1.0);
  EXPECT_NEAR(sums.MeanSquaredError(), 1, 1e-15);
  EXPECT_NEAR(sums.MeanAbsoluteError(), 1, 1e-15);
  EXPECT_NEAR(sums.R2(false), 1 - 10 / 82.5, 1e-14);
  EXPECT_NEAR(sums.R2(true), 1 - 10.0 / 285, 1e-14);
  EXPECT_NEAR(sums.ExplainedVariance(), 8.25 + 1, 1e-14);
  RegressionSums left, right;
  for (int i = 0; i < 10; ++i) (i < 3 ? left : right).Add(i + 1, i, 1.0);
  left.Merge(right);
  left.Merge(RegressionSums());
  EXPECT_NEAR(left.R2(false), sums.R2(false), 1e-14);
  EXPECT_NEAR(left.ExplainedVariance(), sums.ExplainedVariance(), 1e-13);
  EXPECT_EQ(RegressionSums::Decode(sums.Encode())->Encode(), sums.Encode());
  EXPECT_FALSE(RegressionSums::Decode(sums.Encode().substr(8)).ok());
  EXPECT_FALSE(RegressionSums().CheckNotEmpty().ok());
}

TEST(Doubles, RoundTripBitForBit) {
  const std::vector<double> values = {0.0, -0.0, 1.5, std::numeric_limits<double>::denorm_min(),
                                      -std::numeric_limits<double>::infinity()};
  const std::string bytes = PackDoubles(values);
  EXPECT_EQ(bytes.size(), 40U);
  EXPECT_EQ(bytes.substr(16, 8), std::string("\0\0\0\0\0\0\xf8\x3f", 8));  // little-endian
  EXPECT_EQ(PackDoubles(UnpackDoubles(bytes).value()), bytes);
  EXPECT_FALSE(UnpackDoubles("1234567").ok());
}

}  // namespace
}  // namespace soteria::stats
