// The gradient kernel against its formula, its merging, and bytes from elsewhere.
#include "src/ml/logistic_regression/kernels.h"

#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/ml/data_for_test.h"
#include "src/ml/linalg/logistic.h"
#include "src/ml/work_for_test.h"

namespace soteria::ml {
namespace {

LinearScore SomeScore(size_t cols) {
  LinearScore score;
  for (size_t j = 0; j < cols; ++j) {
    score.coefficients.push_back(0.003 * (static_cast<double>(j % 7) - 3));
  }
  score.intercept = 0.4;
  return score;
}

LogisticScorer SomeScorer(size_t cols) {
  LogisticScorer scorer;
  scorer.sets = {SomeScore(cols)};
  scorer.by_raw = false;
  scorer.threshold = 0.5;
  return scorer;
}

GradientSums Naive(const RowsForTest& rows, const LinearScore& score) {
  GradientSums sums;
  sums.gradient.assign(score.coefficients.size(), 0.0);
  for (size_t i = 0; i < rows.features.size(); ++i) {
    double margin = score.intercept;
    for (size_t j = 0; j < score.coefficients.size(); ++j) {
      margin += score.coefficients[j] * rows.features[i][j];
    }
    const double weight = rows.weight.empty() ? 1.0 : rows.weight[i];
    sums.sums.loss +=
        weight * (rows.label[i] > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)));
    sums.sums.weight += weight;
    const double m = weight * (1 / (1 + std::exp(-margin)) - rows.label[i]);
    sums.sums.multiplier += m;
    for (size_t j = 0; j < sums.gradient.size(); ++j) {
      sums.gradient[j] += m * rows.features[i][j];
    }
  }
  return sums;
}

void ExpectClose(const GradientSums& a, const GradientSums& b) {
  EXPECT_TRUE(Close(a.sums.loss, b.sums.loss, 1e-12));
  EXPECT_TRUE(Close(a.sums.weight, b.sums.weight, 1e-12));
  EXPECT_TRUE(Close(a.sums.multiplier, b.sums.multiplier, 1e-12));
  EXPECT_TRUE(Close(a.gradient, b.gradient, 1e-11));
}

TEST(LogisticGradient, IsTheFormula) {
  for (const bool weighted : {false, true}) {
    for (const bool sparse : {false, true}) {
      const RowsForTest rows = BreastCancer(weighted);
      const LogisticGradientKernel kernel(SomeScore(30));
      const auto partial = MapForTest(kernel, Blocks(rows, 1, sparse)[0]);
      ASSERT_TRUE(partial.ok());
      ExpectClose(GradientSums::Decode(*partial, 30).value(), Naive(rows, SomeScore(30)));
    }
  }
}

TEST(LogisticGradient, AnyNumberOfRowsAndColumns) {
  const RowsForTest all = BreastCancer();
  for (const size_t rows : std::vector<size_t>{0, 1, 2, 3, 4, 5, 7, 131}) {
    for (const size_t cols : std::vector<size_t>{1, 2, 3, 4, 5, 8, 11, 30}) {
      RowsForTest some;
      for (size_t i = 0; i < rows; ++i) {
        some.features.emplace_back(all.features[i].begin(),
                                   all.features[i].begin() + static_cast<std::ptrdiff_t>(cols));
        some.label.push_back(all.label[i]);
      }
      const LogisticGradientKernel kernel(SomeScore(cols));
      const auto partial = MapForTest(kernel, Blocks(some, 1)[0]);
      ASSERT_TRUE(partial.ok());
      ExpectClose(GradientSums::Decode(*partial, cols).value(), Naive(some, SomeScore(cols)));
    }
  }
}

TEST(LogisticGradient, MarginDoesNotDependOnItsNeighbours) {  // I7
  const RowsForTest rows = BreastCancer();
  const auto whole = MarginsOf(SomeScore(30), DenseBlock(rows, 0, 50)).value();
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(MarginsOf(SomeScore(30), DenseBlock(rows, i, i + 1)).value()[0], whole[i]);
  }
}

TEST(LogisticGradient, TreeOfPartialsIsFixed) {
  const RowsForTest rows = BreastCancer();
  const LogisticGradientKernel kernel(SomeScore(30));
  WorkForTest hundred(Blocks(rows, 100));
  WorkForTest again(Blocks(rows, 100));
  WorkForTest one(Blocks(rows, 1));
  const std::string partial = hundred.Reduce(kernel).value();
  EXPECT_EQ(again.Reduce(kernel).value(), partial);
  ExpectClose(GradientSums::Decode(partial, 30).value(),
              GradientSums::Decode(one.Reduce(kernel).value(), 30).value());
  // A partial that is merged alone stays itself.
  const std::vector<std::string> alone = {partial};
  EXPECT_EQ(kernel.Merge(alone).value(), partial);
}

