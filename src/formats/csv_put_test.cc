#include "src/formats/csv_put.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>

#include "src/base/errors.h"
#include "src/formats/text_file_for_test.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

using table::ArrayForTest;
using table::SchemaFromDdl;
using table::TypeName;

base::StatusOr<std::shared_ptr<arrow::Table>> Read(const std::string& text,
                                                   PutCsvOptions options = {},
                                                   size_t step = 1 << 20) {
  TextFileForTest file(text, step);
  return ReadPutCsv(file, options);
}

std::string Refusal(const std::string& text, PutCsvOptions options = {}) {
  const auto table = Read(text, std::move(options));
  EXPECT_TRUE(base::Is(table.status(), base::kInput)) << base::Message(table.status());
  return base::Message(table.status());
}

std::string Types(const arrow::Table& table) {
  std::string text;
  for (const auto& field : table.schema()->fields()) {
    text += (text.empty() ? "" : ", ") + field->name() + " " + TypeName(*field);
  }
  return text;
}

TEST(PutCsv, InfersAsSparkDoes) {
  // spark.read.csv(path, header=True, inferSchema=True); an empty field is null, also in quotes.
  const auto table = Read(
      "i,l,d,b,s,n,m\n"
      "1,3000000000,1.5,true,x,,1\n"
      "-2,4,NaN,FALSE,\"a,b\",,2.5\n"
      ",5,,,\"\",,3\n");
  ASSERT_TRUE(table.ok()) << base::Message(table.status());
  EXPECT_EQ(Types(**table), "i int, l bigint, d double, b boolean, s string, n string, m double");
  EXPECT_TRUE((*table)->ValidateFull().ok());
  EXPECT_TRUE((*table)->column(0)->chunk(0)->Equals(ArrayForTest(arrow::int32(), "[1, -2, null]")));
  EXPECT_TRUE(
      (*table)->column(3)->chunk(0)->Equals(ArrayForTest(arrow::boolean(), "[true, false, null]")));
  EXPECT_TRUE(
      (*table)->column(4)->chunk(0)->Equals(ArrayForTest(arrow::utf8(), R"(["x", "a,b", null])")));
  EXPECT_EQ((*table)->column(5)->null_count(), 3);
  EXPECT_TRUE(std::isnan(
      std::static_pointer_cast<arrow::DoubleArray>((*table)->column(2)->chunk(0))->Value(1)));
}

TEST(PutCsv, NumbersAndWordsMakeStrings) {
  const auto table = Read("a,b,c\n1,true,1.5\nx,1,true\n");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(Types(**table), "a string, b string, c string");
}

