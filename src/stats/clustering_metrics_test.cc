// The likelihood of a corpus from its sums.
#include "src/stats/clustering_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/stats/statistic.h"

namespace soteria::stats {
namespace {

TEST(TopicSums, GiveBothNumbers) {
  const TopicSums sums{-90.0, -10.0, 25.0};
  Statistic asked;
  asked.kind = StatisticKind::kClustering;
  asked.metric = "logLikelihood";
  EXPECT_EQ(Compute(asked, {InputForm::kSums, sums.Encode()}).value(), std::vector<double>{-100});
  EXPECT_FALSE(Compute(asked, {InputForm::kRows, sums.Encode()}).ok());
  asked.metric = "logPerplexity";
  EXPECT_EQ(Compute(asked, {InputForm::kSums, sums.Encode()}).value(), std::vector<double>{4});
  EXPECT_TRUE(std::isnan(TopicSums().LogPerplexity())) << "no tokens";
  asked.metric = "logPosterior";
  EXPECT_FALSE(Compute(asked, {InputForm::kSums, sums.Encode()}).ok());
}

TEST(TopicSums, StayInside) {
  Statistic asked;
  asked.kind = StatisticKind::kClustering;
  for (const char* metric : {"logLikelihood", "logPerplexity"}) {
    asked.metric = metric;
    const ExactSums exact{TopicSums{-90.0, -10.0, 1e9}.Encode(), std::nullopt};
    EXPECT_TRUE(base::Is(MakeReleasable(asked, exact, 1, 10).status(), kStaysInside)) << metric;
  }
}

TEST(TopicSums, TakeNoOtherBytes) {
  const std::string bytes = TopicSums{1, 2, 3}.Encode();
  EXPECT_EQ(TopicSums::Decode(bytes).value().Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(TopicSums::Decode(bytes.substr(0, n)).ok());
  EXPECT_FALSE(TopicSums::Decode(bytes + bytes).ok());
}

}  // namespace
}  // namespace soteria::stats
