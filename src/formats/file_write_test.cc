#include "src/formats/file_write.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/formats/conditions.h"
#include "src/formats/formats.h"
#include "src/formats/packed.h"
#include "src/formats/text_file_for_test.h"
#include "src/formats/window.h"
#include "src/formats/write_options.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

using Text = std::optional<std::string>;

std::string Options(const std::string& format, const OptionMap& options) {
  const auto parsed = ParseWriteOptions(format, options, {});
  EXPECT_TRUE(parsed.ok()) << base::Message(parsed.status());
  return parsed.ok() ? parsed->Encode() : "";
}

/// A table of one type, column by column.
template <class Builder, class T>
std::shared_ptr<arrow::Table> TableOf(const std::shared_ptr<arrow::DataType>& type,
                                      const std::vector<std::vector<std::optional<T>>>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& values : columns) {
    Builder builder(type, arrow::default_memory_pool());
    for (const auto& value : values) {
      EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
    }
    arrays.push_back(builder.Finish().ValueOrDie());
    fields.push_back(arrow::field(std::string(1, static_cast<char>('a' + fields.size())), type));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays));
}

std::shared_ptr<arrow::Table> Texts(const std::vector<std::vector<Text>>& columns) {
  return TableOf<arrow::StringBuilder, std::string>(arrow::utf8(), columns);
}

std::string Written(const arrow::Table& table, const std::string& format,
                    const OptionMap& options = {}) {
  const auto bytes = FileBytes(table, format, Options(format, options));
  EXPECT_TRUE(bytes.ok()) << base::Message(bytes.status());
  return bytes.ok() ? *bytes : base::ConditionName(bytes.status());
}

std::string Csv(const std::vector<Text>& row, const OptionMap& options = {}) {
  std::vector<std::vector<Text>> columns;
  for (const Text& value : row) columns.push_back({value});
  return Written(*Texts(columns), "csv", options);
}

// What Spark 4.3 writes.
TEST(CsvWriteTest, QuotesWhereSparkDoes) {
  EXPECT_EQ(Csv({"x", "a,b", "1"}), "x,\"a,b\",1\n");
  EXPECT_EQ(Csv({"say \"hi\"", "q"}), "\"say \\\"hi\\\"\",q\n");
  EXPECT_EQ(Csv({"a\\b", "a\\b\"c"}), "a\\b,\"a\\\\b\\\"c\"\n");
  EXPECT_EQ(Csv({"two\nlines", "cr\rhere"}), "\"two\nlines\",\"cr\rhere\"\n");
  EXPECT_EQ(Csv({"say \"hi\""}, {{"escape", "\""}}), "\"say \"\"hi\"\"\"\n");
  EXPECT_EQ(Csv({"say \"hi\", you"}, {{"escapequotes", "false"}}), "\"say \\\"hi\\\", you\"\n");
  EXPECT_EQ(Csv({"say \"hi\""}, {{"escapequotes", "false"}}), "say \"hi\"\n");
  EXPECT_EQ(Csv({"a", "b,c"}, {{"sep", "||"}}), "a||b,c\n");
  EXPECT_EQ(Csv({"a||b", "c"}, {{"sep", "||"}}), "\"a||b\"||c\n");
  EXPECT_EQ(Csv({"#x", "#y"}), "\"#x\",#y\n");
  EXPECT_EQ(Csv({"1", "x"}, {{"quoteall", "true"}}), "\"1\",\"x\"\n");
}

TEST(CsvWriteTest, NullsAndTextsWithoutCharacters) {
  EXPECT_EQ(Csv({std::nullopt, "", "x"}), ",\"\",x\n");
  EXPECT_EQ(Csv({std::nullopt, "", "x"}, {{"nullvalue", "NA"}, {"emptyvalue", "none"}}),
            "NA,none,x\n");
  EXPECT_EQ(Csv({std::nullopt, ""}, {{"quoteall", "true"}}), "\"\",\"\"\n");
  EXPECT_EQ(Csv({" x ", "\ty"}), "x,y\n");
  EXPECT_EQ(
      Csv({" x "}, {{"ignoreleadingwhitespace", "false"}, {"ignoretrailingwhitespace", "false"}}),
      " x \n");
}

