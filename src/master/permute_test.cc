// Rows in an order that only the seed knows: all of them, each order as likely as any other.
#include "src/master/permute.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace soteria::master {
namespace {

crypto::Secret Seed(int number) {
  std::string bytes(32, '\0');
  bytes[0] = static_cast<char>(number & 0xff);
  bytes[1] = static_cast<char>(number >> 8);
  return crypto::Secret::Adopt(std::move(bytes));
}

TEST(Permuted, TheSameRowsInAnotherOrder) {
  std::string rows;
  for (int i = 0; i < 100; ++i) rows += std::string(1, static_cast<char>(i)) + "ab";
  const std::string once = Permuted(rows, 3, Seed(1));
  EXPECT_EQ(once, Permuted(rows, 3, Seed(1)));
  EXPECT_NE(once, rows);
  EXPECT_NE(once, Permuted(rows, 3, Seed(2)));
  std::string firsts;
  for (size_t i = 0; i < once.size(); i += 3) {
    firsts += once[i];
    EXPECT_EQ(once.substr(i + 1, 2), "ab");
  }
  std::sort(firsts.begin(), firsts.end());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(firsts[static_cast<size_t>(i)], static_cast<char>(i));
}

TEST(Permuted, EveryOrderIsAsLikely) {
  constexpr int kSeeds = 12'000;
  std::map<std::string, int> seen;
  for (int seed = 0; seed < kSeeds; ++seed) ++seen[Permuted("abcd", 1, Seed(seed))];
  ASSERT_EQ(seen.size(), 24U);
  double chi_square = 0;
  for (const auto& [order, count] : seen) {
    const double off = count - kSeeds / 24.0;
    chi_square += off * off / (kSeeds / 24.0);
  }
  EXPECT_LT(chi_square, 49.7) << "23 degrees of freedom, p = 0.001";
}

TEST(Permuted, NoneOrOneRow) {
  EXPECT_EQ(Permuted("", 8, Seed(1)), "");
  EXPECT_EQ(Permuted("ab", 2, Seed(1)), "ab");
}

}  // namespace
}  // namespace soteria::master
