#include "src/formats/json_text.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <string>

#include "src/base/errors.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

std::string Read(const char* ddl, const char* text, JsonReadOptions options = {}) {
  const auto type = table::TypeFromDdl(ddl).value();
  auto texts = JsonTexts::Make(type, options);
  if (!texts.ok()) return base::ConditionName(texts.status());
  const base::Status status = (*texts)->Append(text);
  if (!status.ok()) return base::ConditionName(status);
  return (*texts)->Finish().value()->GetScalar(0).ValueOrDie()->ToString();
}

TEST(JsonTexts, WhatDoesNotFitIsNull) {
  EXPECT_EQ(Read("struct<a:int,b:string>", R"({"a":1,"b":{"c":2.50}})"),
            R"({a:int32 = 1, b:string = {"c":2.5}})");
  EXPECT_EQ(Read("struct<a:int>", "x"), "{a:int32 = null}");
  EXPECT_EQ(Read("struct<a:int>", " "), "null");
  EXPECT_EQ(Read("array<int>", R"([1,"x"])"), "null");
}

TEST(JsonTexts, FailFast) {
  JsonReadOptions options;
  options.record.mode = ParseMode::kFailFast;
  EXPECT_EQ(Read("struct<a:int>", "x", options), "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION");
  EXPECT_EQ(Read("struct<a:int>", "[1]", options),
            "MALFORMED_RECORD_IN_PARSING.CANNOT_PARSE_JSON_ARRAYS_AS_STRUCTS");
}

TEST(JsonTexts, TypesOfTexts) {
  const auto type = [](const char* text) {
    const auto found = JsonTypeOfText(text, {});
    return found.ok() ? table::SqlTypeName(**found) : base::ConditionName(found.status());
  };
  EXPECT_EQ(type(R"({"a b":1,"c":[1.5,null]})"), "STRUCT<`a b`: BIGINT, c: ARRAY<DOUBLE>>");
  EXPECT_EQ(type("[{}]"), "ARRAY<STRUCT<>>");
  EXPECT_EQ(type("{"), "_LEGACY_ERROR_TEMP");
  std::string deep(2000, '[');
  EXPECT_EQ(type(deep.c_str()), "_LEGACY_ERROR_TEMP");
}

}  // namespace
}  // namespace soteria::formats
