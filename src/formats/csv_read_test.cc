#include "src/formats/csv_read.h"

#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/formats/formats.h"
#include "src/formats/text_file_for_test.h"
#include "src/table/conditions.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

std::string Options(const OptionMap& options) {
  const auto bytes = EncodeReadOptions("csv", options, {});
  EXPECT_TRUE(bytes.ok()) << base::Message(bytes.status());
  return bytes.ok() ? *bytes : "";
}

std::string Cells(const arrow::Table& table) {
  std::string text;
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    for (const auto& column : table.columns()) {
      const auto scalar = column->GetScalar(row).ValueOrDie();
      text += (scalar->is_valid ? scalar->ToString() : "-") + "|";
    }
    text += "\n";
  }
  return text;
}

/// The rows, the same however the file is cut into reads.
std::string Rows(const std::string& text, const OptionMap& options, const std::string& ddl) {
  const auto schema = table::SchemaFromDdl(ddl);
  std::string rows;
  for (const size_t step : {size_t{1}, size_t{7}, size_t{1} << 20}) {
    TextFileForTest file(text, step);
    const auto table = ReadFile(file, "csv", Options(options), **schema);
    if (!table.ok()) return base::ConditionName(table.status());
    EXPECT_TRUE((*table)->ValidateFull().ok());
    EXPECT_TRUE(rows.empty() || rows == Cells(**table)) << step;
    rows = Cells(**table);
  }
  return rows;
}

/// The schema that files make, in all passes.
std::string Schema(const std::vector<std::string>& files, const OptionMap& options) {
  auto pass = FirstPass("csv", Options(options));
  for (int passes = 0; passes < 3; ++passes) {
    std::vector<std::string> parts;
    for (const std::string& text : files) {
      TextFileForTest file(text);
      const auto part = ShareOf(file, *pass);
      if (!part.ok()) return base::ConditionName(part.status());
      parts.push_back(*part);
    }
    const auto merged = MergeShares(*pass, parts);
    const auto after = Finish(*pass, *merged);
    if (!after.ok()) return base::ConditionName(after.status());
    if (!after->next.has_value()) {
      std::string text;
      for (const auto& field : after->schema->fields()) {
        text += field->name() + " " + table::TypeName(*field) + ",";
      }
      return text;
    }
    *pass = *after->next;
  }
  return "too many passes";
}

TEST(CsvRead, RowsUnderASchema) {
  EXPECT_EQ(Rows("a,b\n1,x\n,\"\"\n", {{"header", "true"}}, "p int, q string"), "1|x|\n-|-|\n");
  EXPECT_EQ(Rows("1;'a;b'\n2;\n", {{"sep", ";"}, {"quote", "'"}}, "p int, q string"),
            "1|a;b|\n2|-|\n");
  EXPECT_EQ(Rows("1||x|y||2\n", {{"sep", "||"}}, "a int, b string, c int"), "1|x|y|2|\n");
  EXPECT_EQ(Rows("\"a\r\nb\",1\r\n\"c\r\nd\",2", {{"multiline", "true"}}, "a string, b int"),
            "a\nb|1|\nc\nd|2|\n");
  EXPECT_EQ(
      Rows("NA,NA\n\"\",x\n", {{"nullvalue", "NA"}, {"emptyvalue", "E"}}, "a string, b string"),
      "-|-|\nE|x|\n");
}

TEST(CsvRead, QuotesThatCloseNothing) {
  // As Spark's parser has them.
  EXPECT_EQ(
      Rows("\"a\"b,c\n\"a\" b,c\n\"open,x\n\"a\\\"\",c\n\"x\"  ,c\n", {}, "a string, b string"),
      "\"a\"b|c|\n\"a\" b|c|\nopen,x|-|\na\"|c|\nx|c|\n");
  EXPECT_EQ(Rows("\"say \"\"hi\"\"\",\"\"\"\"\n", {{"escape", "\""}}, "a string, b string"),
            "say \"hi\"|\"|\n");
}

