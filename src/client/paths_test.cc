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
  EXPECT_EQ(*StoragePath("s3a://bucket/a", "/w"), "s3a://bucket/a");
  EXPECT_EQ(*StoragePath("hdfs:/a/", "/w"), "hdfs:///a");
  EXPECT_EQ(*StoragePath("a/b:/c", "/w"), "/w/a/b:/c");
  EXPECT_FALSE(StoragePath("S3A://bucket/a", "/w").ok());
  EXPECT_FALSE(StoragePath("file:///a/../b", "/w").ok());
  EXPECT_FALSE(StoragePath("", "/w").ok());
  EXPECT_FALSE(StoragePath("/a/*", "/w").ok());
  EXPECT_FALSE(StoragePath(std::string(5000, 'a'), "/w").ok());
}

TEST(Paths, ARootThatOnlyTheClusterReachesMayNameACopy) {
  auto place = ParseRootPlace("hdfs://nn:9000/a/b=c/d=./copy", "/w");
  ASSERT_TRUE(place.ok()) << base::Message(place.status());
  EXPECT_EQ(place->path, "hdfs://nn:9000/a/b=c/d");
  EXPECT_EQ(place->copy, "/w/copy");
  EXPECT_EQ(ParseRootPlace("hdfs://nn/a", "/w")->copy, "");
  EXPECT_EQ(ParseRootPlace("/bucket/a=b", "/w")->path, "/bucket/a=b");
  EXPECT_EQ(ParseRootPlace("file:///a=b", "/w")->path, "/a=b");
  EXPECT_FALSE(ParseRootPlace("hdfs://nn/a=", "/w").ok());
  EXPECT_FALSE(ParseRootPlace("hdfs://nn/../a=/copy", "/w").ok());
}

TEST(Paths, OnlyLocalPathsAreReachable) {
  EXPECT_TRUE(CheckReachable("/a", "").ok());
  const base::Status status = CheckReachable("hdfs://nn/a", "copy it");
  EXPECT_TRUE(base::Is(status, base::kUnsupported));
  EXPECT_NE(base::Message(status).find("no file system for hdfs:"), std::string::npos);
  EXPECT_NE(base::Message(status).find("copy it"), std::string::npos);
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
