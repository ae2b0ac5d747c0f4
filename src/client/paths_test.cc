#include "src/client/paths.h"

#include <gtest/gtest.h>

#include "src/base/errors.h"

namespace soteria::client {
namespace {

TEST(Paths, AbsoluteIsTextOnly) {
  EXPECT_EQ(Absolute("a/b", "/w"), "/w/a/b");
  EXPECT_EQ(Absolute("./a//b/", "/w"), "/w/a/b");
  EXPECT_EQ(Absolute("../x", "/w/v"), "/w/x");
  EXPECT_EQ(Absolute("../../../x", "/w"), "/x");
  EXPECT_EQ(Absolute("/a/./b/..", "/w"), "/a");
  EXPECT_EQ(Absolute(".", "/"), "/");
}

TEST(Paths, HomeComesFromTheOptionThenTheVariableThenTheUser) {
  EXPECT_EQ(ResolveHome("h", "/env", "/home/a", "/w")->dir, "/w/h");
  EXPECT_EQ(ResolveHome("", "/env", "/home/a", "/w")->dir, "/env");
  EXPECT_EQ(ResolveHome("", "", "/home/a", "/w")->dir, "/home/a/.soteria");
  EXPECT_TRUE(base::Is(ResolveHome("", "", "", "/w").status(), base::kInput));
  EXPECT_EQ(ResolveHome("/h", "", "", "/w")->key_file(), "/h/user.key");
}

TEST(Paths, StoragePathHasOneSpelling) {
  EXPECT_EQ(*StoragePath("file:///bucket/a", "/w"), "/bucket/a");
  EXPECT_EQ(*StoragePath("/bucket/a/", "/w"), "/bucket/a");
  EXPECT_EQ(*StoragePath("a/../b", "/w"), "/w/b");
  EXPECT_FALSE(StoragePath("s3://bucket/a", "/w").ok());
  EXPECT_FALSE(StoragePath("file:///a/../b", "/w").ok());
  EXPECT_FALSE(StoragePath("", "/w").ok());
  EXPECT_FALSE(StoragePath("/a/*", "/w").ok());
  EXPECT_FALSE(StoragePath(std::string(5000, 'a'), "/w").ok());
}

TEST(Paths, SplitsAtTheLastSlash) {
  EXPECT_EQ(SplitPath("/a/b/c"), std::pair(std::string("/a/b"), std::string("c")));
  EXPECT_EQ(SplitPath("/a"), std::pair(std::string("/"), std::string("a")));
  EXPECT_EQ(SplitPath("/a/"), std::pair(std::string("/"), std::string("a")));
}

TEST(Paths, KnowsWhereTheProgramIs) {
  auto dir = ProgramDirectory();
  ASSERT_TRUE(dir.ok());
  EXPECT_TRUE(dir->starts_with('/'));
}

}  // namespace
}  // namespace soteria::client
