#include "src/base/edit_distance.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace soteria::base {
namespace {

TEST(EditDistance, CountsInsertedDeletedAndReplacedBytes) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("abc", ""), 3U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("flaw", "lawn"), 2U);
}

TEST(EditDistance, NearestIsASlipAwayOrNothing) {
  const std::vector<std::string> names = {"put", "get", "manifest", "export"};
  EXPECT_EQ(Nearest("putt", names), "put");
  EXPECT_EQ(Nearest("manifset", names), "manifest");
  EXPECT_EQ(Nearest("EXPORT", names), "export");
  EXPECT_EQ(Nearest("exprot", names), "export");
  EXPECT_EQ(Nearest("exprt", names), "export");
  EXPECT_EQ(Nearest("ge", names), "") << "short words are near to everything";
  EXPECT_EQ(Nearest("train", names), "");
  EXPECT_EQ(Nearest("put", std::vector<std::string>{"put"}), "") << "it is that very word";
  EXPECT_EQ(Nearest("", names), "");
  EXPECT_EQ(Nearest(std::string(100'000, 'x'), names), "");
}

}  // namespace
}  // namespace soteria::base