TEST(PutCsv, Quoting) {
  const std::string text =
      "\xEF\xBB\xBF\"first \"\"name\"\"\",b\r\n\"two\nlines\",1\r\n\r\n\"say \"\"hi\"\"\",2";
  for (const size_t step : {size_t{1}, size_t{3}, size_t{1} << 20}) {
    const auto table = Read(text, {}, step);
    ASSERT_TRUE(table.ok()) << base::Message(table.status());
    EXPECT_EQ(Types(**table), "first \"name\" string, b int");
    EXPECT_TRUE((*table)->column(0)->chunk(0)->Equals(
        ArrayForTest(arrow::utf8(), R"(["two\nlines", "say \"hi\""])")));
  }
}

TEST(PutCsv, OtherDelimiterNoHeaderAndNullWords) {
  PutCsvOptions options;
  options.delimiter = ';';
  options.header = false;
  options.null_values = {"", "NA", "?"};
  const auto table = Read("1;NA;x\n?;2;\"NA\"\n", options);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(Types(**table), "_c0 int, _c1 int, _c2 string");
  EXPECT_TRUE((*table)->column(2)->chunk(0)->Equals(ArrayForTest(arrow::utf8(), R"(["x", null])")));
}

TEST(PutCsv, QuotedNumbersAndQuotedNothing) {
  const auto table = Read("\"id\",\"dose\"\n\"1\",\"0.5\"\n\"2\",\"\"\n\"3\",\"1.5\"\n");
  ASSERT_TRUE(table.ok()) << base::Message(table.status());
  EXPECT_EQ(Types(**table), "id int, dose double");
  EXPECT_EQ((*table)->column(1)->null_count(), 1);
  const auto one = Read("dose\n\"1.5\"\n\"\"\n  \n\t\n\"2.5\"\n");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ((*one)->num_rows(), 3);  // a line of white space isn't a row
  EXPECT_EQ(Types(**one), "dose double");
}

TEST(PutCsv, DatesAndTimes) {
  const auto table = Read("d,t,z\n2020-01-02,2020-01-02T03:04:05.5,2020-01-02 03:04:05+01:00\n");
  ASSERT_TRUE(table.ok()) << base::Message(table.status());
  EXPECT_EQ(Types(**table), "d date, t timestamp, z timestamp");
  const auto instant = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  EXPECT_TRUE((*table)->column(0)->chunk(0)->Equals(ArrayForTest(arrow::date32(), "[18263]")));
  EXPECT_TRUE((*table)->column(1)->chunk(0)->Equals(ArrayForTest(instant, "[1577934245500000]")));
  EXPECT_TRUE((*table)->column(2)->chunk(0)->Equals(ArrayForTest(instant, "[1577930645000000]")));
}

TEST(PutCsv, RefusesWhatWouldChangeUnseen) {
  const std::string ids = "iban,y\n1,0\n12345678901234567890,1\n12345678901234567891,0\n";
  const auto decimals = Read(ids);
  ASSERT_TRUE(decimals.ok()) << base::Message(decimals.status());
  EXPECT_EQ(Types(**decimals), "iban decimal(20,0), y int");
  PutCsvOptions options;
  options.schema = *SchemaFromDdl("iban STRING, y INT");
  const auto kept = Read(ids, options);
  ASSERT_TRUE(kept.ok());
  EXPECT_TRUE((*kept)->column(0)->chunk(0)->Equals(
      ArrayForTest(arrow::utf8(), R"(["1", "12345678901234567890", "12345678901234567891"])")));
  EXPECT_NE(Refusal("a\n2020-01-01 00:00:00\n12:30\n").find("line 3, column 1: '12:30'"),
            std::string::npos);
  EXPECT_NE(Refusal("a\n12:30\n").find("it has no date"), std::string::npos);
  const auto named = Read("a\n2020-01-01 03:04:00 Europe/Paris\n");
  ASSERT_TRUE(named.ok()) << base::Message(named.status());
  EXPECT_TRUE((*named)->column(0)->chunk(0)->Equals(
      ArrayForTest(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[1577844240000000]")));
  EXPECT_EQ(Refusal("a,A,a1\n1,2,3\n"),
            "CSV line 1, column 3: the header makes two columns of the name 'a1' (case doesn't "
            "count): rename one");
}

TEST(PutCsv, HeaderNames) {
  // As Spark names repeated (case doesn't matter) and empty columns.
  const auto table = Read("a,,A,b\n1,2,3,4\n");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(Types(**table), "a0 int, _c1 int, A2 int, b int");
}

TEST(PutCsv, GivenSchema) {
  PutCsvOptions options;
  options.schema = *SchemaFromDdl(
      "a TINYINT, b FLOAT, c STRING, d DATE, e TIMESTAMP, f BOOLEAN, g BIGINT NOT NULL");
  const auto table =
      Read("A,b,c,d,e,f,g\n127,0.1,5,2020-01-02,2020-01-02 03:04:05,true,7\n", options);
  ASSERT_TRUE(table.ok()) << base::Message(table.status());
  EXPECT_TRUE((*table)->schema()->Equals(*options.schema));
  EXPECT_TRUE((*table)->column(3)->chunk(0)->Equals(ArrayForTest(arrow::date32(), "[18263]")));
  EXPECT_TRUE((*table)->column(4)->chunk(0)->Equals(
      ArrayForTest(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[1577934245000000]")));
}

TEST(PutCsv, RefusalsNameLineAndColumn) {
  EXPECT_EQ(Refusal(""), "CSV line 1, column 1: the file is empty");
  EXPECT_EQ(Refusal("\n\n"), "CSV line 1, column 1: the file is empty");
  EXPECT_EQ(Refusal("a,b\n1,2\n3\n"), "CSV line 3, column 2: the record has 1 fields, expected 2");
  EXPECT_EQ(Refusal("a,b\n1,2,3\n"), "CSV line 2, column 3: the record has 3 fields, expected 2");
  EXPECT_EQ(Refusal("a,b\n1,\"x\ny\n"), "CSV line 2, column 2: quote is not closed");
  EXPECT_EQ(Refusal("a,b\n\"x\"y,1\n"), "CSV line 2, column 1: text after a closing quote");
  EXPECT_EQ(Refusal("a,b\n1,\xff\xfe\n"), "CSV line 2, column 2: not valid UTF-8 text");
  EXPECT_EQ(Refusal(std::string("a,b\n1,x\0y\n", 10)),
            "CSV line 2, column 2: not valid UTF-8 text");
  EXPECT_EQ(Refusal("\xFF\xFE"
                    "a"),
            "CSV line 1, column 1: the file is UTF-16, not UTF-8");
  // The line is where the record starts, also after a record of several lines.
  EXPECT_EQ(Refusal("a,b\n\"1\n2\",3\n4\n"),
            "CSV line 4, column 2: the record has 1 fields, expected 2");
}

TEST(PutCsv, RefusalsOfValuesQuoteData) {
  PutCsvOptions options;
  options.schema = *SchemaFromDdl("a INT, b STRING NOT NULL");
  const auto wrong = Read("a,b\n1,x\n12x,y\n", options);
  EXPECT_TRUE(base::Is(wrong.status(), base::kInput));
  EXPECT_EQ(base::Message(wrong.status()), "CSV line 3, column 1: '12x' is not a int (column 'a')");
  EXPECT_TRUE(base::QuotesData(wrong.status()));
  EXPECT_EQ(Refusal("a,b\n1,\n", options), "CSV line 2, column 2: 'b' may not be missing");
  EXPECT_EQ(Refusal("a,c\n1,x\n", options),
            "CSV line 1, column 2: the header says 'c', the schema 'b'");
  EXPECT_EQ(Refusal("a\n1\n", options),
            "CSV line 1, column 2: the file has 1 columns, the schema 2");
  options.schema = *SchemaFromDdl("a INT");
  EXPECT_FALSE(Read("a\n3000000000\n", options).ok());
  options.schema = *SchemaFromDdl("a DATE");
  EXPECT_TRUE(Read("a\n 2020-1-2 \n", options).ok());
  EXPECT_FALSE(Read("a\n2020-01-02 03:04\n", options).ok());  // nothing is left out unseen
  options.schema = *SchemaFromDdl("a array<int>");
  EXPECT_TRUE(base::Is(Read("a\n1\n", options).status(), base::kUnsupported));
}

TEST(PutCsv, Limits) {
  PutCsvOptions options;
  options.record_bytes_max = 10;
  EXPECT_EQ(Refusal("a\n" + std::string(100, 'x') + "\n", options),
            "CSV line 2, column 1: record is too long");
  options = {};
  options.columns_max = 3;
  EXPECT_EQ(Refusal("a,b,c,d\n", options), "CSV line 1, column 4: too many columns");
  options = {};
  options.quote = ',';
  EXPECT_TRUE(base::Is(Read("a\n", options).status(), base::kIllegalArgument));
}

TEST(PutCsv, StreamsInBatches) {
  std::string text = "i,s\n";
  for (int i = 0; i < 1000; ++i) text += std::to_string(i) + ",row " + std::to_string(i) + "\n";
  TextFileForTest file(text, 17);
  PutCsvOptions options;
  options.batch_rows = 64;
  const auto reader = PutCsvReader::Open(file, options);
  ASSERT_TRUE(reader.ok());
  int64_t rows = 0;
  for (;;) {
    const auto batch = (*reader)->Next();
    ASSERT_TRUE(batch.ok());
    if (*batch == nullptr) break;
    ASSERT_LE((*batch)->num_rows(), 64);
    const auto& numbers = static_cast<const arrow::Int32Array&>(*(*batch)->column(0));
    for (int64_t i = 0; i < numbers.length(); ++i) ASSERT_EQ(numbers.Value(i), rows + i);
    rows += (*batch)->num_rows();
  }
  EXPECT_EQ(rows, 1000);
  const auto end = (*reader)->Next();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, nullptr);
}

TEST(PutCsv, HeaderAloneIsAnEmptyTable) {
  const auto table = Read("a,b\n");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ((*table)->num_rows(), 0);
  EXPECT_EQ(Types(**table), "a string, b string");
}

}  // namespace
}  // namespace soteria::formats
