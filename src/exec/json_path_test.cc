#include "src/exec/json_path.h"

#include <gtest/gtest.h>

#include <string>

namespace soteria::exec {
namespace {

std::string At(const char* json, const char* path) {
  formats::JsonParser parser({});
  if (parser.Parse(json) != formats::JsonParser::Outcome::kValue) return "malformed";
  const auto steps = ParseJsonPath(path);
  if (!steps.has_value()) return "no path";
  return JsonAt(parser.nodes(), *steps).value_or("nothing");
}

TEST(JsonPath, LeadsToValues) {
  EXPECT_EQ(At(R"({"a":{"b":[1,2.50]}})", "$.a"), R"({"b":[1,2.5]})");
  EXPECT_EQ(At(R"({"a":"x"})", "$.a"), "x");
  EXPECT_EQ(At(R"({"a":[{"b":1},{"b":2}]})", "$.a[*].b"), "[1,2]");
  EXPECT_EQ(At(R"({"a":[{"b":"z"},{"c":2}]})", "$.a[*].b"), R"("z")");
  EXPECT_EQ(At("[[1,2],[3]]", "$[*][*]"), "[1,2,3]");
  EXPECT_EQ(At(R"({"a.b":1})", "$['a.b']"), "1");
  EXPECT_EQ(At(R"({"a":null})", "$.a"), "nothing");
}

TEST(JsonPath, WhatIsNoPath) {
  for (const char* path :
       {"", "a", " $", "$a", "$..a", "$[1 ]", "$['a", "$[-1]", "$[99999999999999999999]"}) {
    EXPECT_FALSE(ParseJsonPath(path).has_value()) << path;
  }
  EXPECT_TRUE(ParseJsonPath("$. a").has_value());
}

}  // namespace
}  // namespace soteria::exec