TEST(CsvRead, Modes) {
  const std::string bad = "1,x\ny,z\n3\n4,w,v\n";
  EXPECT_EQ(Rows(bad, {}, "a int, b string"), "1|x|\n-|z|\n3|-|\n4|w|\n");
  EXPECT_EQ(Rows(bad, {}, "a int, b string, _corrupt_record string"),
            "1|x|-|\n-|z|y,z|\n3|-|3|\n4|w|4,w,v|\n");
  EXPECT_EQ(Rows(bad, {{"mode", "DROPMALFORMED"}}, "a int, b string"), "1|x|\n");
  EXPECT_EQ(Rows(bad, {{"mode", "failfast"}}, "a int, b string"), "FAILED_READ_FILE.NO_HINT");
}

TEST(CsvRead, SchemasOfContents) {
  const OptionMap typed = {{"header", "true"}, {"inferschema", "true"}};
  EXPECT_EQ(Schema({"a,b\n1,x\n", "a,b\n2.5,y\n"}, typed), "a double,b string,");
  EXPECT_EQ(Schema({"", "a,A,\n1,2,3\n"}, typed), "a0 int,A1 int,_c2 int,");
  EXPECT_EQ(Schema({"1,2\n"}, {}), "_c0 string,_c1 string,");
  EXPECT_EQ(Schema({"a\n12345678901234567890\n"}, typed), "a decimal(20,0),");
  EXPECT_EQ(Schema({"a,b\n"}, {{"maxcolumns", "1"}}), "MALFORMED_CSV_RECORD");
  EXPECT_EQ(Schema({"\n \n"}, typed), "");
}

TEST(CsvRead, RefusesByName) {
  const auto why = [](const OptionMap& options) {
    return base::Message(EncodeReadOptions("csv", options, {}).status());
  };
  EXPECT_NE(why({{"dateformat", "yyyy[-MM]"}}).find("`dateformat`"), std::string::npos);
  EXPECT_NE(why({{"encoding", "ISO-8859-1"}}).find("`encoding`"), std::string::npos);
  EXPECT_NE(why({{"samplingratio", "0.1"}}).find("`samplingratio`"), std::string::npos);
  EXPECT_NE(why({{"nonsense", "1"}}).find("`nonsense`"), std::string::npos);
  EXPECT_NE(why({{"header", "yes"}}).find("true or false"), std::string::npos);
}

TEST(CsvRead, PatternsOfTimes) {
  const OptionMap patterns = {{"dateformat", "dd/MM/yyyy"},
                              {"timestampformat", "yyyy-MM-dd HH:mm"},
                              {"timezone", "Europe/Paris"}};
  EXPECT_EQ(Rows("02/01/2020,2020-01-02 03:04\n2020-01-02,2020-01-02T03:04:05\n", patterns,
                 "d date, t timestamp"),
            "2020-01-02|2020-01-02 02:04:00.000000Z|\n-|-|\n");
  OptionMap inferred = patterns;
  inferred["inferschema"] = "true";
  EXPECT_EQ(Schema({"02/01/2020,2020-01-02 03:04\n"}, inferred), "_c0 date,_c1 timestamp,");
  EXPECT_EQ(Schema({"2020-01-02,02/01/2020\n", ",2020-01-02 03:04\n"}, inferred),
            "_c0 string,_c1 string,");
}

TEST(CsvRead, CommentsEndWhereLinesDo) {
  const OptionMap options = {{"comment", "#"}, {"multiline", "true"}};
  EXPECT_EQ(Rows("1,x\r\n#d\r\n2,y\r\n#e", options, "a int, b string"), "1|x|\n2|y|\n");
}

TEST(CsvRead, ManyQuotesAreRefusedBeforeTheyNest) {
  std::string text = "\"a";
  for (int i = 0; i < 100'000; ++i) text += "\"\\";
  TextFileForTest file(text);
  const auto table = ReadFile(file, "csv", Options({}), **table::SchemaFromDdl("a string"));
  EXPECT_TRUE(table.ok() || base::Is(table.status(), base::kUnsupported));
}

}  // namespace
}  // namespace soteria::formats
