#include "src/dataflow/coverage.h"

#include <gtest/gtest.h>

namespace soteria::dataflow {
namespace {

TEST(CoverageTest, EachPartitionOnce) {
  Coverage coverage = Coverage::OfPartitions(3);
  EXPECT_EQ(coverage.Offer({2, 0, 0, 0}), Verdict::kAccept);
  EXPECT_EQ(coverage.Offer({0, 0, 0, 0}), Verdict::kAccept);
  EXPECT_EQ(coverage.Offer({2, 0, 0, 0}), Verdict::kRepeat);
  EXPECT_FALSE(coverage.complete());
  EXPECT_EQ(coverage.filled(), 2U);
  EXPECT_EQ(coverage.Offer({1, 0, 0, 0}), Verdict::kAccept);
  EXPECT_TRUE(coverage.complete());
  EXPECT_EQ(coverage.Offer({1, 0, 0, 0}), Verdict::kRepeat);
}

TEST(CoverageTest, ForeignPlacesFillNothing) {
  Coverage coverage = Coverage::OfPartitions(3);
  EXPECT_EQ(coverage.Offer({3, 0, 0, 0}), Verdict::kForeign);
  EXPECT_EQ(coverage.Offer({~uint64_t{0}, 0, 0, 0}), Verdict::kForeign);
  EXPECT_EQ(coverage.Offer({1, 1, 0, 0}), Verdict::kForeign);
  EXPECT_EQ(coverage.Offer({1, 0, 1, 0}), Verdict::kForeign);
  EXPECT_EQ(coverage.Offer({1, 0, 0, 1}), Verdict::kForeign);
  EXPECT_EQ(coverage.filled(), 0U);
}

TEST(CoverageTest, OnePlaceOnly) {
  Coverage coverage = Coverage::OfPlace({2, 0, 100, 10});
  EXPECT_EQ(coverage.Offer({1, 0, 100, 10}), Verdict::kForeign);
  EXPECT_EQ(coverage.Offer({2, 0, 100, 11}), Verdict::kForeign);
  EXPECT_EQ(coverage.Offer({3, 0, 100, 10}), Verdict::kForeign);
  EXPECT_EQ(coverage.Offer({2, 0, 100, 10}), Verdict::kAccept);
  EXPECT_TRUE(coverage.complete());
}

}  // namespace
}  // namespace soteria::dataflow