TEST(LogisticGradient, HugeMarginsAreFinite) {
  RowsForTest rows;
  rows.features = {{1e4}, {-1e4}, {1e4}, {-1e4}, {800}, {-800}};
  rows.label = {1, 1, 0, 0, 0, 1};
  LinearScore score;
  score.coefficients = {1.0};
  const LogisticGradientKernel kernel(score);
  const auto sums = GradientSums::Decode(MapForTest(kernel, Blocks(rows, 1)[0]).value(), 1).value();
  EXPECT_TRUE(Close(sums.sums.loss, 1e4 + 1e4 + 800 + 800, 1e-15));
  EXPECT_TRUE(Close(sums.gradient[0], 1e4 + 1e4 + 800 + 800, 1e-15));
  EXPECT_EQ(sums.sums.multiplier, 0.0);
}

TEST(LogisticTerms, AreAccurateEverywhere) {
  for (double m = -760; m <= 760; m += 0.37) {
    for (const double label : {0.0, 1.0}) {
      double margin = m;
      const LossSums sums = LogisticTerms(&label, nullptr, 1, &margin);
      const double t = label > 0 ? m : -m;
      const double loss = std::max(0.0, -t) + std::log1p(std::exp(-std::abs(m)));
      EXPECT_LE(std::abs(sums.loss - loss), 4e-16 * loss + 1e-307) << m;
      EXPECT_LE(std::abs(margin - (1 / (1 + std::exp(-m)) - label)), 4e-16) << m;
    }
  }
}

TEST(LogisticTerms, RowsWithoutWeightCountNothing) {
  const double label[] = {1, 0, 1, 0, 1};
  const double weight[] = {0, 2, 0, 0, 0};
  double margin[] = {kNanForTest, 0, kInfinityForTest, -kInfinityForTest, 5};
  const LossSums sums = LogisticTerms(label, weight, 5, margin);
  EXPECT_TRUE(Close(sums.loss, 2 * std::log(2.0), 1e-15));
  EXPECT_EQ(sums.weight, 2);
  EXPECT_EQ(sums.multiplier, 1);
  EXPECT_EQ(margin[0], 0);
  EXPECT_EQ(margin[2], 0);
}

TEST(LogisticGradient, RefusesOtherColumnsAndBytes) {
  const LogisticGradientKernel kernel(SomeScore(3));
  EXPECT_TRUE(base::Is(MapForTest(kernel, DenseBlock(BreastCancer(), 0, 5)).status(),
                       base::kIllegalArgument));
  for (const std::string& bytes :
       {std::string(), std::string(7, 'x'), std::string(6 * 8, '\0'), std::string(8 * 8, '\0')}) {
    EXPECT_TRUE(base::Is(kernel.Merge(std::vector<std::string>{bytes}).status(), base::kProtocol));
  }
  EXPECT_TRUE(kernel.Merge(std::vector<std::string>{std::string(7 * 8, '\0')}).ok());
}

template <class K, class Decode>
void ExpectRoundTrip(const K& kernel, Decode decode) {
  const std::string bytes = kernel.Encode();
  const auto back = decode(kernel.kind(), bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ((*back)->kind(), kernel.kind());
  EXPECT_EQ((*back)->Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(decode(kernel.kind(), std::string_view(bytes).substr(0, n)).ok()) << n;
  }
  EXPECT_FALSE(decode(kernel.kind(), bytes + std::string(8, '\0')).ok());
}

TEST(LogisticKernels, EncodingRoundTripsAndRefusesOthers) {
  table::FeatureColumns columns;
  columns.features = "f";
  columns.label = "l";
  columns.weight = "w";
  ExpectRoundTrip(LogisticGradientKernel(SomeScore(5)), DecodeKernel);
  ExpectRoundTrip(LogisticSummaryKernel(SomeScorer(5)), DecodeKernel);
  ExpectRoundTrip(LogisticEvaluationKernel(SomeScorer(5), columns), DecodeKernel);
  EXPECT_FALSE(DecodeKernel("ml.nothing", "").ok());
  EXPECT_TRUE(IsKernel("ml.logreg.gradient"));
  EXPECT_TRUE(IsKernel("ml.eval.binary"));
  EXPECT_FALSE(IsKernel("ml.nothing"));
}

}  // namespace
}  // namespace soteria::ml