TEST(CsvWriteTest, HeadersAndLineEnds) {
  const auto table = Texts({{"1", "2"}, {"x", std::nullopt}});
  EXPECT_EQ(Written(*table, "csv", {{"header", "true"}}), "a,b\n1,x\n2,\n");
  EXPECT_EQ(Written(*table, "csv", {{"linesep", "\r\n"}}), "1,x\r\n2,\r\n");
  EXPECT_EQ(Written(*table->Slice(0, 0), "csv", {{"header", "true"}}), "a,b\n");
}

TEST(CsvWriteTest, NumbersAsJavaWritesThem) {
  const auto doubles = TableOf<arrow::DoubleBuilder, double>(
      arrow::float64(), {{1.0, -0.0, 1e10, 1.5e-7, std::numeric_limits<double>::quiet_NaN(),
                          -std::numeric_limits<double>::infinity()}});
  EXPECT_EQ(Written(*doubles, "csv"), "1.0\n-0.0\n1.0E10\n1.5E-7\nNaN\n-Infinity\n");
  EXPECT_EQ(Written(*doubles->Slice(4, 2), "json"), "{\"a\":\"NaN\"}\n{\"a\":\"-Infinity\"}\n");
}

TEST(CsvWriteTest, TimesInTheZone) {
  const auto times = TableOf<arrow::TimestampBuilder, int64_t>(
      arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), {{1'577'934'245'123'456, std::nullopt}});
  EXPECT_EQ(Written(*times->Slice(0, 1), "csv"), "2020-01-02T03:04:05.123Z\n");
  EXPECT_EQ(Written(*times->Slice(0, 1), "csv", {{"timezone", "Asia/Kolkata"}}),
            "2020-01-02T08:34:05.123+05:30\n");
  EXPECT_EQ(Written(*times->Slice(0, 1), "json", {{"timestampformat", "dd.MM.yyyy HH:mm"}}),
            "{\"a\":\"02.01.2020 03:04\"}\n");
}

TEST(JsonWriteTest, EscapesAndNulls) {
  const auto table = Texts({{"q\" \\ / \n\t\x01 \u00e9", std::nullopt}, {std::nullopt, ""}});
  EXPECT_EQ(Written(*table, "json"),
            "{\"a\":\"q\\\" \\\\ / \\n\\t\\u0001 \u00e9\"}\n{\"b\":\"\"}\n");
  EXPECT_EQ(Written(*table->Slice(1, 1), "json", {{"ignorenullfields", "false"}}),
            "{\"a\":null,\"b\":\"\"}\n");
}

TEST(FileWriteTest, WhatIsWrittenIsReadAgain) {
  const std::vector<Text> nasty = {"plain",  "a,b", "q\"q",  "\\", "two\nlines",
                                   "\u00e9", "#c",  " trim", ""};
  const auto table = Texts({nasty, nasty});
  const auto schema = table::SchemaFromDdl("a string, b string").value();
  const std::vector<std::pair<std::string, OptionMap>> ways = {{"json", {}},
                                                               {"csv", {{"multiline", "true"}}}};
  for (const auto& [format, reader] : ways) {
    OptionMap writer;
    if (format == "csv") {
      writer = {{"ignoreleadingwhitespace", "false"}, {"ignoretrailingwhitespace", "false"}};
    }
    TextFileForTest file(Written(*table, format, writer));
    OptionMap options = reader;
    if (format == "csv") options["emptyvalue"] = "";
    const auto read =
        ReadFile(file, format, EncodeReadOptions(format, options, {}).value(), *schema);
    ASSERT_TRUE(read.ok()) << base::Message(read.status());
    ASSERT_EQ((*read)->num_rows(), static_cast<int64_t>(nasty.size())) << format;
    for (size_t i = 0; i + 1 < nasty.size(); ++i) {  // CSV reads "" as null
      EXPECT_EQ((*read)->column(1)->GetScalar(static_cast<int64_t>(i)).ValueOrDie()->ToString(),
                *nasty[i])
          << format;
    }
  }
}

TEST(FileWriteTest, ColumnsThatAFormatCantHold) {
  const auto list = arrow::schema({arrow::field("v", arrow::list(arrow::int32()))});
  EXPECT_TRUE(base::Is(CheckWriteSchema("csv", *list), kTypeForSource));
  EXPECT_TRUE(CheckWriteSchema("json", *list).ok());
  EXPECT_TRUE(base::Is(CheckWriteSchema("text", *list), kTypeForSource));
  EXPECT_TRUE(base::Is(CheckWriteSchema("text", *arrow::schema({})), base::kAnalysis));
}

TEST(WriteOptionsTest, WhatIsNotDoneIsRefusedByName) {
  const std::vector<std::pair<std::string, OptionMap>> refused = {
      {"csv", {{"compression", "bzip2"}}},
      {"csv", {{"encoding", "UTF-16"}}},
      {"csv", {{"timestampformat", "yyyy[-MM]"}}},
      {"csv", {{"frobnicate", "1"}}},
      {"json", {{"writenonasciicharacterascodepoint", "true"}}},
      {"parquet", {{"parquet.block.size", "1"}}},
      {"avro", {}},
  };
  for (const auto& [format, options] : refused) {
    const auto parsed = ParseWriteOptions(format, options, {});
    EXPECT_TRUE(base::Is(parsed.status(), base::kUnsupported)) << format;
    if (options.empty()) continue;
  }
  EXPECT_TRUE(ParseWriteOptions("csv", {{"inferschema", "true"}}, {}).ok());  // a reader's
  EXPECT_TRUE(ParseWriteOptions("parquet", {{"compression", "zstd"}}, {}).ok());
}

TEST(PackedTest, GzipComesBackHoweverItIsCut) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + ",x\n";
  const std::string packed = Gzip(text).value() + Gzip("tail\n").value();  // two members
  for (const size_t step : {size_t{1000}, size_t{1} << 20}) {
    auto file = OpenGzip(std::make_unique<TextFileForTest>(packed, step));
    ASSERT_TRUE(file.ok()) << base::Message(file.status());
    EXPECT_EQ((*file)->size(), text.size() + 5);
    EXPECT_EQ(ReadWhole(**file).value(), text + "tail\n");
    EXPECT_EQ(ReadWhole(**file).value(), text + "tail\n");  // again from the front
  }
}

// What a small file unpacks to is counted before memory is taken for it.
TEST(PackedTest, AFileThatHoldsTooMuchIsRefused) {
  const std::string packed = Gzip(std::string(size_t{8} << 20, 'x')).value();
  EXPECT_LT(packed.size(), size_t{16} << 10);
  const auto open = [&](uint64_t most) {
    return OpenGzip(std::make_unique<TextFileForTest>(packed), nullptr, most).status();
  };
  EXPECT_TRUE(base::Is(open((uint64_t{8} << 20) - 1), base::kMemoryLimit));
  EXPECT_TRUE(open(uint64_t{8} << 20).ok());
  // Nor is it counted further than there is room.
  uint64_t asked = 0;
  const Room room = [&](uint64_t bytes) {
    asked = bytes;
    return bytes <= TextRoom(uint64_t{1} << 20) ? base::OkStatus()
                                                : base::Fail(base::kMemoryLimit, "room");
  };
  const auto file = OpenGzip(std::make_unique<TextFileForTest>(packed), room);
  EXPECT_TRUE(base::Is(file.status(), base::kMemoryLimit));
  EXPECT_LE(asked, TextRoom(uint64_t{2} << 20));
}

TEST(PackedTest, PackedTextIsCountedBesideTheText) {
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("v", arrow::utf8())}),
      {arrow::MakeArrayFromScalar(arrow::StringScalar("some text"), 1000).ValueOrDie()});
  const auto guess = [&](const OptionMap& options) {
    return WrittenBytesGuess(*table, ParseWriteOptions("text", options, {})->Encode()).value();
  };
  EXPECT_EQ(guess({{"compression", "gzip"}}), 2 * guess({}));
  EXPECT_GE(guess({}), 1000U * 10);
}

TEST(PackedTest, WhatIsNoGzipIsRefused) {
  const std::string packed = Gzip("some text that is long enough to be cut").value();
  const std::string_view all = packed;
  for (const std::string_view bad :
       {all.substr(0, 5), all.substr(0, packed.size() - 3), std::string_view("plain text")}) {
    EXPECT_FALSE(OpenGzip(std::make_unique<TextFileForTest>(std::string(bad))).ok());
  }
  EXPECT_EQ(OpenGzip(std::make_unique<TextFileForTest>("")).value()->size(), 0U);
}

}  // namespace
}  // namespace soteria::formats
