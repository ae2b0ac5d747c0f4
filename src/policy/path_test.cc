#include "src/policy/path.h"

#include <gtest/gtest.h>

#include "src/base/errors.h"

namespace soteria::policy {
namespace {

struct Case {
  const char* in;
  const char* out;
};

TEST(NormalisePathTest, SpellingsOfOnePathBecomeOneText) {
  constexpr Case kCases[] = {
      {"/a/b", "/a/b"},
      {"/a/b/", "/a/b"},
      {"file:/a/b", "/a/b"},
      {"file:///a/b", "/a/b"},
      {"file:///a/b/", "/a/b"},
      {"/bucket/patients v2", "/bucket/patients v2"},
      {"/bucket/_x=1,y", "/bucket/_x=1,y"},
      {"/a/..b/c..", "/a/..b/c.."},
      {"/a/b:c", "/a/b:c"},
      {"hdfs://namenode:9000/bucket/patients", "hdfs://namenode:9000/bucket/patients"},
      {"hdfs://namenode:9000/bucket/", "hdfs://namenode:9000/bucket"},
      {"s3a://my-bucket/a/b", "s3a://my-bucket/a/b"},
      {"abfss://box@acc.dfs.core.windows.net/a", "abfss://box@acc.dfs.core.windows.net/a"},
      {"hdfs:/a/b", "hdfs:///a/b"},
      {"hdfs:///a/b/", "hdfs:///a/b"},
      {"/donn\xc3\xa9"
       "es/x",
       "/donn\xc3\xa9"
       "es/x"},
  };
  for (const Case& c : kCases) {
    const auto normal = NormalisePath(c.in);
    ASSERT_TRUE(normal.ok()) << c.in << ": " << base::Message(normal.status());
    EXPECT_EQ(*normal, c.out) << c.in;
  }
}

TEST(NormalisePathTest, NormalPathsStayAsTheyAre) {
  const auto once = NormalisePath("file:///a/b/");
  ASSERT_TRUE(once.ok());
  EXPECT_EQ(NormalisePath(*once).value(), *once);
}

TEST(NormalisePathTest, RefusesEveryOtherForm) {
  constexpr Case kCases[] = {
      {"", "absolute"},
      {"a/b", "absolute"},
      {"file:a/b", "absolute"},
      {"./a", "absolute"},
      {"file://host/a", "host"},
      {"file://", "host"},
      {"FILE:///a", "scheme"},
      {"HDFS://n/a", "scheme"},
      {"1p://n/a", "scheme"},
      {"s_3://n/a", "scheme"},
      {"hdfs:a/b", "absolute"},
      {"hdfs:", "absolute"},
      {"hdfs://", "root"},
      {"hdfs://n", "root"},
      {"hdfs://n/", "root"},
      {"hdfs:/", "root"},
      {"hdfs://n//a", "empty"},
      {"hdfs://n/a//b", "empty"},
      {"hdfs://n/a/../b", "\"..\""},
      {"hdfs://n/./a", "\".\""},
      {"hdfs://n/%61", "percent"},
      {"hdfs://n%61/a", "host or bucket"},
      {"hdfs://n*/a", "host or bucket"},
      {"hdfs://n o/a", "host or bucket"},
      {"hdfs://n/a*", "glob"},
      {"hdfs://n/a\nb", "control"},
      {"s3a://key:secret@bucket/a", "credentials"},
      {"file:", "absolute"},
      {"/", "root"},
      {"file:///", "root"},
      {"/a//b", "empty"},
      {"//a", "empty"},
      {"/a/b//", "empty"},
      {"file:////a", "empty"},
      {"/a/./b", "\".\""},
      {"/a/..", "\"..\""},
      {"/a/../b", "\"..\""},
      {"/..", "\"..\""},
      {"/a/%2e%2e/b", "percent"},
      {"/a%2Fb", "percent"},
      {"/a/*", "glob"},
      {"/a/b?", "glob"},
      {"/a/[bc]", "glob"},
      {"/a/{b,c}", "glob"},
      {"/a\\b", "backslash"},
      {"/a\nb", "control"},
      {"/a\x7f", "control"},
  };
  for (const Case& c : kCases) {
    const auto normal = NormalisePath(c.in);
    ASSERT_FALSE(normal.ok()) << c.in;
    EXPECT_TRUE(base::Is(normal.status(), base::kIllegalArgument)) << c.in;
    EXPECT_NE(base::Message(normal.status()).find(c.out), std::string::npos)
        << c.in << ": " << base::Message(normal.status());
  }
}

TEST(NormalisePathTest, RefusesNulAndOverlongPaths) {
  EXPECT_FALSE(NormalisePath(std::string_view("/a\0b", 4)).ok());
  const std::string longest = "/" + std::string(kPathBytesMax - 1, 'a');
  EXPECT_TRUE(NormalisePath(longest).ok());
  EXPECT_FALSE(NormalisePath(longest + "a").ok());
}

TEST(NormalisePathTest, TheSchemeSaysWhoOpensIt) {
  EXPECT_TRUE(IsLocal(NormalisePath("file:///a/b").value()));
  EXPECT_EQ(SchemeOf(NormalisePath("file:///a/b").value()), "file");
  EXPECT_FALSE(IsLocal(NormalisePath("hdfs://n/a").value()));
  EXPECT_EQ(SchemeOf(NormalisePath("hdfs://n/a").value()), "hdfs");
}

TEST(IsWithinTest, ComparesWholeParts) {
  EXPECT_TRUE(IsWithin("/a/b", "/a/b"));
  EXPECT_TRUE(IsWithin("/a/b/c", "/a/b"));
  EXPECT_FALSE(IsWithin("/a/bc", "/a/b"));
  EXPECT_FALSE(IsWithin("/a", "/a/b"));
  EXPECT_FALSE(IsWithin("/x/a/b", "/a/b"));
  EXPECT_TRUE(IsWithin("hdfs://n/a/b", "hdfs://n/a"));
  EXPECT_FALSE(IsWithin("hdfs://n/ab", "hdfs://n/a"));
  EXPECT_FALSE(IsWithin("hdfs://m/a/b", "hdfs://n/a"));
  EXPECT_FALSE(IsWithin("/a/b", "hdfs://n/a"));
}

}  // namespace
}  // namespace soteria::policy
