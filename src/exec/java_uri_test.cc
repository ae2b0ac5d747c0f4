#include "src/exec/java_uri.h"

#include <gtest/gtest.h>

namespace soteria::exec {
namespace {

TEST(JavaUri, HasItsParts) {
  const auto uri = ParseJavaUri("https://user:pw@a.b:80/p/q?x=1&y=2#ref");
  ASSERT_TRUE(uri.has_value());
  EXPECT_EQ(uri->scheme, "https");
  EXPECT_EQ(uri->authority, "user:pw@a.b:80");
  EXPECT_EQ(uri->user_info, "user:pw");
  EXPECT_EQ(uri->host, "a.b");
  EXPECT_EQ(uri->path, "/p/q");
  EXPECT_EQ(uri->query, "x=1&y=2");
  EXPECT_EQ(uri->fragment, "ref");
}

TEST(JavaUri, AuthoritiesThatAreNoServer) {
  for (const char* text : {"http://a_b/x", "http://a:b/", "http://a.1/"}) {
    const auto uri = ParseJavaUri(text);
    ASSERT_TRUE(uri.has_value()) << text;
    EXPECT_FALSE(uri->host.has_value()) << text;
    EXPECT_TRUE(uri->authority.has_value()) << text;
  }
}

TEST(JavaUri, WhatIsNone) {
  for (const char* text : {"http://a b", "http://", "http:", ":x", "1a://a", "http://a/|",
                           "http://a/%zz", "http://a/#x#y", "http://[1:2]/"}) {
    EXPECT_FALSE(ParseJavaUri(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace soteria::exec
