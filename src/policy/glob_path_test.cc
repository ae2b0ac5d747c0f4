#include "src/policy/glob_path.h"

#include <gtest/gtest.h>

namespace soteria::policy {
namespace {

std::string Shown(std::string_view path) {
  const auto paths = SplitGlobs(path);
  if (!paths.ok()) return "refused";
  std::string text;
  for (const GlobPath& one : *paths) {
    text += one.folder;
    for (const std::string& part : one.parts) text += " " + part;
    text += ";";
  }
  return text;
}

TEST(GlobPath, CutsBeforeTheFirstWildcard) {
  EXPECT_EQ(Shown("/a/b.csv"), "/a/b.csv;");
  EXPECT_EQ(Shown("/a/*.csv"), "/a *.csv;");
  EXPECT_EQ(Shown("/a/k=*/b?.csv/"), "/a k=* b?.csv;");
  EXPECT_EQ(Shown("/a/{b,c}/d"), "/a/b/d;/a/c/d;");
  EXPECT_EQ(Shown("data/{a,b{1,2}}.txt"), "data/a.txt;data/b1.txt;data/b2.txt;");
  for (const char* bad : {"*.csv", "/a/{b", "/a/b}", "/a/[b", "/a/*/../c", "/a/*//b"}) {
    EXPECT_EQ(Shown(bad), "refused") << bad;
  }
}

TEST(GlobPath, MatchesOnePart) {
  EXPECT_TRUE(MatchesPart("*.csv", "a.csv"));
  EXPECT_FALSE(MatchesPart("*.csv", "a.csv.gz"));
  EXPECT_TRUE(MatchesPart("part-?????*", "part-00000.csv"));
  EXPECT_TRUE(MatchesPart("[a-c]x", "bx"));
  EXPECT_FALSE(MatchesPart("[^a-c]x", "bx"));
  EXPECT_TRUE(MatchesPart("*a*b", "xaabab"));
  EXPECT_FALSE(MatchesPart("a", "ab"));
}

}  // namespace
}  // namespace soteria::policy
