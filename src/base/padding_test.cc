#include "src/base/padding.h"

#include <gtest/gtest.h>

#include <set>

namespace soteria::base {
namespace {

// From the paper: L = 9 has E = 3, S = 2, so that one bit is rounded away.
TEST(PaddingTest, RoundsAsPadmeDoes) {
  EXPECT_EQ(PaddedSize(0), 0U);
  EXPECT_EQ(PaddedSize(1), 1U);
  EXPECT_EQ(PaddedSize(8), 8U);
  EXPECT_EQ(PaddedSize(9), 10U);
  EXPECT_EQ(PaddedSize(1000), 1024U);
  EXPECT_EQ(PaddedSize(1'000'000), 1'015'808U);
}

TEST(PaddingTest, AddsLittleAndShowsLittle) {
  std::set<uint64_t> seen;
  for (uint64_t size = 1; size < 200'000; ++size) {
    const uint64_t padded = PaddedSize(size);
    ASSERT_GE(padded, size);
    ASSERT_LE(static_cast<double>(padded - size), 0.12 * static_cast<double>(size));
    ASSERT_EQ(PaddedSize(padded), padded);
    seen.insert(padded);
  }
  EXPECT_LT(seen.size(), 300U);
}

}  // namespace
}  // namespace soteria::base
