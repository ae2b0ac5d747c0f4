// Sums of classifiers' summaries: bytes, and what becomes of the scores.
#include "src/ml/classification_summary/sums.h"

#include <gtest/gtest.h>

#include "src/ml/data_for_test.h"

namespace soteria::ml {
namespace {

/// Of the first rows: a prediction and a score each.
ClassificationSums SumsOf(const table::FeatureBlock& block, bool binary) {
  std::vector<double> prediction, score;
  for (size_t i = 0; i < block.label.size(); ++i) {
    prediction.push_back(static_cast<double>(i % 2));
    score.push_back(static_cast<double>(i) / 10.0);
  }
  ClassificationSums sums;
  EXPECT_TRUE(sums.Add(prediction, binary ? &score : nullptr, block).ok());
  return sums;
}

TEST(ClassificationSums, RefuseOtherBytes) {
  for (const bool binary : {true, false}) {
    for (const bool weighted : {true, false}) {
      const std::string bytes = SumsOf(DenseBlock(BreastCancer(weighted), 0, 9), binary).Encode();
      ASSERT_TRUE(ClassificationSums::Decode(bytes).ok());
      EXPECT_EQ(ClassificationSums::Decode(bytes).value().Encode(), bytes);
      for (size_t n = 0; n < bytes.size(); ++n) {
        EXPECT_FALSE(ClassificationSums::Decode(std::string_view(bytes).substr(0, n)).ok()) << n;
      }
      EXPECT_FALSE(MergeClassificationSums({bytes, "x"}).ok());
    }
  }
}

TEST(ClassificationSums, ScoresAreThereWhereAllPartsHaveThem) {
  const RowsForTest rows = BreastCancer();
  const std::string with = SumsOf(DenseBlock(rows, 0, 9), true).Encode();
  const std::string without = SumsOf(DenseBlock(rows, 9, 20), false).Encode();
  const auto merged = [](const std::string& a, const std::string& b) {
    return ClassificationSums::Decode(*MergeClassificationSums({a, b})).value();
  };
  EXPECT_TRUE(merged(with, with).scores.has_value());
  EXPECT_FALSE(merged(with, without).scores.has_value());
  EXPECT_FALSE(merged(without, without).scores.has_value());
}

}  // namespace
}  // namespace soteria::ml
