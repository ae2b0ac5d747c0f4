#include "src/formats/json_read.h"

#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/formats/formats.h"
#include "src/formats/text_file_for_test.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

std::string Rows(const std::string& format, const std::string& text, const OptionMap& options,
                 const std::string& ddl) {
  TextFileForTest file(text, 5);
  const auto table =
      ReadFile(file, format, *EncodeReadOptions(format, options, {}), **table::SchemaFromDdl(ddl));
  if (!table.ok()) return base::ConditionName(table.status());
  EXPECT_TRUE((*table)->ValidateFull().ok());
  std::string rows;
  for (int64_t row = 0; row < (*table)->num_rows(); ++row) {
    for (const auto& column : (*table)->columns()) {
      const auto scalar = column->GetScalar(row).ValueOrDie();
      rows += (scalar->is_valid ? scalar->ToString() : "-") + "|";
    }
    rows += "\n";
  }
  return rows;
}

std::string Schema(const std::string& format, const std::vector<std::string>& files,
                   const OptionMap& options = {}) {
  const auto pass = FirstPass(format, *EncodeReadOptions(format, options, {}));
  std::vector<std::string> parts;
  for (const std::string& text : files) {
    TextFileForTest file(text);
    const auto part = ShareOf(file, *pass);
    if (!part.ok()) return base::ConditionName(part.status());
    parts.push_back(*part);
  }
  const auto after = Finish(*pass, *MergeShares(*pass, parts));
  if (!after.ok()) return base::ConditionName(after.status());
  std::string text;
  for (const auto& field : after->schema->fields()) {
    text += field->name() + " " + table::TypeName(*field) + ",";
  }
  return text;
}

TEST(JsonRead, RowsUnderASchema) {
  EXPECT_EQ(Rows("json", "{\"a\": 1, \"b\": \"x\\u00e9\\n\"}\n\n{\"b\": {\"c\": 1.0}}\n", {},
                 "a int, b string"),
            "1|x\xc3\xa9\n|\n-|{\"c\": 1.0}|\n");
  EXPECT_EQ(Rows("json", "[{\"a\": 1}, {\"a\": 2}]\n", {}, "a bigint"), "1|\n2|\n");
  EXPECT_EQ(Rows("json", "[{\"a\":\n1},\n{\"a\": 2}]", {{"multiline", "true"}}, "a bigint"),
            "1|\n2|\n");
}

TEST(JsonRead, Modes) {
  const std::string bad = "{\"a\": 1}\n{\"a\": \"x\"}\n{\"a\": \n{\"a\": 3000000000}\n";
  EXPECT_EQ(Rows("json", bad, {}, "a int"), "1|\n-|\n-|\n-|\n");
  EXPECT_EQ(Rows("json", bad, {}, "a int, _corrupt_record string"),
            "1|-|\n-|{\"a\": \"x\"}|\n-|{\"a\": |\n-|{\"a\": 3000000000}|\n");
  EXPECT_EQ(Rows("json", bad, {{"mode", "DROPMALFORMED"}}, "a int"), "1|\n");
  EXPECT_EQ(Rows("json", bad, {{"mode", "FAILFAST"}}, "a int"), "FAILED_READ_FILE.NO_HINT");
}

TEST(JsonRead, MapsTakeAllOrNothing) {
  const std::string maps =
      "{\"m\": {\"a\": 1, \"b\": null}}\n{\"m\": {\"a\": 1, \"b\": \"x\"}}\n{\"m\": [1]}\n"
      "{\"m\": {}}\n{\"m\": {\"a\": 1, \"a\": 2}}\n{}\n";
  EXPECT_EQ(Rows("json", maps, {}, "m map<string,int>"),
            "map<string, int32>[{key:string = a, value:int32 = 1}, {key:string = b, value:int32 = "
            "null}]|\n-|\n-|\nmap<string, int32>[]|\nmap<string, int32>[{key:string = a, "
            "value:int32 = 1}, {key:string = a, value:int32 = 2}]|\n-|\n");
  const auto other = *table::SchemaFromDdl("m array<map<int,int>>");
  EXPECT_EQ(base::ConditionName(CheckJsonSchema({}, *other)), "INVALID_JSON_SCHEMA_MAP_TYPE");
  EXPECT_EQ(Rows("json", maps, {}, "m map<int,int>"), "SOTERIA.PROTOCOL");
}

TEST(JsonRead, SchemasOfContents) {
  EXPECT_EQ(Schema("json", {"{\"b\": 1, \"a\": [1, 2.5]}", "{\"c\": {\"y\": true, \"x\": null}}"}),
            "a array<double>,b bigint,c struct<x:string,y:boolean>,");
  EXPECT_EQ(Schema("json", {"{\"a\": 1}\n{oops\n"}), "_corrupt_record string,a bigint,");
  EXPECT_EQ(Schema("json", {""}), "");
  EXPECT_EQ(Schema("json", {"{\"a\": 12345678901234567890}"}), "a decimal(20,0),");
  EXPECT_EQ(Schema("json", {"{\"a\": 1, \"a\": 2}"}), "COLUMN_ALREADY_EXISTS");
}

TEST(JsonRead, DeepAndLongIsMalformed) {
  const std::string deep(100'000, '[');
  EXPECT_EQ(Rows("json", deep, {}, "a int"), "-|\n");
  EXPECT_EQ(Rows("json", "{\"a\": " + std::string(2000, '1') + "}", {}, "a double"), "-|\n");
  std::string nested = "1";
  for (int i = 0; i < 40; ++i) nested = "{\"a\": " + nested + "}";
  EXPECT_EQ(Schema("json", {nested}), "UNSUPPORTED_FEATURE");
}

TEST(LibsvmRead, FeaturesAreThoseOfAllFiles) {
  EXPECT_EQ(Schema("libsvm", {"1 1:0.5 7:2\n# c\n", "0 9:1\n"}), "label double,features vector,");
  EXPECT_EQ(Schema("libsvm", {"1 2:1 1:1\n"}), "FAILED_READ_FILE.NO_HINT");
  TextFileForTest file("1 1:0.5 3:2\n0\n");
  const auto table =
      ReadFile(file, "libsvm", *EncodeReadOptions("libsvm", {{"numfeatures", "4"}}, {}),
               **FixedSchema("libsvm", *EncodeReadOptions("libsvm", {{"numfeatures", "4"}}, {})));
  ASSERT_TRUE(table.ok()) << base::Message(table.status());
  EXPECT_EQ((*table)->num_rows(), 2);
  EXPECT_TRUE((*table)->ValidateFull().ok());
}

}  // namespace
}  // namespace soteria::formats
